"""Looking up warehouses, bins, what lies in them, and stock documents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from oms_web.core import paging
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page
from oms_web.core.text import squeeze
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock.models import (
    Balance,
    Location,
    StockDocument,
    StockDocumentLine,
    Warehouse,
)

PAGE = 50


def warehouses(session: Session, *, everything: bool = False) -> list[Warehouse]:
    """The warehouses by rank; those out of use only when ``everything`` is asked for."""
    query = select(Warehouse).order_by(Warehouse.active.desc(), Warehouse.rank, Warehouse.id)
    return list(session.scalars(query if everything else query.where(Warehouse.active)))


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin and what it holds."""

    id: int
    warehouse_id: int
    warehouse: str
    code: str
    path_order: int
    sellable: bool
    active: bool
    skus: int = 0
    units: int = 0


def bins(session: Session, warehouse_id: int, *, everything: bool = False) -> list[Bin]:
    """The bins of a warehouse in walking order, with how much lies in each."""
    held = (
        select(Balance.location_id, func.count().label("skus"),
               func.sum(Balance.on_hand).label("units"))
        .where(Balance.on_hand > 0).group_by(Balance.location_id).subquery()
    )
    query = (
        select(Location.id, Location.warehouse_id, Warehouse.code, Location.code,
               Location.path_order, Location.sellable, Location.active,
               func.coalesce(held.c.skus, 0), func.coalesce(held.c.units, 0))
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .outerjoin(held, held.c.location_id == Location.id)
        .where(Location.warehouse_id == warehouse_id, Location.kind == "bin")
        .order_by(Location.path_order, Location.code, Location.id)
    )
    if not everything:
        query = query.where(Location.active)
    return [Bin(*row) for row in session.execute(query)]


def bin_choices(session: Session, warehouse_id: int) -> list[tuple[int, str]]:
    """The bins in use of a warehouse for a list to choose from: (id, code)."""
    rows = session.execute(
        select(Location.id, Location.code)
        .where(Location.warehouse_id == warehouse_id, Location.kind == "bin", Location.active)
        .order_by(Location.path_order, Location.code, Location.id)
    )
    return [(id_, code) for id_, code in rows]


def scanned_bin(session: Session, warehouse_id: int, code: str) -> int | None:
    """The bin a scan means: its code, case and punctuation aside, in this warehouse."""
    key = squeeze(code)
    alike = [id_ for id_, name in bin_choices(session, warehouse_id) if squeeze(name) == key]
    return alike[0] if key and len(alike) == 1 else None


@dataclass(frozen=True, slots=True)
class Held:
    """Units of a variant in one place."""

    variant_id: int
    location_id: int
    warehouse_id: int | None
    warehouse: str
    code: str
    kind: str
    sellable: bool
    on_hand: int
    reserved: int

    @property
    def free(self) -> int:
        """Units that nobody was promised."""
        return self.on_hand - self.reserved


def held(session: Session, variant_ids: Collection[int]) -> list[Held]:
    """Where variants lie, by warehouse rank and walking order; empty places are left out."""
    rows = session.execute(
        select(Balance.variant_id, Location.id, Location.warehouse_id,
               func.coalesce(Warehouse.name, ""), Location.code, Location.kind,
               Location.sellable, Balance.on_hand, Balance.reserved)
        .join(Location, Location.id == Balance.location_id)
        .outerjoin(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Balance.variant_id.in_(list(variant_ids)), Balance.on_hand > 0)
        .order_by(Balance.variant_id, Location.kind, Warehouse.rank, Warehouse.id,
                  Location.path_order, Location.id)
    )
    return [Held(*row) for row in rows]


def on_hand(session: Session, variant_id: int, location_id: int) -> int:
    """Units of a variant in a place."""
    return session.scalar(
        select(Balance.on_hand)
        .where(Balance.variant_id == variant_id, Balance.location_id == location_id)
    ) or 0


