"""Why nobody can work on an order now, in words that name the order that is to blame."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.orders import filing, phases
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.service import waits_for

_QUEUE_SAYS = {
    "draft": "This order is a draft.",
    "verify": "This order must be checked first.",
    "unpaid": "This order waits for its payment.",
    "short": "Not all units of this order are reserved.",
    "held": "This order is on hold.",
    "pack": "This order is picked already.",
    "courier": "This order is packed already.",
    "cancelled": "This order was cancelled.",
}
# The same of one that travels with it.
_OTHER_SAYS = {
    "verify": "Order %(number)s, which goes into the same parcel, must be checked first.",
    "unpaid": "Order %(number)s, which goes into the same parcel, waits for its payment.",
    "short": "Order %(number)s, which goes into the same parcel, lacks reserved units.",
    "held": "Order %(number)s, which goes into the same parcel, is on hold.",
}
_LEFT_SAYS = "This order has left or is closed."


def blamed(session: Session, order: Order) -> int | None:
    """The other order in its parcel because of which it waits; None if it waits for itself."""
    if order.together_id is None or order.queue not in _OTHER_SAYS:
        return None
    other = waits_for(session, order)
    return other if other != order.id else None


def refusal(session: Session, order: Order) -> NotAllowedNow:
    """What to tell somebody who wants to work on an order that stands in another queue."""
    other = blamed(session, order)
    if other is not None:
        return NotAllowedNow(_OTHER_SAYS[order.queue], number=other)
    return NotAllowedNow(_QUEUE_SAYS.get(order.queue, _LEFT_SAYS))


def check_leaves(session: Session, order: Order, asked: int) -> None:
    """Refuse an order that may not leave.

    Args:
        asked: the order somebody wants to send; one in its parcel is named by its number.

    Raises:
        NotAllowedNow: it is cancelled, has left, is held or not paid.
    """
    mine = order.id == asked
    if order.phase == phases.CANCELLED:
        raise NotAllowedNow("This order was cancelled. Take its goods out of the parcel.") \
            if mine else NotAllowedNow(
                "Order %(number)s was cancelled. Take its goods out of the parcel.",
                number=order.id)
    if order.phase not in (phases.OPEN, phases.PACKING):
        raise NotAllowedNow(_LEFT_SAYS, phases.allowed(order.phase))
    held = session.scalars(
        select(Hold.kind).where(Hold.order_id == order.id, Hold.released_at.is_(None))).all()
    is_paid = filing.may_ship(order.payment_state)
    if not held and is_paid:
        return
    if mine and held:
        raise NotAllowedNow("This order is held. Release it first, then it can leave.")
    if mine:
        raise NotAllowedNow("This order is not paid, so it cannot leave.")
    why = "held" if "manual" in held else "verify" if held else "unpaid"
    raise NotAllowedNow(_OTHER_SAYS[why], number=order.id)
