"""Saying what happened: a line at the bottom left, on this answer or on the page that follows it.

    say(gettext("Saved."))
    say(gettext("3 orders held."), undo=url_for("orders.undo", token=token))
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, render_template, request, session

_KEY = "toasts"


def say(text: str, tone: str = "ok", *, undo: str | None = None, href: str | None = None,
        link: str = "") -> None:
    """Keep a toast for the next thing this person is shown. ``tone``: ``ok``, ``warn``, ``bad``."""
    said = {"text": str(text), "tone": tone, "undo": undo, "href": href, "link": str(link)}
    session[_KEY] = [*session.get(_KEY, [])[-2:], {k: v for k, v in said.items() if v}]


def pending_toasts() -> list[dict[str, Any]]:
    """What was said and not shown yet; shown once."""
    return session.pop(_KEY, []) if session.get(_KEY) else []


def behind_part(response: Response) -> None:
    """Add the toasts, and what can be recalled, to a part that htmx is about to swap in."""
    if request.method == "POST":
        response.set_data(response.get_data(as_text=True)
                          + render_template("recall/_band_apart.html"))
    if session.get(_KEY):
        response.set_data(response.get_data(as_text=True)
                          + render_template("parts/_toasts_apart.html"))


def register(app: Flask) -> None:
    """Give templates the pending toasts."""
    app.jinja_env.globals["pending_toasts"] = pending_toasts
