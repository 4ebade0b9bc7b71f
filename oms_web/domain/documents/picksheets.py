"""What pick lists say: where to walk, what to take, for which orders. Sorted as one walks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.domain.catalog import barcodes
from oms_web.domain.catalog.codes import is_gtin
from oms_web.domain.catalog.models import Variant
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.fulfilment.service import DONE
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.stock.models import Location, Reservation, Warehouse


@dataclass(slots=True)
class PickRow:
    """One stop: a variant at a place. ``orders`` are (number, units, basket or 0)."""

    place: str
    title: str
    sku: str
    ean: str = ""
    quantity: int = 0
    orders: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Short:
    """Units that an order wants and no shelf has promised."""

    order_number: int
    title: str
    sku: str
    quantity: int


@dataclass(slots=True)
class PickSheet:
    """A walk through one warehouse; ``number`` is the pick list's, None for chosen orders.

    With ``done_at`` the walk is over, and the rows are what was taken.
    """

    warehouse: str
    made_at: datetime
    made_by: str
    number: int | None = None
    done_at: datetime | None = None
    rows: list[PickRow] = field(default_factory=list)
    shorts: list[Short] = field(default_factory=list)

    @property
    def units(self) -> int:
        """Units to take."""
        return sum(row.quantity for row in self.rows)

    @property
    def order_numbers(self) -> list[int]:
        """The orders this walk is for."""
        return sorted({number for row in self.rows for number, _, _ in row.orders})


def of_pick_list(session: Session, pick_list_id: int) -> PickSheet:
    """The sheet of a pick list: what is still to be taken, or of a finished one what was taken.

    Raises:
        NotFound: there is no such list.
    """
    found = session.execute(
        select(PickList, Warehouse.name)
        .join(Warehouse, Warehouse.id == PickList.warehouse_id)
        .where(PickList.id == pick_list_id)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such pick list.")
    pick_list, warehouse = found
    done_at = pick_list.done_at if pick_list.state == DONE else None
    left = PickTask.picked if done_at else PickTask.quantity - PickTask.picked - PickTask.short
    stops = (
        select(Warehouse.name, Location.code, Variant.id, Variant.title, Variant.sku,
               PickTask.order_id, left, PickTask.basket)
        .select_from(PickTask)
        .join(Location, Location.id == PickTask.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .join(Variant, Variant.id == PickTask.variant_id)
        .where(PickTask.pick_list_id == pick_list_id, left > 0)
        .order_by(Location.path_order, Location.code, Variant.sku, PickTask.basket,
                  PickTask.order_id)
    )
    sheet = PickSheet(warehouse, pick_list.created_at, pick_list.created_by, pick_list.id,
                      done_at)
    sheet.rows = _rows(session, stops).get(warehouse, [])
    return sheet


def of_orders(session: Session, order_ids: Sequence[int], now: datetime, name: str
              ) -> list[PickSheet]:
    """Sheets for chosen orders, one per warehouse, from what is reserved for them.

    Units without a reservation are listed on the first sheet, so that nobody looks for them.
    """
    stops = (
        select(Warehouse.name, Location.code, Variant.id, Variant.title, Variant.sku,
               OrderLine.order_id, Reservation.quantity, Reservation.quantity * 0)
        .select_from(OrderLine)
        .join(Reservation, Reservation.demand_id == OrderLine.id)
        .join(Location, Location.id == Reservation.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .join(Variant, Variant.id == Reservation.variant_id)
        .where(OrderLine.order_id.in_(order_ids), Reservation.demand_kind == KIND)
        .order_by(Warehouse.rank, Warehouse.id, Location.path_order, Location.code, Variant.sku,
                  OrderLine.order_id)
    )
    sheets = [PickSheet(warehouse, now, name, rows=rows)
              for warehouse, rows in _rows(session, stops).items()]
    shorts = _shorts(session, order_ids)
    if shorts and not sheets:
        sheets.append(PickSheet("", now, name))
    if shorts:
        sheets[0].shorts = shorts
    return sheets


def _rows(session: Session, stops: Select[*tuple[Any, ...]]) -> dict[str, list[PickRow]]:
    """Rows by warehouse, stops at the same place for the same variant put together."""
    found: dict[str, dict[tuple[str, int], PickRow]] = defaultdict(dict)
    for warehouse, place, variant_id, title, sku, order_id, units, basket in session.execute(stops):
        row = found[warehouse].setdefault((place, variant_id), PickRow(place, title, sku))
        row.quantity += units
        if row.orders and row.orders[-1][0] == order_id:
            row.orders[-1] = (order_id, row.orders[-1][1] + units, basket)
        else:
            row.orders.append((order_id, units, basket))
    codes = barcodes.of(session, {v for rows in found.values() for _, v in rows})
    for rows in found.values():
        for (_, variant_id), row in rows.items():
            row.ean = _best_code(codes.get(variant_id, []))
    return {warehouse: list(rows.values()) for warehouse, rows in found.items()}


def _best_code(codes: Sequence[str]) -> str:
    """A trade number if there is one: it is what stands on the goods."""
    return next((code for code in codes if is_gtin(code)), codes[0] if codes else "")


def _shorts(session: Session, order_ids: Sequence[int]) -> list[Short]:
    lacking = OrderLine.quantity - OrderLine.cancelled - OrderLine.shipped - OrderLine.reserved
    return [
        Short(*row)
        for row in session.execute(
            select(OrderLine.order_id, OrderLine.title, OrderLine.sku, lacking)
            .where(OrderLine.order_id.in_(order_ids), lacking > 0)
            .order_by(OrderLine.order_id, OrderLine.position)
        )
    ]
