"""What invented buyers write: some right after they bought, some once the parcel is there, one or
two before they buy. Nobody writes what does not fit their order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market.market import Market
from oms_demo.market.orders import TO_SEND, WAITING
from oms_demo.market.people import person

OFTEN, OFTEN_AFTER = 0.12, 0.06
"""The part of buyers who write after they bought, and once their parcel is there."""
Question = tuple[str, frozenset[str]]


def _q(text: str, *fits: str) -> Question:
    """What is asked, and what must be so of an order that it makes sense about."""
    return text, frozenset(fits)


ASKED: dict[str, tuple[Question, ...]] = {
    "PL": (
        _q("Dzień dobry, kiedy paczka zostanie wysłana? Potrzebuję jej na sobotę.", "settled"),
        _q("Dzień dobry, czy mogę jeszcze zmienić paczkomat?", "locker"),
        _q("Proszę o fakturę na firmę, przy zakupie umknęło mi, żeby to zaznaczyć.", "no invoice"),
        _q("Czy da się zapakować na prezent? Z góry dziękuję!", "no note"),
        _q("Dzień dobry, zapłacę jutro rano, proszę nie anulować zamówienia.", "unpaid"),
    ),
    "": (
        _q("Hello, when will my parcel leave? I need it by Saturday.", "settled"),
        _q("Can I still change the address of my order?", "door"),
        _q("Hi, I will pay tomorrow morning, please keep my order.", "unpaid"),
    ),
}
AFTER: dict[str, tuple[Question, ...]] = {
    "PL": (
        _q("W paczce jest o jedną sztukę mniej, niż było w zamówieniu. Co teraz?", "several"),
        _q("Karton przyszedł wgnieciony i jedna rzecz jest uszkodzona. Jak to zgłosić?"),
        _q("Paczka już jest, wszystko całe. Dziękuję!"),
    ),
    "": (
        _q("There is one piece less in the parcel than I ordered. What now?", "several"),
        _q("The parcel is here, everything is fine. Thank you!"),
    ),
}
OF_SCENES = {
    1: ("Czy lampa ma żarówkę w komplecie?", ()),
    4: ("Poprawny NIP to 9992002070, przepraszam za pomyłkę.", ()),
    10: ("Przesyłam wzór graweru w załączniku: „Zosia” pismem jak na zdjęciu.",
         ({"name": "grawer-zosia.jpg",
           "url": "https://files.targowisko.example/grawer-zosia.jpg"},)),
}
"""Number of a scene -> what its buyer writes, and the files that go along."""
CANDLE, MANY = "SWI-", 40


def maybe_ask(market: Market, ref: str, at: datetime) -> None:
    """The buyer of an order may write a few minutes after it; somebody else may ask before buying.
    """
    dice = random.Random(f"{market.seed}/question/{ref}")  # noqa: S311 - invented words
    if dice.random() >= OFTEN:
        return
    _write(market, ref, ASKED, dice, at + timedelta(minutes=dice.uniform(1, 4)))
    few = [offer for offer in market.shelf() if offer.stock < MANY]
    if few and dice.random() < 0.2:
        other = person(market.seed, 3_000_000 + dice.randrange(1_000_000), "PL")
        market.buyer_writes("Dzień dobry, kiedy będzie tego więcej? Potrzebuję 40 sztuk.",
                            offer=dice.choice(few).ref, author=other.login, at=at)


def maybe_tell(market: Market, ref: str, at: datetime) -> None:
    """The buyer of an order whose parcel is there may write how it came."""
    dice = random.Random(f"{market.seed}/arrived/{ref}")  # noqa: S311 - invented words
    if dice.random() < OFTEN_AFTER:
        _write(market, ref, AFTER, dice, at + timedelta(minutes=dice.uniform(5, 90)))


def _write(market: Market, ref: str, known: Mapping[str, Sequence[Question]], dice: random.Random,
           later: datetime) -> None:
    with market.store.transaction() as db:
        row = db.execute(
            "SELECT purchase.*, (SELECT sum(quantity) FROM purchase_line"
            " WHERE purchase_seq = purchase.seq) AS units FROM purchase WHERE ref = ?",
            (ref,)).fetchone()
    facts = facts_of(row)
    country = json.loads(row["buyer"])["country"]
    fitting = [text for text, fits in known.get(country, known[""]) if fits <= facts]
    if fitting:
        market.buyer_writes(dice.choice(fitting), ref, at=min(later, market.clock()))


def facts_of(row: Mapping[str, Any]) -> frozenset[str]:
    """What is so of an order, of all that questions ask about."""
    told = json.loads(row["delivery"])
    return frozenset(name for name, so in {
        "settled": row["status"] == TO_SEND, "unpaid": row["status"] == WAITING,
        "locker": bool(told["pickup_point"]), "door": not told["pickup_point"],
        "no invoice": not row["invoice"], "no note": not row["note"], "several": row["units"] > 1,
    }.items() if so)


def of_scene(market: Market, number: int, ref: str, at: datetime) -> None:
    """The buyer of a scene writes, where it wants that; at the first one somebody asks before
    buying.
    """
    if number == 0:
        candle = next((one for one in market.shelf() if one.sku.startswith(CANDLE)), None)
        if candle is not None:
            market.buyer_writes("Dzień dobry, czy świece są też w wersji bezzapachowej?",
                                offer=candle.ref, author="swiecolubna", at=at)
    if number in OF_SCENES:
        text, files = OF_SCENES[number]
        market.buyer_writes(text, ref, files=files, at=at + timedelta(minutes=7))
