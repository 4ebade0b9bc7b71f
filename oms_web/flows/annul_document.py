"""Annulling a document that KSeF never had: it documents nothing, and another one may be issued."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.work import Work
from oms_web.domain.accounting import entries
from oms_web.domain.documents import annulling, kinds, queries
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import service as einvoices
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_order, refile
from oms_web.domain.orders.telling import hide_invoice


def annul(work: Work, document_id: int, reason: str) -> Document:
    """End a document that waits for KSeF or was refused there. Its number stays taken.

    Raises:
        NotFound: there is no such document, or it does not go to KSeF.
        NotAllowedNow: KSeF has it or may have it, it was issued offline, or another leans on it.
        Invalid: at ``reason``.
    """
    document = queries.get(work.session, document_id)
    order = lock_order(work.session, document.order_id) if document.order_id else None
    einvoices.annul(work, document_id)
    annulling.annul(work, document, reason)
    entries.drop(work, document_id)
    if order is not None:
        hide_invoice(work, order.id, document_id)
        order.is_documented = _is_documented(work, order)
        refile(work, [order.id])
    return document


def _is_documented(work: Work, order: Order) -> bool:
    """By an invoice that stands, or by advances that cover what the newest of them is for."""
    if queries.invoices_of(work.session, order.id):
        return True
    advances = queries.advances_of(work.session, order.id)
    if not advances:
        return False
    said = work.session.scalars(
        select(Document.snapshot).where(Document.id == advances[-1]["document_id"],
                                        Document.kind == kinds.ADVANCE)).one()
    whole: int = said["ordered"]["total"]["gross"]
    return sum(one["gross"] for one in advances) >= whole
