"""What the buyer paid, less what went back, against what the order is worth now."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import OrderLine as Line
from sqlalchemy import func, select

from oms_web.core.errors import OmsError
from oms_web.domain.company.models import Company
from oms_web.domain.orders import lineage, outgoing
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import (
    order_cancel,
    order_pay,
    order_split,
    return_case,
    return_portal,
    return_refund,
)
from oms_web.flows.order_in import take_in
from oms_web.flows.return_portal import Declared
from oms_web.inspection import ledgers
from tests import factories as make
from tests.after_sale import AfterSale
from tests.conftest import TESTER
from tests.sizes import size


@pytest.fixture
def shop(both):
    """A sent order; the books must agree after each test."""
    made = AfterSale(both)
    hears_cancellations(made)
    yield made
    with both.works.reading(TESTER) as work:
        assert ledgers.check(work.session, only=["I14", "I16"]) == []


def hears_cancellations(shop):
    """Its channel is told of cancellations a little later, so that they can be recalled."""
    with shop.works.writing(TESTER) as work:
        shop.account(work).tell_cancelled = True
        work.session.merge(Company(id=1, recall_seconds=60))


def money(shop, order_id):
    """(state, what is due of its purchase, whether that is doubted)."""
    with shop.works.reading(TESTER) as work:
        order = work.session.get_one(Order, order_id)
        doubts = work.session.scalars(select(Finding.id).where(
            Finding.order_id == order_id, Finding.settled_at.is_(None))).all()
        return order.payment_state, lineage.due(work.session, order), bool(doubts)


def withdrawn(shop, order_id, units, key="k"):
    case, *_ = shop.do(return_portal.withdraw, Declared(
        "Anna", "anna@example.test", "", key, order_id, units))
    return case.id


def pay_back(shop, case_id, units, key="r", **values):
    found = shop.do(return_refund.ask, case_id, Wish(units), "cash", key, **values)
    for one in found:
        for name in ("approve", "done"):
            shop.do(return_refund.act, one.id, name)
    return found


def take_back_cancelling(shop, order_id):
    """The last cancellation is recalled; False where nothing can be."""
    with shop.works.writing(TESTER) as work:
        last = work.session.scalars(select(Outgoing).where(
            Outgoing.order_id == order_id, Outgoing.kind == outgoing.CANCEL,
            Outgoing.state == outgoing.WAITING).order_by(Outgoing.id.desc())).first()
        if last is None:
            return False
        order_cancel.recall(work, last)
    return True


@pytest.mark.parametrize("steps", ["pay cancel", "cancel pay", "plan cancel pay"])
def test_units_paid_back_and_then_cancelled_count_once(shop, steps):
    order_id = shop.sell("U1", sent=False)
    cup = shop.lines(order_id)["CUP"]
    case = withdrawn(shop, order_id, {cup: 1})
    for step in steps.split():
        if step == "pay":
            pay_back(shop, case, {cup: 1})
        elif step == "plan":
            shop.do(return_refund.ask, case, Wish({cup: 1}), "cash", "r")
        else:
            shop.do(order_cancel.cancel_units, order_id, {cup: 1})
    assert money(shop, order_id) == ("paid", 0, False)
    assert take_back_cancelling(shop, order_id)
    assert money(shop, order_id) == ("paid", 0, False)
    shop.do(order_cancel.cancel_units, order_id, {cup: 1})
    assert money(shop, order_id) == ("paid", 0, False)


def test_a_cancelled_unit_that_was_not_paid_back_is_still_paid_too_much(shop):
    order_id = shop.sell("U1", sent=False)
    lines = shop.lines(order_id)
    pay_back(shop, withdrawn(shop, order_id, {lines["CUP"]: 1}), {lines["CUP"]: 1})
    shop.do(order_cancel.cancel_units, order_id, {lines["CUP"]: 2})
    assert money(shop, order_id)[:2] == ("over", -3055)
    shop.do(order_pay.give_back, order_id, 3055, "cash", make.NOON, "b")
    assert money(shop, order_id) == ("paid", 0, False)



def split_and_paid_apart(shop):
    """Two orders of one purchase; 20.00 was paid at the first, the rest at the second."""
    with shop.works.writing(TESTER) as work:
        order_id = take_in(work, shop.account(work), [replace(
            shop.sold("S1"), state="unpaid", payments=())]).order_ids[0]
    tea = shop.lines(order_id)["TEA"]
    part = shop.do(order_split.split, order_id, {tea: 1})
    shop.do(order_pay.record, order_id, 2000, "transfer", make.NOON, "p1")
    shop.do(order_pay.record, part, 9999, "transfer", make.NOON, "p2")
    return order_id, part


def test_a_refund_may_be_larger_than_each_payment_of_a_split_purchase(shop):
    order_id, part = split_and_paid_apart(shop)
    cups = {shop.lines(order_id)["CUP"]: 3}
    found = pay_back(shop, withdrawn(shop, order_id, cups), cups)
    assert [one.amount for one in found] == [9999, 167]  # 91.66 and delivery
    again = shop.do(return_refund.ask, found[0].case_id, Wish(cups), "cash", "r")
    assert [one.id for one in again] == [one.id for one in found]  # the same form once more
    assert money(shop, order_id) == ("paid", 0, False)
    shop.do(order_cancel.cancel, order_id)
    assert money(shop, part) == ("paid", 0, False)


def test_a_refund_that_is_dropped_between_two_others_loses_no_grosz(shop):
    cup = shop.lines()["CUP"]
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening("return", lines={cup: 3}))
    asked = [shop.do(return_refund.ask, case.id, Wish({cup: 1}), "cash", f"r{n}")[0]
             for n in range(3)]
    assert [one.amount for one in asked] == [3055, 3056, 3055]
    shop.do(return_refund.act, asked[1].id, "drop", why="x")
    again = shop.do(return_refund.ask, case.id, Wish({cup: 1}), "cash", "r4")
    assert [one.amount for one in again] == [3056]


# Anything in any order --------------------------------------------------------------------------


class Walk:
    """Random acts on a paid order that has not left: units are withdrawn, paid back, cancelled and
    recalled, one at a time. A model of its own counts the units of each line.
    """

    def __init__(self, shop, seed):
        self.shop, self.dice = shop, random.Random(seed)
        told = make.order(f"R{seed}", [
            Line("1", "Kubek", self.dice.randint(2, 5), Decimal(
                self.dice.choice(("33.33", "9.99", "7.49"))), sku="CUP"),
            Line("2", "Herbata", self.dice.randint(2, 3), Decimal("20.00"), sku="TEA"),
        ], shipping=Decimal("10.00"), discount=Decimal(
            self.dice.choice(("10.00", "0.05", "0", "3.33"))), state="unpaid")
        with shop.works.writing(TESTER) as work:
            self.order_id = take_in(work, shop.account(work), [told]).order_ids[0]
        self.lines = list(shop.lines(self.order_id).values())
        self.came = self.get(Order, self.order_id).total
        shop.do(order_pay.record, self.order_id, self.came, "transfer", make.NOON, "p")
        self.keys = iter(range(1000))
        self.cases: list[tuple[int, int]] = []  # cases of one unit each, and their lines
        self.by_hand = dict.fromkeys(self.lines, 0)  # cancelled units whose money went so
        self.done: set[str] = set()
        self.story: list[str] = []

    def get(self, model, id_):
        with self.shop.works.reading(TESTER) as work:
            return work.session.get_one(model, id_)

    def step(self):
        act = self.dice.choice((self.withdraw, self.plan, self.plan, self.move, self.move,
                                self.move, self.cancel, self.cancel, self.recall, self.settle))
        try:
            if act() is not False:
                self.done.add(act.__name__)
                self.story.append(act.__name__)
        except OmsError:
            pass

    def withdraw(self):
        line = self.dice.choice(self.lines)
        case = withdrawn(self.shop, self.order_id, {line: 1}, f"k{next(self.keys)}")
        self.cases.append((case, line))

    def plan(self):
        if not self.cases:
            return False
        case, line = self.dice.choice(self.cases)
        self.shop.do(return_refund.ask, case, Wish({line: 1}, delivery=False), "cash",
                     f"m{next(self.keys)}", reason="x")
        self.cases.remove((case, line))

    def move(self):
        with self.shop.works.reading(TESTER) as work:
            ids = work.session.scalars(select(Refund.id).where(
                Refund.state.in_(("planned", "approved")))).all()
        if not ids:
            return False
        self.shop.do(return_refund.act, self.dice.choice(ids), self.dice.choice(
            ("approve", "approve", "done", "done", "drop")), why="x")

    def cancel(self):
        line = self.get(OrderLine, self.dice.choice(self.lines))
        if line.cancelled >= line.quantity - 1:
            return False  # the order goes on
        self.shop.do(order_cancel.cancel_units, self.order_id, {line.id: 1})

    def recall(self):
        # What was settled by hand would be owed again, and rightly.
        return not any(self.by_hand.values()) and take_back_cancelling(self.shop, self.order_id)

    def settle(self):
        """What looks paid too much goes back by hand, where nothing else is about to."""
        order = self.get(Order, self.order_id)
        over = -money(self.shop, self.order_id)[1]
        if over <= 0 or order.refund_pending or self.dice.random() < 0.7:
            return False
        self.shop.do(order_pay.give_back, self.order_id, over, "cash", make.NOON,
                     f"b{next(self.keys)}")
        for line, units in self.excess().items():
            self.by_hand[line] += units

    def excess(self):
        """Units of each line that are cancelled and whose money did not go back."""
        lines = [self.get(OrderLine, line) for line in self.lines]
        return {one.id: max(0, one.cancelled - one.refunded - self.by_hand[one.id])
                for one in lines}

    def check(self):
        state, due, _ = money(self.shop, self.order_id)
        order = self.get(Order, self.order_id)
        with self.shop.works.reading(TESTER) as work:
            assert ledgers.check(work.session, only=["I14", "I16"]) == []
            back = work.session.scalar(select(func.coalesce(func.sum(Refund.amount), 0)).where(
                Refund.order_id == self.order_id, Refund.state != "refused"))
            hand = work.session.scalar(select(func.coalesce(-func.sum(Payment.amount), 0)).where(
                Payment.order_id == self.order_id, Payment.reference.startswith("b")))
        assert back + hand <= self.came
        assert 0 <= order.refund_pending <= order.paid_total
        excess = sum(self.excess().values())
        assert due <= 0, self.story
        assert (due < 0) == (excess > 0), (self.story, due)
        assert state == ("over" if excess else "paid")
        lines = [self.get(OrderLine, line) for line in self.lines]
        dearest = max(one.unit_price // 10_000 for one in lines)
        assert -due <= excess * dearest


@pytest.mark.parametrize("seed", range(size(4, 200)))
def test_nothing_is_shown_as_owed_or_overpaid_while_the_books_are_even(oms, seed):
    shop = AfterSale(oms)
    hears_cancellations(shop)
    walk = Walk(shop, seed)
    walk.withdraw()
    for _ in range(30):
        walk.step()
        walk.check()
    assert walk.done
