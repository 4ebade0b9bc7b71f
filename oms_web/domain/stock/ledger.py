"""Reading the ledger: moves, newest first, with the balance after each where that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from oms_web.core import paging
from oms_web.core.paging import Page
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock.models import Balance, Location, Move, Warehouse

PAGE = 50
REASONS = ("receipt", "sale", "return", "transfer", "correction", "count", "write_off")


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which moves. Empty fields say nothing; ``until`` is not included any more."""

    variant_id: int | None = None
    location_id: int | None = None
    reason: str = ""
    order_id: int | None = None
    document_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One move. ``change`` is what it did to the units in our bins (zero between two of them).

    ``balance`` is the units in all our bins after it; None unless one variant was asked for
    without other filters. Ends: ``kind`` as in ``Location``, warehouse and code for bins.
    """

    id: int
    at: datetime
    variant_id: int
    sku: str
    title: str
    quantity: int
    change: int
    from_kind: str
    from_code: str
    to_kind: str
    to_code: str
    reason: str
    order_id: int | None
    document_id: int | None
    actor: str
    note: str | None
    balance: int | None = None


def page(
    session: Session, wanted: LedgerFilter, after: str | None = None, limit: int = PAGE
) -> Page[MoveRow]:
    """A page of moves, newest first. The running balance is carried in the page token."""
    query = moves(wanted).order_by(Move.id.desc()).limit(limit + 1)
    running = balance_now(session, wanted.variant_id) if _runs(wanted) else None
    if after:
        last, running = paging.unseal_as(after, int, int if running is not None else type(None))
        query = query.where(Move.id < last)
    found = session.execute(query).all()
    rows = []
    for row in found[:limit]:
        made = _row(row, running)
        rows.append(made)
        if running is not None:
            running -= made.change
    more = paging.seal(rows[-1].id, running) if len(found) > limit else None
    return Page(rows, more)


def moves(wanted: LedgerFilter) -> Select[*tuple[Any, ...]]:
    """The moves of a filter with the names of what they concern, in no order yet."""
    source, target = aliased(Location), aliased(Location)
    from_house, to_house = aliased(Warehouse), aliased(Warehouse)
    query = (
        select(
            Move.id, Move.at, Move.variant_id, Variant.sku, Variant.title, Move.quantity,
            source.kind.label("from_kind"), source.code.label("from_bin"),
            from_house.code.label("from_house"), target.kind.label("to_kind"),
            target.code.label("to_bin"), to_house.code.label("to_house"), Move.reason,
            Move.order_id, Move.document_id, Move.actor, Move.note,
        )
        .join(Variant, Variant.id == Move.variant_id)
        .join(source, source.id == Move.from_id)
        .join(target, target.id == Move.to_id)
        .outerjoin(from_house, from_house.id == source.warehouse_id)
        .outerjoin(to_house, to_house.id == target.warehouse_id)
    )
    return query.where(*_conditions(wanted))


def row_of(row: Any) -> MoveRow:
    """A row of ``moves`` without a balance."""
    return _row(row, None)


def balance_now(session: Session, variant_id: int | None) -> int:
    """The units of a variant in all our bins."""
    return int(session.scalar(
        select(func.coalesce(func.sum(Balance.on_hand), 0))
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.variant_id == variant_id, Location.kind == "bin")
    ) or 0)


def _runs(wanted: LedgerFilter) -> bool:
    return wanted.variant_id is not None and wanted == LedgerFilter(variant_id=wanted.variant_id)


def _row(row: Any, running: int | None) -> MoveRow:
    change = row.quantity * ((row.to_kind == "bin") - (row.from_kind == "bin"))
    return MoveRow(
        row.id, row.at, row.variant_id, row.sku, row.title, row.quantity, change,
        row.from_kind, _code(row.from_house, row.from_bin), row.to_kind,
        _code(row.to_house, row.to_bin), row.reason, row.order_id, row.document_id, row.actor,
        row.note, running,
    )


def _code(house: str | None, bin_: str) -> str:
    return f"{house} {bin_}" if house else bin_


def _conditions(wanted: LedgerFilter) -> list[ColumnElement[bool]]:
    equal = {
        Move.variant_id: wanted.variant_id, Move.reason: wanted.reason or None,
        Move.order_id: wanted.order_id, Move.document_id: wanted.document_id,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if wanted.location_id is not None:
        found.append(or_(Move.from_id == wanted.location_id, Move.to_id == wanted.location_id))
    if wanted.since is not None:
        found.append(Move.at >= wanted.since)
    if wanted.until is not None:
        found.append(Move.at < wanted.until)
    return found
