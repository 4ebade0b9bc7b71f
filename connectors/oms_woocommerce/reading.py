"""Reading WooCommerce's JSON, with a complaint that names the field. Pure."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Unreadable
from oms_connector import reading as shared
from oms_connector.reading import (
    Puzzling,
    decimal,
    value,
)

from oms_woocommerce import words

# Ways into the buyer's order without a password, and what nobody here needs of the buyer.
UNKEPT = frozenset({"order_key", "payment_url", "cart_hash", "customer_ip_address",
                    "customer_user_agent", "_links"})


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; empty when it is missing.

    PHP writes an object without fields as an empty list.
    """
    return {} if value(document, name) == [] else shared.child(document, name)


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object; empty when it is missing."""
    return () if value(document, name) == {} else shared.children(document, name)


def shown(document: Any, name: str) -> str:
    """A text for people that may be missing; WordPress keeps some characters as HTML entities."""
    found = value(document, name)
    if found in (None, "", False):
        return ""
    if not isinstance(found, str):
        raise Puzzling(shared.NOT_A_TEXT, name, found)
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


def amount(document: Any, name: str) -> Decimal:
    """An amount, which is text; where a plugin makes it a number, its shortest form is taken."""
    return decimal(value(document, name), name)


def amount_or_zero(document: Any, name: str) -> Decimal:
    """An amount that may be missing or empty."""
    return Decimal(0) if value(document, name) in (None, "") else amount(document, name)


def moment(document: Any, name: str) -> datetime:
    """A moment of a field whose name ends in ``_gmt``: UTC, to the second, without a zone."""
    return shared.moment(document, name, UTC)


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return shared.moment_or_none(document, name, UTC)


def metas(document: Any) -> dict[str, Any]:
    """What plugins wrote beside a thing, by key; of a repeated key the last."""
    return {entry["key"]: entry.get("value") for entry in children(document, "meta_data")
            if isinstance(entry, dict) and isinstance(entry.get("key"), str)}


def unreadable(document: Any, puzzle: Puzzling) -> Unreadable:
    """What could not be understood, kept."""
    return shared.unreadable(document, puzzle, raw=as_text(document))


def as_text(document: Any) -> str:
    """A document as text, to be kept for questions later."""
    kept = {name: one for name, one in document.items() if name not in UNKEPT} \
        if isinstance(document, dict) else document
    return json.dumps(kept, ensure_ascii=False)
