"""Messages: written once for an occasion, taken by a worker, and what became of them.

Said, done, noted: a worker writes down what it is about to send (``take``), sends it with no
transaction open, and notes the outcome (``note``). A death in between leaves a row whose time runs
out: of an e-mail nobody then knows whether it was sent, an SMS is sent again by its key, and what
goes through a channel is looked for in its thread before it is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from oms_web.core.db import rows_changed, upsert
from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.messages import patience
from oms_web.domain.messages.letters import Verdict, Why, plain_why
from oms_web.domain.messages.models import Message, RefusedAddress
from oms_web.domain.messages.queries import get
from oms_web.domain.messages.wording import CHANNEL, EMAIL, SMS, Rendered
from oms_web.domain.orders import outgoing_queries

WAITING, SENDING, SENT, DELIVERED, FAILED, UNKNOWN, DROPPED = STATES = (
    "waiting", "sending", "sent", "delivered", "failed", "unknown", "dropped",
)
IN_FLIGHT = timedelta(minutes=5)
NOT_TOLD = plain_why("The answer was lost: nobody knows whether it was sent.")
TOO_OLD = plain_why("It could not be sent for three days.")
REFUSED_BEFORE = plain_why("There is no such address: a message to it came back before.")
NO_ADDRESS = plain_why("The order has no address for this kind of message.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message through a channel goes: into a thread, or about an order there."""

    account_id: int
    thread_id: int | None = None
    order_ref: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in a worker's hands."""

    id: int
    order_id: int | None
    kind: str
    recipient: str
    rendered: Rendered
    documents: Sequence[int]
    attempts: int
    round: int
    asked_at: datetime
    tried_at: datetime
    account_id: int | None = None
    thread_id: int | None = None
    order_ref: str = ""
    doubtful: bool = False

    @property
    def key(self) -> str:
        """The same however often it is sent, until a person has it sent anew."""
        return f"message:{self.id}:{self.round}"


def put(work: Work, kind: str, recipient: str, rendered: Rendered, *, name: str,
        key: str | None = None, order_id: int | None = None, template_id: int | None = None,
        documents: Sequence[int] = (), place: Place | None = None) -> int | None:
    """Write a message down, to be sent a moment later; None if this key has one already.

    What a rule writes waits until what happened to the order cannot be recalled any more.

    ``place`` is for what goes through a channel. Without a recipient, or with one that came back
    before, it is written down as failed: whoever looks sees that the buyer was not told, and why.
    """
    why = None if recipient else NO_ADDRESS
    if recipient and kind == EMAIL and is_refused(work, recipient):
        why = REFUSED_BEFORE
    message_id = work.session.execute(
        upsert(work.session, Message).values(
            order_id=order_id, template_id=template_id, name=name, key=key, kind=kind,
            recipient=recipient, language=rendered.language, subject=rendered.subject[:400],
            text=rendered.text, documents=list(documents), by_kind=work.actor.kind,
            by_id=work.actor.id, by_name=work.actor.name, state=FAILED if why else WAITING, why=why,
            due_at=None if why else _open_until(work, work.actor.kind, order_id) or work.now,
            created_at=work.now, asked_at=work.now,
            ended_at=work.now if why else None,
            **({"account_id": place.account_id, "thread_id": place.thread_id,
                "order_ref": place.order_ref} if place else {}),
        ).on_conflict_do_nothing(index_elements=["key"]).returning(Message.id)).scalar()
    if message_id is not None:
        audit.record(work, "messages.write", "message", message_id,
                     {"template": [None, name]}, order_id=order_id)
    return message_id


def _open_until(work: Work, by_kind: str, order_id: int | None) -> datetime | None:
    """Until when a message of a rule must wait; None: it need not."""
    if by_kind != "rule" or order_id is None:
        return None
    return outgoing_queries.open_until(work.session, order_id, work.now)


# A worker's part --------------------------------------------------------------------------------


