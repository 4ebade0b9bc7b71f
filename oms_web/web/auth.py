"""Signing in and out. The cookie is a random token; the session itself is a row we can end."""

from __future__ import annotations

import hashlib
import hmac

from flask import Blueprint, Response, current_app, g, request, session, url_for
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField

from oms_web.core.errors import OmsError
from oms_web.domain.users import service
from oms_web.extensions import db
from oms_web.web.access import PUBLIC, act
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.shell import landing_url

screen = Blueprint("auth", __name__)

COOKIE = "oms_session"
DEVICE_COOKIE = "oms_device"
LANGUAGE_COOKIE = "oms_language"
YEAR = 365 * 24 * 3600


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = EmailField()
    password = PasswordField()


def load_user() -> None:
    """Before every request: find the signed-in person behind the session cookie."""
    token = request.cookies.get(COOKIE)
    if not token or request.endpoint == "static":
        return
    works = oms().works
    found = service.find_session(db.session, token, works.clock())
    if found is None:
        return
    g.user, used = found
    g.session_id = used.id
    if service.needs_touch(used, works.clock()):
        db.session.rollback()
        service.touch_session(works, g.session_id)


@screen.get("/sign-in")
@act(PUBLIC)
def sign_in() -> Response:
    """The sign-in page."""
    if g.get("user"):
        return go(landing_url())
    return render("auth/sign_in.html", form=SignInForm(), next=request.args.get("next", ""),
                  lost="lost" in request.args)


@screen.post("/sign-in")
@act(PUBLIC)
def sign_in_post() -> Response:
    """Check the password, start a session. Guessing is slowed down per e-mail and address."""
    form = SignInForm()
    email = (form.email.data or "").strip().lower()
    target = request.form.get("next", "")
    try:
        with writing() as work:
            token, hours = service.sign_in(
                work, email, form.password.data or "",
                address=request.remote_addr or "", agent=request.user_agent.string,
                hours=oms().settings.session_hours, known_device=is_known_device(email),
            )
            role = service.role_of(work.session, email)
    except OmsError as error:
        service.note_failure(oms().works, email, request.remote_addr or "")
        return render("auth/sign_in.html", form=form, next=target, problem=words_of(error),
                      status=422)
    session.clear()
    response = go(target if is_local_path(target) else landing_url(role))
    keep(response, COOKIE, token, hours * 3600)
    keep(response, DEVICE_COOKIE, device_mark(email), YEAR)
    return response


@screen.post("/sign-out")
@act("own.settings")
def sign_out() -> Response:
    """End this session."""
    with writing() as work:
        service.end_session(work, g.session_id, g.user.id)
    session.clear()
    response = go(url_for("auth.sign_in"))
    response.delete_cookie(COOKIE)
    return response


@screen.post("/language/<code>")
@act(PUBLIC)
def language(code: str) -> Response:
    """Change the language: for the person when signed in, and for the browser."""
    code = "en" if code == "en" else "pl"
    if g.get("user"):
        with writing() as work:
            service.set_language(work, g.user.id, code)
    response = back()
    keep(response, LANGUAGE_COOKIE, code, YEAR)
    return response


@screen.post("/theme")
@act("own.settings")
def theme() -> Response:
    """Choose the colour scheme."""
    with writing() as work:
        service.set_theme(work, g.user.id, request.form.get("theme", ""))
    return back()


def back() -> Response:
    """To the page the form came from, or home."""
    target = request.form.get("next", "")
    return go(target if is_local_path(target) else landing_url())


def keep(response: Response, name: str, value: str, seconds: int) -> None:
    """Set a cookie that scripts and other sites do not see."""
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax",
                        secure=oms().settings.secure_cookies)


def device_mark(email: str) -> str:
    """What a browser is given after signing in as somebody: it proves that and opens nothing."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, b"device:" + email.encode(), hashlib.sha256).hexdigest()


def is_known_device(email: str) -> bool:
    """Whether this browser has signed in with this e-mail before."""
    return hmac.compare_digest(request.cookies.get(DEVICE_COOKIE, ""), device_mark(email))


def is_local_path(target: str) -> bool:
    """Whether a ``next`` address stays on this site: one slash first, and no backslash."""
    return (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and target.isprintable()
        and "\\" not in target
    )
