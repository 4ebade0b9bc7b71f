"""After the sale: no money twice, no goods that never came back, no day too early."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Payment as Told
from sqlalchemy import select

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.returns import delivered, money, service
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import (
    order_cancel,
    order_pay,
    order_refund,
    order_split,
    refund_transfers,
    return_bench,
    return_case,
    return_parcel,
    return_portal,
    return_refund,
    ship,
)
from oms_web.flows.order_in import take_in
from oms_web.flows.return_portal import Declared
from oms_web.inspection import ledgers
from tests import factories as make
from tests import paper
from tests.after_sale import AfterSale
from tests.conftest import TESTER

ACCOUNT = "PL61109010140000071219812874"


@pytest.fixture
def shop(both):
    """A sent order; the books must agree after each test."""
    made = AfterSale(both)
    yield made
    with both.works.reading(TESTER) as work:
        assert ledgers.check(work.session, only=["I16"]) == []


def order_of(shop, order_id=None):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(Order, order_id or shop.order_id)


def planned(shop, amount, key, *acts, method="transfer"):
    refund, _ = shop.do(order_refund.ask, shop.order_id, amount, method, key, "rysa", ACCOUNT)
    for name in acts:
        shop.do(return_refund.act, refund.id, name)
    return refund.id


def gave_back_itself(shop, amount):
    """The channel tells of money that it gave back without being asked."""
    told = shop.sold("A1", state="shipped", revision="2")
    back = Told("own", -Decimal(amount) / 100, make.NOON, "BLIK")
    with shop.works.writing(TESTER) as work:
        take_in(work, shop.account(work), [replace(told, payments=(*told.payments, back))])


def test_money_that_went_back_another_way_is_not_approved_once_more(shop):
    first, last = planned(shop, 10000, "a"), planned(shop, 1999, "b")
    gave_back_itself(shop, 10000)
    for one in (first, last):
        with pytest.raises(NotAllowedNow, match="another way"):
            shop.do(return_refund.act, one, "approve")
    shop.do(return_refund.act, first, "drop", why="already back")
    shop.do(return_refund.act, last, "approve")
    shop.do(return_refund.act, last, "done")
    assert order_of(shop).paid_total == 0


def test_a_file_for_the_bank_leaves_out_what_went_back_another_way(shop):
    with shop.works.writing(TESTER) as work:
        paper.company(work)
    first, last = planned(shop, 10000, "a", "approve"), planned(shop, 1999, "b", "approve")
    gave_back_itself(shop, 10000)
    shop.do(refund_transfers.make, "elixir", "PLN")
    with shop.works.reading(TESTER) as work:
        assert [(one.id, one.state) for one in work.session.scalars(
            select(Refund).order_by(Refund.id))] == [(first, "refused"), (last, "sent")]
    assert order_of(shop).refund_pending == 1999


def test_a_payment_that_was_taken_back_is_no_voucher_that_was_paid(shop):
    order_id = shop.do(lambda work: take_in(work, shop.account(work), [make.order(
        "V1", {"CUP": 1}, payment_method="transfer", paid=False)]).order_ids[0])
    total = order_of(shop, order_id).total
    shop.do(order_pay.record, order_id, total, "bon", make.NOON, "typed wrongly")
    with shop.works.reading(TESTER) as work:
        wrong = work.session.scalars(select(Payment.id).where(
            Payment.order_id == order_id)).one()
    shop.do(order_pay.take_back, order_id, wrong, "it was a transfer")
    shop.do(order_pay.record, order_id, total, "transfer", make.NOON, "right")
    with shop.works.reading(TESTER) as work:
        _, paid = money.facts(work.session, work.session.get_one(Order, order_id))
    assert (paid.total, paid.vouchers) == (total, 0)


@pytest.mark.parametrize("paid_first", [True, False])
def test_what_was_paid_back_before_it_left_takes_nothing_from_what_was_sent(shop, paid_first):
    order_id = shop.sell("U1", sent=False)
    cup = shop.lines(order_id)["CUP"]
    case, *_ = shop.do(return_portal.withdraw, Declared(
        "Anna", "anna@example.test", "", "k1", order_id, {cup: 1}))
    if not paid_first:
        shop.do(order_cancel.cancel_units, order_id, {cup: 1})
    [refund] = shop.do(return_refund.ask, case.id, Wish({cup: 1}), "cash", "r1")
    for name in ("approve", "done"):
        shop.do(return_refund.act, refund.id, name)
    if paid_first:
        shop.do(order_cancel.cancel_units, order_id, {cup: 1})
    shop.do(ship.ship_order, order_id)
    case, *_ = shop.do(return_portal.withdraw, Declared(
        "Anna", "anna@example.test", "", "k2", order_id))
    with shop.works.reading(TESTER) as work:
        made = return_refund.plan(work, case, return_refund.usual(work, case))
    assert {item.title: item.units for item in made.items if item.units} == {
        "Kubek": 2, "Herbata": 1}
    assert refund.amount + made.total == 11999


# Parcels -----------------------------------------------------------------------------------------


def in_two_parcels(shop):
    """An order that two warehouses send: a cup from one, something odd from the other."""
    with shop.works.writing(TESTER) as work:
        odd = work.session.scalars(select(Variant.id).where(Variant.sku == "ODD")).one()
        make.put(work, odd, 5, make.warehouse(work, "GDA", rank=1).id)
        order_id = take_in(work, shop.account(work), [make.order(
            "W1", {"CUP": 1, "ODD": 1})]).order_ids[0]
    return order_id, *shop.do(ship.ship_order, order_id)


@pytest.mark.parametrize("told", ["by its carrier", "by its scan"])
def test_a_parcel_that_nobody_took_brings_back_what_was_in_it(shop, told):
    order_id, here, lost = in_two_parcels(shop)
    shop.do(ship.arrived, here)
    shop.do(ship.came_to_nothing, lost, "odmowa")
    if told == "by its carrier":
        [case_id] = shop.do(return_parcel.comes_back, lost)
    else:
        case_id = shop.do(return_bench.scan, str(order_id), "s1").case_id
    with shop.works.reading(TESTER) as work:
        assert [(one.sku, one.quantity) for one in
                service.lines_of(work.session, case_id)] == [("ODD", 1)]
        left = service.returnable(work.session, order_lines(work.session, order_id))
    assert sorted(left.values()) == [0, 1]  # what was delivered may still be sent back


def test_nothing_is_unpacked_into_a_case_that_is_over(shop):
    cup = shop.lines()["CUP"]
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening("return", lines={cup: 1}))
    shop.do(return_case.decide, case.id, "call_off", "pomyłka", by="mistake")
    with pytest.raises(NotAllowedNow, match="over"):
        shop.do(return_bench.pick_out, case.id, "CUP")


def came(shop, order_id):
    with shop.works.reading(TESTER) as work:
        return delivered.at_last(work.session, work.session.get_one(Order, order_id))


def test_the_term_of_a_withdrawal_begins_with_the_last_of_the_goods(shop):
    order_id = shop.sell("S1", sent=False)
    tea = shop.lines(order_id)["TEA"]
    part = shop.do(order_split.split, order_id, {tea: 1})
    [first] = shop.do(ship.ship_order, order_id)
    shop.do(ship.arrived, first)
    assert (came(shop, order_id), came(shop, part)) == (None, None)  # the tea is not even sent
    [second] = shop.do(ship.ship_order, part)
    assert came(shop, order_id) is None
    shop.do(ship.arrived, second)
    assert came(shop, order_id) == came(shop, part) is not None


def test_what_is_still_to_be_sent_keeps_the_term_from_beginning(shop):
    with shop.works.writing(TESTER) as work:
        order_id = take_in(work, shop.account(work), [make.order(
            "L1", {"CUP": 1, "ODD": 1})]).order_ids[0]
    [shipment] = shop.do(ship.ship_order, order_id, partly=True)
    shop.do(ship.arrived, shipment)
    assert came(shop, order_id) is None
