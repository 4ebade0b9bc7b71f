"""Letters of cases: written when a case takes a turn, once, of what is true, and of no history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core.errors import InvalidForm
from oms_web.domain.messages import starters, templates
from oms_web.domain.messages.models import Message
from oms_web.domain.returns import moments
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.flows import return_bench, return_case, return_letter
from oms_web.jobs import dispatch
from oms_web.jobs.worker import drain
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(both):
    return AfterSale(both)


def letters(shop):
    """What was written, once everything that was announced has been reacted to."""
    dispatch.dispatch(shop.works)
    drain(shop.oms)
    with shop.works.reading(TESTER) as work:
        return [(row.name, row.subject) for row in
                work.session.scalars(select(Message).order_by(Message.id))]


def made(shop, *keys, by_itself=True):
    return {key: shop.do(templates.create, {
        **starters.STARTERS[key].values(), "name": key, "by_itself": by_itself}).id
        for key in keys}


def opened(shop, kind="return", **values):
    lines = shop.lines()
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        kind, lines={lines["CUP"]: 1}, story="Ucho odpadło", **values))
    return case.id


def test_each_turn_is_written_of_once(shop):
    made(shop, "case_received", "case_accepted", "case_refused")
    case_id = opened(shop)
    assert [name for name, _ in letters(shop)] == ["case_received"]
    shop.do(return_case.decide, case_id, "accept")
    shop.do(return_case.decide, case_id, "accept")
    assert [name for name, _ in letters(shop)] == ["case_received", "case_accepted"]
    shop.do(return_case.decide, case_id, "refuse", "zniszczone w całości")
    assert letters(shop)[-1][0] == "case_refused"
    with shop.works.reading(TESTER) as work:
        last = work.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert "Powód: zniszczone w całości" in last.text
    shop.do(return_case.decide, case_id, "accept")
    assert len(letters(shop)) == 3


def test_of_goods_that_came_unannounced_it_is_written_that_they_are_here(shop):
    made(shop, "case_arrived")
    found = shop.do(return_bench.scan, str(shop.order_id), "s1")
    shop.do(return_bench.arrive, found.case_id)
    line = shop.do(return_bench.pick_out, found.case_id, "CUP")
    shop.do(return_bench.judge, found.case_id, Judgement(line, "A", "restock", "k"))
    assert [name for name, _ in letters(shop)] == ["case_arrived"]


def test_nothing_is_written_unless_the_seller_wishes_or_when_it_is_true_no_more(shop):
    made(shop, "case_received", by_itself=False)
    made(shop, "case_accepted")
    case_id = opened(shop)
    shop.do(return_case.decide, case_id, "accept")
    shop.do(return_case.decide, case_id, "refuse", "jednak nie")
    assert letters(shop) == []


def test_of_history_nobody_is_told(shop):
    made(shop, "case_accepted")
    case_id = opened(shop)
    with shop.works.writing(TESTER) as work:
        row = work.session.get_one(Return, case_id)
        row.announced_at = row.created_at - timedelta(days=3)
    shop.do(return_case.decide, case_id, "accept")
    assert letters(shop) == []


def test_what_a_buyer_did_themselves_is_acknowledged_elsewhere(shop):
    made(shop, "case_received")
    opened(shop, source="buyer")
    assert letters(shop) == []


def test_the_answer_to_a_complaint_wears_the_sellers_own_letter(shop):
    made(shop, "case_answered", "case_accepted")
    case_id = opened(shop, "complaint")
    shop.do(return_case.answer, case_id, Answer("refund", "Zwracamy pieniądze."))
    for _ in range(2):
        shop.do(return_letter.answer, case_id)
    assert [name for name, _ in letters(shop)] == ["case_answered"]
    with shop.works.reading(TESTER) as work:
        [row] = work.session.scalars(select(Message))
    assert "Zwracamy pieniądze." in row.text
    with pytest.raises(InvalidForm) as error:
        shop.do(templates.create, {
            **starters.STARTERS["case_answered"].values(), "name": "Bez", "text_pl": "Cześć"})
    assert list(error.value.problems) == ["text_pl"]


def test_the_moment_of_a_case_is_known():
    assert moments.opened("carrier", "not_collected") == moments.UNCOLLECTED
    assert moments.moved(("expected", "arrived"), ("sent", "refunded")) == [
        moments.ARRIVED, moments.REFUNDED]
    assert moments.moved(("arrived", "judged"), ("refunded", "credit")) == []
    assert moments.decided("complaint", "accept") == ""
    assert moments.latest("return", "accepted", "expected", "none", "") == moments.ACCEPTED
    assert moments.latest("return", "closed", "judged", "refunded", "") == moments.REFUNDED
    assert not moments.holds(moments.ACCEPTED, "refused", "none", "none")
