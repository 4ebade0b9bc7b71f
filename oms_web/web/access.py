"""Rights at the door: every view names the act it is, and is refused to roles without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, redirect, request, url_for
from werkzeug.wrappers import Response

from oms_web.core.errors import Denied
from oms_web.domain.users.permissions import ACTS, may
from oms_web.web.door import current_user
from oms_web.web.render import go, wants_part

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"


def act(name: str) -> Callable[[View], View]:
    """Say which act a view is: a key of ``permissions.ACTS``, or ``public``. Put it innermost."""
    if name != PUBLIC and name not in ACTS:
        raise LookupError(f"there is no act {name!r} in permissions.ACTS")

    def mark(view: View) -> View:
        view.act = name  # type: ignore[attr-defined]  # a view carries its act
        return view

    return mark


def act_of(app: Flask, endpoint: str | None) -> str | None:
    """The act of an endpoint; None when it has no row, which means nobody may call it."""
    if endpoint == "static":
        return PUBLIC
    view = app.view_functions.get(endpoint or "")
    return getattr(view, "act", None)


def allowed(name: str) -> bool:
    """Whether the signed-in person may do an act: for templates that draw buttons."""
    user = current_user()
    return user is not None and may(user.role, name)


def _page_before() -> str | None:
    """The page of ours that an act or a part was asked from, to come back to."""
    seen = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if seen.netloc != request.host:
        return None
    return f"{seen.path}?{seen.query}" if seen.query else seen.path


def check_request(app: Flask) -> Response | None:
    """Before every request: let it through, send the visitor to sign-in, or refuse."""
    if request.endpoint is None:
        return None
    name = act_of(app, request.endpoint)
    if name == PUBLIC:
        return None
    user = current_user()
    if user is None:
        lost = "1" if request.method != "GET" else None
        if wants_part():  # the sign-in page must not land inside another one
            return go(url_for("auth.sign_in", next=_page_before(), lost=lost))
        target = _page_before() if lost else request.full_path
        return redirect(url_for("auth.sign_in", next=target, lost=lost))
    if name is None or not may(user.role, name):
        raise Denied("Your role does not include this.")
    return None
