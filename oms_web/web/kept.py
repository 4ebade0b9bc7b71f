"""Small pieces of HTML that are drawn hundreds of times a page, drawn once.

An icon, a channel's tile, a strip: a macro that depends on nothing but its arguments, the reader's
language and the addresses of static files. ``{% set tile = keep(_tile) %}`` makes of the macro a
function that remembers; half of the time of a list of fifty orders went into drawing the same
pieces again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, g
from flask_babel import get_locale
from markupsafe import Markup

from oms_web.web.assets import asset

SPRITE = "vendor/icons.svg"
MOST = 2000
"""Pieces remembered of one macro; with more than that they are forgotten and drawn anew."""


def keep(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """The macro, remembering what it drew. What it is given must be plain values."""
    made: dict[Any, Markup] = {}

    def drawn(*values: Any, **named: Any) -> Markup:
        language = g.get("language") or str(get_locale())
        key = (language, asset(SPRITE), values, *named.items())
        found = made.get(key)
        if found is None:
            if len(made) >= MOST:
                made.clear()
            found = made[key] = macro(*values, **named)
        return found

    return drawn


def register(app: Flask) -> None:
    """Give templates ``keep``."""
    app.jinja_env.globals["keep"] = keep
