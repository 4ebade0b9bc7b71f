"""Reading JSON with a complaint that names the field: what every connector's mapping begins with.

Pure. What is missing or null is told apart from what is of another kind: the former may be, the
latter is a puzzle, and a document with a puzzle goes to quarantine whole (``unreadable``). A
channel's own habits (amounts within objects, numbers in quotes) belong in the connector, on top.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector.data import Unreadable
from oms_connector.marking import N_

CENT = Decimal("0.01")
SHOWN = 200
"""Characters of what was found that a complaint repeats."""
LONGEST_REF = 120

NOT_AN_OBJECT = N_("%(field)s is not an object: %(found)s")
NOT_A_LIST = N_("%(field)s is not a list: %(found)s")
NOT_A_TEXT = N_("%(field)s is missing or not a text: %(found)s")
NOT_WHOLE = N_("%(field)s is not a whole number: %(found)s")
NOT_AN_AMOUNT = N_("%(field)s is not an amount: %(found)s")
NOT_A_MOMENT = N_("%(field)s is not a moment: %(found)s")
NO_ZONE = N_("%(field)s is not a moment with a time zone: %(found)s")
UNKNOWN = N_("%(field)s has a value that is new to us: %(found)s")


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        super().__init__(template % {"field": field, "found": repr(found)[:SHOWN]})
        self.field = field


def value(document: Any, *path: str) -> Any:
    """What is at the end of a path; None where it, or anything on the way, is missing."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; empty where it is missing or null."""
    found = value(document, name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Puzzling(NOT_AN_OBJECT, name, found)
    return found


def missing(document: Any, names: Sequence[str]) -> list[str]:
    """Which of these names an answer lacks; all of them where it is no object."""
    return [name for name in names if not isinstance(document, dict) or name not in document]


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object; empty where it is missing or null."""
    found = value(document, name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise Puzzling(NOT_A_LIST, name, found)
    return found


def text(document: Any, name: str) -> str:
    """A text that must be there."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(NOT_A_TEXT, name, found)
    return found


def shown(document: Any, name: str) -> str:
    """A text for people that may be missing."""
    found = value(document, name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Puzzling(NOT_A_TEXT, name, found)
    return found.strip()


def whole(document: Any, name: str) -> int:
    """A whole number; 2.0 is two, for many channels count in numbers of any kind."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        raise Puzzling(NOT_WHOLE, name, found)
    try:
        count = int(found)
    except (OverflowError, ValueError):  # JSON as Python reads it knows Infinity and NaN
        raise Puzzling(NOT_WHOLE, name, found) from None
    if count != found:
        raise Puzzling(NOT_WHOLE, name, found)
    return count


def decimal(found: Any, name: str) -> Decimal:
    """An amount, written as text or as a number; of a float its shortest form is taken."""
    written = isinstance(found, str | int | float | Decimal) and not isinstance(found, bool)
    try:
        read = Decimal(str(found).strip()) if written else Decimal("NaN")
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise Puzzling(NOT_AN_AMOUNT, name, found)
    return read


def cents(amount: Decimal) -> Decimal:
    """An amount to the hundredth, half away from zero."""
    return amount.quantize(CENT, "ROUND_HALF_UP")


def moment(document: Any, name: str, zone: tzinfo | None = None) -> datetime:
    """A moment in ISO 8601, in UTC.

    Args:
        zone: where the channel's clock stands if it writes none; without it such a moment is a
            puzzle.
    """
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise Puzzling(NOT_A_MOMENT if zone else NO_ZONE, name, written) from None
    if found.tzinfo is None:
        if zone is None:
            raise Puzzling(NO_ZONE, name, written)
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC)


def moment_or_none(document: Any, name: str, zone: tzinfo | None = None) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) in (None, "") else moment(document, name, zone)


def choice(table: Mapping[str, Any], word: str, name: str) -> Any:
    """What a word stands for; a word that is new to us is not guessed at."""
    if word not in table:
        raise Puzzling(UNKNOWN, name, word)
    return table[word]


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later."""
    return json.dumps(document, ensure_ascii=False)


def unreadable(document: Any, puzzle: Puzzling, name: str = "id", raw: str = "") -> Unreadable:
    """What could not be understood, kept.

    Args:
        name: the field with its id.
        raw: what is kept of it; the whole document unless told otherwise.
    """
    return Unreadable(str(value(document, name) or "?")[:LONGEST_REF], raw or as_text(document),
                      str(puzzle), puzzle.field)
