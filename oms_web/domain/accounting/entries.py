"""Documents on their way into the books of an accounting system, and what became of them.

Said, done, noted. ``queue`` writes a row in the transaction that issues the document; ``take``
gives it to one worker, ``note`` keeps the outcome of that very try. A death in between leaves a row
whose time runs out; whoever takes it then looks first what the books have under its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, delete, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotFound
from oms_web.core.marking import N_
from oms_web.core.work import Work
from oms_web.domain.accounting.entry_states import (
    ENTERED,
    IN_FLIGHT,
    LEFT_OUT,
    READY,
    REFUSED,
    SENDING,
    SETTLED,
    UNKNOWN,
    UNTOLD,
    WAITING,
    after,
    try_after,
)
from oms_web.domain.accounting.models import BookAccount, BookEntry
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents import kinds
from oms_web.domain.documents.models import Document, is_annulled

WAITS = N_("It waits until %(number)s, which it corrects, is in the books.")
PAID_LATER = (kinds.INVOICE, kinds.PROFORMA)
"""Kinds whose payment the books are told of when it comes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry in a worker's hands. ``doubtful``: it may stand in the books already."""

    id: int
    document_id: int
    attempt: int
    doubtful: bool


# Which account takes documents ------------------------------------------------------------------


def choose(work: Work, account_id: int, since: date, *, proformas: bool) -> BookAccount:
    """Let an account take documents issued from a day on. Those issued since then follow; what
    is older, or not wanted any more, and not there goes no longer.

    Raises:
        Invalid: the day is to come.
    """
    if since > local_day(work.now):
        raise Invalid("This day is still to come.", "since")
    row = work.session.get(BookAccount, account_id)
    before = {"since": row.since.isoformat(), "proformas": row.proformas} if row else \
        {"since": None, "proformas": None}
    changes = audit.changes(before, {"since": since.isoformat(), "proformas": proformas})
    if row is None:
        row = BookAccount(account_id=account_id)
        work.session.add(row)
    row.since, row.proformas, row.changed_at = since, proformas, work.now
    work.session.flush()
    _forget(work, account_id, select(Document.id).where(
        Document.issue_date < since if proformas else
        (Document.issue_date < since) | (Document.kind == kinds.PROFORMA)))
    known = exists().where(BookEntry.document_id == Document.id,
                           BookEntry.account_id == account_id)
    work.session.execute(insert(BookEntry).from_select(
        ["account_id", "document_id", "state", "reference", "url", "why", "attempts",
         "is_settled", "created_at", "due_at"],
        select(literal(account_id), Document.id, literal(READY), literal(""), literal(""),
               literal(""), literal(0), literal(False), literal(work.now), literal(work.now))
        .where(Document.kind.in_(_kinds(proformas)), Document.issue_date >= since, ~known,
               ~is_annulled())
        .order_by(Document.id)))
    if changes:
        audit.record(work, "books.choose", "channel_account", account_id, changes)
    return row


def stop(work: Work, account_id: int) -> bool:
    """Let an account take no documents any more; False if it took none. What was sent stays
    known, and what nobody knows of is still looked for.
    """
    row = work.session.get(BookAccount, account_id)
    if row is None:
        return False
    work.session.delete(row)
    _forget(work, account_id, select(Document.id))
    audit.record(work, "books.stop", "channel_account", account_id,
                 {"since": [row.since.isoformat(), None]})
    return True


def _forget(work: Work, account_id: int, documents: Select[int]) -> None:
    """What is known not to be there, of these documents."""
    work.session.execute(delete(BookEntry).where(
        BookEntry.account_id == account_id, BookEntry.state.in_((READY, REFUSED)),
        BookEntry.document_id.in_(documents),
    ).execution_options(synchronize_session=False))


def _kinds(proformas: bool) -> tuple[str, ...]:
    return kinds.FOR_BUYERS if proformas else tuple(
        one for one in kinds.FOR_BUYERS if one != kinds.PROFORMA)


def queue(work: Work, document: Document) -> None:
    """Write down that an issued document goes into the books of whoever takes it; once."""
    rows = work.session.scalars(
        select(BookAccount).join(ChannelAccount, ChannelAccount.id == BookAccount.account_id)
        .where(BookAccount.since <= document.issue_date, ChannelAccount.archived_at.is_(None)))
    for row in rows.all():
        if document.kind in _kinds(row.proformas):
            work.session.add(BookEntry(
                account_id=row.account_id, document_id=document.id, state=READY,
                created_at=work.now, due_at=work.now))
    work.session.flush()


def drop(work: Work, document_id: int) -> None:
    """A document was annulled: what no books have of it yet is not entered."""
    work.session.execute(delete(BookEntry).where(
        BookEntry.document_id == document_id, BookEntry.state.in_((READY, REFUSED, LEFT_OUT)),
    ).execution_options(synchronize_session=False))


# A person's part --------------------------------------------------------------------------------


def again(work: Work, entry_id: int) -> BookEntry:
    """A person wants it tried now: that it is entered, or that its payment is told. It is looked
    for first, since a person may have entered it.

    Raises:
        NotFound: there is no such entry.
        NotAllowedNow: nothing is in the way, or it is being sent.
    """
    row = lock(work.session, entry_id)
    _act(work, row, "again")
    row.due_at, row.why, row.is_settled = work.now, "", False
    row.attempts = max(row.attempts, 1)
    return row


