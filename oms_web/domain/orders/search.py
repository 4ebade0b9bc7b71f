"""Finding orders by whatever a person types into one field.

Case, accents and dashes do not matter. Whole codes come first: our number, the channel's, a
tracking number, an EAN or SKU inside, an e-mail, a phone, a NIP. Else every word must begin one of
the order's keys; a word that is itself a common key ("anna") must be met whole, so that its orders
can be walked newest first and the search stops when the page is full. Or all words are in the name
of a product: looked up in the catalogue, and from there by the index of lines, so that no line is
read for its title.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from oms_web.core.text import phone_key, squeeze, words
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders.filters import Condition, holds_for_row, with_variants
from oms_web.domain.orders.models import Order, OrderKey, OrderLine

MAX_WORDS = 6
MAX_CHARS = 200
COMMON = 1000
ENOUGH = 20_000
MOST_GOODS = 1000
"""Products whose orders a search finds; who means more of them adds a word."""
MOST_BARE = 5000
"""Offers without a product whose titles are looked at."""
_SHORTEST_NAME = 3
_PHONE_DIGITS = 9
_NUMBER_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Sought:
    """What a typed text can mean.

    Attributes:
        number: our own order number, if the text can be one.
        codes: folded keys the text may be as one piece: a channel's number, an e-mail, a phone.
        parts: its folded words.
        code_like: it holds a digit or an @, as names do not.
    """

    number: int | None = None
    codes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    code_like: bool = False


def understand(text: str) -> Sought:
    """Read what was typed. Pure."""
    text = text.strip()[:MAX_CHARS]
    bare = text.removeprefix("#").replace(" ", "")
    is_number = bare.isascii() and bare.isdigit() and len(bare) <= _NUMBER_DIGITS
    codes = {text.lower(), squeeze(text)}
    if not any(ch.isalpha() for ch in text) and len(phone_key(text)) == _PHONE_DIGITS:
        codes.add(phone_key(text))
    return Sought(
        int(bare) if is_number else None,
        tuple(sorted(code for code in codes if len(code) > 1)),
        tuple(dict.fromkeys(words(text)))[:MAX_WORDS],
        "@" in text or any(ch.isdigit() for ch in text),
    )


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search came to. ``only``: the one order whose code was typed whole."""

    condition: Condition
    only: int | None = None


def search(session: Session, text: str, tracked: Sequence[int] = ()) -> Hit:
    """The condition that a typed text sets.

    Args:
        tracked: orders with this tracking number, looked up by whoever knows parcels.
    """
    sought = understand(text)
    whole = _whole(session, sought, tracked)
    if len(whole) == 1 and sought.code_like:
        return Hit(_these(whole), next(iter(whole)))
    if sought.code_like or len(sought.parts) == 1:
        found = _by_code(session, text, sought, whole)
        if found is not None:
            return Hit(found)
    return Hit(_or_goods(session, sought.parts, _by_words(session, sought.parts)))


def _these(ids: set[int]) -> Condition:
    where = Order.id.in_(sorted(ids))
    return Condition("q", where, select(Order.id).where(where))


def _whole(session: Session, sought: Sought, tracked: Sequence[int]) -> set[int]:
    """Orders for which the text is a whole code."""
    found = set(tracked)
    if not sought.code_like:
        return found
    if sought.number is not None:
        found.update(session.scalars(select(Order.id).where(Order.id == sought.number)))
    if sought.codes:
        found.update(session.scalars(
            select(OrderKey.order_id).where(OrderKey.key.in_(sought.codes)).limit(COMMON)
        ))
    return found


def _by_code(session: Session, text: str, sought: Sought, whole: set[int]) -> Condition | None:
    """The text as one code, or the beginning of one."""
    variant = catalog.scanned(session, text)
    if variant is not None:
        inside = with_variants("q", [variant.id])
        if not whole:
            return inside
        where = or_(inside.where, Order.id.in_(sorted(whole)))
        return Condition("q", where, probes=True)
    if not sought.code_like:
        return None
    begins = or_(*(begins_with(code) for code in sought.codes)) if sought.codes else false()
    ids = session.scalars(select(OrderKey.order_id).where(begins).limit(COMMON + 1)).all()
    if len(ids) > COMMON:
        mine = select(OrderKey.key).where(OrderKey.order_id == Order.id, begins)
        return Condition("q", holds_for_row(mine), probes=True)
    return _these(whole | set(ids)) if whole or ids else None


