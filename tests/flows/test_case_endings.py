"""A case is not ended against its buyer's rights, nor over what is owed, in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.returns import progress, queries, standings, tracks
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish, correction
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import return_bench, return_case, return_letter, return_portal, return_refund
from oms_web.flows.return_portal import Declared
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(oms):
    return AfterSale(oms)


def opened(shop, kind="withdrawal", units=1, sku="CUP", **values):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        kind, lines={shop.lines()[sku]: units}, story="Ucho odpadło", **values))
    return case.id


def case_of(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(Return, case_id)


def running(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return {one.what for one in cases.clocks_of(work.session, case_id)
                if one.stopped_at is None}


def today(shop):
    return local_day(shop.works.clock())


def refused_at(shop, *args, **values):
    with pytest.raises(Invalid) as refused:
        shop.do(return_case.decide, *args, **values)
    return refused.value.field


def pay(shop, case_id, wish=None, key="m1"):
    with shop.works.reading(TESTER) as work:
        wish = wish or return_refund.usual(work, work.session.get_one(Return, case_id))
    [refund] = shop.do(return_refund.ask, case_id, wish, "cash", key)
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)
    return refund


def main_act(shop, case_id):
    with shop.works.reading(TESTER) as work:
        case = work.session.get_one(Return, case_id)
        return tracks.primary(standings.of(work.session, case), ())


def test_only_its_buyer_takes_a_withdrawal_back_and_it_stands_who_and_when(shop):
    case, _, _ = shop.do(return_portal.withdraw, Declared(
        "Jan", "jan@example.com", "A1", order_id=shop.order_id, key="k", lines={}))
    assert refused_at(shop, case.id, "call_off") == "by"
    assert refused_at(shop, case.id, "call_off", "pomyłka", by="mistake") == "by"
    assert refused_at(shop, case.id, "call_off", "e-mail", by="buyer") == "day"
    assert {"repay", "send_back"} <= running(shop, case.id)
    assert shop.do(return_case.decide, case.id, "call_off", "e-mailem", by="buyer",
                   day=today(shop))
    assert running(shop, case.id) == set()
    with shop.works.reading(TESTER) as work:
        assert queries.called_off(work.session, case.id) == ("buyer", today(shop).isoformat())
    assert shop.do(return_case.decide, case.id, "reopen")
    assert case_of(shop, case.id).phase == "accepted"  # it needs nobody's yes
    assert {"repay", "send_back"} <= running(shop, case.id)


def test_what_came_late_is_to_be_decided_again(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Shipment).values(
            state="delivered", delivered_at=work.now - timedelta(days=30)))
    case_id = opened(shop)
    shop.do(return_case.decide, case_id, "call_off", "dwa razy", by="mistake")
    shop.do(return_case.decide, case_id, "reopen")
    assert case_of(shop, case_id).phase == "new"
    assert shop.do(return_case.decide, case_id, "refuse", ground="late")
    with shop.works.reading(TESTER) as work:
        assert "po terminie" in queries.refusal(work.session, case_id, "pl")
    assert running(shop, case_id) == set()
    shop.do(return_case.decide, case_id, "accept")
    assert "repay" in running(shop, case_id)


def test_a_withdrawal_is_refused_for_a_ground_and_not_for_a_word(shop):
    case_id = opened(shop)
    for ground in ("", "late", "business", "hygiene"):
        assert refused_at(shop, case_id, "refuse", "Bo tak", ground=ground) == "ground"
    with shop.works.writing(TESTER) as work:
        case, order = return_case.locked(work, case_id)
        assert return_case.grounds(work.session, case, order)[1] == ""  # nothing is proposed
        work.session.execute(update(OrderLine).where(OrderLine.sku == "CUP")
                             .values(no_withdrawal="custom"))
        assert return_case.grounds(work.session, case, order)[1] == "custom"
    assert shop.do(return_case.decide, case_id, "refuse", "z Twoim imieniem", ground="custom")
    with shop.works.reading(TESTER) as work:
        told = queries.refusal(work.session, case_id, "pl")
    assert ("pkt 3" in told, "z Twoim imieniem" in told) == (True, True)
    assert running(shop, case_id) == set()  # and no day of payment is told beside it


def test_promised_money_is_owed_until_all_of_it_is_planned(shop):
    case_id = opened(shop, "complaint")
    for lowered, key in ((20_00, "m1"), (30_00, "m2")):
        shop.do(return_case.answer, case_id, Answer("reduce", f"Taniej: {lowered}.", lowered))
        assert main_act(shop, case_id) == "refund"
        with shop.works.reading(TESTER) as work:
            assert queries.counts(work.session)["money"] == 1
        assert refused_at(shop, case_id, "close") == "note"
        pay(shop, case_id, key=key)
    assert main_act(shop, case_id) == "close"
    with shop.works.reading(TESTER) as work:
        assert queries.counts(work.session)["money"] == 0
    assert shop.do(return_case.decide, case_id, "close")


def test_a_withdrawal_without_its_delivery_is_not_paid_back(shop):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "withdrawal", lines={shop.lines()["CUP"]: 3, shop.lines()["TEA"]: 1}))
    with shop.works.reading(TESTER) as work:
        goods = replace(return_refund.usual(work, work.session.get_one(Return, case.id)),
                        delivery=False)
    with pytest.raises(Invalid) as refused:
        shop.do(return_refund.ask, case.id, goods, "cash", "m0")
    assert refused.value.field == "reason"
    [refund] = shop.do(return_refund.ask, case.id, goods, "cash", "m1", reason="po namyśle")
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)
    assert main_act(shop, case.id) == "refund"
    assert waiting_for_money(shop) == 1  # the queue follows the rule of the card
    assert "repay" in running(shop, case.id)  # not all that the law gives back has gone
    assert refused_at(shop, case.id, "close") == "note"
    told = case_of(shop, case.id)
    assert progress.next_of(
        told.kind, told.phase, "judged", told.money, owed=told.owed) == "in_part"
    pay(shop, case.id, key="m2")  # the delivery, which the form proposes
    assert (main_act(shop, case.id), waiting_for_money(shop)) == ("arrive", 0)
    assert "repay" not in running(shop, case.id)


def test_goods_that_come_after_their_part_was_paid_are_owed_again(shop):
    case_id = opened(shop, units=3)
    [line] = _lines(shop, case_id)
    shop.do(return_bench.judge, case_id, Judgement(line.id, "A", "restock", "k1", 2))
    pay(shop, case_id)
    assert ("repay" in running(shop, case_id), waiting_for_money(shop)) == (False, 0)
    shop.do(return_bench.judge, case_id, Judgement(line.id, "A", "restock", "k2", 1))
    assert ("repay" in running(shop, case_id), waiting_for_money(shop)) == (True, 1)
    pay(shop, case_id, key="m2")
    assert ("repay" in running(shop, case_id), waiting_for_money(shop)) == (False, 0)


def test_what_one_case_pays_is_owed_in_no_other_of_its_order(shop):
    first, last = opened(shop, units=3), opened(shop, sku="TEA")
    pay(shop, first)
    goods = Wish({shop.lines()["TEA"]: 1}, delivery=False)
    [refund] = shop.do(return_refund.ask, last, goods, "cash", "m2", reason="po namyśle")
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)
    assert waiting_for_money(shop) == 2  # all of the contract is withdrawn from: delivery, too
    pay(shop, last, key="m3")
    assert waiting_for_money(shop) == 0
    assert running(shop, first) == running(shop, last) == {"send_back"}


def waiting_for_money(shop):
    with shop.works.reading(TESTER) as work:
        return queries.counts(work.session)["money"]


def test_the_reduction_is_called_by_its_name_and_lowers_the_invoice(shop):
    case_id = opened(shop, "complaint")
    shop.do(return_case.answer, case_id, Answer("reduce", "Taniej.", 20_00))
    assert [one["kind"] for one in pay(shop, case_id).plan] == ["reduced"]
    assert correction([{"kind": "reduced", "amount": 20_00}]).lowered == 20_00


def test_a_repair_is_not_over_with_its_answer(shop):
    case_id = opened(shop, "complaint")
    shop.do(return_case.answer, case_id, Answer("repair", "Naprawimy."))
    assert main_act(shop, case_id) == "arrive"
    assert refused_at(shop, case_id, "close") == "note"
    assert shop.do(return_case.decide, case_id, "close", "odesłano po naprawie")


def test_money_that_went_before_the_goods_leaves_them_awaited(shop):
    case_id = opened(shop)
    pay(shop, case_id)
    assert main_act(shop, case_id) == "arrive"
    assert refused_at(shop, case_id, "close") == "note"


def test_what_did_not_come_is_said_and_the_case_goes_on_with_the_rest(shop):
    case_id = opened(shop, units=3)
    shop.do(return_bench.scan, case_of(shop, case_id).number, "s1")
    assert shop.do(return_bench.arrive, case_id)
    assert not shop.do(return_bench.arrive, case_id)
    [line] = _lines(shop, case_id)
    assert (case_of(shop, case_id).goods, line.arrived) == ("arrived", 0)
    with pytest.raises(NotAllowedNow, match="Judge first"):
        shop.do(return_bench.rest_missing, case_id, "x")
    shop.do(return_bench.judge, case_id, Judgement(line.id, "A", "restock", "k1", 2))
    assert case_of(shop, case_id).goods == "arrived"
    with pytest.raises(Invalid) as refused:
        shop.do(return_bench.rest_missing, case_id, " ")
    assert refused.value.field == "rest"
    assert shop.do(return_bench.rest_missing, case_id, "w paczce były dwie")
    assert not shop.do(return_bench.rest_missing, case_id, "w paczce były dwie")
    [line] = _lines(shop, case_id)
    assert (case_of(shop, case_id).goods, line.arrived, line.missing) == ("judged", 2, 1)
    refund = pay(shop, case_id)
    assert [one["units"] for one in refund.plan if one["units"]] == [2]
    assert refused_at(shop, case_id, "close") == "note"  # the third may still be proven sent
    shop.do(return_bench.judge, case_id, Judgement(line.id, "A", "restock", "k2", 1))
    [line] = _lines(shop, case_id)
    assert (line.arrived, line.missing) == (3, 0)


def _lines(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return cases.lines_of(work.session, case_id)


@pytest.mark.parametrize(("outcome", "lowered", "says"), [
    ("reduce", 20_00, "20,00"), ("refund", None, "zwracamy pieniądze"), ("", None, "Nie uznajemy"),
])
def test_the_letter_names_what_was_decided(shop, outcome, lowered, says):
    case_id = opened(shop, "complaint")
    shop.do(return_case.answer, case_id, Answer(outcome, "Obejrzeliśmy kubek.", lowered))
    shop.do(return_letter.answer, case_id)
    with shop.works.reading(TESTER) as work:
        [letter] = work.session.scalars(select(Message))
    assert says in letter.text
    assert "Obejrzeliśmy kubek." in letter.text


def test_a_box_of_other_goods_is_asked_about_and_its_order_may_be_undone(shop):
    case, _ = shop.do(return_bench.orphan, "PX", "s1")
    odd = shop.do(return_bench.pick_out, case.id, "5901234123457")
    shop.do(return_bench.judge, case.id, Judgement(odd, "B", "quarantine", "k1"))
    with pytest.raises(Invalid, match="None of these goods"):
        shop.do(return_case.belongs_to, case.id, shop.order_id)
    assert shop.do(return_case.belongs_to, case.id, shop.order_id, sure=True)
    assert shop.do(return_case.detach, case.id)
    cup = shop.do(return_bench.pick_out, case.id, "CUP")
    shop.do(return_bench.judge, case.id, Judgement(cup, "A", "restock", "k2"))
    assert shop.do(return_case.belongs_to, case.id, shop.order_id)
    assert _sold(shop) == (1, 1)
    assert shop.do(return_case.detach, case.id)
    assert not shop.do(return_case.detach, case.id)
    assert (_sold(shop), case_of(shop, case.id).order_id) == ((0, 0), None)
    assert {one.order_line_id for one in _lines(shop, case.id)} == {None}
    shop.do(return_case.belongs_to, case.id, shop.order_id)
    pay(shop, case.id, Wish({shop.lines()["CUP"]: 1}))
    with pytest.raises(NotAllowedNow, match="parted"):
        shop.do(return_case.detach, case.id)


def _sold(shop):
    with shop.works.reading(TESTER) as work:
        line = work.session.get_one(OrderLine, shop.lines()["CUP"])
        return line.returned, line.restocked
