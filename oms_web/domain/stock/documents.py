"""Stock documents: receipts, transfers, corrections and stocktakes, from draft to posted.

A draft changes no stock; the flows post it. ``state`` goes ``draft`` -> ``posted``, for transfers
by way of ``sent`` (on the road); a draft can be cancelled. What is posted never changes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock.models import (
    Balance,
    Location,
    StockDocument,
    StockDocumentLine,
    Warehouse,
)
from oms_web.domain.stock.service import default_bin

RECEIPT, TRANSFER, CORRECTION, STOCKTAKE = "receipt", "transfer", "correction", "stocktake"
KINDS = (RECEIPT, TRANSFER, CORRECTION, STOCKTAKE)
_ACTS = {RECEIPT: "stock.receipt", TRANSFER: "stock.transfer", CORRECTION: "stock.correction",
         STOCKTAKE: "stock.stocktake"}
STATES = ("draft", "sent", "posted", "cancelled")
MOST_UNITS = 10_000_000


def start(
    work: Work,
    kind: str,
    warehouse_id: int,
    *,
    to_warehouse_id: int | None = None,
    partner: str = "",
    reference: str = "",
    reason: str = "",
    note: str = "",
) -> int:
    """Begin a document; its id.

    Raises:
        NotFound: there is no such active warehouse.
    """
    for id_ in filter(None, (warehouse_id, to_warehouse_id)):
        active_warehouse(work.session, id_)
    document_id: int = work.session.execute(
        insert(StockDocument).values(
            kind=kind, state="draft", warehouse_id=warehouse_id, to_warehouse_id=to_warehouse_id,
            partner=tidy(partner)[:200], reference=tidy(reference)[:120], reason=reason,
            note=note.strip(), created_by=work.actor.name, created_at=work.now,
        ).returning(StockDocument.id)
    ).scalar_one()
    audit.record(work, _ACTS[kind], "stock_document", document_id, {"state": [None, "draft"]})
    return document_id


def lock(session: Session, document_id: int, kind: str, *states: str) -> StockDocument:
    """A document that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is no such document of this kind.
        NotAllowedNow: it is in another state than those asked for.
    """
    found = session.scalar(
        select(StockDocument).where(StockDocument.id == document_id, StockDocument.kind == kind)
        .with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such stock document.")
    if found.state not in states:
        raise NotAllowedNow(_STATE_SAYS[found.state], states)
    return found


_STATE_SAYS = {
    "draft": "This document has not been sent yet.",
    "sent": "This document is on the road already.",
    "posted": "This document is posted: it cannot be changed any more.",
    "cancelled": "This document is cancelled.",
}


def finish(work: Work, document: StockDocument, state: str, **detail: object) -> None:
    """Take the document to its next state and write that down."""
    audit.record(work, _ACTS[document.kind], "stock_document", document.id,
                 {"state": [document.state, state],
                  **{name: [None, value] for name, value in detail.items()}})
    document.state = state
    if state == "posted":
        document.posted_at = work.now
    work.session.flush()


def cancel(work: Work, document_id: int, kind: str) -> None:
    """Give a draft up; a cancelled one again is quiet.

    Raises:
        NotAllowedNow: it is sent or posted.
    """
    document = lock(work.session, document_id, kind, "draft", "cancelled")
    if document.state == "draft":
        finish(work, document, "cancelled")


def active_warehouse(session: Session, warehouse_id: int) -> Warehouse:
    """A warehouse that is in use.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Warehouse, warehouse_id)
    if found is None or not found.active:
        raise NotFound("There is no such warehouse.")
    return found


