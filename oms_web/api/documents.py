"""Documents: what was issued, and the very PDF of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from flask import Response
from pydantic import Field

from oms_web.api.operations import Call, get, post
from oms_web.api.shapes import (
    Amount,
    Answer,
    Asked,
    Day,
    Money,
    Next,
    Number,
    PageQuery,
    Price,
    Told,
    Units,
    money,
    text,
)
from oms_web.core import paging
from oms_web.core.errors import Invalid
from oms_web.core.money import exact_minor
from oms_web.domain.documents import annulling, correcting, exchange, queries
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.models import Document as Kept
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.einvoices import en16931, ubl
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice, issue_proforma

PDF = "application/pdf"
XML = "application/xml"


class DocumentQuery(PageQuery):
    """Which documents."""

    order: Number | None = Field(None, description="Those of this order.")
    issued_from: Day | None = Field(None, description="Dated this day or later.")
    issued_to: Day | None = Field(None, description="Dated this day or before.")


class Document(Answer):
    """An issued document. It never changes; one that KSeF has not had may be annulled."""

    id: int
    kind: str = Field(description="invoice, correction, advance, final, proforma.")
    number: str
    order_id: int | None
    corrects: int | None = Field(description="The invoice that a correction puts right.")
    issue_date: date
    sale_date: date
    issued_at: Told
    buyer: str
    currency: str
    net: Money
    vat: Money
    gross: Money
    annulled: bool = Field(description="It was never issued and documents nothing.")


class IssueAsked(Asked):
    """What to issue. What is left out is as the screens propose it."""

    kind: Literal["invoice", "proforma", "advance"] = "invoice"
    language: Literal["", "pl", "en"] = ""
    issue_date: Day | None = None
    unpaid: bool = Field(False, description="Although a prepaid order is not paid.")
    receipt: Annotated[str, text(60, about="The fiscal receipt that the invoice belongs to.")] = ""
    receipt_named: bool = Field(False, description="The receipt bears the buyer's tax number.")
    remark: Annotated[str, text(500)] = ""


class Returned(Asked):
    """Units of an order's line that came back."""

    line_id: Number
    quantity: Units


class CorrectionAsked(Asked):
    """What changes. Amounts are in the prices of the invoice: gross, or net."""

    reason: Annotated[str, text(255, 1, example="Zwrot towaru")]
    returned: list[Returned] = Field(default_factory=list, max_length=500)
    delivery_back: Amount = Field("0", description="How much of the delivery is given back.")
    lowered: Amount = Field("0", description="A reduction of the goods that stay.")
    exchange_rate: Price | None = Field(None, description=(
        "The rate that counted for the sale, where the invoice names another, or none though VAT "
        "comes in: PLN for one of its currency."), examples=["4.2537"])
    exchange_table: Annotated[str, text(40, about="The bank's table that it stands in.",
                                        example="226/A/NBP/2026")] = ""
    exchange_day: Day | None = Field(None, description="The day of that table.")
    form: Literal["before_after", "difference"] = "before_after"
    issue_date: Day | None = None

    def exchange(self) -> Exchange | None:
        """The rate that is named; None where nothing of it is.

        Raises:
            Invalid: it is no rate, or half of it is missing.
        """
        if not (self.exchange_rate or self.exchange_table or self.exchange_day):
            return None
        return exchange.typed(Decimal(self.exchange_rate or 0), self.exchange_table,
                              self.exchange_day)


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
    session = call.work.session
    return _answer(queries.get(session, document_id),
                   annulled=annulling.of(session, document_id) is not None)


@get("/documents/{document_id}/pdf", "documents:read", act="documents.see", gives=PDF)
def get_document_pdf(call: Call, document_id: int) -> Response:
    """The PDF of a document: the same bytes every time."""
    found = queries.get(call.work.session, document_id)
    name = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in found.number)
    call.work.session.rollback()  # making it takes a while, and no snapshot is needed for it
    response = Response(call.oms.printing.document(document_id), mimetype=PDF)
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


@get("/documents/{document_id}/factur-x", "documents:read", act="documents.see", gives=PDF)
def get_document_factur_x(call: Call, document_id: int) -> Response:
    """The document as a PDF/A-3 with its data inside (Factur-X, ZUGFeRD; profile EN 16931)."""
    queries.get(call.work.session, document_id)
    call.work.session.rollback()
    return Response(call.oms.printing.factur_x(document_id), mimetype=PDF)


@get("/documents/{document_id}/ubl", "documents:read", act="documents.see", gives=XML)
def get_document_ubl(call: Call, document_id: int) -> Response:
    """The document as a European invoice: UBL 2.1, Peppol BIS Billing 3 between VAT numbers."""
    found = queries.get(call.work.session, document_id)
    return Response(ubl.write(en16931.invoice(found.snapshot)), mimetype=XML)


@post("/orders/{order_id}/documents", "documents:write", act="documents.issue", body=IssueAsked,
      gives=Document, statuses=(201, 200))
def issue_document(call: Call, order_id: int) -> Document:
    """Issue the invoice, a pro forma or an advance invoice of an order.

    An invoice is issued once: asked for again, the present one is the answer (200).
    """
    asked: IssueAsked = call.body
    issue = {"invoice": issue_invoice, "proforma": issue_proforma, "advance": issue_advance}
    document, is_new = issue[asked.kind](call.work, order_id, Ask(
        language=asked.language, issue_date=asked.issue_date, unpaid=asked.unpaid,
        receipt=asked.receipt, receipt_named=asked.receipt_named, remark=asked.remark))
    call.status = 201 if is_new else 200
    return _answer(document)


@post("/documents/{document_id}/corrections", "documents:write", act="documents.issue",
      body=CorrectionAsked, gives=Document, statuses=(201,))
def correct_document(call: Call, document_id: int) -> Document:
    """Correct an invoice as it stands after its last correction; name it or any of those."""
    asked: CorrectionAsked = call.body
    currency = queries.get(call.work.session, document_id).currency
    returned: dict[int, int] = {}
    for one in asked.returned:
        returned[one.line_id] = returned.get(one.line_id, 0) + one.quantity
    document, _ = correct_invoice(call.work, document_id, correcting.Ask(
        returned=returned, reason=asked.reason, form=asked.form, issue_date=asked.issue_date,
        exchange=asked.exchange(),
        delivery_back=exact_minor(Decimal(asked.delivery_back), currency, "delivery_back"),
        lowered=exact_minor(Decimal(asked.lowered), currency, "lowered")))
    call.status = 201
    return _answer(document)


def _answer(one: Kept | queries.Found, *, annulled: bool = False) -> Document:
    return Document(
        id=one.id, kind=one.kind, number=one.number, order_id=one.order_id,
        corrects=one.corrects_id,
        issue_date=one.issue_date, sale_date=one.sale_date, issued_at=one.issued_at,
        buyer=one.buyer, currency=one.currency, net=money(one.net, one.currency),
        vat=money(one.vat, one.currency), gross=money(one.gross, one.currency),
        annulled=annulled if isinstance(one, Kept) else one.is_annulled,
    )
