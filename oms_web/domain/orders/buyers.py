"""Recognising a buyer who ordered before, from the beginning of whatever somebody types of them.

A name, a company, a phone, an e-mail or a NIP; the same keys by which orders are found. What is
read is bounded whatever is typed: at most ``CANDIDATES`` orders per word, ``LOOKED_AT`` of them,
the newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from oms_web.core.text import fold, phone_key, squeeze, words
from oms_web.domain.orders.models import Order, OrderKey
from oms_web.domain.orders.search import begins_with

SHORTEST = 3
CANDIDATES = 2000
LOOKED_AT = 200
SHOWN = 6
MAX_WORDS = 4
_MAX_CHARS = 120
_ABROAD = ("+48", "0048")


@dataclass(frozen=True, slots=True)
class KnownBuyer:
    """A buyer as their newest order has them. ``orders``: how many of those looked at are theirs.
    """

    order_id: int
    placed_at: datetime
    name: str
    company: str
    email: str
    phone: str
    tax_id: str
    street: str
    postcode: str
    city: str
    country: str
    orders: int = 1

    @property
    def called(self) -> str:
        """The company, else the person."""
        return self.company or self.name


def typed_codes(text: str) -> list[str]:
    """What the text may be as one piece: the beginning of a phone, an e-mail, a NIP. Pure.

    The prefix of Poland is left out of a phone: keys are the last nine digits of a number.
    """
    plain = text.strip().lower()[:_MAX_CHARS]
    if "@" in plain:
        return [plain]
    bare = "".join(plain.split())
    for prefix in _ABROAD:
        bare = bare.removeprefix(prefix)
    digits = squeeze(bare)
    if not any(ch.isdigit() for ch in digits) or len(digits) < SHORTEST:
        return []
    codes = {digits, squeeze(plain)}
    if not any(ch.isalpha() for ch in plain) and len(digits) > len(phone_key(plain)):
        codes.add(phone_key(plain))
    return sorted(codes)


def recognise(session: Session, text: str, limit: int = SHOWN) -> list[KnownBuyer]:
    """Earlier buyers that the text may mean, each once, whoever ordered last first."""
    return _gathered(_newest(session, _found(session, text)), limit)


def _found(session: Session, text: str) -> set[int]:
    codes = typed_codes(text)
    if codes:
        ids = set(session.scalars(_orders(or_(*(begins_with(code) for code in codes)))))
        if ids or "@" in text:
            return ids
    parts = list(dict.fromkeys(words(text[:_MAX_CHARS])))[:MAX_WORDS]
    if sum(map(len, parts)) < SHORTEST:
        return set()
    found: set[int] | None = None
    for part in parts:
        # The word itself leads to its newest orders; what only begins so, to some of them.
        ids = set(session.scalars(_orders(OrderKey.key == part).order_by(OrderKey.order_id.desc())))
        if len(ids) < CANDIDATES:
            ids |= set(session.scalars(_orders(begins_with(part))))
        found = ids if found is None else found & ids
    return found or set()


def _orders(where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(OrderKey.order_id).where(where).limit(CANDIDATES)


def _newest(session: Session, ids: Iterable[int]) -> list[Any]:
    newest = sorted(ids, reverse=True)[:LOOKED_AT]
    if not newest:
        return []
    return list(session.execute(
        select(Order.id, Order.placed_at, Order.buyer_name, Order.buyer_company, Order.buyer_email,
               Order.buyer_phone, Order.tax_id, Order.ship_to)
        .where(Order.id.in_(newest)).order_by(Order.id.desc())
    ))


def _gathered(rows: Iterable[Any], limit: int) -> list[KnownBuyer]:
    """Rows of one buyer become one: the same e-mail, phone or NIP; else the same name and street.
    """
    known: dict[str, int] = {}
    found: list[KnownBuyer] = []
    for id_, placed_at, name, company, email, phone, tax_id, ship_to in rows:
        to = ship_to or {}
        marks = [mark for mark in (email.lower(), phone_key(phone), tax_id) if mark]
        marks = marks or [fold(f"{name}|{company}|{to.get('street', '')}")]
        at = next((known[mark] for mark in marks if mark in known), None)
        if at is None:
            if not (name or company):
                continue
            at = len(found)
            found.append(KnownBuyer(
                id_, placed_at, name, company, email, phone, tax_id, street=_part(to, "street"),
                postcode=_part(to, "postcode"), city=_part(to, "city"),
                country=_part(to, "country"), orders=0))
        known.update(dict.fromkeys(marks, at))
        found[at] = replace(found[at], orders=found[at].orders + 1)
    return found[:limit]


def _part(address: Mapping[str, Any], name: str) -> str:
    return str(address.get(name) or "")