def bin_of(session: Session, location_id: int, warehouse_id: int | None = None) -> Location:
    """A bin in use, in this warehouse if one is named.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Location, location_id)
    if found is None or found.kind != "bin" or not found.active or (
        warehouse_id is not None and found.warehouse_id != warehouse_id
    ):
        raise NotFound("There is no such bin in this warehouse.")
    return found


def usual_bin(session: Session, warehouse_id: int, variant_id: int) -> int:
    """Where most units of a SKU lie in a warehouse, else the warehouse's first bin.

    Raises:
        NotFound: the warehouse has no bin.
    """
    found = session.scalar(
        select(Balance.location_id).join(Location, Location.id == Balance.location_id)
        .where(Balance.variant_id == variant_id, Location.warehouse_id == warehouse_id,
               Location.kind == "bin", Location.active)
        .order_by(Balance.on_hand.desc(), Location.path_order, Location.id).limit(1)
    )
    return found if found is not None else default_bin(session, warehouse_id)


def stocked_variant(session: Session, variant_id: int) -> Variant:
    """A variant that can lie on a shelf.

    Raises:
        NotFound: there is none.
        Invalid: it is a bundle.
    """
    found = session.get(Variant, variant_id)
    if found is None:
        raise NotFound("There is no such SKU.")
    if found.is_bundle:
        raise Invalid("%(sku)s is a bundle: it has no stock of its own, its parts have.",
                      "variant_id", sku=found.sku)
    return found


def check_units(units: int, field: str = "quantity", *, least: int = 0) -> int:
    """A believable number of units.

    Raises:
        Invalid: less than ``least``, or absurdly many.
    """
    if not least <= units <= MOST_UNITS:
        raise Invalid("Type a number of units from %(least)s to %(most)s.", field, least=least,
                      most=MOST_UNITS)
    return units


@dataclass(frozen=True, slots=True)
class Line:
    """A document line as flows see it."""

    id: int
    variant_id: int
    location_id: int
    quantity: int
    done: int
    unit_cost: int | None
    last_move_id: int | None


_LINE = (
    StockDocumentLine.id, StockDocumentLine.variant_id, StockDocumentLine.location_id,
    StockDocumentLine.quantity, StockDocumentLine.done, StockDocumentLine.unit_cost,
    StockDocumentLine.last_move_id,
)


def lines(session: Session, document_id: int) -> list[Line]:
    """The lines of a document, in the order in which they were begun."""
    rows = session.execute(
        select(*_LINE).where(StockDocumentLine.document_id == document_id)
        .order_by(StockDocumentLine.id)
    )
    return [Line(*row) for row in rows]


def line_at(session: Session, document_id: int, variant_id: int, location_id: int) -> Line | None:
    """The line of a variant at a place, if the document has one."""
    row = session.execute(
        select(*_LINE).where(
            StockDocumentLine.document_id == document_id,
            StockDocumentLine.variant_id == variant_id,
            StockDocumentLine.location_id == location_id,
        )
    ).one_or_none()
    return Line(*row) if row else None


def put_line(
    session: Session, document_id: int, variant_id: int, location_id: int,
    values: Mapping[str, int | None],
) -> int:
    """Set columns of the line of a variant at a place, making it if need be; the line's id."""
    statement = upsert(session, StockDocumentLine).values(
        document_id=document_id, variant_id=variant_id, location_id=location_id,
        **{"quantity": 0, "done": 0, **values},
    )
    line_id: int = session.execute(
        statement.on_conflict_do_update(
            index_elements=["document_id", "variant_id", "location_id"], set_=dict(values)
        ).returning(StockDocumentLine.id)
    ).scalar_one()
    return line_id


def set_line(session: Session, line_id: int, **values: int | None) -> None:
    """Set columns of a line."""
    session.execute(
        update(StockDocumentLine).where(StockDocumentLine.id == line_id).values(**values)
    )


def drop_line(session: Session, document_id: int, line_id: int) -> None:
    """Take a line out of a draft; one that is not there is quiet."""
    session.execute(
        delete(StockDocumentLine)
        .where(StockDocumentLine.id == line_id, StockDocumentLine.document_id == document_id)
    )
