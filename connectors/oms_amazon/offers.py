"""Offers as the seller lists them, one for each SKU and marketplace: ``A1C3SOZRARQ6R3/KUBEK``.

A marketplace has its own price, currency, product type and address of an offer, and Amazon counts
stock for each. Only the seller's own SKU is the same everywhere.

A search shows a thousand offers and no more, however many there are; so it is read in the order in
which they were made, and begins anew at the moment where it broke off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from oms_connector import ChannelDown, NotFound, Offer, Page, Unreadable
from oms_connector.reading import Puzzling, child, children, moment_or_none, text, value

from oms_amazon import words
from oms_amazon.calls import ITEM, LISTINGS, Api
from oms_amazon.places import BY_ID, Place
from oms_amazon.reading import amount, stamp, text_or_empty, unreadable, whole_or_none

PATH = "/listings/2021-08-01/items"
PAGE = 20
"""Offers of a page, and SKUs asked for at once."""
DATA = ("summaries", "offers", "fulfillmentAvailability", "attributes")
CONSUMERS = "B2C"
OURS = "DEFAULT"
MOST_NAMED = 60


def ref_of(place: Place, sku: str) -> str:
    """The reference of an offer."""
    return f"{place.id}/{sku}"


def split(ref: str) -> tuple[Place, str] | None:
    """Marketplace and SKU; None where a reference is none of ours."""
    marketplace, slash, sku = ref.partition("/")
    place = BY_ID.get(marketplace)
    return (place, sku) if place and slash and sku else None


def search(api: Api, seller: str, place: Place, params: Mapping[str, Any], *data: str) -> Any:
    """A page of offers of one marketplace."""
    found = api.get(f"{PATH}/{quote(seller, safe='')}", "items", bucket=LISTINGS, params={
        "marketplaceIds": [place.id], "includedData": data or ("summaries",), **params})
    if not isinstance(found["items"], list):
        raise ChannelDown(words.LACKS % {"names": "items"})
    return found


def get_item(api: Api, seller: str, place: Place, sku: str, *data: str) -> Any:
    """An offer as Amazon shows it now; None where there is none."""
    try:
        return api.get(f"{PATH}/{quote(seller, safe='')}/{quote(sku, safe='')}", "sku",
                       bucket=ITEM,
                       params={"marketplaceIds": [place.id], "includedData": data})
    except NotFound:
        return None


def look(api: Api, seller: str, place: Place, skus: Sequence[str]) -> dict[str, Any]:
    """The offers with these SKUs, twenty in a request; what is not there is left out.

    What a list does not show is asked for alone: a SKU with a comma in it cannot be one of a list,
    and lists are not always whole.

    Raises:
        ChannelDown: there are more than are shown.
    """
    data = ("summaries", "fulfillmentAvailability")
    plain = [sku for sku in dict.fromkeys(skus) if "," not in sku]
    found: dict[str, Any] = {}
    for start in range(0, len(plain), PAGE):
        page = search(api, seller, place, {
            "identifiers": plain[start:start + PAGE], "identifiersType": "SKU", "pageSize": PAGE,
        }, *data)
        if value(page, "numberOfResults") != len(page["items"]):
            raise ChannelDown(words.LACKS % {"names": "items"})
        found |= {str(value(item, "sku")): item for item in page["items"]}
    for sku in [sku for sku in dict.fromkeys(skus) if sku not in found]:
        item = get_item(api, seller, place, sku, *data)
        found |= {sku: item} if item is not None else {}
    return found


def list_offers(api: Api, seller: str, chosen: Sequence[Place], cursor: Mapping[str, Any] | None,
                limit: int) -> Page[Offer]:
    """A page of offers, one marketplace after the other.

    The cursor: ``place`` among the marketplaces; within one, ``token`` of the next page, ``left``
    of the search, ``last``, the moment at which the last offer was made, and ``named``, the offers
    of that moment. ``after`` is where a search began.
    """
    at = dict(cursor or {"place": 0})
    place = chosen[min(int(at["place"]), len(chosen) - 1)]
    asked = {"pageSize": max(1, min(limit, PAGE)), "sortBy": "createdDate", "sortOrder": "ASC",
             "createdAfter": at.get("after"), "pageToken": at.get("token")}
    found = search(api, seller, place, asked, *DATA)
    items = found["items"]
    named = set(at.get("named") or ())
    fresh = [offer(item, place) for item in items if str(value(item, "sku")) not in named]
    left = _total(found, at) - len(items)
    token = value(found, "pagination", "nextToken")
    last, of_last = _newest(items, at)
    following = {"place": at["place"], "last": last, "named": sorted(of_last)[:MOST_NAMED],
                 "left": left, "after": at.get("after")}
    if isinstance(token, str) and token and items:
        return Page(fresh, following | {"token": token}, True)
    if left > 0 and last:  # a thousand were shown: go on from the last one's moment
        return Page(fresh, _next_window(following), True)
    done = int(at["place"]) + 1
    return Page(fresh, {"place": done if done < len(chosen) else 0}, done < len(chosen))


def offer(item: Any, place: Place) -> Offer | Unreadable:
    """An offer. Those that Amazon sends from its own warehouse are not ours to set."""
    try:
        sku = text(item, "sku")
        summary = _of_place(item, "summaries", place)
        asin = text_or_empty(summary, "asin")
        price: Any = next((one for one in children(item, "offers") if _is_for(one, place)
                      and text_or_empty(one, "offerType") in ("", CONSUMERS)), {})
        return Offer(
            offer_ref=ref_of(place, sku),
            title=text_or_empty(summary, "itemName"),
            sku=sku,
            ean=_ean(item),
            url=f"https://www.{place.site}/dp/{asin}" if asin else "",
            price=amount(price, "price") if price else None,
            currency=text_or_empty(child(price, "price"), "currencyCode"),
            quantity=quantity(item),
            active=not is_amazons(item),
        )
    except Puzzling as puzzle:
        return unreadable(item, puzzle, "sku")


def product_type(item: Any, place: Place) -> str:
    """Amazon's type of a product; the one that fits all, where it is not told."""
    return text_or_empty(_of_place(item, "summaries", place), "productType") or "PRODUCT"


