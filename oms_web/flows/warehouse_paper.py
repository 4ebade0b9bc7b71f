"""Issuing warehouse papers: of a shipment that left, of a stock document that is posted."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.documents import goods_issued, warehouse_papers
from oms_web.domain.documents.models import Document
from oms_web.domain.shipping import sending
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.stock.models import StockDocument


def issue_wz(work: Work, shipment_id: int) -> Document:
    """Issue the paper of goods that left (WZ); the present one if there is one.

    Raises:
        NotFound: there is no such shipment.
        NotAllowedNow: it has not left.
    """
    shipment = work.session.scalar(
        select(Shipment).where(Shipment.id == shipment_id).with_for_update())
    if shipment is None:
        raise NotFound("There is no such shipment.")
    if shipment.shipped_at is None:
        raise NotAllowedNow("This shipment has not left yet.")
    return goods_issued.issue(work, shipment)


def issue_by_itself(work: Work, shipment_id: int, by: str) -> Document | None:
    """Issue the WZ of a shipment if the seller wants that by itself and it has left still.

    ``by``: who let it leave.
    """
    shipment = shipping.lock(work.session, shipment_id)
    if shipment.shipped_at is None or not sending.settings(work.session).issues_wz:
        return None
    return goods_issued.issue(work, shipment, by)


def issue_of_stock(work: Work, document_id: int) -> list[Document]:
    """Issue the papers of a stock document: received (PZ), moved (MM), taken out (RW), in (PW).

    Those that are there stay as they are.

    Raises:
        NotFound: there is no such stock document.
        NotAllowedNow: it is not posted, or it moved nothing.
    """
    document = work.session.scalar(
        select(StockDocument).where(StockDocument.id == document_id).with_for_update())
    if document is None:
        raise NotFound("There is no such stock document.")
    if document.state not in ("sent", "posted"):
        raise NotAllowedNow("A paper follows once this document is posted.")
    said = warehouse_papers.of_stock(work, document)
    if not said:
        raise NotAllowedNow("This document moved nothing: there is nothing to put on paper.")
    found = []
    for one in said:
        cause = warehouse_papers.cause_of_stock(one["kind"], document_id)
        found.append(goods_issued.of_cause(work, cause)
                     or goods_issued.put_on_paper(work, cause, one, None))
    return found
