"""Looking findings up: a page of orders that have open ones, those of an order, the oldest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from oms_web.core.paging import Page, seal, unseal_as
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.verification.models import Finding

OPEN = Finding.settled_at.is_(None)


def page(session: Session, kind: str, after: str | None, size: int) -> Page[Order]:
    """Orders with open findings, or with one of a kind, in the order of their numbers.

    Raises:
        Invalid: ``after`` is no page token.
    """
    ids = select(Finding.order_id).where(OPEN).distinct().order_by(Finding.order_id)
    if kind:
        ids = ids.where(Finding.kind == kind)
    if after:
        ids = ids.where(Finding.order_id > unseal_as(after, int)[0])
    found = session.scalars(ids.limit(size + 1)).all()
    orders = session.scalars(
        select(Order).where(Order.id.in_(found[:size])).order_by(Order.id)).all()
    return Page(orders, seal(found[size - 1]) if len(found) > size else None)


def of_orders(session: Session, order_ids: Collection[int]) -> Mapping[int, Sequence[Finding]]:
    """The open findings of orders, as they were found."""
    found: dict[int, list[Finding]] = defaultdict(list)
    for row in session.scalars(
        select(Finding).where(OPEN, Finding.order_id.in_(sorted(order_ids))).order_by(Finding.id)
    ):
        found[row.order_id].append(row)
    return found


def orders_of(session: Session, order_ids: Collection[int]) -> dict[int, Order]:
    """Orders by their numbers: those that doubles are doubles of."""
    return {row.id: row for row in session.scalars(
        select(Order).where(Order.id.in_(sorted(order_ids))))} if order_ids else {}


def queued_without(session: Session, most: int = 999) -> int:
    """Orders that stand in the queue of what must be checked for something else than a finding:
    another hold, or an order in the same parcel. Counted up to ``most``.
    """
    bare = select(Order.id).where(
        Order.queue == "verify", ~exists().where(OPEN, Finding.order_id == Order.id)).limit(most)
    return int(session.scalar(select(func.count()).select_from(bare.subquery())) or 0)


def oldest(session: Session, kinds: Collection[str]) -> datetime | None:
    """When the oldest open finding of some kinds was made."""
    return session.scalar(
        select(func.min(Finding.found_at)).where(OPEN, Finding.kind.in_(sorted(kinds))))
