"""What was sold lately: by single listings, and of single SKUs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import NotNullable, func, select
from sqlalchemy.orm import Session

from oms_web.domain.catalog import composition
from oms_web.domain.channels.buffers import Sales
from oms_web.domain.channels.models import ChannelAccount, Listing
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart

UNITS = OrderLine.quantity - OrderLine.cancelled

ByListing = dict[int | None, Sales]  # None: sold without an offer


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


def sold(
    session: Session, variant_ids: Collection[int], since: datetime
) -> dict[int, ByListing]:
    """Orders and units of SKUs since a moment, also as parts of bundles, per listing."""
    made = composition.bundles_with(session, variant_ids).values()
    bundles = {bundle for some in made for bundle in some}
    found: dict[int, ByListing] = defaultdict(lambda: defaultdict(Sales))
    base = (
        select(NotNullable(OrderLine.variant_id), OrderLine.listing_id,
               func.count(Order.id.distinct()), func.sum(UNITS))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.placed_at >= since, UNITS > 0, Order.phase != "draft")
    )
    whole = base.where(OrderLine.variant_id.in_(variant_ids)).group_by(
        OrderLine.variant_id, OrderLine.listing_id)
    in_bundles = base.with_only_columns(
        OrderLinePart.variant_id, OrderLine.listing_id, func.count(Order.id.distinct()),
        func.sum(UNITS * OrderLinePart.quantity),
    ).join(OrderLinePart, OrderLinePart.line_id == OrderLine.id).where(
        OrderLine.variant_id.in_(bundles), OrderLinePart.variant_id.in_(variant_ids),
    ).group_by(OrderLinePart.variant_id, OrderLine.listing_id)
    for query in (whole, in_bundles) if bundles else (whole,):
        for variant, listing, orders, units in session.execute(query):
            found[variant][listing] += Sales(orders, int(units))
    return found


def first_placed(session: Session, since: datetime) -> datetime | None:
    """When the first order was placed since a moment."""
    return session.scalar(
        select(Order.placed_at).where(Order.placed_at >= since)
        .order_by(Order.placed_at, Order.id).limit(1))


def heard_after_ms(session: Session, besides: int, most: int) -> list[int]:
    """How long after they were placed we heard of the newest orders of all accounts but one.

    What was placed before its account was connected is no measure of how fast we hear.
    """
    rows = session.execute(
        select(Order.placed_at, Order.created_at)
        .join(ChannelAccount, ChannelAccount.id == Order.account_id)
        .where(Order.account_id != besides, Order.placed_at >= ChannelAccount.created_at,
               ChannelAccount.archived_at.is_(None))
        .order_by(Order.id.desc()).limit(most)
    )
    return [max(0, int((heard - placed).total_seconds() * 1000)) for placed, heard in rows]
