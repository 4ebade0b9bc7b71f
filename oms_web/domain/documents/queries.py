"""Looking documents up: the issued ones, the orders that wait for one, and the facts of series."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.errors import NotFound, OmsError
from oms_web.core.paging import Page, seal, unseal
from oms_web.core.text import words
from oms_web.domain.documents import buyers, kinds, numbering, service
from oms_web.domain.documents.models import Document, Series, is_annulled
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order, OrderKey
from oms_web.domain.orders.search import begins_with

MOST_COUNTED = 1000
_INVOICED_PHASES = (
    phases.OPEN, phases.PACKING, phases.ELSEWHERE, phases.SHIPPED, phases.DONE,
)
_NOT_PAID = ("unpaid", "part")

# A document as lists show it: these columns, not what it says.
Found = Row[*tuple[Any, ...]]
COLUMNS = (
    Document.id, Document.kind, Document.number, Document.order_id, Document.issue_date,
    Document.sale_date, Document.issued_at, Document.issued_by, Document.buyer,
    Document.currency, Document.net, Document.vat, Document.gross, Document.series_id,
    Document.corrects_id, is_annulled().label("is_annulled"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to list: all kinds for buyers, unless a kind or a series is named. ``text`` is (part of)
    a number, an order's number, or words of the buyer.
    """

    kind: str = ""
    series_id: int | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""
    # A further condition on Document, of who knows more of documents than they do.
    only: ColumnElement[bool] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that wants an invoice and has none. ``flaws``: what its buyer must say first."""

    id: int
    account_id: int | None
    external_number: str
    placed_at: datetime
    shipped_at: datetime | None
    buyer: str
    tax_id: str
    country: str
    total: int
    currency: str
    payment_state: str
    phase: str
    flaws: Sequence[OmsError]


@dataclass(frozen=True, slots=True)
class SeriesState:
    """A series and its newest period: numbers ``first`` to ``last``, ``missing`` between them."""

    series: Series
    period: str
    first: int
    last: int
    count: int
    next_number: str

    @property
    def missing(self) -> int:
        """How many numbers between the first and the last were never given; 0 is as it must be."""
        return self.last - self.first + 1 - self.count if self.count else 0


def get(session: Session, document_id: int) -> Document:
    """An issued document.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Document, document_id)
    if found is None:
        raise NotFound("There is no such document.")
    return found


def of_order(session: Session, order_id: int) -> Sequence[Found]:
    """The documents of an order that its buyer may see, newest first, without what they say."""
    return session.execute(
        select(*COLUMNS).where(Document.order_id == order_id, Document.kind.in_(kinds.FOR_BUYERS))
        .order_by(Document.id.desc())
    ).all()


def invoices_of(session: Session, order_id: int) -> list[int]:
    """The invoices that document an order's sale, the newest first."""
    return list(session.scalars(
        select(Document.id).where(Document.order_id == order_id, Document.kind.in_(kinds.SALES),
                                  ~is_annulled())
        .order_by(Document.id.desc())))


def by_cause(session: Session, causes: Collection[str]) -> dict[str, Found]:
    """What was issued because of each cause."""
    return {row.cause: row for row in session.execute(
        select(*COLUMNS, Document.cause).where(Document.cause.in_(causes)))}


def family(session: Session, document_id: int) -> Sequence[Found]:
    """An invoice and all its corrections, in the order in which they were issued."""
    return session.execute(
        select(*COLUMNS).where(or_(Document.id == document_id,
                                   Document.corrects_id == document_id)).order_by(Document.id)
    ).all()


def advances_of(session: Session, order_id: int) -> list[dict[str, Any]]:
    """The advance invoices of an order as a final invoice lists them, each as it stands after its
    corrections; one that was taken back whole is left out.
    """
    rows = session.scalars(
        select(Document).where(Document.order_id == order_id, ~is_annulled())
        .order_by(Document.id)).all()
    found = []
    for one in rows:
        if one.kind != kinds.ADVANCE:
            continue
        latest = [row for row in rows if row.corrects_id == one.id] or [one]
        said = latest[-1].snapshot
        rates = (said["after"] if said["kind"] == kinds.CORRECTION else said)["rates"]
        rates = [{name: row[name] for name in ("rate", "net", "vat", "gross")} for row in rates]
        gross = sum(row["gross"] for row in rates)
        if gross:
            found.append({"document_id": one.id, "number": one.number, "gross": gross,
                          "issue_date": one.issue_date.isoformat(), "rates": rates})
    return found


def of_causes(session: Session, causes: Collection[str]) -> dict[str, Found]:
    """What was issued because of these things."""
    rows = session.execute(select(*COLUMNS, Document.cause).where(Document.cause.in_(causes)))
    return {row.cause: row for row in rows}


