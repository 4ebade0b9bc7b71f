"""What waits to go out to channels, as screens and the ways back look at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from oms_web.domain.orders.models import ChannelNotice, Order
from oms_web.domain.orders.outgoing import INVOICE, RECALLED, SHIP, WAITING, Outgoing


def _in_time(now: datetime) -> Any:
    """Waits, or would have left if its channel were not stopped."""
    return (Outgoing.state == WAITING) & or_(
        Outgoing.leaves_at > now,
        exists().where(ChannelNotice.outgoing_id == Outgoing.id, ChannelNotice.state == WAITING,
                       ChannelNotice.due_at.is_not(None)))


def of_order(session: Session, order_id: int, now: datetime) -> Sequence[Outgoing]:
    """What of an order waits to go out, the newest first."""
    return session.scalars(
        select(Outgoing).where(Outgoing.order_id == order_id, _in_time(now))
        .order_by(Outgoing.id.desc()).limit(20)).all()


def newest_of_all(session: Session, order_ids: Collection[int]) -> Outgoing | None:
    """What was decided last about any of these orders, whatever became of it; documents aside."""
    return session.scalar(
        select(Outgoing).where(Outgoing.order_id.in_(order_ids), Outgoing.kind != INVOICE)
        .order_by(Outgoing.id.desc()).limit(1).execution_options(populate_existing=True))


def open_until(session: Session, order_id: int, now: datetime) -> datetime | None:
    """When the last decision about an order can be recalled no more; None when none can be now."""
    return session.scalar(select(func.max(Outgoing.leaves_at)).where(
        Outgoing.state == WAITING, Outgoing.leaves_at > now, _about(order_id)))


def was_recalled(session: Session, order_id: int, at: datetime) -> bool:
    """Whether what was decided about an order at a moment was recalled."""
    return session.scalar(select(Outgoing.id).where(
        Outgoing.state == RECALLED, Outgoing.at == at, _about(order_id)).limit(1)) is not None


def _about(order_id: int) -> ColumnElement[bool]:
    """The departure of a parcel that orders share is decided once for all of them."""
    box = select(Order.together_id).where(Order.id == order_id).scalar_subquery()
    return or_(Outgoing.order_id == order_id, (Outgoing.kind == SHIP) & Outgoing.order_id.in_(
        select(Order.id).where(Order.together_id == box)))


def page(session: Session, now: datetime, size: int, after: tuple[datetime, int] | None = None
         ) -> Sequence[Outgoing]:
    """What waits to go out, what leaves first before the others.

    Args:
        after: the ``leaves_at`` and id of the last one that was seen.
    """
    query = select(Outgoing).where(_in_time(now)).order_by(Outgoing.leaves_at, Outgoing.id)
    if after is not None:
        query = query.where(or_(Outgoing.leaves_at > after[0],
                                (Outgoing.leaves_at == after[0]) & (Outgoing.id > after[1])))
    return session.scalars(query.limit(size)).all()


def newest_of(session: Session, user_id: int, now: datetime) -> Outgoing | None:
    """The last decision of a person that can be recalled still."""
    return session.scalar(
        select(Outgoing)
        .where(Outgoing.state == WAITING, Outgoing.leaves_at > now, Outgoing.undo.is_not(None),
               Outgoing.asked_kind == "user", Outgoing.asked_id == user_id)
        .order_by(Outgoing.id.desc()).limit(1))


def waiting_together(session: Session, token: str, most: int) -> Sequence[Outgoing]:
    """The decisions of one click that wait still, the newest first: the order of the way back."""
    return session.scalars(
        select(Outgoing).where(Outgoing.together == token, Outgoing.state == WAITING,
                               Outgoing.undo.is_not(None))
        .order_by(Outgoing.id.desc()).limit(most)).all()


def count_together(session: Session, token: str) -> tuple[int, list[str]]:
    """How many orders the decisions of one click that can be recalled still are about, and of
    which kinds they are.
    """
    ours = (Outgoing.together == token, Outgoing.state == WAITING, Outgoing.undo.is_not(None))
    orders = session.scalar(select(func.count(Outgoing.order_id.distinct())).where(*ours)) or 0
    kinds = session.scalars(select(Outgoing.kind).where(*ours).distinct()) if orders else ()
    return orders, sorted(kinds)
