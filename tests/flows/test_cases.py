"""Cases from the first word to the last: goods at the bench, money back, exchange, withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import Payment
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Works
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments import refunds
from oms_web.domain.payments.models import Payment as OurPayment
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import intake, queries, statements
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return, ReturnPhoto, ReturnUnit, Statement
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.stock.models import CUSTOMER, Balance, Move
from oms_web.domain.stock.service import default_bin
from oms_web.flows import (
    forget_photos,
    order_pay,
    return_bench,
    return_case,
    return_exchange,
    return_portal,
    return_refund,
    ship,
)
from oms_web.flows.order_in import take_in
from oms_web.flows.return_portal import Declared
from oms_web.inspection import ledgers
from tests import factories as make
from tests.after_sale import AfterSale
from tests.conftest import TESTER

BOOKS = ("I1", "I2", "I4", "I5", "I11", "I14", "I16", "I24", "counts")


@pytest.fixture
def shop(both):
    """A sent order; the books must agree after each test."""
    made = AfterSale(both)
    yield made
    with both.works.reading(TESTER) as work:
        assert ledgers.check(work.session, only=BOOKS) == []


def opened(shop, kind="return", **values):
    lines = shop.lines()
    wanted = values.pop("units", {"CUP": 3, "TEA": 1})
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        kind, lines={lines[sku]: n for sku, n in wanted.items()}, reason_code="defect",
        story="Ucho odpadło", **values))
    return case.id


def case_of(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(Return, case_id)


def judge(shop, case_id, sku="CUP", key="k", **values):
    with shop.works.reading(TESTER) as work:
        line = next(one for one in cases.lines_of(work.session, case_id) if one.sku == sku)
    said = Judgement(line.id, **{"grade": "A", "disposition": "restock", "key": key, **values})
    return shop.do(return_bench.judge, case_id, said)


def order_line(shop, sku="CUP"):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(OrderLine, shop.lines()[sku])


def on_hand(shop, sku, place):
    with shop.works.reading(TESTER) as work:
        return work.session.scalar(select(Balance.on_hand).where(
            Balance.variant_id == shop.ids[sku], Balance.location_id == place)) or 0


def rows(shop, model, *where):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(model).where(*where).order_by(model.id)).all()


# Opening -----------------------------------------------------------------------------------------


def test_each_kind_counts_for_itself_and_a_form_sent_twice_opens_one(shop):
    first = case_of(shop, opened(shop, units={"CUP": 1}, form_key="f1"))
    again = case_of(shop, opened(shop, units={"CUP": 1}, form_key="f1"))
    complaint = case_of(shop, opened(shop, "complaint", units={"TEA": 1}))
    second = case_of(shop, opened(shop, units={"CUP": 1}))
    assert again.id == first.id
    assert [one.number[:4] + one.number[-4:] for one in (first, complaint, second)] == [
        "RMA/0001", "REK/0001", "RMA/0002"]
    assert (first.goods, first.money, first.phase, first.total) == (
        "expected", "none", "new", 3333)
    assert complaint.due_at is not None
    assert second.due_at is None


@pytest.mark.parametrize(("values", "field"), [
    ({"units": {"CUP": 4}}, "units"), ({"units": {"CUP": -1}}, "units"),
    ({"kind": "gift"}, "kind"), ({"reasons": {1: "hate"}}, "reason_code"), ({"wish": "pony"},
                                                                         "wish"),
])
def test_what_makes_no_sense_is_refused_at_its_field(shop, values, field):
    with pytest.raises(Invalid) as refused:
        opened(shop, **values)
    assert refused.value.field == field
    assert rows(shop, Return) == []


def test_no_more_is_announced_than_was_sent_over_all_cases(shop):
    opened(shop, units={"CUP": 2})
    with pytest.raises(Invalid, match="from 1 to 1"):
        opened(shop, units={"CUP": 2})
    first = rows(shop, Return)[0]
    shop.do(return_case.decide, first.id, "call_off", "dwa razy", by="mistake")
    opened(shop, units={"CUP": 3})


def test_nothing_comes_back_of_what_never_left(shop):
    other = shop.sell("B1", sent=False)
    with pytest.raises(NotAllowedNow, match="has left yet"):
        shop.do(return_case.open_for, other, Opening("return", lines={shop.lines(other)["CUP"]: 1}))


def test_phases_guard_what_is_done(shop):
    case_id = opened(shop, "complaint")
    with pytest.raises(Invalid, match="Say why"):
        shop.do(return_case.decide, opened(shop, units={}), "refuse")
    assert shop.do(return_case.decide, case_id, "ask")
    assert not shop.do(return_case.decide, case_id, "ask")
    with pytest.raises(NotAllowedNow, match="by its answer"):
        shop.do(return_case.decide, case_id, "accept")
    with pytest.raises(NotAllowedNow):
        shop.do(return_case.decide, case_id, "close")
    said = Answer("replace", "Wysyłamy nowy.")
    assert shop.do(return_case.answer, case_id, said)
    assert not shop.do(return_case.answer, case_id, said)
    assert case_of(shop, case_id).due_at is None
    with pytest.raises(Invalid, match="still due"):
        shop.do(return_case.decide, case_id, "close")
    assert shop.do(return_case.decide, case_id, "close", "wymieniono w sklepie")
    assert shop.do(return_case.decide, case_id, "reopen")


# The bench ---------------------------------------------------------------------------------------


def test_each_unit_goes_where_it_belongs_once(shop):
    case_id = opened(shop)
    before = on_hand(shop, "CUP", shop.shelf)
    judge(shop, case_id, key="1")
    judge(shop, case_id, key="1")  # a double click
    judge(shop, case_id, key="2", grade="C", disposition="quarantine")
    assert case_of(shop, case_id).goods == "arrived"
    judge(shop, case_id, key="3", grade="D", disposition="scrap")
    judge(shop, case_id, "TEA", key="4", grade="B", disposition="supplier")
    line = order_line(shop)
    assert (line.shipped, line.returned, line.refunded, line.restocked) == (3, 3, 0, 1)
    assert on_hand(shop, "CUP", shop.shelf) == before + 1
    assert on_hand(shop, "CUP", shop.pen) == 1
    moves = rows(shop, Move, Move.from_id == CUSTOMER)
    assert [move.quantity for move in moves] == [1, 1, 1, 1]
    assert len({move.cause for move in moves}) == 4
    assert case_of(shop, case_id).goods == "judged"
    with pytest.raises(Invalid, match="From 1 to 0"):
        judge(shop, case_id, key="5")


@pytest.mark.parametrize(("values", "field"), [
    ({"grade": "E"}, "grade"), ({"disposition": "eat"}, "disposition"), ({"quantity": 4},
    "quantity"), ({"location_id": 99}, "location"), ({"location_id": "pen"}, "location"),
    ({"quantity": 0}, "quantity"), ({"key": ""}, ""),
])
def test_a_wrong_judgement_moves_nothing(shop, values, field):
    case_id = opened(shop)
    values = {name: shop.pen if value == "pen" else value for name, value in values.items()}
    with pytest.raises(Invalid) as refused:
        judge(shop, case_id, **values)
    assert refused.value.field == field
    assert rows(shop, ReturnUnit) == []


def test_a_part_arrives_and_the_rest_is_still_awaited(shop):
    case_id = opened(shop)
    judge(shop, case_id, quantity=2)
    case = case_of(shop, case_id)
    assert (case.goods, case.received_at is not None) == ("arrived", True)


def test_a_parcel_that_could_not_be_delivered_opens_its_case_by_its_number(shop):
    shipment = rows(shop, ship.Shipment)[0]
    shop.do(ship.came_to_nothing, shipment.id, "odmowa przyjęcia")
    number = f"6200000{shop.order_id}"
    found = shop.do(return_bench.scan, number, "s1")
    case = case_of(shop, found.case_id)
    assert (found.fresh, case.reason_code, case.shipment_id) == (True, "not_collected", shipment.id)
    assert not shop.do(return_bench.arrive, case.id)  # the scan took it in
    assert case_of(shop, case.id).goods == "arrived"
    assert shop.do(return_bench.scan, number, "s2").case_id == case.id


def test_several_orders_come_in_one_box_and_each_has_its_case(shop):
    other = shop.sell("B1")
    for order_id in (shop.order_id, other):
        found = shop.do(return_bench.scan, str(order_id), f"s{order_id}")
        shop.do(return_bench.arrive, found.case_id, str(order_id))
    assert shop.do(return_bench.same_box, 1, found.case_id)
    assert not shop.do(return_bench.same_box, 1, found.case_id)
    assert not shop.do(return_bench.same_box, 1, 1)
    with shop.works.reading(TESTER) as work:
        first = work.session.scalars(select(Return).order_by(Return.id)).first()
        assert [one.order_id for one in queries.in_box(work.session, first)] == [other]


def test_a_parcel_that_matches_nothing_is_taken_in_and_finds_its_order_later(shop):
    with pytest.raises(NotFound, match="UNKNOWN"):
        shop.do(return_bench.scan, "UNKNOWN", "s1")
    case, fresh = shop.do(return_bench.orphan, "UNKNOWN", "s1")
    assert fresh
    line = shop.do(return_bench.pick_out, case.id, "CUP")
    shop.do(return_bench.judge, case.id, Judgement(line, "A", "restock", "k1"))
    odd = shop.do(return_bench.pick_out, case.id, "5901234123457")
    shop.do(return_bench.judge, case.id, Judgement(odd, "B", "quarantine", "k2"))
    assert order_line(shop).returned == 0
    assert shop.do(return_case.belongs_to, case.id, shop.order_id)
    assert not shop.do(return_case.belongs_to, case.id, shop.order_id)
    line = order_line(shop)
    assert (line.returned, line.restocked) == (1, 1)
    with shop.works.reading(TESTER) as work:
        wrong = [one.sku for one in cases.lines_of(work.session, case.id)
                 if one.order_line_id is None]
    assert wrong == ["ODD"]


def test_a_bundle_comes_back_as_its_parts(shop):
    with shop.works.writing(TESTER) as work:
        make.variant(work, "SET", parts={shop.ids["CUP"]: 2, shop.ids["TEA"]: 1})
        sold = take_in(work, shop.account(work), [make.order("S1", {"SET": 1})]).order_ids[0]
    shop.do(ship.ship_order, sold)
    case, _ = shop.do(return_case.open_for, sold, Opening(
        "return", lines={shop.lines(sold)["SET"]: 1}))
    before = on_hand(shop, "CUP", shop.shelf)
    judge(shop, case.id, "SET", key="set")
    assert on_hand(shop, "CUP", shop.shelf) == before + 2
    assert len(rows(shop, Move, Move.cause.startswith("return_unit:"))) == 2


def test_old_photos_of_closed_cases_are_forgotten_and_open_ones_stay(shop):
    files = shop.works.ports["files"]
    for n in range(2):
        case_id = opened(shop, units={"CUP": 1})
        name = files.put(f"photo {n}".encode(), ".webp")
        shop.do(return_bench.add_photo, case_id, name, name)
        assert not shop.do(return_bench.add_photo, case_id, name, name)
    shop.do(return_case.decide, case_id, "call_off", "dwa razy", by="mistake")
    later = Works(shop.works.engine, lambda: shop.works.clock() + timedelta(days=90),
                  shop.works.ports)
    assert (forget_photos.forget_old(shop.works), forget_photos.forget_old(later)) == (0, 1)
    assert [one.return_id for one in rows(shop, ReturnPhoto)] == [1]
    with pytest.raises(NotFound):
        files.path(name)


# Money -------------------------------------------------------------------------------------------


def ask(shop, case_id, wish=None, method="cash", key="m1", **values):
    with shop.works.reading(TESTER) as work:
        wish = wish or return_refund.usual(work, work.session.get_one(Return, case_id))
    return shop.do(return_refund.ask, case_id, wish, method, key, **values)


def pay(shop, refund_id, *acts):
    for name in acts:
        shop.do(return_refund.act, refund_id, name)


def order_of(shop):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(Order, shop.order_id)


def test_a_whole_withdrawal_goes_back_to_the_grosz_with_the_delivery(shop):
    case_id = opened(shop, "withdrawal")
    [refund] = ask(shop, case_id)
    assert (refund.amount, order_of(shop).refund_pending) == (11999, 11999)
    assert case_of(shop, case_id).money == "planned"
    pay(shop, refund.id, "approve", "send", "done")
    order, case = order_of(shop), case_of(shop, case_id)
    assert (order.paid_total, order.refund_pending, order.refunded_total) == (0, 0, 11999)
    assert (case.money, order.payment_state, order_line(shop).refunded) == ("refunded", "paid", 3)
    pay(shop, refund.id, "done")
    assert [row.amount for row in rows(shop, OurPayment)] == [11999, -11999]


def test_goods_without_money_and_money_without_goods(shop):
    case_id = opened(shop, units={"CUP": 3})
    judge(shop, case_id, quantity=3)
    assert case_of(shop, case_id).money == "none"
    gesture = opened(shop, "complaint", units={})
    [refund] = ask(shop, gesture, Wish(other=500), key="m2")
    pay(shop, refund.id, "approve", "done")
    case = case_of(shop, gesture)
    assert (case.goods, case.money, order_line(shop).refunded) == ("none", "refunded", 0)


def test_partial_refunds_add_up_and_the_form_sent_twice_is_one(shop):
    case_id = opened(shop)
    line = shop.lines()["CUP"]
    amounts = []
    for n in range(3):
        [refund] = ask(shop, case_id, Wish({line: 1}), key=f"m{n}")
        assert ask(shop, case_id, Wish({line: 1}), key=f"m{n}")[0].id == refund.id
        amounts.append(refund.amount)
    assert sum(amounts) == 9999 - 833  # the order's discount of 10.00, as on its invoice
    with pytest.raises(Invalid, match="only 0 units"):
        ask(shop, case_id, Wish({line: 1}), key="m9")


def test_the_proposal_follows_what_came_and_what_is_paid_back_already(shop):
    case_id = opened(shop, units={"CUP": 2, "TEA": 1})
    lines = shop.lines()

    def proposed():
        with shop.works.reading(TESTER) as work:
            return return_refund.usual(work, work.session.get_one(Return, case_id)).units

    shop.do(return_bench.arrive, case_id)
    assert proposed() == {lines["CUP"]: 2, lines["TEA"]: 1}
    judge(shop, case_id, key="first half")
    assert proposed() == {lines["CUP"]: 1}
    ask(shop, case_id)
    assert proposed() == {}
    judge(shop, case_id, key="second half")
    judge(shop, case_id, "TEA", key="tea")
    assert proposed() == {lines["CUP"]: 1, lines["TEA"]: 1}


def test_another_amount_needs_a_reason_and_stays_within_what_was_paid(shop):
    case_id = opened(shop)
    with pytest.raises(Invalid) as refused:
        ask(shop, case_id, amount=5000)
    assert refused.value.field == "reason"
    with pytest.raises(Invalid, match="No more can go back"):
        ask(shop, case_id, amount=12000, reason="za dużo")
    [refund] = ask(shop, case_id, amount=5000, reason="używane")
    assert (refund.amount, sum(item["amount"] for item in refund.plan)) == (5000, 5000)


@pytest.mark.parametrize(("typed", "kept"), [
    ("61109010140000071219812874", "PL61109010140000071219812874"),
    ("PL61 1090 1014 0000 0712 1981 2874", "PL61109010140000071219812874"), ("", ""),
    ("61109010140000071219812875", None), ("12", None),
])
def test_an_account_number_is_checked(typed, kept):
    if kept is None:
        with pytest.raises(Invalid):
            return_refund.bank_account(typed)
    else:
        assert return_refund.bank_account(typed) == kept


def test_dropped_money_is_free_again_and_pending_money_cannot_be_given_away(shop):
    case_id = opened(shop)
    [refund] = ask(shop, case_id, amount=10000, reason="x")
    payment = rows(shop, OurPayment)[0]
    with pytest.raises(NotAllowedNow, match="about to go back"):
        shop.do(order_pay.give_back, shop.order_id, 5000, "", make.NOON, "ref")
    assert payment.amount == 11999
    with pytest.raises(Invalid, match="Say why"):
        shop.do(return_refund.act, refund.id, "drop")
    shop.do(return_refund.act, refund.id, "drop", why="pomyłka")
    assert (order_of(shop).refund_pending, case_of(shop, case_id).money) == (0, "none")
    assert shop.do(order_pay.give_back, shop.order_id, 5000, "", make.NOON, "ref")


def test_a_voucher_comes_back_as_credit(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(OurPayment).values(method="Karta podarunkowa"))
    found = ask(shop, opened(shop, "withdrawal"))
    assert [(one.method, one.amount) for one in found] == [("credit", 11999)]


def test_the_echo_of_our_own_refund_has_no_second_effect(shop):
    case_id = opened(shop, units={"TEA": 1})
    [refund] = ask(shop, case_id, method="pages")
    pay(shop, refund.id, "approve", "send")

    def tell(revision, *back):
        told = shop.sold("A1", state="shipped", revision=revision)
        told = replace(told, payments=(*told.payments, *(
            Payment(name, Decimal(amount), make.NOON, "BLIK") for name, amount in back)))
        with shop.works.writing(TESTER) as work:
            take_in(work, shop.account(work), [told])

    mine = Decimal(-refund.amount) / 100
    tell("2", ("R1", mine))  # settles it: the answer was never typed in
    order = order_of(shop)
    assert (order.paid_total, order.refund_pending) == (11999 - refund.amount, 0)
    assert (case_of(shop, case_id).money, rows(shop, Refund)[0].state) == ("refunded", "done")
    tell("3", ("R1", mine))
    pay(shop, refund.id, "done")
    assert order_of(shop).paid_total == 11999 - refund.amount
    tell("4", ("R1", mine), ("R2", Decimal("-5.00")))  # and this one is none of ours
    assert order_of(shop).paid_total == 11999 - refund.amount - 500
    tell("5", ("R1", mine), ("R2", Decimal("-5.00")), ("R3", mine))  # as much once more
    assert order_of(shop).paid_total == 11999 - 2 * refund.amount - 500


def test_an_echo_after_the_refund_was_typed_in_adds_nothing(shop):
    [refund] = ask(shop, opened(shop, units={"TEA": 1}), method="pages")
    pay(shop, refund.id, "approve", "send", "done")
    told = shop.sold("A1", state="shipped", revision="2")
    back = Payment("R1", Decimal(-refund.amount) / 100, make.NOON, "BLIK")
    with shop.works.writing(TESTER) as work:
        take_in(work, shop.account(work), [replace(told, payments=(*told.payments, back))])
    assert order_of(shop).paid_total == 11999 - refund.amount
    assert [row.amount for row in rows(shop, OurPayment)] == [11999, -refund.amount]


def test_an_echo_before_the_refund_was_typed_in_settles_it(shop):
    """Approved, done on the channel's pages, and told before anybody comes back here."""
    [refund] = ask(shop, opened(shop, units={"TEA": 1}), method="pages")
    pay(shop, refund.id, "approve")
    told = shop.sold("A1", state="shipped", revision="2")
    back = Payment("R1", Decimal(-refund.amount) / 100, make.NOON, "BLIK")
    with shop.works.writing(TESTER) as work:
        take_in(work, shop.account(work), [replace(told, payments=(*told.payments, back))])
    pay(shop, refund.id, "done")
    assert order_of(shop).paid_total == 11999 - refund.amount


