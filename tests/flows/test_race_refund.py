"""Refunds never exceed what was paid (reliability bar 9); a lost answer pays once (bar 8)."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from oms_connector import OutcomeUnknown, Refused
from oms_connector.paying import RefundTold
from sqlalchemy import func, select, update

from oms_web.core.errors import Invalid
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refunds
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.refunds import Asked
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import return_case, return_refund
from oms_web.inspection import ledgers
from oms_web.sync import refund_sending
from tests.after_sale import AfterSale
from tests.conftest import TESTER

TRIES, EACH = 50, 10_00
PAID = 119_99


def race(shop, act):
    """Fifty at once; how many were refused."""
    refused, ready = [], threading.Barrier(10)

    def run(thread):
        ready.wait(20)
        for n in range(TRIES // 10):
            try:
                act(f"{thread}-{n}")
            except Invalid:
                refused.append(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(refused)


def asked_for(shop):
    with shop.works.reading(TESTER) as work:
        return work.session.scalar(select(func.coalesce(func.sum(Refund.amount), 0))), \
            work.session.scalar(select(Order.refund_pending).where(Order.id == shop.order_id))


def test_fifty_at_once_never_get_more_than_was_paid(both):
    shop = AfterSale(both)

    def guarded(key):
        with shop.works.writing(TESTER) as work:  # the order is not locked: the UPDATE is the guard
            refunds.ask(work, work.session.get_one(Order, shop.order_id),
                        Asked(key, EACH, "cash"))

    assert race(shop, guarded) == TRIES - PAID // EACH
    assert asked_for(shop) == (PAID // EACH * EACH, PAID // EACH * EACH)
    with both.works.reading(TESTER) as work:
        assert ledgers.check(work.session, only=["I16"]) == []


def test_the_control_that_looks_first_pays_too_much(both):
    """What a program does that reads, thinks and writes: it must lose the race."""
    shop = AfterSale(both)

    def naive(key):
        with shop.works.reading(TESTER) as work:
            order = work.session.get_one(Order, shop.order_id)
            if order.paid_total - order.refund_pending < EACH:
                raise Invalid(refunds.NO_MORE)
        time.sleep(0.01)
        with shop.works.writing(TESTER) as work:
            work.session.execute(update(Order).where(Order.id == shop.order_id)
                                 .values(refund_pending=Order.refund_pending + EACH))
            work.session.add(Refund(order_id=shop.order_id, purse_id=shop.order_id, amount=EACH,
                                    currency="PLN", method="cash", key=key, plan=[],
                                    created_at=work.now, created_by="x"))

    race(shop, naive)
    assert asked_for(shop)[0] > PAID


class Provider:
    """A payment provider that loses answers where it is told to."""

    def __init__(self, lose="", refuse=False, state="done"):
        self.lose, self.refuse, self.state = lose, refuse, state
        self.paid: dict[str, RefundTold] = {}
        self.asked = 0

    def refund(self, ask):
        self.asked += 1
        if self.refuse:
            raise Refused("no funds")
        if self.lose == "before":
            self.lose = ""
            raise OutcomeUnknown("cut before")
        assert ask.key not in self.paid, "the same money twice"
        self.paid[ask.key] = RefundTold(f"P{len(self.paid)}", ask.amount, self.state, ask.key)
        if self.lose == "after":
            self.lose = ""
            raise OutcomeUnknown("cut after")
        return self.paid[ask.key]

    def find_refund(self, ask, reference=""):
        return self.paid.get(ask.key)


@pytest.fixture
def approved(oms):
    shop = AfterSale(oms)
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "withdrawal", lines={shop.lines()["TEA"]: 1}))
    [refund] = shop.do(return_refund.ask, case.id, Wish({shop.lines()["TEA"]: 1}), "provider", "k")
    shop.do(return_refund.act, refund.id, "approve")
    return shop, case.id, refund


def state(shop, case_id):
    with shop.works.reading(TESTER) as work:
        from oms_web.domain.returns.models import Return

        [row] = work.session.scalars(select(Refund)).all()
        paid = work.session.scalars(select(Payment.amount)).all()
        return row.state, work.session.get_one(Return, case_id).money, len(paid)


@pytest.mark.parametrize(("lose", "asked"), [("", 1), ("before", 2), ("after", 1)])
def test_wherever_an_answer_is_lost_the_buyer_is_paid_once(approved, lose, asked):
    shop, case_id, refund = approved
    provider = Provider(lose)
    assert refund_sending.send(shop.works, provider, refund.id, "pay-A1")
    if lose:
        assert state(shop, case_id) == ("unknown", "unknown", 1)
        assert refund_sending.send(shop.works, provider, refund.id, "pay-A1")
    assert state(shop, case_id) == ("done", "refunded", 2)
    assert not refund_sending.send(shop.works, provider, refund.id, "pay-A1")
    assert (provider.asked, [one.amount for one in provider.paid.values()]) == (
        asked, [Decimal(refund.amount) / 100])


def test_a_death_between_the_answer_and_the_note_is_found_out(approved):
    shop, case_id, refund = approved
    provider = Provider()
    with shop.works.writing(TESTER) as work:
        refunds.take(work, refund.id)
    provider.refund(refund_sending.RefundAsk("k", "pay-A1", Decimal("18.33"), "PLN", "x"))
    assert not refund_sending.send(shop.works, provider, refund.id, "pay-A1")  # it may still answer
    with shop.works.writing(TESTER) as work:
        row = refunds.lock(work.session, refund.id)
        row.sent_at -= refunds.IN_FLIGHT
    assert refund_sending.send(shop.works, provider, refund.id, "pay-A1")
    assert (state(shop, case_id), provider.asked) == (("done", "refunded", 2), 1)


def test_refused_money_is_free_again_and_pending_money_is_asked_after(approved):
    shop, case_id, refund = approved
    assert refund_sending.send(shop.works, Provider(refuse=True), refund.id, "pay-A1")
    assert state(shop, case_id) == ("refused", "none", 1)
    assert asked_for(shop)[1] == 0
    [refund] = shop.do(return_refund.ask, case_id, Wish(other=500), "provider", "k2")
    shop.do(return_refund.act, refund.id, "approve")
    slow = Provider(state="pending")
    assert refund_sending.send(shop.works, slow, refund.id, "pay-A1")
    assert not refund_sending.look(shop.works, slow, refund.id, "pay-A1")
    slow.paid["k2"] = RefundTold("P0", Decimal(5), "done", "k2")
    assert refund_sending.look(shop.works, slow, refund.id, "pay-A1")
    with shop.works.reading(TESTER) as work:
        assert work.session.scalars(select(Refund.state).order_by(Refund.id)).all() == [
            "refused", "done"]
