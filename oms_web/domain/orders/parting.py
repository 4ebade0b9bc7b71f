"""What a purchase costs and owes when it is split, and who may travel in one parcel. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_web.core.money import spread
from oms_web.core.text import squeeze, words


@dataclass(frozen=True, slots=True)
class Sums:
    """What an order costs, minor units."""

    items: int
    shipping: int
    discount: int

    @property
    def total(self) -> int:
        """Goods and delivery less discount."""
        return self.items + self.shipping - self.discount


def divide(whole: Sums, items: Sequence[int]) -> list[Sums]:
    """The sums of the parts of an order, whose goods cost ``items``; they add up to the whole.

    The first part keeps the delivery, and what the lines lose or gain by being rounded apart. The
    discount falls on the parts in proportion, on none more than its goods cost but the first.
    """
    off = whole.items - sum(items)
    discounts = [min(share, cost) for share, cost in
                 zip(spread(whole.discount, items), items, strict=True)]
    discounts[0] += whole.discount - sum(discounts)
    parts = [Sums(cost, 0, discount) for cost, discount in zip(items, discounts, strict=True)]
    parts[0] = Sums(items[0], whole.shipping + max(off, 0), discounts[0] + max(-off, 0))
    return parts


def unite(first: Sums, second: Sums, items: int, rounding: int) -> Sums:
    """The sums of two parts as one order again, whose goods cost ``items``; the total stays.

    Args:
        rounding: what the first took on when they were parted, see ``OrderSplit``; it comes off
            where it was put, so that an order that nothing happened to is what it was.
    """
    shipping, discount = first.shipping + second.shipping, first.discount + second.discount
    off = first.items + second.items - items
    from_shipping = min(max(-off, 0), max(rounding, 0), shipping)
    from_discount = min(max(off, 0), max(-rounding, 0), discount)
    return Sums(items, shipping - from_shipping + max(off, 0) - from_discount,
                discount - from_discount + max(-off, 0) - from_shipping)


def fill(paid: int, totals: Sequence[int]) -> list[int]:
    """Money for a purchase dealt out over its orders, one after the other; a surplus on the first.
    """
    left = max(paid, 0)
    dealt = []
    for total in totals:
        some = min(left, max(total, 0))
        dealt.append(some)
        left -= some
    if dealt:
        dealt[0] += left + min(paid, 0)
    return dealt


def deal(change: int, shares: Sequence[int]) -> list[int]:
    """What each share becomes when all of them change by so many units, the last share first.

    More units all go to the last; fewer are taken from the last to the first, as far as they reach.
    """
    dealt = list(shares)
    if change > 0 and dealt:
        dealt[-1] += change
    for place in reversed(range(len(dealt))):
        some = min(-change, dealt[place]) if change < 0 else 0
        dealt[place] -= some
        change += some
    return dealt


@dataclass(frozen=True, slots=True)
class Bound:
    """Where an order goes and how: what decides who may travel with it."""

    ship_to: Mapping[str, Any]
    pickup_point: str
    carrier: str
    currency: str


REASONS = {
    "currency": "They are paid in different currencies.",
    "point": "They go to different pick-up points.",
    "person": "They go to different people.",
    "address": "They go to different addresses.",
    "courier": "They leave with different couriers.",
}


def apart(one: Bound, other: Bound) -> str:
    """Why two orders cannot travel in one parcel (an English gettext key); empty if they can."""
    if one.currency != other.currency:
        return REASONS["currency"]
    if squeeze(one.pickup_point) != squeeze(other.pickup_point):
        return REASONS["point"]
    if _who(one) != _who(other):
        return REASONS["person"]
    if not one.pickup_point and _where(one) != _where(other):
        return REASONS["address"]
    carriers = {squeeze(bound.carrier) for bound in (one, other)} - {""}
    if len(carriers) > 1:
        return REASONS["courier"]
    return ""


def _who(bound: Bound) -> tuple[str, ...]:
    name = bound.ship_to.get("name") or bound.ship_to.get("company") or ""
    return tuple(sorted(words(str(name))))


def _where(bound: Bound) -> tuple[str, ...]:
    return tuple(squeeze(str(bound.ship_to.get(name) or ""))
                 for name in ("street", "postcode", "city", "country"))