# Documents


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A stock document in a list. ``units`` are those announced, ``done`` those that came."""

    id: int
    kind: str
    state: str
    warehouse: str
    to_warehouse: str | None
    partner: str
    reference: str
    reason: str
    note: str
    created_by: str
    created_at: datetime
    posted_at: datetime | None
    lines: int = 0
    units: int = 0
    done: int = 0


def documents_query(kind: str = "", state: str = "", warehouse_id: int | None = None
                    ) -> Select[*tuple[Any, ...]]:
    """Stock documents, newest first."""
    to = aliased(Warehouse)
    query = (
        select(
            StockDocument.id, StockDocument.kind, StockDocument.state, Warehouse.name, to.name,
            StockDocument.partner, StockDocument.reference, StockDocument.reason,
            StockDocument.note, StockDocument.created_by, StockDocument.created_at,
            StockDocument.posted_at,
        )
        .join(Warehouse, Warehouse.id == StockDocument.warehouse_id)
        .outerjoin(to, to.id == StockDocument.to_warehouse_id)
        .order_by(StockDocument.id.desc())
    )
    if kind:
        query = query.where(StockDocument.kind == kind)
    if state:
        query = query.where(StockDocument.state == state)
    if warehouse_id is not None:
        query = query.where((StockDocument.warehouse_id == warehouse_id)
                            | (StockDocument.to_warehouse_id == warehouse_id))
    return query


def documents_page(
    session: Session, kind: str = "", state: str = "", warehouse_id: int | None = None,
    after: str | None = None, limit: int = PAGE,
) -> Page[DocumentRow]:
    """A page of stock documents with their sums."""
    query = documents_query(kind, state, warehouse_id).limit(limit + 1)
    if after:
        query = query.where(StockDocument.id < paging.unseal_as(after, int)[0])
    rows = session.execute(query).all()
    more = paging.seal(rows[limit - 1].id) if len(rows) > limit else None
    return Page(with_sums(session, rows[:limit]), more)


def with_sums(session: Session, rows: Collection[Any]) -> list[DocumentRow]:
    """Rows of ``documents_query`` with the number and units of their lines."""
    sums = {
        id_: (lines, int(units), int(done)) for id_, lines, units, done in session.execute(
            select(StockDocumentLine.document_id, func.count(),
                   func.sum(StockDocumentLine.quantity), func.sum(StockDocumentLine.done))
            .where(StockDocumentLine.document_id.in_([row.id for row in rows]))
            .group_by(StockDocumentLine.document_id)
        )
    }
    return [DocumentRow(*(*row, *sums.get(row.id, (0, 0, 0)))) for row in rows]


def document(session: Session, document_id: int) -> StockDocument:
    """A stock document.

    Raises:
        NotFound: there is none.
    """
    found = session.get(StockDocument, document_id)
    if found is None:
        raise NotFound("There is no such stock document.")
    return found


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a stock document with the names a person reads."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    title: str
    location_id: int
    code: str
    quantity: int
    done: int
    unit_cost: int | None
    currency: str
    last_move_id: int | None

    @property
    def difference(self) -> int:
        """What was found beyond (plus) or short of (minus) what was announced or expected."""
        return self.done - self.quantity


def document_lines(
    session: Session, document_id: int, *, newest_first: bool = False, limit: int = 5000
) -> list[LineRow]:
    """The lines of a document: by bin and title, or the latest begun first."""
    query: Select[*tuple[Any, ...]] = (
        select(StockDocumentLine.id, StockDocumentLine.variant_id, Variant.product_id, Variant.sku,
               Variant.title, StockDocumentLine.location_id, Location.code,
               StockDocumentLine.quantity, StockDocumentLine.done, StockDocumentLine.unit_cost,
               Variant.currency, StockDocumentLine.last_move_id)
        .join(Variant, Variant.id == StockDocumentLine.variant_id)
        .join(Location, Location.id == StockDocumentLine.location_id)
        .where(StockDocumentLine.document_id == document_id)
        .limit(limit)
    )
    order = (
        [StockDocumentLine.id.desc()] if newest_first
        else [Location.path_order, Location.code, Variant.title, StockDocumentLine.id]
    )
    return [LineRow(*row) for row in session.execute(query.order_by(*order))]
