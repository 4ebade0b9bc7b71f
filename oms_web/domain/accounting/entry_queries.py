"""Looking at what goes into the books: what is due, what is in the way, where a document stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session

from oms_web.domain.accounting.entry_states import (
    ENTERED,
    READY,
    REFUSED,
    SENDING,
    UNKNOWN,
    WRONG,
)
from oms_web.domain.accounting.models import BookAccount, BookEntry
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Order

MOST = 999

Waiting = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Books:
    """An account that takes documents, and how many of them are not there yet."""

    account_id: int
    name: str
    state: str
    since: date
    proformas: bool
    missing: int


def chosen(session: Session) -> list[Books]:
    """The accounts that take documents."""
    missing = (
        select(BookEntry.account_id, func.count().label("n")).where(_not_there())
        .group_by(BookEntry.account_id).subquery())
    rows = session.execute(
        select(BookAccount, ChannelAccount.name, ChannelAccount.state, missing.c.n)
        .join(ChannelAccount, ChannelAccount.id == BookAccount.account_id)
        .outerjoin(missing, missing.c.account_id == BookAccount.account_id)
        .where(ChannelAccount.archived_at.is_(None)).order_by(BookAccount.account_id))
    return [Books(row.account_id, name, state, row.since, row.proformas, n or 0)
            for row, name, state, n in rows]


def waiting(session: Session, limit: int) -> Sequence[Waiting]:
    """Documents that are not in the books yet, or whose payment is not: refused ones first, then
    the oldest.
    """
    return session.execute(
        select(BookEntry.id, BookEntry.document_id, BookEntry.state, BookEntry.why, BookEntry.url,
               BookEntry.created_at, BookEntry.due_at, Document.number, Document.kind,
               Document.buyer, Document.issue_date, Document.gross, Document.currency,
               ChannelAccount.name.label("account"))
        .join(Document, Document.id == BookEntry.document_id)
        .join(ChannelAccount, ChannelAccount.id == BookEntry.account_id)
        .where(_not_there())
        .order_by(BookEntry.state.not_in(WRONG), BookEntry.id).limit(limit)
    ).all()


def _not_there() -> ColumnElement[bool]:
    # Written as in the partial index, so that the engines recognise it.
    return literal_column("(book_entry.state NOT IN ('entered', 'left_out') "
                          "OR book_entry.why != '')")


def of_document(session: Session, document_id: int) -> Sequence[tuple[BookEntry, str]]:
    """Where a document stands in the books: (entry, the account's name)."""
    return [(entry, name) for entry, name in session.execute(
        select(BookEntry, ChannelAccount.name)
        .join(ChannelAccount, ChannelAccount.id == BookEntry.account_id)
        .where(BookEntry.document_id == document_id).order_by(BookEntry.id))]


def refused(session: Session) -> list[int]:
    """Entries that the books do not take."""
    return list(session.scalars(
        select(BookEntry.id).where(BookEntry.state == REFUSED).order_by(BookEntry.id).limit(MOST)))


def needing_a_person(session: Session) -> tuple[int, datetime | None]:
    """How many documents the books do not take, counted no further than ``MOST``, and since when.
    """
    some = select(BookEntry.created_at).where(BookEntry.state == REFUSED).limit(MOST).subquery()
    n, since = session.execute(select(func.count(), func.min(some.c.created_at))).one()
    return n, since


def entry_of(session: Session, account_id: int, document_id: int) -> str:
    """The system's own id of a document in its books; empty where that is not known."""
    return session.scalar(
        select(BookEntry.reference).where(
            BookEntry.account_id == account_id, BookEntry.document_id == document_id,
            BookEntry.state == ENTERED)) or ""


# What is due ------------------------------------------------------------------------------------


def due_accounts(session: Session, now: datetime) -> list[int]:
    """Accounts at work that have something to enter, or to tell of."""
    return list(session.scalars(
        select(ChannelAccount.id).where(
            ChannelAccount.state == "active", ChannelAccount.archived_at.is_(None),
            or_(ChannelAccount.id.in_(select(BookEntry.account_id).where(_due(now))),
                ChannelAccount.id.in_(_paid(now).with_only_columns(BookEntry.account_id))))
        .order_by(ChannelAccount.id)))


def due_entries(session: Session, account_id: int, now: datetime, limit: int) -> list[int]:
    """Documents to be entered now, in the order in which they were issued."""
    return list(session.scalars(
        select(BookEntry.id).where(_due(now), BookEntry.account_id == account_id)
        .order_by(BookEntry.document_id).limit(limit)))


def due_payments(session: Session, account_id: int, now: datetime, limit: int) -> list[int]:
    """Documents in the books that have been paid in full since they were entered."""
    return list(session.scalars(
        _paid(now).where(BookEntry.account_id == account_id)
        .order_by(BookEntry.id).limit(limit)))


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(BookEntry.due_at.is_not(None), BookEntry.due_at <= now,
                BookEntry.state.in_((READY, SENDING, UNKNOWN)))


def _paid(now: datetime) -> Any:
    return (
        select(BookEntry.id).join(Document, Document.id == BookEntry.document_id)
        .join(Order, Order.id == Document.order_id)
        .where(BookEntry.state == ENTERED, BookEntry.is_settled.is_(False),
               Order.paid_total >= Document.gross,
               or_(BookEntry.due_at.is_(None), BookEntry.due_at <= now)))
