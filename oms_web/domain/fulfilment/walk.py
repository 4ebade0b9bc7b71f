"""In which order a picker walks: shelf by shelf, and each product once for all its orders. Pure.

Shelves come in the order the seller gave them (``Location.path_order``), then by name with numbers
read as numbers, so A-2 comes before A-10. What several orders need from one shelf is one stop.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_DIGITS = re.compile(r"(\d+)")
_UNITS = re.compile(r"[1-9]\d{0,2}")


@dataclass(frozen=True, slots=True)
class Pick:
    """Units of a variant to take from a shelf for one order.

    ``needed`` may have fallen below ``asked`` since the list was made: by ``short`` units that the
    shelf did not have, or down to nothing when the order was cancelled or held.
    """

    task_id: int
    order_id: int
    basket: int
    variant_id: int
    location_id: int
    bin: str
    path_order: int
    asked: int
    needed: int
    picked: int = 0
    short: int = 0

    @property
    def left(self) -> int:
        """Units still to take."""
        return max(0, self.needed - self.picked)

    @property
    def to_put_back(self) -> int:
        """Units that were taken and are not needed any more."""
        return max(0, self.picked - self.needed)


@dataclass(frozen=True, slots=True)
class Stop:
    """One product on one shelf, for all orders that need it from there."""

    location_id: int
    bin: str
    variant_id: int
    picks: tuple[Pick, ...]

    @property
    def needed(self) -> int:
        """Units to take in all."""
        return sum(pick.needed for pick in self.picks)

    @property
    def picked(self) -> int:
        """Units taken so far."""
        return sum(pick.picked for pick in self.picks)

    @property
    def left(self) -> int:
        """Units still to take."""
        return sum(pick.left for pick in self.picks)

    @property
    def short(self) -> int:
        """Units the shelf did not have."""
        return sum(pick.short for pick in self.picks)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that reads numbers as numbers: ``A-2`` before ``A-10``, ``B-1`` after both."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part.lower())
        for part in _DIGITS.split(name) if part
    )


def route(picks: Iterable[Pick]) -> list[Stop]:
    """The stops of a walk, in order; within a stop the baskets in order."""
    by_stop: dict[tuple[int, int], list[Pick]] = defaultdict(list)
    for pick in picks:
        by_stop[pick.location_id, pick.variant_id].append(pick)
    stops = [
        (mine[0].path_order, Stop(location, mine[0].bin, variant, tuple(
            sorted(mine, key=lambda pick: (pick.basket, pick.order_id, pick.task_id))
        )))
        for (location, variant), mine in by_stop.items()
    ]
    stops.sort(key=lambda one: (one[0], natural(one[1].bin), one[1].location_id,
                                one[1].variant_id))
    return [stop for _, stop in stops]


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan means on a walk: ``result`` is ``ok``, ``taken`` (no more are needed), ``shelf``,

    ``wrong`` or ``closed`` (the whole walk is over). ``took``: basket -> units that the scan put
    into it.
    """

    result: str
    stop: Stop | None = None
    took: tuple[tuple[int, int], ...] = ()


def match(stops: Iterable[Stop], code: str, variant_id: int | None) -> Found:
    """Which stop a scanned product, or a scanned shelf label, belongs to.

    A product proves that the picker stands before the right thing: its first stop with units left
    is meant. A shelf's own label only shows what is to be taken there.
    """
    stops = list(stops)
    here = [stop for stop in stops if variant_id is not None and stop.variant_id == variant_id]
    for stop in here:
        if stop.left:
            return Found("ok", stop)
    if here:
        return Found("taken", here[0])
    label = code.strip().casefold()
    shelf = [stop for stop in stops if stop.bin.casefold() == label]
    if shelf:
        return Found("shelf", next((stop for stop in shelf if stop.left), shelf[0]))
    return Found("wrong")


def units(text: str) -> int | None:
    """The number of units somebody typed instead of scanning each: ``12``; codes are longer."""
    found = _UNITS.fullmatch(text.strip())
    return int(found[0]) if found else None


def share(stop: Stop, many: int) -> list[tuple[Pick, int]]:
    """Which orders the next ``many`` units of a stop are for: the baskets in their order."""
    shared = []
    for pick in stop.picks:
        some = min(many, pick.left)
        if some:
            shared.append((pick, some))
            many -= some
    return shared
