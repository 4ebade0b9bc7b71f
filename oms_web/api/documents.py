"""Documents: what was issued, and the very PDF of it."""

from __future__ import annotations

from datetime import date

from flask import Response
from pydantic import Field

from oms_web.api.operations import Call, get
from oms_web.api.shapes import Answer, Day, Money, Next, Number, PageQuery, Told, money
from oms_web.core import paging
from oms_web.core.errors import Invalid
from oms_web.domain.documents import queries
from oms_web.domain.documents.models import Document as Kept

PDF = "application/pdf"


class DocumentQuery(PageQuery):
    """Which documents."""

    order: Number | None = Field(None, description="Those of this order.")
    issued_from: Day | None = Field(None, description="Dated this day or later.")
    issued_to: Day | None = Field(None, description="Dated this day or before.")


class Document(Answer):
    """An issued document. It never changes."""

    id: int
    kind: str = Field(description="invoice; others will follow.")
    number: str
    order_id: int | None
    issue_date: date
    sale_date: date
    issued_at: Told
    buyer: str
    currency: str
    net: Money
    vat: Money
    gross: Money


class DocumentPage(Answer):
    """A page of documents."""

    items: list[Document]
    next: Next


@get("/documents", "documents:read", act="documents.see", query=DocumentQuery, gives=DocumentPage)
def list_documents(call: Call) -> DocumentPage:
    """A page of issued documents, the newest first. Those of one order come on one page."""
    asked: DocumentQuery = call.query
    session = call.work.session
    if asked.order is not None:
        return DocumentPage(items=[_answer(one) for one in queries.of_order(session, asked.order)],
                            next=None)
    _check(asked.after)
    page = queries.listed(
        session, queries.Asked(since=asked.issued_from, until=asked.issued_to),
        asked.after or None, asked.limit,
    )
    return DocumentPage(items=[_answer(one) for one in page.rows], next=page.after)


def _check(after: str) -> None:
    if after:
        day, _ = paging.unseal_as(after, str, int)
        try:
            date.fromisoformat(day)
        except ValueError:
            raise Invalid("This page link is broken.", "after") from None


@get("/documents/{document_id}", "documents:read", act="documents.see", gives=Document)
def get_document(call: Call, document_id: int) -> Document:
    """One document."""
    return _answer(queries.get(call.work.session, document_id))


@get("/documents/{document_id}/pdf", "documents:read", act="documents.see", gives=PDF)
def get_document_pdf(call: Call, document_id: int) -> Response:
    """The PDF of a document: the same bytes every time."""
    found = queries.get(call.work.session, document_id)
    name = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in found.number)
    call.work.session.rollback()  # making it takes a while, and no snapshot is needed for it
    response = Response(call.oms.printing.document(document_id), mimetype=PDF)
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _answer(one: Kept | queries.Found) -> Document:
    return Document(
        id=one.id, kind=one.kind, number=one.number, order_id=one.order_id,
        issue_date=one.issue_date, sale_date=one.sale_date, issued_at=one.issued_at,
        buyer=one.buyer, currency=one.currency, net=money(one.net, one.currency),
        vat=money(one.vat, one.currency), gross=money(one.gross, one.currency),
    )