def is_amazons(item: Any) -> bool:
    """Whether Amazon sends it: a quantity that is set all the same would make it the seller's."""
    return any(text_or_empty(one, "fulfillmentChannelCode") not in ("", OURS)
               for one in children(item, "fulfillmentAvailability"))


def quantity(item: Any) -> int | None:
    """What the seller has put on sale; None where it is not told."""
    return next((whole_or_none(one, "quantity")
                 for one in children(item, "fulfillmentAvailability")
                 if text_or_empty(one, "fulfillmentChannelCode") in ("", OURS)), None)


def price_for_consumers(item: Any, place: Place) -> Any:
    """The price that anybody pays; None where it is not told."""
    return next((amount(one, "price") for one in children(item, "offers") if _is_for(one, place)
                 and text_or_empty(one, "offerType") in ("", CONSUMERS)), None)


def _is_for(found: Any, place: Place) -> bool:
    return text_or_empty(found, "marketplaceId") in ("", place.id)


def _of_place(item: Any, name: str, place: Place) -> Any:
    return next((one for one in children(item, name) if _is_for(one, place)), {})


def _ean(item: Any) -> str:
    names = children(child(item, "attributes"), "externally_assigned_product_identifier")
    kinds = {str(value(one, "type")).lower(): str(value(one, "value") or "") for one in names}
    return kinds.get("ean") or kinds.get("gtin") or kinds.get("upc") or ""


def _total(found: Any, at: Mapping[str, Any]) -> int:
    """How many offers the search had left before this page."""
    told = value(found, "numberOfResults")
    known = at.get("left") if at.get("token") else told
    return known if isinstance(known, int) and not isinstance(known, bool) else 0


def _newest(items: Sequence[Any], at: Mapping[str, Any]) -> tuple[str, set[str]]:
    """The moment at which the newest offers were made, and their SKUs."""
    newest, skus = str(at.get("last") or ""), set(at.get("named") or ())
    for made, sku in _made(items):
        if made > newest:
            newest, skus = made, set()
        if made == newest:
            skus.add(sku)
    return newest, skus


def _made(items: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for item in items:
        try:
            made = moment_or_none(next(iter(children(item, "summaries")), {}), "createdDate")
        except Puzzling:
            made = None
        if made is not None:
            yield stamp(made), str(value(item, "sku"))


def _next_window(at: Mapping[str, Any]) -> dict[str, Any]:
    """Where the next search begins: at the last offer's moment, or, should a thousand have been
    made within one second, behind it.
    """
    last, named = at["last"], at["named"]
    if at["after"] == last:
        last, named = stamp(datetime.fromisoformat(last) + timedelta(seconds=1)), []
    return {"place": at["place"], "after": last, "last": last, "named": named}
