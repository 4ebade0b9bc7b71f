"""Send documents to KSeF, ask what became of them, fetch its receipts; read what others issued.

One task (``core/claims.py``), so that two workers do not open two sessions. Said, done, noted: see
``domain/einvoices/service``. No transaction is open while KSeF is asked. When it cannot be reached,
what waits is issued offline and sent when it is back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Protocol

from oms_connector import AccessRefused, ChannelDown, ChannelError, OutcomeUnknown, RateLimited
from oms_connector import Refused as RefusedError

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.errors import NotAllowedNow, OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.einvoices import incoming, numbers, queries, service, settings
from oms_web.domain.einvoices.models import EInvoice
from oms_web.domain.einvoices.office import Access, EInvoiceOffice, Login, Parcel, Session
from oms_web.domain.einvoices.states import (
    ACCEPTED,
    DUPLICATE,
    READY,
    REJECTED,
    SENDING,
    SENT,
    UNKNOWN,
    Answer,
    SessionAnswer,
)

log = logging.getLogger(__name__)

TASK, INCOMING = "send_einvoices", "read_incoming_invoices"
TURN = 40
BATCH_FROM, BATCH_MOST = 15, 500
"""From so many on they go as one package: KSeF takes 180 single ones an hour."""
DOWN_FOR, REFUSED_FOR, SLOW_FOR = (timedelta(minutes=m) for m in (1, 10, 1))
_OPEN, _WORKED = 100, 200

Beat = Callable[[int, int], None]


class OfficeMaker(Protocol):
    """Makes the client of KSeF (the ``ksef`` port). ``keep`` is given what each login gave."""

    def __call__(self, address: str, nip: str, login: Login, access: Access | None,
                 keep: Callable[[Access], None]) -> EInvoiceOffice:
        """A client for one company."""


@dataclass(slots=True)
class Done:
    """What a run came to."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0

    def count(self, state: str) -> None:
        """One more that is in this state now."""
        self.accepted += state == ACCEPTED
        self.rejected += state == REJECTED


def ask(work: Work, kind: str = TASK) -> bool:
    """Queue the task; False if it is queued already."""
    return enqueue(work.session, kind, "", {}, now=work.now) is not None


def run(works: Works, beat: Beat = lambda _a, _b: None) -> Done:
    """Everything that is due: look for lost ones, ask, send, fetch receipts."""
    done = Done()
    with _reached(works) as office:
        if office is None:
            return done
        for part in (_find_lost, _ask_after, _send, _fetch_receipts):
            part(works, office, done)
            beat(done.sent, 0)
    return done


def read_incoming(works: Works) -> int:
    """Read KSeF's list of invoices issued to us and fetch their files; how many are new."""
    new = 0
    with _reached(works) as office:
        if office is None:
            return new
        with works.writing(SYSTEM) as work:
            row = settings.get(work.session)
            assert row is not None
            since = incoming.since(row, work.now)
            incoming.begin(work)
        listing = office.incoming(since)
        with works.writing(SYSTEM) as work:
            new = incoming.take_in(work, listing)
        with works.reading(SYSTEM) as work:
            wanted = incoming.without_file(work.session)
        for invoice_id, ksef_number, hash_ in wanted:
            xml = office.fetch(ksef_number)
            if numbers.sha256(xml) != hash_:
                log.warning("the file of %s is not what KSeF's list says", ksef_number)
            with works.writing(SYSTEM) as work:
                incoming.note_file(work, invoice_id, xml)
    return new


def check(works: Works) -> None:
    """Sign in anew, as the settings say.

    Raises:
        ChannelError: why it does not work.
        NotAllowedNow: nothing is set up.
    """
    office = _office(works, anew=True)
    if office is None:
        raise NotAllowedNow("Sending to KSeF is switched off.")
    try:
        office.check()
    finally:
        office.close()
    with works.writing(SYSTEM) as work:
        settings.note_reached(work)


