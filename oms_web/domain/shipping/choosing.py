"""By which service an order goes: the first of the seller's rules that fits it. Pure.

What it says of each rule (``why_not``) is shown to people, so that a surprise can be understood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CARRIER, CHEAPEST, OWN, PICKUP = KINDS = ("carrier", "cheapest", "own", "pickup")
CHANNEL, METHOD, COUNTRY, WEIGHT, VALUE, COD = CONDITIONS = (
    "channel", "method", "country", "weight", "value", "cod",
)
DOOR, OTHER_POINT = ("door", "point")


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at. ``value`` is of the goods, in minor units of the order's currency."""

    channel_id: int | None
    method: str
    country: str
    weight_g: int
    value: int
    cod: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is kept (``label_models.ServiceRule``); empty conditions fit everything."""

    id: int
    kind: str = CARRIER
    account_id: int | None = None
    service: str = ""
    size: str = ""
    packaging_id: int | None = None
    channel_id: int | None = None
    method: str = ""
    country: str = ""
    heaviest_g: int | None = None
    least: int | None = None
    most: int | None = None
    cod: str = ""
    among: tuple[tuple[int, str], ...] = ()

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those that are not empty."""
        asked = {CHANNEL: self.channel_id, METHOD: self.method, COUNTRY: self.country,
                 WEIGHT: self.heaviest_g, VALUE: self.least is not None or self.most is not None,
                 COD: self.cod}
        return tuple(name for name in CONDITIONS if asked[name] not in (None, "", False))


@dataclass(frozen=True, slots=True)
class Choice:
    """The rule that counts (None: none fits), and the condition at which each before it failed."""

    rule: Rule | None
    passed_over: Mapping[int, str]


def choose(facts: Facts, rules: Sequence[Rule]) -> Choice:
    """The first rule that fits."""
    passed_over: dict[int, str] = {}
    for rule in rules:
        failed = why_not(facts, rule)
        if not failed:
            return Choice(rule, passed_over)
        passed_over[rule.id] = failed
    return Choice(None, passed_over)


def why_not(facts: Facts, rule: Rule) -> str:
    """The condition at which a rule fails; empty when it fits."""
    fits = {
        CHANNEL: rule.channel_id in (None, facts.channel_id),
        METHOD: not rule.method or _same(rule.method, facts.method),
        COUNTRY: not rule.country or rule.country == facts.country,
        WEIGHT: rule.heaviest_g is None or facts.weight_g <= rule.heaviest_g,
        VALUE: (rule.least is None or facts.value >= rule.least)
        and (rule.most is None or facts.value <= rule.most),
        COD: rule.cod in ("", "yes" if facts.cod else "no"),
    }
    return next((name for name in CONDITIONS if not fits[name]), "")


def strays(ordered: str, needs_point: bool, point: str) -> str:
    """Whether a label goes elsewhere than the buyer chose: ``door`` although a point was chosen,
    ``point`` if to another one than that; else empty.
    """
    if not ordered.strip() or (needs_point and _same(ordered, point)):
        return ""
    return OTHER_POINT if needs_point else DOOR


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


@dataclass(frozen=True, slots=True)
class Size:
    """A size that a carrier sells (mm, g)."""

    ref: str
    length_mm: int
    width_mm: int
    height_mm: int
    heaviest_g: int


def smallest(sizes: Sequence[Size], measures: tuple[int, int, int], weight_g: int) -> str:
    """The smallest size that a box fits into, turned as it likes; of a box without measures the
    smallest that bears its weight. Empty if none does. ``sizes`` come smallest first.
    """
    box = sorted(measures)
    for size in sizes:
        room = sorted((size.length_mm, size.width_mm, size.height_mm))
        if weight_g <= size.heaviest_g and all(a <= b for a, b in zip(box, room, strict=True)):
            return size.ref
    return ""
