"""What a channel says of the money: payments it shows, "paid in full", another kind of payment."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import Payment
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import SHOP_ZONE
from oms_web.domain.orders import cancelling, refunding
from oms_web.domain.orders.models import Hold
from oms_web.domain.orders.service import lock_order, order_lines
from oms_web.domain.payments.models import Payment as Row
from oms_web.domain.stock.models import Reservation
from oms_web.flows import order_cancel, order_edit, order_pay, order_split, reservation_expiry
from oms_web.inspection import ledgers
from tests import factories as make
from tests.flows.test_order_in_revisions import Desk


@pytest.fixture
def desk(oms):
    return Desk(oms)


def pay(reference, amount):
    return Payment(reference, Decimal(amount), make.NOON, "PayU")


def money(desk):
    """How far the order is paid, and the amounts it was paid with."""
    with desk.works.reading(SYSTEM) as work:
        assert ledgers.check(work.session) == []
        rows = work.session.scalars(select(Row.amount).order_by(Row.id)).all()
    return desk.order.payment_state, list(rows)


# Paid in full -------------------------------------------------------------------------------------


def test_paid_in_full_grows_with_the_order(desk):
    assert money(desk) == ("paid", [5500])
    desk.say_units(TAL=4)
    assert money(desk) == ("paid", [7500])
    assert desk.order.queue == "pick"


def test_paid_in_full_gives_way_to_the_payments_themselves(desk):
    desk.say(payments=(pay("P1", "55.00"),))
    assert money(desk) == ("paid", [5500])
    desk.say(payments=(pay("P1", "55.00"), pay("paid", "3.00")))
    assert money(desk) == ("over", [5500, 300])
    assert desk.order.paid_total == 5800


def test_payments_shown_before_are_topped_up_once_all_is_paid(desk):
    desk.say(payments=(pay("P1", "20.00"),), state="unpaid", paid=False)
    assert money(desk) == ("part", [2000])
    desk.say(payments=(), state="ready", paid=True)
    assert money(desk) == ("paid", [2000, 3500])


def test_what_a_person_recorded_is_part_of_paid_in_full(desk):
    desk.hear(make.order("A2", {"KOC": 2}, state="unpaid"))
    with desk.works.writing(SYSTEM) as work:
        order_pay.record(work, 10002, 1500, "transfer", work.now, "k")
    desk.hear(make.order("A2", {"KOC": 2}, state="ready"))
    assert money(desk)[1] == [5500, 1500, 500]


def test_less_to_pay_is_no_money_given_back(desk):
    desk.say_units(TAL=1)
    assert money(desk) == ("over", [5500])


def test_a_channel_that_takes_paid_in_full_back_is_believed(desk):
    desk.say(state="unpaid")
    assert money(desk) == ("unpaid", [])
    assert desk.order.queue == "unpaid"


def test_a_cancellation_says_nothing_of_the_money(desk):
    desk.say(state="cancelled")
    assert money(desk) == ("paid", [5500])


# Another kind of payment, another deadline --------------------------------------------------------


def test_a_buyer_who_will_pay_on_delivery_after_all_keeps_the_goods(desk):
    desk.say(state="unpaid")
    desk.say(state="ready", payment_kind="cod", payment_method="COD")
    assert (desk.order.payment_kind, desk.order.payment_state) == ("cod", "cod")
    assert (desk.order.payment_method, desk.order.queue) == ("COD", "pick")
    with desk.works.reading(SYSTEM) as work:
        assert set(work.session.scalars(select(Reservation.expires_at))) == {None}


def test_goods_that_were_let_go_are_reserved_again_once_paid_on_delivery(desk):
    desk.hear(make.order("A2", {"KOC": 2}, state="unpaid"))
    now = desk.works.clock()
    desk.works.clock = lambda: now + timedelta(days=90)
    with desk.works.writing(SYSTEM) as work:
        assert reservation_expiry.expire(work) == 1
    desk.hear(make.order("A2", {"KOC": 2}, payment_kind="cod"))
    with desk.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Hold).where(Hold.released_at.is_(None))).all() == []
    assert desk.reserved() == 7


def test_a_new_deadline_of_the_channel_counts(desk):
    due = make.NOON + timedelta(days=2)
    desk.say(ship_by=due)
    assert desk.order.ship_by == due
    desk.say(ship_by=due.astimezone(SHOP_ZONE), raw_status="the same in another zone")
    assert desk.order.ship_by == due
    desk.say(ship_by=None, raw_status="says nothing of it")
    assert (desk.order.ship_by, desk.held()) == (due, {})


def test_a_deadline_that_was_changed_here_too_is_held(desk):
    ours, theirs = make.NOON + timedelta(days=3), make.NOON + timedelta(days=2)
    desk.do(order_edit.change_delivery, {}, ours)
    desk.say(ship_by=theirs)
    assert (desk.order.ship_by, desk.held()["changed"]["after"]) == (
        ours, {"ship_by": theirs.isoformat()})
    desk.do(order_edit.accept_change)
    assert (desk.order.ship_by, desk.held()) == (theirs, {})


# Money for what is cancelled ----------------------------------------------------------------------


def test_money_for_an_order_cancelled_here_is_kept_and_shown(desk):
    desk.hear(make.order("A2", {"KOC": 2}, state="unpaid"))
    with desk.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, 10002)
    paid = make.order("A2", {"KOC": 2}, payments=(pay("P9", "20.00"),))
    assert desk.hear(paid).changed == 1
    assert money(desk)[1] == [5500, 2000]
    assert desk.held() == {"refund": {"amount": "20.00 PLN"}}
    assert desk.hear(paid).same == 1
    with desk.works.writing(SYSTEM) as work:
        assert order_pay.give_back(work, 10002, 2000, "transfer", work.now, "k") is True
    assert (money(desk)[1], desk.held()) == ([5500, 2000, -2000], {})


def test_money_that_was_there_before_the_cancellation_has_to_go_back(desk):
    """Until all of it has: a part given back names the rest. Taken back, nothing is owed."""
    with desk.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, desk.order.id)
    assert desk.held() == {"refund": {"amount": "55.00 PLN"}}
    for amount, left in ((2000, {"refund": {"amount": "35.00 PLN"}}), (3500, {})):
        with desk.works.writing(SYSTEM) as work:
            order_pay.give_back(work, desk.order.id, amount, "transfer", work.now, f"k{amount}")
        assert desk.held() == left


def test_a_part_of_a_purchase_that_goes_on_owes_nothing_back(desk):
    """What was paid pays for the rest; the last part that is cancelled has all of it to go back."""
    with desk.works.writing(SYSTEM) as work:
        lines = order_lines(work.session, desk.order.id)
        part = order_split.split(work, desk.order.id, {lines[0].id: 1})
        order_cancel.cancel(work, desk.order.id)
    assert desk.held() == {}
    with desk.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, part)
    assert desk.held() == {"refund": {"amount": "55.00 PLN"}}


def test_a_cancellation_that_is_recalled_owes_nothing_back(desk):
    with desk.works.writing(SYSTEM) as work:
        order = lock_order(work.session, desk.order.id)
        undo = {"before": asdict(cancelling.standing(work, order))}
        cancelling.cancel_order(work, order, by="seller")
        undo["after"] = asdict(cancelling.standing(work, order))
        assert refunding.is_due(work.session, order.id)
        cancelling.uncancel(work, order, undo, work.now)
    assert desk.held() == {}


def test_money_of_what_the_channel_replaced_pays_for_what_replaced_it(desk):
    desk.hear(make.order("A9", {"TAL": 3, "KOC": 1}, replaces=("A1",)))
    assert desk.order.phase == "cancelled"
    assert desk.held() == {}


def test_money_that_the_channel_gives_back_itself_settles_it(desk):
    desk.hear(make.order("A2", {"KOC": 2}, state="unpaid"))
    with desk.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, 10002)
    shown = (pay("P9", "20.00"),)
    desk.hear(make.order("A2", {"KOC": 2}, payments=shown))
    desk.hear(make.order("A2", {"KOC": 2}, state="cancelled",
                         payments=(*shown, pay("R9", "-20.00"))))
    assert (money(desk)[1], desk.held()) == ([5500, 2000, -2000], {})
