"""Which offer is cheapest, which is fastest, and what a price depends on."""

from __future__ import annotations

from oms_web.domain.shipping import prices
from oms_web.domain.shipping.prices import Offer


def marks(*offers):
    return [(one.service, one.is_cheapest, one.is_fastest) for one in prices.ranked(offers)]


def test_the_cheapest_comes_first_and_the_fastest_is_marked():
    assert marks(Offer(1, "slow", 1200, "PLN", 3), Offer(2, "fast", 1900, "PLN", 1),
                 Offer(3, "unsaid", 1500, "PLN")) == [
        ("slow", True, False), ("unsaid", False, False), ("fast", False, True)]


def test_one_alone_is_neither_and_currencies_are_not_compared():
    assert marks(Offer(1, "a", 100, "EUR", 1), Offer(2, "b", 900, "PLN", 2)) == [
        ("a", False, False), ("b", False, False)]


def test_those_that_take_equally_long_are_not_fastest():
    assert [mark[2] for mark in marks(Offer(1, "a", 100, "PLN", 2), Offer(2, "b", 200, "PLN", 2))
            ] == [False, False]


def test_a_price_depends_on_the_parcel_and_not_on_the_service():
    request = {"key": "1-A", "service": "x", "note": "#1", "point": "", "cod": None,
               "packages": [{"weight_g": 500, "size": "A"}]}
    same = {**request, "key": "1-B", "service": "y", "packages": [{"weight_g": 500, "size": "B"}]}
    heavier = {**request, "packages": [{"weight_g": 501, "size": "A"}]}
    collects = {**request, "cod": 100}
    assert prices.digest(same) == prices.digest(request)
    assert len({prices.digest(one) for one in (request, heavier, collects)}) == 3
