"""Issuing the invoice of an order: number, snapshot, mark and notice, in one transaction."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.errors import InvalidForm
from oms_web.core.work import Work
from oms_web.domain.documents import service
from oms_web.domain.documents.drafting import Ask, draft_invoice
from oms_web.domain.documents.events import DocumentIssued
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import service as einvoices
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.service import lock_order, refile
from oms_web.domain.orders.telling import tell_invoice


def issue_invoice(work: Work, order_id: int, ask: Ask | None = None) -> tuple[Document, bool]:
    """Issue the invoice of an order; the one it has already when it has one.

    A prepaid order that is not paid is refused unless the seller says ``unpaid``: an invoice
    cannot be taken back, and most unpaid orders are never paid. Cash on delivery and trade
    credit are invoiced unpaid as a matter of course.

    Returns:
        The document, and whether it is new.

    Raises:
        NotFound: there is no such order.
        NotAllowedNow: the order is a draft or cancelled, or the series gives no numbers.
        InvalidForm: everything that is missing or wrong, by field.
        Invalid: it goes to KSeF, which would refuse it.
    """
    ask = ask or Ask()
    order = lock_order(work.session, order_id)
    present = work.session.scalar(
        select(Document)
        .where(Document.order_id == order_id, Document.kind == service.INVOICE)
        .order_by(Document.id.desc())
        .limit(1)
    )
    if present is not None:
        return present, False
    draft = draft_invoice(work, order, ask)
    if draft.problems or draft.snapshot is None:
        raise InvalidForm(draft.problems)
    series = service.get_series(work.session, ask.series_id) if ask.series_id \
        else service.default_series(work, service.INVOICE)
    document = service.issue(work, series, draft.snapshot, order_id)
    einvoices.queue(work, document)
    order.is_documented = True
    with outgoing.deciding(work, outgoing.INVOICE, order_id, document.id, {}):
        tell_invoice(work, order_id, document.id)
    work.announce(DocumentIssued(document.id, order_id, document.kind, document.number))
    refile(work, [order_id])
    return document, True


def hold_back(work: Work, decided: outgoing.Outgoing) -> None:
    """Keep an issued document from its buyer: no channel shows it, until somebody sends it.

    It stays issued: its number is taken.

    Raises:
        NotAllowedNow: a channel is being told.
    """
    lock_order(work.session, decided.order_id)
    outgoing.take_back(work, decided)
