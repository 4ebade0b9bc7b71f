"""Products and variations, as buyers see them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from oms_connector import NotFound, Offer, Page, Unreadable
from oms_connector.reading import Puzzling, value, whole

from oms_woocommerce import access
from oms_woocommerce.calls import MOST, Api
from oms_woocommerce.reading import amount, children, ref, shown, unreadable

NOT_SOLD = frozenset({"grouped", "external"})
VARIABLE = "variable"
ON_SALE = frozenset({"publish", "private"})


def list_offers(api: Api, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
    """A page of products, or of the variations of one of them.

    The cursor: ``page`` of the products, ``parents`` whose variations are still to be read, with
    ``of`` and ``name`` where one of them is being read. A product that is deleted while the list
    is read may hide another until the next reading.
    """
    place = dict(cursor or {})
    place.setdefault("currency", "")
    place["currency"] = place["currency"] or access.currency(api)
    size = max(1, min(limit, MOST))
    if place.get("parents"):
        return _variations(api, place, size)
    page = int(place.get("page", 1))
    rows, more = api.page("/products", {"status": "any", "orderby": "id", "order": "asc",
                                        "per_page": size, "page": page})
    parents = [number for row in rows if value(row, "type") == VARIABLE
               if isinstance(number := value(row, "id"), int)]
    items = [offer(row, place["currency"]) for row in rows
             if value(row, "type") not in NOT_SOLD | {VARIABLE}]
    following = {"currency": place["currency"], "page": page + 1, "parents": parents,
                 "last": not more}
    return Page(items, following, bool(parents) or more)


def offer(row: Any, currency: str, parent: str = "", title: str = "") -> Offer | Unreadable:
    """An offer. Its quantity is unknown where the shop counts none and says that there is some."""
    try:
        number = ref(row)
        return Offer(
            offer_ref=f"{parent}/{number}" if parent else number,
            title=" - ".join(filter(None, (title, _choice(row)))) if parent else shown(row, "name"),
            sku=shown(row, "sku"),
            ean=shown(row, "global_unique_id"),
            url=shown(row, "permalink"),
            price=_price(row),
            currency=currency,
            quantity=_quantity(row),
            active=value(row, "status") in ON_SALE,
        )
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def _variations(api: Api, place: Mapping[str, Any], size: int) -> Page[Offer]:
    parent, *others = place["parents"]
    page, name = int(place.get("of", 1)), place.get("name")
    rows: list[Any] = []
    more = False
    try:
        if name is None:
            name = shown(api.get(f"/products/{parent}", "id"), "name")[:200]
        rows, more = api.page(f"/products/{parent}/variations", {
            "orderby": "id", "order": "asc", "per_page": size, "page": page})
    except NotFound:  # deleted meanwhile, with all its variations
        name = ""
    items = [offer(row, place["currency"], str(parent), name) for row in rows]
    following = {key: place[key] for key in ("currency", "page", "last")}
    if more:
        return Page(items, following | {"parents": [parent, *others], "of": page + 1,
                                        "name": name}, True)
    return Page(items, following | {"parents": others}, bool(others) or not place["last"])


def _choice(row: Any) -> str:
    """What a variation is of its product: red, L."""
    return ", ".join(told for one in children(row, "attributes") if (told := shown(one, "option")))


def _price(row: Any) -> Decimal | None:
    """What buyers see, a sale included; None where the product cannot be bought."""
    return None if value(row, "price") in (None, "") else amount(row, "price")


def _quantity(row: Any) -> int | None:
    """``manage_stock`` of a variation may be "parent": the product counts for all of them."""
    if value(row, "manage_stock") and value(row, "stock_quantity") is not None:
        return max(0, whole(row, "stock_quantity"))
    return 0 if value(row, "stock_status") == "outofstock" else None
