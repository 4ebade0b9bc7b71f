"""Shipments leave: the goods go out of stock, the order moves on, the channel will be told.

Said twice is quiet. Nothing leaves that is not packed, not paid (unless on delivery or on credit)
or held. A departure can be taken back as long as no channel has been told of it; channels are told
when the recall window is over.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from oms_web.core.claims import Task, enqueue
from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.events import OutboxEvent
from oms_web.core.work import Work
from oms_web.domain.documents import goods_issued
from oms_web.domain.orders import lineage, outgoing, phases, waiting
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.events import ShipmentLeft
from oms_web.domain.orders.leaving import goods_left, not_left
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.service import count_reserved
from oms_web.domain.shipping import bookings, collecting, sending
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Take
from oms_web.domain.stock.models import CUSTOMER, Move


def leave(work: Work, shipment_id: int, *, although_it_collects: bool = False) -> bool:
    """A packed shipment was handed over; False when it had left already.

    Args:
        although_it_collects: somebody settled with the courier or the buyer that its label asks for
            money that was paid since.

    Raises:
        NotAllowedNow: it is not packed, its label is being taken back or collects what is not owed
            any more, or its order is cancelled, held or not paid.
    """
    shipment = shipping.lock(work.session, shipment_id)
    if shipment.state in shipping.LEFT:
        return False
    mine = _inside(work, shipment)
    label = bookings.live_of_shipment(work.session, shipment_id)
    if label is not None and label.void_asked_at is not None:
        raise NotAllowedNow("The label of this parcel is being taken back. Wait for what the "
                            "carrier says.")
    for order in mine:
        waiting.check_leaves(work.session, order, shipment.order_id)
    if shipment.state != shipping.PACKED:
        shipping.lock(work.session, shipment_id, shipping.PACKED)
    if collecting.among(work.session, [shipment_id]):
        if not although_it_collects:
            raise NotAllowedNow("The label collects money that was paid since: the buyer would "
                                "pay twice. Take the label back and buy another.")
        shipping.note(work, shipment, "shipping.collects")
    undo = {"orders": {str(one.id): [one.phase, one.status_id] for one in mine}}
    with outgoing.deciding(work, outgoing.SHIP, shipment.order_id, shipment_id, undo):
        _depart(work, mine, shipment)
    return True


def _inside(work: Work, shipment: Shipment) -> list[Order]:
    """The orders whose goods are in a shipment, locked."""
    inside = shipping.owners(work.session, shipment)
    return [order for order in shipping.lock_owners(work, shipment) if order.id in inside]


def leave_many(work: Work, shipment_ids: Sequence[int]) -> list[tuple[int, OmsError | None]]:
    """Several shipments at once; each stands alone: (shipment, why not).

    All are locked before the first leaves, shipments and then their orders by number: two people
    who hand over the same parcels in another order do not wait for each other crosswise.
    """
    results: list[tuple[int, OmsError | None]] = []
    shipping.lock_all(work, shipment_ids)
    for shipment_id in dict.fromkeys(shipment_ids):
        try:
            with work.session.begin_nested():
                leave(work, shipment_id)
            results.append((shipment_id, None))
        except OmsError as refusal:
            results.append((shipment_id, refusal))
    return results


def ship_order(
    work: Work, order_id: int, *, carrier: str = "", number: str = "", partly: bool = False
) -> list[int]:
    """Ship an order without packing it at the station: what is packed leaves, and the rest too.

    What travels with it leaves with it.

    Args:
        partly: ship the reserved units of an order that lacks some; the others stay open.

    Returns:
        The shipments that left; none when everything had left already.

    Raises:
        NotAllowedNow: held, not paid, cancelled, lacking units (without ``partly``), or a part of
            it is being packed at this moment.
    """
    shipping.lock_all(work, [box.id for one in lineage.together(work.session, order_id)
                             for box in shipping.of_order(work.session, one, *shipping.LIVE)])
    order = orders.lock_order(work.session, order_id)
    if order.phase in (phases.SHIPPED, phases.DONE):
        return []
    waiting.check_leaves(work.session, order, order_id)
    mine = [orders.get_order(work.session, one) for one in lineage.together(work.session, order_id)]
    ready: list[int] = []
    for one in mine:
        waiting.check_leaves(work.session, one, order_id)
        if shipping.of_order(work.session, one.id, shipping.PACKING):
            raise NotAllowedNow("This order is being packed. Close or put aside the parcel first.")
        if not partly:
            check_complete(work, one)
        ready += [box.id for box in shipping.of_order(work.session, one.id, shipping.PACKED)]
    ready = list(dict.fromkeys(ready))
    ready += [box.id for box in _pack_unseen(work, order, mine, carrier, number)]
    if not ready:
        raise NotAllowedNow("Nothing of this order is reserved, so nothing can be shipped.")
    for shipment_id in ready:
        leave(work, shipment_id)
    return ready


def _pack_unseen(
    work: Work, order: Order, mine: Sequence[Order], carrier: str, number: str
) -> list[Shipment]:
    """Shipments, closed at once, of all that is promised and in no shipment yet.

    Nobody packed them at the station: they have no ``packed_at``, and count as nobody's work.
    """
    made: list[Shipment] = []
    waiting = shipping.open_parts(work.session, *(one.id for one in mine))
    for warehouse_id, parts in sorted(waiting.items()):
        shipment = shipping.start(work, order, warehouse_id, parts)
        if order.weight_g and not made:
            shipping.describe_parcel(work, shipment, 1, weight_g=order.weight_g)
        for line in shipping.lines_of(work.session, shipment.id):
            line.packed = line.quantity
        if carrier or number:
            shipping.describe_parcel(work, shipment, 1, carrier=carrier or None,
                                     number=number or None)
            shipment.carrier = carrier or shipment.carrier
        shipping.set_state(work, shipment, shipping.PACKED)
        made.append(shipment)
    return made


def check_complete(work: Work, order: Order) -> None:
    """Refuse an order that lacks units.

    Raises:
        NotAllowedNow: naming the first line that does.
    """
    for line in orders.order_lines(work.session, order.id):
        lacking = line.quantity - line.cancelled - line.shipped - line.reserved
        if lacking:
            raise NotAllowedNow("%(title)s: %(missing)s units are not reserved yet.",
                                title=line.title, missing=lacking)


def _depart(work: Work, mine: Sequence[Order], shipment: Shipment) -> None:
    session = work.session
    inside = shipping.lines_of(session, shipment.id)
    if any(line.packed < line.quantity for line in inside):
        raise NotAllowedNow("Not everything is in the parcel. Open it again and finish it.")
    units, cause = shipping.planned_units(session, shipment.id), _cause(work, shipment)
    places = {(line.line_id, line.variant_id, line.location_id): line.quantity for line in inside}
    for order in mine:
        goods_left(work, order, orders.order_lines(session, order.id), units, cause, places)
    session.flush()
    shipment.shipped_at = work.now
    shipping.set_state(work, shipment, shipping.SHIPPED, note=_numbers(work, shipment))
    for order in mine:
        _move_on(work, order, shipment)
    told = any(order.account_id for order in mine)
    tell_at = outgoing.begin(work, shipment.order_id).leaves_at if told else work.now
    work.announce(ShipmentLeft(shipment.id, shipment.order_id, tell_at.isoformat()))
    if sending.settings(session).issues_wz:
        enqueue(session, goods_issued.TASK, str(shipment.id), {
            "shipment_id": shipment.id, "by": work.actor.name}, now=work.now,
                delay=tell_at - work.now)


def _move_on(work: Work, order: Order, shipment: Shipment) -> None:
    """An order of which a shipment has just left."""
    session = work.session
    lines = orders.order_lines(session, order.id)
    if all(line.shipped == line.quantity - line.cancelled for line in lines):
        orders.set_phase(work, order, "ship")
        order.shipped_at = work.now
    else:  # the rest is picked and packed anew when it can be
        if order.phase == phases.PACKING and not shipping.of_order(
            session, order.id, shipping.PACKING
        ):
            orders.set_phase(work, order, "stop_packing")
        shipping.forget_walks(work, shipment, order.id)
    shipping.tell_order(work, order)


def _numbers(work: Work, shipment: Shipment) -> str:
    return ", ".join(
        f"{parcel.carrier} {parcel.tracking}".strip()
        for parcel in shipping.parcels_of(work.session, shipment.id)
        if parcel.carrier or parcel.tracking
    )


def _recalls(work: Work, shipment: Shipment) -> int:
    """How often this shipment came back from the door: recalls are numbered in their moves."""
    causes = work.session.scalars(
        select(Move.cause).where(Move.order_id.in_(shipping.owners(work.session, shipment)),
                                 Move.cause.startswith(f"recall:{shipment.id}:", autoescape=True))
    )
    return max((int(cause.split(":")[2]) for cause in causes), default=0)


def _cause(work: Work, shipment: Shipment) -> str:
    recalls = _recalls(work, shipment)
    return f"shipment:{shipment.id}" + (f":{recalls}" if recalls else "")


def recall(work: Work, shipment_id: int) -> bool:
    """It has not left after all: the goods are back on their shelves, promised as before.

    A parcel that was packed waits for the courier again; one that nobody packed is forgotten, and
    its orders stand where they stood. False when that was done already. Only while the channel does
    not know.

    Raises:
        NotAllowedNow: the channel was told, the parcel is delivered, or something came back.
    """
    shipment = shipping.lock(work.session, shipment_id)
    unseen = shipment.packed_at is None
    if shipment.state == (shipping.CANCELLED if unseen else shipping.PACKED):
        return False
    if shipment.state != shipping.SHIPPED:
        shipping.lock(work.session, shipment_id, shipping.SHIPPED)
    mine = _inside(work, shipment)
    for order in mine:
        if order.phase in phases.CLOSED:
            raise NotAllowedNow("This order is closed.", phases.allowed(order.phase))
    decided = _silence(work, shipment)
    cause, number = f"{_cause(work, shipment)}:line:", _recalls(work, shipment) + 1
    for order in mine:
        _back_on_shelves(work, order, shipment, cause, number)
    goods_issued.take_back(work, shipment)
    bookings.not_given(work, shipment_id)
    left_at, shipment.shipped_at = shipment.shipped_at, None
    shipping.set_state(work, shipment, shipping.CANCELLED if unseen else shipping.PACKED,
                       note="recalled")
    was = (decided.undo or {}).get("orders", {}) if decided is not None else {}
    for order in mine:
        not_left(work, order, left_at, was.get(str(order.id)), order.id == shipment.order_id)
        if not unseen and str(order.id) not in was and order.phase == phases.OPEN:
            orders.set_phase(work, order, "start_packing")  # its parcel stands here, packed
        shipping.tell_order(work, order)
    return True


def _silence(work: Work, shipment: Shipment) -> outgoing.Outgoing | None:
    """Take the announcement back, wherever it is on its way: outbox or queue of tasks.

    A task that waits is locked, so that no worker takes it up before this transaction is over; it
    will find a shipment that has not left, and say nothing. The decision is recalled, if its
    window is open: it is returned then.
    """
    session = work.session
    decided = outgoing.of_subject(session, outgoing.SHIP, shipment.order_id, shipment.id)
    if decided is not None and decided.state == outgoing.WAITING:
        outgoing.take_back(work, decided)
    else:
        decided = None
    asked = session.scalar(
        select(Task.state)
        .where(Task.kind == "push_shipment", Task.key == str(shipment.id),
               Task.state.in_(("waiting", "running"))).with_for_update()
    )
    if shipment.told in ("done", "unknown", "sent") or asked == "running" \
            or shipping.told_partly(session, shipment.id):
        raise NotAllowedNow(outgoing.TOO_LATE[outgoing.SHIP])
    session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_([
        row.id for row in session.scalars(
            select(OutboxEvent).where(OutboxEvent.dispatched_at.is_(None),
                                      OutboxEvent.name == ShipmentLeft.name)
        ) if row.payload["shipment_id"] == shipment.id
    ])))
    return decided


def _back_on_shelves(
    work: Work, order: Order, shipment: Shipment, cause: str, number: int
) -> None:
    session = work.session
    gone = session.scalars(
        select(Move).where(Move.order_id == order.id,
                           Move.cause.startswith(cause, autoescape=True)).order_by(Move.id)
    ).all()
    units = shipping.planned_units(session, shipment.id)
    lines = [line for line in orders.order_lines(session, order.id) if units.get(line.id)]
    if any(line.returned > line.shipped - units[line.id] for line in lines):
        raise NotAllowedNow("Something of this parcel was returned already.")
    stock.move_units(work, [
        stock.MoveWanted(move.variant_id, CUSTOMER, move.from_id, move.quantity,
                         f"recall:{shipment.id}:{number}:{move.id}", "correction",
                         order_id=order.id, note="has not left after all")
        for move in gone
    ], announce=False)
    stock.reserve(work, KIND, [
        Take(int(move.cause.removeprefix(cause).split(":")[0]), move.variant_id, move.from_id,
             move.quantity)
        for move in gone
    ])
    for line in lines:
        line.shipped -= units[line.id]
    session.flush()
    count_reserved(session, [(line.id, units[line.id]) for line in lines])
    for line in lines:
        session.expire(line, ["reserved"])


def arrived(work: Work, shipment_id: int) -> bool:
    """The buyer has the parcel; False when that was known. The last one closes the order.

    Raises:
        NotAllowedNow: it has not left.
    """
    shipment = shipping.lock(work.session, shipment_id)
    known = shipment.state == shipping.DELIVERED
    if shipment.state not in shipping.LEFT:
        shipping.lock(work.session, shipment_id, *shipping.LEFT)
    mine = _inside(work, shipment)
    if not known:
        shipment.delivered_at = work.now
        shipping.set_state(work, shipment, shipping.DELIVERED)
    for order in mine:
        rest = shipping.of_order(work.session, order.id, *shipping.LIVE, shipping.SHIPPED,
                                 shipping.UNDELIVERED)
        if not rest and order.phase == phases.SHIPPED:
            orders.set_phase(work, order, "deliver")
        shipping.tell_order(work, order)
    return not known


def came_to_nothing(work: Work, shipment_id: int, reason: str) -> bool:
    """The parcel could not be delivered; False when that was known. A person has to act.

    Raises:
        NotAllowedNow: it has not left, or the order is closed.
        Invalid: no reason was given.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid("Say what happened.", "reason")
    shipment = shipping.lock(work.session, shipment_id)
    if shipment.state == shipping.UNDELIVERED:
        return False
    if shipment.state != shipping.SHIPPED:
        shipping.lock(work.session, shipment_id, shipping.SHIPPED)
    shipping.set_state(work, shipment, shipping.UNDELIVERED, note=reason[:400])
    shipping.tell_orders(work, shipment)
    return True


def sent_again(work: Work, shipment_id: int) -> bool:
    """An undelivered parcel is on its way again; False when it is already.

    Raises:
        NotAllowedNow: it was not undelivered.
    """
    shipment = shipping.lock(work.session, shipment_id)
    if shipment.state == shipping.SHIPPED:
        return False
    if shipment.state != shipping.UNDELIVERED:
        shipping.lock(work.session, shipment_id, shipping.UNDELIVERED)
    shipping.set_state(work, shipment, shipping.SHIPPED, note="sent again")
    shipping.tell_orders(work, shipment)
    return True


def forget_shipment(work: Work, shipment_id: int) -> None:
    """The goods of a shipment that will not leave were unpacked; said twice is quiet.

    Raises:
        NotAllowedNow: it has left.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE, shipping.CANCELLED)
    if shipment.state == shipping.CANCELLED:
        return
    shipping.give_up(work, shipment)
