"""Money back by payment providers and channels: which payment or order each refund goes back by,
and when to ask again.

One task for all of them: refunds are few. What is sent, lost and found is ``refund_sending.py``'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms_connector import AccessRefused, ChannelError, PullsOrders, RefundsPayments
from oms_connector.marking import N_
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.messages import settings
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import ChannelOrder, Order
from oms_web.domain.payments import refund_routes, refunds, requests
from oms_web.domain.payments import refund_states as states
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import service as cases
from oms_web.sync import feeds, refund_sending
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "send_refunds"
AGAIN = timedelta(minutes=10)
TURN = 50
NOT_BY_PROVIDER = N_("No single payment by a provider is large enough for this refund.")
NOT_BY_CHANNEL = N_("No single order of a channel that gives money back was paid with as much.")


@dataclass(frozen=True, slots=True)
class _Way:
    """Who is asked, and for which payment (a provider's) or order (a channel's)."""

    account_id: int
    payment: str


def able(registry: Registry) -> frozenset[str]:
    """The kinds of channels that can be asked to give the money of an order back."""
    return frozenset(key for key, one in registry.connectors.items()
                     if issubclass(one, RefundsPayments) and issubclass(one, PullsOrders))


def due(session: Session, now: datetime, limit: int = TURN) -> list[int]:
    """Refunds of which a provider or a channel is to be asked now."""
    return list(session.scalars(
        select(Refund.id)
        .where(Refund.method.in_(states.ASKED_FOR), or_(
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
        way = _choose(work, refund_id, able(engine.registry))
        row = settings.get(work.session)
        public = row.public_url if row is not None else ""
    if way is None:
        return False
    notify = f"{public}/ring/{way.account_id}" if public else ""
    with connected(engine, way.account_id) as (_account, connector):
        if not isinstance(connector, RefundsPayments):
            raise NotAllowedNow("This provider gives no money back. Send it another way.")
        try:
            return refund_sending.send(engine.works, connector, refund_id, way.payment, notify)
        except AccessRefused as error:
            with engine.works.writing(SYSTEM) as work:
                feeds.break_account(work, way.account_id, str(error))
            raise


def _choose(work: Work, refund_id: int, connectors: frozenset[str]) -> _Way | None:
    """What a refund goes back by: chosen once, for every try the same.

    A refund that fits nothing is refused, so that its money is free again.
    """
    known = refunds.get(work.session, refund_id)
    orders.lock_order(work.session, known.order_id)
    case = cases.lock(work.session, known.case_id) if known.case_id else None
    refund = refunds.lock(work.session, refund_id)
    order = orders.get_order(work.session, refund.order_id)
    by_channel = refund.method == states.CHANNEL
    way = _by_channel(work, refund, order, connectors) if by_channel \
        else _by_provider(work, refund, order)
    gone = refund.state == states.APPROVED and not refunds.covered(work, refund)
    if gone or (way is None and refund.state == states.APPROVED):
        refunds.act(work, refund, "drop", why=refunds.GONE if gone else
                    NOT_BY_CHANNEL if by_channel else NOT_BY_PROVIDER)
        if case is not None:
            cases.follow(work, case)
        orders.refile(work, [refund.order_id, refund.purse_id])
    return None if gone else way


def _by_provider(work: Work, refund: Refund, order: Order) -> _Way | None:
    if refund.request_id is None and refund.state == states.APPROVED:
        found = refund_routes.by_provider(work.session, order, refund.amount)
        refund.request_id = found.id if found is not None else None
    if refund.request_id is None:
        return None
    chosen = requests.get(work.session, refund.request_id)
    return _Way(chosen.account_id, chosen.reference)


def _by_channel(work: Work, refund: Refund, order: Order, connectors: frozenset[str]
                ) -> _Way | None:
    if refund.channel_order_id is None and refund.state == states.APPROVED:
        found = refund_routes.by_channel(work.session, order, connectors, refund.amount,
                                         refund.plan)
        refund.channel_order_id = found.id if found is not None else None
    if refund.channel_order_id is None:
        return None
    chosen = work.session.get_one(ChannelOrder, refund.channel_order_id)
    return _Way(chosen.account_id, chosen.external_id)