def listed(session: Session, asked: Asked, after: str | None = None, limit: int = 50
           ) -> Page[Found]:
    """A page of documents, newest first."""
    query = documents_query(asked).limit(limit + 1)
    if after:
        day, last = unseal(after, 2)
        query = query.where(_before(date.fromisoformat(day), last))
    rows = session.execute(query).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, seal(rows[-1].issue_date.isoformat(), rows[-1].id) if more else None)


def documents_query(asked: Asked) -> Select[*tuple[Any, ...]]:
    """Documents as asked for, newest first."""
    query: Select[*tuple[Any, ...]] = select(*COLUMNS).order_by(
        Document.issue_date.desc(), Document.id.desc())
    if asked.kind:
        query = query.where(Document.kind == asked.kind)
    elif asked.series_id is None:
        query = query.where(Document.kind.in_(kinds.FOR_BUYERS))
    if asked.series_id is not None:
        query = query.where(Document.series_id == asked.series_id)
    if asked.since is not None:
        query = query.where(Document.issue_date >= asked.since)
    if asked.until is not None:
        query = query.where(Document.issue_date <= asked.until)
    if asked.text:
        query = query.where(_mentions(asked.text))
    if asked.only is not None:
        query = query.where(asked.only)
    return query


def _before(day: date, last: int) -> ColumnElement[bool]:
    return tuple_(Document.issue_date, Document.id) < tuple_(day, last)


def _mentions(typed: str) -> ColumnElement[bool]:
    """A whole number or its beginning, a running number, an order's number, or the buyer."""
    found: list[ColumnElement[bool]] = [Document.number == typed]
    if typed.isascii() and typed.isdigit() and len(typed) <= 9:
        found += [Document.sequence == int(typed), Document.order_id == int(typed)]
    if any(ch.isdigit() for ch in typed):
        found.append(Document.number.startswith(typed, autoescape=True))
    parts = words(typed)[:6]
    found.append(and_(*(
        Document.order_id.in_(select(OrderKey.order_id).where(begins_with(part)))
        for part in parts
    )) if parts else false())
    return or_(*found)


def waiting(session: Session, paid: bool, after: str | None = None, limit: int = 50
            ) -> Page[Waiting]:
    """Orders that want an invoice, oldest first: those that may have one, or those unpaid."""
    query = (
        select(
            Order.id, Order.account_id, Order.external_number, Order.placed_at, Order.shipped_at,
            Order.buyer_company, Order.buyer_name, Order.tax_id, Order.country, Order.total,
            Order.currency, Order.payment_state, Order.phase, Order.bill_to, Order.ship_to,
        )
        .where(*_waits(paid)).order_by(Order.id).limit(limit + 1)
    )
    if after:
        (last,) = unseal(after, 1)
        query = query.where(Order.id > last)
    rows = session.execute(query).all()
    shown = [
        Waiting(row.id, row.account_id, row.external_number, row.placed_at, row.shipped_at,
                row.buyer_company or row.buyer_name, row.tax_id, row.country, row.total,
                row.currency, row.payment_state, row.phase,
                [*buyers.problems_of(buyers.of_order(row)).values()])
        for row in rows[:limit]
    ]
    return Page(shown, seal(shown[-1].id) if len(rows) > limit else None)


def count_waiting(session: Session, paid: bool) -> int:
    """How many such orders there are, counted no further than ``MOST_COUNTED``."""
    some = select(Order.id).where(*_waits(paid)).limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _waits(paid: bool) -> list[ColumnElement[bool]]:
    # Written as in the partial index, so that the engines recognise it.
    return [
        literal_column("wants_invoice AND NOT is_documented"),
        Order.phase.in_(_INVOICED_PHASES),
        Order.payment_state.not_in(_NOT_PAID) if paid else Order.payment_state.in_(_NOT_PAID),
    ]


def series_of(session: Session, kind: str = kinds.INVOICE, *, archived: bool = False
              ) -> Sequence[Series]:
    """The series of a kind, the default first; of all kinds where none is named."""
    query = select(Series).order_by(
        Series.archived_at.is_not(None), Series.is_default.desc(), Series.id)
    if kind:
        query = query.where(Series.kind == kind)
    if not archived:
        query = query.where(Series.archived_at.is_(None))
    return session.scalars(query).all()


def series_state(session: Session, series: Series, now: datetime) -> SeriesState:
    """The numbers a series has given in its newest period, from the documents themselves."""
    today = local_day(now)
    newest = session.scalar(
        select(Document.period).where(Document.series_id == series.id)
        .order_by(Document.period.desc()).limit(1)
    )
    if newest is None:
        newest = numbering.period(series.reset, today)
    first, last, count = session.execute(
        select(func.min(Document.sequence), func.max(Document.sequence), func.count())
        .where(Document.series_id == series.id, Document.period == newest)
    ).one()
    upcoming = service.last_number(session, series.id, numbering.period(series.reset, today)) + 1
    return SeriesState(series, newest, first or 0, last or 0, count,
                       numbering.render(series.pattern, upcoming, today))
