"""What is still owed to the seller: by couriers for cash on delivery, by marketplaces for sales.

A courier owes from the day a parcel left; a marketplace is asked about only where its reports are
taken in, and only for orders older than its newest report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.clock import day_bounds
from oms_web.core.paging import Page, counted, seal, unseal_as
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.payments.settling.reports import REFUND, SALE

PAGE = 50
CONNECTORS = {"allegro": "allegro", "amazon": "amazon"}
"""A report's shape -> the connector of the accounts it is about."""


@dataclass(frozen=True, slots=True)
class Owed:
    """An order whose money has not come, or not all. Minor units."""

    order: Order
    expected: int
    settled: int

    @property
    def missing(self) -> int:
        """What is still to come; below zero: too much came."""
        return self.expected - self.settled


def by_couriers(work: Work, after: str | None = None, size: int = PAGE) -> Page[Owed]:
    """Orders with cash on delivery that left and are not paid, the oldest first; what was paid and
    went back since is not owed.

    Raises:
        Invalid: the page token is broken.
    """
    query = _unpaid_by_couriers()
    if after:
        query = query.where(Order.id > unseal_as(after, int)[0])
    rows = work.session.scalars(query.order_by(Order.id).limit(size + 1)).all()
    return Page([Owed(one, one.total, one.paid_total + one.refunded_total) for one in rows[:size]],
                seal(rows[size - 1].id) if len(rows) > size else None)


def _unpaid_by_couriers() -> Select[Order]:
    return select(Order).where(
        Order.payment_kind == "cod", Order.phase.in_((phases.SHIPPED, phases.DONE)),
        Order.paid_total + Order.refunded_total < Order.total)


def by_channels(work: Work, after: str | None = None, size: int = PAGE) -> Page[Owed]:
    """Orders of marketplaces of which another sum was paid out than was paid, the oldest first.

    Raises:
        Invalid: the page token is broken.
    """
    session = work.session
    query = _amiss_by_channels(session)
    if query is None:
        return Page([], None)
    if after:
        query = query.where(Order.id > unseal_as(after, int)[0])
    rows = session.execute(query.order_by(Order.id).limit(size + 1)).all()
    return Page([Owed(order, order.paid_total, int(amount)) for order, amount in rows[:size]],
                seal(rows[size - 1][0].id) if len(rows) > size else None)


def _amiss_by_channels(session: Session) -> Select[Order, int] | None:
    """Orders with what was paid out of them; None while no report was taken in."""
    reach = _reach(session)
    if not reach:
        return None
    settled = _settled()
    return (
        select(Order, func.coalesce(settled.c.amount, 0))
        .outerjoin(settled, settled.c.order_id == Order.id)
        .where(Order.paid_total > 0, Order.phase != phases.CANCELLED,
               or_(*(and_(Order.account_id == account, Order.placed_at < until)
                     for account, until in reach)),
               func.coalesce(settled.c.amount, 0) != Order.paid_total))


def counts(session: Session) -> tuple[int, int]:
    """How many orders couriers owe for, and marketplaces; no further than a badge can say."""
    amiss = _amiss_by_channels(session)
    return (counted(session, _unpaid_by_couriers().with_only_columns(Order.id)),
            counted(session, amiss.with_only_columns(Order.id)) if amiss is not None else 0)


def _settled() -> Subquery:
    return (select(Settlement.order_id, func.sum(case(
        (Settlement.kind.in_((SALE, REFUND)), Settlement.amount), else_=0)).label("amount"))
        .where(Settlement.order_id.is_not(None)).group_by(Settlement.order_id).subquery())


def _reach(session: Session) -> list[tuple[int, datetime]]:
    """(account, until when its orders should have been paid out)."""
    newest = select(
        Settlement.shape, func.max(Settlement.day)).group_by(Settlement.shape)
    until = {CONNECTORS[shape]: day_bounds(day)[0] for shape, day in session.execute(newest)
             if shape in CONNECTORS}
    return [(account, until[connector]) for account, connector in session.execute(
        select(ChannelAccount.id, ChannelAccount.connector)
        .where(ChannelAccount.connector.in_(until)))] if until else []
