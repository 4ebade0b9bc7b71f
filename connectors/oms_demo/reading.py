"""Reading JSON with a complaint that names the field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from oms_connector import Unreadable
from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    text,
    unreadable,
    value,
)

from oms_demo import words

Read = TypeVar("Read")


def readable(document: Any, read: Callable[[Any], Read]) -> Read | Unreadable:
    """What ``read`` makes of a document; what it cannot understand is kept with its whole text."""
    try:
        return read(document)
    except Puzzling as puzzle:
        return unreadable(document, puzzle)


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object."""
    found = value(document, name)
    if not isinstance(found, dict):
        raise Puzzling(shared.NOT_AN_OBJECT, name, found)
    return found


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object."""
    found = value(document, name)
    if not isinstance(found, list):
        raise Puzzling(shared.NOT_A_LIST, name, found)
    return found


def children_or_none(document: Any, name: str) -> Sequence[Any]:
    """A list that may be missing."""
    return () if value(document, name) is None else children(document, name)


def text_or_empty(document: Any, name: str) -> str:
    """A text that may be missing."""
    return "" if value(document, name) in (None, "") else text(document, name)


def whole(document: Any, name: str) -> int:
    """A whole number. JSON's ``true`` is none, nor is a number in quotes."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Puzzling(shared.NOT_WHOLE, name, found)
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
        raise Puzzling(shared.NOT_AN_AMOUNT, name, written)
    return found
