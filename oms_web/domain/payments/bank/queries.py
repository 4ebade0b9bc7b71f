"""Lists of statement lines for screens."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.paging import Page, counted, seal, unseal_as
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.bank.models import OFFERED, UNKNOWN, BankEntry

PAGE = 50


def page(session: Session, state: str, after: str | None, size: int = PAGE) -> Page[BankEntry]:
    """Lines in a state, the newest first.

    Raises:
        Invalid: the page token is broken.
    """
    query = select(BankEntry).where(BankEntry.state == state)
    if after:
        query = query.where(BankEntry.id < unseal_as(after, int)[0])
    rows = session.scalars(query.order_by(BankEntry.id.desc()).limit(size + 1)).all()
    return Page(rows[:size], seal(rows[size - 1].id) if len(rows) > size else None)


def counts(session: Session) -> dict[str, int]:
    """How many lines wait for a person; no further than a badge can say."""
    return {state: counted(session, select(BankEntry.id).where(BankEntry.state == state))
            for state in (OFFERED, UNKNOWN)}


def orders_of(session: Session, entries: Collection[BankEntry]) -> Mapping[int, Order]:
    """The orders that lines are booked to or may be meant for; one statement."""
    ids = {one["order"] for entry in entries for one in entry.matches} | {
        entry.order_id for entry in entries if entry.order_id}
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Order).where(Order.id.in_(ids)))}
