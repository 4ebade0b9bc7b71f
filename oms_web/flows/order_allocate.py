"""An order is sent from another warehouse: what is promised to its lines moves there, or nothing.

All open units of the chosen lines are promised from the one warehouse, those that were missing too.
The promises they had end in the same transaction, so a unit is never promised twice and the order
never stands without units that it had.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import NotNullable, func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import dividing, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order, OrderLine
from oms_web.domain.orders.queries import Elsewhere
from oms_web.domain.orders.reserving import (
    KIND,
    Parts,
    allowed_ranks,
    line_parts,
    payment_deadline,
    release_lines,
)
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping.fixed import why_fixed
from oms_web.domain.stock import allocation, warehouses
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Demand, Take
from oms_web.domain.stock.models import Location, Reservation, Warehouse


@dataclass(frozen=True, slots=True)
class Choices:
    """The other warehouses that could send all of an order, and all of each line (by its id):
    their names by their ids, the best first.
    """

    whole: Mapping[int, str] = field(default_factory=dict)
    lines: Mapping[int, Mapping[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the units of some lines are promised: (line, variant, location, units) each."""

    lines: list[int]
    takes: list[list[int]]


def why_stays(session: Session, order: Order) -> OmsError | None:
    """Why its goods stay where they are promised; None if they may come from elsewhere."""
    refusal = why_fixed(session, order)
    if refusal is None and session.scalar(select(Hold.id).where(
            Hold.order_id == order.id, Hold.kind == "payment_expired",
            Hold.released_at.is_(None))) is not None:
        return NotAllowedNow("Order %(number)s was not paid in time and has no goods any more. "
                             "Record its payment first.", number=order.id)
    return refusal


def ranks(session: Session, order: Order) -> dict[int, int]:
    """The warehouses that may serve an order, with their rank; none if it is not to be packed."""
    return allowed_ranks(session, order.account_id) if order.phase == phases.OPEN else {}


def choices(
    ranks: Mapping[int, int], lines: Sequence[OrderLine], made_of: Mapping[int, Parts],
    free: Mapping[int, Sequence[Elsewhere]], own: Mapping[int, Mapping[tuple[int, int], int]],
) -> Choices:
    """Where else an order could be sent from that nothing keeps where it is (``why_stays``).

    Args:
        made_of: line -> (variant, how many) in a unit of it.
        free: variant -> its free units.
        own: line -> (variant, warehouse) -> units that are promised to it there.
    """
    lines = _open(lines)
    unpromised = {(variant, one.warehouse_id): one.free for variant, some in free.items()
                  for one in some}
    names = {one.warehouse_id: one.warehouse for some in free.values() for one in some}
    by_rank = sorted(names.keys() & ranks.keys(), key=lambda w: (ranks[w], w))

    def others(some: Sequence[OrderLine]) -> dict[int, str]:
        needed, there, lies = Counter[int](), Counter(unpromised), Counter[int]()
        for line in some:
            for variant, each in made_of[line.id]:
                needed[variant] += each * dividing.open_units(line)
            for (variant, house), units in own.get(line.id, {}).items():
                there[variant, house] += units
                lies[house] += units
        return {house: names[house] for house in allocation.able(needed, there, by_rank)
                if lies[house] < needed.total()}

    found = {line.id: others([line]) for line in lines}
    return Choices(others(lines), {line_id: some for line_id, some in found.items() if some})


def allocate(
    work: Work, order_id: int, warehouse_id: int, line_ids: Collection[int] = ()
) -> Places | None:
    """Promise all open units from one warehouse; where they were promised before, None if there.

    Args:
        line_ids: only these lines of the order; all of them when none is named.

    Raises:
        NotFound: there is no such warehouse, or the order has no such line.
        NotAllowedNow: somebody has its goods in hand, or the warehouse has too few of them, is out
            of use or does not serve the order's channel. The transaction has to go back.
    """
    session = work.session
    order = orders.lock_order(session, order_id)
    house = warehouses.warehouse(session, warehouse_id)
    refusal = why_stays(session, order) or _why_not_from(session, order, house)
    if refusal is not None:
        raise refusal
    lines = _chosen(session, order_id, line_ids)
    made_of = line_parts(session, lines)
    stock.lock_units(session, _variants(made_of))
    if _all_there(session, lines, warehouse_id):
        return None
    before, names = _places(session, lines), _names(session, lines)
    ends = _ends(session, order, lines)
    release_lines(work, lines)
    wanted = [Demand(line.id, made_of[line.id], dividing.open_units(line)) for line in lines]
    shelves = stock.shelves(session, _variants(made_of))
    takes, served = allocation.allocate(wanted, shelves, {warehouse_id: 0})
    for line, demand in zip(lines, wanted, strict=True):
        if served.get(line.id, 0) < demand.quantity:
            raise NotAllowedNow(
                "%(name)s has only %(n)s of the %(wanted)s units of %(title)s that are needed.",
                name=house.name, n=served.get(line.id, 0), wanted=demand.quantity,
                title=line.title)
    _promise(work, order, lines, takes, served, ends, names)
    return before


