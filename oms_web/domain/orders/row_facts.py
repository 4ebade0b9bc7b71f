"""What the columns of the list say that its rows do not carry: one statement a column, never a row.

Each function takes the orders of a page and answers order -> what to show; orders that have
nothing are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders import refunding
from oms_web.domain.orders.models import (
    ChannelOrder,
    Note,
    Order,
    OrderLine,
    OrderLink,
)
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.stock.models import Location, Reservation, Warehouse


@dataclass(frozen=True, slots=True)
class Plain:
    """Columns of the order itself. ``weight_g``: as somebody said it, in grams. ``refund``: money
    of it waits to go back."""

    payment_state: str
    refund: bool
    payment_method: str
    delivery_method: str
    pickup_point: str
    units: int
    weight_g: int | None
    buyer_note: str


@dataclass(frozen=True, slots=True)
class Said:
    """The newest note of an order, and how many there are."""

    text: str
    author: str
    count: int


def plain(session: Session, ids: Sequence[int]) -> dict[int, Plain]:
    """What stands on the order, but not in its row."""
    return {row.id: Plain(*row[1:]) for row in session.execute(
        select(Order.id, Order.payment_state, refunding.due(), Order.payment_method,
               Order.delivery_method, Order.pickup_point, Order.units, Order.weight_g,
               Order.buyer_note)
        .where(Order.id.in_(ids)))}


def warehouses(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """The warehouses that the units of an order are promised from, the first in rank first."""
    found: dict[int, list[str]] = defaultdict(list)
    for order_id, name in session.execute(
        select(OrderLine.order_id, Warehouse.name)
        .join(Reservation, Reservation.demand_id == OrderLine.id)
        .join(Location, Location.id == Reservation.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(OrderLine.order_id.in_(ids), Reservation.demand_kind == KIND)
        .group_by(OrderLine.order_id, Warehouse.id, Warehouse.name, Warehouse.rank)
        .order_by(Warehouse.rank, Warehouse.id)
    ):
        found[order_id].append(name)
    return found


def channel_statuses(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """How the channel calls where an order stands; several purchases are said one after another."""
    found: dict[int, list[str]] = defaultdict(list)
    for order_id, status in session.execute(
        select(OrderLink.order_id, ChannelOrder.raw_status)
        .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
        .where(OrderLink.order_id.in_(ids), ChannelOrder.superseded_by.is_(None),
               ChannelOrder.raw_status != "")
        .order_by(OrderLink.channel_order_id)
    ):
        if status not in found[order_id]:
            found[order_id].append(status)
    return {order_id: ", ".join(said) for order_id, said in found.items()}


def notes(session: Session, ids: Sequence[int]) -> dict[int, Said]:
    """The newest note of each order."""
    newest = (
        select(func.max(Note.id).label("id"), func.count().label("count"))
        .where(Note.order_id.in_(ids)).group_by(Note.order_id).subquery()
    )
    found = session.execute(
        select(Note.order_id, Note.text, Note.author, newest.c.count)
        .join(newest, newest.c.id == Note.id))
    return {order_id: Said(text, author, count) for order_id, text, author, count in found}


def goods_weights(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """What the goods of an order weigh in grams, for those whose every product has a weight."""
    units = OrderLine.quantity - OrderLine.cancelled
    return {order_id: int(grams) for order_id, grams, known, lines in session.execute(
        select(OrderLine.order_id, func.sum(units * Variant.weight_g),
               func.count(Variant.weight_g), func.count())
        .outerjoin(Variant, Variant.id == OrderLine.variant_id)
        .where(OrderLine.order_id.in_(ids)).group_by(OrderLine.order_id)
    ) if known == lines and grams}
