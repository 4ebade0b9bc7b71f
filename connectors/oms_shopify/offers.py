"""Variants, as buyers see them: each is an offer of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import ChannelDown, Offer, Page, Unreadable
from oms_connector.reading import Puzzling, child, children, decimal, shown, text, value, whole

from oms_shopify import places, words
from oms_shopify.calls import Api, TooDear
from oms_shopify.queries import VARIANTS
from oms_shopify.reading import number_of, unreadable

PAGE = 100
LONGEST = 20_000
ON_SALE = frozenset({"ACTIVE", "UNLISTED"})


def list_offers(api: Api, settings: Mapping[str, Any], cursor: Mapping[str, Any] | None, limit: int
                ) -> Page[Offer]:
    """A page of variants, in the order of their numbers.

    No list can be followed beyond 25,000 rows, so a long one begins anew behind the number reached.
    """
    place = dict(cursor or {})
    if not place.get("location"):
        place["location"] = places.find(api, settings)
    size = max(1, min(limit, PAGE))
    while True:
        try:
            told = api.ask(VARIANTS, {
                "first": size, "after": place.get("after"), "query": place.get("beyond"),
                "location": place["location"]}, "shop", "productVariants", rows=size)
            break
        except TooDear:
            if size == 1:
                raise
            size = max(1, size // 2)
    rows, info = value(told, "productVariants", "nodes"), value(told, "productVariants", "pageInfo")
    currency = value(told, "shop", "currencyCode")
    if not isinstance(rows, list) or not isinstance(value(info, "hasNextPage"), bool) \
            or not isinstance(currency, str):
        raise ChannelDown(words.LACKS % {"names": "productVariants"})
    items = [offer(row, currency) for row in rows]
    following = {"location": place["location"], "beyond": place.get("beyond"),
                 "after": info.get("endCursor"), "count": int(place.get("count", 0)) + len(rows)}
    if following["count"] >= LONGEST and rows:
        following |= {"beyond": f"id:>{value(rows[-1], 'legacyResourceId')}", "after": None,
                      "count": 0}
    return Page(items, following, info["hasNextPage"] and bool(rows))


def offer(row: Any, currency: str) -> Offer | Unreadable:
    """An offer. Its quantity is unknown where the shop counts none."""
    try:
        product = child(row, "product")
        return Offer(
            offer_ref=number_of(row),
            title=_title(row, product),
            sku=shown(row, "sku"),
            ean=shown(row, "barcode"),
            url=shown(product, "onlineStoreUrl"),
            price=decimal(value(row, "price"), "price"),
            currency=currency,
            quantity=_quantity(child(row, "inventoryItem")),
            active=value(product, "status") in ON_SALE,
        )
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def _title(row: Any, product: Any) -> str:
    """The product's name, and the variant's where it has one of its own."""
    name = shown(row, "title")
    return shown(product, "title") if name in ("", "Default Title") else text(row, "displayName")


def _quantity(item: Any) -> int | None:
    """What is available at our location; none where it is not kept there."""
    if value(item, "tracked") is not True:
        return None
    level = child(item, "inventoryLevel")
    found = [whole(one, "quantity") for one in children(level, "quantities")
             if value(one, "name") == "available"]
    return max(0, found[0]) if found else 0
