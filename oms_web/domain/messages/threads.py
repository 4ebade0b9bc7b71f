"""Threads of channels: what buyers wrote, kept once; whether it waits for an answer, and for whom.

What a buyer wrote waits until a person answers or says that no answer is needed. Messages may come
twice, late and in any order: each is kept once, by the channel's id. One that is older than
``OLD`` when it comes is history and never waits; one that comes late waits although something was
answered since, unless it is older than ``LATE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.errors import Invalid, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.messages import service
from oms_web.domain.messages.models import Message, Thread, ThreadMessage
from oms_web.domain.messages.wording import CHANNEL
from oms_web.domain.orders.models import ChannelOrder, OrderLink
from oms_web.domain.users.models import User

OLD, LATE = timedelta(days=14), timedelta(days=1)
MOST_TEXT, MOST_FILES, MOST_URL, MOST_ID = 20_000, 20, 1_000, 160


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a channel told it. ``key``: ours, where the channel keeps it."""

    external_id: str
    thread: str
    at: datetime
    text: str
    ours: bool = False
    author: str = ""
    subject: str = ""
    order_ref: str = ""
    key: str = ""
    files: Sequence[tuple[str, str]] = ()


def get(session: Session, thread_id: int) -> Thread:
    """A thread.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Thread, thread_id)
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def order_of(session: Session, account_id: int, order_ref: str) -> int | None:
    """Our order behind a channel's id; the first one where several stand for it."""
    if not order_ref:
        return None
    return session.scalar(
        select(func.min(OrderLink.order_id))
        .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
        .where(ChannelOrder.account_id == account_id, ChannelOrder.external_id == order_ref))


# What channels tell ------------------------------------------------------------------------------


def take(work: Work, account_id: int, told: Heard) -> str:
    """Keep a message: ``added`` or ``same``. One of ours is joined to what was sent from here.

    Raises:
        Invalid: it has no id, no thread or no zone.
    """
    _check(told)
    thread = _thread(work, account_id, told)
    mine = _sent_from_here(work, account_id, told) if told.ours else None
    order_ref = told.order_ref[:120] or thread.order_ref
    message_id = work.session.execute(
        upsert(work.session, ThreadMessage).values(
            thread_id=thread.id, account_id=account_id, external_id=told.external_id, at=told.at,
            ours=told.ours, author=tidy(told.author)[:120], text=as_text(told.text),
            order_ref=order_ref, files=_files(told), came_at=work.now,
            waits=not told.ours and _waits(work, thread, told.at),
            message_id=mine.id if mine else None,
        ).on_conflict_do_nothing(index_elements=["account_id", "external_id"])
        .returning(ThreadMessage.id)).scalar()
    if message_id is None:
        return "same"
    if told.at >= thread.last_at or not thread.order_ref:
        thread.order_ref = order_ref
        thread.last_at = max(thread.last_at, told.at)
    if told.ours:
        if mine is None or mine.by_kind == "user":
            _answered(work, thread, told.at)
    else:
        thread.buyer = thread.buyer or tidy(told.author)[:120]
        thread.unread_there = True
    _follow(work, thread)
    audit.record(work, "messages.heard", "message_thread", thread.id, {},
                 order_id=thread.order_id or order_of(work.session, account_id, order_ref))
    return "added"


def _check(told: Heard) -> None:
    for name, text in (("external_id", told.external_id), ("thread", told.thread)):
        if not text or len(text) > MOST_ID:
            raise Invalid("The message has no usable id.", name)
    if told.at.tzinfo is None:
        raise Invalid("The message's date has no time zone.", "at")


def as_text(text: str) -> str:
    """What somebody wrote, as it is kept: lines stay, control characters go, at most so long."""
    kept = "".join(ch for ch in text.replace("\r\n", "\n").replace("\r", "\n")
                   if ch in "\n\t" or ch.isprintable())
    return kept.strip() if len(kept) <= MOST_TEXT else f"{kept[:MOST_TEXT].strip()} […]"


def _files(told: Heard) -> list[dict[str, str]]:
    """Files by name; an address is kept only where it is one of the web's safe part."""
    return [{"name": tidy(name)[:200] or "?", "url": url if _is_safe(url) else ""}
            for name, url in told.files[:MOST_FILES]]


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc \
        and len(url) <= MOST_URL and url.isprintable() and " " not in url


def _thread(work: Work, account_id: int, told: Heard) -> Thread:
    """The thread of a message, locked: two workers may bring the same page."""
    work.session.execute(
        upsert(work.session, Thread).values(
            account_id=account_id, external_id=told.thread, subject=tidy(told.subject)[:200],
            last_at=told.at, created_at=work.now,
        ).on_conflict_do_nothing(index_elements=["account_id", "external_id"]))
    return work.session.scalars(
        select(Thread).where(Thread.account_id == account_id, Thread.external_id == told.thread)
        .with_for_update().execution_options(populate_existing=True)).one()


