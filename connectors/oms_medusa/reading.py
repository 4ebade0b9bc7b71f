"""Reading Medusa's JSON, with a complaint that names the field. Pure.

Amounts are JSON numbers in the main unit. They are read as ``Decimal`` from the very text of the
answer (``decoded``), so none of them ever is a float.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Unreadable

from oms_medusa import words

CENT = Decimal("0.01")


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        super().__init__(template % {"field": field, "found": repr(found)[:200]})
        self.field = field


def decoded(body: bytes) -> Any:
    """A body's JSON with ``Decimal`` for every number that is not whole.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(body, parse_float=Decimal)


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


def shown(document: Any, name: str) -> str:
    """A text for people that may be missing."""
    found = value(document, name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return found.strip()


def is_on(document: Any, name: str) -> bool:
    """Whether something is said to be so."""
    return value(document, name) is True


def whole(document: Any, name: str) -> int:
    """A whole number; Medusa would count parts of a unit, of which nothing is made here."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int | Decimal) or found != int(found):
        raise Puzzling(words.NOT_WHOLE, name, found)
    return int(found)


def whole_or_zero(document: Any, name: str) -> int:
    """A whole number that may be missing."""
    return 0 if value(document, name) is None else whole(document, name)


def amount(document: Any, name: str) -> Decimal:
    """An amount in the main unit."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int | Decimal) \
            or not Decimal(found).is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, found)
    return Decimal(found)


def amount_or_zero(document: Any, name: str) -> Decimal:
    """An amount that may be missing."""
    return Decimal(0) if value(document, name) is None else amount(document, name)


def cents(sum_: Decimal) -> Decimal:
    """An amount to the grosz, half away from zero; Medusa itself keeps up to 20 places."""
    return sum_.quantize(CENT, "ROUND_HALF_UP")


def moment(document: Any, name: str) -> datetime:
    """A moment in ISO 8601, in UTC."""
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
    """A moment as Medusa writes it: UTC, to the millisecond. Later ones sort behind it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    return Unreadable(str(value(document, "id") or "?")[:120], as_text(document), str(puzzle),
                      puzzle.field)


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later, without what it says twice."""
    return json.dumps(_once(document), ensure_ascii=False, default=_number)


def _once(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _once(one) for name, one in document.items()
                if not name.startswith("raw_")}
    return [_once(one) for one in document] if isinstance(document, list) else document


def _number(found: Any) -> Any:
    """An amount as JSON: in quotes, since a float would be another number."""
    if isinstance(found, Decimal):
        return str(found)
    raise TypeError(f"a {type(found).__name__} in a document")
