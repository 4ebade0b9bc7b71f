"""Anything in any order after a sale: the money, the ledger and the counts stay right."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import func, select

from oms_web.core.errors import OmsError
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.returns import kinds
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.answering import Answer
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return, ReturnUnit
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.stock.models import CUSTOMER, Move
from oms_web.flows import return_bench, return_case, return_refund
from oms_web.inspection import ledgers
from tests.after_sale import AfterSale
from tests.conftest import TESTER
from tests.sizes import size

BOOKS = ("I1", "I2", "I3", "I11", "I14", "I16")


class Walk:
    """Random acts on one order; what was refused is refused with a word."""

    def __init__(self, shop: AfterSale, seed: int) -> None:
        self.shop, self.dice = shop, random.Random(seed)
        self.lines = list(shop.lines().values())
        self.done = 0
        shop.do(return_case.open_for, shop.order_id, Opening(
            "return", lines=dict(zip(self.lines, (3, 1), strict=True))))

    def step(self) -> None:
        name = self.dice.choice(("open", "judge", "judge", "ask", "ask", "money", "money",
                                 "money", "phase", "answer"))
        try:
            getattr(self, name)()
            self.done += 1
        except OmsError:
            pass

    def pick(self, model):
        with self.shop.works.reading(TESTER) as work:
            ids = work.session.scalars(select(model.id)).all()
        return self.dice.choice(ids) if ids else 0

    def open(self):
        self.shop.do(return_case.open_for, self.shop.order_id, Opening(
            self.dice.choice(kinds.KINDS), story="x",
            lines={line: self.dice.randint(0, 1) for line in self.lines}))

    def judge(self):
        case = self.pick(Return)
        with self.shop.works.reading(TESTER) as work:
            mine = [line.id for line in cases.lines_of(work.session, case)]
        self.shop.do(return_bench.judge, case, Judgement(
            self.dice.choice(mine or [0]), self.dice.choice(kinds.GRADES),
            self.dice.choice(kinds.DISPOSITIONS), f"k{self.dice.randint(1, 40)}",
            self.dice.randint(1, 3)))

    def ask(self):
        amount = self.dice.choice((None, None, self.dice.randint(1, 15000)))
        self.shop.do(return_refund.ask, self.pick(Return), Wish(
            {line: self.dice.randint(0, 3) for line in self.lines},
            other=self.dice.choice((0, 0, 500))), "cash", f"m{self.dice.randint(1, 40)}",
            amount=amount, reason="x")

    def money(self):
        self.shop.do(return_refund.act, self.pick(Refund), self.dice.choice(
            ("approve", "approve", "send", "done", "lose", "refuse", "drop")), why="x")

    def phase(self):
        self.shop.do(return_case.decide, self.pick(Return), self.dice.choice(
            ("accept", "accept", "ask", "refuse", "call_off", "close", "reopen", "reopen")), "x",
            by="mistake", ground="custom")

    def answer(self):
        self.shop.do(return_case.answer, self.pick(Return), Answer(
            self.dice.choice(("", *kinds.WISHES)), "x", self.dice.randint(1, 6000)))

    def check(self):
        """What must be true whatever was done."""
        with self.shop.works.reading(TESTER) as work:
            session = work.session
            assert ledgers.check(session, only=BOOKS) == []
            order = session.get_one(Order, self.shop.order_id)
            back = session.scalar(select(func.coalesce(func.sum(Refund.amount), 0)).where(
                Refund.state != "refused"))
            came_in = session.scalar(select(func.sum(Payment.amount)).where(Payment.amount > 0))
            assert back <= came_in == 11999
            assert order.paid_total + order.refunded_total == 11999
            moved = dict(session.execute(
                select(Move.to_id, func.sum(Move.quantity)).where(Move.from_id == CUSTOMER)
                .group_by(Move.to_id)).all())
            judged = dict(session.execute(
                select(ReturnUnit.location_id, func.sum(ReturnUnit.quantity))
                .group_by(ReturnUnit.location_id)).all())
            assert moved == judged
            for line in session.scalars(select(OrderLine)):
                assert line.restocked <= line.returned <= line.shipped
                assert line.refunded <= line.quantity


@pytest.mark.parametrize("seed", range(size(4, 60)))
def test_whatever_is_done_nothing_is_paid_or_put_away_twice(oms, seed):
    walk = Walk(AfterSale(oms), seed)
    for n in range(60):
        walk.step()
        if n % 10 == 9:
            walk.check()
    walk.check()
    assert walk.done > 10
