"""Why packing must stop: the order was cancelled, held or changed while somebody packs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.orders import filing, phases
from oms_web.domain.orders.models import Hold, Order, OrderLine
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping.models import Shipment

CANCELLED, LEFT, HELD, UNPAID, CHANGED, SHORT = (
    "cancelled", "left", "held", "unpaid", "changed", "short",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``kind`` says what happened; ``hold`` which hold; ``changes`` the units that differ.

    ``changes``: (line, variant) -> (units planned, units promised now).
    """

    kind: str
    hold: str = ""
    changes: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)


def find(session: Session, shipment: Shipment, order: Order) -> Trouble | None:
    """What stands in the way of a parcel, if anything does."""
    if order.phase == phases.CANCELLED:
        return Trouble(CANCELLED)
    if order.phase not in (phases.OPEN, phases.PACKING):
        return Trouble(LEFT)
    hold = session.scalar(
        select(Hold.kind).where(Hold.order_id == order.id, Hold.released_at.is_(None))
        .order_by(Hold.kind != "changed", Hold.id).limit(1)
    )
    if hold is not None:
        return Trouble(HELD, hold)
    if not filing.may_ship(order.payment_state):
        return Trouble(UNPAID)
    changes = replanning.differences(session, shipment)
    if not changes:
        return None
    lost = any(now < before for before, now in changes.values())
    return Trouble(SHORT if lost and _lacks(session, order) else CHANGED, changes=changes)


def _lacks(session: Session, order: Order) -> bool:
    return session.scalar(
        select(OrderLine.id).where(
            OrderLine.order_id == order.id,
            OrderLine.reserved + OrderLine.shipped + OrderLine.cancelled < OrderLine.quantity,
        ).limit(1)
    ) is not None
