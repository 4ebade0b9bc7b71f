"""Reading Amazon's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Unreadable
from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    decimal,
    text,
    value,
)


def text_or_empty(document: Any, name: str) -> str:
    """A text that may be missing. Without the roles for it, what names people is missing."""
    return "" if value(document, name) in (None, "") else text(document, name).strip()


def whole(document: Any, name: str) -> int:
    """A whole number, zero or more; ``true`` is none."""
    found = shared.whole(document, name)
    if found < 0:
        raise Puzzling(shared.NOT_WHOLE, name, found)
    return found


def whole_or_none(document: Any, name: str) -> int | None:
    """A whole number that may be missing."""
    return None if value(document, name) is None else whole(document, name)


def amount(document: Any, name: str) -> Decimal:
    """The amount of a price, which is text."""
    return decimal(value(document, name, "amount"), name)


def stamp(when: datetime) -> str:
    """A moment as Amazon takes it (ISO 8601, to the second)."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unreadable(document: Any, puzzle: Puzzling, ref: str = "orderId") -> Unreadable:
    """What could not be understood, kept whole."""
    return shared.unreadable(document, puzzle, ref)
