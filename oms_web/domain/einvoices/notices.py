"""Announcements of KSeF: kept as the Ministry publishes them, and the last days that follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.einvoices import announced, settings
from oms_web.domain.einvoices.announced import Announced, Term
from oms_web.domain.einvoices.models import EInvoice, EInvoiceNotice
from oms_web.domain.einvoices.states import OPEN

EVERY = timedelta(minutes=5)


def is_due(session: Session, now: datetime) -> bool:
    """Whether Latarnia is to be asked, whatever KSeF itself does."""
    row = settings.get(session)
    if row is None or not settings.is_on(row) or not settings.notices_address(row):
        return False
    return row.notices_asked_at is None or row.notices_asked_at + EVERY <= now


def known(session: Session, environment: str) -> list[Announced]:
    """What was announced of an environment."""
    return [Announced(one.event, one.kind, one.begins, one.ends, one.title, one.text)
            for one in session.scalars(
                select(EInvoiceNotice).where(EInvoiceNotice.environment == environment))]


def to_tell(session: Session, now: datetime) -> Announced | None:
    """What people should know of now where documents go."""
    row = settings.get(session)
    if row is None or not settings.is_on(row):
        return None
    return announced.to_tell(known(session, row.environment), now)


def term_of(session: Session, invoice: EInvoice) -> Term:
    """How long an invoice may wait, and why."""
    return announced.term(invoice.issue_date, invoice.created_at,
                          known(session, invoice.environment))


def take_in(work: Work, environment: str, events: Sequence[Announced]) -> int:
    """Keep what is published; how many events are new or different. The last days of what waits
    follow. An event that is published no more (after 30 days) stays as it was."""
    rows = {row.event: row for row in work.session.scalars(
        select(EInvoiceNotice).where(EInvoiceNotice.environment == environment))}
    changed = 0
    for one in events:
        said = {"kind": one.kind, "begins": one.begins, "ends": one.ends, "title": one.title,
                "text": one.text}
        row = rows.get(one.event)
        if row is None:
            work.session.add(EInvoiceNotice(environment=environment, event=one.event, **said))
        elif any(getattr(row, name) != value for name, value in said.items()):
            for name, value in said.items():
                setattr(row, name, value)
        else:
            continue
        changed += 1
    if changed:
        work.session.flush()
        _set_days(work, environment)
    return changed


def _set_days(work: Work, environment: str) -> None:
    events = known(work.session, environment)
    for invoice in work.session.scalars(
            select(EInvoice).where(EInvoice.environment == environment, EInvoice.state.in_(OPEN))
            .order_by(EInvoice.document_id).with_for_update()):
        found = announced.term(invoice.issue_date, invoice.created_at, events)
        if found.day != invoice.deadline:
            audit.record(work, "einvoices.deadline", "document", invoice.document_id, {
                "deadline": [_text(invoice.deadline), _text(found.day)]})
            invoice.deadline = found.day


def _text(day: object) -> str | None:
    return None if day is None else str(day)
