"""The paper of goods that left (WZ): issued once for each leaving, undone by another that takes all
of it back. A number that was given stays given, so nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from oms_web.core.clock import local_day
from oms_web.core.work import Work
from oms_web.domain.documents import service, warehouse_papers
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.models import Document
from oms_web.domain.shipping.models import Shipment

TASK = "issue_wz"


def issue(work: Work, shipment: Shipment, by: str = "") -> Document:
    """The WZ of a shipment that left, which is locked; the present one if there is one.

    ``by``: who let it leave, where nobody issues it by hand.
    """
    cause = warehouse_papers.cause_of_shipment(shipment)
    present = of_cause(work, cause)
    if present is not None:
        return present
    said = warehouse_papers.of_shipment(work, shipment)
    return put_on_paper(work, cause, {**said, "issued_by": by or said["issued_by"]},
                        shipment.order_id)


def take_back(work: Work, shipment: Shipment) -> Document | None:
    """A shipment has not left after all: a WZ of minus its units refers to the one that was issued.

    None if none was.
    """
    cause = warehouse_papers.cause_of_shipment(shipment)
    issued = of_cause(work, cause)
    if issued is None:
        return None
    back = f"{cause}:back"
    return of_cause(work, back) or put_on_paper(work, back, _backwards(work, issued),
                                                issued.order_id)


def _backwards(work: Work, issued: Document) -> dict[str, Any]:
    said, today = issued.snapshot, local_day(work.now).isoformat()
    return {
        **said, "number": None, "issue_date": today, "sale_date": today,
        "issued_by": work.actor.name, "reference": issued.number,
        "remark": LABELS[said["language"]]["not_left"],
        "lines": [{**line, "quantity": -line["quantity"]} for line in said["lines"]],
    }


def of_cause(work: Work, cause: str) -> Document | None:
    """What was put on paper because of this; None if nothing was."""
    return work.session.scalar(select(Document).where(Document.cause == cause))


def put_on_paper(work: Work, cause: str, said: Mapping[str, Any], order_id: int | None
                 ) -> Document:
    """Number a warehouse paper by the usual series of its kind and keep it."""
    series = service.chosen_series(work, said["kind"], None)
    return service.issue(work, series, said, order_id, cause=cause)
