"""Money back by payment providers: which refund goes back by which payment, and when to ask again.

One task for all of them: refunds are few. What is sent, lost and found is ``refund_sending.py``'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from oms_connector import AccessRefused, ChannelError, RefundsPayments
from oms_connector.reading import N_
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.messages import settings
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import refund_states as states
from oms_web.domain.payments import refunds, requests
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.sync import feeds, refund_sending
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "send_refunds"
AGAIN = timedelta(minutes=10)
TURN = 50
NOT_BY_PROVIDER = N_("No single payment by a provider is large enough for this refund.")


def due(session: Session, now: datetime, limit: int = TURN) -> list[int]:
    """Refunds of which a provider is to be asked now."""
    return list(session.scalars(
        select(Refund.id)
        .where(Refund.method == states.PROVIDER, or_(
            Refund.state == states.APPROVED,
            and_(Refund.state.in_((states.SENT, states.UNKNOWN)), Refund.sent_at <= now - AGAIN)))
        .order_by(Refund.id).limit(limit)))


def run(engine: Engine, beat: Callable[[int, int], None] = lambda _a, _b: None) -> int:
    """Send or look after what is due; how many refunds moved on."""
    with engine.works.reading(SYSTEM) as work:
        found = due(work.session, work.now)
    moved = 0
    for number, refund_id in enumerate(found, 1):
        try:
            moved += _one(engine, refund_id)
        except (ChannelError, NotAllowedNow) as error:
            log.warning("refund %s waits: %s", refund_id, error)
        beat(number, len(found))
    return moved


def _one(engine: Engine, refund_id: int) -> bool:
    with engine.works.writing(SYSTEM) as work:
        request = _choose(work, refund_id)
        row = settings.get(work.session)
        public = row.public_url if row is not None else ""
        if request is None:
            return False
        account_id, reference = request.account_id, request.reference
    notify = f"{public}/ring/{account_id}" if public else ""
    with connected(engine, account_id) as (_account, connector):
        if not isinstance(connector, RefundsPayments):
            raise NotAllowedNow("This provider gives no money back. Send it another way.")
        try:
            return refund_sending.send(engine.works, connector, refund_id, reference, notify)
        except AccessRefused as error:
            with engine.works.writing(SYSTEM) as work:
                feeds.break_account(work, account_id, str(error))
            raise


def _choose(work: Work, refund_id: int) -> PaymentRequest | None:
    """The payment that a refund goes back by: chosen once, for every try the same.

    A refund that fits no payment is refused, so that its money is free again.
    """
    known = refunds.get(work.session, refund_id)
    orders.lock_order(work.session, known.order_id)
    refund = refunds.lock(work.session, refund_id)
    if refund.request_id is not None:
        return requests.get(work.session, refund.request_id)
    if refund.state != states.APPROVED:
        return None
    order = orders.get_order(work.session, refund.order_id)
    for request in requests.paid_by_provider(work.session, order):
        gone = work.session.scalar(
            select(func.coalesce(func.sum(Refund.amount), 0))
            .where(Refund.request_id == request.id, Refund.state != states.REFUSED)) or 0
        if request.paid - int(gone) >= refund.amount:
            refund.request_id = request.id
            return request
    refunds.act(work, refund, "drop", why=NOT_BY_PROVIDER)
    orders.refile(work, [refund.order_id, refund.purse_id])
    return None
