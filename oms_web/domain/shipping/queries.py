"""Looking things up at the bench and at the door: what a parcel needs, what waits, what left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.paging import Page, seal, unseal
from oms_web.domain.fulfilment import queries as fulfilment
from oms_web.domain.fulfilment.discretion import without_contacts
from oms_web.domain.fulfilment.models import PackScan, PickList, PickTask
from oms_web.domain.fulfilment.queries import Goods
from oms_web.domain.fulfilment.scan import Need
from oms_web.domain.fulfilment.service import CANCELLED as LIST_CANCELLED
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Note, Order, OrderLine
from oms_web.domain.orders.reserving import line_parts
from oms_web.domain.shipping import service, tracking
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.stock.models import Location

# Queues in which a packed parcel must not leave.
BLOCKED = ("verify", "unpaid", "held", "draft")
MOST_COUNTED = 5000


def needs(session: Session, shipment_id: int) -> list[Need]:
    """What belongs into a parcel and how much of it is in, line by line."""
    lines = service.lines_of(session, shipment_id)
    order_lines = {
        line.id: line for line in session.scalars(
            select(OrderLine).where(OrderLine.id.in_({line.line_id for line in lines}))
        )
    }
    parts = line_parts(session, list(order_lines.values()))
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        sums[line.line_id, line.variant_id][0] += line.quantity
        sums[line.line_id, line.variant_id][1] += line.packed
    found = []
    for (line_id, variant_id), (quantity, packed) in sums.items():
        whole = order_lines[line_id].variant_id
        of_set = parts[line_id] != ((variant_id, 1),)
        found.append(Need(line_id, variant_id, quantity, packed,
                          whole if of_set else None, dict(parts[line_id])[variant_id]))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A line at the bench. ``set_title`` names its bundle, if it is a part of one."""

    need: Need
    goods: Goods
    set_title: str
    bins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Last:
    """The latest scan as the band shows it."""

    id: int
    at: datetime
    result: str
    code: str
    title: str
    key: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything the station shows of a parcel. Of the buyer: the name and the city, no more."""

    shipment: Shipment
    order_id: int
    ship_by: datetime | None
    name: str
    city: str
    country: str
    cod: bool
    pickup_point: str
    notes: tuple[str, ...]
    basket: tuple[int, int] | None
    rows: tuple[Row, ...]
    parcels: tuple[Parcel, ...]
    last: Last | None
    weight_g: int | None

    @property
    def units(self) -> int:
        """Units in all."""
        return sum(row.need.quantity for row in self.rows)

    @property
    def packed(self) -> int:
        """Units in the parcel."""
        return sum(row.need.packed for row in self.rows)


def bench(session: Session, shipment_id: int) -> Bench:
    """A parcel as the station shows it.

    Raises:
        NotFound: there is no such shipment.
    """
    shipment = service.get(session, shipment_id)
    order = session.get_one(Order, shipment.order_id)
    wanted = needs(session, shipment_id)
    shown = fulfilment.goods(session, {need.variant_id for need in wanted})
    titles = dict(session.execute(
        select(OrderLine.id, OrderLine.title).where(OrderLine.order_id == order.id)
    ).all())
    bins = _bins(session, shipment_id)
    address = order.ship_to or {}
    return Bench(
        shipment=shipment, order_id=order.id, ship_by=order.ship_by,
        name=str(address.get("name") or address.get("company") or order.buyer_name),
        city=str(address.get("city") or ""), country=order.country,
        cod=order.payment_state == "cod", pickup_point=order.pickup_point,
        notes=_notes(session, order), basket=basket_of(session, [order.id]).get(order.id),
        rows=tuple(
            Row(need, shown[need.variant_id],
                titles[need.line_id] if need.set_id is not None else "",
                bins.get(need.key, ()))
            for need in wanted
        ),
        parcels=tuple(service.parcels_of(session, shipment_id)),
        last=_last(session, shipment_id, wanted, shown),
        weight_g=_weight(wanted, shown),
    )


def _bins(session: Session, shipment_id: int) -> dict[tuple[int, int], tuple[str, ...]]:
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    rows = session.execute(
        select(ShipmentLine.line_id, ShipmentLine.variant_id, Location.code)
        .join(Location, Location.id == ShipmentLine.location_id)
        .where(ShipmentLine.shipment_id == shipment_id)
        .order_by(Location.path_order, Location.id)
    )
    for line_id, variant_id, code in rows:
        found[line_id, variant_id].append(code)
    return {key: tuple(codes) for key, codes in found.items()}


def _notes(session: Session, order: Order) -> tuple[str, ...]:
    ours = session.scalars(
        select(Note.text).where(Note.order_id == order.id).order_by(Note.id)
    ).all()
    return tuple(filter(None, (without_contacts(text) for text in (order.buyer_note, *ours))))


def _last(
    session: Session, shipment_id: int, wanted: Sequence[Need], shown: dict[int, Goods]
) -> Last | None:
    row = session.scalar(
        select(PackScan).where(PackScan.shipment_id == shipment_id)
        .order_by(PackScan.id.desc()).limit(1)
    )
    if row is None:
        return None
    if row.variant_id is not None and row.variant_id not in shown:
        shown = shown | fulfilment.goods(session, [row.variant_id])
    goods = shown.get(row.variant_id) if row.variant_id is not None else None
    mine = [need.key for need in wanted if row.variant_id in (need.variant_id, need.set_id)]
    open_ones = [need.key for need in wanted if need.left and need.key in mine]
    return Last(row.id, row.at, row.result, row.code, goods.title if goods else "",
                next(iter(open_ones + mine), None))


def _weight(wanted: Sequence[Need], shown: dict[int, Goods]) -> int | None:
    total = 0
    for need in wanted:
        each = shown[need.variant_id].weight_g
        if not each:
            return None
        total += each * need.quantity
    return total


def basket_of(session: Session, order_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """In which basket an order's goods came: order -> (pick list, basket) of its latest walk."""
    rows = session.execute(
        select(PickTask.order_id, PickTask.pick_list_id, PickTask.basket)
        .join(PickList, PickList.id == PickTask.pick_list_id)
        .where(PickTask.order_id.in_(sorted(order_ids)), PickList.state != LIST_CANCELLED)
        .order_by(PickTask.pick_list_id)
    )
    return {order_id: (list_id, basket) for order_id, list_id, basket in rows}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that waits to be packed, as the idle station lists it."""

    order_id: int
    ship_by: datetime | None
    city: str
    carrier: str
    units: int
    titles: tuple[tuple[str, int], ...]
    basket: tuple[int, int] | None


def to_pack(session: Session, queue: str = "pack", limit: int = 12) -> list[Waiting]:
    """The orders to pack next that nobody has begun, the most urgent first."""
    begun = select(Shipment.id).where(Shipment.order_id == Order.id,
                                      Shipment.state == service.PACKING)
    rows = session.execute(
        select(Order.id, Order.ship_by, Order.ship_to, Order.carrier, Order.units)
        .where(Order.queue == queue, ~exists(begun))
        .order_by(Order.ship_by.is_(None), Order.ship_by, Order.id).limit(limit)
    ).all()
    titles = fulfilment.line_titles(session, [row.id for row in rows])
    baskets = basket_of(session, [row.id for row in rows])
    return [
        Waiting(row.id, row.ship_by, str((row.ship_to or {}).get("city") or ""), row.carrier,
                row.units, titles.get(row.id, ()), baskets.get(row.id))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Begun:
    """A parcel somebody works on, put aside (no station), or has just packed."""

    shipment_id: int
    order_id: int
    station: str
    state: str
    packed: int
    units: int
    packed_by: str
    packed_at: datetime | None


def begun(session: Session, state: str = service.PACKING, limit: int = 12) -> list[Begun]:
    """Parcels in a state, the newest first."""
    newest = (
        select(Shipment.id).where(Shipment.state == state)
        .order_by(Shipment.id.desc()).limit(limit)
    )
    rows = session.execute(
        select(Shipment.id, Shipment.order_id, Shipment.station, Shipment.state,
               func.coalesce(func.sum(ShipmentLine.packed), 0),
               func.coalesce(func.sum(ShipmentLine.quantity), 0),
               Shipment.packed_by, Shipment.packed_at)
        .outerjoin(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.id.in_(newest))
        .group_by(Shipment.id, Shipment.order_id, Shipment.station, Shipment.state,
                  Shipment.packed_by, Shipment.packed_at)
        .order_by(Shipment.id.desc())
    )
    return [Begun(*row[:4], int(row[4]), int(row[5]), *row[6:]) for row in rows]


def places(session: Session, location_ids: Collection[int]) -> dict[int, str]:
    """The names of places."""
    return dict(session.execute(
        select(Location.id, Location.code).where(Location.id.in_(sorted(location_ids)))
    ).all())


@dataclass(frozen=True, slots=True)
class Listed:
    """A shipment as a row of the list. ``blocked`` says why it must not leave: a queue, or

    ``cancelled`` or ``left`` (its order was cancelled, or was marked as sent elsewhere).
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
    """What to list. ``text`` is an order number or a tracking number; then states do not count."""

    states: tuple[str, ...] = (service.PACKED,)
    carrier: str | None = None
    text: str = ""

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
    return Page(
        [_listed(shipment, order, int(units[shipment.id]), boxes.get(shipment.id, ()))
         for shipment, order in rows],
        seal(ids[-1]) if len(found) > limit else None,
    )