def test_a_channel_that_only_says_paid_does_not_pay_again_what_a_person_gave_back(shop):
    with shop.works.writing(TESTER) as work:
        sold = take_in(work, shop.account(work), [make.order("P1", {"CUP": 1})]).order_ids[0]
    shop.do(order_pay.give_back, sold, 500, "cash", make.NOON, "back:1")
    with shop.works.writing(TESTER) as work:
        take_in(work, shop.account(work), [make.order("P1", {"CUP": 1}, revision="2",
                                                      state="delivered")])
    with shop.works.reading(TESTER) as work:
        order = work.session.get_one(Order, sold)
        assert order.paid_total == order.total - 500


def test_a_channel_that_only_says_paid_does_not_pay_our_refund_again(shop):
    with shop.works.writing(TESTER) as work:
        sold = take_in(work, shop.account(work), [make.order("P1", {"CUP": 1})]).order_ids[0]
    shop.do(ship.ship_order, sold)
    [line] = shop.lines(sold).values()
    case, _ = shop.do(return_case.open_for, sold, Opening("withdrawal", lines={line: 1}))
    [refund] = ask(shop, case.id)
    pay(shop, refund.id, "approve", "done")
    with shop.works.writing(TESTER) as work:
        take_in(work, shop.account(work), [make.order("P1", {"CUP": 1}, revision="2",
                                                      state="delivered")])
    with shop.works.reading(TESTER) as work:
        assert work.session.get_one(Order, sold).paid_total == 0


