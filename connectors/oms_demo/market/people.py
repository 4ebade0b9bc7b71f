"""Invented buyers, each made from a number: the same seed and number are the same person."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

from oms_demo.market import names
from oms_demo.market.delivery import digits
from oms_demo.market.names import ascii_letters

NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
NO_OFFICE = "999"
"""A NIP begins with the number of a tax office; this one belongs to none, so the NIP to nobody."""

FOREIGN = 0.06
COMPANY = 0.09


@dataclass(frozen=True, slots=True)
class Person:
    """A buyer with the address that the parcel goes to."""

    login: str
    name: str
    email: str
    phone: str
    company: str
    tax_id: str
    street: str
    postcode: str
    city: str
    country: str

    def as_dict(self) -> dict[str, Any]:
        """All of it by name."""
        return asdict(self)


def nip(rng: random.Random) -> str:
    """A tax number whose checksum is right and that nobody has."""
    while True:
        body = NO_OFFICE + "".join(str(rng.randrange(10)) for _ in range(6))
        check = sum(int(d) * w for d, w in zip(body, NIP_WEIGHTS, strict=True)) % 11
        if check < 10:
            return f"{body}{check}"


def person(seed: int, number: int, country: str | None = None) -> Person:
    """Buyer ``number``; ``country`` overrides where chance would put them."""
    rng = random.Random(f"{seed}/person/{number}")  # noqa: S311 - invented data, no secrets
    if country is None:
        country = rng.choice(tuple(names.ABROAD)) if rng.random() < FOREIGN else "PL"
    return _pole(rng) if country == "PL" else _foreigner(rng, country)


def _pole(rng: random.Random) -> Person:
    first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.SURNAMES)
    if first.endswith("a") and last.endswith(("ski", "cki")):
        last = f"{last[:-1]}a"
    if first.endswith("a") and rng.random() < 0.06:
        last = f"{last}-{rng.choice(('Nowak', 'Kurek', 'Lis'))}"
    city, area = rng.choice(names.CITIES)
    number = rng.randrange(1, 120)
    flat = f"/{rng.randrange(1, 90)}" if rng.random() < 0.55 else ""
    company = tax_id = ""
    if rng.random() < COMPANY:
        company = f"{rng.choice(names.COMPANIES)} {rng.choice(names.COMPANY_FORMS)}".strip()
        tax_id = nip(rng)
    login = _login(first, last, rng)
    return Person(
        login=login, name=f"{first} {last}", email=f"{login}@poczta.example",
        phone=digits(rng.choice(("+48 50# ### ###", "+48 60# ### ###", "+48 79# ### ###",
                                 "+48 88# ### ###")), rng),
        company=company, tax_id=tax_id, street=f"{rng.choice(names.STREETS)} {number}{flat}",
        postcode=f"{area[:2]}-{area[2]}{rng.randrange(1, 100):02d}", city=city, country="PL",
    )


def _foreigner(rng: random.Random, country: str) -> Person:
    land = names.ABROAD[country]
    first, last = rng.choice(land.names).split()
    city, postcode = rng.choice(land.cities)
    login = _login(first, last, rng)
    return Person(
        login=login, name=f"{first} {last}", email=f"{login}@mail.example",
        phone=digits(land.phone, rng), company="", tax_id="",
        street=rng.choice(land.streets).format(n=rng.randrange(1, 140)),
        postcode=digits(postcode, rng), city=city, country=country,
    )


def _login(first: str, last: str, rng: random.Random) -> str:
    return f"{ascii_letters(first)[:4]}{ascii_letters(last)[:5]}{rng.randrange(10, 100)}".lower()
