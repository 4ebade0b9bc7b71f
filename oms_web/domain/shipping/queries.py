"""Looking things up at the door: what waits for a courier, what left, what must not leave."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, union
from sqlalchemy.orm import Session

from oms_web.core.paging import Page, seal, unseal
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import boxes, collecting, journeys, service, tracking
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.stock.models import Warehouse

# Queues in which a packed parcel must not leave.
BLOCKED = ("verify", "unpaid", "held", "draft")
MOST_COUNTED = 5000
LEAST_TRACKED = 6
"""Characters of a tracking number before it is looked for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A shipment as a row of the list. ``blocked`` says why it must not leave: a queue, or

    ``cancelled`` or ``left`` (its order was cancelled, or was marked as sent elsewhere), or
    ``collects`` (its label asks for money that was paid since).
    """

    id: int
    order_id: int
    state: str
    carrier: str
    name: str
    city: str
    country: str
    account_id: int | None
    ship_by: datetime | None
    packed_at: datetime | None
    packed_by: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    units: int
    blocked: str
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to list. ``text`` is an order number or a tracking number; then states do not count.
    ``quiet_at``: only what no carrier scanned for long before this moment. ``collects``: only
    what waits because its label asks for money that was paid since.
    """

    states: tuple[str, ...] = (service.PACKED,)
    carrier: str | None = None
    text: str = ""
    quiet_at: datetime | None = None
    collects: bool = False

    @property
    def oldest_first(self) -> bool:
        """What waits is listed in the order in which it came, what left the other way round."""
        return not self.text and self.states == (service.PACKED,)


def listed(
    session: Session, asked: Asked, after: str | None = None, limit: int = 50
) -> Page[Listed]:
    """One page of shipments."""
    query = (
        select(Shipment, Order)
        .join(Order, Order.id == Shipment.order_id).where(*_asked(asked))
        .order_by(Shipment.id if asked.oldest_first else Shipment.id.desc()).limit(limit + 1)
    )
    if after:
        (last,) = unseal(after, 1)
        query = query.where(Shipment.id > last if asked.oldest_first else Shipment.id < last)
    found = session.execute(query).all()
    rows = found[:limit]
    ids = [shipment.id for shipment, _ in rows]
    boxes = _parcels(session, ids)
    units = Counter(dict(session.execute(
        select(ShipmentLine.shipment_id, func.sum(ShipmentLine.quantity))
        .where(ShipmentLine.shipment_id.in_(ids)).group_by(ShipmentLine.shipment_id)
    ).all()))
    collect = collecting.among(session, [shipment.id for shipment, _ in rows
                                         if shipment.state in service.LIVE])
    return Page(
        [_listed(shipment, order, int(units[shipment.id]), boxes.get(shipment.id, ()),
                 shipment.id in collect)
         for shipment, order in rows],
        seal(ids[-1]) if len(found) > limit else None,
    )


def _asked(asked: Asked) -> list[ColumnElement[bool]]:
    if asked.text:
        key = tracking.key(asked.text)
        number = int(key) if key.isdigit() and len(key) <= 12 else 0
        return [Shipment.id.in_(union(
            *boxes.ids_with_goods_of(number),
            select(Parcel.shipment_id).where(Parcel.tracking_key == key, Parcel.tracking_key != "")
        ))]
    conditions: list[ColumnElement[bool]] = [Shipment.state.in_(asked.states)]
    if asked.quiet_at is not None:
        conditions.append(journeys.quiet(asked.quiet_at))
    if asked.collects:
        conditions.append(collecting.waiting())
    if asked.carrier is not None:
        conditions.append(Shipment.carrier == asked.carrier)
    return conditions


def _parcels(session: Session, ids: Collection[int]) -> dict[int, tuple[Parcel, ...]]:
    found: dict[int, list[Parcel]] = defaultdict(list)
    for parcel in session.scalars(
        select(Parcel).where(Parcel.shipment_id.in_(ids))
        .order_by(Parcel.shipment_id, Parcel.position)
    ):
        found[parcel.shipment_id].append(parcel)
    return {id_: tuple(mine) for id_, mine in found.items()}


@dataclass(frozen=True, slots=True)
class Sent:
    """What the list of orders shows of shipments: numbers, warehouses, grams if all are known."""

    tracking: tuple[str, ...]
    warehouses: tuple[str, ...]
    weight_g: int | None


