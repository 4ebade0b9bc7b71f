"""A shelf has too few: other shelves serve, the order waits, or what is lacking is cancelled."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from oms_web.core.errors import Invalid
from oms_web.core.work import Work
from oms_web.domain.fulfilment import losses, queries, service, walk
from oms_web.domain.fulfilment.losses import Loss
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.fulfilment.service import Errand
from oms_web.domain.orders import cancelling, outgoing, telling
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.shipping import replanning
from oms_web.domain.stock import recounts
from oms_web.domain.stock.models import COUNT, Location, Warehouse
from oms_web.flows.pick.walking import finish_when_done, leave_out

ELSEWHERE, CORRECT, CANCEL, LATER = "elsewhere", "correct", "cancel", "later"
DECISIONS = (ELSEWHERE, CORRECT, CANCEL, LATER)


@dataclass(frozen=True, slots=True)
class Shortage:
    """What became of a shortage: orders served from other shelves, orders that now lack units,
    units that were cancelled (order, units), orders that left this walk.
    """

    instead: tuple[tuple[int, str, int], ...] = ()  # (order, shelf, units)
    short: tuple[int, ...] = ()
    cancelled: tuple[tuple[int, int], ...] = ()
    later: tuple[int, ...] = ()


def report_short(
    work: Work, list_id: int, task_ids: Collection[int], missing: int, decision: str
) -> Shortage:
    """A shelf has ``missing`` units fewer than these tasks need; the rest of them is taken.

    ``elsewhere``: they are there but cannot be reached; other shelves serve instead.
    ``correct``: they are not there; stock is corrected, other shelves serve as far as they can,
    and who still lacks units waits for them. ``cancel``: likewise, but what no other shelf has is
    cancelled. ``later``: nothing is decided, the orders concerned leave this walk and keep their
    reservation. The last baskets lack first: they are least urgent. Whatever is decided, the shelf
    is to be counted.

    Raises:
        Invalid: no such decision, or no such number of units.
        NotAllowedNow: ``elsewhere``, and no other shelf has enough; somebody else picks this list.
    """
    if decision not in DECISIONS:
        raise Invalid("Choose what to do.", "decision")
    made = service.lock_list(work.session, list_id, service.OPEN)
    service.own(work, made)
    chosen = set(task_ids)
    mine = [pick for pick in queries.picks(work.session, list_id)
            if pick.task_id in chosen and pick.left]
    mine.sort(key=lambda pick: (pick.basket, pick.task_id))
    left = sum(pick.left for pick in mine)
    if not mine:
        return Shortage()
    if not 0 < missing <= left:
        raise Invalid("Between 1 and %(most)s units can be missing here.", "missing", most=left)
    recounts.ask(work, mine[0].location_id, mine[0].variant_id, missing)
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
    cancelled: list[tuple[int, int]] = []
    for pick, units in lacking:
        outcome = _lose(work, pick, units, decision)
        instead += _send_elsewhere(work, made, pick, units, outcome)
        if outcome.lost and decision == CANCEL:
            _cancel(work, pick, outcome.lost)
            cancelled.append((pick.order_id, outcome.lost))
        elif outcome.lost:
            short.add(pick.order_id)
    finish_when_done(work, made)
    return Shortage(tuple(instead), tuple(sorted(short)), tuple(cancelled))


def _cancel(work: Work, pick: walk.Pick, units: int) -> None:
    """What no shelf has is cancelled, so that the rest of the order can go; its channel is told.

    The units are not there, so this is not a decision that could be recalled.
    """
    line_id = work.session.get_one(PickTask, pick.task_id).line_id
    order = orders.lock_order(work.session, pick.order_id)
    with outgoing.deciding(work, outgoing.CANCEL, order.id):
        cancelling.cancel_units(work, order, {line_id: units}, by="seller", reason=pick.bin)
        telling.tell_cancelled(work, order.id, {line_id: units}, "")
    replanning.follow(work, [order.id])


def _lose(work: Work, pick: walk.Pick, units: int, decision: str) -> losses.Outcome:
    task = work.session.get_one(PickTask, pick.task_id)
    return losses.lose(work, Loss(
        order=orders.lock_order(work.session, pick.order_id),
        line=work.session.get_one(OrderLine, task.line_id),
        variant_id=pick.variant_id, location_id=pick.location_id, units=units,
        to=None if decision == ELSEWHERE else COUNT, reason="correction",
        cause=f"pick:{pick.task_id}:{secrets.token_hex(6)}",
        note=pick.bin,
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
    names = dict(session.execute(select(Warehouse.id, Warehouse.name).where(
        Warehouse.id.in_({place.warehouse_id for place in places.values()}))).all())
    return [(pick.order_id, _called(places[place], made.warehouse_id, names), some)
            for place, some in outcome.instead]


def _called(place: Location, here: int, names: Mapping[int, str]) -> str:
    """A shelf; one of another warehouse with the name of that."""
    house = place.warehouse_id
    return place.code if house is None or house == here else f"{names[house]} {place.code}"
