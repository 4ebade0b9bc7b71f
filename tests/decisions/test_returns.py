"""After the sale, decided: terms of the law, the table of phases, and refunds to the grosz."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_web.core.clock import SHOP_ZONE
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.payments import refund_states
from oms_web.domain.returns import clocks, tracks
from oms_web.domain.returns.money import is_voucher
from oms_web.domain.returns.refund_plan import (
    Correction,
    Paid,
    Sold,
    Wish,
    correction,
    plan,
    share,
    still_to_correct,
)

CUP = Sold(1, "Kubek", 3, 100_00)
TEA = Sold(2, "Herbata", 1, 19_99)


def day(text, hour=10):
    return datetime.fromisoformat(f"{text}T{hour:02}:00:00+00:00")


@pytest.mark.parametrize(("delivered", "until"), [
    ("2026-11-02", "2026-11-16"),  # a Monday and a Monday
    ("2026-11-07", "2026-11-23"),  # its last day is a Saturday: Monday
    ("2026-12-11", "2026-12-28"),  # Christmas Day, then Saturday and Sunday
    ("2026-12-10", "2026-12-28"),  # Christmas Eve is a holiday since 2025
    ("2024-12-10", "2024-12-24"),  # and was none before
    ("2026-05-21", "2026-06-05"),  # Corpus Christi
])
def test_a_buyers_term_ends_on_a_working_day(delivered, until):
    _, moment = clocks.may_withdraw("PL", day(delivered), day(delivered))
    assert (moment.astimezone(SHOP_ZONE).date().isoformat(), moment.minute) == (until, 59)


def test_withdrawing_in_time_late_and_before_the_goods_came():
    assert clocks.may_withdraw("PL", None, day("2030-01-01")) == (True, None)
    in_time, until = clocks.may_withdraw("PL", day("2026-11-02"), datetime(2026, 11, 16, 22, 59, 0,
                                                                           tzinfo=UTC))
    assert in_time
    assert clocks.may_withdraw("PL", day("2026-11-02"), until + timedelta(seconds=0.9))[0]
    assert not clocks.may_withdraw("PL", day("2026-11-02"), until + timedelta(seconds=1))[0]
    assert clocks.may_withdraw("PL", day("2026-11-02"), day("2026-11-26"), extra_days=16)[0]
    assert clocks.may_withdraw("US", day("2026-11-02"), day("2026-11-03")) == (False, None)


@pytest.mark.parametrize(("country", "kind", "on", "expected"), [
    ("PL", "withdrawal", "2026-11-02", {"pl-send-back-2014", "pl-repay-2014"}),
    ("PL", "complaint", "2026-11-02", {"pl-answer-2023"}),
    ("PL", "complaint", "2022-11-02", {"pl-answer-2014"}),
    ("DE", "withdrawal", "2026-11-02", {"eu-send-back-2014", "eu-repay-2014"}),
    ("DE", "complaint", "2026-11-02", set()),
    ("PL", "return", "2026-11-02", set()),
    ("US", "withdrawal", "2026-11-02", set()),
    ("", "complaint", "2026-11-02", {"pl-answer-2023"}),
])
def test_the_terms_of_a_case_are_those_of_its_country_and_day(country, kind, on, expected):
    assert {one.key for one in clocks.running(country, kind, date.fromisoformat(on))} == expected


def test_our_own_terms_are_not_stretched_and_every_rule_names_its_article():
    repay = clocks.BY_KEY["pl-repay-2014"]
    assert clocks.due(repay, day("2026-11-07")).astimezone(SHOP_ZONE).date() == \
        date(2026, 11, 21)  # a Saturday
    assert all(rule.article.startswith("art. ") for rule in clocks.RULES)
    assert len(clocks.BY_KEY) == len(clocks.RULES)


def test_easter():
    assert [clocks.easter(year).isoformat() for year in (2000, 2024, 2025, 2026, 2038)] == [
        "2000-04-23", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"]


def test_phases_lead_on_and_back_and_refuse_what_makes_no_sense():
    assert tracks.after("new", "accept") == "accepted"
    assert tracks.after("accepted", "accept") == "accepted"
    assert tracks.after("closed", "reopen") == "accepted"
    with pytest.raises(NotAllowedNow) as refused:
        tracks.after("closed", "call_off")
    assert refused.value.allowed == ("reopen",)
    assert {target for row in tracks.TRANSITIONS.values() for target in row.values()} <= set(
        tracks.PHASES)


@pytest.mark.parametrize(("meant", "arrived", "judged", "before", "now"), [
    (2, 0, 0, "expected", "expected"), (2, 1, 0, "expected", "arrived"),
    (2, 1, 1, "on_way", "arrived"), (2, 2, 2, "arrived", "judged"),
    (0, 0, 0, "none", "none"), (3, 2, 2, "judged", "arrived"), (1, 0, 0, "arrived", "arrived"),
])
def test_goods_are_where_their_units_are(meant, arrived, judged, before, now):
    assert tracks.goods(meant, arrived, judged, before) == now


@pytest.mark.parametrize(("refunds", "told", "now"), [
    ([], 0, "none"), ([], 500, "refunded"), ([("planned", "transfer")], 0, "planned"),
    ([("approved", "transfer")], 0, "planned"), ([("sent", "provider")], 0, "sent"),
    ([("unknown", "provider"), ("done", "cash")], 0, "unknown"),
    ([("refused", "transfer")], 0, "none"), ([("done", "credit")], 0, "credit"),
    ([("done", "credit"), ("done", "transfer")], 0, "refunded"),
])
def test_money_is_where_most_care_is_needed(refunds, told, now):
    assert tracks.money(refunds, told) == now


def test_a_refund_of_which_nothing_is_known_is_never_simply_dropped():
    assert refund_states.allowed("unknown") == ("done", "refuse", "send")
    with pytest.raises(NotAllowedNow):
        refund_states.after("unknown", "drop")
    with pytest.raises(NotAllowedNow):
        refund_states.after("done", "refuse")
    assert refund_states.after("done", "done") == "done"


# Plans -------------------------------------------------------------------------------------------


def test_one_of_three_cups_and_then_the_others_cost_what_the_line_cost():
    first = plan([CUP], Paid(100_00, 100_00), Wish({1: 1}), lawful=False)
    rest = plan([Sold(1, "Kubek", 3, 100_00, gone=1)], Paid(66_67, 100_00), Wish({1: 2}),
                lawful=False)
    assert (first.total, rest.total) == (33_33, 66_67)


@pytest.mark.parametrize(("wish", "lawful", "cheapest", "total"), [
    (Wish({1: 3, 2: 1}), True, None, 134_98),  # everything: delivery as it was paid
    (Wish({1: 3, 2: 1}), True, 9_99, 129_98),  # no more than the cheapest on offer
    (Wish({1: 3}), True, 9_99, 100_00),  # not everything: no delivery
    (Wish({1: 3, 2: 1}), False, 9_99, 119_99),  # no withdrawal: no delivery
    (Wish({1: 3, 2: 1}, delivery=True), False, 9_99, 134_98),  # unless the seller wants to
    (Wish({1: 3, 2: 1}, delivery=False), True, None, 119_99),
    (Wish({1: 3, 2: 1}, wear={1: 20_00}), True, 9_99, 109_98),
    (Wish(other=5_00), False, None, 5_00),  # an amount alone
    (Wish({2: 1}, other=1_00), False, None, 20_99),
])
def test_what_goes_back(wish, lawful, cheapest, total):
    paid = Paid(134_98, 134_98, delivery=14_99, cheapest=cheapest)
    made = plan([CUP, TEA], paid, wish, lawful=lawful)
    assert (made.total, sum(item.amount for item in made.items)) == (total, total)


def test_what_the_invoice_is_corrected_by():
    made = plan([CUP, TEA], Paid(200_00, 200_00, delivery=10_00),
                Wish({1: 2, 2: 1}, {1: 5_00}, True, 3_00), lawful=False)
    asked = correction([*made.stored(), *plan([CUP], Paid(200_00, 200_00), Wish({1: 1}),
                                              lawful=False).stored()])
    assert (asked.returned, asked.delivery, asked.lowered) == ({1: 3, 2: 1}, 10_00, 3_00)


def test_never_more_than_is_left_and_it_is_said():
    made = plan([CUP], Paid(free=40_00, total=100_00), Wish({1: 3}), lawful=False)
    assert (made.total, made.capped) == (40_00, True)


def test_a_voucher_goes_back_as_credit_in_proportion():
    made = plan([CUP], Paid(100_00, 100_00, vouchers=30_00), Wish({1: 1}), lawful=False)
    assert (made.money, made.credit) == (23_33, 10_00)
    assert [is_voucher(name) for name in ("Karta podarunkowa", "BON podarunkowy", "BLIK", "bon",
                                          "Carbon")] == [True, True, False, True, False]


@pytest.mark.parametrize(("wish", "field"), [
    (Wish({1: 4}), "units"), (Wish({9: 1}), "units"), (Wish({1: -1}), "units"),
    (Wish({2: 1}, wear={2: 20_00}), "wear"), (Wish(other=-1), "other"),
    (Wish({1: 1}, wear={1: -5}), "other"),
])
def test_what_cannot_be_is_refused_at_its_field(wish, field):
    with pytest.raises(Invalid) as refused:
        plan([CUP, TEA], Paid(200_00, 200_00), wish, lawful=False)
    assert refused.value.field == field


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(0, 10**9), st.data())
def test_however_a_line_is_parted_its_parts_add_up(units, paid, data):
    left, total, gone = units, 0, 0
    while left:
        some = data.draw(st.integers(1, left))
        part = share(paid, units, gone + some) - share(paid, units, gone)
        assert part >= 0
        total, gone, left = total + part, gone + some, left - some
    assert total == paid


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**7)), min_size=1, max_size=6),
       st.integers(0, 10**5), st.data())
def test_refunds_one_after_another_never_exceed_what_was_paid(lines, delivery, data):
    """Any order of partial refunds, amounts and wear: the sum stays within what was paid."""
    paid = sum(amount for _, amount in lines) + delivery
    free, gone, delivery_gone, back = paid, [0] * len(lines), 0, 0
    for _ in range(data.draw(st.integers(1, 6))):
        sold = [Sold(n, "x", units, amount, gone[n]) for n, (units, amount) in enumerate(lines)]
        wish = Wish({n: data.draw(st.integers(0, line.units - line.gone))
                     for n, line in enumerate(sold)}, other=data.draw(st.integers(0, 500)))
        made = plan(sold, Paid(free, paid, delivery, 0, delivery_gone), wish, lawful=True)
        assert 0 <= made.total <= free
        free, back = free - made.total, back + made.total
        delivery_gone += sum(item.amount for item in made.items if item.kind == "delivery")
        gone = [gone[n] + wish.units[n] for n in range(len(lines))]
    assert back <= paid


@pytest.mark.parametrize(("cups", "delivery", "left"), [
    (3, 15_00, Correction({1: 2}, 15_00, 5_00)),  # as it was issued
    (2, 15_00, Correction({1: 1}, 15_00, 0)),  # one unit was corrected
    (1, 0, Correction({}, 0, 0)),  # all of it
    (0, 0, Correction({}, 0, 0)),  # more than went back
])
def test_only_what_the_invoice_does_not_say_yet_is_still_to_be_corrected(cups, delivery, left):
    def lines(quantity, amount):
        return [{"kind": "goods", "line_id": 1, "quantity": quantity, "amount": quantity * 33_00},
                {"kind": "delivery", "line_id": None, "quantity": 1, "amount": amount}]

    wanted = Correction({1: 2, 9: 1}, 15_00, 5_00)  # line 9 is on another invoice
    assert still_to_correct(wanted, lines(3, 15_00), lines(cups, delivery)) == left