def sent(session: Session, order_ids: Collection[int]) -> dict[int, Sent]:
    """What went or goes out for orders, cancelled shipments apart: one statement."""
    found: dict[int, list[tuple[str, str, int | None]]] = defaultdict(list)
    own = select(Shipment.id, Shipment.order_id).where(Shipment.order_id.in_(order_ids))
    shared = (  # of orders that travel in the parcel of another one
        select(Shipment.id, OrderLine.order_id)
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .where(OrderLine.order_id.in_(order_ids), OrderLine.order_id != Shipment.order_id))
    mine = union(own, shared).subquery()
    for order_id, number, house, grams in session.execute(
        select(mine.c.order_id, Parcel.tracking, Warehouse.name, Parcel.weight_g)
        .join(Shipment, Shipment.id == mine.c.id)
        .join(Parcel, Parcel.shipment_id == Shipment.id)
        .join(Warehouse, Warehouse.id == Shipment.warehouse_id)
        .where(Shipment.state != service.CANCELLED)
        .order_by(Shipment.id, Parcel.position)
    ):
        found[order_id].append((number, house, grams))
    return {
        order_id: Sent(
            tuple(dict.fromkeys(number for number, _, _ in boxes if number)),
            tuple(dict.fromkeys(house for _, house, _ in boxes)),
            sum(grams or 0 for _, _, grams in boxes) if all(g for _, _, g in boxes) else None,
        ) for order_id, boxes in found.items()
    }


def tracked(session: Session, text: str, limit: int = 6) -> list[int]:
    """Orders with a parcel whose tracking number begins so, the newest first, by the index."""
    begins = tracking.key(text)
    if len(begins) < LEAST_TRACKED:
        return []
    # Keys are letters and digits, so all that begin so lie below the same with many z behind it.
    return list(session.scalars(
        select(Shipment.order_id).join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_key >= begins, Parcel.tracking_key <= begins + "z" * 40)
        .group_by(Shipment.order_id).order_by(Shipment.order_id.desc()).limit(limit)))


def _listed(
    shipment: Shipment, order: Order, units: int, boxes: tuple[Parcel, ...], collects: bool
) -> Listed:
    address = order.ship_to or {}
    return Listed(
        shipment.id, order.id, shipment.state, shipment.carrier,
        str(address.get("name") or address.get("company") or order.buyer_name),
        str(address.get("city") or order.pickup_point or ""), order.country, order.account_id,
        order.ship_by,
        shipment.packed_at, shipment.packed_by, shipment.shipped_at, shipment.delivered_at,
        units, _blocked(shipment, order, collects), boxes,
    )


def _blocked(shipment: Shipment, order: Order, collects: bool) -> str:
    if shipment.state not in service.LIVE:
        return ""
    if order.phase == phases.CANCELLED:
        return "cancelled"
    if order.phase not in (phases.OPEN, phases.PACKING):
        return "left"
    return order.queue if order.queue in BLOCKED else "collects" if collects else ""


def one(session: Session, shipment_id: int) -> Listed:
    """A single shipment as a row of the list.

    Raises:
        NotFound: there is none.
    """
    shipment = service.get(session, shipment_id)
    order = session.get_one(Order, shipment.order_id)
    units = sum(line.quantity for line in service.lines_of(session, shipment_id))
    boxes = _parcels(session, [shipment_id]).get(shipment_id, ())
    return _listed(shipment, order, units, boxes, bool(collecting.among(session, [shipment_id])))


def waiting_carriers(session: Session) -> list[tuple[str, int]]:
    """Couriers of the parcels that wait for one, with how many each (counted up to a cap)."""
    capped = (
        select(Shipment.carrier).where(Shipment.state == service.PACKED)
        .limit(MOST_COUNTED).subquery()
    )
    rows = session.execute(
        select(capped.c.carrier, func.count()).group_by(capped.c.carrier)
        .order_by(func.count().desc(), capped.c.carrier)
    )
    return [(carrier, int(count)) for carrier, count in rows]


def waiting_ids(session: Session, carrier: str | None, limit: int) -> list[int]:
    """The parcels that wait for a courier and may leave, oldest first."""
    query = (
        select(Shipment.id).join(Order, Order.id == Shipment.order_id)
        .where(Shipment.state == service.PACKED, and_(
            Order.phase.in_((phases.OPEN, phases.PACKING)), Order.queue.not_in(BLOCKED)))
        .order_by(Shipment.id).limit(limit)
    )
    return list(session.scalars(
        query.where(Shipment.carrier == carrier) if carrier is not None else query
    ))


def left_elsewhere(session: Session, most: int = 999) -> int:
    """Orders on the road that no parcel of ours carries: they were sent outside this program."""
    capped = (
        select(Order.id).where(Order.queue == "transit", ~boxes.carried(*service.LEFT))
        .limit(most).subquery()
    )
    return int(session.scalar(select(func.count()).select_from(capped)) or 0)


def count_in(session: Session, states: Sequence[str], most: int = 999) -> int:
    """How many shipments are in these states, counted up to ``most``."""
    capped = select(Shipment.id).where(Shipment.state.in_(states)).limit(most).subquery()
    return int(session.scalar(select(func.count()).select_from(capped)) or 0)
