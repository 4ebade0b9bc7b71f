"""What a drawer should hold, and what a shift came to. Pure; minor units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CASH, CARD, TRANSFER = "cash", "card", "transfer"
METHODS = (CASH, CARD, TRANSFER)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came in by one method: sales that stand, and those that were taken back."""

    method: str
    sales: int = 0
    total: int = 0
    voided: int = 0
    voided_total: int = 0


def by_method(sales: Iterable[tuple[str, bool, int, int]]) -> list[Taken]:
    """Sums per method, every method named. ``sales``: (method, taken back, how many, total)."""
    found = {method: Taken(method) for method in METHODS}
    for method, voided, count, total in sales:
        was = found.get(method, Taken(method))
        found[method] = Taken(
            method, was.sales + (0 if voided else count), was.total + (0 if voided else total),
            was.voided + (count if voided else 0), was.voided_total + (total if voided else 0))
    return list(found.values())


def expected_cash(change_money: int, taken: Iterable[Taken]) -> int:
    """What lies in the drawer if all went well: what was there, and the cash sales that stand.

    Change given is no part of it: of a note that was put down only the price stays.
    """
    return change_money + sum(one.total for one in taken if one.method == CASH)
