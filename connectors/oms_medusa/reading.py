"""Reading Medusa's JSON, with a complaint that names the field. Pure.

Amounts are JSON numbers in the main unit. They are read as ``Decimal`` from the very text of the
answer (``decoded``), so none of them ever is a float.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Unreadable
from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    value,
    whole,
)


def decoded(body: bytes) -> Any:
    """A body's JSON with ``Decimal`` for every number that is not whole.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(body, parse_float=Decimal)


def is_on(document: Any, name: str) -> bool:
    """Whether something is said to be so."""
    return value(document, name) is True


def whole_or_zero(document: Any, name: str) -> int:
    """A whole number that may be missing."""
    return 0 if value(document, name) is None else whole(document, name)


def amount(document: Any, name: str) -> Decimal:
    """An amount in the main unit."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int | Decimal) \
            or not Decimal(found).is_finite():
        raise Puzzling(shared.NOT_AN_AMOUNT, name, found)
    return Decimal(found)


def amount_or_zero(document: Any, name: str) -> Decimal:
    """An amount that may be missing."""
    return Decimal(0) if value(document, name) is None else amount(document, name)


def moment(document: Any, name: str) -> datetime:
    """A moment in ISO 8601, in UTC."""
    return shared.moment(document, name, UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return shared.moment_or_none(document, name, UTC)


def stamp(when: datetime) -> str:
    """A moment as Medusa writes it: UTC, to the millisecond. Later ones sort behind it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    return shared.unreadable(document, puzzle, raw=as_text(document))


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
