"""Nobody paid in time: the goods go back on sale, the order waits until somebody pays."""

from __future__ import annotations

from sqlalchemy import Select, select

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.orders.reserving import KIND, release_lines
from oms_web.domain.stock.models import Reservation


def expire(work: Work, limit: int = 100) -> int:
    """Let go the reservations whose time is over; how many orders that concerned."""
    order_ids = work.session.scalars(_over(work).distinct().limit(limit)).all()
    hours = work.session.scalar(select(Company.payment_hours)) or 72
    unpaid = []
    for order_id in sorted(order_ids):
        orders.lock_order(work.session, order_id)
        if not has_ended(work, order_id):  # somebody paid since we looked, or another clock came
            continue
        unpaid.append(order_id)
        lines = orders.order_lines(work.session, order_id)
        release_lines(work, lines)
        orders.set_hold(work, order_id, Flaw("payment_expired", {"hours": hours}))
        audit.record(work, "orders.expire", "order", order_id)
    orders.refile(work, unpaid)
    return len(unpaid)


def has_ended(work: Work, order_id: int) -> bool:
    """Whether the time of a reservation of this order is over."""
    mine = _over(work).where(OrderLine.order_id == order_id).limit(1)
    return work.session.scalar(mine) is not None


def _over(work: Work) -> Select[int]:
    """The orders with a reservation whose time is over."""
    return (
        select(OrderLine.order_id)
        .join(Reservation, Reservation.demand_id == OrderLine.id)
        .where(Reservation.demand_kind == KIND, Reservation.expires_at <= work.now)
    )
