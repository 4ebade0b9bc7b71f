"""The documents of a month as rows of the register, and what a person should look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from oms_web.core.clock import day_bounds
from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.domain.accounting import jpk, register
from oms_web.domain.accounting.models import FiscalReport, TaxPayer
from oms_web.domain.company.models import Company
from oms_web.domain.documents import exchange, kinds
from oms_web.domain.documents.models import Document, ExchangeRate, is_annulled
from oms_web.domain.einvoices.models import EInvoice
from oms_web.domain.einvoices.parties import polish_nip
from oms_web.domain.orders.models import Order
from oms_web.domain.till.models import Sale

LONGEST_WAY = timedelta(days=120)
"""From an order to its parcel; what took longer is not looked for, so that few are looked at."""
Rates = dict[tuple[str, date], Decimal]
INVOICES = (kinds.INVOICE, kinds.ADVANCE, kinds.FINAL, kinds.CORRECTION)


@dataclass(frozen=True, slots=True)
class Month:
    """A month's register. ``doubts``: what is doubtful -> how many rows; ``undocumented``: orders
    that left without a document; ``till_sales``: sales over the counter.
    """

    first: date
    rows: Sequence[register.Row]
    reports: Sequence[FiscalReport]
    doubts: dict[str, int]
    undocumented: int
    till_sales: int

    @property
    def totals(self) -> dict[str, int]:
        """Field -> what all rows come to. Invoices to receipts are in the reports and left out."""
        sums: Counter[str] = Counter()
        for row in self.rows:
            if row.document_type != register.RECEIPT_INVOICE:
                sums.update(row.amounts)
        return {name: sums[name] for name in jpk.FIELDS if name in sums}

    @property
    def vat(self) -> int:
        """The VAT of the month, grosze."""
        return sum(row.vat for row in self.rows)

    @property
    def missing_report(self) -> bool:
        """Whether goods were sold over the counter and no cash register's report is here."""
        return bool(self.till_sales) and not self.reports


def next_month(first: date) -> date:
    """The first day of the month after."""
    return (first + timedelta(days=32)).replace(day=1)


def month(session: Session, first: date) -> Month:
    """The register of the month that begins on this day."""
    found = _documents(session, first)
    rates = rates_for(session, [document for document, _ in found])
    rows = [_row(document, ksef, rates) for document, ksef in found
            if document.snapshot["rates"]]  # a correction of an address says nothing here
    reports = session.scalars(select(FiscalReport).where(FiscalReport.month == first)
                              .order_by(FiscalReport.id)).all()
    rows += [register.report_row(register.Report(
        one.number, one.day, {rate: (net, tax) for rate, (net, tax) in one.sums.items()}))
        for one in reports]
    return Month(first, rows, reports, dict(Counter(
        doubt for row in rows for doubt in row.doubts)), *_beside(session, first))


def payer(session: Session) -> jpk.Payer:
    """Who files.

    Raises:
        InvalidForm: naming what is missing.
    """
    company, row = session.get(Company, 1), session.get(TaxPayer, 1)
    problems: dict[str, OmsError] = {}
    nip = polish_nip(company.tax_id) if company else ""
    if company is None or not nip:
        problems["tax_id"] = Invalid("The company has no Polish NIP.", "tax_id")
    if company is None or "@" not in company.email:
        problems["email"] = Invalid("The company has no e-mail address.", "email")
    if row is None or not row.office:
        problems["office"] = Invalid("The code of a tax office has four digits.", "office")
    if problems:
        raise InvalidForm(problems)
    assert company is not None
    assert row is not None
    return jpk.Payer(nip, company.legal_name or company.name, company.email, row.office,
                     company.phone, row.given_name, row.surname, row.born)


def _documents(session: Session, first: date) -> list[tuple[Document, EInvoice | None]]:
    """Documents whose tax arose in a month, oldest first.

    Which of the two days counts depends on what they say, so both are looked for and judged.
    """
    after = next_month(first)
    original = aliased(Document)
    # Goods to the Union count by the invoice, or by the 15th of the month after the sale.
    since = (first - timedelta(days=1)).replace(day=1)

    def within(of: type[Document]) -> ColumnElement[bool]:
        return or_(and_(of.sale_date >= since, of.sale_date < after),
                   and_(of.issue_date >= first, of.issue_date < after))

    found = session.execute(
        select(Document, EInvoice)
        .outerjoin(original, original.id == Document.corrects_id)
        .outerjoin(EInvoice, EInvoice.document_id == Document.id)
        .where(Document.kind.in_(INVOICES), ~is_annulled(),
               or_(within(Document), and_(original.id.is_not(None), within(original))))
        .order_by(Document.issue_date, Document.id)
    ).all()
    return [(document, row) for document, row in found
            if first <= register.tax_day(document.snapshot) < after]


def _row(document: Document, ksef: EInvoice | None, rates: Rates) -> register.Row:
    place = register.place_of(ksef.state if ksef else None, ksef.ksef_number if ksef else None,
                              is_offline=bool(ksef and ksef.is_offline))
    return register.row(document.id, document.snapshot, place, rate_of(document, rates))


def rate_of(document: Document, rates: Rates) -> Decimal | None:
    """Zlotys for one of a document's currency: as it says, else as the bank published."""
    own = register.own_rate(document.snapshot)
    day = exchange.day_for(*register.first_day(document.snapshot))
    return own or rates.get((document.currency, day))


def rates_for(session: Session, documents: Sequence[Document]) -> Rates:
    """The bank's rates for documents that name none, since they have no VAT."""
    wanted = {(one.currency, exchange.day_for(*register.first_day(one.snapshot)))
              for one in documents
              if one.currency != register.HOME and not one.snapshot.get("exchange")}
    if not wanted:
        return {}
    rows = session.scalars(select(ExchangeRate).where(
        ExchangeRate.currency.in_({currency for currency, _ in wanted}),
        ExchangeRate.day.in_({day for _, day in wanted})))
    return {(row.currency, row.day): Decimal(row.rate) for row in rows}


def _beside(session: Session, first: date) -> tuple[int, int]:
    """(orders that left in a month without a document, sales over the counter)."""
    since, until = (day_bounds(day)[0] for day in (first, next_month(first)))
    sold = exists().where(Sale.order_id == Order.id)
    documented = exists().where(Document.order_id == Order.id,
                                Document.kind.in_(kinds.SALES), ~is_annulled())
    undocumented = session.scalar(
        select(func.count()).select_from(Order).where(
            Order.placed_at >= since - LONGEST_WAY, Order.placed_at < until,
            Order.shipped_at >= since, Order.shipped_at < until, ~documented, ~sold)) or 0
    till = session.scalar(select(func.count()).select_from(Sale).where(
        Sale.at >= since, Sale.at < until, Sale.voided_at.is_(None))) or 0
    return undocumented, till
