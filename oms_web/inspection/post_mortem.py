"""What happened when a channel sold units that were not there: told from ledger and journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.domain.channels.models import ChannelAccount, Listing, Publication
from oms_web.domain.channels.oversell import Taking, Value, Verdict, judge
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from oms_web.domain.stock.models import Location, Move

# How long before the purchase something may have happened that matters.
BEFORE = timedelta(hours=24)
MOST = 20
HOLDING = ("bin", "transit")


@dataclass(frozen=True, slots=True)
class PostMortem:
    """One line of an order that came up short, with everything that led to it, oldest first."""

    order: Order
    line: OrderLine
    account: ChannelAccount | None
    missing: int
    verdict: Verdict
    values: Sequence[Value]
    takings: Sequence[Taking]


def of_line(session: Session, order_id: int, line_id: int) -> PostMortem:
    """Why a line lacks units.

    Raises:
        NotFound: there is no such line, or it lacks nothing.
    """
    order, line = session.get(Order, order_id), session.get(OrderLine, line_id)
    if order is None or line is None or line.order_id != order_id or line.variant_id is None:
        raise NotFound("There is no such line.")
    missing = line.quantity - line.cancelled - line.shipped - line.reserved
    if missing <= 0:
        raise NotFound("Nothing is missing of this line.")
    listing = session.get(Listing, line.listing_id) if line.listing_id else None
    account = session.get(ChannelAccount, order.account_id) if order.account_id else None
    values = _values(session, listing, order) if listing else []
    since = max((value.wanted_at for value in values
                 if value.answered_at <= order.placed_at and value.outcome == "applied"),
                default=order.placed_at - BEFORE)
    takings = _takings(session, line, since, order)
    verdict = judge(
        publishes=bool(listing and account and account.publish_stock),
        placed_at=order.placed_at, arrived_at=order.created_at,
        units=line.quantity - line.cancelled, missing=missing, values=values, takings=takings,
    )
    return PostMortem(order, line, account, missing, verdict, values, takings)


def _values(session: Session, listing: Listing, order: Order) -> list[Value]:
    rows = session.scalars(
        select(Publication)
        .where(Publication.listing_id == listing.id, Publication.at <= order.created_at + BEFORE)
        .order_by(Publication.id.desc()).limit(MOST)
    ).all()
    return [
        Value(row.desired_at or row.at, row.at, row.quantity, row.outcome)
        for row in reversed(rows)
    ]


def _takings(
    session: Session, line: OrderLine, since: datetime, order: Order
) -> list[Taking]:
    """Who else took units of what the line is made of, until we heard of the order."""
    parts = list(session.scalars(
        select(OrderLinePart.variant_id).where(OrderLinePart.line_id == line.id)))
    variants = parts or ([] if line.variant_id is None else [line.variant_id])
    made_of = select(OrderLinePart.line_id).where(OrderLinePart.variant_id.in_(variants))
    others = session.execute(
        select(Order.id, Order.account_id, Order.created_at, OrderLine.quantity)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(OrderLine.variant_id.in_(variants) | OrderLine.id.in_(made_of),
               Order.id != order.id, Order.created_at > since,
               Order.created_at <= order.created_at,
               OrderLine.reserved + OrderLine.shipped > 0)
        .order_by(Order.created_at).limit(MOST)
    )
    lost = session.execute(
        select(Move.at, Move.quantity)
        .where(Move.variant_id.in_(variants), Move.at > since, Move.at <= order.created_at,
               Move.order_id.is_(None), Move.reason != "transfer",
               Move.to_id.in_(select(Location.id).where(Location.kind.not_in(HOLDING))))
        .order_by(Move.id).limit(MOST)
    )
    found = [Taking(at, units, "order", id_, account) for id_, account, at, units in others]
    found += [Taking(at, units, "lost") for at, units in lost]
    return sorted(found, key=lambda taking: taking.at)