# Exchange ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "state", "rest"), [
    ("20.00", "part", 0), ("18.00", "paid", 33), ("18.33", "paid", 0)])
def test_another_thing_is_reserved_at_once_and_the_difference_is_settled(shop, price, state, rest):
    case_id = opened(shop, "exchange", units={"TEA": 1})
    wanted = [return_exchange.Position(shop.ids["TEA"], 1, int(Decimal(price) * 10**6))]
    new, fresh = shop.do(return_exchange.exchange, case_id, wanted)
    again, repeated = shop.do(return_exchange.exchange, case_id, wanted)
    assert (fresh, repeated, again.id) == (True, False, new.id)
    with shop.works.reading(TESTER) as work:
        mine = work.session.get_one(Order, new.id)
        reserved = work.session.scalar(select(OrderLine.reserved).where(
            OrderLine.order_id == new.id))
    assert (reserved, mine.payment_state) == (1, state)
    case = case_of(shop, case_id)
    assert (case.phase, case.money) == ("accepted", "planned" if rest else "credit")
    assert [one.amount for one in rows(shop, Refund, Refund.state == "planned")] == (
        [rest] if rest else [])
    assert order_of(shop).paid_total + mine.paid_total == 11999


def test_what_an_exchange_carried_over_is_not_taken_back_by_hand(shop):
    """It would be gone from both orders."""
    case_id = opened(shop, "exchange", units={"TEA": 1})
    new, _ = shop.do(return_exchange.exchange, case_id,
                     [return_exchange.Position(shop.ids["TEA"], 1, 18_330_000)])
    [carried] = rows(shop, OurPayment, OurPayment.order_id == new.id)
    with pytest.raises(NotFound):
        shop.do(order_pay.take_back, new.id, carried.id, "pomyłka")
    assert sum(one.amount for one in rows(shop, OurPayment)) == 11999


