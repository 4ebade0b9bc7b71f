"""Quantities and prices: batches of at most a hundred, each item answered for itself.

Variations have an address under their product, so there is one batch for all products and one for
each product with variations. A refused item is an ``error`` within an answer of success.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from oms_connector import (
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    PriceItem,
    RateLimited,
    Refused,
    StockItem,
)
from oms_connector.reading import value

from oms_woocommerce import access, words
from oms_woocommerce.calls import MOST, Api
from oms_woocommerce.reading import shown

REF = re.compile(r"(\d{1,18})(?:/(\d{1,18}))?")
Item = TypeVar("Item", StockItem, PriceItem)


def push_stock(api: Api, items: Sequence[StockItem]) -> list[ItemResult]:
    """Set quantities; one result per item, in order. The shop counts the product from now on."""
    refused = {place: ItemResult("rejected", words.NO_QUANTITY, field="quantity")
               for place, item in enumerate(items) if not _is_count(item.quantity)}
    return _push(api, items, refused, lambda item: {
        "manage_stock": True, "stock_quantity": item.quantity}, _stock_result)


def push_prices(api: Api, items: Sequence[PriceItem]) -> list[ItemResult]:
    """Set what buyers see; a sale that was set in the shop ends by that."""
    own = access.currency(api) if items else ""
    refused = {place: ItemResult("rejected", words.OTHER_CURRENCY % {"currency": own},
                                 field="currency")
               for place, item in enumerate(items) if item.currency.upper() != own.upper()}
    return _push(api, items, refused, lambda item: {
        "regular_price": str(item.price.quantize(Decimal("0.01"))), "sale_price": ""},
        lambda row, item: ItemResult("applied"))


def _push(
    api: Api, items: Sequence[Item], refused: Mapping[int, ItemResult],
    body: Callable[[Item], Mapping[str, Any]], result: Callable[[Any, Item], ItemResult],
) -> list[ItemResult]:
    results = dict(refused)
    groups: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        found = REF.fullmatch(item.offer_ref)
        if found is None:
            results.setdefault(place, ItemResult(
                "rejected", words.NO_OFFER % {"ref": item.offer_ref}, field="offer_ref"))
        elif place not in results:
            parent = found[1] if found[2] else ""
            groups.setdefault(f"/products/{parent}/variations/batch" if parent else
                              "/products/batch", []).append(place)
    batches = [(path, places[start:start + MOST]) for path, places in groups.items()
               for start in range(0, len(places), MOST)]
    for number, (path, places) in enumerate(batches):
        chosen = [items[place] for place in places]
        try:
            rows = _batch(api, path, [{"id": int(item.offer_ref.rpartition("/")[2]), **body(item)}
                                      for item in chosen])
            answers = [_refused(row) or result(row, item)
                       for row, item in zip(rows, chosen, strict=True)]
        except Refused as no:  # of a whole batch: its product is not there
            answers = [ItemResult("rejected", str(no), no.code, field=no.field)] * len(chosen)
        except (ChannelDown, OutcomeUnknown, RateLimited) as error:
            if number == 0:
                raise
            return _cut_short(items, results, places, error)
        results |= zip(places, answers, strict=True)
    return [results[place] for place in range(len(items))]


def _cut_short(items: Sequence[Any], results: Mapping[int, ItemResult], places: Sequence[int],
               error: Exception) -> list[ItemResult]:
    """Earlier batches were answered, this one was not, and later ones were not sent."""
    was_sent = isinstance(error, OutcomeUnknown)
    unsure = ItemResult("unknown" if was_sent else "retry", str(error))
    return [results.get(place, unsure if place in places else ItemResult("retry", str(error)))
            for place in range(len(items))]


def _batch(api: Api, path: str, rows: list[dict[str, Any]]) -> list[Any]:
    answer = api.send("POST", path, {"update": rows}, "update")
    found = answer["update"]
    asked = [row["id"] for row in rows]
    if not isinstance(found, list) or [value(row, "id") for row in found] != asked:
        raise OutcomeUnknown(words.OTHER_ROWS)
    return found


def _refused(row: Any) -> ItemResult | None:
    error = value(row, "error")
    if error is None:
        return None
    data = value(error, "data")
    status = value(data, "status")
    failed = isinstance(status, int) and status >= 500
    return ItemResult("retry" if failed else "rejected",
                      str(value(error, "message") or value(error, "code") or "?")[:500],
                      str(value(error, "code") or ""), field=shown(data, "param"))


def _stock_result(row: Any, item: StockItem) -> ItemResult:
    """Whether it was kept: a plugin that counts elsewhere may put its own number back."""
    found = value(row, "stock_quantity")
    if found == item.quantity:
        return ItemResult("applied")
    return ItemResult("rejected", words.NOT_TAKEN % {"found": found}, field="quantity")


def _is_count(quantity: Any) -> bool:
    return isinstance(quantity, int) and not isinstance(quantity, bool) and quantity >= 0
