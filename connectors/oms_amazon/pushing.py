"""Quantities and prices: patches of offers, one by one if they are few, as a feed if they are many.

Amazon takes either in and works on it, a patch for seconds, a feed for minutes. A patch *merges*:
replacing would take the handling time, the sale price or the price for companies away. Each offer
is looked at first: its type belongs into the patch, and a quantity set for an offer that Amazon
sends would make it the seller's to send.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import quote

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    PriceItem,
    RateLimited,
    Refused,
    StockItem,
)
from oms_connector.reading import Puzzling, children, value

from oms_amazon import feeds, offers, words
from oms_amazon.calls import PATCH, Api
from oms_amazon.places import Place
from oms_amazon.reading import text_or_empty

FEW = 20
"""Patches one by one, at most; above that, one feed."""
TRUSTED = timedelta(minutes=2)
"""So long after a patch was taken in, what Amazon shows may be what buyers left of it."""
STOCK, PRICE, BATCH = "stock", "price", "feed"
ATTRIBUTES = {STOCK: "fulfillment_availability", PRICE: "purchasable_offer"}

Item = TypeVar("Item", StockItem, PriceItem)
Patch = dict[str, Any]


def push_stock(api: Api, seller: str, now: datetime, items: Sequence[StockItem]
               ) -> list[ItemResult]:
    """Set quantities; one result per item, in order."""
    def patch(item: StockItem, _place: Place) -> Patch | ItemResult:
        if not isinstance(item.quantity, int) or item.quantity < 0:
            return ItemResult("rejected", words.NO_QUANTITY, field="quantity")
        return {"fulfillment_channel_code": offers.OURS, "quantity": item.quantity}

    return _push(api, seller, now, STOCK, items, patch, lambda item: str(item.quantity))


def push_prices(api: Api, seller: str, now: datetime, items: Sequence[PriceItem]
                ) -> list[ItemResult]:
    """Set prices; one result per item, in order. A sale price that runs goes on."""
    def patch(item: PriceItem, place: Place) -> Patch | ItemResult:
        if item.currency.upper() != place.currency:
            return ItemResult("rejected", words.OTHER_CURRENCY % {"currency": place.currency},
                              field="currency")
        return {"marketplace_id": place.id, "currency": place.currency, "audience": "ALL",
                "our_price": [{"schedule": [{"value_with_tax": float(item.price)}]}]}

    return _push(api, seller, now, PRICE, items, patch, lambda item: str(item.price))


def results(api: Api, seller: str, now: datetime, handle: str
            ) -> Mapping[str, ItemResult] | None:
    """What became of what was taken in, by offer; None while Amazon works on it."""
    kind, _, rest = handle.partition("/")
    try:
        if kind == BATCH:
            marketplace, _, feed_id = rest.partition("/")
            return _of_feed(marketplace, feeds.report(api, feed_id))
        taken_in, wanted, ref = rest.split("/", 2)
        at = datetime.fromisoformat(taken_in)
        found = _of_patch(api, seller, kind, ref, wanted, is_late=now - at > TRUSTED)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    return None if found is None else {ref: found}


def _push(
    api: Api, seller: str, now: datetime, kind: str, items: Sequence[Item],
    patch: Callable[[Item, Place], Patch | ItemResult], shown: Callable[[Item], str],
) -> list[ItemResult]:
    done: dict[int, ItemResult] = {}
    groups: dict[Place, list[tuple[int, str, Patch]]] = {}
    for number, item in enumerate(items):
        found = offers.split(item.offer_ref)
        made = patch(item, found[0]) if found else ItemResult(
            "rejected", words.NO_OFFER, field="offer_ref")
        if isinstance(made, ItemResult) or not found:
            done[number] = made if isinstance(made, ItemResult) else ItemResult("rejected")
        else:
            groups.setdefault(found[0], []).append((number, found[1], made))
    is_first = True
    for place, group in groups.items():
        rows = _addressed(api, seller, kind, place, group, done)
        if len(rows) > FEW:
            handle = f"{BATCH}/{place.id}/{_submit(api, seller, place, rows)}"
            done |= {number: ItemResult("accepted", handle=handle) for number, _, _ in rows}
            continue
        for number, sku, body in rows:
            mark = f"{kind}/{now:%Y-%m-%dT%H:%M:%SZ}/{shown(items[number])}/{place.id}/{sku}"
            try:
                done[number] = _send(api, seller, place, sku, body, mark)
            except (AccessRefused, ChannelDown, OutcomeUnknown, RateLimited) as error:
                if is_first:
                    raise
                done[number] = ItemResult(
                    "unknown" if isinstance(error, OutcomeUnknown) else "retry", str(error))
                if not isinstance(error, OutcomeUnknown):
                    return _rest(done, len(items), str(error))
            is_first = False
    return [done[number] for number in range(len(items))]


def _rest(done: Mapping[int, ItemResult], count: int, why: str) -> list[ItemResult]:
    """The results as far as they are known; what was not sent is to be sent again."""
    return [done.get(number, ItemResult("retry", why)) for number in range(count)]


def _addressed(
    api: Api, seller: str, kind: str, place: Place, group: Sequence[tuple[int, str, Patch]],
    done: dict[int, ItemResult],
) -> list[tuple[int, str, dict[str, Any]]]:
    """The patches that can be sent, with the offer's type; the others are noted as ``done``."""
    known = offers.look(api, seller, place, [sku for _, sku, _ in group])
    rows = []
    for number, sku, made in group:
        item = known.get(sku)
        try:
            if item is None:
                done[number] = ItemResult("rejected", words.NO_OFFER, field="offer_ref")
            elif kind == STOCK and offers.is_amazons(item):
                done[number] = ItemResult("rejected", words.AMAZON_COUNTS, field="quantity")
            else:
                rows.append((number, sku, {
                    "productType": offers.product_type(item, place),
                    "patches": [{"op": "merge", "path": f"/attributes/{ATTRIBUTES[kind]}",
                                 "value": [made]}]}))
        except Puzzling as puzzle:
            done[number] = ItemResult("retry", str(puzzle), field=puzzle.field)
    return rows