def _asked(asked: Asked) -> list[ColumnElement[bool]]:
    if asked.text:
        key = tracking.key(asked.text)
        number = int(key) if key.isdigit() and len(key) <= 12 else 0
        return [or_(Shipment.order_id == number, Shipment.id.in_(
            select(Parcel.shipment_id).where(Parcel.tracking_key == key, Parcel.tracking_key != "")
        ))]
    conditions: list[ColumnElement[bool]] = [Shipment.state.in_(asked.states)]
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


def _listed(
    shipment: Shipment, order: Order, units: int, boxes: tuple[Parcel, ...]
) -> Listed:
    address = order.ship_to or {}
    return Listed(
        shipment.id, order.id, shipment.state, shipment.carrier,
        str(address.get("name") or address.get("company") or order.buyer_name),
        str(address.get("city") or ""), order.country, order.account_id, order.ship_by,
        shipment.packed_at, shipment.packed_by, shipment.shipped_at, shipment.delivered_at,
        units, _blocked(shipment, order), boxes,
    )


def _blocked(shipment: Shipment, order: Order) -> str:
    if shipment.state not in service.LIVE:
        return ""
    if order.phase == phases.CANCELLED:
        return "cancelled"
    if order.phase not in (phases.OPEN, phases.PACKING):
        return "left"
    return order.queue if order.queue in BLOCKED else ""


def one(session: Session, shipment_id: int) -> Listed:
    """A single shipment as a row of the list.

    Raises:
        NotFound: there is none.
    """
    shipment = service.get(session, shipment_id)
    order = session.get_one(Order, shipment.order_id)
    units = sum(line.quantity for line in service.lines_of(session, shipment_id))
    boxes = _parcels(session, [shipment_id]).get(shipment_id, ())
    return _listed(shipment, order, units, boxes)


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


def count_in(session: Session, states: Sequence[str], most: int = 999) -> int:
    """How many shipments are in these states, counted up to ``most``."""
    capped = select(Shipment.id).where(Shipment.state.in_(states)).limit(most).subquery()
    return int(session.scalar(select(func.count()).select_from(capped)) or 0)
