"""Ways a parcel can go, as the marketplace offers them to buyers."""

from __future__ import annotations

import random
from dataclasses import dataclass

from oms_demo.market.names import ascii_letters


@dataclass(frozen=True, slots=True)
class Method:
    """``point``: to a locker or a counter instead of a door. ``cod``: cash can be taken there.

    ``cost`` is in grosze, or in euro cents when the method goes abroad. ``weight`` says how
    often buyers choose it. In ``number`` a ``#`` becomes a digit.
    """

    key: str
    name: str
    carrier: str
    cost: int
    number: str
    point: str = ""
    cod: bool = False
    abroad: bool = False
    weight: int = 1


METHODS = (
    Method("locker", "InPost Paczkomat 24/7", "inpost", 1399, "62801192#############",
           point="{city}{n}{letter}", weight=46),
    Method("locker-cod", "InPost Paczkomat 24/7 za pobraniem", "inpost", 1899,
           "62801193#############", point="{city}{n}{letter}", cod=True, weight=5),
    Method("courier", "Kurier InPost", "inpost", 1599, "62801192#############", weight=14),
    Method("dpd", "Kurier DPD", "dpd", 1749, "13###########U", weight=14),
    Method("dpd-cod", "Kurier DPD za pobraniem", "dpd", 2149, "13###########U", cod=True,
           weight=6),
    Method("orlen", "ORLEN Paczka", "orlen", 999, "20############", point="1####", weight=12),
    Method("pocztex", "Pocztex Kurier", "pocztex", 1450, "PX##########", weight=5),
    Method("dpd-eu", "DPD Classic Europe", "dpd", 890, "13###########U", abroad=True, weight=3),
    Method("gls-eu", "GLS EuroBusinessParcel", "gls", 990, "5#########", abroad=True, weight=2),
)
BY_KEY = {method.key: method for method in METHODS}

FREE_FROM = 20000
"""Grosze of goods from which buyers in Poland pay nothing for a prepaid delivery."""


def choose(rng: random.Random, *, abroad: bool, cod: bool) -> Method:
    """The method a buyer takes."""
    fitting = [m for m in METHODS if m.abroad == abroad and m.cod == cod]
    return rng.choices(fitting, [m.weight for m in fitting])[0]


def cost(method: Method, items: int) -> int:
    """What the buyer pays for it, given the sum of the goods."""
    free = not method.abroad and not method.cod and items >= FREE_FROM
    return 0 if free else method.cost


def pickup_point(method: Method, city: str, rng: random.Random) -> str:
    """The code of a locker or counter in the buyer's city; empty for a door."""
    filled = method.point.format(
        city=ascii_letters(city).upper()[:3], n=f"{rng.randrange(1, 190):02d}",
        letter=rng.choice("AMNP"),
    )
    return digits(filled, rng)


def tracking(method: Method, rng: random.Random) -> str:
    """A tracking number in the carrier's manner."""
    return digits(method.number, rng)


def digits(pattern: str, rng: random.Random) -> str:
    """The pattern with every ``#`` replaced by a digit."""
    return "".join(str(rng.randrange(10)) if ch == "#" else ch for ch in pattern)