# The buyer ---------------------------------------------------------------------------------------


def declared(shop, **values):
    return Declared(**{"name": "Anna Testowa", "email": "anna@example.test", "number": "A1",
                       "key": "b1", **values})


def test_a_withdrawal_is_kept_word_for_word_and_acknowledged_at_once(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Order).values(external_number="A1"))
    case, record, fresh = shop.do(return_portal.withdraw, declared(shop))
    _, same, again = shop.do(return_portal.withdraw, declared(shop))
    assert (fresh, again, same.id) == (True, False, record.id)
    assert (case.kind, case.order_id, case.goods) == ("withdrawal", shop.order_id, "expected")
    [letter] = rows(shop, Message)
    assert letter.recipient == "anna@example.test"
    for part in (case.number, "3 × Kubek", record.digest, "Potwierdzenie"):
        assert part in letter.text + letter.subject
    assert str(record.at.year) in letter.text
    assert case.due_at is not None
    with shop.works.reading(TESTER) as work:
        assert statements.broken(work.session.scalars(select(Statement)).all()) == []
    for change in ("UPDATE return_statement SET kind = 'x'", "DELETE FROM return_statement"):
        with pytest.raises(DBAPIError), shop.works.writing(TESTER) as work:
            work.session.connection().exec_driver_sql(change)


