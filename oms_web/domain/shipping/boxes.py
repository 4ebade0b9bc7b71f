"""What goes into shipments: promised units by warehouse, and whose they are.

A shipment may carry goods of several orders that travel together. Its ``order_id`` is one of them;
whose units lie in it, its lines say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, NotNullable, Select, exists, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from oms_web.core.work import Work
from oms_web.domain.orders import lineage
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.service import lock_orders
from oms_web.domain.shipping import splitting
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.shipping.splitting import Part
from oms_web.domain.stock.models import Location, Reservation, Warehouse


def of_order(session: Session, order_id: int, *states: str) -> list[Shipment]:
    """The shipments with goods of an order, in the order they were made; those in ``states``."""
    query = select(Shipment).where(with_goods_of(order_id)).order_by(Shipment.id)
    return list(session.scalars(query.where(Shipment.state.in_(states)) if states else query))


def with_goods_of(order_id: int) -> ColumnElement[bool]:
    """The condition that a shipment was made for an order, or has goods of it.

    Their numbers come from two indexes; with an OR PostgreSQL would look at all shipments.
    """
    return Shipment.id.in_(union(*ids_with_goods_of(order_id)))


def ids_with_goods_of(order_id: int) -> tuple[Select[int], Select[int]]:
    """The shipments that were made for an order, and those that have goods of it."""
    made = aliased(Shipment)
    return select(made.id).where(made.order_id == order_id), select(ShipmentLine.shipment_id).join(
        OrderLine, OrderLine.id == ShipmentLine.line_id).where(OrderLine.order_id == order_id)


def carried(*states: str) -> ColumnElement[bool]:
    """The condition that goods of the order in hand are in a shipment of these states."""
    mine = select(ShipmentLine.shipment_id).join(
        OrderLine, OrderLine.id == ShipmentLine.line_id
    ).join(Shipment, Shipment.id == ShipmentLine.shipment_id).where(
        OrderLine.order_id == Order.id, Shipment.state.in_(states)).correlate(Order)
    own = select(Shipment.id).where(Shipment.order_id == Order.id, Shipment.state.in_(states))
    return or_(exists(own), exists(mine))


def owners(session: Session, shipment: Shipment) -> list[int]:
    """The orders whose goods are in a shipment; of an empty one the order it was made for."""
    return list(session.scalars(
        select(OrderLine.order_id).join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
        .where(ShipmentLine.shipment_id == shipment.id).distinct().order_by(OrderLine.order_id)
    )) or [shipment.order_id]


def bound_for(session: Session, shipment: Shipment) -> list[int]:
    """The orders that go into a shipment as things stand now: its owners and who joined them."""
    return lineage.together(session, shipment.order_id, *owners(session, shipment))


def lock_owners(work: Work, shipment: Shipment) -> list[Order]:
    """All orders that a shipment concerns, which nobody else changes until the transaction ends."""
    session = work.session
    ids = {*owners(session, shipment), *bound_for(session, shipment)}
    return [order for order in lock_orders(session, ids) if order.id in ids]


def lock_all(work: Work, shipment_ids: Collection[int]) -> None:
    """Lock shipments by number, then all orders that they concern by number.

    Who took one shipment with its orders after another could hold order 9 and wait for order 3
    while somebody else does the opposite.
    """
    session, ids = work.session, sorted(set(shipment_ids))
    made_for = session.scalars(select(Shipment.order_id).where(Shipment.id.in_(ids))
                               .order_by(Shipment.id).with_for_update()).all()
    inside = session.scalars(
        select(OrderLine.order_id).join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
        .where(ShipmentLine.shipment_id.in_(ids)).distinct()).all()
    lock_orders(session, {*made_for, *inside})


def promised_parts(session: Session, order_ids: Collection[int]) -> dict[int, list[Part]]:
    """What is promised to orders, and where it lies: order -> its parts in walking order."""
    found: dict[int, list[Part]] = defaultdict(list)
    rows = session.execute(
        select(OrderLine.order_id, OrderLine.id, Reservation.variant_id, Reservation.location_id,
               NotNullable(Location.warehouse_id), Reservation.quantity)
        .join(Reservation, (Reservation.demand_id == OrderLine.id)
              & (Reservation.demand_kind == KIND))
        .join(Location, Location.id == Reservation.location_id)
        .where(OrderLine.order_id.in_(sorted(order_ids)))
        .order_by(OrderLine.order_id, OrderLine.position, Reservation.variant_id,
                  Location.path_order, Location.id)
    )
    for order_id, *part in rows:
        found[order_id].append(Part(*part))
    return dict(found)


def elsewhere(
    session: Session, order_ids: Collection[int], warehouse_id: int | None = None
) -> dict[int, dict[str, int]]:
    """Units of orders that are promised in other warehouses, which send them in parcels of their
    own: order -> name of the warehouse -> units.

    Without a warehouse: of each order all warehouses, if there are several.
    """
    parts = promised_parts(session, order_ids) if order_ids else {}
    names = dict(session.execute(select(Warehouse.id, Warehouse.name).where(Warehouse.id.in_(
        {part.warehouse_id for some in parts.values() for part in some}))).all()) if parts else {}
    found: dict[int, dict[str, int]] = {}
    for order_id, some in parts.items():
        units: dict[str, int] = defaultdict(int)
        for part in some:
            if part.warehouse_id != warehouse_id:
                units[names[part.warehouse_id]] += part.quantity
        if len(units) > (warehouse_id is None):
            found[order_id] = dict(sorted(units.items()))
    return found


def covered(
    session: Session, order_ids: Collection[int], states: Collection[str], *, besides: int = 0
) -> dict[tuple[int, int, int], int]:
    """Units of orders that shipments plan already: (line, variant, location) -> units."""
    rows = session.execute(
        select(ShipmentLine.line_id, ShipmentLine.variant_id, ShipmentLine.location_id,
               func.sum(ShipmentLine.quantity))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .where(OrderLine.order_id.in_(sorted(order_ids)), Shipment.state.in_(states),
               Shipment.id != besides)
        .group_by(ShipmentLine.line_id, ShipmentLine.variant_id, ShipmentLine.location_id)
    )
    return {(line, variant, place): int(units) for line, variant, place, units in rows}


def open_parts(
    session: Session, order_ids: Collection[int], states: Collection[str], *, besides: int = 0
) -> dict[int, list[Part]]:
    """What of orders no shipment in ``states`` plans yet, by the warehouse that will send it."""
    parts = promised_parts(session, order_ids)
    left = splitting.uncovered(
        [part for order_id in sorted(parts) for part in parts[order_id]],
        covered(session, order_ids, states, besides=besides))
    return splitting.by_warehouse(left)
