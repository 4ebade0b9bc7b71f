"""What of an order may still be withdrawn, line by line, and why the rest may not.

A unit is withdrawn from once. What lies in a case that is not called off, what was paid back, and
what was declared before it ever left is taken; goods of which the law knows no withdrawal are never
offered (``catalog/no_withdrawal.py``). A complaint takes nothing: who complains may still withdraw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.catalog import no_withdrawal
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.returns import kinds, tracks, turning
from oms_web.domain.returns.models import Return, ReturnLine, Statement


@dataclass(frozen=True, slots=True)
class Share:
    """Units of a line in a case: ``lines`` of them are to come back, ``unsent`` were declared
    before they left. ``held``: a withdrawal from so many was declared and stands in it.
    """

    case: Return
    lines: int = 0
    unsent: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A line: the units that may be withdrawn; those that the law excepts and that are in no case;
    the cases that hold the others, newest first.
    """

    line: OrderLine
    left: int
    excepted: int
    shares: Sequence[Share] = ()

    @property
    def reason(self) -> str:
        """The reason of the law that spoke of the product when it was sold."""
        return self.line.no_withdrawal

    @property
    def may(self) -> int:
        """Units that a statement takes effect on: those left, those that are only in a case by the
        seller's leave for which nothing has gone yet, and those still to come back in an exchange
        whose new order is made, which the seller has to call off for it.
        """
        by_leave = sum(one.lines for one in self.shares
                       if turning.turns(one.case, in_time=True)
                       and one.case.money in (tracks.MONEY_NONE, tracks.PLANNED))
        there = self.line.quantity - self.line.cancelled - self.line.refunded
        exchanged = sum(max(0, one.lines - one.held) for one in self.shares
                        if one.case.exchange_order_id is not None
                        and holds_statement(one.case) and one.case.goods in tracks.TO_COME)
        return max(self.left, min(self.left + by_leave, there)) + exchanged

    @property
    def paid_back(self) -> bool:
        """Whether the money of all of it went back."""
        return self.line.refunded >= self.line.quantity - self.line.cancelled > 0


def holds_statement(case: Return) -> bool:
    """Whether a withdrawal from what a case holds stands in it although it does not become one by
    that: an exchange that goes on. Pure.
    """
    return case.kind == kinds.EXCHANGE and case.phase not in tracks.ENDED


def left(ordered: int, cancelled: int, refunded: int, shares: Iterable[Share]) -> int:
    """Units that nothing became of yet. Pure.

    What was declared before it left may be cancelled or paid back afterwards: it counts once.
    """
    shares = list(shares)
    unsent = sum(one.unsent for one in shares)
    coming = sum(one.lines for one in shares)
    return max(0, ordered - max(cancelled, unsent) - max(coming, refunded - unsent))


def of_order(session: Session, order: Order, lines: Sequence[OrderLine]) -> dict[int, Standing]:
    """How every line of an order stands, by the line's id."""
    shares = _shares(session, order)
    found: dict[int, Standing] = {}
    for line in lines:
        mine = shares.get(line.id, [])
        free = left(line.quantity, line.cancelled, line.refunded, mine)
        excepted = no_withdrawal.excludes(line.no_withdrawal)
        found[line.id] = Standing(line, 0 if excepted else free, free if excepted else 0, mine)
    return found


def _shares(session: Session, order: Order) -> dict[int, list[Share]]:
    cases = session.scalars(
        select(Return).where(Return.order_id == order.id, Return.phase != tracks.OFF,
                             Return.kind != kinds.COMPLAINT).order_by(Return.id.desc())).all()
    ids = [one.id for one in cases]
    coming: dict[int, Counter[int]] = {number: Counter() for number in ids}
    stated: dict[int, Counter[int]] = {number: Counter() for number in ids}
    held: dict[int, Counter[int]] = {number: Counter() for number in ids}
    for row in session.execute(select(ReturnLine.return_id, ReturnLine.order_line_id,
                                      ReturnLine.quantity).where(
            ReturnLine.return_id.in_(ids), ReturnLine.order_line_id.is_not(None))):
        coming[row.return_id][row.order_line_id] += row.quantity
    for return_id, content in session.execute(
            select(Statement.return_id, Statement.content).where(
                Statement.return_id.in_(ids), Statement.kind == kinds.WITHDRAWAL)):
        stated[return_id] += Counter(dict(content.get("units", ())))
        held[return_id] += Counter(dict(content.get("held", ())))
    found: dict[int, list[Share]] = {}
    for case in cases:
        for line in {*coming[case.id], *stated[case.id]}:
            back = coming[case.id][line]
            found.setdefault(line, []).append(
                Share(case, back, max(0, stated[case.id][line] - back), held[case.id][line]))
    return found


def holding(standings: Mapping[int, Standing], wanted: Iterable[int]) -> list[Return]:
    """The cases that hold units of these lines, the newest first, each once."""
    cases = {share.case.id: share.case for one in wanted for share in standings[one].shares}
    return sorted(cases.values(), key=lambda one: -one.id)
