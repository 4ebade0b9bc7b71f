"""An issued document and KSeF: made into an e-invoice there and then, or a moment later."""

from __future__ import annotations

from oms_web.core.work import Work
from oms_web.domain.documents.queries import get
from oms_web.domain.einvoices import service
from oms_web.domain.einvoices.models import EInvoice


def queue(work: Work, document_id: int) -> EInvoice | None:
    """Make the e-invoice of a document, if it is to have one and has none.

    Raises:
        NotFound: there is no such document.
        Invalid: the document says something that KSeF would refuse.
    """
    return service.queue(work, get(work.session, document_id))
