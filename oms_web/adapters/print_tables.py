"""The tables of positions on a document for a buyer: which, with what columns and running sums.

An invoice has one. A correction shows its lines before and after, or their difference; an advance
invoice the payment and the order it is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from oms_web.adapters.print_columns import Column, fitted
from oms_web.domain.documents import correcting, vat

# A table's columns and its names have the paper less margins and the running number.
_ROOM_MM = 180 - 9

Line = Mapping[str, Any]


class Says(Protocol):
    """How a language writes numbers (``print_pages.Say``)."""

    def amount(self, minor: int, currency: str) -> str: ...

    def money(self, minor: int, currency: str) -> str: ...

    def price(self, micro: int, currency: str) -> str: ...

    def count(self, value: int) -> str: ...

    def rate(self, rate: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Table:
    """Positions under a title; ``carried`` is what a page says that begins or ends at a line."""

    title: str
    lines: Sequence[Line]
    columns: Sequence[Column]
    carried: Sequence[Mapping[str, str]]


def of(doc: Mapping[str, Any], words: Mapping[str, str], say: Says) -> list[Table]:
    """The tables of a document, in the order in which they are printed."""
    if doc["kind"] == "correction":
        return _of_correction(doc, words, say)
    found = [_table("", doc["lines"], doc["method"], doc["currency"], words, say)]
    if doc["kind"] == "advance":
        ordered = doc["ordered"]
        found.append(_table(words["ordered"], ordered["lines"], ordered["method"],
                            doc["currency"], words, say, carries=False))
    return found


def _of_correction(doc: Mapping[str, Any], words: Mapping[str, str], say: Says) -> list[Table]:
    parts = [("difference", doc["lines"])]
    if doc["form"] == correcting.BEFORE_AFTER:
        parts = [(when, [line for line in doc[when]["lines"] if line["position"] in doc["changed"]])
                 for when in ("before", "after")]
    return [_table(words[title], lines, doc["method"], doc["currency"], words, say, carries=False)
            for title, lines in parts if lines]


def _table(title: str, lines: Sequence[Line], method: str, currency: str,
           words: Mapping[str, str], say: Says, *, carries: bool = True) -> Table:
    return Table(title, lines, _columns(lines, method, currency, words, say),
                 _carried(lines, method, currency, words, say) if carries
                 else [{"before": "", "after": ""}] * len(lines))


def _columns(lines: Sequence[Line], method: str, currency: str, words: Mapping[str, str],
             say: Says) -> list[Column]:
    """The columns right of the name, with what stands in them."""
    by_line, gross = method == vat.NET_LINE, method == vat.GROSS_RATE

    def amounts(key: str) -> list[str]:
        return [say.amount(line[key], currency) for line in lines]

    columns = [
        Column(words["quantity"], [say.count(line["quantity"]) for line in lines]),
        Column(words["unit"], [line["unit"] for line in lines], number=False),
        Column(words["price_gross" if gross else "price_net"],
               [say.price(line["unit_price"], currency) for line in lines]),
    ]
    if any(line["discount"] for line in lines):
        columns.append(Column(words["discount"], [
            say.amount(-line["discount"], currency) if line["discount"] else "" for line in lines]))
    if by_line:
        columns.append(Column(words["value_net"], amounts("amount")))
    columns.append(Column(words["rate"], [say.rate(line["rate"]) for line in lines]))
    if by_line:
        columns += [Column(words["vat_amount"], amounts("vat")),
                    Column(words["value_gross"], amounts("gross"))]
    else:
        columns.append(Column(words["value_gross" if gross else "value_net"], amounts("amount")))
    return fitted(columns, _ROOM_MM)


def _carried(lines: Sequence[Line], method: str, currency: str, words: Mapping[str, str],
             say: Says) -> list[dict[str, str]]:
    """What a page that begins or ends at a line says of the sum so far; the ends say nothing."""
    key = "gross" if method == vat.NET_LINE else "amount"
    sums = [say.money(so_far, currency) for so_far in accumulate(line[key] for line in lines)]
    return [
        {"before": f"{words['brought_forward']}: {sums[at - 1]}" if at else "",
         "after": f"{words['carried_forward']}: {sums[at]}" if at < len(sums) - 1 else ""}
        for at in range(len(sums))
    ]
