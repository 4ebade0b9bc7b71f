"""A new order that waits until what comes back for it was judged."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.orders import queries
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_states
from oms_web.domain.payments.events import RefundDone
from oms_web.domain.returns import exchange, exchange_facts, tracks
from oms_web.domain.returns.models import Return, ReturnUnit

HELD = "manual"
"""The hold of a person: whoever wants to send it earlier lets it go like any other."""


def wait(work: Work, case: Return, new: Order, why: str) -> None:
    """Hold a new order until the goods of its case were judged, unless they are.

    Args:
        why: what its hold says to people.
    """
    if not exchange_facts.is_here(case):
        orders.set_hold(work, new.id, Flaw(HELD, {"reason": why[:300], "case": case.id}))


def waits(session: Session, case: Return) -> bool:
    """Whether the new order of a case is still held until its goods were judged."""
    return case.exchange_order_id is not None and any(
        one.kind == HELD and one.detail.get("case") == case.id
        for one in queries.open_holds(session, case.exchange_order_id))


def undecided(session: Session, case: Return) -> bool:
    """Whether nobody is asked to pay for the new order of a case: its goods are here and it waits
    for what the seller decides, or the buyer withdrew from the contract.
    """
    return (exchange_facts.is_here(case) and waits(session, case)) \
        or exchange_facts.withdrew(session, case) is not None


def judged(work: Work, case: Return) -> None:
    """Goods of a locked case were judged. If that was all, its new order waits for them no more, as
    long as all of it can be sold again, and what was credited may be said on an invoice.
    """
    if case.goods != tracks.JUDGED or case.exchange_order_id is None:
        return
    found = work.session.scalars(
        select(ReturnUnit.disposition).where(ReturnUnit.return_id == case.id)).all()
    if exchange.may_go(found):
        new = orders.lock_order(work.session, case.exchange_order_id)
        if waits(work.session, case):
            orders.release_holds(work, new.id, [HELD])
            orders.refile(work, [new.id])
    for one in exchange_facts.made_by(work.session, case.id):
        if exchange_facts.is_carried(one) and one.state == refund_states.DONE:
            work.announce(RefundDone(one.id, one.order_id))
