"""What is promised to an order changed while parcels of it are packed or being packed.

A parcel in hand is stopped at the next scan (``flows/pack/trouble.py``). One that is packed opens
again if it holds more than is promised now, so that somebody takes the surplus out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.fulfilment import scan
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_order, set_phase
from oms_web.domain.shipping import boxes, weights
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Shipment


def differences(session: Session, shipment: Shipment) -> dict[tuple[int, int], tuple[int, int]]:
    """Where plan and promises disagree: (line, variant) -> (units planned, units promised now)."""
    return scan.differences(
        (((line.line_id, line.variant_id), line.quantity)
         for line in shipping.lines_of(session, shipment.id)),
        (((part.line_id, part.variant_id), part.quantity)
         for part in shipping.parts_for(session, shipment)),
    )


def unseal(work: Work, shipment: Shipment, note: str = "opened again") -> None:
    """Open a packed parcel again."""
    shipment.packed_at = None
    weights.forget(work, shipment)
    shipping.set_state(work, shipment, shipping.PACKING, note=note)
    for order in shipping.lock_owners(work, shipment):
        if order.phase == phases.OPEN:
            set_phase(work, order, "start_packing")
        shipping.tell_order(work, order)


def open_packed(work: Work, order: Order, note: str) -> None:
    """Open every parcel of an order again that is packed and has not left."""
    if shipping.of_order(work.session, order.id, shipping.PACKED):
        for shipment in shipping.of_order(work.session, order.id, shipping.PACKED):
            unseal(work, shipment, note)


def follow(work: Work, order_ids: Collection[int]) -> None:
    """The promises of these orders may have changed: their packed parcels follow.

    An order that was cancelled has none any more, but those that share a parcel with it have.
    """
    order_ids = lineage.together(work.session, *order_ids) if order_ids else []
    begun = boxes.carried(*shipping.LIVE)
    concerned = work.session.scalars(
        select(Order.id).where(
            Order.id.in_(order_ids), Order.phase.in_((phases.OPEN, phases.PACKING)),
            or_(Order.is_picked, begun),
        ).order_by(Order.id)
    ).all() if order_ids else []
    for order_id in concerned:
        order = lock_order(work.session, order_id)
        for shipment in shipping.of_order(work.session, order_id, shipping.PACKED):
            if _holds_more(differences(work.session, shipment).values()):
                unseal(work, shipment, "fewer units are promised")
        shipping.tell_order(work, order)


def _holds_more(changes: Iterable[tuple[int, int]]) -> bool:
    return any(promised < planned for planned, promised in changes)
