"""Reading Vendure's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    value,
    whole,
)

from oms_vendure import words


def children(document: Any, name: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects within an object; empty when it is missing."""
    found = shared.children(document, name)
    if not all(isinstance(one, dict) for one in found):
        raise Puzzling(shared.NOT_A_LIST, name, found)
    return found


def ref(document: Any, name: str = "id") -> str:
    """The id of a thing: a number as text, or whatever the shop's own id strategy makes."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(words.NOT_AN_ID, name, found)
    return found


def ref_or_empty(document: Any, name: str = "id") -> str:
    """The id of a thing that may not be there."""
    return "" if value(document, name) is None else ref(document, name)


def amount(document: Any, name: str, precision: int) -> Decimal:
    """An amount, which is a whole number of the shop's smallest units."""
    return Decimal(whole(document, name)).scaleb(-precision)


def moment(document: Any, name: str) -> datetime:
    """A moment, in UTC."""
    return shared.moment(document, name, UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return shared.moment_or_none(document, name, UTC)


def stamp(when: datetime) -> str:
    """A moment as Vendure writes it: UTC, to the millisecond. Later ones sort behind it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
