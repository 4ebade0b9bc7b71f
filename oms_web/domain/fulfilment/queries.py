"""Looking things up for pickers: what may be picked, the walks, what a walk needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.paging import Page, seal, unseal
from oms_web.domain.catalog import barcodes
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.fulfilment.service import OPEN
from oms_web.domain.fulfilment.walk import Pick, Stop, route
from oms_web.domain.orders.filters import promised_from
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.tally import tallies
from oms_web.domain.stock.models import Location, Reservation, Warehouse
from oms_web.domain.users.models import User

PICKABLE = ("pick", "pack")
MOST_COUNTED = 5000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders to pick: of a warehouse, of a courier (None: any), due before a moment, from
    a channel account, only those of a single unit."""

    warehouse_id: int
    carrier: str | None = None
    before: datetime | None = None
    account_id: int | None = None
    single: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that may go on a pick list, as a row of the screen."""

    id: int
    ship_by: datetime | None
    carrier: str
    account_id: int | None
    city: str
    units: int
    titles: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """A pick list as a row: how many orders, and how far its units are.

    ``owner``: who picks it, (user, name); None while it waits for somebody.
    """

    id: int
    warehouse: str
    state: str
    created_by: str
    created_at: datetime
    done_at: datetime | None
    orders: int
    asked: int
    picked: int
    short: int
    method: str = "cart"
    wave: Mapping[str, Any] = field(default_factory=dict)
    owner: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """A variant as it is shown on a row at the shelf or at the bench."""

    id: int
    sku: str
    title: str
    option: str
    eans: tuple[str, ...]
    thumb: str
    weight_g: int | None


@dataclass(frozen=True, slots=True)
class PickRow:
    """A line of the printed pick list. ``orders``: (order, basket, units)."""

    bin: str
    sku: str
    title: str
    ean: str
    quantity: int
    orders: tuple[tuple[int, int, int], ...]


def _ready(wanted: Wanted) -> list[ColumnElement[bool]]:
    listed = (
        select(PickTask.id).join(PickList, PickList.id == PickTask.pick_list_id)
        .where(PickTask.order_id == Order.id, PickList.state == OPEN,
               PickList.warehouse_id == wanted.warehouse_id)
    )
    conditions = [Order.queue == "pick", promised_from([wanted.warehouse_id]), ~exists(listed)]
    if wanted.carrier is not None:
        conditions.append(Order.carrier == wanted.carrier)
    if wanted.before is not None:
        conditions.append(Order.ship_by < wanted.before)
    if wanted.account_id is not None:
        conditions.append(Order.account_id == wanted.account_id)
    if wanted.single:
        conditions.append(Order.units == 1)
    return conditions


def ready_ids(session: Session, wanted: Wanted, limit: int) -> list[int]:
    """The orders to pick next, the most urgent first."""
    return list(session.scalars(
        select(Order.id).where(*_ready(wanted))
        .order_by(Order.ship_by.is_(None), Order.ship_by, Order.id).limit(limit)
    ))


def ready_page(
    session: Session, wanted: Wanted, after: str | None = None, limit: int = 50
) -> Page[Ready]:
    """Orders that may go on a list, the most urgent first."""
    query = (
        select(Order.id, Order.ship_by, Order.carrier, Order.account_id, Order.ship_to,
               Order.pickup_point, Order.units)
        .where(*_ready(wanted))
        .order_by(Order.ship_by.is_(None), Order.ship_by, Order.id).limit(limit + 1)
    )
    if after:
        due, last = unseal(after, 2)
        query = query.where(_later(due, last))
    rows = session.execute(query).all()
    more = rows[limit:]
    rows = rows[:limit]
    titles = line_titles(session, [row.id for row in rows])
    ready = [
        Ready(row.id, row.ship_by, row.carrier, row.account_id,
              town(row.ship_to, row.pickup_point), row.units, titles.get(row.id, ()))
        for row in rows
    ]
    return Page(ready, seal(ready[-1].ship_by, ready[-1].id) if more else None)


def town(ship_to: Mapping[str, str] | None, pickup_point: str) -> str:
    """Where an order goes, in a word: its town, else its pickup point."""
    return str((ship_to or {}).get("city") or pickup_point or "")


def _later(due: datetime | None, last: int) -> ColumnElement[bool]:
    if due is None:
        return and_(Order.ship_by.is_(None), Order.id > last)
    return or_(
        Order.ship_by > due, and_(Order.ship_by == due, Order.id > last), Order.ship_by.is_(None)
    )


def line_titles(
    session: Session, order_ids: Collection[int]
) -> dict[int, tuple[tuple[str, int], ...]]:
    """What orders consist of: order -> (title, units), cancelled units left out."""
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    rows = session.execute(
        select(OrderLine.order_id, OrderLine.title, OrderLine.quantity - OrderLine.cancelled)
        .where(OrderLine.order_id.in_(sorted(order_ids)),
               OrderLine.quantity > OrderLine.cancelled)
        .order_by(OrderLine.order_id, OrderLine.position)
    )
    for order_id, title, units in rows:
        found[order_id].append((title, units))
    return {order_id: tuple(mine) for order_id, mine in found.items()}


def ready_carriers(session: Session, warehouse_id: int) -> list[tuple[str, int]]:
    """The couriers of the orders that may be picked, with how many each (counted up to a cap)."""
    capped = (
        select(Order.carrier).where(*_ready(Wanted(warehouse_id))).limit(MOST_COUNTED).subquery()
    )
    rows = session.execute(
        select(capped.c.carrier, func.count()).group_by(capped.c.carrier)
        .order_by(func.count().desc(), capped.c.carrier)
    )
    return [(carrier, int(count)) for carrier, count in rows]


def warehouses(session: Session) -> list[Warehouse]:
    """The warehouses in use, by rank."""
    return list(session.scalars(
        select(Warehouse).where(Warehouse.active).order_by(Warehouse.rank, Warehouse.id)
    ))


def lists(
    session: Session, states: Sequence[str] = (OPEN,), warehouse_id: int | None = None,
    limit: int = 50
) -> list[Progress]:
    """Pick lists, the newest first."""
    chosen = select(PickList.id).where(PickList.state.in_(states))
    if warehouse_id is not None:
        chosen = chosen.where(PickList.warehouse_id == warehouse_id)
    asked, picked, short = (
        func.coalesce(func.sum(units), 0)
        for units in (PickTask.quantity, PickTask.picked, PickTask.short))
    newest = chosen.order_by(PickList.id.desc()).limit(limit)
    counts = {
        list_id: (orders, int(units), int(done), int(missing))
        for list_id, orders, units, done, missing in session.execute(
            select(PickTask.pick_list_id, func.count(PickTask.order_id.distinct()),
                   asked, picked, short)
            .where(PickTask.pick_list_id.in_(newest)).group_by(PickTask.pick_list_id))
    }
    rows = session.execute(
        select(PickList, Warehouse.code, User.name)
        .join(Warehouse, Warehouse.id == PickList.warehouse_id)
        .outerjoin(User, User.id == PickList.assigned_to)
        .where(PickList.id.in_(newest)).order_by(PickList.id.desc())
    )
    return [
        Progress(one.id, house, one.state, one.created_by, one.created_at, one.done_at,
                 *counts.get(one.id, (0, 0, 0, 0)), one.method, one.wave,
                 (one.assigned_to, name) if one.assigned_to else None)
        for one, house, name in rows
    ]


def picks(session: Session, list_id: int) -> list[Pick]:
    """What a walk takes, with how many units are still needed today.

    An order that was cancelled, held or packed elsewhere needs nothing any more; one that lost
    units needs as many as are promised from that shelf.
    """
    rows = session.execute(
        select(PickTask.id, PickTask.order_id, PickTask.basket, PickTask.variant_id,
               PickTask.location_id, Location.code, Location.path_order, PickTask.quantity,
               Order.queue, Reservation.quantity, PickTask.picked, PickTask.short)
        .join(Location, Location.id == PickTask.location_id)
        .join(Order, Order.id == PickTask.order_id)
        .outerjoin(Reservation, and_(
            Reservation.demand_kind == KIND, Reservation.demand_id == PickTask.line_id,
            Reservation.variant_id == PickTask.variant_id,
            Reservation.location_id == PickTask.location_id))
        .where(PickTask.pick_list_id == list_id)
        .order_by(PickTask.id)
    )
    return [
        Pick(id_, order_id, basket, variant, place, code, path, asked,
             min(asked - short, promised or 0) if queue in PICKABLE else 0, picked, short)
        for (id_, order_id, basket, variant, place, code, path, asked, queue, promised, picked,
             short) in rows
    ]


def order_queues(session: Session, order_ids: Collection[int]) -> dict[int, str]:
    """Where orders wait: order -> queue."""
    return dict(session.execute(
        select(Order.id, Order.queue).where(Order.id.in_(sorted(order_ids)))
    ).all())


def goods(session: Session, variant_ids: Collection[int]) -> dict[int, Goods]:
    """Variants as rows show them."""
    ids = sorted(variant_ids)
    if not ids:
        return {}
    rows = session.execute(
        select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.option,
               Variant.weight_g).where(Variant.id.in_(ids))
    ).all()
    codes = barcodes.of(session, ids)
    thumbs = catalog.thumbs(session, ids)
    return {
        row.id: Goods(row.id, row.sku, row.title, row.option, tuple(codes.get(row.id, ())),
                      thumbs.get(row.id, ""), row.weight_g)
        for row in rows
    }


def stops(session: Session, list_id: int) -> list[Stop]:
    """The walk of a list: only stops where something is, or was, needed."""
    return [stop for stop in route(picks(session, list_id)) if stop.needed or stop.short]


def pick_list_rows(session: Session, list_id: int) -> list[PickRow]:
    """The rows of a pick list in walking order, for print."""
    walked = stops(session, list_id)
    shown = goods(session, {stop.variant_id for stop in walked})
    return [
        PickRow(
            stop.bin, shown[stop.variant_id].sku, shown[stop.variant_id].title,
            next(iter(shown[stop.variant_id].eans), ""), stop.needed,
            tuple((pick.order_id, pick.basket, pick.needed) for pick in stop.picks if pick.needed),
        )
        for stop in walked if stop.needed
    ]


def section_counts(session: Session) -> dict[str, int]:
    """How many orders wait to be picked, to be packed and for the courier."""
    queues = tallies(session, "queue")
    return {"pick": queues.get("pick", 0), "pack": queues.get("pack", 0),
            "courier": queues.get("courier", 0)}
