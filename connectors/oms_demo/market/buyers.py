"""What invented buyers put into their baskets: from the same numbers always the same basket."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from oms_demo.market import names
from oms_demo.market.delivery import choose, pickup_point
from oms_demo.market.orders import Basket
from oms_demo.market.people import Person, person

# How often things happen, of 1.
AGAIN = 0.08
COD = 0.12
UNPAID = 0.08
PAYS_LATER = 0.55
PAYS_TOGETHER = 0.15
LAST_UNIT = 0.03
NOTE = 0.14
COUPON = 0.06
FLAWED_ADDRESS = 0.03
CALLS_OFF = 0.02
MOVES = 0.02

COUPON_WORTH = 1000
_WISHES = 12
_LINES = ((1, 62), (2, 24), (3, 9), (4, 3), (5, 2))
_UNITS = ((1, 74), (2, 16), (3, 5), (4, 3), (6, 2))
_UNITS_COMPANY = ((2, 30), (4, 25), (6, 20), (10, 15), (20, 10))


@dataclass(frozen=True, slots=True)
class OnSale:
    """What a buyer sees of an offer. ``price`` in grosze."""

    ref: str
    sku: str
    price: int
    stock: int


def basket(seed: int, number: int, at: datetime, shelf: Sequence[OnSale],
           country: str | None = None) -> Basket | None:
    """What buyer ``number`` buys at that moment from what is there; None from an empty shelf."""
    rng = random.Random(f"{seed}/basket/{number}")  # noqa: S311 - invented data, no secrets
    who = number
    if rng.random() < AGAIN and number > 1:
        who = number - rng.randrange(1, min(number, 12) + 1)
    buyer = person(seed, who, country)
    lines = _choose_lines(rng, seed, shelf, _UNITS_COMPANY if buyer.company else _UNITS)
    if not lines:
        return None
    abroad = buyer.country != "PL"
    cod = not abroad and rng.random() < COD
    method = choose(rng, abroad=abroad, cod=cod)
    payment = "cod" if cod else "unpaid" if rng.random() < UNPAID else "online"
    return Basket(
        lines=[(offer.ref, quantity) for offer, quantity in lines],
        buyer=_maybe_flawed(rng, buyer),
        delivery=method.key,
        pickup_point=pickup_point(method, buyer.city, rng) if method.point else "",
        payment=payment,
        payment_method="Pobranie" if cod else rng.choice(names.PAYMENT_METHODS),
        invoice=rng.random() < (0.85 if buyer.company else 0.03),
        note=_note(rng, [offer.sku for offer, _ in lines], abroad),
        discount=COUPON_WORTH if not abroad and rng.random() < COUPON else 0,
        plan=_plan(rng, payment, at),
    )


def second(seed: int, number: int, first: Mapping[str, Any], delivery: str, point: str,
           shelf: Sequence[OnSale]) -> Basket | None:
    """What the same buyer adds a little later, to pay for both together."""
    rng = random.Random(f"{seed}/second/{number}")  # noqa: S311 - invented data, no secrets
    lines = _choose_lines(rng, seed, shelf, _UNITS)
    if not lines:
        return None
    return Basket(
        lines=[(offer.ref, quantity) for offer, quantity in lines], buyer=first,
        delivery=delivery, pickup_point=point, payment="unpaid",
        payment_method=rng.choice(names.PAYMENT_METHODS),
    )


def _choose_lines(rng: random.Random, seed: int, shelf: Sequence[OnSale],
                  units: Sequence[tuple[int, int]]) -> list[tuple[OnSale, int]]:
    """What is wished for does not depend on what is there: only what is bought of it does.

    So the same buyers come with the same wishes, however quickly the seller refills.
    """
    if not shelf:
        return []
    count, hunts = _pick(rng, _LINES), rng.random() < LAST_UNIT
    wishes = rng.choices(shelf, [_taste(seed, offer) for offer in shelf], k=_WISHES)
    wanted = [(offer, _pick(rng, units)) for offer in wishes]
    there = [offer for offer in shelf if offer.stock > 0]
    if hunts and there:
        scarce = min(there, key=lambda offer: (offer.stock, offer.ref))
        return [(scarce, min(scarce.stock, 2))]
    chosen: dict[str, tuple[OnSale, int]] = {}
    for offer, number in wanted + [(offer, 1) for offer in there]:
        if len(chosen) == count:
            break
        if offer.stock > 0:
            # the last ones on a shelf are bought one by one, dear things too
            most = 1 if offer.price > 15000 else max(1, offer.stock // 3)
            chosen[offer.ref] = (offer, min(number, most))
    return list(chosen.values())


@lru_cache(maxsize=2048)
def _liking(seed: int, sku: str) -> float:
    return random.Random(f"{seed}/taste/{sku}").uniform(0.4, 2.4)  # noqa: S311


def _taste(seed: int, offer: OnSale) -> float:
    """How much buyers like an offer: its own constant, and cheap things sell more often."""
    return _liking(seed, offer.sku) * (60 + 4000 / (20 + offer.price / 100))


def _maybe_flawed(rng: random.Random, buyer: Person) -> Mapping[str, Any]:
    """Now and then an address as people really type them: with something left out."""
    address = buyer.as_dict()
    if buyer.country == "PL" and rng.random() < FLAWED_ADDRESS:
        flaw = rng.choice(("street", "postcode", "phone"))
        # of the street only the house number
        address[flaw] = buyer.street.rsplit(" ", 1)[0] if flaw == "street" else ""
    return address


def _note(rng: random.Random, skus: Sequence[str], abroad: bool) -> str:
    if "KUB-05-GRW" in skus:
        return f"Grawer: {rng.choice(names.ENGRAVINGS)}"
    if rng.random() >= NOTE:
        return ""
    return rng.choice(names.NOTES_ABROAD if abroad else names.NOTES)


def _plan(rng: random.Random, payment: str, at: datetime) -> tuple[str, datetime] | None:
    chance, minutes = rng.random(), rng.uniform(3, 12)
    later = at + timedelta(minutes=minutes)
    if payment == "unpaid":
        if chance < PAYS_LATER:
            return "pay", later
        return ("join", later) if chance < PAYS_LATER + PAYS_TOGETHER else None
    if chance < CALLS_OFF:
        return "cancel", later
    return ("move", later) if chance < CALLS_OFF + MOVES else None


def _pick(rng: random.Random, table: Sequence[tuple[int, int]]) -> int:
    values, weights = zip(*table, strict=True)
    return rng.choices(values, weights)[0]
