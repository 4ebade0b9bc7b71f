"""Shipments: what goes into them, their parcels, and what orders are told of them.

A shipment's lines are a plan made of reservations: where these change, packing stops until somebody
saw it and ``relist`` follows; ``replanning.py`` opens what is packed. The goods themselves stay
promised in their places until ``flows/ship.py`` lets them leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import line_parts
from oms_web.domain.orders.service import lock_order, refile, set_phase
from oms_web.domain.shipping import bookings, boxes, splitting, tracking
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.shipping.splitting import Part
from oms_web.domain.stock.models import Location

PACKING, PACKED, SHIPPED, DELIVERED, UNDELIVERED, CANCELLED = (
    "packing", "packed", "shipped", "delivered", "undelivered", "cancelled",
)
LIVE = (PACKING, PACKED)
LEFT = (SHIPPED, DELIVERED, UNDELIVERED)
PARTLY = "partly"
MOST_PARCELS = 20
HEAVIEST_G = 1_000_000

_STATE_SAYS = {
    PACKING: "This shipment is still being packed.",
    PACKED: "This shipment is packed and waits for the courier.",
    SHIPPED: "This shipment has left already.",
    DELIVERED: "This shipment is delivered already.",
    UNDELIVERED: "This shipment could not be delivered.",
    CANCELLED: "This shipment was cancelled.",
}


def get(session: Session, shipment_id: int) -> Shipment:
    """A shipment.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Shipment, shipment_id)
    if found is None:
        raise NotFound("There is no such shipment.")
    return found


