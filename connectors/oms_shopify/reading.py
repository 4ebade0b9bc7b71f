"""Reading Shopify's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Unreadable
from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    children,
    decimal,
    value,
)

from oms_shopify import words

GID = re.compile(r"gid://shopify/\w+/(\d{1,20})(?:\?.*)?")


def nodes(document: Any, name: str) -> Sequence[Any]:
    """The rows of a connection that must be there."""
    found = value(document, name, "nodes")
    if not isinstance(found, list):
        raise Puzzling(shared.NOT_A_LIST, name, found)
    return found


def texts(document: Any, name: str) -> list[str]:
    """A list of texts that may be missing."""
    found = children(document, name)
    if not all(isinstance(one, str) for one in found):
        raise Puzzling(shared.NOT_A_TEXT, name, found)
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


def money(document: Any, name: str) -> Decimal:
    """What the buyer sees of an amount: ``presentmentMoney`` of a money bag."""
    return decimal(value(document, name, "presentmentMoney", "amount"), name)


def money_or_zero(document: Any, name: str) -> Decimal:
    """What the buyer sees of an amount that may be missing."""
    return Decimal(0) if value(document, name) is None else money(document, name)


def stamp(when: datetime) -> str:
    """A moment as Shopify writes it: UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    named = "legacyResourceId" if value(document, "legacyResourceId") else "id"
    return shared.unreadable(document, puzzle, named)
