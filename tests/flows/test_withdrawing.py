"""Withdrawals by the buyer: once for each unit, never of what is excepted, always acknowledged."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.messages.models import Message
from oms_web.domain.orders import taking
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import order_lines
from oms_web.domain.orders.taking import Position, Taken
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import exchange_facts, statements, turning, withdrawing
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import CaseClock, Return, ReturnLine
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.returns.withdrawing import Share
from oms_web.flows import (
    order_create,
    order_split,
    return_bench,
    return_case,
    return_portal,
    return_refund,
)
from oms_web.flows.return_portal import Declared
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(oms):
    made = AfterSale(oms, delivered=True)
    made.cup, made.tea = made.lines()["CUP"], made.lines()["TEA"]
    return made


def declare(shop, key="k", order_id=None, **values):
    return shop.do(return_portal.withdraw, Declared(**{
        "name": "Anna Testowa", "email": "anna@example.test", "number": "", "key": key,
        "order_id": order_id or shop.order_id, **values}))


def rows(shop, model, *where):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(model).where(*where).order_by(model.id)).all()


def left(shop, order_id=None):
    with shop.works.reading(TESTER) as work:
        order = work.session.get_one(Order, order_id or shop.order_id)
        found = withdrawing.of_order(work.session, order,
                                     order_lines(work.session, order.id))
        return {one.line.sku: one.left for one in found.values()}


def terms(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return {one.what for one in cases.clocks_of(work.session, case_id)}


def pay_back(shop, case_id, units):
    [refund] = shop.do(return_refund.ask, case_id, Wish(units), "cash", f"r{case_id}")
    for act in ("approve", "done"):
        shop.do(return_refund.act, refund.id, act)


@pytest.mark.parametrize(("ordered", "cancelled", "refunded", "shares", "free"), [
    (3, 0, 0, (), 3),
    (3, 1, 0, (), 2),
    (3, 0, 2, (), 1),
    (3, 0, 1, ((2, 0),), 1),  # paid back of what is in a case: counts once
    (3, 1, 0, ((0, 1),), 2),  # declared before it left, cancelled since
    (3, 0, 1, ((0, 1),), 2),  # the same, and paid back
    (2, 0, 0, ((1, 0), (1, 0)), 0),
    (1, 1, 1, ((1, 1),), 0),
])
def test_each_unit_is_withdrawn_from_once(ordered, cancelled, refunded, shares, free):
    found = [Share(Return(), lines, unsent) for lines, unsent in shares]
    assert withdrawing.left(ordered, cancelled, refunded, found) == free


def test_what_came_back_and_was_paid_back_opens_no_second_case(shop):
    case, record, _ = declare(shop, lines={shop.tea: 1})
    assert (record.content["effect"], left(shop)) == ("new", {"CUP": 3, "TEA": 0})
    shop.do(return_case.decide, case.id, "accept")
    shop.do(return_bench.arrive, case.id)
    pay_back(shop, case.id, {shop.tea: 1})
    again, second, fresh = declare(shop, "k2", lines={shop.tea: 1})
    assert (again.id, second.content["effect"], fresh) == (case.id, "held", True)
    _, same, fresh = declare(shop, "k2", lines={shop.tea: 1})
    assert (same.id, fresh) == (second.id, False)
    assert len(rows(shop, Return)) == 1
    first, letter = rows(shop, Message)
    assert "odesłać w ciągu 14 dni" in first.text
    assert "nie trzeba go zgłaszać drugi raz" in letter.text
    assert second.digest in letter.text
    assert "odesłać" not in letter.text


def test_a_withdrawal_names_no_reason_nobody_gave(shop):
    case, _, _ = declare(shop, lines={shop.tea: 1})
    assert case.reason_code == ""
    assert [one.reason_code for one in rows(shop, ReturnLine)] == [""]


def test_a_statement_about_all_takes_what_is_left(shop):
    declare(shop, lines={shop.cup: 1})
    case, record, _ = declare(shop, "k2")
    assert {one.order_line_id: one.quantity
            for one in rows(shop, ReturnLine, ReturnLine.return_id == case.id)} == {
        shop.cup: 2, shop.tea: 1}
    assert record.content["goods"] == [[3, "Kubek"], [1, "Herbata"]]  # kept as it was declared


@pytest.mark.parametrize("said", ["", "accept", "ask", "refuse"])
def test_a_return_by_leave_goes_on_as_a_withdrawal(shop, said):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "return", source="buyer", lines={shop.tea: 1}, form_key="r"), "pl")
    if said:
        shop.do(return_case.decide, case.id, said, "po czasie")
    assert "repay" not in terms(shop, case.id)
    same, record, _ = declare(shop, lines={shop.tea: 1})
    assert (same.id, same.kind, record.content["effect"]) == (case.id, "withdrawal", "turned")
    assert same.phase == "accepted"  # it goes on, whatever was said of the return
    assert {"repay", "send_back", "withdraw"} <= terms(shop, case.id)
    assert declare(shop, "k2", lines={shop.tea: 1})[1].content["effect"] == "held"
    assert len(rows(shop, Return)) == 1


def marked(shop, reason, sku="TEA"):
    """The product says from now on that nobody withdraws from its sale."""
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Product).where(Product.id == select(
            Variant.product_id).where(Variant.sku == sku).scalar_subquery())
            .values(no_withdrawal=reason))


def test_what_a_product_says_counts_from_the_sale_on(shop):
    """What was sold before is withdrawn from as it was sold, whichever way the order came."""
    marked(shop, "custom")
    assert left(shop) == {"CUP": 3, "TEA": 1}
    case, record, _ = declare(shop, lines={shop.tea: 1})
    assert record.content["effect"] == "new"
    with shop.works.reading(TESTER) as work:
        order = work.session.get_one(Order, shop.order_id)
        assert "custom" in return_case.grounds(work.session, case, order)[0]  # a person may know it
        assert return_case.grounds(work.session, case, order)[1] == ""
    told = shop.sell("B1")
    with shop.works.writing(TESTER) as work:
        sold = work.session.get_one(Order, shop.order_id)
        desk = taking.store(work, Taken([Position(shop.ids["TEA"], 2, 20_000_000)], ship_to=dict(
            sold.ship_to), buyer={name: getattr(sold, name) for name in (
                "buyer_name", "buyer_email", "buyer_phone", "buyer_company", "tax_id")},
            currency="PLN")).id
    shop.do(order_create.confirm, desk)
    part = shop.do(order_split.split, desk, {shop.lines(desk)["TEA"]: 1})
    marked(shop, "")
    assert left(shop, told) == {"CUP": 3, "TEA": 0}
    assert left(shop, desk) == left(shop, part) == {"TEA": 0}


def test_goods_made_to_order_are_left_out_and_the_buyer_is_told(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(OrderLine).where(OrderLine.id == shop.tea)
                             .values(no_withdrawal="custom"))
    assert left(shop) == {"CUP": 3, "TEA": 0}
    alone, record, _ = declare(shop, lines={shop.tea: 1})
    assert (record.content["effect"], terms(shop, alone.id)) == ("excepted", set())
    assert [one.quantity for one in rows(shop, ReturnLine)] == [1]  # the seller may take it back
    case, record, _ = declare(shop, "k2")
    assert record.content["effect"] == "new"
    assert [one.sku for one in rows(shop, ReturnLine, ReturnLine.return_id == case.id)] == ["CUP"]
    first, second = rows(shop, Message)
    assert "art. 38" in first.text
    assert "nie przewiduje odstąpienia dla: Herbata" not in first.text
    assert "odesłać w ciągu 14 dni" in second.text
    assert "nie przewiduje odstąpienia dla: Herbata" in second.text


def test_sealed_goods_may_be_withdrawn_from_as_long_as_nobody_opened_them(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(OrderLine).values(no_withdrawal="hygiene"))
    assert left(shop) == {"CUP": 3, "TEA": 1}


def test_what_has_not_left_is_withdrawn_from_once(shop):
    order_id = shop.sell("B1", sent=False)
    case, _, _ = declare(shop, order_id=order_id)
    assert (case.goods, left(shop, order_id)) == ("none", {"CUP": 0, "TEA": 0})
    assert "nie ma czego odsyłać" in rows(shop, Message)[0].text
    assert declare(shop, "k2", order_id)[1].content["effect"] == "held"
    with shop.works.reading(TESTER) as work:
        assert len(statements.of_case(work.session, case.id)) == 2


def test_all_paid_back_without_a_case_is_still_taken_down(shop):
    with shop.works.writing(TESTER) as work:
        for line in order_lines(work.session, shop.order_id):
            line.refunded = line.quantity
    case, record, _ = declare(shop)
    assert (record.content["effect"], terms(shop, case.id)) == ("nothing", set())
    assert rows(shop, ReturnLine) == []


def test_where_an_order_came_from_is_no_number_of_it(shop):
    with shop.works.writing(TESTER) as work:
        order = work.session.get_one(Order, shop.order_id)
        assert return_portal.number_of(order) == (order.external_number or str(order.id))
        order.account_id, order.external_number = None, "tel."
        work.session.flush()
        assert return_portal.number_of(order) == str(shop.order_id)
        assert return_portal.find(work.session, "tel.", "anna@example.test") is None
        assert return_portal.find(work.session, str(shop.order_id), "anna@example.test") is order


def planned(shop, case_id, units, *, sent=False, wear=None):
    [refund] = shop.do(return_refund.ask, case_id, Wish(units, wear or {}), "cash", f"r{case_id}")
    for act in ("approve", "done") if sent else ("approve",):
        shop.do(return_refund.act, refund.id, act)
    return refund


def by_leave(shop, **units):
    return shop.do(return_portal.request, shop.order_id, Opening(
        "return", source="buyer", lines={getattr(shop, name): n for name, n in units.items()},
        form_key="r"), "pl")[0]


def amounts(shop, case_id):
    return [(one.state, one.amount) for one in rows(shop, Refund, Refund.case_id == case_id)]


def test_what_was_only_planned_is_planned_anew_with_delivery(shop):
    case = by_leave(shop, cup=3, tea=1)
    planned(shop, case.id, {shop.cup: 3, shop.tea: 1}, wear={shop.cup: 777})
    assert amounts(shop, case.id) == [("approved", 10999 - 777)]
    same, record, _ = declare(shop)
    assert (same.id, same.kind, same.phase, record.content["effect"]) == (
        case.id, "withdrawal", "accepted", "turned")
    assert {"repay", "send_back", "withdraw"} <= terms(shop, case.id)
    assert amounts(shop, case.id) == [("refused", 10999 - 777), ("planned", 11999 - 777)]
    old, new = rows(shop, Refund, Refund.case_id == case.id)
    assert "delivery" not in old.why  # it may be owed or not
    assert new.created_by == "system"  # the buyer has declared, and planned nothing


def test_what_was_paid_without_delivery_leaves_delivery_owed(shop):
    case = by_leave(shop, cup=3, tea=1)
    planned(shop, case.id, {shop.cup: 3, shop.tea: 1}, sent=True)
    same, record, _ = declare(shop)
    assert (same.id, same.kind, record.content["effect"]) == (case.id, "withdrawal", "turned")
    assert amounts(shop, case.id) == [("done", 10999), ("planned", 1000)]
    assert "repay" in [one.what for one in rows(shop, CaseClock, CaseClock.stopped_at.is_(None))]


def test_a_statement_that_came_late_leaves_planned_money_alone(shop, monkeypatch):
    case = by_leave(shop, cup=1)
    planned(shop, case.id, {shop.cup: 1})
    monkeypatch.setattr(turning, "in_time", lambda *_: False)
    same, record, _ = declare(shop, lines={shop.cup: 3})
    assert record.content["effect"] == "new"  # of the two that were left
    assert [one.kind for one in rows(shop, Return)] == ["return", "withdrawal"]
    assert amounts(shop, case.id) == [("approved", 3055)]
    assert same.id != case.id


def test_all_of_it_means_also_what_is_in_a_return_by_leave(shop):
    case = by_leave(shop, tea=1)
    own, record, _ = declare(shop)
    assert {one.kind for one in rows(shop, Return)} == {"withdrawal"}
    assert (record.content["effect"], record.content["turned"]) == ("new", [case.number])
    with shop.works.reading(TESTER) as work:
        [_, there] = statements.of_case(work.session, case.id)
        assert there.content["effect"] == "turned"
    assert case.number in rows(shop, Message)[-1].text
    _, same, fresh = declare(shop)
    assert (same.id, fresh) == (record.id, False)
    assert own.id != case.id


def exchanged(shop, **units):
    return shop.do(return_portal.request, shop.order_id, Opening(
        "exchange", source="buyer", lines={getattr(shop, name): n for name, n in units.items()},
        instead="zielony", form_key="x"), "pl")[0]


def meant(shop, case_id):
    found = rows(shop, ReturnLine, ReturnLine.return_id == case_id)
    return {one.sku: one.quantity for one in found}


@pytest.mark.parametrize(("stated", "kept"), [
    ({"cup": 1}, {"CUP": 2, "TEA": 1}), ({"cup": 3}, {"TEA": 1}), ({"tea": 1}, {"CUP": 3}),
])
def test_a_statement_about_some_of_an_exchange_leaves_the_rest_of_it(shop, stated, kept):
    """The money is for the units stated, without delivery; the others are still exchanged."""
    case = exchanged(shop, cup=3, tea=1)
    own, record, _ = declare(shop, lines={getattr(shop, name): n for name, n in stated.items()})
    with shop.works.reading(TESTER) as work:
        there = cases.get(work.session, case.id)
        wish = return_refund.usual(work, cases.get(work.session, own.id))
        made = return_refund.plan(work, cases.get(work.session, own.id), wish)
        assert exchange_facts.withdrew(work.session, there) is None
    assert (own.kind, own.phase, record.content["effect"]) == ("withdrawal", "accepted", "new")
    assert (there.kind, meant(shop, case.id)) == ("exchange", kept)
    assert there.total == sum(one.total for one in rows(
        shop, ReturnLine, ReturnLine.return_id == case.id))
    assert wish.units == {getattr(shop, name): n for name, n in stated.items()}
    assert [item.kind for item in made.items] == ["goods"]
    entry = rows(shop, AuditEntry, AuditEntry.act == "returns.part")[0]
    assert (entry.subject_id, entry.change["case"][1]) == (case.id, own.number)
    assert left(shop) == {"CUP": 0, "TEA": 0}
