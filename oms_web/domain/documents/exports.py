"""Documents as a table for export."""

from __future__ import annotations

from typing import Any

from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from oms_web.core.money import from_minor
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.documents.models import Document
from oms_web.domain.documents.queries import Asked, documents_query

DOCUMENTS = (
    Column("number", "Number"), Column("kind", "Kind"),
    Column("issue_date", "Issued on", "day"), Column("sale_date", "Sold on", "day"),
    Column("order", "Order", "int"), Column("buyer", "Buyer"), Column("tax_id", "Tax number"),
    Column("currency", "Currency"), Column("net", "Net", "money"), Column("vat", "VAT", "money"),
    Column("gross", "Gross", "money"), Column("issued_by", "Issued by"),
    Column("annulled", "Annulled", "flag"),
)


def documents(asked: Asked) -> Sheet:
    """Issued documents, newest first."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        query = documents_query(asked).add_columns(Document.snapshot["buyer"]["tax_id"]).limit(PAGE)
        if after:
            query = query.where(tuple_(Document.issue_date, Document.id) < tuple_(*after))
        rows = session.execute(query).all()
        table = [
            (row.number, row.kind, row.issue_date, row.sale_date, row.order_id, row.buyer,
             row[-1] or None, row.currency, from_minor(row.net, row.currency),
             from_minor(row.vat, row.currency), from_minor(row.gross, row.currency),
             row.issued_by, row.is_annulled)
            for row in rows
        ]
        more = (rows[-1].issue_date, rows[-1].id) if len(rows) == PAGE else None
        return table, more

    return Sheet("documents", DOCUMENTS, page)
