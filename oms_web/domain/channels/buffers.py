"""How many units an offer should hold back: the sales elsewhere while it cannot know of them yet.

Sales elsewhere come at random, so their number within the gap is taken to be Poisson distributed;
the buffer covers it with ``CONFIDENCE``. Worked through in ``docs/algorithms/publishing.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

CONFIDENCE = Decimal("0.99")
ENOUGH = 20  # measured gaps, so that one in twenty may be longer
MOST_MEAN = 500


@dataclass(frozen=True, slots=True)
class Sales:
    """Orders with a SKU, and the units in them."""

    orders: int = 0
    units: int = 0

    def __add__(self, other: Sales) -> Sales:
        return Sales(self.orders + other.orders, self.units + other.units)

    def __sub__(self, other: Sales) -> Sales:
        return Sales(self.orders - other.orders, self.units - other.units)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``units`` to hold back, and what that is reckoned from.

    ``heard_ms`` and ``pushed_ms``: 95 of 100 sales elsewhere are heard of, and 95 of 100 quantities
    accepted by the channel, within so many milliseconds. ``sold`` elsewhere within ``window``.
    """

    units: int
    heard_ms: int
    pushed_ms: int
    sold: Sales
    window: timedelta


def p95(values: Sequence[int]) -> int | None:
    """The smallest value that 95 of 100 do not exceed; None if too few were measured."""
    if len(values) < ENOUGH:
        return None
    return sorted(values)[-(-len(values) * 95 // 100) - 1]


def suggest(heard_ms: int, pushed_ms: int, sold: Sales, window: timedelta) -> Suggestion:
    """The buffer of an offer of a SKU that sold so much elsewhere.

    Orders come one by one, units do not: so orders are what is counted, each of the mean size.
    """
    gap = timedelta(milliseconds=heard_ms + pushed_ms)
    mean = Decimal(sold.orders) * (gap // timedelta(milliseconds=1)) / (
        window // timedelta(milliseconds=1))
    orders = covering(min(mean, Decimal(MOST_MEAN)))
    units = -(-orders * sold.units // sold.orders) if sold.orders else 0
    return Suggestion(units, heard_ms, pushed_ms, sold, window)


def covering(mean: Decimal, confidence: Decimal = CONFIDENCE) -> int:
    """The smallest number that a Poisson variable of this mean does not exceed so surely."""
    count, term = 0, (-mean).exp()
    below = term
    while below < confidence:
        count += 1
        term = term * mean / count
        below += term
    return count
