"""Reading Shopify's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import Unreadable

from oms_shopify import words

CENT = Decimal("0.01")
GID = re.compile(r"gid://shopify/\w+/(\d{1,20})(?:\?.*)?")


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        super().__init__(template % {"field": field, "found": repr(found)[:200]})
        self.field = field


def value(document: Any, *names: str) -> Any:
    """A field, or one within it; None where any of them is missing."""
    for name in names:
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


def nodes(document: Any, name: str) -> Sequence[Any]:
    """The rows of a connection that must be there."""
    found = value(document, name, "nodes")
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


def texts(document: Any, name: str) -> list[str]:
    """A list of texts that may be missing."""
    found = children(document, name)
    if not all(isinstance(one, str) for one in found):
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return [one.strip() for one in found if one.strip()]


def ref(document: Any, name: str = "id") -> str:
    """The number within a global id (``gid://shopify/Order/7``)."""
    found = value(document, name)
    match = GID.fullmatch(found) if isinstance(found, str) else None
    if match is None:
        raise Puzzling(words.NOT_AN_ID, name, found)
    return match[1]


def number_of(document: Any) -> str:
    """The number of a thing as Shopify writes it for the panel and in webhooks."""
    found = value(document, "legacyResourceId")
    if not isinstance(found, str) or not found.isdigit():
        raise Puzzling(words.NOT_AN_ID, "legacyResourceId", found)
    return found


def gid(kind: str, number: str) -> str:
    """The global id of a thing."""
    return f"gid://shopify/{kind}/{number}"


def whole(document: Any, name: str) -> int:
    """A whole number."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Puzzling(words.NOT_WHOLE, name, found)
    return found


def money(document: Any, name: str) -> Decimal:
    """What the buyer sees of an amount: ``presentmentMoney`` of a money bag."""
    return decimal(value(document, name, "presentmentMoney", "amount"), name)


def money_or_zero(document: Any, name: str) -> Decimal:
    """What the buyer sees of an amount that may be missing."""
    return Decimal(0) if value(document, name) is None else money(document, name)


def decimal(found: Any, name: str) -> Decimal:
    """An amount, which is text."""
    try:
        read = Decimal(found) if isinstance(found, str) else Decimal("NaN")
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, found)
    return read


def cents(amount: Decimal) -> Decimal:
    """An amount to the cent, half away from zero."""
    return amount.quantize(CENT, "ROUND_HALF_UP")


def moment(document: Any, name: str) -> datetime:
    """A moment with its zone."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise Puzzling(words.NOT_A_MOMENT, name, written) from error
    if found.tzinfo is None:
        raise Puzzling(words.NOT_A_MOMENT, name, written)
    return found.astimezone(UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) in (None, "") else moment(document, name)


def stamp(when: datetime) -> str:
    """A moment as Shopify writes it: UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    known = value(document, "legacyResourceId") or value(document, "id") or "?"
    return Unreadable(str(known)[:120], as_text(document), str(puzzle), puzzle.field)


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later."""
    return json.dumps(document, ensure_ascii=False)
