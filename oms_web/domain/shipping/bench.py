"""What the pack station shows: what a parcel needs, what waits, what somebody has begun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from oms_web.domain.catalog.models import Variant
from oms_web.domain.fulfilment import queries as fulfilment
from oms_web.domain.fulfilment.discretion import without_contacts
from oms_web.domain.fulfilment.models import NoteConfirmation, PackScan, PickList, PickTask
from oms_web.domain.fulfilment.queries import Goods
from oms_web.domain.fulfilment.scan import Need
from oms_web.domain.fulfilment.service import CANCELLED as LIST_CANCELLED
from oms_web.domain.fulfilment.service import OPEN as LIST_OPEN
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Note, Order, OrderLine
from oms_web.domain.orders.reserving import line_parts
from oms_web.domain.shipping import boxes, photos, service
from oms_web.domain.shipping.models import Parcel, ParcelPhoto, Shipment, ShipmentLine
from oms_web.domain.stock.models import Balance, Location, Warehouse


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
class ToConfirm:
    """A note that the packer must confirm; ``at`` and ``by`` say who did."""

    id: int
    text: str
    author: str
    at: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything the station shows of a parcel. Of the buyer: the name and the city, no more, and
    only while the parcel is here. ``orders``: all whose goods go into it. ``elsewhere``: what other
    warehouses send of them, see ``boxes.elsewhere``."""

    shipment: Shipment
    order_id: int
    orders: tuple[int, ...]
    ship_by: datetime | None
    name: str
    city: str
    country: str
    cod: bool
    pickup_point: str
    notes: tuple[str, ...]
    to_confirm: tuple[ToConfirm, ...]
    basket: tuple[int, int] | None
    rows: tuple[Row, ...]
    parcels: tuple[Parcel, ...]
    last: Last | None
    weight_g: int | None
    photos: tuple[ParcelPhoto, ...] = ()
    elsewhere: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    @property
    def unread(self) -> int:
        """Notes the packer has not confirmed."""
        return sum(note.at is None for note in self.to_confirm)

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
    mine = session.scalars(select(Order).where(
        Order.id.in_(service.owners(session, shipment))).order_by(Order.id)).all()
    titles = dict(session.execute(
        select(OrderLine.id, OrderLine.title)
        .where(OrderLine.order_id.in_([one.id for one in mine]))
    ).all())
    bins = _bins(session, shipment_id)
    here = shipment.state in service.LIVE
    address = (order.ship_to or {}) if here else {}
    return Bench(
        shipment=shipment, order_id=order.id,
        orders=tuple(one.id for one in mine if one.phase != phases.CANCELLED),
        ship_by=order.ship_by,
        name=str(address.get("name") or address.get("company") or order.buyer_name) if here else "",
        city=str(address.get("city") or ""), country=order.country,
        cod=any(one.payment_state == "cod" for one in mine),
        pickup_point=order.pickup_point if here else "",
        notes=_notes(session, mine) if here else (),
        to_confirm=_to_confirm(session, [one.id for one in mine], shipment_id) if here else (),
        basket=basket_of(session, [order.id]).get(order.id),
        rows=tuple(
            Row(need, shown[need.variant_id],
                titles[need.line_id] if need.set_id is not None else "",
                bins.get(need.key, ()))
            for need in wanted
        ),
        parcels=tuple(service.parcels_of(session, shipment_id)),
        last=_last(session, shipment_id, wanted, shown),
        weight_g=_weight(wanted, shown),
        photos=tuple(photos.of_shipments(session, [shipment_id]).get(shipment_id, ())),
        elsewhere=boxes.elsewhere(session, [one.id for one in mine], shipment.warehouse_id),
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


def _notes(session: Session, mine: Sequence[Order]) -> tuple[str, ...]:
    ours = session.scalars(
        select(Note.text).where(Note.order_id.in_([one.id for one in mine]), ~Note.for_packer)
        .order_by(Note.id)
    ).all()
    wishes = [one.buyer_note for one in mine]
    return tuple(filter(None, (without_contacts(text) for text in (*wishes, *ours))))


def _to_confirm(
    session: Session, order_ids: Collection[int], shipment_id: int
) -> tuple[ToConfirm, ...]:
    rows = session.execute(
        select(Note.id, Note.text, Note.author, NoteConfirmation.at, NoteConfirmation.actor)
        .outerjoin(NoteConfirmation, (NoteConfirmation.note_id == Note.id)
                   & (NoteConfirmation.shipment_id == shipment_id))
        .where(Note.order_id.in_(order_ids), Note.for_packer).order_by(Note.id)
    )
    return tuple(
        ToConfirm(id_, without_contacts(text), author, at, by or "")
        for id_, text, author, at, by in rows
    )


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
    """What waits to be packed, as the idle station lists it: an order, or a parcel of several.

    ``picked``: the goods are in a basket already.
    """

    order_ids: tuple[int, ...]
    ship_by: datetime | None
    city: str
    carrier: str
    units: int
    titles: tuple[tuple[str, int], ...]
    basket: tuple[int, int] | None
    picked: bool = True

    @property
    def order_id(self) -> int:
        """The most urgent of them."""
        return self.order_ids[0]


def to_pack(session: Session, queue: str = "pack", limit: int = 12) -> list[Waiting]:
    """The orders to pack next that nobody has begun or is picking, the most urgent first.

    Those that travel together are one row: the parcel.
    """
    walking = (
        select(PickTask.id).join(PickList, PickList.id == PickTask.pick_list_id)
        .where(PickTask.order_id == Order.id, PickList.state == LIST_OPEN)
    )
    rows = session.execute(
        select(Order.id, Order.ship_by, Order.ship_to, Order.pickup_point, Order.carrier,
               Order.units, Order.together_id)
        .where(Order.queue == queue, ~boxes.carried(service.PACKING), ~exists(walking))
        .order_by(Order.ship_by.is_(None), Order.ship_by, Order.id).limit(limit)
    ).all()
    titles = fulfilment.line_titles(session, [row.id for row in rows])
    baskets = basket_of(session, [row.id for row in rows])
    found: dict[Any, Waiting] = {}
    for row in rows:
        parcel = ("alone", row.id) if row.together_id is None else row.together_id
        first = found.get(parcel)
        found[parcel] = Waiting(
            (row.id,), row.ship_by, fulfilment.town(row.ship_to, row.pickup_point), row.carrier,
            row.units, titles.get(row.id, ()), baskets.get(row.id), queue == "pack",
        ) if first is None else replace(first, order_ids=(*first.order_ids, row.id),
                                        units=first.units + row.units,
                                        titles=(*first.titles, *titles.get(row.id, ())))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Begun:
    """A parcel somebody works on, put aside (no station), or has just packed.

    ``also``: the other orders whose goods are in it.
    """

    shipment_id: int
    order_id: int
    station: str
    state: str
    packed: int
    units: int
    packed_by: str
    packed_at: datetime | None
    also: tuple[int, ...] = ()

    @property
    def order_ids(self) -> tuple[int, ...]:
        """All orders in it."""
        return self.order_id, *self.also


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
    ).all()
    also: dict[int, list[int]] = defaultdict(list)
    for shipment_id, order_id in session.execute(
        select(ShipmentLine.shipment_id, OrderLine.order_id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(ShipmentLine.shipment_id.in_([row.id for row in rows]),
               OrderLine.order_id != Shipment.order_id)
        .distinct().order_by(OrderLine.order_id)
    ):
        also[shipment_id].append(order_id)
    return [Begun(*row[:4], int(row[4]), int(row[5]), *row[6:], tuple(also[row.id]))
            for row in rows]


@dataclass(frozen=True, slots=True)
class Free:
    """Free units of a variant on a shelf."""

    bin: str
    warehouse: str
    units: int


def free_elsewhere(
    session: Session, shipment_id: int, key: tuple[int, int] | None, limit: int = 3
) -> list[Free]:
    """Shelves that could serve instead when a unit of this line is missing, most units first."""
    if key is None:
        return []
    mine = select(ShipmentLine.location_id).where(
        ShipmentLine.shipment_id == shipment_id, ShipmentLine.line_id == key[0],
        ShipmentLine.variant_id == key[1])
    rows = session.execute(
        select(Location.code, Warehouse.code, Balance.on_hand - Balance.reserved)
        .join(Location, Location.id == Balance.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Balance.variant_id == key[1], Balance.on_hand > Balance.reserved,
               Location.sellable, Location.active, Warehouse.active,
               Location.id.not_in(mine))
        .order_by((Balance.on_hand - Balance.reserved).desc(), Location.path_order).limit(limit)
    )
    return [Free(*row) for row in rows]


def variant_titles(session: Session, variant_ids: Collection[int]) -> dict[int, str]:
    """The titles of variants."""
    return dict(session.execute(
        select(Variant.id, Variant.title).where(Variant.id.in_(sorted(variant_ids)))
    ).all())
