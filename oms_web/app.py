"""The composition root's outer half: Flask around an ``Oms``."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Request, Response, g, request
from flask_babel import get_locale
from htmx_flask import Htmx

from oms_web import api, web
from oms_web.api import problems
from oms_web.api.access import check_request as check_call
from oms_web.api.access import is_api
from oms_web.extensions import babel, csrf, db
from oms_web.paths import LOCALE, STATIC, TEMPLATES
from oms_web.web import access, failures, formats
from oms_web.web.auth import load_user
from oms_web.web.buyer_door import GOES_BACK
from oms_web.wiring import Oms, wire

LANGUAGES = ("pl", "en")


class OmsRequest(Request):
    """The request with what htmx 4 says of itself (htmx-flask knows the headers of htmx 1)."""

    @property
    def target_id(self) -> str:
        """The id of the element that will be replaced."""
        return self.headers.get("HX-Target", "").partition("#")[2]


class OmsFlask(Flask):
    """Flask with two ways to refuse: a page for people, a problem document for programs."""

    def handle_user_exception(self, e: Exception) -> Any:
        """Answer whatever was raised for a request."""
        if is_api(request.path):
            return problems.answer(e)
        return super().handle_user_exception(e)


def create_app(oms: Oms | None = None) -> Flask:
    """The web application of one installation."""
    oms = oms or wire()
    settings = oms.settings
    app = OmsFlask(__name__, template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.extensions["oms"] = oms
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_NAME="oms_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        TRUSTED_HOSTS=settings.trusted_hosts,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.secure_cookies,
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,
        BABEL_DEFAULT_LOCALE="pl",
        BABEL_DEFAULT_TIMEZONE="Europe/Warsaw",
        BABEL_TRANSLATION_DIRECTORIES=str(LOCALE),
    )
    db.init_app(app)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=choose_language)
    Htmx(app)
    app.request_class = OmsRequest
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(lambda: enter(app))
    app.after_request(harden)
    app.context_processor(template_values)
    failures.register(app)
    web.register(app)
    api.register(app)
    return app


def enter(app: Flask) -> Any:
    """Who asks, and may they? People have a session, programs a key; neither opens the other."""
    if is_api(request.path):
        return check_call(app)
    load_user()
    return access.check_request(app)


def choose_language() -> str:
    """The person's own choice, else the cookie set on the sign-in page, else the browser's."""
    if "language" not in g:
        user = g.get("user")
        chosen = user.language if user else request.cookies.get("oms_language")
        if chosen not in LANGUAGES:
            chosen = request.accept_languages.best_match(LANGUAGES, "pl")
        g.language = chosen
    return g.language


def template_values() -> dict[str, Any]:
    """What every template may use."""
    return {
        "allowed": access.allowed,
        "countdown": formats.countdown,
        "user": g.get("user"),
        "language": str(get_locale()),
        "now": formats.now(),
    }


def harden(response: Response) -> Response:
    """Headers of every answer: no foreign code, no framing, no guessing of types, no caching."""
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; frame-src 'self'",
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    # What is named by its content may stay with its reader, and what a form was answered with that
    # changes nothing may be gone back to; everything else is never kept.
    kept = headers.get("Cache-Control", "")
    if request.endpoint != "static" and "immutable" not in kept and kept != GOES_BACK:
        headers["Cache-Control"] = "no-store"
    headers["X-Request-Id"] = secrets.token_hex(6)
    return response
