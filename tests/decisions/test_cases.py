"""Cases after a sale, decided: what may follow an answer, which acts make sense, whose units."""

from __future__ import annotations

from datetime import date

import pytest

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import answering, clocks, counts, ending, tracks
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.counts import Counts
from oms_web.domain.returns.ending import Ended
from oms_web.domain.returns.models import ReturnLine, ReturnUnit
from oms_web.domain.returns.tracks import Standing

NO, NEW_ONE = Answer("", "Nie."), Answer("replace", "Wysyłamy nowy.")
BACK, LESS = Answer("refund", "Zwracamy."), Answer("reduce", "Taniej.", 20_00)


@pytest.mark.parametrize(("answer", "before", "late", "field"), [
    (NO, None, False, ""),
    (NEW_ONE, None, True, ""),
    (NO, None, True, "outcome"),  # silence has accepted it
    (NO, NEW_ONE, False, "outcome"),  # and what was accepted stays accepted
    (NEW_ONE, NO, False, ""),
    (Answer("replace", "Wysyłamy nowy we wtorek."), NEW_ONE, False, ""),
    (Answer("refund", ""), None, False, "text"),
    (Answer("pony", "Tak."), None, False, "outcome"),
    (Answer("reduce", "Taniej."), None, False, "lowered"),
    (Answer("reduce", "Taniej.", 0), None, False, "lowered"),
    (Answer("reduce", "Taniej.", 100_01), None, False, "lowered"),
    (Answer("reduce", "Taniej.", 100_00), None, False, ""),
    (Answer("reduce", "Taniej.", 19_99), LESS, False, "lowered"),
    (Answer("reduce", "Jeszcze taniej.", 25_00), LESS, False, ""),
    (LESS, BACK, False, "outcome"),
    (BACK, LESS, False, ""),
])
def test_an_answer_binds_whoever_gave_it(answer, before, late, field):
    if not field:
        answering.check(answer, before, most=100_00, late=late)
        return
    with pytest.raises(Invalid) as refused:
        answering.check(answer, before, most=100_00, late=late)
    assert refused.value.field == field


@pytest.mark.parametrize(("case", "acts", "primary"), [
    (Standing("return", "new", "expected"), ("accept", "ask", "refuse", "call_off"), "accept"),
    (Standing("return", "new", "arrived"), ("accept", "ask", "refuse"), "judge"),
    (Standing("return", "new", "arrived", empty=True, nobody=True), ("accept", "call_off"),
     "judge"),
    (Standing("return", "accepted", "expected", "refunded"), ("close",), "arrive"),
    (Standing("return", "accepted", "judged", payable=False), ("close", "refuse"), "close"),
    (Standing("return", "accepted", "judged"), ("close", "refuse"), "refund"),
    (Standing("return", "accepted", "judged", "planned"), (), "money"),
    (Standing("withdrawal", "accepted", "expected"), ("close", "refuse", "call_off"), "refund"),
    (Standing("withdrawal", "accepted", "expected", owed=True), ("refuse", "call_off"), "refund"),
    (Standing("withdrawal", "refused", "judged", owed=True), ("close", "accept"), "close"),
    (Standing("withdrawal", "accepted", "judged", "refunded"), ("close",), "close"),
    (Standing("complaint", "new"), ("ask", "call_off"), "answer"),
    (Standing("complaint", "accepted", outcome="repair"), ("close",), "arrive"),
    (Standing("complaint", "accepted", "judged", outcome="repair"), ("close",), "close"),
    (Standing("complaint", "accepted", money="refunded", outcome="reduce", short=True), ("close",),
     "refund"),
    (Standing("complaint", "accepted", outcome="reduce"), ("close",), "refund"),
    (Standing("complaint", "accepted", outcome="refund"), ("close",), "refund"),
    (Standing("complaint", "accepted", money="refunded", outcome="refund"), ("close",), "close"),
    (Standing("complaint", "refused"), ("close",), "close"),
    (Standing("return", "closed", "judged", "refunded"), ("reopen",), ""),
])
def test_only_what_makes_sense_is_offered(case, acts, primary):
    assert tracks.offered(case) == acts
    assert tracks.primary(case, {"answer"} if primary == "answer" else ()) == primary
    for act in set(tracks.allowed(case.phase)) - set(acts):
        with pytest.raises(NotAllowedNow):
            tracks.check(act, case)


