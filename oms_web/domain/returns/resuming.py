"""A case that was called off or refused is taken up again: where it goes on, and its terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oms_web.core.work import Work
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import clocks, delivered, kinds, settings, tracks
from oms_web.domain.returns.models import CaseClock, Return


def in_time(work: Work, case: Return, terms: Sequence[CaseClock]) -> bool:
    """Whether a case is a withdrawal that was declared in time, and so needs nobody's yes."""
    if case.kind != kinds.WITHDRAWAL or case.order_id is None:
        return False
    order = work.session.get_one(Order, case.order_id)
    declared = next((one.stopped_at for one in terms if one.what == clocks.WITHDRAW), None)
    return any(one.what == clocks.REPAY for one in terms) and clocks.may_withdraw(
        order.country, delivered.at_last(work.session, order),
        declared or case.announced_at or case.created_at,
        settings.current(work.session).extra_days)[0]


def run_on(case: Return, terms: Iterable[CaseClock]) -> None:
    """Let the terms of a case run on, unless what they are for is done."""
    done = {clocks.WITHDRAW: True, clocks.ANSWER: case.answered_at is not None,
            clocks.SEND_BACK: case.goods in (tracks.ARRIVED, tracks.JUDGED),
            clocks.REPAY: case.money in tracks.PAID}
    for clock in terms:
        if not done[clock.what]:
            clock.stopped_at = None
