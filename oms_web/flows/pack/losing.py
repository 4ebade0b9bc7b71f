"""A unit for the parcel is missing or damaged: it leaves stock, another one is promised, or the
order waits and the parcel is taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.fulfilment import losses
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.fulfilment.losses import Loss
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import bench, weights
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import ShipmentLine
from oms_web.domain.stock import recounts
from oms_web.domain.stock.models import COUNT, SCRAP
from oms_web.flows.pack import closing, trouble

MISSING, DAMAGED = "missing", "damaged"
_GOES_TO = {MISSING: (COUNT, "correction"), DAMAGED: (SCRAP, "write_off")}


@dataclass(frozen=True, slots=True)
class Lost:
    """What became of it. ``instead``: places to fetch others from, (place, units).

    ``apart``: the order lacks units now and the parcel was given up; the goods go back.
    """

    instead: tuple[tuple[int, int], ...] = ()
    apart: bool = False


def lose_unit(
    work: Work, shipment_id: int, line_id: int, variant_id: int, key: str, what: str,
    note: str = "",
) -> Lost:
    """One unit of a line does not go into the parcel. The same ``key`` again changes nothing.

    Args:
        what: ``missing`` (stock is corrected by one) or ``damaged`` (the unit is scrapped).

    Raises:
        Invalid: neither missing nor damaged.
        NotAllowedNow: the parcel is closed, its order may not go on, or the line is not in it.
    """
    if what not in _GOES_TO:
        raise Invalid("Choose what to do.", "what")
    if fulfilment.scan_by_key(work.session, key) is not None:
        return Lost(apart=shipping.get(work.session, shipment_id).state == shipping.CANCELLED)
    shipment = shipping.lock(work.session, shipment_id, shipping.PACKING)
    shipping.lock_owners(work, shipment)
    if trouble.find(work.session, shipment) is not None:
        raise NotAllowedNow("Something happened to this order. Look at it first.")
    place = _place(work, shipment_id, line_id, variant_id)
    to, reason = _GOES_TO[what]
    line = work.session.get_one(OrderLine, line_id)
    order = orders.lock_order(work.session, line.order_id)
    partly = _lacks_before(work, order)
    fulfilment.record_scan(work, shipment_id, key, "", variant_id, what)
    if what == MISSING:
        recounts.ask(work, place.location_id, variant_id, 1)
    outcome = losses.lose(work, Loss(
        order=order, line=line, variant_id=variant_id,
        location_id=place.location_id, units=1, to=to, reason=reason,
        cause=f"pack:{shipment_id}:{key}", note=note.strip()[:200] or f"{what} at packing",
    ))
    if outcome.lost and not partly:
        shipping.give_up(work, shipment, "units are lacking")
        return Lost(apart=True)
    shipping.relist(work, shipment)
    weights.forget(work, shipment)
    needs = bench.needs(work.session, shipment_id)
    if not needs:
        shipping.give_up(work, shipment, "units are lacking")
        return Lost(apart=True)
    closing.close_when_ready(work, shipment)
    return Lost(outcome.instead)


def _place(work: Work, shipment_id: int, line_id: int, variant_id: int) -> ShipmentLine:
    """Where the unit came from: one not in the parcel yet if there is any, else a packed one."""
    mine = [
        line for line in shipping.lines_of(work.session, shipment_id)
        if (line.line_id, line.variant_id) == (line_id, variant_id)
    ]
    if not mine:
        raise NotAllowedNow("This is not in the parcel's plan any more.")
    waiting = [line for line in mine if line.packed < line.quantity]
    if waiting:
        return waiting[0]
    mine[-1].packed -= 1
    work.session.flush()
    return mine[-1]


def _lacks_before(work: Work, order: Order) -> bool:
    return any(
        line.reserved + line.shipped + line.cancelled < line.quantity
        for line in orders.order_lines(work.session, order.id)
    )
