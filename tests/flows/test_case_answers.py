"""Answers to complaints bind; withdrawals need none; each act of a case is one row of its trail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Works
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import queries
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import CaseClock, Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import return_bench, return_case, return_letter, return_refund
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(oms):
    return AfterSale(oms)


def opened(shop, kind="complaint", **values):
    lines = shop.lines()
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        kind, lines={lines["CUP"]: 1}, story="Ucho odpadło", **values))
    return case.id


def case_of(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(Return, case_id)


def trail(shop, case_id):
    """Acts of a case, the oldest first, with their notes."""
    with shop.works.reading(TESTER) as work:
        return [(one.act, one.note) for one in reversed(queries.timeline(work.session, case_id))]


def answer(shop, case_id, outcome, text, lowered=None, **values):
    return shop.do(return_case.answer, case_id, Answer(outcome, text, lowered), **values)


def later(shop, days):
    """The same shop some days later."""
    shop.works = Works(shop.works.engine, _after(shop.works.clock, days), shop.works.ports)


def _after(clock, days):
    return lambda: clock() + timedelta(days=days)


def test_an_acceptance_cannot_become_a_refusal_and_each_answer_stays(shop):
    case_id = opened(shop)
    assert answer(shop, case_id, "replace", "Wysyłamy nowy.")
    with pytest.raises(Invalid, match="cannot be taken back"):
        answer(shop, case_id, "", "Jednak nie.")
    with pytest.raises(NotAllowedNow, match="by its answer"):
        shop.do(return_case.decide, case_id, "refuse", "jednak nie")
    assert answer(shop, case_id, "replace", "Wysyłamy nowy we wtorek.")
    assert not answer(shop, case_id, "replace", "Wysyłamy nowy we wtorek.")
    case = case_of(shop, case_id)
    assert (case.phase, case.outcome, case.answer) == (
        "accepted", "replace", "Wysyłamy nowy we wtorek.")
    assert trail(shop, case_id)[1:] == [("returns.answer", "Wysyłamy nowy."),
                                        ("returns.answer", "Wysyłamy nowy we wtorek.")]


def test_a_refusal_may_become_an_acceptance_and_is_no_acceptance_when_opened_again(shop):
    case_id = opened(shop)
    answer(shop, case_id, "", "To nie jest wada.")
    shop.do(return_case.decide, case_id, "close")
    shop.do(return_case.decide, case_id, "reopen")
    assert case_of(shop, case_id).phase == "refused"
    answer(shop, case_id, "repair", "Naprawimy.")
    assert case_of(shop, case_id).phase == "accepted"


def test_every_answer_is_sent_once(shop):
    case_id = opened(shop)
    for text in ("Wysyłamy nowy.", "Wysyłamy nowy we wtorek.", "Wysyłamy nowy."):
        answer(shop, case_id, "replace", text)
        for _ in range(2):
            shop.do(return_letter.answer, case_id)
        later(shop, 1)
    with shop.works.reading(TESTER) as work:
        assert [one.text.count("wtorek") for one in
                work.session.scalars(select(Message).order_by(Message.id))] == [0, 1, 0]


def test_silence_accepts_unless_the_answer_was_given_in_time_by_other_means(shop):
    case_id = opened(shop)
    day = local_day(shop.works.clock())
    later(shop, 20)
    with pytest.raises(Invalid, match="counts as accepted"):
        answer(shop, case_id, "", "Nie.")
    for wrong in (day - timedelta(days=1), day + timedelta(days=21)):
        with pytest.raises(Invalid) as refused:
            answer(shop, case_id, "", "Nie.", given=wrong)
        assert refused.value.field == "given"
    with pytest.raises(Invalid, match="counts as accepted"):
        answer(shop, case_id, "", "Nie.", given=day + timedelta(days=15))
    assert answer(shop, case_id, "", "Nie.", given=day + timedelta(days=14))
    with shop.works.reading(TESTER) as work:
        [clock] = cases.clocks_of(work.session, case_id)
        assert clock.stopped_at <= clock.due_at


def test_silence_towards_a_business_accepts_nothing(shop):
    case_id = opened(shop)
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Order).values(tax_id="5260250995"))
    later(shop, 20)
    assert answer(shop, case_id, "", "Nie.")


def test_a_lower_price_has_an_amount_and_is_paid_back_by_it(shop):
    case_id = opened(shop)
    for lowered in (None, 0, 30_56):  # a cup cost 33.33, less its share of the discount
        with pytest.raises(Invalid) as refused:
            answer(shop, case_id, "reduce", "Obniżamy.", lowered)
        assert refused.value.field == "lowered"
    assert answer(shop, case_id, "reduce", "Obniżamy.", 30_55)
    assert case_of(shop, case_id).lowered == 30_55

    def proposed():
        with shop.works.reading(TESTER) as work:
            return return_refund.usual(work, work.session.get_one(Return, case_id))

    assert (dict(proposed().units), proposed().other) == ({}, 30_55)
    with shop.works.reading(TESTER) as work:
        assert queries.counts(work.session)["money"] == 1
    [refund] = shop.do(return_refund.ask, case_id, proposed(), "cash", "m1")
    assert (refund.amount, proposed().other) == (30_55, 0)


# Withdrawals -------------------------------------------------------------------------------------


def test_a_withdrawal_in_time_waits_for_no_decision(shop):
    case_id = opened(shop, "withdrawal")
    with shop.works.reading(TESTER) as work:
        counted = queries.counts(work.session)
    assert (case_of(shop, case_id).phase, counted["decide"], counted["money"]) == (
        "accepted", 0, 1)


def test_a_withdrawal_is_not_closed_while_its_money_is_here(shop):
    case_id = opened(shop, "withdrawal")
    with pytest.raises(NotAllowedNow, match="has not gone back yet"):
        shop.do(return_case.decide, case_id, "close")
    with shop.works.writing(TESTER) as work:  # nobody paid: nothing to be paid back
        work.session.execute(update(Order).values(paid_total=0))
    assert shop.do(return_case.decide, case_id, "close", "nic nie przyszło")


def test_a_withdrawal_that_came_late_is_decided(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Shipment).values(
            state="delivered", delivered_at=work.now - timedelta(days=30)))
    case_id = opened(shop, "withdrawal")
    assert case_of(shop, case_id).phase == "new"
    with shop.works.reading(TESTER) as work:
        term = work.session.scalars(select(CaseClock).where(CaseClock.what == "withdraw")).one()
        assert term.stopped_at > term.due_at


def test_a_withdrawal_without_an_order_is_decided_once_its_order_is_known(shop):
    case, _ = shop.do(cases.open_case, None, (), Opening("withdrawal", source="buyer"))
    assert case_of(shop, case.id).phase == "new"
    shop.do(return_case.belongs_to, case.id, shop.order_id)
    assert case_of(shop, case.id).phase == "accepted"


def test_money_that_goes_back_decides_a_return_and_nothing_is_refused_afterwards(shop):
    case_id = opened(shop, "return")
    with shop.works.reading(TESTER) as work:
        wish = return_refund.usual(work, work.session.get_one(Return, case_id))
    [refund] = shop.do(return_refund.ask, case_id, wish, "cash", "m1")
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)
    assert case_of(shop, case_id).phase == "accepted"
    with pytest.raises(NotAllowedNow, match="paid back"):
        shop.do(return_case.decide, case_id, "refuse", "jednak nie")
    assert [act for act, _ in trail(shop, case_id)] == [
        "returns.open", "refunds.plan", "refunds.approve", "refunds.done"]


def test_a_closed_case_pays_nothing_more(shop):
    case_id = opened(shop, "return")
    shop.do(return_case.decide, case_id, "accept")
    shop.do(return_case.decide, case_id, "close", "nic nie przyszło")
    with shop.works.reading(TESTER) as work:
        wish = return_refund.usual(work, work.session.get_one(Return, case_id))
    with pytest.raises(NotAllowedNow, match="over"):
        shop.do(return_refund.ask, case_id, wish, "cash", "m1")


# The bench ---------------------------------------------------------------------------------------


def test_a_box_nobody_knows_is_here_until_it_is_judged_or_called_off(shop):
    case, _ = shop.do(return_bench.orphan, "PX1", "s1")
    assert case_of(shop, case.id).goods == "arrived"
    empty, _ = shop.do(return_bench.orphan, "PX2", "s2")
    assert shop.do(return_case.decide, empty.id, "call_off", "puste", by="mistake")
    line = shop.do(return_bench.pick_out, case.id, "CUP")
    assert case_of(shop, case.id).goods == "arrived"
    with pytest.raises(NotAllowedNow):
        shop.do(return_case.decide, case.id, "call_off")
    shop.do(return_bench.judge, case.id, Judgement(line, "A", "restock", "k1"))
    assert case_of(shop, case.id).goods == "judged"
    assert [act for act, _ in trail(shop, case.id)] == [
        "returns.open", "returns.arrive", "returns.judge"]


def test_a_parcel_of_a_known_order_that_nobody_announced_is_here(shop):
    found = shop.do(return_bench.scan, str(shop.order_id), "s1")
    shop.do(return_bench.arrive, found.case_id)
    assert case_of(shop, found.case_id).goods == "arrived"
    announced = opened(shop, "return")
    shop.do(return_bench.arrive, announced)
    assert [act for act, _ in trail(shop, announced)] == ["returns.open", "returns.arrive"]
