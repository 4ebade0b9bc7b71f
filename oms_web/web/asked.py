"""What stands in the address of a list: filters and page, read once and written back into links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import request, url_for

from oms_web.core.clock import SHOP_ZONE, day_bounds
from oms_web.core.errors import Invalid

LONGEST_KEY = 40


def text(name: str, most: int = 200) -> str:
    """A word of the query string, at most so many characters of it."""
    return request.args.get(name, "").strip()[:most]


def form_key() -> str:
    """What makes the sent form one of a kind. Ours are far shorter than what is kept of one."""
    return request.form.get("key", "")[:LONGEST_KEY]


def number(name: str) -> int | None:
    """A key of the query string; None when it is not there.

    Raises:
        Invalid: it is there but not a number.
    """
    return whole(request.args.get(name, ""), name)


def whole(typed: str | None, name: str) -> int | None:
    """A typed whole number, perhaps with a sign and thousands apart; None when nothing is typed.

    Raises:
        Invalid: something else was typed.
    """
    cleaned = "".join((typed or "").split()).replace("\N{MINUS SIGN}", "-")
    if not cleaned:
        return None
    digits = cleaned[1:] if cleaned[0] in "+-" else cleaned
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise Invalid("This is not a whole number: %(text)s", name, text=cleaned[:40])
    return int(cleaned)


def day(name: str, *, after: int = 0) -> datetime | None:
    """The start of a day in the query string (of ``after`` days later), in the shop's zone.

    Raises:
        Invalid: no such date.
    """
    typed = text(name)
    if not typed:
        return None
    try:
        return day_bounds(date.fromisoformat(typed) + timedelta(days=after), SHOP_ZONE)[0]
    except (ValueError, OverflowError):
        raise Invalid("A date looks like 2026-11-24.", name) from None


def link(endpoint: str, kept: Mapping[str, Any], **changed: Any) -> str:
    """An address with the present filters, some of them changed; empty ones are left out."""
    values = {name: value for name, value in {**kept, **changed}.items() if value not in ("", None)}
    return url_for(endpoint, **values)
