"""Looking up messages: one, those of an order, a page of all, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import NotNullable, Row, func, literal_column, select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page
from oms_web.domain.messages.models import (
    WRONG,
    Message,
    RefusedAddress,
    Thread,
    ThreadMessage,
)
from oms_web.domain.messages.wording import CHANNEL

SHOWN = 50
OF_ORDER = 50
MOST_WRONG = 99
KNOWN = 100
# What a list can be narrowed to: its name -> states.
FILTERS: dict[str, tuple[str, ...]] = {
    "wrong": ("failed", "unknown"), "waiting": ("waiting", "sending"),
    "sent": ("sent", "delivered"), "failed": ("failed",), "unknown": ("unknown",),
    "dropped": ("dropped",),
}


@dataclass(frozen=True, slots=True)
class Awaited:
    """An SMS whose gateway is to be asked about it."""

    id: int
    account_id: int
    reference: str


def get(session: Session, message_id: int) -> Message:
    """A message.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Message, message_id)
    if found is None:
        raise NotFound("There is no such message.")
    return found


def of_order(session: Session, order_id: int, states: Sequence[str] = ()) -> Sequence[Message]:
    """The messages about an order, newest first, perhaps in some states only."""
    query = select(Message).where(Message.order_id == order_id)
    if states:
        query = query.where(Message.state.in_(states))
    return session.scalars(query.order_by(Message.id.desc()).limit(OF_ORDER)).all()


def listed(session: Session, narrowed: str = "", after: str = "", limit: int = SHOWN
           ) -> Page[Message]:
    """A page of messages, the newest first; ``narrowed`` is a key of ``FILTERS``.

    Raises:
        Invalid: the page link is broken.
    """
    query = select(Message)
    if narrowed in FILTERS:
        query = query.where(Message.state.in_(FILTERS[narrowed]))
    if after:
        [last] = paging.unseal_as(after, int)
        query = query.where(Message.id < last)
    rows = session.scalars(query.order_by(Message.id.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], paging.seal(rows[limit - 1].id) if more else None)


def count_wrong(session: Session) -> int:
    """How many messages need a person; counted to ``MOST_WRONG`` + 1."""
    some = select(Message.id).where(literal_column(WRONG)).limit(MOST_WRONG + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def due(session: Session, now: datetime) -> set[tuple[str, int]]:
    """The kinds of which something is to be sent or asked now; the channel it goes through, else 0.
    """
    rows = session.execute(
        select(Message.kind, Message.account_id)
        .where(Message.due_at.is_not(None), Message.due_at <= now).distinct())
    return {(kind, (account or 0) if kind == CHANNEL else 0) for kind, account in rows}


def places(session: Session, thread_id: int | None, account_id: int) -> tuple[str, list[str]]:
    """The channel's id of a thread, and what we know of ours there: a message is none of those."""
    if thread_id is None:
        return "", list(session.scalars(
            select(Message.reference).where(
                Message.kind == CHANNEL, Message.account_id == account_id, Message.reference != "")
            .order_by(Message.id.desc()).limit(KNOWN)))
    thread = session.get(Thread, thread_id)
    return thread.external_id if thread else "", list(session.scalars(
        select(ThreadMessage.external_id)
        .where(ThreadMessage.thread_id == thread_id, ThreadMessage.ours,
               ThreadMessage.message_id.is_not(None))
        .union(select(Message.reference).where(Message.thread_id == thread_id,
                                               Message.reference != "")).limit(KNOWN)))


def awaited(session: Session, now: datetime, limit: int = 100) -> list[Awaited]:
    """SMS that were sent and not yet reported on, whose time to be asked about has come."""
    return [Awaited(*row) for row in session.execute(
        select(Message.id, NotNullable(Message.account_id), Message.reference)
        .where(Message.kind == "sms", Message.state == "sent", Message.due_at <= now,
               Message.account_id.is_not(None))
        .order_by(Message.due_at).limit(limit))]


def refused_addresses(session: Session, limit: int = 200) -> Sequence[Row[str, datetime, str]]:
    """Addresses to which nothing is sent, the newest first."""
    return session.execute(
        select(RefusedAddress.address, RefusedAddress.at, RefusedAddress.why)
        .order_by(RefusedAddress.at.desc(), RefusedAddress.address).limit(limit)).all()
