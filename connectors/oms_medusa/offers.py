"""Variants, as buyers see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Offer, Page, Unreadable
from oms_connector.reading import Puzzling, child, children, shown, text, value

from oms_medusa import access, mapping
from oms_medusa.calls import Api
from oms_medusa.reading import amount, unreadable, whole_or_zero

MOST = 100
PATH, NAME = "/product-variants", "variants"
INVENTORY = "inventory_items.inventory"
FIELDS = ",".join((
    "id", "title", "sku", "barcode", "ean", "manage_inventory", "product_id", "product.title",
    "product.status", "product.sales_channels.id", "product.sales_channels.name",
    "inventory_items.required_quantity", f"{INVENTORY}.id",
    f"{INVENTORY}.location_levels.location_id", f"{INVENTORY}.location_levels.stocked_quantity",
    f"{INVENTORY}.location_levels.reserved_quantity",
    "prices.id", "prices.amount", "prices.currency_code", "prices.min_quantity",
    "prices.max_quantity", "prices.price_rules.attribute", "prices.price_rules.value",
))
"""Rules of prices come only to who asks for their parts; without them they look like none."""


def list_offers(api: Api, settings: Mapping[str, Any], cursor: Mapping[str, Any] | None, limit: int
                ) -> Page[Offer]:
    """A page of variants, the oldest first.

    A variant that is deleted while the list is read may hide another until the next reading.
    """
    place = dict(cursor or {})
    if "offset" not in place:
        own = access.currency(api)
        place = {"offset": 0, "currency": own, "is_gross": keeps_gross(api, own),
                 "location": access.location(api, settings)["id"]}
    size = max(1, min(limit, MOST))
    rows, more = api.page(PATH, NAME, {"fields": FIELDS, "order": "id", "limit": size,
                                       "offset": place["offset"]})
    way = mapping.ways(settings)
    items = [offer(row, place) for row in rows if _is_sold(row, way.channel)]
    return Page(items, place | {"offset": place["offset"] + len(rows)}, more)


def by_id(api: Api, refs: Sequence[str]) -> dict[str, Any]:
    """Variants by their ids; what the shop does not have is left out."""
    wanted = list(dict.fromkeys(refs))
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), MOST):
        rows = api.page(PATH, NAME, {"fields": FIELDS, "id[]": wanted[start:start + MOST],
                                     "limit": MOST, "offset": 0})[0]
        found |= {row["id"]: row for row in rows if isinstance(value(row, "id"), str)}
    return found


def offer(row: Any, place: Mapping[str, Any]) -> Offer | Unreadable:
    """An offer. Its price is unknown where the shop keeps prices without tax."""
    try:
        product = child(row, "product")
        name, variant = shown(product, "title"), shown(row, "title")
        base = base_price(row, place["currency"]) if place["is_gross"] else None
        return Offer(
            offer_ref=text(row, "id"),
            title=f"{name} - {variant}" if variant not in ("", "Default variant") else name,
            sku=shown(row, "sku"),
            ean=shown(row, "ean") or shown(row, "barcode"),
            price=None if base is None else amount(base, "amount"),
            currency=place["currency"],
            quantity=quantity(row, place["location"]),
            active=shown(product, "status") == "published",
        )
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def quantity(row: Any, location: str) -> int | None:
    """Units of a variant that can be ordered; None where the shop does not count it."""
    if value(row, "manage_inventory") is not True:
        return None
    parts = children(row, "inventory_items")
    return max(0, min((_free(part, location) for part in parts), default=0))


def base_price(row: Any, currency: str) -> Any | None:
    """The price of a single unit for everybody in a currency; None where there is none."""
    return next((one for one in children(row, "prices")
                 if shown(one, "currency_code").upper() == currency.upper()
                 and not child(one, "rules") and value(one, "min_quantity") is None
                 and value(one, "max_quantity") is None), None)


def keeps_gross(api: Api, currency: str) -> bool:
    """Whether the shop's prices in a currency are with tax."""
    rows = api.rows("/price-preferences", "price_preferences", {
        "attribute": "currency_code", "value": currency.lower(), "limit": MOST})
    return any(value(row, "is_tax_inclusive") is True for row in rows)


def level(part: Any, location: str) -> Any | None:
    """What lies of a part at a location; None where it never lay."""
    return next((one for one in children(child(part, "inventory"), "location_levels")
                 if value(one, "location_id") == location), None)


def needed(part: Any) -> int:
    """Units of a part that are in one unit of the variant."""
    return max(1, whole_or_zero(part, "required_quantity"))


def _free(part: Any, location: str) -> int:
    found = level(part, location)
    free = whole_or_zero(found, "stocked_quantity") - whole_or_zero(found, "reserved_quantity")
    return free // needed(part)


def _is_sold(row: Any, channel: str) -> bool:
    """Whether a variant is sold in the account's sales channel."""
    rows = children(child(row, "product"), "sales_channels") if channel else ()
    return not channel or any(access.is_called(one, channel) for one in rows)


def money(price: Decimal) -> float:
    """An amount as Medusa takes it: a number. The shortest one, so no digit is lost."""
    return float(price)
