"""What a scan at the idle station opens, and how a parcel is put aside, reopened, given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment import scan
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.waiting import check_leaves, refusal
from oms_web.domain.shipping import boxes, replanning, tracking
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.events import PackingBegan
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.stock.models import Reservation
from oms_web.flows.pack import scanning

PACKABLE = ("pack", "pick")

# As long as this after a parcel closed, a unit like those in it is taken for a surplus scan.
SURPLUS_TIME = timedelta(seconds=60)
# Who made a pick list within this time picks by lists; a unit opens only what is picked then.
WALKS_TIME = timedelta(days=30)
TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Opened:
    """The shipment a code opened, and what the scan counted in it (empty: only opened).

    ``result`` ``too_many``: nothing was opened, the unit is one more than the closed parcel needs.
    """

    shipment_id: int
    result: str = ""
    scan_id: int | None = None


def open_by_code(
    work: Work, code: str, station: str, key: str, closed: int | None = None
) -> Opened:
    """Open what was scanned: an order's number, a basket, a tracking number, or any unit.

    A unit opens the most urgent order that still needs it, and is counted as its first scan. Where
    pick lists are in use it opens only what is picked: an order that is not is opened by its
    number. ``closed`` is the parcel that was just closed on this station's screen: a unit like
    those in it opens nothing for a minute.

    Raises:
        NotFound: nothing is known by this code, or no waiting order needs the product.
        NotAllowedNow: the order it names cannot be packed now, or only unpicked ones need it.
    """
    counted = fulfilment.scan_by_key(work.session, key)
    if counted is not None:
        return Opened(counted.shipment_id, counted.result, counted.id)
    order_id = _named_order(work.session, code)
    if order_id is not None:
        return Opened(open_order(work, order_id, station).id)
    product = catalog.scanned(work.session, code)
    if product is None:
        found = _by_tracking(work.session, code)
        if found is not None:
            return Opened(found)
        raise NotFound("Nothing is known by the code %(code)s.", code=code.strip()[:60])
    if closed is not None and _is_surplus(work, closed, product.id):
        return Opened(closed, TOO_MANY)
    queues = ("pack",) if walks_in_use(work.session, work.now) else PACKABLE
    needing = _most_urgent(work.session, product.id, station, queues)
    if needing is None:
        unpicked = _most_urgent(work.session, product.id, station, PACKABLE)
        if unpicked is not None:
            raise NotAllowedNow(
                "Order %(number)s needs this, but it is not picked yet. Scan the number of the "
                "order to pack it all the same.", number=unpicked)
        raise NotFound("No order that waits for packing needs %(title)s.", title=product.title)
    shipment = open_order(work, needing, station)
    heard = scanning.scan(work, shipment.id, code, key)
    return Opened(shipment.id, heard.result, heard.scan_id)


def walks_in_use(session: Session, now: datetime) -> bool:
    """Whether this shop picks by lists: one was made lately."""
    return fulfilment.any_list_since(session, now - WALKS_TIME)


def _is_surplus(work: Work, shipment_id: int, variant_id: int) -> bool:
    """Whether a unit is like those of a parcel that was closed a moment ago."""
    return work.session.scalar(
        select(Shipment.id).join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .where(Shipment.id == shipment_id, Shipment.state == shipping.PACKED,
               Shipment.packed_at > work.now - SURPLUS_TIME,
               or_(ShipmentLine.variant_id == variant_id, OrderLine.variant_id == variant_id))
        .limit(1)
    ) is not None


def _named_order(session: Session, code: str) -> int | None:
    named = scan.basket(code)
    if named is not None:
        return fulfilment.basket_order(session, *named)
    number = scan.order_number(code)
    return session.scalar(select(Order.id).where(Order.id == number)) if number else None


def _by_tracking(session: Session, code: str) -> int | None:
    wanted = tracking.key(code)
    return session.scalar(
        select(Shipment.id).join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_key == wanted, Shipment.state.in_(shipping.LIVE))
        .order_by(Shipment.id.desc()).limit(1)
    ) if wanted else None


def _most_urgent(
    session: Session, variant_id: int, station: str, queues: tuple[str, ...]
) -> int | None:
    """The order to open for a unit; on the way it is locked, so two stations take two orders.

    Of orders that travel together none is locked here: all of them are at once, in the sequence of
    their numbers, or two stations could wait for each other crosswise.
    """
    promised = select(OrderLine.order_id).join(
        Reservation, and_(Reservation.demand_id == OrderLine.id, Reservation.demand_kind == KIND)
    ).where(or_(Reservation.variant_id == variant_id, OrderLine.variant_id == variant_id))
    in_parcel = (
        select(Shipment.id).join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .where(
            OrderLine.order_id == Order.id, Shipment.state == shipping.PACKING,
            Shipment.station.in_(("", station)), ShipmentLine.packed < ShipmentLine.quantity,
            or_(ShipmentLine.variant_id == variant_id, OrderLine.variant_id == variant_id),
        )
    )
    urgent = (
        select(Order.id, Order.queue, Order.ship_by)
        .where(Order.id.in_(promised), Order.queue.in_(queues),
               or_(~boxes.carried(*shipping.LIVE), exists(in_parcel)))
        .order_by(Order.queue != "pack", Order.ship_by.is_(None), Order.ship_by, Order.id)
        .limit(1)
    )
    alone = session.execute(urgent.where(Order.together_id.is_(None))
                            .with_for_update(of=Order, skip_locked=True)).first()
    shared = session.execute(urgent.where(Order.together_id.is_not(None))).first()
    found = [row for row in (alone, shared) if row is not None]
    return min(found, key=lambda row: (
        row.queue != "pack", row.ship_by is None, row.ship_by, row.id)).id if found else None


def open_order(work: Work, order_id: int, station: str) -> Shipment:
    """The shipment to pack for an order: the one somebody began, or a new one.

    What travels with the order goes into the same parcel. A parcel that another station has in hand
    is taken over, and that is written down. A parcel that is packed already is only shown.

    Raises:
        NotAllowedNow: the order cannot be packed now, with the reason.
    """
    order = orders.lock_order(work.session, order_id)
    begun = shipping.of_order(work.session, order_id, shipping.PACKING)
    if begun:
        return _take_in_hand(work, begun[0], station)
    waiting = shipping.open_parts(work.session, *_all(work.session, order_id))
    packed = shipping.of_order(work.session, order_id, shipping.PACKED, *shipping.LEFT)
    if packed and not waiting:
        return packed[-1]
    if order.queue not in PACKABLE:
        raise refusal(work.session, order)
    return _begin(work, order, station)


def _all(session: Session, order_id: int) -> list[int]:
    """An order and those that travel with it."""
    return lineage.together(session, order_id) or [order_id]


def _begin(work: Work, order: Order, station: str) -> Shipment:
    mine = _all(work.session, order.id)
    waiting = shipping.open_parts(work.session, *mine)
    if not waiting:
        raise NotAllowedNow("Nothing of this order is reserved, so nothing can be packed.")
    taken = {place: units for some in fulfilment.picked_places(work.session, mine).values()
             for place, units in some.items()}
    warehouse_id = max(waiting, key=lambda w: (
        # What was picked lies before the packer; else the larger half goes first.
        sum(min(part.quantity, taken.get(part.key, 0)) for part in waiting[w]),
        sum(part.quantity for part in waiting[w]), -w))
    shipment = shipping.start(work, order, warehouse_id, waiting[warehouse_id], station)
    work.announce(PackingBegan(shipment.id))
    packed = set(shipping.owners(work.session, shipment))
    for one in (orders.get_order(work.session, order_id) for order_id in mine):
        if one.id in packed:
            orders.set_phase(work, one, "start_packing")
        shipping.tell_order(work, one)
    return shipment


def _take_in_hand(work: Work, shipment: Shipment, station: str) -> Shipment:
    if shipment.station != station:
        audit.record(work, "packing.take", "shipment", shipment.id,
                     {"station": [shipment.station, station]}, order_id=shipment.order_id)
        shipment.station = station
        work.session.flush()
    return shipment


def begin_partly(work: Work, order_id: int) -> int:
    """The seller wants to send what is there: a parcel of the reserved units, for any station.

    Returns:
        The shipment; the one that was begun already, if there is one.

    Raises:
        NotAllowedNow: the order is closed, held or not paid, or nothing of it is reserved.
    """
    order = orders.lock_order(work.session, order_id)
    check_leaves(work.session, order, order_id)
    for one in _all(work.session, order_id):
        check_leaves(work.session, orders.get_order(work.session, one), order_id)
    begun = shipping.of_order(work.session, order_id, shipping.PACKING)
    if begun:
        return begun[0].id
    return _begin(work, order, "").id


def put_aside(work: Work, shipment_id: int) -> None:
    """Nobody has the parcel in hand any more; any station can go on with it.

    A parcel that nothing went into yet is forgotten: its order waits as it did before.
    """
    shipment = shipping.lock(work.session, shipment_id)
    if shipment.state != shipping.PACKING:
        return
    shipping.lock_owners(work, shipment)
    if any(line.packed for line in shipping.lines_of(work.session, shipment_id)):
        if shipment.station:
            audit.record(work, "packing.aside", "shipment", shipment.id,
                         {"station": [shipment.station, ""]}, order_id=shipment.order_id)
        shipment.station = ""
        work.session.flush()
        return
    shipping.let_be(work, shipment)


def reopen(work: Work, shipment_id: int, station: str) -> None:
    """Open a packed parcel again; one that is open already only changes hands.

    Raises:
        NotAllowedNow: it has left.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE)
    if shipment.state == shipping.PACKING:
        _take_in_hand(work, shipment, station)
        return
    replanning.unseal(work, shipment)
    shipment.station = station
    work.session.flush()
