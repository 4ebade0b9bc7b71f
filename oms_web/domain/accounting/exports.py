"""Invoices of a period for accountants: a table with a row per document and rate, and EPP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from oms_web.core.actor import Actor
from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.core.work import Works
from oms_web.domain.accounting import epp, register
from oms_web.domain.accounting.queries import INVOICES, Rates, rate_of, rates_for
from oms_web.domain.company.service import get_company
from oms_web.domain.documents import vat
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.einvoices.models import EInvoice

LONGEST = 400
"""Days of a period at most."""

LEDGER = (
    Column("number", "Number"), Column("kind", "Kind"), Column("issue_date", "Issued on", "day"),
    Column("sale_date", "Sold on", "day"), Column("tax_day", "Tax point", "day"),
    Column("buyer", "Buyer"), Column("tax_id", "Tax number"), Column("country", "Country"),
    Column("currency", "Currency"), Column("rate", "VAT rate"), Column("net", "Net", "money"),
    Column("vat", "VAT", "money"), Column("gross", "Gross", "money"),
    Column("exchange_rate", "Exchange rate", "price"), Column("net_pln", "Net, PLN", "money"),
    Column("vat_pln", "VAT, PLN", "money"), Column("ksef_number", "KSeF number"),
    Column("corrects", "Corrects"), Column("payment", "Payment"),
    Column("due_date", "Due date", "day"), Column("order", "Order"),
)


@dataclass(frozen=True, slots=True)
class Period:
    """From a day to a day, both taken in."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise Invalid("The period ends before it begins.", "until")
        if (self.until - self.since).days > LONGEST:
            raise Invalid("At most %(days)s days at once.", "until", days=LONGEST)


def ledger(period: Period) -> Sheet:
    """Invoices and corrections issued in a period, oldest first, a row per rate."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        found = session.execute(_query(period, after)).all()
        rates = rates_for(session, [document for document, _ in found])
        rows = [row for document, number in found for row in _rows(document, number, rates)]
        return rows, _after([document for document, _ in found])

    return Sheet("accounting", LEDGER, page)


def _rows(document: Document, ksef_number: str | None, rates: Rates) -> Iterator[tuple[Any, ...]]:
    said, currency = document.snapshot, document.currency
    rate, home = rate_of(document, rates), register.HOME
    for one in said["rates"]:
        at_home = [None if rate is None else from_minor(
            vat.in_home_currency(one[part], currency, home, rate), home)
            for part in ("net", "vat")]
        for at, name in enumerate(("net_home", "vat_home")):
            if name in one and said["exchange"]["currency"] == home:
                at_home[at] = from_minor(one[name], home)
        yield (
            document.number, document.kind, document.issue_date, document.sale_date,
            register.tax_day(said), document.buyer, said["buyer"].get("tax_id") or None,
            said["buyer"].get("country") or None, currency, one["rate"],
            *(from_minor(one[part], currency) for part in ("net", "vat", "gross")),
            None if currency == home else rate, *at_home, ksef_number,
            (said.get("corrected") or {}).get("number"), said["payment"]["method"],
            date.fromisoformat(said["payment"]["due_date"])
            if said["payment"].get("due_date") else None,
            said["order"].get("channel_number") or said["order"].get("number"),
        )


def write_epp(works: Works, actor: Actor, period: Period) -> Iterator[bytes]:
    """The same as an EPP file, piece by piece; each page is read in a transaction of its own."""
    with works.reading(actor) as work:
        company = get_company(work.session)
        opening = epp.opening(epp.Sender(
            company.legal_name or company.name, company.tax_id, company.address, period.since,
            period.until, actor.name, work.now))
    yield opening
    after: Any = None
    while True:
        with works.reading(actor) as work:
            found = [document for document, _ in work.session.execute(_query(period, after))]
            rates = rates_for(work.session, found)
            page = b"".join(epp.document(one.id, one.snapshot, rate_of(one, rates))
                            for one in found if one.snapshot["rates"])
            after = _after(found)
        yield page
        if after is None:
            return


def _query(period: Period, after: Any) -> Select[Document, str | None]:
    query = (
        select(Document, EInvoice.ksef_number)
        .outerjoin(EInvoice, EInvoice.document_id == Document.id)
        .where(Document.kind.in_(INVOICES), ~is_annulled(), Document.issue_date >= period.since,
               Document.issue_date <= period.until)
        .order_by(Document.issue_date, Document.id).limit(PAGE)
    )
    if after:
        query = query.where(tuple_(Document.issue_date, Document.id) > tuple_(*after))
    return query


def _after(found: list[Document]) -> tuple[date, int] | None:
    return (found[-1].issue_date, found[-1].id) if len(found) == PAGE else None

