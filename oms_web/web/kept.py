"""Small pieces of HTML that stand hundreds of times on a page, drawn once.

An icon, a channel's tile, a strip: a macro that depends on nothing but its arguments, the reader's
language and the addresses of static files. ``{% set tile = keep(_tile) %}`` makes of the macro a
function that remembers; half of the time of a list of fifty orders went into drawing the same
pieces again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, g
from markupsafe import Markup

from oms_web.web import asked, formats
from oms_web.web.assets import asset

SPRITE = "vendor/icons.svg"
MOST = 2000
"""Pieces remembered of one macro; with more than that they are forgotten and drawn anew."""
_STAND_IN = 987654321


def keep(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """The macro, remembering what it drew. What it is given must be plain values."""
    made: dict[Any, Markup] = {}

    def drawn(*values: Any, **named: Any) -> Markup:
        key = (_reader(), values, *named.items())
        found = made.get(key)
        if found is None:
            if len(made) >= MOST:
                made.clear()
            found = made[key] = macro(*values, **named)
        return found

    return drawn


def _reader() -> tuple[str, str]:
    """What a piece depends on besides its values; found once a request."""
    found: tuple[str, str] | None = g.get("kept_for")
    if found is None:
        found = g.kept_for = (formats.language(), asset(SPRITE))
    return found


def numbered(endpoint: str, name: str) -> Callable[[int], str]:
    """The addresses of many rows of one kind: the route is looked up once, the number filled in.

    ``{% set card = numbered("order_card.show", "order_id") %}``, then ``card(row.id)``.
    """
    before, _, after = asked.link(endpoint, {name: _STAND_IN}).partition(str(_STAND_IN))
    return lambda number: f"{before}{number:d}{after}"


def register(app: Flask) -> None:
    """Give templates ``keep`` and ``numbered``."""
    app.jinja_env.globals.update(keep=keep, numbered=numbered)