def leave(work: Work, entry_id: int) -> BookEntry:
    """A person does by hand what is in the way, or does not want it: nobody tries it any more.

    Raises:
        NotFound: there is no such entry.
        NotAllowedNow: nothing is in the way, or it is being sent.
    """
    row = lock(work.session, entry_id)
    _act(work, row, "leave")
    row.due_at, row.why = None, ""
    _wake(work, row)
    return row


def lock(session: Session, entry_id: int) -> BookEntry:
    """An entry that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is none.
    """
    row = session.scalar(select(BookEntry).where(BookEntry.id == entry_id).with_for_update()
                         .execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such entry.")
    return row


def state_of(row: BookEntry) -> str:
    """Its state, with a word of its own for what is there and whose payment is not."""
    return UNTOLD if row.state == ENTERED and row.why else row.state


def _act(work: Work, row: BookEntry, name: str, note: str = "") -> None:
    before, row.state = row.state, after(state_of(row), name)
    document = work.session.get_one(Document, row.document_id)
    audit.record(work, f"books.{name}", "document", row.document_id,
                 {"books": [before, row.state]}, order_id=document.order_id, note=note or None)


# A worker's part --------------------------------------------------------------------------------


def take(work: Work, entry_id: int) -> Taken | None:
    """Write down that a document is about to be sent; None if that is not to be done now.

    Raises:
        NotFound: there is no such entry.
    """
    row = lock(work.session, entry_id)
    if row.state not in (READY, UNKNOWN, SENDING) or row.due_at is None or row.due_at > work.now:
        return None
    if waits_for := _original(work.session, row):
        row.due_at, row.why = work.now + WAITING, WAITS % {"number": waits_for}
        return None
    doubtful = row.attempts > 0
    row.state, row.attempts = after(row.state, "take"), row.attempts + 1
    row.due_at = work.now + IN_FLIGHT
    work.session.flush()
    return Taken(row.id, row.document_id, row.attempts, doubtful)


def _original(session: Session, row: BookEntry) -> str:
    """The number of the document that this one corrects, while it is on its way; else empty."""
    first = session.get_one(Document, row.document_id).corrects_id
    return session.scalar(
        select(Document.number).join(BookEntry, BookEntry.document_id == Document.id)
        .where(Document.id == first, BookEntry.account_id == row.account_id,
               BookEntry.state.not_in(SETTLED))) or "" if first else ""


def note_entered(work: Work, taken: Taken, reference: str, url: str, *, paid: bool) -> bool:
    """It stands in the books as it was issued; False if this try was overtaken.

    Args:
        paid: it was entered as paid in full.
    """
    row = _mine(work, taken)
    if row is None:
        return False
    document = work.session.get_one(Document, row.document_id)
    _act(work, row, "enter", reference)
    row.reference, row.url, row.why = reference[:80], url[:300], ""
    row.entered_at, row.due_at = work.now, None
    row.is_settled = paid or document.kind not in PAID_LATER
    _wake(work, row)
    return True


def note_refused(work: Work, taken: Taken, why: str, reference: str = "", url: str = "") -> bool:
    """The books do not take it, or have something else under its number (``reference``); False if
    this try was overtaken.
    """
    row = _mine(work, taken)
    if row is None:
        return False
    _act(work, row, "refuse", why[:300])
    row.why, row.due_at = why, None
    row.reference, row.url = reference[:80], url[:300]
    return True


def note_failed(work: Work, taken: Taken, why: str, *, sent: bool) -> bool:
    """It did not get through, and is tried again later; ``sent``: it may stand there all the same.
    False if this try was overtaken.
    """
    row = _mine(work, taken)
    if row is None:
        return False
    row.state = after(row.state, "lose" if sent else "delay")
    row.why, row.due_at = why, work.now + try_after(row.attempts)
    return True


def _mine(work: Work, taken: Taken) -> BookEntry | None:
    """The entry, if the try is still the last one: a later one knows better."""
    row = lock(work.session, taken.id)
    return row if row.state == SENDING and row.attempts == taken.attempt else None


def _wake(work: Work, row: BookEntry) -> None:
    """Corrections of it that waited can go on."""
    work.session.execute(
        update(BookEntry).where(
            BookEntry.account_id == row.account_id, BookEntry.state == READY,
            BookEntry.document_id.in_(select(Document.id).where(
                Document.corrects_id == row.document_id)))
        .values(due_at=work.now, why="").execution_options(synchronize_session=False))


# Payment ----------------------------------------------------------------------------------------


def take_payment(work: Work, entry_id: int) -> BookEntry | None:
    """An entry whose payment is to be told now, kept for a while from others who would tell it;
    telling it twice does no harm.
    """
    row = lock(work.session, entry_id)
    if row.state != ENTERED or row.is_settled or (row.due_at and row.due_at > work.now):
        return None
    row.due_at = work.now + IN_FLIGHT
    return row


def note_paid(work: Work, entry_id: int, why: str = "") -> None:
    """The books know that it was paid, or do not take that: then ``why``."""
    row = lock(work.session, entry_id)
    if row.is_settled:
        return
    row.is_settled, row.why, row.due_at = True, why, None
    audit.record(work, "books.paid", "document", row.document_id,
                 {"payment_told": [False, not why]}, note=why[:300] or None)


def note_payment_failed(work: Work, entry_id: int) -> None:
    """It did not get through: it is told again later."""
    row = lock(work.session, entry_id)
    row.due_at = work.now + try_after(3)
