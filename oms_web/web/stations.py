"""Which station a browser stands at: as somebody named it there, else after whoever works at it."""

from __future__ import annotations

from urllib.parse import unquote

from flask import request

from oms_web.core.text import tidy
from oms_web.web.door import current_user

COOKIE = "oms_station"


def station() -> str:
    """What this station is called; empty for a visitor."""
    named = unquote(request.cookies.get(COOKIE, ""))
    user = current_user()
    return tidy(named)[:40] or (user.name[:40] if user else "")
