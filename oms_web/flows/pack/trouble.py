"""Why packing must stop: the order was cancelled, held or changed while somebody packs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.orders import filing, phases
from oms_web.domain.orders.models import Hold, Order, OrderLine
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping import service as shipping
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


def find(session: Session, shipment: Shipment) -> Trouble | None:
    """What stands in the way of a parcel, if anything does.

    Of several orders in it each can stop it; one that was cancelled only has to come out of it.
    """
    mine = list(session.scalars(
        select(Order).where(Order.id.in_(shipping.owners(session, shipment)))))
    going = [order for order in mine if order.phase in (phases.OPEN, phases.PACKING)]
    if not going:
        cancelled = any(order.phase == phases.CANCELLED for order in mine)
        return Trouble(CANCELLED if cancelled else LEFT)
    hold = session.scalar(
        select(Hold.kind)
        .where(Hold.order_id.in_([order.id for order in going]), Hold.released_at.is_(None))
        .order_by(Hold.kind != "changed", Hold.id).limit(1)
    )
    if hold is not None:
        return Trouble(HELD, hold)
    if not all(filing.may_ship(order.payment_state) for order in going):
        return Trouble(UNPAID)
    changes = replanning.differences(session, shipment)
    if not changes:
        return None
    lost = any(now < before for before, now in changes.values())
    return Trouble(SHORT if lost and _lacks(session, going) else CHANGED, changes=changes)


def _lacks(session: Session, going: Sequence[Order]) -> bool:
    return session.scalar(
        select(OrderLine.id).where(
            OrderLine.order_id.in_([order.id for order in going]),
            OrderLine.reserved + OrderLine.shipped + OrderLine.cancelled < OrderLine.quantity,
        ).limit(1)
    ) is not None
