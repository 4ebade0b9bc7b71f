"""Quantities and prices: what is there is read first, then changed in one request.

The request is one transaction: one variant that is not there would take all others with it, so
those are found out before. Reading first is needed anyway: a quantity is what can be bought, and
the shop wants to know what lies on the shelf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from oms_connector import ChannelDown, ItemResult, OutcomeUnknown, PriceItem, Refused, StockItem
from oms_connector.reading import CENT, Puzzling, child, text, value, whole

from oms_vendure import documents, words
from oms_vendure.calls import Api, rows_of
from oms_vendure.offers import counting_of
from oms_vendure.reading import children
from oms_vendure.stock import TRACKED, location_of, on_hand, others_hold
from oms_vendure.terms import Terms

Item = TypeVar("Item", StockItem, PriceItem)
Change = Mapping[str, Any]
UPDATE = "updateProductVariants"
APPLIED = ItemResult("applied")


def push_stock(api: Api, wanted_location: str, items: Sequence[StockItem]) -> list[ItemResult]:
    """Set what buyers can buy; one result per item, in order. The shop counts it from now on."""
    known, data = _known(api, documents.COUNTED, items)
    places, _ = rows_of(value(data, "places"))
    location, names = location_of(places, wanted_location)
    counting = counting_of(data)
    if not location:
        return [ItemResult("rejected", _no_location(wanted_location, names))] * len(items)

    def plan(item: StockItem, row: Any) -> Change | ItemResult:
        if not isinstance(item.quantity, int) or isinstance(item.quantity, bool) \
                or item.quantity < 0:
            return ItemResult("rejected", words.NO_QUANTITY, field="quantity")
        target = counting.on_hand_for(row, location, item.quantity)
        if target < 0 and others_hold(row, location):
            shows = item.quantity - target
            return ItemResult("rejected", words.OTHERS_HOLD % {"count": shows}, field="quantity")
        if on_hand(row, location) == target and counting.tracks(row):
            return APPLIED
        tracking = {} if counting.tracks(row) else {"trackInventory": TRACKED}
        return {"id": item.offer_ref, **tracking,
                "stockLevels": [{"stockLocationId": location, "stockOnHand": target}]}

    def judge(row: Any, change: Change) -> ItemResult:
        found = on_hand(row, location)
        if found == change["stockLevels"][0]["stockOnHand"]:
            return APPLIED
        return ItemResult("rejected", words.NOT_TAKEN % {"found": found}, field="quantity")

    return _push(api, documents.COUNT, items, known, plan, judge)


def push_prices(api: Api, terms: Terms, items: Sequence[PriceItem]) -> list[ItemResult]:
    """Set what buyers pay; a channel may keep its prices without tax."""
    known, data = _known(api, documents.PRICED, items)
    channel, precision = child(data, "channel"), terms.after(data).precision
    currencies = value(channel, "availableCurrencyCodes") or []
    with_tax = value(channel, "pricesIncludeTax") is True

    def plan(item: PriceItem, row: Any) -> Change | ItemResult:
        if item.currency not in currencies:
            return ItemResult("rejected", words.OTHER_CURRENCY % {
                "currency": ", ".join(map(str, currencies))}, field="currency")
        gross = int(item.price.quantize(CENT).scaleb(precision))
        rate = Decimal(str(value(child(row, "taxRateApplied"), "value") or 0))
        price = gross if with_tax else without_tax(gross, rate)
        if price is None:
            below, above = (f"{Decimal(one).scaleb(-precision)}" for one in nearest(gross, rate))
            return ItemResult("rejected", words.NOT_REACHED % {
                "price": item.price, "below": below, "above": above}, field="price")
        return {"id": item.offer_ref,
                "prices": [{"currencyCode": item.currency, "price": price}]}

    def judge(row: Any, change: Change) -> ItemResult:
        [told] = change["prices"]
        found = next((whole(one, "price") for one in children(row, "prices")
                      if text(one, "currencyCode") == told["currencyCode"]), None)
        if found == told["price"]:
            return APPLIED
        return ItemResult("rejected", words.PRICE_NOT_TAKEN % {"found": found}, field="price")

    return _push(api, documents.PRICE, items, known, plan, judge)


def without_tax(gross: int, rate: Decimal) -> int | None:
    """The price without tax that makes a price with it, in smallest units; None where none does."""
    start = int(gross * 100 / (100 + rate))
    return next((net for net in (start, start + 1) if with_tax_of(net, rate) == gross), None)


def with_tax_of(net: int, rate: Decimal) -> int:
    """What Vendure makes of a price without tax, rounded as it rounds."""
    return int((Decimal(net) * (100 + rate) / 100).quantize(Decimal(1), "ROUND_HALF_UP"))


def nearest(gross: int, rate: Decimal) -> tuple[int, int]:
    """The prices with tax right below and above one that cannot be reached."""
    start = int(gross * 100 / (100 + rate))
    below, above = with_tax_of(start, rate), with_tax_of(start + 1, rate)
    return (below, above) if below < gross else (with_tax_of(start - 1, rate), below)


def _known(api: Api, document: str, items: Sequence[Any]) -> tuple[dict[str, Any], Any]:
    """The variants that there are, by id, and what was asked for beside them.

    Raises:
        ChannelDown: the answer is not whole.
    """
    refs = list(dict.fromkeys(item.offer_ref for item in items if item.offer_ref))
    data = api.read(document, {"options": {
        "filter": {"id": {"in": refs}}, "take": max(1, len(refs))}}, "page")
    rows, total = rows_of(data["page"])
    if len(rows) < total:
        raise ChannelDown(words.SHORT)
    return {str(value(row, "id")): row for row in rows}, data


def _push(
    api: Api, document: str, items: Sequence[Item], known: Mapping[str, Any],
    plan: Callable[[Item, Any], Change | ItemResult],
    judge: Callable[[Any, Change], ItemResult],
) -> list[ItemResult]:
    results: dict[int, ItemResult] = {}
    changes: dict[int, Change] = {}
    for place, item in enumerate(items):
        planned = _planned(item, known.get(item.offer_ref), plan)
        if isinstance(planned, ItemResult):
            results[place] = planned
        else:
            changes[place] = planned
    for place, row in _sent(api, document, changes).items():
        results[place] = row if isinstance(row, ItemResult) else judge(row, changes[place])
    return [results[place] for place in range(len(items))]


def _planned(item: Item, row: Any, plan: Callable[[Item, Any], Change | ItemResult]
             ) -> Change | ItemResult:
    if row is None:
        return ItemResult("rejected", words.NO_OFFER % {"ref": item.offer_ref}, field="offer_ref")
    try:
        return plan(item, row)
    except Puzzling as puzzle:
        return ItemResult("rejected", str(puzzle), field=puzzle.field)


def _sent(api: Api, document: str, changes: Mapping[int, Change]) -> dict[int, Any]:
    """Place -> the variant afterwards, or why it was refused.

    A refusal is of all of them, and nothing was changed: then each is sent by itself.
    """
    if not changes:
        return {}
    try:
        rows = api.write(document, {"input": list(changes.values())}, UPDATE)
    except Refused as no:
        if len(changes) == 1:
            return dict.fromkeys(changes, ItemResult("rejected", str(no), no.code))
        return _one_by_one(api, document, changes)
    found = {str(value(row, "id")): row for row in rows} if isinstance(rows, list) else {}
    if any(change["id"] not in found for change in changes.values()):
        raise OutcomeUnknown(words.OTHER_ROWS)
    return {place: found[change["id"]] for place, change in changes.items()}


def _one_by_one(api: Api, document: str, changes: Mapping[int, Change]) -> dict[int, Any]:
    done: dict[int, Any] = {}
    for place, change in changes.items():
        try:
            done |= _sent(api, document, {place: change})
        except (ChannelDown, OutcomeUnknown) as error:
            was_sent = isinstance(error, OutcomeUnknown)
            done[place] = ItemResult("unknown" if was_sent else "retry", str(error))
    return done


def _no_location(wanted: str, names: str) -> str:
    if not names:
        return words.NO_LOCATION
    return words.UNKNOWN_LOCATION % {"name": wanted, "names": names} if wanted else \
        words.WHICH_LOCATION % {"names": names}