def test_a_statement_with_a_wrong_number_counts_and_tells_a_stranger_nothing(shop):
    case, _, _ = shop.do(return_portal.withdraw, declared(shop, number="A-ONE", what="kubki"))
    assert (case.order_id, case.story, case.reason) == (None, "kubki", "A-ONE")
    assert [one.order_id for one in rows(shop, Message)] == [None]
    for number, email in (("A1", "eve@example.test"), ("", ""), ("9" * 40, "anna@example.test")):
        shop.do(return_portal.send_link, number, email)
    assert len(rows(shop, Message)) == 1
    shop.do(return_portal.send_link, str(shop.order_id), "ANNA@example.test ")
    shop.do(return_portal.send_link, str(shop.order_id), "anna@example.test")
    assert "https://sklep.example/o/" in rows(shop, Message)[1].text
    assert len(rows(shop, Message)) == 2


def test_a_buyer_complains_and_the_clock_runs(shop):
    case, _ = shop.do(return_portal.request, shop.order_id, Opening(
        "complaint", source="buyer", lines={shop.lines()["CUP"]: 1}, story="Pękł", wish="replace",
        reason_code="defect", goods="none", form_key="c1"), "pl")
    assert case.due_at - case.created_at < timedelta(days=15)
    assert "Pękł" in rows(shop, Message)[0].text
    with pytest.raises(Invalid, match="Choose what it is about"):
        shop.do(return_portal.request, shop.order_id, Opening("return", lines={}), "pl")


