"""On the walk: units are taken from shelves and put back, by the owner of the list."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment import queries, service, walk
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import service as shipping


def take(work: Work, list_id: int, task_ids: Collection[int]) -> bool:
    """Everything that these tasks need is in the baskets; True when that finished the walk.

    Saying it again changes nothing.

    Raises:
        NotAllowedNow: somebody else picks this list.
    """
    made = service.lock_list(work.session, list_id, service.OPEN, service.DONE)
    if made.state == service.DONE:
        return False
    service.own(work, made)
    units = {
        pick.task_id: pick.needed
        for pick in queries.picks(work.session, list_id)
        if pick.task_id in set(task_ids) and pick.left
    }
    service.set_picked(work, list_id, units)
    return finish_when_done(work, made)


def give_back(work: Work, list_id: int, task_ids: Collection[int]) -> None:
    """Taking was a mistake: the units are on the shelf again. A finished walk opens again.

    Raises:
        NotAllowedNow: an order of the finished walk is being packed already, or somebody else
            picks this list.
    """
    made = service.lock_list(work.session, list_id, service.OPEN, service.DONE)
    service.own(work, made)
    if made.state == service.DONE:
        _reopen(work, made)
    service.set_picked(work, list_id, dict.fromkeys(task_ids, 0))


def _reopen(work: Work, made: PickList) -> None:
    found = work.session.scalars(
        select(Order).where(Order.id.in_(
            select(PickTask.order_id).where(PickTask.pick_list_id == made.id)
        )).order_by(Order.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    for order in found:
        if order.phase == phases.PACKING or order.is_packed:
            raise NotAllowedNow("Order %(number)s of this list is being packed already.",
                                number=order.id)
    service.reopen_list(work, made)
    _tell(work, [order.id for order in found])


def scan(
    work: Work, list_id: int, code: str, key: str = "", at: tuple[int, int] | None = None
) -> tuple[walk.Found, bool]:
    """A picker scanned something: one unit of a product is taken, a shelf's label shows it.

    A number of up to three digits that is no code takes so many units at the stop ``at`` (place,
    variant). The same ``key`` again takes nothing and answers the same.

    Returns:
        What the scan meant, and whether the walk is finished by it.

    Raises:
        Invalid: more units than are left at the stop.
        NotAllowedNow: somebody else picks this list.
    """
    key = key or secrets.token_hex(16)
    made = service.lock_list(work.session, list_id)
    stops = queries.stops(work.session, list_id)
    before = service.pick_scan_by_key(work.session, key)
    if before is not None:
        mine = next((stop for stop in stops if stop.variant_id == before.variant_id), None)
        return walk.Found("ok", mine), made.state == service.DONE
    product = catalog.scanned(work.session, code)
    found = walk.match(stops, code, product.id if product else None)
    if made.state != service.OPEN:
        return walk.Found("closed", found.stop), False
    service.own(work, made)
    many = 1
    if found.result == "wrong" and product is None and at is not None:
        many = walk.units(code) or 0
        stop = next((s for s in stops if (s.location_id, s.variant_id) == at and s.left), None)
        if many and stop:
            if many > stop.left:
                raise Invalid("Only %(most)s are left to take here.", "code", most=stop.left)
            found = walk.Found("ok", stop)
    if found.result != "ok" or found.stop is None:
        return found, False
    return _take_some(work, made, found.stop, many, key)


def _take_some(
    work: Work, made: PickList, stop: walk.Stop, many: int, key: str
) -> tuple[walk.Found, bool]:
    shared = walk.share(stop, many)
    service.set_picked(work, made.id, {pick.task_id: pick.picked + some for pick, some in shared})
    service.record_pick_scan(work, made.id, key, stop.variant_id, many)
    now = next(one for one in queries.stops(work.session, made.id)
               if (one.location_id, one.variant_id) == (stop.location_id, stop.variant_id))
    took = tuple((pick.basket, some) for pick, some in shared)
    return walk.Found("ok", now, took), finish_when_done(work, made)


def take_over(work: Work, list_id: int) -> bool:
    """Go on with a list that somebody else picks, or take one that waits; False if it is mine."""
    made = service.lock_list(work.session, list_id, service.OPEN)
    return service.own(work, made, anyway=True)


def leave_out(work: Work, list_id: int, order_id: int) -> None:
    """Take an order, and what travels with it, off a walk; its goods go back to the shelves."""
    made = service.lock_list(work.session, list_id, service.OPEN)
    for one in {order_id, *lineage.together(work.session, order_id)}:
        if service.forget_orders(work, [one], list_id):
            audit.record(work, "picking.leave_out", "pick_list", list_id, order_id=one)
    finish_when_done(work, made)


def put_back(work: Work, list_id: int) -> None:
    """The picker put back what is not needed any more; the walk forgets it."""
    made = service.lock_list(work.session, list_id, service.OPEN)
    service.own(work, made)
    found = queries.picks(work.session, list_id)
    gone = {pick.order_id for pick in found} - {p.order_id for p in found if p.needed}
    service.forget_orders(work, gone, list_id)
    service.set_picked(work, list_id, {
        pick.task_id: pick.needed for pick in found
        if pick.to_put_back and pick.order_id not in gone
    })
    finish_when_done(work, made)


def cancel(work: Work, list_id: int) -> None:
    """Give a walk up; a walk that was given up stays so."""
    made = service.lock_list(work.session, list_id, service.OPEN, service.CANCELLED)
    if made.state == service.OPEN:
        service.cancel_list(work, made)


def finish_when_done(work: Work, made: PickList) -> bool:
    """Close the walk when nothing is left to take or to put back, and tell its orders."""
    found = queries.picks(work.session, made.id)
    if any(pick.left or pick.to_put_back for pick in found):
        return False
    if not found:
        service.cancel_list(work, made)
        return False
    service.finish_list(work, made)
    _tell(work, {pick.order_id for pick in found})
    return True


def _tell(work: Work, order_ids: Collection[int]) -> None:
    for order_id in sorted(order_ids):
        shipping.tell_order(work, orders.lock_order(work.session, order_id))
