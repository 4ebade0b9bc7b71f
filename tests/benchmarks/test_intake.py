"""Intake works by the page: the number of statements does not grow with the number of orders."""

from __future__ import annotations

from dataclasses import replace

from oms_web.core.actor import SYSTEM
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.benchmarks.counting import counted

SKUS = [f"S{n}" for n in range(50)]
PER_PAGE = 36
"""Statements a page of new orders may take, whatever its size."""
PER_CHANGE = 30
"""Statements one changed order may take."""


def page(size: int, start: int = 0):
    return [
        make.order(f"A{n}", {SKUS[(n * 3 + k * 7) % 50]: 1 + k for k in range(3)})
        for n in range(start, start + size)
    ]


def statements(oms, account, orders) -> int:
    with counted(oms.engine) as found, oms.works.writing(SYSTEM) as work:
        stored = store_page(work, account, orders)
        assert stored.quarantined == 0
    return len(found)


def test_a_page_of_200_costs_as_many_statements_as_a_page_of_10(both):
    account, _ = make.shop(both.works, dict.fromkeys(SKUS, 10_000))
    statements(both, account, page(50))  # now every listing is known
    small = statements(both, account, page(10, 100))
    large = statements(both, account, page(200, 200))
    assert large <= small + 2
    assert large <= PER_PAGE


def test_a_page_that_is_known_already_costs_next_to_nothing(both):
    account, _ = make.shop(both.works, dict.fromkeys(SKUS, 10_000))
    statements(both, account, page(100))
    assert statements(both, account, page(100)) <= 8


def test_a_changed_order_costs_a_bounded_number_of_statements(both):
    account, _ = make.shop(both.works, dict.fromkeys(SKUS, 10_000))
    orders = [replace(order, state="unpaid") for order in page(20)]
    statements(both, account, orders)
    paid = [replace(order, state="ready") for order in orders]
    spent = statements(both, account, paid)
    assert spent <= PER_CHANGE * len(paid)
