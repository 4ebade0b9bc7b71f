"""Looking up webhooks and how they were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.webhooks.models import Webhook, WebhookDelivery
from oms_web.domain.webhooks.told import SUBJECTS

SHOWN = 50
COUNTED = 1000


def every(session: Session) -> list[Webhook]:
    """All webhooks, by name."""
    return list(session.scalars(select(Webhook).order_by(func.lower(Webhook.name), Webhook.id)))


def stopped(session: Session) -> list[Webhook]:
    """Those that their receivers brought to a stop."""
    return list(session.scalars(
        select(Webhook).where(Webhook.state.in_(("broken", "gone"))).order_by(Webhook.id)
    ))


def get(session: Session, webhook_id: int) -> Webhook:
    """One webhook.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Webhook, webhook_id)
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def due(session: Session, now: datetime) -> list[int]:
    """The webhooks that there may be something to tell, and whose pause is over."""
    newest = session.scalar(select(func.max(AuditEntry.id))) or 0
    return list(session.scalars(
        select(Webhook.id)
        .where(Webhook.state == "active", Webhook.seen < newest,
               or_(Webhook.next_at.is_(None), Webhook.next_at <= now))
        .order_by(Webhook.id)
    ))


def event(session: Session, event_id: int) -> AuditEntry:
    """The entry of an event that outsiders may be told of.

    Raises:
        NotFound: there is none.
    """
    found = session.get(AuditEntry, event_id)
    if found is None or found.subject not in SUBJECTS:
        raise NotFound("There is no such event.")
    return found


def deliveries(session: Session, webhook_id: int, after: str = "", limit: int = SHOWN
               ) -> Page[WebhookDelivery]:
    """A page of tries, the newest first.

    Raises:
        Invalid: the page link is broken.
    """
    wanted = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if after:
        [last] = paging.unseal_as(after, int)
        wanted = wanted.where(WebhookDelivery.id < last)
    rows: Sequence[WebhookDelivery] = session.scalars(
        wanted.order_by(WebhookDelivery.id.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], paging.seal(rows[limit - 1].id) if more else None)


def last_deliveries(session: Session) -> dict[int, WebhookDelivery]:
    """The latest try of each webhook."""
    last = select(func.max(WebhookDelivery.id)).group_by(WebhookDelivery.webhook_id)
    found = session.scalars(select(WebhookDelivery).where(WebhookDelivery.id.in_(last)))
    return {one.webhook_id: one for one in found}


def waiting(session: Session, webhook: Webhook) -> int:
    """How many events it has not been told of yet; counted to ``COUNTED`` + 1 at most."""
    some = (
        select(AuditEntry.id)
        .where(AuditEntry.id > webhook.seen, AuditEntry.subject.in_(webhook.kinds))
        .limit(COUNTED + 1).subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0
