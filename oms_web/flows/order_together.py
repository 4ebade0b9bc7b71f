"""Orders of one buyer go into one parcel, whatever channels they came by, and apart again.

They stay the orders that were bought: each keeps its money, its documents and its channel, which is
told the tracking number of the parcel and its own units.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import lineage, parting
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.travelling import put_together, take_out
from oms_web.domain.shipping.fixed import free_among, why_fixed


def candidates(session: Session, order: Order) -> list[Order]:
    """The orders that could go into the same parcel as this one, right now."""
    found = lineage.candidates(session, order)
    free = free_among(session, [order.id, *(one.id for one in found)]) if found else set()
    if order.id not in free:
        return []
    found = [one for one in found if one.id in free]
    if order.together_id is not None:  # who travels with others already cannot go with these, too
        found = [one for one in found if one.together_id is None]
    return found


def join(work: Work, order_ids: Collection[int]) -> list[int]:
    """Let orders travel in one parcel; those that were not with the others before.

    Raises:
        Invalid: less than two orders, or more than fit a parcel.
        NotAllowedNow: one of them cannot go, or two of them not together, with the reason.
    """
    session = work.session
    ids = sorted({*order_ids, *lineage.together(session, *order_ids)})
    if len(ids) < 2:
        raise Invalid("Choose at least two orders.", "order")
    if len(ids) > lineage.MOST_TOGETHER:
        raise Invalid("At most %(n)s orders go into one parcel.", "order", n=lineage.MOST_TOGETHER)
    mine = [one for one in orders.lock_orders(session, ids) if one.id in ids]
    for order in mine:
        refusal = why_fixed(session, order)
        if refusal is not None:
            raise refusal
        different = parting.apart(lineage.bound(mine[0]), lineage.bound(order))
        if different:
            raise NotAllowedNow(different)
    return put_together(work, mine)


def join_buyers(work: Work, order_id: int, among: Collection[int] = ()) -> list[int]:
    """Let an order travel with all that could go with it; those that were not with it before.

    Args:
        among: only these; if none are named, all of the buyer.
    """
    order = orders.lock_order(work.session, order_id)
    found = [one for one in candidates(work.session, order) if not among or one.id in among]
    taken, box = [order_id], None
    for one in found:  # two that travel apart cannot both be joined: the first one is
        if one.together_id is None or box in (None, one.together_id):
            box = one.together_id or box
            taken.append(one.id)
    return join(work, taken) if len(taken) > 1 else []


def leave(work: Work, order_ids: Collection[int]) -> list[int]:
    """Take orders out of the parcel they were to share; those that were in one.

    Raises:
        NotAllowedNow: goods of one of them are picked or packed already, or it has left.
    """
    session = work.session
    left = []
    orders.lock_orders(session, order_ids)
    for order_id in sorted(set(order_ids)):
        order = orders.get_order(session, order_id)
        if order.together_id is None:
            continue
        for one in {order_id, *lineage.together(session, order_id)}:
            refusal = why_fixed(session, orders.get_order(session, one))
            if refusal is not None:
                raise refusal
        take_out(work, order)
        left.append(order_id)
    return left