@pytest.mark.parametrize(("case", "ends"), [
    (Standing("complaint", "accepted", outcome="refund"), ("money",)),
    (Standing("complaint", "accepted", outcome="refund", payable=False), ()),
    (Standing("complaint", "accepted", money="refunded", outcome="reduce"), ()),
    (Standing("complaint", "accepted", money="refunded", outcome="reduce", short=True),
     ("money",)),
    (Standing("complaint", "accepted", "judged", outcome="repair"), ("repair",)),
    (Standing("complaint", "accepted", outcome="replace"), ("replace",)),
    (Standing("complaint", "accepted", outcome="replace", swapped=True), ()),
    (Standing("withdrawal", "accepted", "expected", "refunded"), ("goods",)),
    (Standing("withdrawal", "accepted", "judged", "refunded", missing=True), ("missing",)),
    (Standing("return", "accepted", "judged", "refunded", missing=True), ()),
    (Standing("return", "refused", "expected"), ()),
])
def test_nothing_that_is_owed_is_closed_over_in_silence(case, ends):
    assert tracks.open_ends(case) == ends


def test_only_a_buyer_takes_back_what_a_buyer_declared():
    assert ending.who("desk", stated=False) == ("buyer", "mistake")
    assert ending.who("desk", stated=True) == ending.who("channel", stated=False) == ("buyer",)
    today = date(2026, 11, 20)

    def field(said, may=ending.BY):
        with pytest.raises(Invalid) as refused:
            ending.check_call_off(said, may, date(2026, 11, 10), today)
        return refused.value.field

    assert field(Ended("pomyłka", "mistake"), ("buyer",)) == "by"
    assert field(Ended("x")) == "by"
    assert field(Ended(" ", "mistake")) == "note"
    assert field(Ended("e-mail", "buyer")) == "day"
    assert field(Ended("e-mail", "buyer", date(2026, 11, 9))) == "day"
    assert field(Ended("e-mail", "buyer", date(2026, 11, 21))) == "day"
    ending.check_call_off(Ended("e-mail", "buyer", today), ("buyer",), today, today)
    ending.check_call_off(Ended("dwa razy", "mistake"), ending.BY, today, today)


def test_a_withdrawal_is_refused_only_for_a_ground_of_the_law():
    plain = ending.grounds((), here=False)
    assert "hygiene" not in plain  # whether the seal was broken is seen at the bench
    assert "hygiene" in ending.grounds((), here=True)
    assert not set(ending.BY_DATA) & set(plain)
    assert ending.grounds({"late"}, here=False) == ("late", *plain)
    for none in ("", "Bo tak", "late", "hygiene"):
        with pytest.raises(Invalid) as refused:
            ending.check_refusal(none, plain)
        assert refused.value.field == "ground"
    ending.check_refusal("custom", plain)
    assert "art. 38 ust. 1 pkt 3" in ending.words("custom", "pl")
    assert "art. 38(1)(3)" in ending.words("custom", "en")
    assert all(ending.words(one, "pl") != ending.words(one, "en") for one in ending.GROUNDS)


def test_money_goes_back_only_of_a_case_that_is_open_and_not_refused():
    assert [phase for phase in tracks.PHASES if tracks.may_pay(Standing("return", phase))] == [
        "new", "asked", "accepted"]


def test_money_that_goes_back_has_decided_a_case_but_answers_no_complaint():
    assert tracks.decided_by_money(Standing("return", "new", "judged", "planned"))
    assert not tracks.decided_by_money(Standing("return", "new", "judged"))
    assert not tracks.decided_by_money(Standing("complaint", "new", "none", "planned"))
    assert not tracks.decided_by_money(Standing("return", "refused", "judged", "planned"))


@pytest.mark.parametrize(("country", "kind", "why", "article"), [
    ("DE", "complaint", "reasonable", "§ 475 Abs. 5 BGB"),
    ("FR", "complaint", "reasonable", "art. 14, 2019/771/EU"),
    ("US", "complaint", "unknown", ""), ("US", "withdrawal", "unknown", ""),
    ("PL", "return", "agreed", ""), ("DE", "exchange", "agreed", ""),
])
def test_a_case_without_a_clock_says_why(country, kind, why, article):
    assert clocks.unsaid(country, kind) == (why, article)


def test_a_case_counts_its_own_units():
    lines = [ReturnLine(id=1, order_line_id=10, quantity=2, arrived=2),
             ReturnLine(id=2, order_line_id=10, quantity=1, arrived=0),
             ReturnLine(id=3, order_line_id=None, quantity=1, arrived=1),
             ReturnLine(id=4, order_line_id=None, location_id=7, quantity=4, arrived=4)]
    units = {1: [ReturnUnit(quantity=1, disposition="restock"),
                 ReturnUnit(quantity=1, disposition="scrap")],
             3: [ReturnUnit(quantity=1, disposition="restock")]}
    item = {"kind": "goods", "line_id": 10, "units": 3, "amount": 1}
    refunds = [Refund(state="done", plan=[item]), Refund(state="planned", plan=[item])]
    assert counts.of_lines(lines, units, refunds) == {
        1: Counts(2, 2, 1), 2: Counts(0, 1, 0), 3: Counts(1, None, 1), 4: Counts(4, None, None)}
