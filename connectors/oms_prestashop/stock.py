"""Quantities: the shop's rows of stock are looked up and written back, a call in one request.

PrestaShop works through what is written until something is wrong with a row, and stops there. So
what can be seen to be wrong is not sent, and if something is refused all the same each row is sent
by itself. Rows are written as they were read (PUT), with every field that this version has:
PrestaShop 1.7 cannot change single fields, and a PUT empties what it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StockItem,
)
from oms_connector.reading import value

from oms_prestashop import words
from oms_prestashop.calls import FULL, Api
from oms_prestashop.reading import is_on

REF = re.compile(r"(\d{1,18})(?:/(\d{1,18}))?", re.ASCII)
Rows = Mapping[tuple[str, str], Sequence[Any]]


def push_stock(api: Api, items: Sequence[StockItem]) -> list[ItemResult]:
    """Set quantities; one result per item, in order."""
    found = _rows(api, items)
    results: dict[int, ItemResult] = {}
    chosen: dict[int, Mapping[str, Any]] = {}
    for place, item in enumerate(items):
        row = _row(item, found, api.shop)
        if isinstance(row, ItemResult):
            results[place] = row
        else:
            chosen[place] = {**row, "quantity": item.quantity}
    results |= zip(chosen, _put(api, list(chosen.values())), strict=True)
    return [results[place] for place in range(len(items))]


def numbers_of(ref: str) -> tuple[str, str] | None:
    """Product and combination of an offer; None where it is no offer's number."""
    found = REF.fullmatch(ref)
    return (str(int(found[1])), str(int(found[2] or 0))) if found else None


def rejected(message: str, field: str = "offer_ref") -> ItemResult:
    """An item that is not sent."""
    return ItemResult("rejected", message, field=field)


def _rows(api: Api, items: Sequence[StockItem]) -> Rows:
    """All rows of the products of these items."""
    products = [pair[0] for item in items if (pair := numbers_of(item.offer_ref))]
    found: dict[tuple[str, str], list[Any]] = {}
    for row in api.of("stock_availables", FULL, "id_product", products):
        pair = str(value(row, "id_product")), str(value(row, "id_product_attribute") or 0)
        found.setdefault(pair, []).append(row)
    return found


def _row(item: StockItem, found: Rows, shop: str) -> Any:
    """The row of an item, or why there is none to write."""
    pair = numbers_of(item.offer_ref)
    if not _is_count(item.quantity):
        return rejected(words.NO_QUANTITY, "quantity")
    if pair is None:
        return rejected(words.NO_OFFER % {"ref": item.offer_ref})
    rows = found.get(pair, ())
    if not rows:
        return rejected(words.NO_PRODUCT)
    if pair[1] == "0" and any(one[0] == pair[0] and one[1] != "0" for one in found):
        return rejected(words.VARIANTS)
    rows = [row for row in rows if shop and str(value(row, "id_shop")) == shop] or rows
    if len(rows) > 1:
        return rejected(words.SHARED_ROWS)
    return rejected(words.DEPENDS, "quantity") if is_on(rows[0], "depends_on_stock") else rows[0]


def _put(api: Api, rows: Sequence[Mapping[str, Any]]) -> list[ItemResult]:
    """Write rows; if one of them is refused, one by one."""
    if not rows:
        return []
    try:
        return _written(api, rows)
    except Refused as no:
        if len(rows) == 1:
            return [ItemResult("rejected", str(no), no.code, field=no.field)]
    results: list[ItemResult] = []
    for number, row in enumerate(rows):
        try:
            results += _put(api, [row])
        except (ChannelDown, OutcomeUnknown, RateLimited) as error:
            later = ItemResult("retry", str(error))
            this = ItemResult("unknown", str(error)) if isinstance(error, OutcomeUnknown) else later
            return [*results, this, *[later] * (len(rows) - number - 1)]
    return results


def _written(api: Api, rows: Sequence[Mapping[str, Any]]) -> list[ItemResult]:
    answer = api.send("PUT", "stock_availables", "stock_available", rows)
    kept = {str(value(row, "id")): value(row, "quantity") for row in answer}
    if any(str(row["id"]) not in kept for row in rows):
        raise OutcomeUnknown(words.LACKS % {"names": "stock_available"})
    return [ItemResult("applied") if str(kept[str(row["id"])]) == str(row["quantity"]) else
            rejected(words.NOT_TAKEN % {"found": kept[str(row["id"])]}, "quantity")
            for row in rows]


def _is_count(quantity: Any) -> bool:
    return isinstance(quantity, int) and not isinstance(quantity, bool) and quantity >= 0
