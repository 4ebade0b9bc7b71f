"""Reading Allegro's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oms_connector.reading import (
    decimal,
    text,
    value,
)


def text_or_empty(document: Any, name: str) -> str:
    """A text that may be missing. What is masked with asterisks is missing."""
    if value(document, name) in (None, ""):
        return ""
    found = text(document, name)
    return found if found.strip(" *") else ""


def amount(document: Any, name: str) -> Decimal:
    """The amount of a price, which is text; where it is a number, its shortest form is taken."""
    return decimal(value(document, name, "amount"), name)


def amount_or_none(document: Any, name: str) -> Decimal | None:
    """The amount of a price that may be missing."""
    return None if value(document, name) is None else amount(document, name)