def take(work: Work, kind: str, key_hours: int = 0, account_id: int | None = None
         ) -> Outgoing | None:
    """Write down what is about to be sent, the longest due first; None when nothing is.

    Args:
        key_hours: for how long a gateway knows the key of an SMS.
        account_id: the channel through which it goes.
    """
    here = () if account_id is None else (Message.account_id == account_id,)
    while True:
        row = work.session.scalar(
            select(Message)
            .where(Message.kind == kind, Message.due_at <= work.now, *here,
                   Message.state.in_((WAITING, SENDING)))
            .order_by(Message.due_at, Message.id).limit(1).with_for_update(skip_locked=True)
            .execution_options(populate_existing=True))
        if row is None:
            return None
        stays = kind == CHANNEL or (kind == SMS and (
            row.tried_at is None or patience.is_remembered(row.tried_at, key_hours, work.now)))
        if row.state == SENDING and not stays:
            _end(work, row, UNKNOWN, NOT_TOLD)
        elif patience.gives_up(row.asked_at, work.now):
            _end(work, row, UNKNOWN if row.doubtful else FAILED, row.why or TOO_OLD)
        elif kind == EMAIL and is_refused(work, row.recipient):
            _end(work, row, FAILED, REFUSED_BEFORE)
        elif row.attempts == 0 and (later := _open_until(work, row.by_kind, row.order_id)):
            row.due_at = later  # a bulk change goes on, and keeps its window open
        else:
            row.doubtful = row.doubtful or row.state == SENDING
            row.state, row.due_at = SENDING, work.now + IN_FLIGHT
            row.attempts += 1
            row.tried_at = row.tried_at or work.now
            work.session.flush()
            return Outgoing(
                row.id, row.order_id, row.kind, row.recipient,
                Rendered(row.language, row.subject, row.text), tuple(row.documents), row.attempts,
                row.round, row.asked_at, row.tried_at, row.account_id, row.thread_id,
                row.order_ref, row.doubtful)
        work.session.flush()


def note(work: Work, sent: Outgoing, verdict: Verdict, *, account_id: int | None = None,
         key_hours: int = 0) -> None:
    """Note what became of a message; nothing if somebody else has taken it since."""
    row = work.session.scalar(
        select(Message).where(Message.id == sent.id, Message.state == SENDING,
                              Message.attempts == sent.attempts).with_for_update())
    if row is None:
        return
    row.account_id = account_id
    if verdict.state == "sent":
        row.reference = verdict.reference[:160]
        _end(work, row, SENT, None)
        if row.kind == SMS and row.reference:
            row.due_at = patience.ask_again(work.now, work.now)
    elif verdict.state == "refused":
        if verdict.address:
            refuse_address(work, row.recipient, verdict.why or NO_ADDRESS)
        _end(work, row, FAILED, verdict.why)
    elif verdict.state == "unknown" and row.kind != CHANNEL and not (
            row.kind == SMS and patience.is_remembered(sent.tried_at, key_hours, work.now)):
        _end(work, row, UNKNOWN, verdict.why or NOT_TOLD)
    else:
        row.doubtful = row.doubtful or verdict.state == "unknown"
        row.state, row.why = WAITING, verdict.why
        row.due_at = work.now + patience.pause_after(row.attempts, verdict.wait)


def seen_there(work: Work, message_id: int, reference: str) -> None:
    """A channel shows a message of ours: whatever was in doubt about it, it was sent."""
    row = _locked(work, message_id)
    row.reference = row.reference or reference[:160]
    if row.state in (WAITING, SENDING, UNKNOWN):
        _end(work, row, SENT, None)


def hold_back(work: Work, kind: str, until: datetime, account_id: int | None = None) -> None:
    """Send nothing of a kind (through a channel) before a moment: it would meet the same."""
    here = () if account_id is None else (Message.account_id == account_id,)
    work.session.execute(
        update(Message).where(Message.kind == kind, Message.state == WAITING, *here,
                              Message.due_at < until)
        .values(due_at=until).execution_options(synchronize_session=False))


def hasten(work: Work) -> None:
    """What waits is tried at once: something was put right."""
    work.session.execute(
        update(Message).where(Message.state == WAITING, Message.due_at.is_not(None))
        .values(due_at=work.now).execution_options(synchronize_session=False))


def note_report(work: Work, message_id: int, state: str, why: Why | None = None) -> None:
    """Note what a gateway says of an SMS that was sent: ``sent``, ``delivered``, ``undelivered``;
    empty where it knows nothing."""
    row = work.session.scalar(
        select(Message).where(Message.id == message_id, Message.state == SENT).with_for_update())
    if row is None:
        return
    if state == "delivered":
        _end(work, row, DELIVERED, None)
    elif state == "undelivered":
        _end(work, row, FAILED, why)
    else:
        row.due_at = patience.ask_again(row.ended_at or work.now, work.now) if state else None


