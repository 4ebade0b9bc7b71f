"""The buffer that covers sales elsewhere: known tables, and laws."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.channels.buffers import MOST_MEAN, Sales, covering, p95, suggest

WEEKS = timedelta(days=28)
MINUTE = 60_000


@pytest.mark.parametrize(("mean", "confidence", "count"), [
    # From the cumulative table of the distribution: P(N <= count) is the first not below.
    ("0", "0.99", 0), ("0.01", "0.99", 0), ("0.02", "0.99", 1), ("0.1", "0.99", 1),
    ("0.5", "0.99", 3), ("1", "0.99", 4), ("2", "0.99", 6), ("5", "0.99", 11), ("10", "0.99", 18),
    ("1", "0.95", 3), ("2", "0.5", 2), ("10", "0.95", 15),
])
def test_the_quantiles_of_the_table(mean, confidence, count):
    assert covering(Decimal(mean), Decimal(confidence)) == count


def test_the_largest_mean_is_reckoned_exactly():
    """500 and 2.33 standard deviations of 22.36 are 552; the tail is a little longer than that."""
    assert covering(Decimal(MOST_MEAN)) == 553


def test_it_holds_in_a_simulation():
    """Sales at random moments of four weeks: gaps with more of them than the buffer are few."""
    random = Random(7)
    gap, orders, weeks = 10 * MINUTE, 2000, 28 * 24 * 60 * MINUTE
    moments = sorted(random.randrange(weeks) for _ in range(orders))
    buffer = suggest(gap - MINUTE, MINUTE, Sales(orders, orders), WEEKS).units
    exceeded = fewer = 0
    for _ in range(20_000):
        start = random.randrange(weeks - gap)
        within = sum(start <= moment < start + gap for moment in _near(moments, start, gap))
        exceeded += within > buffer
        fewer += within > buffer - 1
    assert exceeded <= 200 + 60  # one in a hundred, and four standard deviations of chance
    assert fewer > 260  # the control: one unit less would not have been enough


def _near(moments, start, gap):
    from bisect import bisect_left, bisect_right
    return moments[bisect_left(moments, start):bisect_right(moments, start + gap)]


def test_orders_are_counted_and_units_follow():
    gap = 15 * MINUTE
    single = suggest(gap, gap, Sales(100, 100), WEEKS)
    packs = suggest(gap, gap, Sales(100, 1000), WEEKS)
    assert (single.units, packs.units) == (1, 10)
    assert suggest(gap, gap, Sales(3, 4), WEEKS).units == 0  # mean 0.002: nothing is likely
    assert suggest(gap, gap, Sales(), WEEKS).units == 0


def test_the_worked_example():
    found = suggest(65_000, 12_000, Sales(orders=420, units=460), WEEKS)
    assert found.units == 2  # mean 0.01337, so one order is covered: 460 / 420 units, rounded up


def test_one_in_twenty_may_be_longer():
    assert p95(range(1, 101)) == 95
    assert p95([*[1] * 19, 9]) == 1
    assert p95([1] * 19) is None


counts = st.integers(0, 500)
spans = st.integers(0, 24 * 60 * MINUTE)


@given(spans, spans, counts, counts, st.integers(1, 5))
def test_longer_gaps_and_more_sales_never_suggest_less(heard, pushed, orders, more, size):
    def units(heard_ms, pushed_ms, count):
        return suggest(heard_ms, pushed_ms, Sales(count, count * size), WEEKS).units

    base = units(heard, pushed, orders)
    assert base >= 0
    assert base <= units(heard + MINUTE, pushed, orders)
    assert base <= units(heard, pushed, orders + more)
    assert base == units(pushed, heard, orders)
