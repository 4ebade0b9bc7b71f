"""When the term of a withdrawal began: the day the last of the goods came to the buyer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import Shipment


def at_last(session: Session, order: Order) -> datetime | None:
    """When the last parcel of an order was delivered; None while one is still on its way."""
    rows = session.execute(
        select(Shipment.state, Shipment.delivered_at).where(
            with_goods_of(order.id), Shipment.state.in_(("shipped", "delivered", "undelivered")))
    ).all()
    if rows and all(row.state == "delivered" and row.delivered_at for row in rows):
        return max(row.delivered_at for row in rows)
    return order.closed_at if not rows and order.phase == "done" else None