def _end(work: Work, row: Message, state: str, why: Why | None) -> None:
    audit.record(work, "messages.told", "message", row.id, {"message": [row.state, state]},
                 order_id=row.order_id)
    row.state, row.why, row.due_at, row.ended_at = state, why, None, work.now


# A person's part --------------------------------------------------------------------------------


def again(work: Work, message_id: int) -> None:
    """Send once more what failed, or what nobody knows of.

    Raises:
        NotAllowedNow: it is on its way, was sent, or has nobody to go to.
    """
    row = _locked(work, message_id)
    if row.state not in (FAILED, UNKNOWN):
        raise NotAllowedNow("This message cannot be sent again: it is not known to have failed.")
    if not row.recipient:
        raise NotAllowedNow("The order has no address for this kind of message.")
    if row.kind == EMAIL and is_refused(work, row.recipient):
        raise NotAllowedNow("There is no such address: a message to it came back before.")
    if row.state == FAILED:  # of what may have arrived the key stays, so that it is not doubled
        row.round += 1
        row.tried_at, row.doubtful = None, False
    audit.record(work, "messages.again", "message", row.id, {"message": [row.state, WAITING]},
                 order_id=row.order_id)
    row.doubtful = row.doubtful or row.state == UNKNOWN
    row.state, row.why, row.due_at, row.attempts = WAITING, None, work.now, 0
    row.asked_at, row.ended_at = work.now, None


def settle(work: Work, message_id: int) -> None:
    """A person knows that it arrived.

    Raises:
        NotAllowedNow: that was never in doubt.
    """
    row = _locked(work, message_id)
    if row.state != UNKNOWN:
        raise NotAllowedNow("It is known what became of this message.")
    audit.record(work, "messages.settle", "message", row.id, {"message": [UNKNOWN, SENT]},
                 order_id=row.order_id)
    row.state, row.why, row.due_at = SENT, None, None


def drop(work: Work, message_id: int) -> bool:
    """Call a message off that was not sent yet; False when it was, or is on its way."""
    row = _locked(work, message_id)
    if row.state != WAITING:
        return False
    _drop(work, row)
    return True


def drop_of_rules(work: Work, order_ids: Collection[int], since: datetime) -> None:
    """What happened to orders at a moment was taken back: call off what rules wrote because of it.

    What they wrote since because of something else that happened stays.
    """
    for row in work.session.scalars(
        select(Message)
        .where(Message.order_id.in_(order_ids), Message.by_kind == "rule",
               Message.state == WAITING, Message.created_at >= since)
        .order_by(Message.id).with_for_update().execution_options(populate_existing=True)
    ).all():
        if _heard_at(work, row) in (None, since):
            _drop(work, row)


def _heard_at(work: Work, row: Message) -> datetime | None:
    """When that happened because of which a rule wrote; None if it was nothing in the trail."""
    kind, _, number = (row.key or "").split(":", 2)[-1].partition(":")
    entry = work.session.get(AuditEntry, int(number)) if kind == "trail" else None
    return entry.at if entry is not None else None


def _drop(work: Work, row: Message) -> None:
    audit.record(work, "messages.drop", "message", row.id, {"message": [WAITING, DROPPED]},
                 order_id=row.order_id)
    row.state, row.due_at, row.ended_at = DROPPED, None, work.now


def _locked(work: Work, message_id: int) -> Message:
    get(work.session, message_id)
    return work.session.scalars(
        select(Message).where(Message.id == message_id).with_for_update()
        .execution_options(populate_existing=True)).one()


# Addresses that came back ------------------------------------------------------------------------


def is_refused(work: Work, address: str) -> bool:
    """Whether an address is known not to exist."""
    return work.session.get(RefusedAddress, address.lower()[:200]) is not None


def refuse_address(work: Work, address: str, why: Why) -> None:
    """Send nothing more to an address: its server says that nobody is there."""
    work.session.execute(
        upsert(work.session, RefusedAddress).values(
            address=address.lower()[:200], at=work.now, why=(why[0] % why[1])[:300])
        .on_conflict_do_nothing())


def allow_address(work: Work, address: str) -> bool:
    """Send to an address again; False when it was not refused."""
    gone = rows_changed(
        work.session, delete(RefusedAddress).where(RefusedAddress.address == address.lower()[:200]))
    if gone:
        audit.record(work, "messages.allow_address", "message_settings", 1,
                     {"email": [None, address.lower()[:200]]})
    return bool(gone)
