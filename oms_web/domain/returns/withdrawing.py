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

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import no_withdrawal
from oms_web.domain.catalog.queries import without_withdrawal
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.returns import kinds, service, tracks
from oms_web.domain.returns.models import Return, ReturnLine, Statement

TURNS = (kinds.RETURN, kinds.EXCHANGE)
"""Cases by the seller's leave that become a withdrawal when their buyer declares one."""


@dataclass(frozen=True, slots=True)
class Share:
    """Units of a line in a case: ``lines`` of them are to come back, ``unsent`` were declared
    before they left.
    """

    case: Return
    lines: int = 0
    unsent: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A line: the units that may be withdrawn; those that the law excepts and that are in no case;
    the reason of the law that speaks of the product; the cases that hold the others, newest first.
    """

    line: OrderLine
    left: int
    excepted: int
    reason: str
    shares: Sequence[Share] = ()

    @property
    def paid_back(self) -> bool:
        """Whether the money of all of it went back."""
        return self.line.refunded >= self.line.quantity - self.line.cancelled > 0


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
    reasons = without_withdrawal(session, [one.variant_id for one in lines if one.variant_id])
    shares = _shares(session, order)
    found: dict[int, Standing] = {}
    for line in lines:
        mine = shares.get(line.id, [])
        free = left(line.quantity, line.cancelled, line.refunded, mine)
        reason = reasons.get(line.variant_id or 0, "")
        excepted = no_withdrawal.excludes(reason)
        found[line.id] = Standing(line, 0 if excepted else free, free if excepted else 0, reason,
                                  mine)
    return found


def _shares(session: Session, order: Order) -> dict[int, list[Share]]:
    cases = session.scalars(
        select(Return).where(Return.order_id == order.id, Return.phase != tracks.OFF,
                             Return.kind != kinds.COMPLAINT).order_by(Return.id.desc())).all()
    ids = [one.id for one in cases]
    coming: dict[int, Counter[int]] = {number: Counter() for number in ids}
    stated: dict[int, Counter[int]] = {number: Counter() for number in ids}
    for row in session.execute(select(ReturnLine.return_id, ReturnLine.order_line_id,
                                      ReturnLine.quantity).where(
            ReturnLine.return_id.in_(ids), ReturnLine.order_line_id.is_not(None))):
        coming[row.return_id][row.order_line_id] += row.quantity
    for return_id, content in session.execute(
            select(Statement.return_id, Statement.content).where(
                Statement.return_id.in_(ids), Statement.kind == kinds.WITHDRAWAL)):
        stated[return_id] += Counter(dict(content.get("units", ())))
    found: dict[int, list[Share]] = {}
    for case in cases:
        for line in {*coming[case.id], *stated[case.id]}:
            back = coming[case.id][line]
            found.setdefault(line, []).append(
                Share(case, back, max(0, stated[case.id][line] - back)))
    return found


def holding(standings: Mapping[int, Standing], wanted: Iterable[int]) -> list[Return]:
    """The cases that hold units of these lines, the newest first, each once."""
    cases = {share.case.id: share.case for one in wanted for share in standings[one].shares}
    return sorted(cases.values(), key=lambda one: -one.id)


def turns(case: Return) -> bool:
    """Whether a case becomes a withdrawal when one is declared of its goods: it went by the
    seller's leave, given or refused, and neither money nor other goods went for it. Pure.
    """
    return case.kind in TURNS and case.phase != tracks.OFF \
        and case.money == tracks.MONEY_NONE and case.exchange_order_id is None


def turn(work: Work, case: Return, order: Order) -> None:
    """A locked case goes on as a withdrawal: the terms of the law begin now. Its number stays."""
    kind, phase = case.kind, case.phase
    if case.phase in (tracks.REFUSED, tracks.CLOSED):
        case.phase, case.closed_at = tracks.NEW, None
    case.kind = kinds.WITHDRAWAL
    service.start_clocks(work, case, order, work.now)
    service.accept_withdrawal(work, case, order, work.now)
    audit.record(work, "returns.turn", "return", case.id, audit.changes(
        {"kind": kind, "phase": phase}, {"kind": case.kind, "phase": case.phase}),
        order_id=case.order_id)
    service.follow(work, case)
