"""Issuing warehouse papers: of a shipment that left, of a stock document that is posted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.documents import service, warehouse_papers
from oms_web.domain.documents.models import Document
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
    return _issue(work, warehouse_papers.cause_of_shipment(shipment),
                  warehouse_papers.of_shipment(work, shipment), shipment.order_id)


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
    return [_issue(work, warehouse_papers.cause_of_stock(one["kind"], document_id), one, None)
            for one in said]


def _issue(work: Work, cause: str, said: Mapping[str, Any], order_id: int | None) -> Document:
    present = work.session.scalar(select(Document).where(Document.cause == cause))
    if present is not None:
        return present
    series = service.chosen_series(work, said["kind"], None)
    return service.issue(work, series, said, order_id, cause=cause)
