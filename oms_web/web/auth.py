"""Signing in and out. The cookie is a random token; the session itself is a row we can end."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, session, url_for
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from oms_web.core.errors import OmsError
from oms_web.domain.users import service
from oms_web.extensions import db
from oms_web.web.access import PUBLIC, act
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render

screen = Blueprint("auth", __name__)

COOKIE = "oms_session"


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = StringField()
    password = PasswordField()


def load_user() -> None:
    """Before every request: find the signed-in person behind the session cookie."""
    token = request.cookies.get(COOKIE)
    if token and request.endpoint != "static":
        works = oms().works
        found = service.find_session(db.session, token, works.clock())
        if found is not None:
            g.user, g.session_id = found


@screen.get("/sign-in")
@act(PUBLIC)
def sign_in() -> Response:
    """The sign-in page."""
    if g.get("user"):
        return go(url_for("home.index"))
    return render("auth/sign_in.html", form=SignInForm(), next=request.args.get("next", ""))


@screen.post("/sign-in")
@act(PUBLIC)
def sign_in_post() -> Response:
    """Check the password, start a session. Guessing is slowed down per e-mail and address."""
    form = SignInForm()
    target = request.form.get("next", "")
    try:
        with writing() as work:
            token, hours = service.sign_in(
                work, form.email.data or "", form.password.data or "",
                address=request.remote_addr or "", agent=request.user_agent.string,
                hours=oms().settings.session_hours,
            )
    except OmsError as error:
        service.note_failure(oms().works, form.email.data or "", request.remote_addr or "")
        return render("auth/sign_in.html", form=form, next=target, problem=words_of(error),
                      status=422)
    session.clear()
    response = go(target if is_local_path(target) else url_for("home.index"))
    response.set_cookie(
        COOKIE, token, max_age=hours * 3600, httponly=True, samesite="Lax",
        secure=oms().settings.secure_cookies,
    )
    return response


@screen.post("/sign-out")
@act("own.settings")
def sign_out() -> Response:
    """End this session."""
    with writing() as work:
        service.end_session(work, g.session_id)
    session.clear()
    response = go(url_for("auth.sign_in"))
    response.delete_cookie(COOKIE)
    return response


@screen.post("/language/<code>")
@act(PUBLIC)
def language(code: str) -> Response:
    """Change the language: for the person when signed in, for the browser otherwise."""
    code = "en" if code == "en" else "pl"
    if g.get("user"):
        with writing() as work:
            service.set_language(work, g.user.id, code)
    back = request.form.get("next", "")
    response = go(back if is_local_path(back) else url_for("home.index"))
    response.set_cookie("oms_language", code, max_age=365 * 24 * 3600, samesite="Lax",
                        secure=oms().settings.secure_cookies)
    return response


@screen.post("/theme")
@act("own.settings")
def theme() -> Response:
    """Choose the colour scheme."""
    with writing() as work:
        service.set_theme(work, g.user.id, request.form.get("theme", ""))
    back = request.form.get("next", "")
    return go(back if is_local_path(back) else url_for("home.index"))


def is_local_path(target: str) -> bool:
    """Whether a ``next`` address stays on this site: one slash first, and no backslash."""
    return (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and target.isprintable()
        and "\\" not in target
    )
