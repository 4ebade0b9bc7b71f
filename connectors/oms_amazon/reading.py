"""Reading Amazon's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import Unreadable

from oms_amazon import words


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        super().__init__(template % {"field": field, "found": repr(found)[:200]})
        self.field = field


def value(document: Any, *path: str) -> Any:
    """What is at the end of a path; None when it, or anything on the way, is missing."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; empty when it is missing."""
    found = value(document, name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Puzzling(words.NOT_AN_OBJECT, name, found)
    return found


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object; empty when it is missing."""
    found = value(document, name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise Puzzling(words.NOT_A_LIST, name, found)
    return found


def text(document: Any, name: str) -> str:
    """A text that must be there."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return found


def text_or_empty(document: Any, name: str) -> str:
    """A text that may be missing. Without the roles for it, what names people is missing."""
    return "" if value(document, name) in (None, "") else text(document, name).strip()


def whole(document: Any, name: str) -> int:
    """A whole number, zero or more; ``true`` is none."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise Puzzling(words.NOT_WHOLE, name, found)
    return found


def whole_or_none(document: Any, name: str) -> int | None:
    """A whole number that may be missing."""
    return None if value(document, name) is None else whole(document, name)


def amount(document: Any, name: str) -> Decimal:
    """The amount of a price, which is text."""
    found = value(document, name, "amount")
    written = isinstance(found, str | int | float) and not isinstance(found, bool)
    try:
        decimal = Decimal(str(found).strip()) if written else Decimal("NaN")
    except InvalidOperation:
        decimal = Decimal("NaN")
    if not decimal.is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, found)
    return decimal


def moment(document: Any, name: str) -> datetime:
    """A moment in UTC."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Puzzling(words.NOT_A_MOMENT, name, written)
    return found.astimezone(UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) in (None, "") else moment(document, name)


def choice(table: Mapping[str, Any], word: str, name: str) -> Any:
    """What a word stands for; a word that is new to us is not guessed at."""
    if word not in table:
        raise Puzzling(words.UNKNOWN, name, word)
    return table[word]


def stamp(when: datetime) -> str:
    """A moment as Amazon takes it (ISO 8601, to the second)."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later."""
    return json.dumps(document, ensure_ascii=False)


def unreadable(document: Any, puzzle: Puzzling, ref: str = "orderId") -> Unreadable:
    """What could not be understood, kept whole."""
    return Unreadable(str(value(document, ref) or "?")[:120], as_text(document), str(puzzle),
                      puzzle.field)