def _send(api: Api, seller: str, place: Place, sku: str, body: Mapping[str, Any], handle: str
          ) -> ItemResult:
    path = f"{offers.PATH}/{quote(seller, safe='')}/{quote(sku, safe='')}"
    try:
        answer = api.send("PATCH", path, body, "sku", "status", bucket=PATCH,
                          params={"marketplaceIds": [place.id]})
    except Refused as no:
        return ItemResult("rejected", str(no), no.code, field=no.field)
    if answer["status"] == "ACCEPTED":
        return ItemResult("accepted", handle=handle)
    issue: Any = next(iter(_errors(answer.get("issues"))), {})
    return _rejected(issue)


def _submit(api: Api, seller: str, place: Place, rows: Sequence[tuple[int, str, dict[str, Any]]]
            ) -> str:
    document = {
        "header": {
            "sellerId": seller, "version": "2.0",
            # With this the report names what was changed, not only what was not.
            "report": {"includedData": ["fulfillmentAvailability"], "apiVersion": "2021-08-01"},
        },
        "messages": [{"messageId": at, "sku": sku, "operationType": "PATCH", **body}
                     for at, (_, sku, body) in enumerate(rows, start=1)],
    }
    return feeds.submit(api, feeds.LISTINGS, json.dumps(document).encode(), feeds.JSON,
                        [place.id])


def _of_feed(marketplace: str, told: Any) -> Mapping[str, ItemResult] | None:
    if told is None:
        return None
    found = {f"{marketplace}/{value(item, 'sku')}": ItemResult("applied")
             for item in children(told, "items")}
    return found | {f"{marketplace}/{value(issue, 'sku')}": _rejected(issue)
                    for issue in _errors(value(told, "issues")) if value(issue, "sku")}


def _of_patch(api: Api, seller: str, kind: str, ref: str, wanted: str, *, is_late: bool
              ) -> ItemResult | None:
    """Whether an offer shows what was wanted; what it complains of, if it is about that."""
    split = offers.split(ref)
    item = offers.get_item(api, seller, *split, "issues", "offers", "fulfillmentAvailability") \
        if split else None
    if split is None or item is None:
        return ItemResult("rejected", words.NO_OFFER, field="offer_ref")
    if kind == STOCK:
        is_there = str(offers.quantity(item)) == wanted
    else:
        is_there = offers.price_for_consumers(item, split[0]) == _decimal(wanted)
    if is_there:
        return ItemResult("applied")
    about = [issue for issue in _errors(value(item, "issues"))
             if ATTRIBUTES[kind] in str(value(issue, "attributeNames"))]
    if about:
        return _rejected(about[0])
    return ItemResult("applied") if is_late else None


def _errors(listed: Any) -> list[Any]:
    return [one for one in listed if text_or_empty(one, "severity") == "ERROR"] \
        if isinstance(listed, list) else []


def _rejected(issue: Any) -> ItemResult:
    names = value(issue, "attributeNames")
    field = str(names[0]) if isinstance(names, list) and names else \
        str(value(issue, "attributeName") or "")
    return ItemResult("rejected", str(value(issue, "message") or words.NOT_TAKEN)[:500],
                      str(value(issue, "code") or ""), field=field)


def _decimal(written: str) -> Decimal | None:
    try:
        return Decimal(written)
    except InvalidOperation:
        return None
