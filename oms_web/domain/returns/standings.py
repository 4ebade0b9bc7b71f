"""What ``tracks`` decides by, looked up: how a case stands, and what its goods were paid with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.returns import clocks, kinds, money, refund_plan, tracks
from oms_web.domain.returns.models import CaseClock, Return, ReturnLine, ReturnUnit
from oms_web.domain.returns.refund_plan import Sold, Wish


def of(session: Session, case: Return) -> tracks.Standing:
    """Where a case stands, for the decisions of ``tracks``."""
    lines, missing = session.execute(
        select(func.count(), func.coalesce(func.sum(ReturnLine.missing), 0))
        .where(ReturnLine.return_id == case.id)).one()
    order = session.get(Order, case.order_id) if case.order_id else None
    payable = order is not None and refunds.free(session, order) > 0
    return tracks.Standing(
        case.kind, case.phase, case.goods, case.money, case.outcome, not lines,
        nobody=order is None and not case.buyer_email,
        owed=payable and case.money == tracks.MONEY_NONE and _repay_runs(session, case),
        payable=payable, short=_is_short(session, case), missing=bool(missing),
        swapped=case.exchange_order_id is not None)


def _repay_runs(session: Session, case: Return) -> bool:
    return session.scalar(select(CaseClock.id).where(
        CaseClock.return_id == case.id, CaseClock.what == clocks.REPAY,
        CaseClock.stopped_at.is_(None)).limit(1)) is not None


def _is_short(session: Session, case: Return) -> bool:
    if case.kind == kinds.WITHDRAWAL:
        return _is_lawful_sum_short(session, case)
    if case.kind != kinds.COMPLAINT or case.outcome not in tracks.PAYING_OUTCOMES:
        return False
    promised = (case.lowered if case.outcome == kinds.REDUCE else worth(session, case)) or 0
    gone = sum(one.amount for one in refunds.of_case(session, case.id)
               if one.state != refund_states.REFUSED)
    return max(gone, case.refunded or 0) < promised


def _is_lawful_sum_short(session: Session, case: Return) -> bool:
    """Whether a withdrawal still has goods or delivery to be paid back (art. 32-33, ustawa o
    prawach konsumenta); what was taken off for wear is no longer due. How much money is there is
    another matter (``payable``).
    """
    order = session.get(Order, case.order_id) if case.order_id else None
    if order is None:
        return False
    try:
        sold, paid = money.facts(session, order)
        made = refund_plan.plan(sold, paid, usual(session, case, sold), lawful=True)
    except Invalid:  # sums that make no sense say nothing of what is due
        return False
    return sum(item.amount for item in made.items) > 0


def usual(session: Session, case: Return, sold: Sequence[Sold]) -> Wish:
    """What a case usually pays back now: once something of it was judged, what was judged, else all
    of its lines; for a complaint that was answered with a lower price, by how much it is lowered;
    less what its refunds pay for already.
    """
    left = {line.line_id: line.units - line.gone for line in sold}
    planned = refund_plan.correction(
        item for one in refunds.of_case(session, case.id)
        if one.state != refund_states.REFUSED for item in one.plan)
    if case.outcome == kinds.REDUCE:
        return Wish(other=max(0, (case.lowered or 0) - planned.lowered))
    units: Counter[int] = Counter()
    if case.kind != kinds.COMPLAINT or case.outcome in ("", kinds.REFUND):
        judged = {line: int(some) for line, some in session.execute(
            select(ReturnUnit.line_id, func.sum(ReturnUnit.quantity))
            .where(ReturnUnit.return_id == case.id).group_by(ReturnUnit.line_id))}
        for line in session.scalars(select(ReturnLine).where(ReturnLine.return_id == case.id)):
            if line.order_line_id in left:
                units[line.order_line_id] += judged.get(line.id, 0) if judged else line.quantity
    for line_id, some in planned.returned.items():
        units[line_id] -= some
    return Wish({line: min(some, left[line]) for line, some in units.items()
                 if line in left and min(some, left[line]) > 0})


def worth(session: Session, case: Return) -> int | None:
    """What was paid for the goods of a case, minor units: of the whole order if it names none;
    None where nobody knows.
    """
    order = session.get(Order, case.order_id) if case.order_id else None
    if order is None:
        return None
    try:
        sold, paid = money.facts(session, order)
    except Invalid:  # sums that make no sense say nothing of what was paid
        return None
    by_id = {line.line_id: line for line in sold}
    named = [(by_id[line.order_line_id], line.quantity) for line in session.scalars(
        select(ReturnLine).where(ReturnLine.return_id == case.id))
        if line.order_line_id in by_id]
    if not named:
        return paid.total
    return sum(refund_plan.share(line.paid, line.units, min(units, line.units))
               for line, units in named)
