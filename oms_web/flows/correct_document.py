"""Correcting an invoice: what came back, costs less or named the wrong buyer, as a document."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.work import Work
from oms_web.domain.accounting import entries
from oms_web.domain.documents import kinds, service
from oms_web.domain.documents.correcting import Ask
from oms_web.domain.documents.correction_draft import draft_correction, standing
from oms_web.domain.documents.events import DocumentIssued
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import service as einvoices
from oms_web.domain.orders.service import lock_order


def correct_invoice(work: Work, document_id: int, ask: Ask) -> tuple[Document, bool]:
    """Issue a correction of an invoice as it stands after its last correction.

    With a ``cause`` it is issued once: asked for again, the present one is the answer.

    Args:
        document_id: The invoice, or any correction of it.

    Returns:
        The correction, and whether it is new.

    Raises:
        NotFound: there is no such document or series.
        NotAllowedNow: it is of a kind that is not corrected, or the series gives no numbers.
        InvalidForm: nothing changes, more comes back than was sold, or a word is missing.
        Invalid: it goes to KSeF, which would refuse it.
    """
    stand = standing(work.session, document_id)
    if stand.first.order_id is not None:
        lock_order(work.session, stand.first.order_id)
        stand = standing(work.session, document_id)  # nobody corrects it meanwhile
    if ask.cause:
        present = work.session.scalar(select(Document).where(Document.cause == ask.cause))
        if present is not None:
            return present, False
    draft = draft_correction(work, stand, ask)
    series = service.chosen_series(work, kinds.CORRECTION, ask.series_id)
    document = service.issue(work, series, draft, stand.first.order_id,
                             corrects_id=stand.first.id, cause=ask.cause or None)
    einvoices.queue(work, document)
    entries.queue(work, document)
    if document.order_id is not None:
        work.announce(DocumentIssued(document.id, document.order_id, document.kind,
                                     document.number))
    return document, True
