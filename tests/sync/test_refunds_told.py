"""Money that goes back by several ways at once: each is counted once, and only as what it is."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from oms_connector import OutcomeUnknown, RefundTold, Refused
from sqlalchemy import select

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import refunds
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import (
    order_ask_payment,
    order_pay,
    order_refund,
    return_case,
    return_refund,
)
from oms_web.sync import refund_sending
from tests.after_sale import AfterSale
from tests.automation.rule_desk import ANNA
from tests.conftest import TESTER
from tests.flows.test_race_refund import Provider
from tests.sync.test_payments import PAID, Payer, Registry, Shop

ACCOUNT = "PL61109010140000071219812874"


@pytest.fixture
def shop(post):
    Payer.opened, Payer.says, Payer.asked = {}, [], []
    post.oms.__dict__["registry"] = Registry({"payer": Payer})
    post.works.ports["children"] = None
    made = Shop(post)
    made.pay()
    return made


def transferred(shop, amount, key="t1"):
    with shop.works.writing(ANNA) as work:
        refund, _ = order_refund.ask(work, shop.order, amount, "transfer", key, "rysa", ACCOUNT)
    with shop.works.writing(ANNA) as work:
        for name in ("approve", "done"):
            return_refund.act(work, refund.id, name)


def test_a_provider_does_not_tell_of_a_transfer_of_the_same_amount(shop):
    transferred(shop, 500)
    shop.tell(refunds=[RefundTold("panel", Decimal("5.00"), "done")])
    for _ in range(2):
        shop.run(days=2)
    assert shop.money() == [2000, -500, -500]


def test_the_payment_of_a_refund_is_not_taken_back_by_hand(shop):
    transferred(shop, 500)
    with shop.works.writing(ANNA) as work:
        back = work.session.scalars(select(Payment).where(Payment.amount < 0)).one()
        assert not payments.may_be_taken_back(back)
        with pytest.raises(NotFound):
            order_pay.take_back(work, shop.order, back.id, "mistake")


@pytest.mark.parametrize(("surplus", "back", "state"), [
    (0, 500, "paid"), (500, 500, "paid"), (500, 800, "paid"), (500, 300, "over")])
def test_an_order_that_became_cheaper_is_still_paid_and_goes_out(shop, surplus, back, state):
    queue = shop.state()[2]
    if surplus:
        with shop.works.writing(ANNA) as work:
            order_pay.record(work, shop.order, surplus, "cash", work.now, "more")
    transferred(shop, back)
    assert shop.state() == (state, 2000 + surplus - back, queue)
    with shop.works.reading(ANNA) as work:
        order = orders.get_order(work.session, shop.order)
        assert order.refunded_total == max(0, back - surplus)


def test_a_dispute_that_was_won_brought_nothing_more(shop):
    for disputed in (True, False):
        shop.tell(disputed=disputed)
        shop.run(days=2)
    assert (shop.row().paid, shop.state()[:2]) == (PAID["paid"] * 100, ("paid", 2000))


def test_nobody_frees_money_that_a_provider_works_on(shop):
    shop.refund(2000)
    shop.send()
    with shop.works.reading(ANNA) as work:
        refund_id = work.session.scalars(select(Refund.id)).one()
    with pytest.raises(NotAllowedNow), shop.works.writing(ANNA) as work:
        return_refund.act(work, refund_id, "refuse", why="mistake")
    for name in ("lose", "refuse"):  # said in so many words, it is a person's to know
        with shop.works.writing(ANNA) as work:
            return_refund.act(work, refund_id, name, why="the provider has no such refund")
    assert shop.refunds() == ["refused"]


def test_what_was_withdrawn_before_there_was_a_link_is_looked_at_no_more(shop, monkeypatch):
    def slow(self, ask):
        with shop.works.writing(ANNA) as work:
            order_ask_payment.withdraw(work, shop.order, shop.row().id)
        raise OutcomeUnknown("gone")

    with shop.works.writing(ANNA) as work:
        order_pay.give_back(work, shop.order, 500, "cash", work.now, "back:1")
    monkeypatch.setattr(Payer, "ask_payment", slow)
    shop.ask(500, key="f2")
    shop.run()
    assert (shop.row().state, shop.row().due_at) == ("withdrawn", None)


# Answers ----------------------------------------------------------------------------------------


def approved(oms):
    shop = AfterSale(oms)
    lines = {shop.lines()["TEA"]: 1}
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening("withdrawal", lines=lines))
    [refund] = shop.do(return_refund.ask, case.id, Wish(lines), "provider", "k")
    shop.do(return_refund.act, refund.id, "approve")
    return shop, refund.id


class Late(Provider):
    """Shows a refund late, and refuses the same money again."""

    looks = 0

    def refund(self, ask):
        if ask.key in self.paid:
            raise Refused("nothing is left of this payment")
        return super().refund(ask)

    def find_refund(self, ask, reference=""):
        self.looks += 1
        return None if self.looks == 1 else super().find_refund(ask)


def test_what_is_refused_because_it_went_back_already_is_found(oms):
    shop, refund_id = approved(oms)
    provider = Late("after")
    for _ in range(2):
        refund_sending.send(shop.works, provider, refund_id, "pay-A1")
    with shop.works.reading(TESTER) as work:
        assert refunds.get(work.session, refund_id).state == "done"


def test_an_answer_and_a_person_do_not_wait_for_each_other_crosswise(both):
    """Who has the order gets the refund, whatever the provider answers meanwhile."""
    shop, refund_id = approved(both)
    has_order, wrong = threading.Event(), []

    def person():
        try:
            with shop.works.writing(TESTER) as work:
                orders.lock_order(work.session, shop.order_id)
                has_order.set()
                time.sleep(0.3)
                refunds.lock(work.session, refund_id)
        except Exception as error:
            wrong.append(error)

    thread = threading.Thread(target=person)

    class Meanwhile(Provider):
        def refund(self, ask):
            thread.start()
            assert has_order.wait(10)
            return super().refund(ask)

    refund_sending.send(shop.works, Meanwhile(), refund_id, "pay-A1")
    thread.join()
    assert wrong == []


def test_a_dispute_that_grows_is_booked_as_it_grows_and_comes_back_as_a_whole(shop):
    for amount, disputed in (("12.00", True), ("20.00", True), ("20.00", True), ("20.00", False),
                             ("20.00", False), ("20.00", True)):
        shop.tell(disputed=disputed, paid=Decimal(amount))
        shop.run(days=2)
    assert shop.money() == [2000, -1200, -800, 2000, -2000]


def test_an_answer_to_an_earlier_try_counts_no_more(oms):
    shop, refund_id = approved(oms)
    refund_sending.send(shop.works, Provider("before"), refund_id, "pay-A1")
    with shop.works.writing(TESTER) as work:
        first = refunds.get(work.session, refund_id).attempts
        assert refunds.take(work, refund_id).attempts == first + 1
    with shop.works.writing(TESTER) as work:
        assert not refunds.note(work, refund_id, first, "refuse", why="late")
        assert refunds.get(work.session, refund_id).state == "unknown"
