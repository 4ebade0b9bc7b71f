"""Orders get into one parcel and out of it; what that parcel is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage, parting, phases
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import refile


def put_together(work: Work, mine: Sequence[Order]) -> list[int]:
    """Let open orders travel in one parcel; those that were not with the others before.

    Raises:
        NotAllowedNow: they travel in two parcels already.
    """
    session = work.session
    boxes = {order.together_id for order in mine if order.together_id is not None
             and len(lineage.together(session, order.id)) > 1}
    if len(boxes) > 1:
        raise NotAllowedNow("They travel in two parcels. Take the orders out of one of them first.")
    box = next(iter(boxes), None) or _fresh(session, mine)
    came = [order for order in mine if order.together_id != box]
    for order in came:
        order.together_id = box
    numbers = ", ".join(str(order.id) for order in mine)
    for order in came:
        audit.record(work, "orders.together", "order", order.id, {"orders": [None, numbers]})
    refile(work, [order.id for order in mine])
    return [order.id for order in came]


def _fresh(session: Session, mine: Sequence[Order]) -> int:
    """A name for a parcel: the number of one of its orders, unless another parcel has that name."""
    ids = [order.id for order in mine]
    used = set(session.scalars(select(Order.together_id).where(
        Order.together_id.in_(ids), Order.id.not_in(ids))))
    free = [order_id for order_id in sorted(ids) if order_id not in used]
    if not free:
        raise NotAllowedNow("These orders cannot go together any more.")
    return free[0]


def take_out(work: Work, order: Order, why: str = "") -> None:
    """Let an open order travel by itself; one that is left alone by that does so, too."""
    rest = [one for one in lineage.companions(work.session, order)
            if one.phase in lineage.MOVING]
    box, order.together_id = order.together_id, None
    audit.record(work, "orders.apart", "order", order.id, {
        "orders": [", ".join(str(one.id) for one in rest) or None, None]}, note=why or None)
    work.session.flush()
    if len(rest) == 1:
        rest[0].together_id = None
        audit.record(work, "orders.apart", "order", rest[0].id, {"orders": [str(order.id), None]},
                     note=why or None)
    elif box == order.id:  # the parcel was named after the one that leaves
        for one in rest:
            one.together_id = rest[0].id
    refile(work, [order.id, *(one.id for one in rest)])


def part_ways(work: Work, order: Order) -> bool:
    """Let an order travel by itself whose address is not that of the others any more."""
    if order.together_id is None or order.phase != phases.OPEN:
        return False
    for one in lineage.companions(work.session, order):
        if one.phase in lineage.MOVING:
            why = parting.apart(_address(order), _address(one))
            if why:
                take_out(work, order, why)
                return True
    return False


def _address(order: Order) -> parting.Bound:
    return replace(lineage.bound(order), carrier="")
