"""What a channel is told that an amount is for: lines, delivery, and a rest behind nothing."""

from __future__ import annotations

import pytest

from oms_web.domain.payments.refund_routes import Parts, parts
from oms_web.domain.returns.refund_plan import DELIVERY, GOODS, OTHER, WEAR, Item, Plan


def plan(*items):
    return Plan(tuple(items)).stored()


TEA, CUP = Item(GOODS, 2000, 1, 1), Item(GOODS, 6666, 2, 2)


@pytest.mark.parametrize(("items", "amount", "lines", "delivery"), [
    ([TEA, CUP], 8666, {1: (1, 2000), 2: (2, 6666)}, 0),
    ([TEA, Item(DELIVERY, 999)], 2999, {1: (1, 2000)}, 999),
    ([TEA, Item(WEAR, -500, 1)], 1500, {1: (1, 1500)}, 0),
    ([TEA, Item(WEAR, -2000, 1), Item(DELIVERY, 999)], 999, {}, 999),
    ([TEA, Item(OTHER, 300)], 2300, {1: (1, 2000)}, 0),
    ([TEA, Item(OTHER, -300), Item(DELIVERY, 999)], 2699, {1: (1, 2000)}, 699),
    ([TEA, CUP], 5000, {1: (1, 2000), 2: (2, 3000)}, 0),
    ([TEA, CUP, Item(DELIVERY, 999)], 1000, {1: (1, 1000)}, 0),
    ([], 700, {}, 0),
])
def test_the_parts_never_come_to_more_than_the_amount(items, amount, lines, delivery):
    found = parts(plan(*items), amount)
    assert found == Parts(lines, delivery)
    assert sum(money for _, money in lines.values()) + delivery <= amount
