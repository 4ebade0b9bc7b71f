"""What is cancelled is not owed: sums follow, the order as it was asked for stays readable."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.orders.cancelling import cancel_order, cancel_units
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import lock_order
from oms_web.inspection import ledgers
from oms_web.sync.intake import store_page
from tests import factories as make


@pytest.fixture
def taken(oms):
    """An order of 3 mugs and 1 blanket at 10.00, delivery 5.00, discount 8.00; all paid."""
    account, _ = make.shop(oms.works, {"KUB": 5, "KOC": 5})
    order = make.order("A1", {"KUB": 3, "KOC": 1}, shipping=Decimal(5), discount=Decimal(8))
    with oms.works.writing(SYSTEM) as work:
        store_page(work, account, [order])
    return oms, account, order


def cancel(oms, **units):
    with oms.works.writing(SYSTEM) as work:
        order = lock_order(work.session, 10001)
        lines = {line.sku: line.id for line in work.session.scalars(select(OrderLine))}
        cancel_units(work, order, {lines[sku]: count for sku, count in units.items()}, by="seller")


def sums(oms):
    with oms.works.reading(SYSTEM) as work:
        assert ledgers.check(work.session) == []
        order = work.session.scalars(select(Order)).one()
        return (order.items_total, order.shipping_total, order.discount_total, order.total,
                order.payment_state)


def test_a_part_that_is_cancelled_is_not_owed(taken):
    oms, _, _ = taken
    assert sums(oms) == (4000, 500, 800, 3700, "paid")
    cancel(oms, KUB=2)
    # Half of the goods are left: so is half of the discount; delivery stays.
    assert sums(oms) == (2000, 500, 400, 2100, "over")
    cancel(oms, KOC=1)
    assert sums(oms) == (1000, 500, 200, 1300, "over")


def test_an_order_cancelled_as_a_whole_says_what_was_asked_for(taken):
    oms, _, _ = taken
    with oms.works.writing(SYSTEM) as work:
        assert cancel_order(work, lock_order(work.session, 10001), by="seller")
        assert not cancel_order(work, lock_order(work.session, 10001), by="seller")
    assert sums(oms) == (4000, 500, 800, 3700, "paid")


def test_a_line_removed_on_the_channel_costs_nothing(taken):
    oms, account, order = taken
    with oms.works.writing(SYSTEM) as work:
        store_page(work, account, [replace(order, lines=order.lines[:1], discount=Decimal(6))])
    assert sums(oms) == (3000, 500, 600, 2900, "over")


def test_units_that_a_channel_cancelled_before_we_knew_cost_nothing(oms):
    account, _ = make.shop(oms.works, {"KUB": 5})
    order = make.order("A1", {"KUB": 3})
    with oms.works.writing(SYSTEM) as work:
        store_page(work, account, [replace(order, lines=(replace(order.lines[0], cancelled=1),))])
    assert sums(oms)[3] == 2000


@pytest.mark.parametrize(("units", "refusal"), [
    ({"KUB": 4}, NotAllowedNow), ({"KUB": 0}, Invalid), ({"KUB": -1}, Invalid), ({}, Invalid),
])
def test_impossible_numbers_are_refused(taken, units, refusal):
    oms, _, _ = taken
    with pytest.raises(refusal):
        cancel(oms, **units)
    assert sums(oms)[3] == 3700