def put_back(work: Work, order_id: int, line_ids: Collection[int],
             takes: Sequence[Sequence[int]]) -> Places | None:
    """Promise the units of lines exactly where they were; where they were until now, None if so.

    Raises:
        NotAllowedNow: somebody has its goods in hand, or the order was changed since.
        ShortStock: they are promised to another order by now.
    """
    session = work.session
    order = orders.lock_order(session, order_id)
    refusal = why_stays(session, order)
    if refusal is not None:
        raise refusal
    lines = [line for line in _open(orders.order_lines(session, order_id))
             if line.id in set(line_ids)]
    made_of = line_parts(session, lines)
    units = _whole_units(takes, made_of)
    if len(lines) < len(set(line_ids)) or units is None or any(
            units[line.id] > dividing.open_units(line) for line in lines):
        raise NotAllowedNow("Order %(number)s was changed since.", number=order_id)
    stock.lock_units(session, _variants(made_of))
    before, names = _places(session, lines), _names(session, lines)
    if sorted(before.takes) == sorted(map(list, takes)):
        return None
    ends = _ends(session, order, lines)
    release_lines(work, lines)
    _promise(work, order, lines, [Take(*one) for one in takes], units, ends, names)
    return before


def _why_not_from(session: Session, order: Order, house: Warehouse) -> OmsError | None:
    if not house.active:
        return NotAllowedNow("%(name)s is out of use.", name=house.name)
    if house.id not in allowed_ranks(session, order.account_id):
        return NotAllowedNow("The channel of order %(number)s is not served from %(name)s. Its "
                             "settings say from where.", number=order.id, name=house.name)
    return None


def _open(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """Lines of which something is still to be sent, and which name a product."""
    return [line for line in lines if line.variant_id is not None
            and dividing.open_units(line) > 0]


def _chosen(session: Session, order_id: int, line_ids: Collection[int]) -> list[OrderLine]:
    known = orders.order_lines(session, order_id)
    if not {line.id for line in known}.issuperset(line_ids):
        raise NotFound("There is nothing at this address.")
    lines = [line for line in _open(known) if not line_ids or line.id in line_ids]
    if not lines:
        raise NotAllowedNow("Nothing of this is still to be sent.")
    return lines


def _variants(made_of: Mapping[int, Parts]) -> set[int]:
    return {variant for parts in made_of.values() for variant, _ in parts}


def _promised(session: Session, line_ids: Collection[int]
              ) -> dict[int, dict[tuple[int, int], int]]:
    """Promised units: line -> (variant, warehouse) -> units."""
    found: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
    for line_id, variant, house, units in session.execute(
        select(Reservation.demand_id, Reservation.variant_id, NotNullable(Location.warehouse_id),
               func.sum(Reservation.quantity))
        .join(Location, Location.id == Reservation.location_id)
        .where(Reservation.demand_kind == KIND, Reservation.demand_id.in_(line_ids))
        .group_by(Reservation.demand_id, Reservation.variant_id, Location.warehouse_id)
    ):
        found[line_id][variant, house] = int(units)
    return found


def _all_there(session: Session, lines: Sequence[OrderLine], warehouse_id: int) -> bool:
    held = _promised(session, [line.id for line in lines])
    return all(
        line.reserved == dividing.open_units(line)
        and all(house == warehouse_id for _, house in held.get(line.id, {}))
        for line in lines)


def _places(session: Session, lines: Sequence[OrderLine]) -> Places:
    ids = [line.id for line in lines]
    return Places(ids, [[one.demand_id, one.variant_id, one.location_id, one.quantity]
                        for one in stock.promises(session, KIND, ids)])


def _names(session: Session, lines: Sequence[OrderLine]) -> str:
    """The codes of the warehouses that lines are promised from, for the trail."""
    return ", ".join(session.scalars(
        select(Warehouse.code).join(Location, Location.warehouse_id == Warehouse.id)
        .join(Reservation, Reservation.location_id == Location.id)
        .where(Reservation.demand_kind == KIND,
               Reservation.demand_id.in_([line.id for line in lines]))
        .distinct().order_by(Warehouse.code)))


def _ends(session: Session, order: Order, lines: Sequence[OrderLine]) -> dict[int, datetime]:
    """When the promises of lines end by themselves: as those that they have, not later."""
    known = dict(session.execute(
        select(Reservation.demand_id, func.min(Reservation.expires_at))
        .where(Reservation.demand_kind == KIND,
               Reservation.demand_id.in_([line.id for line in lines]))
        .group_by(Reservation.demand_id)).all())
    deadline = payment_deadline(session, order)
    ends = {line.id: known.get(line.id, deadline) for line in lines}
    return {line_id: moment for line_id, moment in ends.items() if moment is not None}


def _whole_units(takes: Sequence[Sequence[int]], made_of: Mapping[int, Parts]
                 ) -> dict[int, int] | None:
    """How many whole units of each line takes make; None when they do not come out even."""
    found = Counter[tuple[int, int]]()
    for line_id, variant, _, units in takes:
        found[line_id, variant] += units
    whole = {line_id: min(found[line_id, variant] // each for variant, each in parts)
             for line_id, parts in made_of.items()}
    even = {(line_id, variant): whole[line_id] * each
            for line_id, parts in made_of.items() for variant, each in parts}
    return whole if +found == +Counter(even) else None


def _promise(work: Work, order: Order, lines: Sequence[OrderLine], takes: Sequence[Take],
             units: Mapping[int, int], ends: Mapping[int, datetime], before: str) -> None:
    stock.reserve(work, KIND, takes, ends)
    orders.count_reserved(work.session, list(units.items()))
    for line in lines:
        work.session.expire(line, ["reserved"])
    audit.record(work, "orders.allocate", "order", order.id, {
        "warehouse": [before, _names(work.session, lines)],
        "units": [None, sum(units.values())]})
    orders.refile(work, [order.id])
    replanning.follow(work, [order.id])
