"""Offers as the seller lists them: what is on sale, and which have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import Offer, Page, Unreadable
from oms_connector.reading import Puzzling, child, children, text, unreadable, value, whole

from oms_allegro.calls import Api
from oms_allegro.mapping import HOME
from oms_allegro.reading import amount_or_none, text_or_empty

PAGE = 1000
BY_ID = 100
"""Offers asked for by their ids at once, so that the address stays short."""
# What buyers can see comes first: an account may have ten times as many ended offers.
STAGES = (("ACTIVE", "ACTIVATING"), ("ENDED",))


def list_offers(
    api: Api, cursor: Mapping[str, Any] | None, limit: int, *, shop: str, resume: bool
) -> Page[Offer]:
    """A page of offers; drafts are left out.

    The list can only be read by offset. An offer that leaves the list while it is read may hide
    another until the next reading.

    Args:
        shop: the address under which buyers find an offer by its number.
        resume: whether ended offers are put back on sale, and so are still to be looked after.
    """
    stage = int((cursor or {}).get("stage", 0))
    offset = int((cursor or {}).get("offset", 0))
    size = max(1, min(limit, PAGE))
    found = children(api.get("/sale/offers", "offers", params={
        "publication.status": list(STAGES[stage]), "limit": size, "offset": offset,
    }), "offers")
    items = [offer(entry, shop, resume) for entry in found]
    if len(found) >= size:
        return Page(items, {"stage": stage, "offset": offset + size}, True)
    return Page(items, {"stage": stage + 1, "offset": 0}, stage + 1 < len(STAGES))


def offer(entry: Any, shop: str, resume: bool) -> Offer | Unreadable:
    """An offer. Of one that has ended buyers see nothing, whatever its stock says.

    Offers that Allegro sends from its own warehouse have their stock from there: not ours to set.
    """
    try:
        mode = child(entry, "sellingMode")
        price = child(mode, "price")
        publication = child(entry, "publication")
        status = text_or_empty(publication, "status")
        is_on_sale = status in STAGES[0]
        stock = child(entry, "stock")
        base = value(publication, "marketplaces", "base", "id") or HOME
        return Offer(
            offer_ref=text(entry, "id"),
            title=text_or_empty(entry, "name"),
            sku=text_or_empty(child(entry, "external"), "id"),
            url=f"{shop}/oferta/{text(entry, 'id')}" if base == HOME else "",
            price=amount_or_none(mode, "price"),
            currency=text_or_empty(price, "currency"),
            quantity=_quantity(stock, is_on_sale),
            active=(is_on_sale or resume) and value(entry, "isFulfillment") is not True,
        )
    except Puzzling as puzzle:
        return unreadable(entry, puzzle)


def ended_among(api: Api, refs: Sequence[str]) -> set[str]:
    """Those of the offers that are not on sale."""
    found: set[str] = set()
    for start in range(0, len(refs), BY_ID):
        answer = api.get("/sale/offers", "offers", params={
            "offer.id": list(refs[start:start + BY_ID]), "limit": PAGE,
            "publication.status": ["ENDED", "INACTIVE"],
        })
        found |= {str(value(entry, "id")) for entry in children(answer, "offers")}
    return found & set(refs)


def _quantity(stock: Any, is_on_sale: bool) -> int | None:
    if not is_on_sale:
        return 0
    return None if value(stock, "available") is None else whole(stock, "available")
