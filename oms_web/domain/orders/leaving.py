"""Goods leave: promised units go out of their places and the lines count as shipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import following, outgoing, phases
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import KIND, line_parts
from oms_web.domain.orders.service import restore_status, set_phase
from oms_web.domain.orders.telling import tell_status
from oms_web.domain.orders.verification import closing
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import CUSTOMER


def goods_left(
    work: Work,
    order: Order,
    lines: Sequence[OrderLine],
    units: Mapping[int, int],
    cause: str,
    places: Mapping[tuple[int, int, int], int] | None = None,
) -> None:
    """Move ``units`` (line id -> whole units) from where they are promised to the buyer.

    Args:
        cause: what makes this leaving one of a kind (``shipment:17``); repeating it moves nothing.
        places: where the units were really taken from, (line, variant, location) -> units; what
            it does not name is taken in (variant, location) order.

    Raises:
        NotAllowedNow: a line has fewer units promised than shall leave.
    """
    wanted = [line for line in lines if units.get(line.id)]
    for line in wanted:
        if units[line.id] > line.reserved:
            raise NotAllowedNow(
                "%(title)s: %(wanted)s units shall leave, %(reserved)s are reserved.",
                title=line.title, wanted=units[line.id], reserved=line.reserved,
            )
    parts = line_parts(work.session, wanted)
    held: dict[tuple[int, int], list[stock.Promise]] = defaultdict(list)
    for promise in stock.promises(work.session, KIND, [line.id for line in wanted]):
        held[promise.demand_id, promise.variant_id].append(promise)
    taken = []
    for line in wanted:
        for variant, per_unit in parts[line.id]:
            for promise, some in _dealt(
                held[line.id, variant], units[line.id] * per_unit, places or {}
            ):
                taken.append((promise, stock.MoveWanted(
                    variant, promise.location_id, CUSTOMER, some,
                    f"{cause}:line:{line.id}:{variant}:{promise.location_id}", "sale",
                    order_id=order.id, promised=some,
                )))
    stock.take_promised(work, taken)
    for line in wanted:
        line.shipped += units[line.id]
        line.reserved -= units[line.id]


def _dealt(
    held: Sequence[stock.Promise], units: int, places: Mapping[tuple[int, int, int], int]
) -> list[tuple[stock.Promise, int]]:
    """How many units each promise gives: as many as were taken there, then whatever is left."""
    given = {
        promise.id: min(promise.quantity, places.get(
            (promise.demand_id, promise.variant_id, promise.location_id), 0))
        for promise in held
    }
    left = units - sum(given.values())
    for promise in held:
        more = max(-given[promise.id], min(left, promise.quantity - given[promise.id]))
        given[promise.id] += more
        left -= more
    return [(promise, given[promise.id]) for promise in held if given[promise.id]]


def not_left(
    work: Work, order: Order, left_at: datetime | None, was: Sequence[Any] | None, own: bool
) -> None:
    """An order whose shipment has not left after all.

    Args:
        was: its phase and status before, if the decision is recalled with it.
        own: the decision is its own; what another was to say of its status is said anew.
    """
    with outgoing.silence(work, was is not None):
        if order.phase == phases.SHIPPED:
            set_phase(work, order, "undo_ship")
            if order.shipped_at is not None:
                closing.reopen(work, order.id, order.shipped_at)
            verification.look_again(work, order)
            if following.cancelled_too_late(work, order.id, left_at):
                following.hold_cancelled(work, order, "cancelled by the buyer")
        if was is not None and was[0] == phases.PACKING and order.phase == phases.OPEN:
            set_phase(work, order, "start_packing")
    order.shipped_at = None
    if was is not None:
        restore_status(work, order, was[1])
        if not own:
            tell_status(work, order)
