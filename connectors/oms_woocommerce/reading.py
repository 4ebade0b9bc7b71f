"""Reading WooCommerce's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import Unreadable

from oms_woocommerce import words

CENT = Decimal("0.01")
# Ways into the buyer's order without a password, and what nobody here needs of the buyer.
UNKEPT = frozenset({"order_key", "payment_url", "cart_hash", "customer_ip_address",
                    "customer_user_agent", "_links"})


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        super().__init__(template % {"field": field, "found": repr(found)[:200]})
        self.field = field


def value(document: Any, name: str) -> Any:
    """A field; None where it is missing, or where there is no object."""
    return document.get(name) if isinstance(document, dict) else None


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; empty when it is missing.

    PHP writes an object without fields as an empty list.
    """
    found = value(document, name)
    if found is None or found == []:
        return {}
    if not isinstance(found, dict):
        raise Puzzling(words.NOT_AN_OBJECT, name, found)
    return found


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object; empty when it is missing."""
    found = value(document, name)
    if found is None or found == {}:
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
    """A text for people that may be missing; WordPress keeps some characters as HTML entities."""
    found = value(document, name)
    if found in (None, "", False):
        return ""
    if not isinstance(found, str):
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return html.unescape(found).strip()


def ref(document: Any, name: str = "id") -> str:
    """The number of a thing, as text."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise Puzzling(words.NOT_A_NUMBER, name, found)
    return str(found)


def ref_or_empty(document: Any, name: str) -> str:
    """The number of a thing that may not be there: WooCommerce writes 0 then."""
    return "" if value(document, name) in (None, 0, "0", "") else ref(document, name)


def whole(document: Any, name: str) -> int:
    """A whole number; plugins allow parts of a unit, of which nothing is made here."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int | float) or found != int(found):
        raise Puzzling(words.NOT_WHOLE, name, found)
    return int(found)


def amount(document: Any, name: str) -> Decimal:
    """An amount, which is text; where a plugin makes it a number, its shortest form is taken."""
    found = value(document, name)
    written = isinstance(found, str | int | float) and not isinstance(found, bool)
    try:
        decimal = Decimal(str(found).strip()) if written else Decimal("NaN")
    except InvalidOperation:
        decimal = Decimal("NaN")
    if not decimal.is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, found)
    return decimal


def amount_or_zero(document: Any, name: str) -> Decimal:
    """An amount that may be missing or empty."""
    return Decimal(0) if value(document, name) in (None, "") else amount(document, name)


def cents(sum_: Decimal) -> Decimal:
    """An amount to the grosz, as WooCommerce rounds it (half away from zero)."""
    return sum_.quantize(CENT, "ROUND_HALF_UP")


def moment(document: Any, name: str) -> datetime:
    """A moment of a field whose name ends in ``_gmt``: UTC, to the second, without a zone."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise Puzzling(words.NOT_A_MOMENT, name, written) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) in (None, "") else moment(document, name)


def metas(document: Any) -> dict[str, Any]:
    """What plugins wrote beside a thing, by key; of a repeated key the last."""
    return {entry["key"]: entry.get("value") for entry in children(document, "meta_data")
            if isinstance(entry, dict) and isinstance(entry.get("key"), str)}


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    return Unreadable(str(value(document, "id") or "?")[:120], as_text(document), str(puzzle),
                      puzzle.field)


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later."""
    kept = {name: one for name, one in document.items() if name not in UNKEPT} \
        if isinstance(document, dict) else document
    return json.dumps(kept, ensure_ascii=False)
