"""Units became free: give them to the orders that wait for them, the most urgent first."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from oms_web.core.work import Work
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Hold, Order, OrderLine, OrderLinePart
from oms_web.domain.orders.reserving import reserve_orders


def fill(work: Work, variant_ids: Collection[int], limit: int = 500) -> set[int]:
    """Reserve for waiting orders; returns those that got something.

    Orders whose payment time ran out wait for their money, not for units.
    """
    ids = sorted(variant_ids)
    in_bundle = select(OrderLinePart.line_id).where(OrderLinePart.variant_id.in_(ids))
    expired = select(Hold.order_id).where(
        Hold.kind == "payment_expired", Hold.released_at.is_(None)
    )
    waiting = work.session.scalars(
        select(Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(
            Order.phase.in_((phases.OPEN, phases.PACKING)),
            or_(OrderLine.variant_id.in_(ids), OrderLine.id.in_(in_bundle)),
            OrderLine.reserved + OrderLine.shipped + OrderLine.cancelled < OrderLine.quantity,
            Order.id.not_in(expired),
        )
        .group_by(Order.id, Order.ship_by)
        .order_by(Order.ship_by.is_(None), Order.ship_by, Order.id)
        .limit(limit)
    ).all()
    return reserve_orders(work, waiting) if waiting else set()
