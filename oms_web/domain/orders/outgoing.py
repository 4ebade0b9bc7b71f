"""The recall window: what channels are to be told waits a little, and can be taken back meanwhile.

A *decision* (a parcel left, an order was cancelled, a status chosen, an invoice issued) is one row;
everything that channels are to be told because of it points at the row and waits until its
``leaves_at``. Whoever tells a channel marks the row as gone first, in a transaction; whoever
recalls marks it as recalled. Both are one conditional UPDATE of the same row, so one of the two
happens, never both. The wait is a date in the database: a death neither shortens nor loses it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Row,
    String,
    delete,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base, rows_changed
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import ChannelNotice

SHIP, CANCEL, STATUS, INVOICE = "ship", "cancel", "status", "invoice"
WAITING, GONE, RECALLED, REPLACED = "waiting", "gone", "recalled", "replaced"
IN_BULK = timedelta(seconds=120)
"""How long what a running bulk change decides waits at least; when it ends, the window begins."""
KEPT_ON = timedelta(seconds=60)
"""What would leave within so long while its bulk change runs still is made to wait longer."""
KEPT = timedelta(days=1)
FORGOTTEN_AT_ONCE = 5_000
TOO_LATE = {
    SHIP: "The channel was told already that this parcel has left. If it comes back, "
          "receive it as a return.",
    CANCEL: "Too late: the channel was told of the cancellation. "
            "If the buyer wants the goods after all, take down a new order.",
    STATUS: "Too late: the channel was told of the status. "
            "Choose another one; the channel will be told of that too.",
    INVOICE: "Too late: the document was sent to the channel.",
}


class Outgoing(Base):
    """A decision that channels are told of, and until when it can be recalled.

    ``subject_id``: the shipment or the document. ``together``: decisions of one click or one bulk
    change share it. ``undo``: what the order was like, for the way back; None where there is none,
    since it only follows from something else. ``before``: what the channel was to know by then,
    one entry a notice. ``state``: ``waiting``, ``gone`` (a channel is being told, or was),
    ``recalled``, ``replaced`` (a newer decision says something else).
    """

    __tablename__ = "outgoing"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"))
    kind: Mapped[str] = mapped_column(String(8))
    subject_id: Mapped[int | None]
    together: Mapped[str] = mapped_column(String(24))
    undo: Mapped[dict[str, Any] | None]
    before: Mapped[list[Any]]
    asked_kind: Mapped[str] = mapped_column(String(10))
    asked_id: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    leaves_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default=WAITING)
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outgoing_order", "order_id", "id"),
        Index("ix_outgoing_together", "together", "id"),
        Index("ix_outgoing_at", "at"),
        Index(
            "ix_outgoing_waiting",
            "leaves_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )


@dataclass(slots=True)
class Decision:
    """What is decided in a running transaction; its row is made when a channel has to know."""

    kind: str
    order_id: int
    subject_id: int | None = None
    undo: dict[str, Any] | None = None
    row: Outgoing | None = field(default=None)


# Deciding ---------------------------------------------------------------------------------------


def wait_of(seconds: int | None, in_bulk: bool) -> timedelta:
    """How long a decision waits; not at all where the seller wants none."""
    wait = timedelta(seconds=seconds or 0)
    return max(wait, IN_BULK) if in_bulk and wait else wait


@contextmanager
def deciding(work: Work, kind: str, order_id: int, subject_id: int | None = None,
             undo: dict[str, Any] | None = None) -> Iterator[Decision]:
    """What channels are told of inside waits together, and goes or is recalled together.

    Inside another decision this is part of that one.
    """
    info = work.session.info
    outer: Decision | None = info.get("deciding")
    if outer is not None:
        yield outer
        return
    mine = info["deciding"] = Decision(kind, order_id, subject_id, undo)
    try:
        yield mine
        if mine.row is not None:
            mine.row.undo = mine.undo
            work.session.flush()
    finally:
        info["deciding"] = None


def together(work: Work, token: str, *, in_bulk: bool = False) -> None:
    """What is decided in this transaction belongs to what other transactions decide as well: those
    of the same request (``web/door.py``), or of the same bulk change.
    """
    work.session.info["together"] = token
    work.session.info["in_bulk"] = in_bulk


@contextmanager
def silence(work: Work, wanted: bool = True) -> Iterator[None]:
    """Channels are told of no status inside: they will know what they knew before."""
    work.session.info["silence"] = wanted
    try:
        yield
    finally:
        work.session.info["silence"] = False


def is_silent(work: Work) -> bool:
    """Whether a decision is being taken back at this moment."""
    return bool(work.session.info.get("silence"))


def begin(work: Work, order_id: int) -> Outgoing:
    """The row of the running decision; of its own kind where nobody said what is decided."""
    info = work.session.info
    decision: Decision | None = info.get("deciding")
    if decision is None or decision.order_id != order_id:
        decision = Decision(STATUS, order_id)
    if decision.row is None:
        in_bulk = bool(info.get("in_bulk"))
        seconds = work.session.scalar(select(Company.recall_seconds))
        decision.row = Outgoing(
            order_id=decision.order_id, kind=decision.kind, subject_id=decision.subject_id,
            together=info.setdefault("together", secrets.token_hex(8)),
            undo=None if decision.undo is None else dict(decision.undo), before=[],
            asked_kind=work.actor.kind, asked_id=work.actor.id,
            asked_name=work.actor.name[:120], at=work.now,
            leaves_at=work.now + wait_of(seconds, in_bulk))
        work.session.add(decision.row)
        work.session.flush()
    return decision.row


_KEEPS = ("body", "state", "message", "attempts", "outgoing_id")


def remember(row: Outgoing, key: str, notice: Row[Any] | None) -> None:
    """Write down what a channel was to know by a key before this decision; None: nothing."""
    if any(one["key"] == key for one in row.before):
        return
    was = None if notice is None else {name: getattr(notice, name) for name in _KEEPS} | {
        "due_at": notice.due_at.isoformat() if notice.due_at else None}
    row.before = [*row.before, {"key": key, "was": was}]


def replaced(work: Work, outgoing_id: int | None) -> None:
    """A newer decision took a notice over; one that has nothing left to say waits no longer."""
    if outgoing_id is not None:
        work.session.execute(
            update(Outgoing)
            .where(Outgoing.id == outgoing_id, Outgoing.state == WAITING, Outgoing.kind != SHIP,
                   ~exists().where(ChannelNotice.outgoing_id == outgoing_id))
            .values(state=REPLACED).execution_options(synchronize_session=False))


# Going ------------------------------------------------------------------------------------------


def go(work: Work, outgoing_id: int) -> bool:
    """A channel is about to be told: from now on the decision cannot be recalled.

    False when it must not be told (yet): it was recalled, or waits still.
    """
    return bool(rows_changed(
        work.session, update(Outgoing)
        .where(Outgoing.id == outgoing_id, Outgoing.leaves_at <= work.now,
               Outgoing.state != RECALLED)
        .values(state=GONE, ended_at=func.coalesce(Outgoing.ended_at, work.now))
        .execution_options(synchronize_session=False)))


def stay(work: Work, outgoing_id: int) -> None:
    """No channel heard of it after all: it waits on, past its time, and can be recalled.

    Quiet when a notice of the same decision is being told, or was: notices are locked first.
    """
    work.session.execute(select(ChannelNotice.id).where(ChannelNotice.outgoing_id == outgoing_id)
                         .order_by(ChannelNotice.id).with_for_update())
    work.session.execute(
        update(Outgoing)
        .where(Outgoing.id == outgoing_id, Outgoing.state == GONE,
               ~exists().where(ChannelNotice.outgoing_id == outgoing_id,
                               ChannelNotice.state != WAITING))
        .values(state=WAITING, ended_at=None).execution_options(synchronize_session=False))


def waits_until(work: Work, outgoing_id: int) -> datetime | None:
    """When a decision leaves; None when it was recalled and never will."""
    return work.session.scalar(select(Outgoing.leaves_at).where(
        Outgoing.id == outgoing_id, Outgoing.state != RECALLED))


def keep_waiting(work: Work, token: str) -> None:
    """A bulk change goes on: what it decided so far and would leave soon waits longer."""
    _leave_at(work, token, work.now + IN_BULK, Outgoing.leaves_at < work.now + KEPT_ON)


def let_go(work: Work, token: str) -> None:
    """A bulk change is over: the window begins, for all of it at once."""
    seconds = work.session.scalar(select(Company.recall_seconds))
    _leave_at(work, token, work.now + wait_of(seconds, False), Outgoing.leaves_at > work.now)


def _leave_at(work: Work, token: str, when: datetime, among: Any) -> None:
    """Notices first, as everybody does it who wants both (see ``take_back``)."""
    ours = (Outgoing.together == token) & (Outgoing.state == WAITING) & among
    work.session.execute(
        update(ChannelNotice)
        .where(ChannelNotice.outgoing_id.in_(select(Outgoing.id).where(ours)),
               ChannelNotice.state == WAITING)
        .values(due_at=when).execution_options(synchronize_session=False))
    work.session.execute(update(Outgoing).where(ours).values(leaves_at=when)
                         .execution_options(synchronize_session=False))


# Taking back ------------------------------------------------------------------------------------


def newer() -> NotAllowedNow:
    """Why something cannot be recalled before something else was."""
    return NotAllowedNow("Something newer was decided about this order since. Recall that first.")


def check(row: Outgoing) -> None:
    """Refuse what cannot be recalled, and say why and what to do instead.

    Raises:
        NotAllowedNow: a channel was told, something newer was decided, or it only follows.
    """
    if row.state == GONE:
        raise NotAllowedNow(TOO_LATE[row.kind])
    if row.state == REPLACED:
        raise newer()
    if row.undo is None:
        raise NotAllowedNow(
            "This follows from what was done to the order. Take that back, and the channel is "
            "told of it.")


def take_back(work: Work, row: Outgoing) -> None:
    """Recall a decision: channels will know what they knew before. The order is the caller's part.

    Notices are locked before the row, as by those who tell channels.

    Raises:
        NotAllowedNow: a channel is being told, or something newer was decided since.
    """
    session = work.session
    session.flush()
    notices = session.scalars(
        select(ChannelNotice).where(ChannelNotice.outgoing_id == row.id)
        .order_by(ChannelNotice.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    was = {one["key"]: one["was"] for one in row.before}
    if was.keys() - {notice.key for notice in notices}:
        raise newer()
    taken = rows_changed(
        session, update(Outgoing).where(Outgoing.id == row.id, Outgoing.state == WAITING)
        .values(state=RECALLED, ended_at=work.now)
        .execution_options(synchronize_session=False))
    session.refresh(row)
    if not taken:
        check(row)
        raise NotAllowedNow("This was recalled already.")
    for notice in notices:
        _restore(work, row, notice, was.get(notice.key))
    session.flush()
    audit.record(work, "orders.recall", "order", row.order_id, {"what": [None, row.kind]},
                 order_id=row.order_id)


def _restore(work: Work, row: Outgoing, notice: ChannelNotice, was: Mapping[str, Any] | None
             ) -> None:
    """A notice as it was before the decision; versions never go back."""
    notice.version += 1
    if was is None and row.kind == INVOICE:  # it can be sent later, when somebody says so
        notice.state, notice.due_at = RECALLED, None
    elif was is None:
        work.session.delete(notice)
    else:
        for name in _KEEPS:
            setattr(notice, name, was[name])
        notice.due_at = datetime.fromisoformat(was["due_at"]) if was["due_at"] else None
        work.session.execute(
            update(Outgoing)
            .where(Outgoing.id == was["outgoing_id"], Outgoing.state == REPLACED)
            .values(state=WAITING).execution_options(synchronize_session=False))


# Looking ----------------------------------------------------------------------------------------


def get(session: Session, outgoing_id: int) -> Outgoing:
    """A decision.

    Raises:
        NotFound: there is none (any more).
    """
    row = session.get(Outgoing, outgoing_id, populate_existing=True)
    if row is None:
        raise NotFound("This was recalled or told long ago.")
    return row


def decided(work: Work, kind: str, order_id: int) -> Outgoing | None:
    """What was decided about an order in this very transaction, if a channel has to know."""
    return work.session.scalar(
        select(Outgoing).where(Outgoing.order_id == order_id, Outgoing.kind == kind,
                               Outgoing.at == work.now, Outgoing.undo.is_not(None))
        .order_by(Outgoing.id.desc()).limit(1))


def of_subject(session: Session, kind: str, order_id: int, subject_id: int) -> Outgoing | None:
    """The newest decision about a shipment or a document."""
    return session.scalar(
        select(Outgoing).where(Outgoing.order_id == order_id, Outgoing.kind == kind,
                               Outgoing.subject_id == subject_id)
        .order_by(Outgoing.id.desc()).limit(1).execution_options(populate_existing=True))


def forget_old(work: Work) -> int:
    """Forget decisions of before yesterday, unless a channel waits for them; how many."""
    old = (
        select(Outgoing.id)
        .where(Outgoing.at < work.now - KEPT,
               ~exists().where(ChannelNotice.outgoing_id == Outgoing.id,
                               ChannelNotice.due_at.is_not(None)))
        .order_by(Outgoing.at).limit(FORGOTTEN_AT_ONCE)
    )
    ids = work.session.scalars(old).all()
    work.session.execute(
        update(ChannelNotice).where(ChannelNotice.outgoing_id.in_(ids)).values(outgoing_id=None)
        .execution_options(synchronize_session=False))
    return rows_changed(work.session, delete(Outgoing).where(Outgoing.id.in_(ids))
                                .execution_options(synchronize_session=False))
