"""Reading JSON with a complaint that names the field. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from oms_connector import Unreadable

from oms_demo import words

Read = TypeVar("Read")


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        shown = repr(found)
        super().__init__(template % {"field": field, "found": shown[:200]})
        self.field = field


def readable(document: Any, read: Callable[[Any], Read]) -> Read | Unreadable:
    """What ``read`` makes of a document; what it cannot understand is kept with its whole text."""
    try:
        return read(document)
    except Puzzling as puzzle:
        raw = json.dumps(document, ensure_ascii=False)
        return Unreadable(_id_of(document), raw, str(puzzle), puzzle.field)


def value(document: Any, name: str) -> Any:
    """What a field holds; None when it is missing, or when this is no object at all."""
    return document.get(name) if isinstance(document, dict) else None


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object."""
    found = value(document, name)
    if not isinstance(found, dict):
        raise Puzzling(words.NOT_AN_OBJECT, name, found)
    return found


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object."""
    found = value(document, name)
    if not isinstance(found, list):
        raise Puzzling(words.NOT_A_LIST, name, found)
    return found


def children_or_none(document: Any, name: str) -> Sequence[Any]:
    """A list that may be missing."""
    return () if value(document, name) is None else children(document, name)


def text(document: Any, name: str) -> str:
    """A text that must be there."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return found


def text_or_empty(document: Any, name: str) -> str:
    """A text that may be missing."""
    return "" if value(document, name) in (None, "") else text(document, name)


def whole(document: Any, name: str) -> int:
    """A whole number. JSON's ``true`` is none, nor is a number in quotes."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Puzzling(words.NOT_WHOLE, name, found)
    return found


def units(document: Any, name: str, least: int = 1) -> int:
    """A whole number of pieces, at least so many: minus two pieces are no order."""
    found = whole(document, name)
    if found < least:
        raise Puzzling(words.TOO_FEW, name, found)
    return found


def amount(document: Any, name: str) -> Decimal:
    """An amount of money, which the marketplace writes as text: never through a float."""
    written = text(document, name)
    try:
        found = Decimal(written)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, written)
    return found


def moment(document: Any, name: str) -> datetime:
    """A moment with its zone."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Puzzling(words.NOT_A_MOMENT, name, written)
    return found


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) is None else moment(document, name)


def choice(table: Mapping[str, Any], word: str, name: str) -> Any:
    """What a word stands for; a word that is new to us is not guessed at."""
    if word not in table:
        raise Puzzling(words.UNKNOWN, name, word)
    return table[word]


def _id_of(document: Any) -> str:
    return str(value(document, "id") or "?")[:120]
