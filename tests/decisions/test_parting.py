"""Money and units of a purchase, dealt out and put together again."""

from __future__ import annotations

import random

import pytest

from oms_web.domain.orders.parting import Bound, Sums, apart, deal, divide, fill, unite


def amounts(chance, most=10**6):
    return chance.choice((0, 1, chance.randrange(most)))


def test_parts_cost_what_the_whole_does():
    chance = random.Random(1)
    for _ in range(2000):
        items = [amounts(chance) for _ in range(chance.randint(1, 5))]
        whole = Sums(max(0, sum(items) + chance.randint(-3, 3)), amounts(chance),
                     min(amounts(chance), sum(items)))
        parts = divide(whole, items)
        assert sum(part.total for part in parts) == whole.total
        assert all(part.shipping >= 0 <= part.discount for part in parts)
        assert all(part.total >= 0 for part in parts[1:])


def test_two_parts_become_what_they_were():
    chance = random.Random(2)
    for _ in range(2000):
        items = [amounts(chance), amounts(chance)]
        whole = Sums(max(0, sum(items) + chance.randint(-2, 2)), amounts(chance),
                     min(amounts(chance), sum(items)))
        first, second = divide(whole, items)
        rounding = whole.items - sum(items)
        assert unite(first, second, whole.items, rounding) == whole
        assert unite(first, second, whole.items, 0).total == whole.total


def test_money_fills_one_order_after_the_other():
    assert fill(130, [100, 50]) == [100, 30]
    assert fill(170, [100, 50]) == [120, 50]
    assert fill(-5, [100]) == [-5]


@pytest.mark.parametrize(("change", "shares", "becomes"), [
    (2, [1, 1], [1, 3]), (-3, [5, 2], [4, 0]), (-9, [1, 2], [0, 0]), (0, [3], [3]), (1, [], []),
])
def test_units_change_from_the_last_share_on(change, shares, becomes):
    assert deal(change, shares) == becomes


HOME = {"name": "Żaneta Łoś", "street": "Prosta 1/2", "postcode": "00-001", "city": "Łódź",
        "country": "PL"}


@pytest.mark.parametrize(("other", "why"), [
    (Bound(HOME | {"name": "LOS Zaneta", "street": "prosta 1 / 2"}, "", "", "PLN"), ""),
    (Bound(HOME, "", "DPD", "EUR"), "They are paid in different currencies."),
    (Bound(HOME, "LDZ01A", "DPD", "PLN"), "They go to different pick-up points."),
    (Bound(HOME | {"name": "Jan Łoś"}, "", "DPD", "PLN"), "They go to different people."),
    (Bound(HOME | {"city": "Radom"}, "", "DPD", "PLN"), "They go to different addresses."),
    (Bound(HOME, "", "InPost", "PLN"), "They leave with different couriers."),
])
def test_who_may_travel_together(other, why):
    assert apart(Bound(HOME, "", "DPD", "PLN"), other) == why