def _waits(work: Work, thread: Thread, at: datetime) -> bool:
    if at < work.now - OLD:
        return False
    return at >= work.now - LATE or work.session.scalar(
        select(ThreadMessage.id).where(
            ThreadMessage.thread_id == thread.id, ThreadMessage.ours, ThreadMessage.at >= at)
        .limit(1)) is None


def _sent_from_here(work: Work, account_id: int, told: Heard) -> Message | None:
    """The message of ours that a channel shows: by its id, our key, or, while nobody knows whether
    it was sent, its words. What was in doubt is known to be sent from then on.
    """
    mine = Message.kind == CHANNEL, Message.account_id == account_id
    found = work.session.scalar(
        select(Message).where(*mine, Message.reference == told.external_id).limit(1))
    if found is None and (number := _number(told.key)):
        found = work.session.scalar(select(Message).where(*mine, Message.id == number))
    if found is None:
        doubtful = work.session.scalars(
            select(Message).where(*mine, Message.state.in_((service.WAITING, service.SENDING)),
                                  Message.tried_at <= told.at + timedelta(minutes=5))
            .order_by(Message.id).limit(50)).all()
        found = next((one for one in doubtful if one.text.split() == told.text.split()), None)
    if found is not None and work.session.scalar(select(ThreadMessage.id).where(
            ThreadMessage.message_id == found.id,
            ThreadMessage.external_id != told.external_id).limit(1)):
        return None
    if found is not None:
        service.seen_there(work, found.id, told.external_id)
    return found


def _number(key: str) -> int:
    """The message behind a key of ours (``message:7:1``)."""
    parts = key.split(":")
    return int(parts[1]) if len(parts) == 3 and parts[0] == "message" and parts[1].isdigit() \
        and len(parts[1]) < 15 else 0


# Who waits ---------------------------------------------------------------------------------------


def _answered(work: Work, thread: Thread, at: datetime) -> None:
    work.session.execute(
        update(ThreadMessage)
        .where(ThreadMessage.thread_id == thread.id, ThreadMessage.waits, ThreadMessage.at <= at)
        .values(waits=False).execution_options(synchronize_session=False))


def _follow(work: Work, thread: Thread) -> None:
    thread.waiting_since = work.session.scalar(
        select(func.min(ThreadMessage.at))
        .where(ThreadMessage.thread_id == thread.id, ThreadMessage.waits))
    work.session.flush()


def answer(work: Work, thread_id: int) -> None:
    """A person has answered what stands in a thread by now."""
    thread = _locked(work, thread_id)
    _settle(work, thread)


def close(work: Work, thread_id: int, seen: int) -> bool:
    """A person says that no answer is needed to what they have seen; False when nothing waited.

    Args:
        seen: the id of the newest message they saw: what came since goes on waiting.
    """
    thread = _locked(work, thread_id)
    if thread.waiting_since is None:
        return False
    _settle(work, thread, seen)
    audit.record(work, "messages.close", "message_thread", thread.id, {},
                 order_id=thread.order_id or order_of(
                     work.session, thread.account_id, thread.order_ref))
    return True


def _settle(work: Work, thread: Thread, seen: int | None = None) -> None:
    until = () if seen is None else (ThreadMessage.id <= seen,)
    work.session.execute(
        update(ThreadMessage)
        .where(ThreadMessage.thread_id == thread.id, ThreadMessage.waits, *until)
        .values(waits=False).execution_options(synchronize_session=False))
    _follow(work, thread)


def assign(work: Work, thread_id: int, user_id: int | None) -> bool:
    """Give a thread to somebody, or to nobody; False when it is theirs already.

    Raises:
        NotFound: there is no such thread or person.
    """
    thread = _locked(work, thread_id)
    person = work.session.get(User, user_id) if user_id is not None else None
    if user_id is not None and (person is None or not person.active):
        raise NotFound("There is no such person.")
    if thread.assigned_to == user_id:
        return False
    before = work.session.get(User, thread.assigned_to) if thread.assigned_to else None
    thread.assigned_to = user_id
    audit.record(work, "messages.assign", "message_thread", thread.id, {
        "person": [before.name if before else None, person.name if person else None]})
    return True


def belongs_to(work: Work, thread_id: int, order_id: int) -> bool:
    """Say which order a thread belongs to; False when that is known. The order must exist."""
    thread = _locked(work, thread_id)
    if thread.order_id == order_id:
        return False
    before, thread.order_id = thread.order_id, order_id
    audit.record(work, "messages.attach", "message_thread", thread.id,
                 {"order": [before, order_id]}, order_id=order_id)
    return True


def read_there(work: Work, thread_id: int) -> None:
    """The channel was told that a thread was read."""
    _locked(work, thread_id).unread_there = False


def _locked(work: Work, thread_id: int) -> Thread:
    get(work.session, thread_id)
    return work.session.scalars(
        select(Thread).where(Thread.id == thread_id).with_for_update()
        .execution_options(populate_existing=True)).one()
