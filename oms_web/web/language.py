"""Translating inside templates: the reader's catalogue is found once a page, not once a word."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from flask_babel import get_translations


def catalogue() -> Any:
    """The messages of the reader's language."""
    found = g.get("catalogue")
    if found is None:
        found = g.catalogue = get_translations()
    return found


def register(app: Flask) -> None:
    """Give templates their ``_``, ``ngettext`` and ``pgettext``."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of its i18n
        lambda text: catalogue().ugettext(text),
        lambda one, many, n: catalogue().ungettext(one, many, n),
        newstyle=True,
        pgettext=lambda context, text: catalogue().upgettext(context, text),
        npgettext=lambda context, one, many, n: catalogue().unpgettext(context, one, many, n),
    )
