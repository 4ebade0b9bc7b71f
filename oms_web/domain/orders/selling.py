"""What was sold lately: by single listings, and of single SKUs."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.channels.models import Listing
from oms_web.domain.orders.models import Order, OrderLine

UNITS = OrderLine.quantity - OrderLine.cancelled


def since_set_aside(session: Session, listing_ids: Collection[int]) -> dict[int, int]:
    """Units that listings sold since units were set aside for them; what was cancelled is not."""
    rows = session.execute(
        select(Listing.id, func.sum(UNITS))
        .join(OrderLine, OrderLine.listing_id == Listing.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Listing.id.in_(listing_ids), Listing.set_aside > 0,
               Order.created_at >= Listing.set_aside_at)
        .group_by(Listing.id)
    )
    return {listing: int(units) for listing, units in rows}
