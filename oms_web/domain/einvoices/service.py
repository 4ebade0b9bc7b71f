"""E-invoices on their way into KSeF: made once, taken by a worker, and what became of them.

Said, done, noted: a worker writes down what it is about to send and in which session (``begin``),
sends with no transaction open, and notes the outcome. A death or a lost answer in between is
``unknown``; it is asked after before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import announced, fa3, notices, numbers, settings
from oms_web.domain.einvoices.models import EInvoice, EInvoiceSettings
from oms_web.domain.einvoices.schema import faults
from oms_web.domain.einvoices.states import (
    ACCEPTED,
    ANNULLED,
    AWAITING,
    NOT_ISSUED,
    OPEN,
    READY,
    REJECTED,
    SENDING,
    SENT,
    SURE_AFTER,
    UNKNOWN,
    Answer,
    after,
    poll_after,
    try_after,
)

IN_FLIGHT = timedelta(minutes=5)
GRACE = timedelta(minutes=5)
"""So long KSeF is waited for before invoices become offline ones."""
MOST_TRIES = 12
MOST_POLLS = 60
RECEIPT_AGAIN = timedelta(minutes=10)


def queue(work: Work, document: Document) -> EInvoice | None:
    """Make the e-invoice of an issued document, if the seller's settings say so; once.

    Raises:
        Invalid: the document says something that KSeF would refuse.
    """
    row = settings.get(work.session)
    present = work.session.get(EInvoice, document.id)
    if present is not None or row is None or not settings.goes(row, document.snapshot):
        return present
    made = EInvoice(
        document_id=document.id, kind=fa3.kind_of(document.snapshot), nip=row.nip,
        environment=row.environment, issue_date=document.issue_date,
        state=AWAITING, created_at=work.now,
    )
    made.deadline = notices.term_of(work.session, made).day
    work.session.add(made)
    work.session.flush()
    _write(work, made, document)
    audit.record(work, "einvoices.queue", "document", document.id, {"ksef": [None, made.state]},
                 order_id=document.order_id)
    return made


def _write(work: Work, row: EInvoice, document: Document) -> None:
    """Make the file, unless a document that it must name has no number yet."""
    spoken = fa3.spoken_of(document.snapshot)
    found = list(work.session.execute(
        select(EInvoice.document_id, EInvoice.state, EInvoice.ksef_number)
        .where(EInvoice.document_id.in_(spoken)))) if spoken else []
    xml = fa3.write(document.snapshot, work.now,
                    {one.document_id: one.ksef_number for one in found if one.ksef_number})
    if wrong := faults(xml):
        raise Invalid("KSeF would refuse this document: %(why)s", why=wrong[0][:300])
    if any(one.state != ACCEPTED for one in found):  # it was looked at while it can be mended
        row.state, row.due_at = AWAITING, None
        return
    row.file, row.hash = work.ports["files"].put(xml, ".xml"), numbers.sha256(xml)
    row.state, row.due_at = READY, work.now
    row.session = row.reference = None


def again(work: Work, document_id: int) -> None:
    """A person wants it sent now: what was rejected is made anew, what waits is hastened.

    An offline invoice that KSeF rejected is sent as the technical correction of it, so that the
    code on the buyer's print still leads somewhere.

    Raises:
        NotFound: the document does not go to KSeF.
        NotAllowedNow: it has been accepted, or is being asked after.
    """
    row, known = locked(work, document_id), settings.get(work.session)
    document = work.session.get_one(Document, document_id)
    if row.state not in (ACCEPTED, ANNULLED) and not settings.is_on(known):
        raise NotAllowedNow("Sending to KSeF is switched off.")
    if may_move(row, known):
        assert known is not None
        _begin_anew(work, row, document, known)
    elif row.state == READY:
        row.due_at = work.now
    elif row.state == REJECTED:
        if row.is_offline:
            row.replaces = row.replaces or row.hash
        row.attempts, row.code, row.words = 0, None, ""
        _write(work, row, document)
    elif row.state == AWAITING:
        raise NotAllowedNow("It names the KSeF number of another document, which has none yet.")
    else:
        raise NotAllowedNow("There is nothing to send: KSeF has it, or is being asked.")
    audit.record(work, "einvoices.again", "document", document_id, {"ksef": [None, row.state]})


def annul(work: Work, document_id: int) -> None:
    """End what KSeF has not had: by then no invoice is issued (art. 106na ust. 1), so that another
    one may be, with a number of its own. One that was issued offline is issued, and is corrected.

    Raises:
        NotFound: the document does not go to KSeF.
        NotAllowedNow: KSeF has it or may have it, or its buyer may have got it offline.
    """
    row = locked(work, document_id)
    if not may_annul(row):
        raise NotAllowedNow("Only what KSeF has not had can be annulled. Once KSeF has it, or it "
                            "was issued offline, a correction puts it right.")
    row.state, row.due_at = ANNULLED, None


def may_annul(row: EInvoice) -> bool:
    """Whether no invoice has come of it yet, for certain."""
    return row.state in NOT_ISSUED and not row.is_offline


def _begin_anew(work: Work, row: EInvoice, document: Document, known: EInvoiceSettings) -> None:
    """What was sent to another environment, or waits for it, goes to the present one."""
    row.environment, row.nip = known.environment, known.nip
    row.deadline = notices.term_of(work.session, row).day
    row.is_offline, row.offline_link, row.replaces = False, None, None
    row.ksef_number = row.upo_file = row.code = row.accepted_at = None
    row.attempts, row.polls, row.words = 0, 0, ""
    _write(work, row, document)


def may_move(row: EInvoice, known: EInvoiceSettings | None) -> bool:
    """Whether it lies in another environment than documents go to now: nothing there is asked any
    more, so a person moves it. Never what the real KSeF has or may have.
    """
    if row.state == ANNULLED or (row.environment == settings.PRODUCTION
                                 and row.state not in NOT_ISSUED):
        return False
    return settings.is_on(known) and known is not None and row.environment != known.environment


def locked(work: Work, document_id: int) -> EInvoice:
    """The e-invoice of a document, ours until the end of the transaction.

    Raises:
        NotFound: the document does not go to KSeF.
    """
    row = work.session.scalar(
        select(EInvoice).where(EInvoice.document_id == document_id).with_for_update()
        .execution_options(populate_existing=True))
    if row is None:
        raise NotFound("This document does not go to KSeF.")
    return row


# A worker's part --------------------------------------------------------------------------------


def begin(work: Work, ids: Collection[int], session: str, *, is_batch: bool) -> list[int]:
    """Write down that these are about to be sent; those that nobody else has begun."""
    return list(work.session.scalars(
        update(EInvoice)
        .where(EInvoice.document_id.in_(ids), EInvoice.state == READY)
        .values(state=SENDING, session=session, reference=None, is_batch=is_batch,
                sent_at=work.now, due_at=work.now + IN_FLIGHT, attempts=EInvoice.attempts + 1)
        .returning(EInvoice.document_id).execution_options(synchronize_session=False)))


def note_sent(work: Work, ids: Collection[int], reference: str | None = None) -> None:
    """KSeF has taken them; what it makes of them is asked after."""
    _from(work, ids, (SENDING, UNKNOWN), state=SENT, reference=reference, polls=0,
          due_at=work.now + poll_after(0))


def note_unknown(work: Work, ids: Collection[int]) -> None:
    """The answer was lost: they are looked for in the session before anything is sent again."""
    _from(work, ids, (SENDING,), state=UNKNOWN, due_at=work.now + SURE_AFTER)


def note_not_sent(work: Work, ids: Collection[int], words: str = "",
                  wait: timedelta | None = None) -> None:
    """They did not arrive: they are sent again later, and given up after many tries."""
    for row in _rows(work, ids, (READY, SENDING, UNKNOWN, SENT)):
        row.attempts = max(row.attempts, 1)  # what failed in a package goes alone
        if row.attempts >= MOST_TRIES and words:
            _reject(work, row, Answer(0, words))
            continue
        row.state, row.session, row.reference = READY, None, None
        row.due_at = work.now + (wait or try_after(row.attempts))
        row.words = words or row.words


def look_again(work: Work, ids: Collection[int]) -> None:
    """Nothing new: they are asked after again later."""
    for row in _rows(work, ids, (SENT, UNKNOWN)):
        row.polls += 1
        row.due_at = work.now + poll_after(row.polls)


def note_answer(work: Work, document_id: int, answer: Answer) -> str:
    """What KSeF says of one; the state it is in now. Said twice is quiet."""
    found = _rows(work, [document_id], (SENDING, SENT, UNKNOWN))
    if not found:
        return ""
    row, to = found[0], after(answer)
    if answer.reference:
        row.reference = answer.reference
    if to == SENT:
        row.state, row.polls = SENT, row.polls + 1
        row.due_at = work.now + poll_after(row.polls)
    elif to == ACCEPTED:
        _accept(work, row, answer.ksef_number, answer.acquired_at)
    elif to == READY:
        note_not_sent(work, [document_id], answer.words)
    else:
        _reject(work, row, answer)
    return row.state


def note_twin(work: Work, document_id: int, answer: Answer, hash_: str) -> str:
    """KSeF has an invoice of this number: if it is the very same one, ours was accepted before.

    Args:
        hash_: of the invoice that was there before.
    """
    found = _rows(work, [document_id], (SENDING, SENT, UNKNOWN))
    if not found:
        return ""
    if found[0].hash == hash_:
        found[0].session = answer.original_session or found[0].session
        _accept(work, found[0], answer.original, None)
    else:
        _reject(work, found[0], answer)
    return found[0].state


def _accept(work: Work, row: EInvoice, ksef_number: str, at: datetime | None) -> None:
    """KSeF has given it a number: it is issued. Corrections that waited for that can go on."""
    row.state, row.ksef_number, row.code, row.words = ACCEPTED, ksef_number, 200, ""
    row.accepted_at, row.due_at, row.polls = at or work.now, work.now, 0
    document = work.session.get_one(Document, row.document_id)
    audit.record(work, "einvoices.accepted", "document", row.document_id,
                 {"ksef_number": [None, ksef_number]}, order_id=document.order_id)
    work.session.flush()
    for waiting in work.session.scalars(
            select(EInvoice).where(EInvoice.state == AWAITING).order_by(EInvoice.document_id)
            .with_for_update()):
        other = work.session.get_one(Document, waiting.document_id)
        if row.document_id in fa3.spoken_of(other.snapshot):
            # It goes where the number that it names is known.
            waiting.environment, waiting.nip = row.environment, row.nip
            try:
                _write(work, waiting, other)
            except Invalid as refusal:  # it must not keep back the number that was given
                _reject(work, waiting, Answer(0, str(refusal)))


def note_receipt(work: Work, document_id: int, upo: bytes | None) -> None:
    """Keep KSeF's signed receipt; None: there is none yet."""
    row = locked(work, document_id)
    if upo is None:
        row.polls += 1
        row.due_at = work.now + RECEIPT_AGAIN if row.polls < MOST_POLLS else None
    else:
        row.upo_file, row.due_at = work.ports["files"].put(upo, ".xml"), None


