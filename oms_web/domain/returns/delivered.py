"""When the term of a withdrawal began: the day the last of the goods came to the buyer.

Of goods of one contract that come in parts it is the last part that counts (ustawa o prawach
konsumenta, art. 28 pkt 1 lit. a), also where the purchase was split into several orders of ours.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import Shipment


def at_last(session: Session, order: Order) -> datetime | None:
    """When the last parcel of a purchase was delivered; None while something of it is still to be
    sent or on its way.
    """
    family = [one for one in lineage.purchase(session, order) if one.phase != phases.CANCELLED]
    if not family or any(one.phase not in (phases.SHIPPED, phases.DONE) for one in family):
        return None
    rows = session.execute(
        select(Shipment.state, Shipment.delivered_at).where(
            or_(*(with_goods_of(one.id) for one in family)),
            Shipment.state.in_(("shipped", "delivered", "undelivered")))
    ).all()
    if rows and all(row.state == "delivered" and row.delivered_at for row in rows):
        return max(row.delivered_at for row in rows)
    return order.closed_at if not rows and order.phase == phases.DONE else None
