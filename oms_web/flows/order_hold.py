"""An order is held by a person, and let go again by one, or by itself on the day that was named."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Hold

MANUAL = "manual"
MAX_REASON = 300


def hold(work: Work, order_id: int, reason: str, until: datetime | None = None) -> None:
    """Keep an order from being packed and shipped; its goods stay reserved.

    Held again, it takes the new reason and day.

    Raises:
        Invalid: no reason, or a day that has passed.
        NotAllowedNow: it has left or is closed.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid("Say why it waits.", "reason")
    if until is not None and until <= work.now:
        raise Invalid("This moment has passed.", "until")
    order = orders.lock_order(work.session, order_id)
    if order.phase not in phases.HERE:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    held = orders.set_hold(work, order_id, Flaw(MANUAL, {"reason": reason[:MAX_REASON]}))
    held.until = until
    orders.refile(work, [order_id])


def release(work: Work, order_id: int) -> bool:
    """Let an order go on that a person held; False when none did.

    Holds of other kinds stay: each is freed by what its own box says.
    """
    orders.lock_order(work.session, order_id)
    if not orders.release_holds(work, order_id, [MANUAL]):
        return False
    orders.refile(work, [order_id])
    return True


def due(work: Work, limit: int = 200) -> list[int]:
    """Held orders whose day has come."""
    return list(work.session.scalars(
        _ended(work).order_by(Hold.order_id).limit(limit)
    ))


def _ended(work: Work) -> Select[int]:
    return select(Hold.order_id).where(
        Hold.kind == MANUAL, Hold.released_at.is_(None), Hold.until <= work.now)


def release_due(work: Work) -> int:
    """Let go every order whose day has come; how many that were."""
    freed = 0
    for order_id in due(work):
        orders.lock_order(work.session, order_id)
        # Somebody may have named a later day since we looked.
        if work.session.scalar(_ended(work).where(Hold.order_id == order_id)) is not None:
            freed += release(work, order_id)
    return freed
