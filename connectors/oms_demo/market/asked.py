"""Reading what a program asked for, with a complaint that names the field."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request

from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment

PAGE, PAGE_MAX = 50, 100


def body() -> dict[str, Any]:
    """The JSON object that was sent."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise Refusal("bad_body", "The body must be a JSON object.", 400)
    return found


def text(values: Any, name: str, *, required: bool = True, most: int = 500) -> str:
    """A text of at most ``most`` letters."""
    found = values.get(name, "") if isinstance(values, dict) else ""
    if not isinstance(found, str) or (required and not found.strip()) or len(found) > most:
        raise Refusal("bad_value", f"{name} must be a text.", 422, field=name)
    return found.strip()


def minor(values: Any, name: str) -> int:
    """An amount with at most two decimals, in minor units."""
    try:
        found = Decimal(text(values, name, most=20)) * 100
    except InvalidOperation:
        found = Decimal("0.5")
    if not found.is_finite() or found != found.to_integral_value() or found < 0:
        raise Refusal("bad_value", f"{name} must be an amount with two decimals.", 422, field=name)
    return int(found)


def rows(values: dict[str, Any], name: str) -> list[Any]:
    """A list."""
    found = values.get(name, [])
    if not isinstance(found, list):
        raise Refusal("bad_value", f"{name} must be a list.", 422, field=name)
    return found


def units(values: dict[str, Any], name: str = "lines") -> dict[str, int]:
    """Units by line; empty when not said."""
    found = values.get(name) or {}
    good = isinstance(found, dict) and all(
        isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in found.values()
    )
    if not good:
        raise Refusal("bad_value", f"{name} must be line_id: quantity.", 422, field=name)
    return found


def revision(values: dict[str, Any]) -> int | None:
    """The revision a program has seen, if it says so."""
    found = values.get("expected_revision")
    if found is not None and not isinstance(found, int):
        raise Refusal("bad_value", "expected_revision must be a number.", 422,
                      field="expected_revision")
    return found


def key(values: dict[str, Any] | None = None) -> str:
    """What makes a repeated act harmless: a header, or a field of the body."""
    return request.headers.get("Idempotency-Key") or text(values or {}, "key")


def number(name: str, default: int) -> int:
    """A whole number of the query."""
    found = request.args.get(name, "")
    if not found:
        return default
    if not found.isascii() or not found.isdigit() or len(found) > 15:
        raise Refusal("bad_value", f"{name} must be a number.", 422, field=name)
    return int(found)


def limit() -> int:
    """How many rows a page may have."""
    found = number("limit", PAGE)
    if not 1 <= found <= PAGE_MAX:
        raise Refusal("bad_value", f"limit is 1 to {PAGE_MAX}.", 422, field="limit")
    return found


def when(values: Any, name: str) -> datetime | None:
    """A moment with its zone; None when it is not said."""
    found = values.get(name)
    if not found:
        return None
    try:
        return moment(found)
    except (ValueError, TypeError):
        raise Refusal("bad_value", f"{name} must be an ISO 8601 moment with its zone.", 422,
                      field=name) from None


def seal(*values: str) -> str:
    """A place in a list as a token."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def unseal(token: str | None) -> tuple[str, str]:
    """The place behind a token; the beginning when there is none."""
    if not token:
        return "", ""
    try:
        at, ref = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        raise Refusal("bad_value", "after is not one of ours.", 422, field="after") from None
    return str(at), str(ref)
