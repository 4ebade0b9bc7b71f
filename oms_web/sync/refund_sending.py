"""Money back through a payment provider or a channel: written down, asked for, noted.

The network is asked with no transaction open. A refund whose answer was lost is ``unknown``; the
next time the provider is asked what it has under our key, and only if that is nothing the money is
ordered again, under the same key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from oms_connector import AccessRefused, ChannelError, Conflict, OutcomeUnknown, Refused
from oms_connector.paying import (
    RefundAsk,
    RefundLine,
    RefundReason,
    RefundsPayments,
    RefundTold,
)
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.money import from_minor
from oms_web.core.work import Work, Works
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.payments import refund_routes, refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refund_states import UNKNOWN
from oms_web.domain.returns import kinds
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import Return

OUTCOMES = {"done": "done", "refused": "refuse", "pending": "wait"}


@dataclass(frozen=True, slots=True)
class _Taken:
    """A refund in our hands: what is asked for, which try it is, and whether the provider may have
    it already.
    """

    ask: RefundAsk
    attempt: int
    doubtful: bool
    reference: str


def send(works: Works, provider: RefundsPayments, refund_id: int, payment: str,
         notify_url: str = "") -> bool:
    """Order a refund, or find out what became of it; False when there was nothing to do.

    Args:
        payment: the provider's own reference of the payment that goes back, or the channel's of
            the order.

    Raises:
        AccessRefused: the account cannot be used; what became of the refund is not known.
    """
    taken = _take(works, refund_id, payment, notify_url)
    if taken is None:
        return False
    try:
        told = _asked(provider, taken)
    except ChannelError as error:
        certain = isinstance(error, Refused) and not isinstance(error, Conflict)
        if certain:
            return _note(works, refund_id, taken.attempt, "refuse", why=str(error))
        noted = _note(works, refund_id, taken.attempt, "lose", why=str(error))
        if isinstance(error, AccessRefused):
            raise
        return noted
    return _note(works, refund_id, taken.attempt, OUTCOMES[told.state], told.reference,
                 told.message)


def look(works: Works, provider: RefundsPayments, refund_id: int, payment: str) -> bool:
    """Ask what became of a refund that the provider works on; False when nothing is new."""
    with works.reading(SYSTEM) as work:
        row = refunds.get(work.session, refund_id)
        reference, attempt, state = row.reference, row.attempts, row.state
        ask = _ask(work, row, payment, "")
    if state not in ("sent", "unknown"):
        return False
    told = provider.find_refund(ask, reference)
    if told is None or told.state == "pending":
        return False
    return _note(works, refund_id, attempt, OUTCOMES[told.state], told.reference, told.message)


def _take(works: Works, refund_id: int, payment: str, notify_url: str) -> _Taken | None:
    with works.writing(SYSTEM) as work:
        case = _lock(work, refund_id)
        row = refunds.take(work, refund_id)
        if row is None:
            return None
        if case is not None:
            cases.follow(work, case)
        return _Taken(_ask(work, row, payment, notify_url), row.attempts,
                      row.state == UNKNOWN or bool(row.reference), row.reference)


def _ask(work: Work, row: Refund, payment: str, notify_url: str) -> RefundAsk:
    """What is told; what a person wrote of why money goes back is ours and stays here."""
    ask = RefundAsk(
        row.key, payment, from_minor(row.amount, row.currency), row.currency,
        str(row.order_id), notify_url, refunds.references_beside(work.session, row))
    return ask if row.channel_order_id is None else _with_parts(work, row, ask)


def _with_parts(work: Work, row: Refund, ask: RefundAsk) -> RefundAsk:
    """A channel is told which of its lines the money is for, and why in its own few words."""
    found = refund_routes.parts(row.plan, row.amount)
    refs = dict(work.session.execute(
        select(OrderLine.id, OrderLine.line_ref)
        .where(OrderLine.id.in_(found.lines), OrderLine.line_ref != "")).all())
    lines = [RefundLine(refs[line_id], units, from_minor(amount, row.currency))
             for line_id, (units, amount) in found.lines.items() if line_id in refs]
    return replace(ask, lines=lines, shipping=from_minor(found.delivery, row.currency),
                   reason=_reason(work, row))


def _reason(work: Work, row: Refund) -> RefundReason:
    case = cases.get(work.session, row.case_id) if row.case_id is not None else None
    if case is None:
        order = orders.get_order(work.session, row.order_id)
        return "cancelled" if order.phase == phases.CANCELLED else "other"
    if case.reason_code == "not_collected":
        return "not_collected"
    return "complaint" if case.kind == kinds.COMPLAINT else "return"


def _asked(provider: RefundsPayments, taken: _Taken) -> RefundTold:
    if not taken.doubtful:
        return provider.refund(taken.ask)
    known = _found(provider, taken)
    if known is not None:
        return known
    try:
        return provider.refund(taken.ask)
    except Refused:
        # It may be refused because the money went back already, and is shown late.
        known = _found(provider, taken)
        if known is None:
            raise
        return known


def _found(provider: RefundsPayments, taken: _Taken) -> RefundTold | None:
    """What the provider has under our key; None where it has nothing."""
    try:
        return provider.find_refund(taken.ask, taken.reference)
    except Refused as error:  # that it cannot be looked for says nothing of the money
        raise OutcomeUnknown(str(error)) from error


def _note(works: Works, refund_id: int, attempt: int, outcome: str, reference: str = "",
          why: str = "") -> bool:
    with works.writing(SYSTEM) as work:
        case = _lock(work, refund_id)
        noted = refunds.note(work, refund_id, attempt, outcome, reference=reference, why=why)
        if case is not None:
            cases.follow(work, case)
        row = refunds.get(work.session, refund_id)
        orders.refile(work, [row.order_id, row.purse_id])
        return noted


def _lock(work: Work, refund_id: int) -> Return | None:
    """The order of a refund and its case, in the sequence in which everybody locks them; the case.
    """
    known = refunds.get(work.session, refund_id)
    orders.lock_order(work.session, known.order_id)
    return cases.lock(work.session, known.case_id) if known.case_id else None
