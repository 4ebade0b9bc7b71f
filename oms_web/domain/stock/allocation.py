"""Which shelf serves which demand. Pure: it looks at free units and changes only what it is given.

One warehouse for the whole order if any can (fewest parcels), the best-ranked such one; else the
warehouse that can serve most units comes first and the others fill up by rank. Within a warehouse
a shelf that has all of it is preferred, then the walking order. A bundle counts in whole bundles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Shelf:
    """Free units of one variant in one place; ``free`` falls as takes are made."""

    location_id: int
    warehouse_id: int
    path_order: int
    free: int


@dataclass(frozen=True, slots=True)
class Demand:
    """``quantity`` units, each made of ``parts``: (variant, per unit). A plain SKU has one part."""

    id: int
    parts: tuple[tuple[int, int], ...]
    quantity: int


@dataclass(frozen=True, slots=True)
class Take:
    """``quantity`` units of a variant from a place for a demand."""

    demand_id: int
    variant_id: int
    location_id: int
    quantity: int


Shelves = Mapping[int, Sequence[Shelf]]


def allocate(
    demands: Sequence[Demand], shelves: Shelves, ranks: Mapping[int, int]
) -> tuple[list[Take], dict[int, int]]:
    """Takes for the demands of one order, and how many units of each demand they serve.

    Args:
        shelves: variant -> its shelves; their ``free`` is lowered by what is taken.
        ranks: warehouses that may serve, warehouse -> rank (lower first).
    """
    takes: list[Take] = []
    served: dict[int, int] = {}
    for warehouse in _order_of_warehouses(demands, shelves, ranks):
        for demand in demands:
            left = demand.quantity - served.get(demand.id, 0)
            if left > 0:
                served[demand.id] = served.get(demand.id, 0) + _serve(
                    demand, left, shelves, {warehouse}, takes
                )
    everywhere = set(ranks)
    for demand in demands:  # bundles whose parts lie in different warehouses
        left = demand.quantity - served.get(demand.id, 0)
        if left > 0 and len(demand.parts) > 1:
            served[demand.id] = served.get(demand.id, 0) + _serve(
                demand, left, shelves, everywhere, takes
            )
    return takes, served


def able(
    needed: Mapping[int, int], there: Mapping[tuple[int, int], int], warehouses: Iterable[int]
) -> list[int]:
    """The warehouses that have all that is needed, alone.

    Args:
        needed: variant -> units.
        there: (variant, warehouse) -> units that may be taken.
    """
    return [house for house in warehouses
            if all(there.get((variant, house), 0) >= units for variant, units in needed.items())]


def _order_of_warehouses(
    demands: Sequence[Demand], shelves: Shelves, ranks: Mapping[int, int]
) -> list[int]:
    by_rank = sorted(ranks, key=lambda w: (ranks[w], w))
    if len(by_rank) < 2:
        return by_rank
    wanted = sum(demand.quantity for demand in demands)
    can = {w: sum(_whole(d, d.quantity, shelves, {w}) for d in demands) for w in by_rank}
    complete = [w for w in by_rank if can[w] >= wanted]
    first = complete[0] if complete else max(by_rank, key=lambda w: (can[w], -by_rank.index(w)))
    return [first, *(w for w in by_rank if w != first)]


def _whole(demand: Demand, limit: int, shelves: Shelves, warehouses: set[int]) -> int:
    """How many whole units of a demand these warehouses can serve, at most ``limit``."""
    for variant, per_unit in demand.parts:
        free = sum(s.free for s in shelves.get(variant, ()) if s.warehouse_id in warehouses)
        limit = min(limit, free // per_unit)
    return limit


def _serve(
    demand: Demand, limit: int, shelves: Shelves, warehouses: set[int], takes: list[Take]
) -> int:
    units = _whole(demand, limit, shelves, warehouses)
    if units == 0:
        return 0
    for variant, per_unit in demand.parts:
        usable = (s for s in shelves.get(variant, ()) if s.warehouse_id in warehouses)
        takes.extend(_take(demand.id, variant, units * per_unit, usable))
    return units


def _take(demand_id: int, variant: int, wanted: int, usable: Iterable[Shelf]) -> list[Take]:
    candidates = [shelf for shelf in usable if shelf.free > 0]
    if len(candidates) > 1:
        candidates.sort(key=lambda s: (s.free < wanted, s.path_order, s.location_id))
    made = []
    for shelf in candidates:
        amount = min(shelf.free, wanted)
        shelf.free -= amount
        wanted -= amount
        made.append(Take(demand_id, variant, shelf.location_id, amount))
        if wanted == 0:
            break
    return made