def test_a_broken_chain_is_found(shop):
    for n in range(3):
        shop.do(return_portal.withdraw, declared(shop, number=f"X{n}", key=f"k{n}"))
    with shop.works.reading(TESTER) as work:
        found = work.session.scalars(select(Statement).order_by(Statement.id)).all()
        found[1].content = {**found[1].content, "name": "Ktoś inny"}
        assert statements.broken(found) == [found[1].id]
        assert statements.broken([found[0], found[2]]) == [found[2].id]


def test_reasons_by_product(shop):
    opened(shop, units={"CUP": 2})
    with shop.works.reading(TESTER) as work:
        [cup] = queries.reasons(work.session, make.NOON - timedelta(days=30))
        assert intake.units_of(work.session, 1) == []
    assert (cup.sku, cup.returned, cup.sent, cup.share, cup.reasons) == (
        "CUP", 2, 3, 67, {"defect": 2})
    assert rows(shop, Return)[0].total == 6666


def test_default_places_differ_by_what_is_sold(shop):
    with shop.works.reading(TESTER) as work:
        assert default_bin(work.session, sellable=False) == shop.pen
        assert work.session.scalar(select(func.count()).select_from(Refund)) == 0
        assert refunds.free(work.session, work.session.get_one(Order, shop.order_id)) == 11999
