"""Looking e-invoices up: what is due, what needs a person, what lists of documents filter by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from oms_web.core.clock import local_day
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page, seal, unseal
from oms_web.domain.documents import kinds
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import fa3
from oms_web.domain.einvoices.models import EInvoice, EInvoiceSettings, IncomingInvoice
from oms_web.domain.einvoices.states import ACCEPTED, AWAITING, OPEN, REJECTED

WAITING, NEAR, OFFLINE, HELD = "waiting", "near", "offline", "held"
FILTERS = (WAITING, NEAR, OFFLINE, ACCEPTED, REJECTED, HELD)


@dataclass(frozen=True, slots=True)
class Open:
    """What needs an eye: how many KSeF refused, how many wait for the number of one of those, how
    many must be there today or are late.
    """

    rejected: int
    held: int
    near: int
    deadline: date | None


def of(session: Session, document_id: int) -> EInvoice | None:
    """What KSeF knows of a document; None when it does not go there."""
    return session.get(EInvoice, document_id)


def of_many(session: Session, ids: Sequence[int]) -> dict[int, EInvoice]:
    """The same of a page of documents."""
    return {row.document_id: row for row in session.scalars(
        select(EInvoice).where(EInvoice.document_id.in_(ids)))} if ids else {}


def due(session: Session, now: datetime) -> bool:
    """Whether anything is to be sent, asked after or fetched, and KSeF may be asked."""
    row = session.get(EInvoiceSettings, 1)
    if row is None or row.environment == "off" or (row.paused_until and row.paused_until > now):
        return False
    return session.scalar(
        select(EInvoice.document_id)
        .where(EInvoice.due_at <= now, EInvoice.environment == row.environment).limit(1)
    ) is not None


def due_rows(session: Session, now: datetime, states: Sequence[str], limit: int
             ) -> Sequence[EInvoice]:
    """What is due in these states where documents go now, the longest first."""
    here = select(EInvoiceSettings.environment).scalar_subquery()
    return session.scalars(
        select(EInvoice)
        .where(EInvoice.due_at <= now, EInvoice.state.in_(states), EInvoice.environment == here)
        .order_by(EInvoice.due_at, EInvoice.document_id).limit(limit)).all()


def chosen(name: str, now: datetime) -> ColumnElement[bool] | None:
    """A filter of the list of documents; None when there is no such filter."""
    wanted = {
        WAITING: EInvoice.state.in_(OPEN), ACCEPTED: EInvoice.state == ACCEPTED,
        REJECTED: EInvoice.state == REJECTED,
        HELD: _held(), NEAR: _near(now), OFFLINE: EInvoice.is_offline & EInvoice.state.in_(OPEN),
    }.get(name)
    return None if wanted is None else Document.id.in_(select(EInvoice.document_id).where(wanted))


def needing_a_person(session: Session, now: datetime) -> Open:
    """What the first screen tells of."""
    many = select(func.count()).select_from(EInvoice)
    rejected, near, deadline = session.execute(
        select(many.where(EInvoice.state == REJECTED).scalar_subquery(), func.count(),
               func.min(EInvoice.deadline)).where(_near(now))).one()
    held = session.scalar(many.where(_held())) or 0 if rejected else 0
    return Open(rejected, held, near, deadline)


def waits_for(session: Session, row: EInvoice) -> list[tuple[Document, str]]:
    """What a document that cannot be written yet waits for, each with its state at KSeF."""
    if row.state != AWAITING:
        return []
    spoken = fa3.spoken_of(session.get_one(Document, row.document_id).snapshot)
    return [(document, state) for document, state in session.execute(
        select(Document, EInvoice.state).join(EInvoice, EInvoice.document_id == Document.id)
        .where(Document.id.in_(spoken), EInvoice.state != ACCEPTED).order_by(Document.id))]


def _held() -> ColumnElement[bool]:
    """Waits for the number of a document that KSeF refused: what it corrects, or an advance."""
    mine, spoken, theirs = aliased(Document), aliased(Document), aliased(EInvoice)
    return and_(EInvoice.state == AWAITING, exists().where(
        mine.id == EInvoice.document_id, theirs.document_id == spoken.id,
        theirs.state == REJECTED,
        or_(spoken.id == mine.corrects_id, and_(
            mine.kind == kinds.FINAL, spoken.kind == kinds.ADVANCE,
            spoken.order_id == mine.order_id))))


def _near(now: datetime) -> ColumnElement[bool]:
    """Issued on an earlier day and not in KSeF yet, with today as the last day or past it."""
    return EInvoice.state.in_(OPEN) & (EInvoice.deadline <= local_day(now))


def incoming(session: Session, text: str = "", after: str | None = None, limit: int = 50
             ) -> Page[IncomingInvoice]:
    """A page of the invoices that others issued to the company, newest first."""
    query: Select[IncomingInvoice] = select(IncomingInvoice).order_by(
        IncomingInvoice.issue_date.desc(), IncomingInvoice.id.desc()).limit(limit + 1)
    if text:
        query = query.where(or_(
            IncomingInvoice.number.startswith(text, autoescape=True),
            IncomingInvoice.ksef_number == text, IncomingInvoice.seller_nip == text,
            IncomingInvoice.seller_name.icontains(text, autoescape=True)))
    if after:
        day, last = unseal(after, 2)
        query = query.where(or_(
            IncomingInvoice.issue_date < date.fromisoformat(day),
            (IncomingInvoice.issue_date == date.fromisoformat(day)) & (IncomingInvoice.id < last)))
    rows = session.scalars(query).all()
    shown = list(rows[:limit])
    return Page(shown, seal(shown[-1].issue_date.isoformat(), shown[-1].id)
                if len(rows) > limit else None)


def one_incoming(session: Session, invoice_id: int) -> IncomingInvoice:
    """An invoice that somebody issued to the company.

    Raises:
        NotFound: there is none.
    """
    found = session.get(IncomingInvoice, invoice_id)
    if found is None:
        raise NotFound("There is no such invoice.")
    return found