def begins_with(word: str) -> ColumnElement[bool]:
    """A prefix as a range of keys, which are compared by code point."""
    return and_(OrderKey.key >= word, OrderKey.key < word[:-1] + chr(ord(word[-1]) + 1))


def _by_words(session: Session, parts: Sequence[str]) -> Condition:
    """Every word, each wholly if it is common, else as a beginning."""
    if not parts:
        return Condition("q", false(), select(Order.id).where(false()))
    rare: set[int] | None = None
    common: dict[str, int] = {}
    wheres: list[ColumnElement[bool]] = []
    for part in parts:
        met = _count(session, OrderKey.key == part)
        if met > COMMON:
            common[part] = met
            continue
        ids = session.scalars(_orders_of(begins_with(part))).all()
        if len(ids) > COMMON:
            wheres.append(_has(begins_with(part)))
        else:
            rare = set(ids) if rare is None else rare & set(ids)
    if rare is not None:
        few = _these(rare)
        return replace(few, where=and_(few.where, *wheres, *_all_have(common)))
    walked = min(common, key=common.__getitem__, default="")
    rest = and_(true(), *wheres, *_all_have(part for part in common if part != walked))
    return Condition("q", and_(*_all_have([walked] if walked else []), rest), word=walked,
                     rest=rest, probes=True)


def _or_goods(session: Session, parts: Sequence[str], buyers: Condition) -> Condition:
    """What words find among buyers, and the orders that hold a product called so.

    A word that many buyers have is a name.
    """
    if buyers.word or max(map(len, parts), default=0) < _SHORTEST_NAME:
        return buyers
    goods, offers = _called(session, parts)
    if not goods and not offers:
        return buyers
    # Of an order its few lines are looked at; the sum keeps SQLite off the index of variants there.
    mine = or_((OrderLine.variant_id + 0).in_(goods), (OrderLine.listing_id + 0).in_(offers))
    where = or_(buyers.where, holds_for_row(
        select(OrderLine.id).where(OrderLine.order_id == Order.id, mine)))
    if buyers.ids is None:
        return Condition("q", where, probes=True)
    either = union_all(buyers.ids, *(
        select(OrderLine.order_id).where(column.in_(ids))
        for column, ids in ((OrderLine.variant_id, goods), (OrderLine.listing_id, offers)) if ids
    )).subquery()
    return Condition("q", where, select(either.c[0]), probes=True)


def _called(session: Session, parts: Sequence[str]) -> tuple[list[int], list[int]]:
    """Products in whose names words begin so, and offers that nobody linked yet, by their titles.
    """
    known = select(Variant.id).where(
        *(Variant.search.like(f"% {part}%") for part in parts)).limit(MOST_GOODS).subquery()
    bare = select(Listing.id, Listing.title).where(
        Listing.variant_id.is_(None)).limit(MOST_BARE).subquery()
    rows = session.execute(union_all(
        select(known.c.id, null().label("title")), select(bare.c.id, bare.c.title))).all()
    goods = [id_ for id_, title in rows if title is None]
    offers = [id_ for id_, title in rows if title is not None and all(
        f" {part}" in f" {' '.join(words(title))}" for part in parts)]
    return goods, offers[:MOST_GOODS]


def _all_have(parts: Iterable[str]) -> list[ColumnElement[bool]]:
    return [_has(OrderKey.key == part) for part in parts]


def _count(session: Session, keys: ColumnElement[bool]) -> int:
    """How many orders have such a key, counted no further than ``ENOUGH``."""
    some = select(OrderKey.order_id).where(keys).limit(ENOUGH).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _orders_of(keys: ColumnElement[bool]) -> Select[int]:
    return select(OrderKey.order_id).where(keys).limit(COMMON + 1)


def _has(keys: ColumnElement[bool]) -> ColumnElement[bool]:
    return holds_for_row(select(OrderKey.key).where(OrderKey.order_id == Order.id, keys))
