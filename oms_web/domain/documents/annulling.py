"""Annulled documents: those that were never issued in law, because KSeF has not had them and nobody
was given them. They keep their numbers and document nothing; ``einvoices.service.annul`` says which
may be.
"""

from __future__ import annotations

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.documents import kinds
from oms_web.domain.documents.models import Annulment, Document, is_annulled


def annul(work: Work, document: Document, reason: str) -> None:
    """Write down that a document was never issued.

    Raises:
        Invalid: at ``reason``, where none is given.
        NotAllowedNow: it was issued because of something else, or another document leans on it.
    """
    reason = " ".join(reason.split())[:255]
    if not reason:
        raise Invalid("Say why it is annulled.", "reason")
    if document.cause:
        raise NotAllowedNow("It belongs to a refund, which would be left without its document.")
    if other := leaning_on(work.session, document):
        raise NotAllowedNow("%(number)s goes on from this document: annul that one first.",
                            number=other)
    work.session.add(Annulment(document_id=document.id, at=work.now, by=work.actor.name,
                               reason=reason))
    work.session.flush()
    audit.record(work, "documents.annul", "document", document.id,
                 {"number": [document.number, None]}, order_id=document.order_id, note=reason)


def of(session: Session, document_id: int) -> Annulment | None:
    """When and why a document was annulled; None where it stands."""
    return session.get(Annulment, document_id)


def leaning_on(session: Session, document: Document) -> str:
    """The number of a document that stands and goes on from this one: a later correction, or the
    final invoice of an advance; empty where there is none.
    """
    later = and_(Document.corrects_id == (document.corrects_id or document.id),
                 Document.id > document.id)
    if document.kind == kinds.ADVANCE:
        later = or_(later, and_(Document.order_id == document.order_id,
                                Document.kind == kinds.FINAL))
    return session.scalar(select(Document.number).where(later, ~is_annulled())
                          .order_by(Document.id.desc()).limit(1)) or ""