@contextmanager
def _reached(works: Works) -> Iterator[EInvoiceOffice | None]:
    """KSeF, and what its refusal or silence means for everything that waits."""
    office = _office(works)
    if office is None:
        yield None
        return
    try:
        yield office
    except RateLimited as error:
        wait = timedelta(seconds=error.retry_after) if error.retry_after else SLOW_FOR
        with works.writing(SYSTEM) as work:
            settings.note_trouble(work, str(error), wait)
    except AccessRefused as error:
        with works.writing(SYSTEM) as work:
            settings.note_trouble(work, str(error), REFUSED_FOR)
            settings.keep_session(work, None)
    except ChannelError as error:
        is_down = isinstance(error, ChannelDown | OutcomeUnknown)
        with works.writing(SYSTEM) as work:
            settings.note_trouble(work, str(error), DOWN_FOR, is_down=is_down)
            row = settings.get(work.session)
            if is_down and row is not None:
                service.go_offline(work, row)
    else:
        with works.reading(SYSTEM) as work:
            row = settings.get(work.session)
        if row is not None and (row.trouble or row.down_since or row.paused_until):
            with works.writing(SYSTEM) as work:
                settings.note_reached(work)
    finally:
        office.close()


def _office(works: Works, *, anew: bool = False) -> EInvoiceOffice | None:
    with works.reading(SYSTEM) as work:
        row = settings.get(work.session)
        if row is None or not settings.is_on(row):
            return None
        login = settings.login(work, row)
        access = None if anew else settings.access(work, row)

    def keep(given: Access) -> None:
        with works.writing(SYSTEM) as work:
            settings.keep_access(work, given)

    make: OfficeMaker = works.ports["ksef"]
    return make(settings.api_address(row), row.nip, login, access, keep)


# What became of them ----------------------------------------------------------------------------


def _find_lost(works: Works, office: EInvoiceOffice, done: Done) -> None:
    """Those whose answer was lost, or whose sender died: are they in their session?"""
    for session, rows in _due_by_session(works, (SENDING, UNKNOWN)):
        try:
            found = office.session(session)
        except RefusedError as error:  # KSeF knows no such session: nothing came
            found = SessionAnswer(_OPEN, str(error))
        _settle(works, office, done, rows, found, missing_is_lost=found.code != 150)


def _ask_after(works: Works, office: EInvoiceOffice, done: Done) -> None:
    """Those that KSeF has taken: what does it make of them?"""
    for session, rows in _due_by_session(works, (SENT,)):
        single = rows[0].reference if len(rows) == 1 else None
        found = SessionAnswer(_WORKED, "", (office.answer(session, single),)) if single \
            else office.session(session)
        _settle(works, office, done, rows, found, missing_is_lost=found.code >= _WORKED)


def _due_by_session(works: Works, states: Sequence[str]) -> list[tuple[str, list[EInvoice]]]:
    with works.reading(SYSTEM) as work:
        rows = [row for row in queries.due_rows(work.session, work.now, states, BATCH_MOST)
                if row.session]
    rows.sort(key=lambda row: row.session or "")
    return [(session or "", list(some)) for session, some in groupby(rows, lambda r: r.session)]


def _settle(works: Works, office: EInvoiceOffice, done: Done, rows: Sequence[EInvoice],
            found: SessionAnswer, *, missing_is_lost: bool) -> None:
    """Note what a session says of its invoices, each known by the hash of its bytes."""
    by_hash = {answer.hash: answer for answer in found.invoices}
    for row in rows:
        answer = by_hash.get(row.hash or "")
        if answer is None:
            with works.writing(SYSTEM) as work:
                if missing_is_lost:
                    service.note_not_sent(work, [row.document_id], found.words)
                else:
                    service.look_again(work, [row.document_id])
            continue
        done.count(_note(works, office, row.document_id, answer))


def _note(works: Works, office: EInvoiceOffice, document_id: int, answer: Answer) -> str:
    """Note an answer; a duplicate is ours if KSeF has the very same bytes."""
    twin = office.hash_of(answer.original) \
        if answer.code == DUPLICATE and answer.original else None
    with works.writing(SYSTEM) as work:
        if twin is not None:
            return service.note_twin(work, document_id, answer, twin)
        return service.note_answer(work, document_id, answer)


