"""Why an order cannot be split, joined or given companions now: somebody has its goods in hand."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow, OmsError
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.fulfilment.models import PickTask
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import bookings, boxes
from oms_web.domain.shipping import service as shipping

_PHASE_SAYS = {
    phases.DRAFT: "Order %(number)s is a draft. Confirm it first.",
    phases.PACKING: "Order %(number)s is being packed. Put its parcel aside first.",
    phases.ELSEWHERE: "The channel sends order %(number)s itself.",
    phases.SHIPPED: "Order %(number)s has left already.",
    phases.DONE: "Order %(number)s is delivered already.",
    phases.CANCELLED: "Order %(number)s is cancelled.",
}


def why_fixed(session: Session, order: Order) -> OmsError | None:
    """Why it has to stay as it is; None if nobody has begun with it."""
    if order.phase != phases.OPEN:
        return NotAllowedNow(_PHASE_SAYS[order.phase], phases.allowed(order.phase),
                             number=order.id)
    if order.id in free_among(session, [order.id]):
        return None
    if shipping.of_order(session, order.id, *shipping.LIVE):
        return NotAllowedNow("A parcel of order %(number)s is packed already. Open it, and put it "
                             "aside, first.", number=order.id)
    if bookings.live_before_packing(session, [order.id]) is not None:
        return NotAllowedNow("The label of order %(number)s is bought already, for its goods and "
                             "its money alone. Take it back first.", number=order.id)
    if fulfilment.in_hand(session, order.id):
        return NotAllowedNow("Order %(number)s is being picked, or its goods are in a basket. Take "
                             "it off the pick list first.", number=order.id)
    return None


def free_among(session: Session, order_ids: Collection[int]) -> set[int]:
    """Those of the orders that ``why_fixed`` would let go, in one question."""
    return set(session.scalars(
        select(Order.id).where(
            Order.id.in_(order_ids), Order.phase == phases.OPEN,
            ~boxes.carried(*shipping.LIVE), ~bookings.bought_early(),
            ~fulfilment.taken().where(PickTask.order_id == Order.id).exists())
    )) if order_ids else set()
