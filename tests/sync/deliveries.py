"""What a careless channel delivers: every order several times, in any order and version."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from oms_connector import Order

from tests import factories as make

SKUS = [f"S{n}" for n in range(20)]


def versions(number: int, changing: int = 1, copies: int = 2) -> list[Order]:
    """The life of one order as the channel tells it: placed, then paid, then its end.

    Only every ``changing``-th order is told of in all its versions; the others come ``copies``
    times as they end, which is what most repeated deliveries are.
    """
    skus = {SKUS[number % 20]: 1 + number % 3, SKUS[(number * 7 + 1) % 20]: 1}
    placed = make.order(f"A{number}", skus, state="unpaid", revision="1")
    paid = replace(placed, state="ready", revision="2")
    end = ("ready", "shipped", "cancelled", "delivered")[number % 4]
    last = replace(paid, state=end, revision="3", shipped_at=make.NOON)
    return [placed, paid, last] if number % changing == 0 else [last] * copies


def final_phase(number: int) -> str:
    """The phase an order must end in, whatever was delivered how often."""
    return ("open", "shipped", "cancelled", "done")[number % 4]


def storm(count: int, seed: int, changing: int = 1) -> list[Order]:
    """All versions of ``count`` orders, shuffled; an odd seed tells the unchanging ones twice."""
    told = [
        version for number in range(count)
        for version in versions(number, changing, copies=1 + seed % 2)
    ]
    random.Random(seed).shuffle(told)
    return told


def pages(orders: Sequence[Order], size: int = 20) -> list[Sequence[Order]]:
    """Cut deliveries into pages."""
    return [orders[start:start + size] for start in range(0, len(orders), size)]