def _fetch_receipts(works: Works, office: EInvoiceOffice, _done: Done) -> None:
    with works.reading(SYSTEM) as work:
        rows = queries.due_rows(work.session, work.now, (ACCEPTED,), TURN)
    for row in rows:
        upo = None
        if row.session and row.ksef_number:
            try:
                upo = office.receipt(row.session, row.ksef_number)
            except RefusedError as error:
                log.info("no receipt of %s yet: %s", row.ksef_number, error)
        with works.writing(SYSTEM) as work:
            service.note_receipt(work, row.document_id, upo)


# Sending ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ready:
    """An invoice and its bytes."""

    id: int
    parcel: Parcel
    is_tried: bool


def _send(works: Works, office: EInvoiceOffice, done: Done) -> None:
    rows = _ready(works)
    rest = list(rows)
    for is_offline in (False, True):
        many = [row for row in rows if not row.is_tried and not row.parcel.replaces
                and row.parcel.is_offline is is_offline]
        if len(many) >= BATCH_FROM:
            rest = [row for row in rest if row not in many]
            _send_many(works, office, done, many)
    _send_each(works, office, done, rest[:TURN])


def _ready(works: Works) -> list[_Ready]:
    """What is to be sent. One whose file is gone does not stop the others."""
    with works.reading(SYSTEM) as work:
        rows = queries.due_rows(work.session, work.now, (READY,), BATCH_MOST)
    found = []
    for row in rows:
        try:
            xml = works.ports["files"].path(row.file).read_bytes()
        except (OmsError, OSError) as error:
            log.warning("the file of document %s cannot be read: %s", row.document_id, error)
            with works.writing(SYSTEM) as work:
                service.note_not_sent(work, [row.document_id], str(error))
            continue
        found.append(_Ready(row.document_id, Parcel(xml, row.is_offline, row.replaces),
                            row.attempts > 0))
    return found


def _send_many(works: Works, office: EInvoiceOffice, done: Done, rows: Sequence[_Ready]
               ) -> None:
    """As one package. Nothing counts before it is closed, so until then nothing is written down
    as lost; what is written down before that is found in no session, and sent again."""
    ids = [row.id for row in rows]
    begun: list[int] = []

    def opened(session: str) -> None:
        with works.writing(SYSTEM) as work:
            begun[:] = service.begin(work, ids, session, is_batch=True)
        if len(begun) < len(ids):
            raise RefusedError("somebody else sends some of them")

    try:
        office.send_many([row.parcel for row in rows], opened)
    except OutcomeUnknown:
        with works.writing(SYSTEM) as work:
            service.note_unknown(work, begun)
        raise
    except ChannelError as error:
        with works.writing(SYSTEM) as work:
            refused = isinstance(error, RefusedError)
            service.note_not_sent(work, ids if refused else begun, str(error) if refused else "")
        if not refused:
            raise
        return
    with works.writing(SYSTEM) as work:
        service.note_sent(work, begun)
    done.sent += len(begun)


def _send_each(works: Works, office: EInvoiceOffice, done: Done, rows: Sequence[_Ready]
               ) -> None:
    """One by one, in a session that stays open for the next ones."""
    for row in rows:
        session = _session(works, office)
        with works.writing(SYSTEM) as work:
            if not service.begin(work, [row.id], session.reference, is_batch=False):
                continue
        try:
            reference = office.send(session, row.parcel)
        except OutcomeUnknown:
            with works.writing(SYSTEM) as work:
                service.note_unknown(work, [row.id])
            raise
        except RefusedError as error:  # the session has ended, or KSeF does not take the request
            with works.writing(SYSTEM) as work:
                service.note_not_sent(work, [row.id], str(error))
                settings.keep_session(work, None)
            continue
        except ChannelError:
            with works.writing(SYSTEM) as work:
                service.note_not_sent(work, [row.id])
            raise
        with works.writing(SYSTEM) as work:
            service.note_sent(work, [row.id], reference)
        done.sent += 1


def _session(works: Works, office: EInvoiceOffice) -> Session:
    with works.reading(SYSTEM) as work:
        row = settings.get(work.session)
        kept = settings.open_session(work, row) if row is not None else None
    if kept is not None:
        return kept
    opened = office.open()
    with works.writing(SYSTEM) as work:
        settings.keep_session(work, opened)
    return opened
