"""Picking: orders go on a walk, units are taken from shelves, what a shelf lacks is decided."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment import losses, queries, service, walk
from oms_web.domain.fulfilment.losses import Loss
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.fulfilment.service import Errand
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import service as shipping
from oms_web.domain.stock.models import COUNT, Location

ELSEWHERE, CORRECT, LATER = "elsewhere", "correct", "later"
DECISIONS = (ELSEWHERE, CORRECT, LATER)

# Why an order in another queue cannot be picked.
_QUEUE_SAYS = {
    "draft": "This order is a draft.",
    "verify": "This order must be checked first.",
    "unpaid": "This order waits for its payment.",
    "short": "Not all units of this order are reserved.",
    "held": "This order is on hold.",
    "pack": "This order is picked already.",
    "courier": "This order is packed already.",
}
_LEFT_SAYS = "This order has left or is closed."


@dataclass(slots=True)
class Started:
    """The list that was made (None when no order could go on it), and who was refused and why."""

    list_id: int | None = None
    orders: list[int] = field(default_factory=list)
    refused: list[tuple[int, OmsError]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shortage:
    """What became of a shortage: orders served from other shelves, orders that now lack units."""

    instead: tuple[tuple[int, str, int], ...] = ()  # (order, bin, units)
    short: tuple[int, ...] = ()
    later: tuple[int, ...] = ()


def start(work: Work, warehouse_id: int, order_ids: Sequence[int]) -> Started:
    """Put orders on a new walk through a warehouse; those that cannot go are said, not dropped.

    What travels with an order is picked with it, into the same basket.

    Raises:
        Invalid: no order, or more than one walk can hold.
    """
    wanted = list(dict.fromkeys(order_ids))
    if not wanted:
        raise Invalid("Choose at least one order.", "order")
    wanted = [*wanted, *sorted(set(lineage.together(work.session, *wanted)).difference(wanted))]
    if len(wanted) > service.MOST_ORDERS:
        raise Invalid("A pick list has at most %(most)s orders.", "order", most=service.MOST_ORDERS)
    found = {
        order.id: order for order in work.session.scalars(
            select(Order).where(Order.id.in_(wanted)).order_by(Order.id).with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    made = Started()
    errands = _errands(work, warehouse_id, wanted, found, made)
    if errands:
        boxes = {one.id: one.together_id for one in found.values() if one.together_id is not None}
        made.list_id = service.make_list(work, warehouse_id, errands, boxes).id
    return made


def _errands(
    work: Work, warehouse_id: int, wanted: list[int], found: dict[int, Order], made: Started
) -> list[Errand]:
    listed = service.on_open_lists(work.session, wanted, warehouse_id)
    errands: list[Errand] = []
    for order_id in wanted:
        refusal = _refusal(found.get(order_id), listed.get(order_id))
        mine = [] if refusal else [
            Errand(order_id, part.line_id, part.variant_id, part.location_id, part.quantity)
            for parts in shipping.open_parts(work.session, order_id).values() for part in parts
        ]
        mine = _in_warehouse(work, warehouse_id, mine)
        if not refusal and not mine:
            refusal = NotAllowedNow("Nothing of this order lies in this warehouse.")
        if refusal:
            made.refused.append((order_id, refusal))
        else:
            made.orders.append(order_id)
            errands += mine
    return errands


def _refusal(order: Order | None, list_id: int | None) -> OmsError | None:
    if order is None:
        return NotAllowedNow("There is no such order.")
    if order.queue != "pick":
        return NotAllowedNow(_QUEUE_SAYS.get(order.queue, _LEFT_SAYS))
    if list_id is not None:
        return NotAllowedNow("This order is on pick list %(list)s already.", list=list_id)
    return None


def _in_warehouse(work: Work, warehouse_id: int, errands: list[Errand]) -> list[Errand]:
    places = set(work.session.scalars(
        select(Location.id).where(Location.id.in_({e.location_id for e in errands}),
                                  Location.warehouse_id == warehouse_id)
    )) if errands else set()
    return [errand for errand in errands if errand.location_id in places]


def take(work: Work, list_id: int, task_ids: Collection[int]) -> bool:
    """Everything that these tasks need is in the baskets; True when that finished the walk.

    Saying it again changes nothing.
    """
    made = service.lock_list(work.session, list_id, service.OPEN, service.DONE)
    if made.state == service.DONE:
        return False
    units = {
        pick.task_id: pick.needed
        for pick in queries.picks(work.session, list_id)
        if pick.task_id in set(task_ids) and pick.left
    }
    service.set_picked(work, list_id, units)
    if units and made.assigned_to is None:
        made.assigned_to = work.actor.id
    return finish_when_done(work, made)


def give_back(work: Work, list_id: int, task_ids: Collection[int]) -> None:
    """Taking was a mistake: the units are on the shelf again. A finished walk opens again.

    Raises:
        NotAllowedNow: an order of the finished walk is being packed already.
    """
    made = service.lock_list(work.session, list_id, service.OPEN, service.DONE)
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
    if made.assigned_to is None:
        made.assigned_to = work.actor.id
    now = next(one for one in queries.stops(work.session, made.id)
               if (one.location_id, one.variant_id) == (stop.location_id, stop.variant_id))
    took = tuple((pick.basket, some) for pick, some in shared)
    return walk.Found("ok", now, took), finish_when_done(work, made)


def report_short(
    work: Work, list_id: int, task_ids: Collection[int], missing: int, decision: str
) -> Shortage:
    """A shelf has ``missing`` units fewer than these tasks need; the rest of them is taken.

    ``elsewhere``: they are there but cannot be reached; other shelves serve instead.
    ``correct``: they are not there; stock is corrected, other shelves serve as far as they can,
    and who still lacks units waits for them. ``later``: nothing is decided, the orders concerned
    leave this walk and keep their reservation. The last baskets lack first: they are least urgent.

    Raises:
        Invalid: no such decision, or no such number of units.
        NotAllowedNow: ``elsewhere``, and no other shelf has enough.
    """
    if decision not in DECISIONS:
        raise Invalid("Choose what to do.", "decision")
    made = service.lock_list(work.session, list_id, service.OPEN)
    chosen = set(task_ids)
    mine = [pick for pick in queries.picks(work.session, list_id)
            if pick.task_id in chosen and pick.left]
    mine.sort(key=lambda pick: (pick.basket, pick.task_id))
    left = sum(pick.left for pick in mine)
    if not mine:
        return Shortage()
    if not 0 < missing <= left:
        raise Invalid("Between 1 and %(most)s units can be missing here.", "missing", most=left)
    lacking: list[tuple[walk.Pick, int]] = []
    taken: dict[int, int] = {}
    for pick in reversed(mine):
        some = min(missing, pick.left)
        missing -= some
        if some:
            lacking.append((pick, some))
        taken[pick.task_id] = pick.picked + pick.left - some
    service.set_picked(work, list_id, taken)
    return _decide(work, made, lacking, decision)


def _decide(
    work: Work, made: PickList, lacking: list[tuple[walk.Pick, int]], decision: str
) -> Shortage:
    if decision == LATER:
        later = tuple(sorted({pick.order_id for pick, _ in lacking}))
        for order_id in later:
            leave_out(work, made.id, order_id)
        return Shortage(later=later)
    instead: list[tuple[int, str, int]] = []
    short: set[int] = set()
    for pick, units in lacking:
        outcome = _lose(work, pick, units, decision)
        instead += _send_elsewhere(work, made, pick, units, outcome)
        if outcome.lost:
            short.add(pick.order_id)
    finish_when_done(work, made)
    return Shortage(tuple(instead), tuple(sorted(short)))


def _lose(work: Work, pick: walk.Pick, units: int, decision: str) -> losses.Outcome:
    task = work.session.get_one(PickTask, pick.task_id)
    return losses.lose(work, Loss(
        order=orders.lock_order(work.session, pick.order_id),
        line=work.session.get_one(OrderLine, task.line_id),
        variant_id=pick.variant_id, location_id=pick.location_id, units=units,
        to=COUNT if decision == CORRECT else None, reason="correction",
        cause=f"pick:{pick.task_id}:{secrets.token_hex(6)}",
        note=f"{pick.bin}: missing while picking" if decision == CORRECT
        else f"{pick.bin}: could not be reached",
    ), all_or_nothing=decision == ELSEWHERE)


def _send_elsewhere(
    work: Work, made: PickList, pick: walk.Pick, units: int, outcome: losses.Outcome
) -> list[tuple[int, str, int]]:
    """The task shrinks by what is not there; other shelves of this warehouse join the walk."""
    session = work.session
    task = session.get_one(PickTask, pick.task_id)
    places = {
        place.id: place for place in session.scalars(
            select(Location).where(Location.id.in_([place for place, _ in outcome.instead]))
        )
    }
    errands = [
        Errand(pick.order_id, task.line_id, pick.variant_id, place, some)
        for place, some in outcome.instead if places[place].warehouse_id == made.warehouse_id
    ]
    task.short = min(task.quantity - task.picked, task.short + units)
    session.flush()
    service.add_errands(work, made, errands, {pick.order_id: pick.basket})
    return [(pick.order_id, places[place].code, some) for place, some in outcome.instead]


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
