"""Looking up threads: a page of the inbox, what was said in one, what belongs to an order.

What was said is one row of both: messages as their channel told them, and those of ours that it
has not told yet, or never will: e-mails, SMS, answers on their way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from oms_web.core import paging
from oms_web.core.paging import Page
from oms_web.domain.messages.models import Message, Thread, ThreadMessage
from oms_web.domain.orders.models import ChannelOrder, OrderLink

SHOWN, MOST, MOST_WAITING = 50, 100, 99
WAITING, MINE, ORPHANS, ALL = VIEWS = ("waiting", "mine", "orphans", "all")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of either side. ``message``: ours, with how far it is on its way."""

    at: datetime
    text: str
    ours: bool
    author: str = ""
    files: Sequence[Mapping[str, Any]] = ()
    waits: bool = False
    heard: int = 0
    message: Message | None = None


def listed(session: Session, view: str, *, user_id: int, account_id: int | None = None,
           after: str = "", limit: int = SHOWN) -> Page[Thread]:
    """A page of threads: those that wait by how long, all others the newest first.

    Raises:
        Invalid: the page link is broken.
    """
    query = _narrowed(select(Thread), view, user_id)
    if account_id is not None:
        query = query.where(Thread.account_id == account_id)
    place = Thread.last_at if view == ALL else Thread.waiting_since
    if after:
        at, last = paging.unseal_as(after, datetime, int)
        query = query.where(or_(place < at, and_(place == at, Thread.id < last)) if view == ALL
                            else or_(place > at, and_(place == at, Thread.id > last)))
    order = (place.desc(), Thread.id.desc()) if view == ALL else (place, Thread.id)
    rows = session.scalars(query.order_by(*order).limit(limit + 1)).all()
    shown = rows[:limit]
    last = shown[-1] if shown else None
    return Page(shown, paging.seal(last.last_at if view == ALL else last.waiting_since, last.id)
                if last is not None and len(rows) > limit else None)


def _narrowed(query: Select[Thread], view: str, user_id: int) -> Select[Thread]:
    if view == ALL:
        return query
    query = query.where(Thread.waiting_since.is_not(None))
    if view == MINE:
        return query.where(Thread.assigned_to == user_id)
    return query.where(Thread.order_id.is_(None), ~_has_order()) if view == ORPHANS else query


def _has_order() -> Any:
    return (select(OrderLink.order_id)
            .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
            .where(ChannelOrder.account_id == Thread.account_id,
                   ChannelOrder.external_id == Thread.order_ref).exists())


def counts(session: Session, user_id: int) -> dict[str, int]:
    """How many threads wait in each view, counted to ``MOST_WAITING`` + 1."""
    return {view: session.scalar(select(func.count()).select_from(
        _narrowed(select(Thread), view, user_id).limit(MOST_WAITING + 1).subquery())) or 0
        for view in (WAITING, MINE, ORPHANS)}


def waiting(session: Session) -> tuple[int, datetime | None]:
    """How many threads wait, counted to ``MOST_WAITING`` + 1, and since when the first."""
    some = (select(Thread.waiting_since).where(Thread.waiting_since.is_not(None))
            .order_by(Thread.waiting_since).limit(MOST_WAITING + 1).subquery())
    n, since = session.execute(select(func.count(), func.min(some.c.waiting_since))).one()
    return n, since


def orders_of(session: Session, threads: Sequence[Thread]) -> dict[int, int]:
    """Thread -> our order, for those of a page that have one."""
    found = {one.id: one.order_id for one in threads if one.order_id is not None}
    open_ = [one for one in threads if one.id not in found and one.order_ref]
    if not open_:
        return found
    known = {(account, ref): order_id for account, ref, order_id in session.execute(
        select(ChannelOrder.account_id, ChannelOrder.external_id, func.min(OrderLink.order_id))
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .where(ChannelOrder.external_id.in_({one.order_ref for one in open_}))
        .group_by(ChannelOrder.account_id, ChannelOrder.external_id))}
    return found | {one.id: known[one.account_id, one.order_ref] for one in open_
                    if (one.account_id, one.order_ref) in known}


def last_words(session: Session, threads: Sequence[Thread]) -> dict[int, ThreadMessage]:
    """Thread -> its newest message."""
    newest = (select(func.max(ThreadMessage.id)).where(
        ThreadMessage.thread_id.in_([one.id for one in threads]))
        .group_by(ThreadMessage.thread_id))
    return {one.thread_id: one for one in session.scalars(
        select(ThreadMessage).where(ThreadMessage.id.in_(newest)))}


def said_in(session: Session, thread: Thread) -> list[Said]:
    """What was said in a thread, the oldest first; of a long one the newest ``MOST``."""
    heard = session.scalars(
        select(ThreadMessage).where(ThreadMessage.thread_id == thread.id)
        .order_by(ThreadMessage.at.desc(), ThreadMessage.id.desc()).limit(MOST)).all()
    ours = session.scalars(
        select(Message).where(Message.thread_id == thread.id)
        .order_by(Message.id.desc()).limit(MOST)).all()
    return _joined(session, heard, ours)


def said_about(session: Session, order_id: int) -> list[Said]:
    """What was said about an order, by whatever way, the oldest first; the newest ``MOST``."""
    heard = session.scalars(
        select(ThreadMessage).where(about(order_id))
        .order_by(ThreadMessage.at.desc(), ThreadMessage.id.desc()).limit(MOST)).all()
    ours = session.scalars(
        select(Message).where(Message.order_id == order_id)
        .order_by(Message.id.desc()).limit(MOST)).all()
    return _joined(session, heard, ours)


def thread_of(session: Session, order_id: int) -> Thread | None:
    """The thread about an order in which something was said last."""
    return session.scalar(
        select(Thread).where(Thread.id.in_(
            select(ThreadMessage.thread_id).where(about(order_id))))
        .order_by(Thread.last_at.desc(), Thread.id.desc()).limit(1))


def about(order_id: int) -> ColumnElement[bool]:
    """Messages about an order: they name it, or a person said that their thread belongs to it."""
    named = (
        select(ThreadMessage.id)
        .join(ChannelOrder, and_(ChannelOrder.account_id == ThreadMessage.account_id,
                                 ChannelOrder.external_id == ThreadMessage.order_ref,
                                 ThreadMessage.order_ref != ""))
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .where(OrderLink.order_id == order_id))
    said = aliased(ThreadMessage)
    theirs = select(said.id).join(Thread, Thread.id == said.thread_id).where(
        Thread.order_id == order_id)
    return ThreadMessage.id.in_(union(theirs, named))


def _joined(session: Session, heard: Sequence[ThreadMessage], ours: Sequence[Message]
            ) -> list[Said]:
    by_id = {one.id: one for one in ours}
    missing = {one.message_id for one in heard if one.message_id} - set(by_id)
    if missing:
        by_id |= {one.id: one for one in session.scalars(
            select(Message).where(Message.id.in_(missing)))}
    told = {one.message_id for one in heard if one.message_id}
    found = [Said(one.at, one.text, one.ours, one.author, one.files, one.waits, one.id,
                  by_id.get(one.message_id or 0)) for one in heard]
    found += [Said(one.created_at, one.text, True, one.by_name, message=one)
              for one in ours if one.id not in told]
    return sorted(found, key=lambda one: (one.at, one.heard))[-MOST:]
