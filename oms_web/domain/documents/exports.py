"""Documents as a table for export."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from oms_web.core.money import from_minor
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.documents import vat
from oms_web.domain.documents.exchange import HOME
from oms_web.domain.documents.models import Document
from oms_web.domain.documents.queries import Asked, documents_query

DOCUMENTS = (
    Column("number", "Number"), Column("kind", "Kind"),
    Column("issue_date", "Issued on", "day"), Column("sale_date", "Sold on", "day"),
    Column("order", "Order", "int"), Column("buyer", "Buyer"), Column("tax_id", "Tax number"),
    Column("currency", "Currency"), Column("net", "Net", "money"), Column("vat", "VAT", "money"),
    Column("gross", "Gross", "money"), Column("issued_by", "Issued by"),
    Column("annulled", "Annulled", "flag"), Column("exchange_rate", "Exchange rate", "price"),
    Column("net_pln", "Net, PLN", "money"), Column("vat_pln", "VAT, PLN", "money"),
)


def documents(asked: Asked) -> Sheet:
    """Issued documents, newest first."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        query = documents_query(asked).add_columns(
            Document.snapshot["buyer"]["tax_id"].label("tax_id"),
            Document.snapshot["rates"].label("rates"),
            Document.snapshot["exchange"].label("exchange")).limit(PAGE)
        if after:
            query = query.where(tuple_(Document.issue_date, Document.id) < tuple_(*after))
        rows = session.execute(query).all()
        table = [
            (row.number, row.kind, row.issue_date, row.sale_date, row.order_id, row.buyer,
             row.tax_id or None, row.currency, from_minor(row.net, row.currency),
             from_minor(row.vat, row.currency), from_minor(row.gross, row.currency),
             row.issued_by, row.is_annulled, *_at_home(row))
            for row in rows
        ]
        more = (rows[-1].issue_date, rows[-1].id) if len(rows) == PAGE else None
        return table, more

    return Sheet("documents", DOCUMENTS, page)


def _at_home(row: Any) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """The rate of exchange that a document says, and its net and VAT in zlotys, each rate of VAT
    rounded by itself as in its file for accountants; None where it says no rate to zlotys.
    """
    if row.currency == HOME:
        return None, from_minor(row.net, HOME), from_minor(row.vat, HOME)
    if not row.exchange or row.exchange["currency"] != HOME:
        return None, None, None
    rate = Decimal(row.exchange["rate"])
    net, tax = (
        sum(one[f"{part}_home"] if f"{part}_home" in one
            else vat.in_home_currency(one[part], row.currency, HOME, rate) for one in row.rates)
        for part in ("net", "vat"))
    return rate, from_minor(net, HOME), from_minor(tax, HOME)
