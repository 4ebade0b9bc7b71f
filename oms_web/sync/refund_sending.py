"""Money back through a payment provider: written down, asked for, noted.

The network is asked with no transaction open. A refund whose answer was lost is ``unknown``; the
next time the provider is asked what it has under our key, and only if that is nothing the money is
ordered again, under the same key.
"""

from __future__ import annotations

from dataclasses import dataclass

from oms_connector import AccessRefused, ChannelError, Conflict, OutcomeUnknown, Refused
from oms_connector.paying import RefundAsk, RefundsPayments, RefundTold

from oms_web.core.actor import SYSTEM
from oms_web.core.money import from_minor
from oms_web.core.work import Work, Works
from oms_web.domain.payments import refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refund_states import UNKNOWN
from oms_web.domain.returns import service as cases

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
        payment: the provider's own reference of the payment that goes back.

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
        row = refunds.take(work, refund_id)
        if row is None:
            return None
        _follow(work, row.case_id)
        return _Taken(_ask(work, row, payment, notify_url), row.attempts,
                      row.state == UNKNOWN or bool(row.reference), row.reference)


def _ask(work: Work, row: Refund, payment: str, notify_url: str) -> RefundAsk:
    """What the provider is told; why money goes back is ours and stays here."""
    return RefundAsk(
        row.key, payment, from_minor(row.amount, row.currency), row.currency,
        str(row.order_id), notify_url, refunds.references_beside(work.session, row))


def _asked(provider: RefundsPayments, taken: _Taken) -> RefundTold:
    if taken.doubtful:
        try:
            known = provider.find_refund(taken.ask, taken.reference)
        except Refused as error:  # that it cannot be looked for says nothing of the money
            raise OutcomeUnknown(str(error)) from error
        if known is not None:
            return known
    return provider.refund(taken.ask)


def _note(works: Works, refund_id: int, attempt: int, outcome: str, reference: str = "",
          why: str = "") -> bool:
    with works.writing(SYSTEM) as work:
        noted = refunds.note(work, refund_id, attempt, outcome, reference=reference, why=why)
        _follow(work, refunds.get(work.session, refund_id).case_id)
        return noted


def _follow(work: Work, case_id: int | None) -> None:
    """Bring the money track of the refund's case in step."""
    if case_id is not None:
        cases.follow(work, cases.lock(work.session, case_id))
