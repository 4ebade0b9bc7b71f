"""How many units each offer shows: the seller's rules as one pure decision.

The free units of a SKU are its **own** ones, set aside for single offers, and the **rest**, which
all offers share. An offer shows its own ones and of the rest what its buffer leaves, cut by its
cap. The last units of the rest are shown by one offer only. Worked through in
``docs/algorithms/publishing.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

# What a variant shows that is sold without stock and has no cap of its own.
UNLIMITED = 999

Recipe = tuple[tuple[int, int], ...]  # (variant, units of it in one): one pair if it is no bundle
Houses = tuple[int, ...]  # warehouses that serve an offer; empty: all
Free = Mapping[Houses, Mapping[int, int]]  # free units of each variant in these warehouses


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer on sale with the rules that hold for it.

    ``set_aside``: units that are still to be kept for it. ``shares``: it sells of the rest, too.
    ``last_units``: when so many or fewer are left, it stands back behind offers that come before
    it: those with smaller ``last_units``, then by the ``rank`` of their channel, then the older.
    ``endless``: sold without stock.
    """

    listing_id: int
    account_id: int
    recipe: Recipe
    houses: Houses = ()
    buffer: int = 0
    cap: int | None = None
    set_aside: int = 0
    shares: bool = True
    last_units: int = 0
    rank: int = 1
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """The quantity an offer shows, and why: ``available`` less all of ``less`` is ``quantity``.

    ``less``: ``elsewhere`` (set aside for others), ``apart`` (the rest, which it does not sell),
    ``buffer``, ``last`` (the last units, shown by ``behind``), ``cap``. ``own``: units that were
    there to be set aside for it.
    """

    quantity: int
    available: int
    own: int = 0
    behind: int | None = None
    less: tuple[tuple[str, int], ...] = ()


def decide(offers: Collection[Offer], free: Free) -> dict[int, Shown]:
    """What each offer shows. All offers that units are set aside for have to be among them.

    Buffers hold back only of the rest: what is set aside for an offer nobody else can sell.
    """
    kept = _Kept()
    own: dict[int, int] = {}
    for offer in sorted(offers, key=lambda one: (one.rank, one.listing_id)):
        if offer.set_aside > 0 and not offer.endless:
            own[offer.listing_id] = min(offer.set_aside, kept.left(offer, free))
            kept.keep(offer, own[offer.listing_id])
    shown: dict[int, Shown] = {}
    showing: dict[Recipe, list[Offer]] = defaultdict(list)
    for offer in sorted(offers, key=_before):
        if offer.endless:
            quantity = offer.cap if offer.cap is not None else UNLIMITED
            shown[offer.listing_id] = Shown(quantity, quantity)
            continue
        mine, rest = own.get(offer.listing_id, 0), kept.left(offer, free)
        ahead = next((one.listing_id for one in showing[offer.recipe]
                      if _overlap(one.houses, offer.houses)), None)
        found = shown[offer.listing_id] = _show(
            offer, _made(offer, free), mine, rest, ahead if rest <= offer.last_units else None)
        if found.quantity > mine:
            showing[offer.recipe].append(offer)
    return shown


def _before(offer: Offer) -> tuple[int, int, int]:
    return offer.last_units, offer.rank, offer.listing_id


def _show(offer: Offer, available: int, own: int, rest: int, ahead: int | None) -> Shown:
    apart = 0 if offer.shares else rest
    buffer = min(offer.buffer, rest - apart)
    last = rest - apart - buffer if ahead is not None else 0
    total = own + rest - apart - buffer - last
    quantity = total if offer.cap is None else min(total, offer.cap)
    less = (("elsewhere", available - own - rest), ("apart", apart), ("buffer", buffer),
            ("last", last), ("cap", total - quantity))
    return Shown(quantity, available, own, ahead if last else None,
                 tuple((name, units) for name, units in less if units))


class _Kept:
    """Units that are kept for offers, by variant."""

    def __init__(self) -> None:
        self.units: dict[int, list[tuple[Houses, int]]] = defaultdict(list)

    def keep(self, offer: Offer, count: int) -> None:
        for variant, per in offer.recipe:
            self.units[variant].append((offer.houses, count * per))

    def left(self, offer: Offer, free: Free) -> int:
        """How many of it the free units make up that are not kept, in the warehouses it has."""
        return _whole((free[offer.houses][variant] - self._kept(variant, offer.houses), per)
                      for variant, per in offer.recipe)

    def _kept(self, variant: int, houses: Houses) -> int:
        return sum(units for others, units in self.units.get(variant, ())
                   if _overlap(others, houses))


def _overlap(one: Houses, other: Houses) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _made(offer: Offer, free: Free) -> int:
    return _whole((free[offer.houses][variant], per) for variant, per in offer.recipe)


def _whole(parts: Iterable[tuple[int, int]]) -> int:
    """Whole ones that free parts make up; ``parts`` are (free units, units in each)."""
    return min((max(0, units) // per for units, per in parts), default=0)
