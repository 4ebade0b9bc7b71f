"""Reading Vendure's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Unreadable

from oms_vendure import words

CENT = Decimal("0.01")


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        super().__init__(template % {"field": field, "found": repr(found)[:200]})
        self.field = field


def value(document: Any, name: str) -> Any:
    """A field; None where it is missing, or where there is no object."""
    return document.get(name) if isinstance(document, dict) else None


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; empty when it is missing."""
    found = value(document, name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Puzzling(words.NOT_AN_OBJECT, name, found)
    return found


def children(document: Any, name: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects within an object; empty when it is missing."""
    found = value(document, name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Puzzling(words.NOT_A_LIST, name, found)
    return found


def text(document: Any, name: str) -> str:
    """A text that must be there."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return found


def shown(document: Any, name: str) -> str:
    """A text for people that may be missing."""
    found = value(document, name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return found.strip()


def ref(document: Any, name: str = "id") -> str:
    """The id of a thing: a number as text, or whatever the shop's own id strategy makes."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(words.NOT_AN_ID, name, found)
    return found


def ref_or_empty(document: Any, name: str = "id") -> str:
    """The id of a thing that may not be there."""
    return "" if value(document, name) is None else ref(document, name)


def whole(document: Any, name: str) -> int:
    """A whole number."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Puzzling(words.NOT_WHOLE, name, found)
    return found


def amount(document: Any, name: str, precision: int) -> Decimal:
    """An amount, which is a whole number of the shop's smallest units."""
    return Decimal(whole(document, name)).scaleb(-precision)


def cents(sum_: Decimal) -> Decimal:
    """An amount to the grosz."""
    return sum_.quantize(CENT, "ROUND_HALF_UP")


def moment(document: Any, name: str) -> datetime:
    """A moment, in UTC."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise Puzzling(words.NOT_A_MOMENT, name, written) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) is None else moment(document, name)


def stamp(when: datetime) -> str:
    """A moment as Vendure writes it: UTC, to the millisecond. Later ones sort behind it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    return Unreadable(str(value(document, "id") or "?")[:120], as_text(document), str(puzzle),
                      puzzle.field)


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later."""
    return json.dumps(document, ensure_ascii=False)
