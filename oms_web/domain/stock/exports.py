"""Stock, bins, the ledger and stock documents as tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.money import from_micro
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.catalog import barcodes
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock import ledger, overview, queries
from oms_web.domain.stock.models import Balance, Location, Move, StockDocument, Warehouse

STOCK = (
    Column("sku", "SKU"), Column("title", "Product"), Column("eans", "EAN"),
    Column("on_hand", "On hand", "int"), Column("reserved", "Reserved", "int"),
    Column("not_for_sale", "Not for sale", "int"), Column("available", "Available", "int"),
    Column("incoming", "On the way", "int"), Column("minimum", "Minimum", "int"),
    Column("bundle", "Bundle", "flag"), Column("unit_cost", "Unit cost", "price"),
    Column("currency", "Currency"),
)
BINS = (
    Column("warehouse", "Warehouse"), Column("bin", "Bin"), Column("sku", "SKU"),
    Column("title", "Product"), Column("on_hand", "On hand", "int"),
    Column("reserved", "Reserved", "int"),
)
LEDGER = (
    Column("number", "Number", "int"), Column("at", "When", "moment"), Column("sku", "SKU"),
    Column("title", "Product"), Column("quantity", "Units", "int"),
    Column("change", "Change", "int"), Column("from", "From"), Column("to", "To"),
    Column("reason", "Reason"), Column("order", "Order", "int"),
    Column("document", "Document", "int"), Column("by", "By"), Column("note", "Note"),
)
DOCUMENTS = (
    Column("number", "Number", "int"), Column("kind", "Kind"), Column("state", "State"),
    Column("warehouse", "Warehouse"), Column("to_warehouse", "To"), Column("partner", "Supplier"),
    Column("reference", "Reference"), Column("reason", "Reason"), Column("lines", "Lines", "int"),
    Column("announced", "Announced", "int"), Column("done", "Done", "int"),
    Column("created_at", "Created", "moment"), Column("created_by", "By"),
    Column("posted_at", "Posted", "moment"), Column("note", "Note"),
)


def stock(wanted: overview.StockFilter, now: datetime) -> Sheet:
    """The stock list as it is filtered, by key."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        found = session.execute(
            select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.is_bundle,
                   Variant.minimum, Variant.cost, Variant.currency)
            .where(Variant.id > (after or 0), Variant.archived_at.is_(None),
                   *overview.conditions(session, wanted, now))
            .order_by(Variant.id).limit(PAGE)
        ).all()
        rows = overview.with_numbers(
            session, [overview.StockRow(*row[:6]) for row in found], wanted.warehouse_id
        )
        codes = barcodes.of(session, [row.id for row in rows])
        table = [
            (row.sku, row.title, " ".join(codes.get(row.id, [])), row.on_hand, row.reserved,
             row.unsellable, row.free, row.incoming, row.minimum, row.is_bundle,
             None if more.cost is None else from_micro(more.cost), more.currency)
            for row, more in zip(rows, found, strict=True)
        ]
        return table, found[-1].id if len(found) == PAGE else None

    return Sheet("stock", STOCK, page)


def bins(warehouse_id: int | None = None) -> Sheet:
    """What lies in every bin: a stock count to read back, by place and SKU."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        place, last = after or (0, 0)
        query = (
            select(Warehouse.code, Location.code.label("bin"), Variant.sku, Variant.title,
                   Balance.on_hand, Balance.reserved, Balance.location_id, Balance.variant_id)
            .join(Location, Location.id == Balance.location_id)
            .join(Warehouse, Warehouse.id == Location.warehouse_id)
            .join(Variant, Variant.id == Balance.variant_id)
            .where(Balance.on_hand > 0,
                   (Balance.location_id > place)
                   | ((Balance.location_id == place) & (Balance.variant_id > last)))
            .order_by(Balance.location_id, Balance.variant_id).limit(PAGE)
        )
        if warehouse_id is not None:
            query = query.where(Location.warehouse_id == warehouse_id)
        rows = session.execute(query).all()
        more = (rows[-1].location_id, rows[-1].variant_id) if len(rows) == PAGE else None
        return [tuple(row[:6]) for row in rows], more

    return Sheet("bins", BINS, page)


def moves(wanted: ledger.LedgerFilter) -> Sheet:
    """The ledger, oldest first."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        rows = [
            ledger.row_of(row) for row in session.execute(
                ledger.moves(wanted).where(Move.id > (after or 0)).order_by(Move.id).limit(PAGE)
            )
        ]
        table = [
            (row.id, row.at, row.sku, row.title, row.quantity, row.change, row.from_code,
             row.to_code, row.reason, row.order_id, row.document_id, row.actor, row.note)
            for row in rows
        ]
        return table, rows[-1].id if len(rows) == PAGE else None

    return Sheet("ledger", LEDGER, page)


def documents(kind: str = "", state: str = "", warehouse_id: int | None = None) -> Sheet:
    """Stock documents, newest first."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        query = queries.documents_query(kind, state, warehouse_id).limit(PAGE)
        if after:
            query = query.where(StockDocument.id < after)
        rows = queries.with_sums(session, session.execute(query).all())
        table = [
            (row.id, row.kind, row.state, row.warehouse, row.to_warehouse, row.partner,
             row.reference, row.reason, row.lines, row.units, row.done, row.created_at,
             row.created_by, row.posted_at, row.note)
            for row in rows
        ]
        return table, rows[-1].id if len(rows) == PAGE else None

    return Sheet("stock-documents", DOCUMENTS, page)
