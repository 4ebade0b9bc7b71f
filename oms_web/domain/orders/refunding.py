"""Money of a purchase that will not be delivered has to go back: its orders say so until it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from oms_web.core.money import from_minor
from oms_web.core.work import Work
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.service import release_holds, set_hold

REFUND = "refund"


def due() -> ColumnElement[bool]:
    """Whether money of an order waits to go back, as part of a statement about orders."""
    return exists().where(Hold.order_id == Order.id, Hold.kind == REFUND,
                          Hold.released_at.is_(None))


def is_due(session: Session, order_id: int) -> bool:
    """Whether money of this order waits to go back."""
    return bool(session.scalar(select(due()).where(Order.id == order_id)))


def flaws(row: Mapping[str, Any]) -> list[Flaw]:
    """Why an order that came in cancelled waits: its money has to go back, if any was paid."""
    return [_flaw(row["paid_total"], row["currency"])] if row["paid_total"] > 0 else []


def _flaw(paid: int, currency: str) -> Flaw:
    return Flaw(REFUND, {"amount": f"{from_minor(paid, currency)} {currency}"})


def judge(work: Work, order: Order) -> None:
    """Hold what was paid for a purchase that is cancelled as a whole; let go what is settled.

    It does not matter which came first, the money or the cancellation. Said of the order at which
    the money was recorded; of a purchase that goes on in part, the rest is paid with it.
    """
    family = lineage.purchase(work.session, order)
    is_over = all(one.phase == phases.CANCELLED for one in family)
    for one in family:
        if is_over and one.paid_total > 0:
            set_hold(work, one.id, _flaw(one.paid_total, one.currency))
        else:
            release_holds(work, one.id, [REFUND])
