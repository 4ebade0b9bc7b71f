"""Money and units of a purchase, dealt out and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.orders.parting import Bound, Sums, apart, deal, divide, fill, unite

COST = st.integers(0, 10**6)


@given(st.lists(COST, min_size=1, max_size=5), COST, COST, st.integers(-3, 3))
def test_parts_cost_what_the_whole_does(items, shipping, discount, off):
    whole = Sums(max(0, sum(items) + off), shipping, min(discount, sum(items)))
    parts = divide(whole, items)
    assert sum(part.total for part in parts) == whole.total
    assert all(part.shipping >= 0 <= part.discount for part in parts)
    assert all(part.total >= 0 for part in parts[1:])


@given(COST, COST, COST, COST, st.integers(-2, 2))
def test_two_parts_become_what_they_were(one, other, shipping, discount, off):
    whole = Sums(max(0, one + other + off), shipping, min(discount, one + other))
    first, second = divide(whole, [one, other])
    rounding = whole.items - one - other
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
