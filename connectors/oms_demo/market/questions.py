"""What invented buyers ask: some right after they bought, one or two before they do."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

from oms_demo.market.market import Market
from oms_demo.market.people import person

OFTEN = 0.12
"""The part of buyers who write."""
ASKED: dict[str, tuple[str, ...]] = {
    "PL": (
        "Dzień dobry, kiedy paczka zostanie wysłana? Potrzebuję jej na sobotę.",
        "Dzień dobry, czy mogę jeszcze zmienić paczkomat?",
        "Proszę o fakturę na firmę, zapomniałam zaznaczyć przy zakupie.",
        "Czy da się zapakować na prezent? Z góry dziękuję!",
        "Dostałam dziś jedną sztukę mniej, niż zamówiłam. Co teraz?",
    ),
    "": (
        "Hello, when will my parcel leave? I need it by Saturday.",
        "Hi, could you write the customs form in English, please?",
        "Can I still change the address of my order?",
    ),
}
OF_SCENES = {
    1: ("Czy lampa ma żarówkę w komplecie?", ()),
    4: ("Poprawny NIP to 9992002070, przepraszam za pomyłkę.", ()),
    9: ("Przesyłam wzór graweru w załączniku: „Zosia” pismem jak na zdjęciu.",
        ({"name": "grawer-zosia.jpg", "url": "https://files.targowisko.example/grawer-zosia.jpg"},)),
}
"""Number of a scene -> what its buyer writes, and the files that go along."""


def maybe_ask(market: Market, ref: str, at: datetime) -> None:
    """The buyer of an order may write a few minutes after it; somebody else may ask before buying.
    """
    dice = random.Random(f"{market.seed}/question/{ref}")  # noqa: S311 - invented words
    if dice.random() >= OFTEN:
        return
    with market.store.transaction() as db:
        row = db.execute("SELECT buyer FROM purchase WHERE ref = ?", (ref,)).fetchone()
    country = json.loads(row["buyer"])["country"]
    words = ASKED.get(country, ASKED[""])
    later = at + timedelta(minutes=dice.uniform(1, 4))
    market.buyer_writes(dice.choice(words), ref, at=min(later, market.clock()))
    if dice.random() < 0.2:
        other = person(market.seed, 3_000_000 + dice.randrange(1_000_000), "PL")
        offer = dice.choice(market.shelf())
        market.buyer_writes("Dzień dobry, kiedy będzie tego więcej? Potrzebuję 40 sztuk.",
                            offer=offer.ref, author=other.login, at=at)


def of_scene(market: Market, number: int, ref: str, at: datetime) -> None:
    """The buyer of a scene writes, where it wants that; at the first one somebody asks before
    buying.
    """
    if number == 0:
        market.buyer_writes("Dzień dobry, czy świece są też w wersji bezzapachowej?",
                            offer=market.shelf()[0].ref, author="swiecolubna", at=at)
    if number in OF_SCENES:
        text, files = OF_SCENES[number]
        market.buyer_writes(text, ref, files=files, at=at + timedelta(minutes=7))