def lock(session: Session, shipment_id: int, *states: str) -> Shipment:
    """A shipment that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is none.
        NotAllowedNow: it is in another state than those asked for.
    """
    found = session.scalar(
        select(Shipment).where(Shipment.id == shipment_id)
        .with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such shipment.")
    if states and found.state not in states:
        raise NotAllowedNow(_STATE_SAYS[found.state], states)
    return found


of_order, owners = boxes.of_order, boxes.owners
lock_owners, lock_all = boxes.lock_owners, boxes.lock_all


def open_parts(session: Session, *order_ids: int, besides: int = 0) -> dict[int, list[Part]]:
    """What of orders no shipment plans yet, by the warehouse that will send it.

    ``besides`` names a shipment whose own plan does not count.
    """
    return boxes.open_parts(session, order_ids, LIVE, besides=besides)


def parts_for(session: Session, shipment: Shipment) -> list[Part]:
    """What belongs into a shipment as things are promised now."""
    return open_parts(session, *boxes.bound_for(session, shipment), besides=shipment.id).get(
        shipment.warehouse_id, [])


def start(
    work: Work, order: Order, warehouse_id: int, parts: Sequence[Part], station: str = ""
) -> Shipment:
    """Plan a shipment of these parts, with one parcel."""
    shipment = Shipment(
        order_id=order.id, warehouse_id=warehouse_id, state=PACKING, carrier=order.carrier,
        service=order.delivery_method[:80], station=station[:40], created_at=work.now,
    )
    work.session.add(shipment)
    work.session.flush()
    work.session.execute(insert(ShipmentLine.__table__), [
        {"shipment_id": shipment.id, "line_id": part.line_id, "variant_id": part.variant_id,
         "location_id": part.location_id, "quantity": part.quantity, "packed": 0}
        for part in parts
    ])
    mine = owners(work.session, shipment)
    if order.id not in mine:  # its goods lie elsewhere: this one is for those that travel with it
        shipment.order_id = mine[0]
    work.session.add(Parcel(shipment_id=shipment.id, position=1, carrier=order.carrier))
    work.session.flush()
    bookings.adopt(work, shipment, owners(work.session, shipment))
    _record(work, "shipping.start", shipment, {"state": [None, PACKING]}, note=station or None)
    return shipment


def _record(work: Work, act: str, shipment: Shipment, change: Mapping[str, Any],
            note: str | None = None) -> None:
    """Write down what happened to a shipment, in the timeline of each order that is in it."""
    for order_id in owners(work.session, shipment):
        audit.record(work, act, "shipment", shipment.id, change, order_id=order_id, note=note)


def note(work: Work, shipment: Shipment, act: str) -> None:
    """Write down what somebody decided about a shipment."""
    _record(work, act, shipment, {})


def lines_of(session: Session, shipment_id: int) -> list[ShipmentLine]:
    """The lines of a shipment in the order of the order's lines, then of the walk."""
    return list(session.scalars(
        select(ShipmentLine)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .join(Location, Location.id == ShipmentLine.location_id)
        .where(ShipmentLine.shipment_id == shipment_id)
        .order_by(OrderLine.position, ShipmentLine.variant_id, Location.path_order, Location.id)
        .execution_options(populate_existing=True)
    ))


def relist(work: Work, shipment: Shipment) -> dict[tuple[int, int], int]:
    """Make the plan follow what is promised now, and its orders with it: who came in is being
    packed, who has no parcel any more is not.

    Returns:
        Units that are in the parcel and must come out again, per (line, variant).
    """
    parts, before = parts_for(work.session, shipment), owners(work.session, shipment)
    lines = lines_of(work.session, shipment.id)
    packed = {(line.line_id, line.variant_id, line.location_id): line.packed for line in lines}
    dealt, out = splitting.refill(parts, packed)
    work.session.execute(delete(ShipmentLine).where(ShipmentLine.shipment_id == shipment.id))
    for line in lines:
        work.session.expunge(line)
    if parts:
        work.session.execute(insert(ShipmentLine.__table__), [
            {"shipment_id": shipment.id, "line_id": part.line_id, "variant_id": part.variant_id,
             "location_id": part.location_id, "quantity": part.quantity,
             "packed": dealt[part.key]}
            for part in parts
        ])
        mine = owners(work.session, shipment)
        if shipment.order_id not in mine:  # it was cancelled: the shipment is for the others
            shipment.order_id = mine[0]
    for order_id in sorted({*before, *owners(work.session, shipment)}):
        _packed_or_not(work, lock_order(work.session, order_id))
    return out


def _packed_or_not(work: Work, order: Order) -> None:
    inside = bool(of_order(work.session, order.id, *LIVE))
    if order.phase == (phases.OPEN if inside else phases.PACKING):
        set_phase(work, order, "start_packing" if inside else "stop_packing")
        tell_order(work, order)


def planned_units(session: Session, shipment_id: int) -> dict[int, int]:
    """Whole units of order lines in a shipment: line -> units. A bundle counts when complete."""
    lines = lines_of(session, shipment_id)
    order_lines = session.scalars(
        select(OrderLine).where(OrderLine.id.in_({line.line_id for line in lines}))
    ).all()
    parts = line_parts(session, order_lines)
    units: dict[tuple[int, int], int] = defaultdict(int)
    for line in lines:
        units[line.line_id, line.variant_id] += line.quantity
    return {
        line_id: min(units[line_id, variant] // per_unit for variant, per_unit in made_of)
        for line_id, made_of in parts.items()
    }


def set_state(work: Work, shipment: Shipment, state: str, note: str = "") -> None:
    """Take the shipment to another state and write that down."""
    _record(work, f"shipping.{state}", shipment, {"state": [shipment.state, state]},
            note=note or None)
    shipment.state = state
    work.session.flush()


def told_partly(session: Session, shipment_id: int) -> bool:
    """Whether some channel took the news of a shipment while another refused it, as written down.
    """
    changes = session.scalars(select(AuditEntry.change).where(
        AuditEntry.subject == "shipment", AuditEntry.subject_id == shipment_id,
        AuditEntry.act == "shipping.tell_channel"))
    return any(change["told"][1] == PARTLY for change in changes)


def all_arrived(work: Work, order_id: int) -> None:
    """Somebody who knows says that the buyer has everything: no parcel is on the road any more."""
    for shipment in of_order(work.session, order_id, SHIPPED, UNDELIVERED):
        shipment.delivered_at = work.now
        set_state(work, shipment, DELIVERED)


def tell_order(work: Work, order: Order) -> None:
    """Tell an order how far its goods are, and file it anew.

    Picked: everything that is promised and in no shipment yet has been taken from its shelf.
    Packed: nothing of it is left to pack, and nothing is lacking.
    """
    session = work.session
    session.flush()
    mine = of_order(session, order.id, *LIVE, *LEFT)
    lacks = session.scalar(
        select(func.sum(OrderLine.quantity - OrderLine.cancelled - OrderLine.shipped
                        - OrderLine.reserved)).where(OrderLine.order_id == order.id)
    )
    parts = [part for some in open_parts(session, order.id).values() for part in some]
    taken = fulfilment.picked_places(session, [order.id]).get(order.id, {})
    order.is_picked = bool(parts) and all(
        taken.get(part.key, 0) >= part.quantity for part in parts
    )
    order.is_packed = bool(mine) and not lacks and not parts and all(
        shipment.state != PACKING for shipment in mine
    )
    numbers = session.scalars(
        select(Parcel.tracking).where(Parcel.shipment_id.in_([one.id for one in mine]))
    ).all()
    order.is_labelled = all(numbers) if numbers else bookings.labelled_early(session, order.id)
    order.is_undelivered = any(shipment.state == UNDELIVERED for shipment in mine)
    refile(work, [order.id])


def tell_orders(work: Work, shipment: Shipment) -> None:
    """Tell all orders that are in a shipment."""
    for order in lock_owners(work, shipment):
        tell_order(work, order)


def give_up(work: Work, shipment: Shipment, note: str = "") -> None:
    """A parcel that will not leave: its goods go back to their shelves, its orders wait again."""
    fulfilment.void_scans(work, shipment.id)
    fulfilment.forget_orders(work, owners(work.session, shipment))
    let_be(work, shipment, note)


def let_be(work: Work, shipment: Shipment, note: str = "nothing was packed") -> None:
    """A parcel that nothing went into is forgotten: its goods stay where they are."""
    set_state(work, shipment, CANCELLED, note)
    bookings.let_go(work, shipment)
    for order in lock_owners(work, shipment):
        if order.phase == phases.PACKING and not of_order(work.session, order.id, *LIVE):
            set_phase(work, order, "stop_packing")
        tell_order(work, order)


def forget_walks(work: Work, shipment: Shipment, order_id: int) -> None:
    """Goods of an order left: what walks took for them does not count for later units."""
    fulfilment.forget_places(work, order_id, {
        (line.line_id, line.variant_id, line.location_id)
        for line in lines_of(work.session, shipment.id)
    })


def parcels_of(session: Session, shipment_id: int) -> list[Parcel]:
    """The parcels of a shipment, first to last."""
    return list(session.scalars(
        select(Parcel).where(Parcel.shipment_id == shipment_id).order_by(Parcel.position)
    ))


def add_parcel(work: Work, shipment: Shipment) -> Parcel:
    """One more box.

    Raises:
        NotAllowedNow: there are too many already.
    """
    present = parcels_of(work.session, shipment.id)
    if len(present) >= MOST_PARCELS:
        raise NotAllowedNow("A shipment has at most %(most)s parcels.", most=MOST_PARCELS)
    parcel = Parcel(shipment_id=shipment.id, carrier=shipment.carrier,
                    position=max((one.position for one in present), default=0) + 1)
    work.session.add(parcel)
    work.session.flush()
    _record(work, "shipping.parcel", shipment, {"parcels": [len(present), len(present) + 1]})
    return parcel


def drop_empty_parcels(work: Work, shipment: Shipment, used: Collection[int]) -> None:
    """Remove boxes that nothing went into; the first one always stays."""
    for parcel in parcels_of(work.session, shipment.id):
        if parcel.position > 1 and parcel.position not in used:
            work.session.delete(parcel)
    work.session.flush()


def describe_parcel(
    work: Work,
    shipment: Shipment,
    position: int,
    *,
    carrier: str | None = None,
    number: str | None = None,
    weight_g: int | None = None,
) -> Parcel:
    """Write a parcel's carrier, tracking number and weight; None leaves a thing as it is.

    A number whose shape belongs to one carrier names the carrier, if nobody named one.

    Raises:
        NotFound: there is no such parcel.
        Invalid: the number or the weight cannot be right.
        NotAllowedNow: a parcel that goes to somebody else has this number already, or number and
            carrier come from a label.
    """
    parcel = work.session.scalar(
        select(Parcel).where(Parcel.shipment_id == shipment.id, Parcel.position == position)
    )
    if parcel is None:
        raise NotFound("There is no such parcel.")
    _keep_label(work.session, parcel, carrier, number)
    before = {"carrier": parcel.carrier, "tracking": parcel.tracking, "weight": parcel.weight_g}
    if number is not None:
        parcel.tracking = tracking.tidy(number)
        parcel.tracking_key = tracking.key(parcel.tracking)
        _refuse_twin(work.session, parcel)
    if carrier is not None:
        parcel.carrier = tidy(carrier)[:40]
    if parcel.tracking and not parcel.carrier:
        parcel.carrier = tracking.likely_carrier(parcel.tracking)
    if weight_g is not None:
        if not 0 < weight_g <= HEAVIEST_G:
            raise Invalid("A parcel weighs between 1 g and 1000 kg.", "weight")
        parcel.weight_g = weight_g
    after = {"carrier": parcel.carrier, "tracking": parcel.tracking, "weight": parcel.weight_g}
    change = audit.changes(before, after)
    if change:
        work.session.flush()
        _record(work, "shipping.describe", shipment, change)
    return parcel


def _keep_label(session: Session, parcel: Parcel, carrier: str | None, number: str | None) -> None:
    """While a label was bought, or is being, the box has its number and its carrier."""
    typed = (parcel.tracking_key if number is None else tracking.key(tracking.tidy(number)),
             parcel.carrier if carrier is None else tidy(carrier)[:40])
    if typed == (parcel.tracking_key, parcel.carrier):
        return
    if parcel.booking_id is not None:
        raise NotAllowedNow("Number and carrier of this parcel come from its label. Take the label "
                            "back first.")
    live = bookings.live_of_shipment(session, parcel.shipment_id)
    if live is not None and live.state != bookings.CONFIRMED and \
            typed[0] != parcel.tracking_key:
        raise NotAllowedNow("A label of this parcel is being bought: its number comes with it.")


def _refuse_twin(session: Session, parcel: Parcel) -> None:
    """One number, one buyer: several orders may travel in one box, if it goes to one address."""
    if not parcel.tracking_key:
        return
    with session.no_autoflush:
        mine = session.execute(
            select(Order.id, Order.ship_to).join(Shipment, Shipment.order_id == Order.id)
            .where(Shipment.id == parcel.shipment_id)
        ).one()
        others = session.execute(
            select(Order.id, Order.ship_to).join(Shipment, Shipment.order_id == Order.id)
            .join(Parcel, Parcel.shipment_id == Shipment.id)
            .where(Parcel.tracking_key == parcel.tracking_key, Parcel.id != parcel.id,
                   Shipment.state != CANCELLED).limit(20)
        ).all()
    for other in others:
        if other.id == mine.id or other.ship_to != mine.ship_to:
            raise NotAllowedNow(
                "Number %(number)s is already on a parcel of order %(order)s.",
                number=parcel.tracking, order=other.id,
            )
