"""What couriers charged, looked up: pages of a verdict, counts, and what orders really cost."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.paging import Page, seal, unseal_as
from oms_web.domain.payments.courier import bills
from oms_web.domain.payments.courier.models import CourierCharge

PAGE = 50
VIEWS = {"odd": (bills.DEARER, bills.HEAVIER, bills.TWICE), "strangers": (bills.STRANGER,),
         "agreed": (bills.AGREED,)}


def page(session: Session, view: str, after: str | None = None, size: int = PAGE
         ) -> Page[CourierCharge]:
    """Charges of a view, the newest first.

    Raises:
        Invalid: the page token is broken.
    """
    query = select(CourierCharge).where(CourierCharge.verdict.in_(VIEWS[view]))
    if after:
        query = query.where(CourierCharge.id < unseal_as(after, int)[0])
    rows = session.scalars(query.order_by(CourierCharge.id.desc()).limit(size + 1)).all()
    return Page(rows[:size], seal(rows[size - 1].id) if len(rows) > size else None)


def too_much(session: Session) -> dict[str, int]:
    """Currency -> what was charged beyond what was booked, and what was charged twice."""
    beyond = dict(session.execute(
        select(CourierCharge.currency, func.sum(CourierCharge.amount - CourierCharge.booked))
        .where(CourierCharge.verdict.in_((bills.DEARER, bills.HEAVIER)),
               CourierCharge.booked.is_not(None)).group_by(CourierCharge.currency)).all())
    twice = session.execute(
        select(CourierCharge.currency, func.sum(CourierCharge.amount))
        .where(CourierCharge.verdict == bills.TWICE).group_by(CourierCharge.currency))
    for currency, amount in twice:
        beyond[currency] = beyond.get(currency, 0) + int(amount)
    return {currency: int(amount) for currency, amount in beyond.items() if amount}