def go_offline(work: Work, row: EInvoiceSettings) -> int:
    """KSeF cannot be reached for a while, or at all while the Ministry announces that it cannot:
    what waits is issued offline, and sent when it is back. By when: ``announced.term``. How many
    became so.
    """
    if row.down_since is None:
        return 0
    told = announced.current(notices.known(work.session, row.environment), work.now)
    if told is None and work.now - row.down_since < GRACE:
        return 0
    found = work.session.scalars(
        select(EInvoice).where(EInvoice.state == READY, EInvoice.is_offline.is_(False),
                               EInvoice.environment == row.environment)
        .order_by(EInvoice.document_id).with_for_update(skip_locked=True)).all()
    for invoice in found:
        invoice.is_offline = True
        invoice.offline_link = settings.offline_link(work, row, invoice)
        audit.record(work, "einvoices.offline", "document", invoice.document_id,
                     {"offline": [False, True]})
    return len(found)


def _reject(work: Work, row: EInvoice, answer: Answer) -> None:
    row.state, row.code, row.words, row.due_at = REJECTED, answer.code or None, answer.words, None
    document = work.session.get_one(Document, row.document_id)
    audit.record(work, "einvoices.rejected", "document", row.document_id,
                 {"code": [None, answer.code]}, order_id=document.order_id,
                 note=answer.words[:300] or None)


def _rows(work: Work, ids: Collection[int], states: Sequence[str]) -> list[EInvoice]:
    return list(work.session.scalars(
        select(EInvoice).where(EInvoice.document_id.in_(ids), EInvoice.state.in_(states))
        .order_by(EInvoice.document_id).with_for_update()
        .execution_options(populate_existing=True)))


def _from(work: Work, ids: Collection[int], states: Sequence[str], **values: object) -> None:
    work.session.execute(
        update(EInvoice).where(EInvoice.document_id.in_(ids), EInvoice.state.in_(states))
        .values(**values).execution_options(synchronize_session=False))


def is_open(row: EInvoice | None) -> bool:
    """Whether a document is still on its way: it has neither a number nor been refused."""
    return row is not None and row.state in OPEN
