"""People who may sign in: roles, passwords, and the browsers they are signed in at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, g, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectField, StringField

from oms_web.core.errors import OmsError
from oms_web.domain.users import exports, service
from oms_web.domain.users.models import User
from oms_web.extensions import db
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.exports import send
from oms_web.web.forms import LANGUAGES, Form, Needed, choices
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("users", __name__)

ROLE_NAMES = {
    "owner": _l("Owner"), "manager": _l("Manager"), "sales": _l("Sales"),
    "warehouse": _l("Warehouse"), "packer": _l("Packer"),
    "accountant": _l("Accountant"), "reader": _l("Read only"),
}
ROLE_WORDS = {
    "owner": _l("Everything, including people and clearing the shop."),
    "manager": _l("Everything except people and clearing the shop."),
    "sales": _l("Orders, payments, shipments, documents, linking offers."),
    "warehouse": _l("Picking, packing, receiving, counting. No buyers' data beyond the parcel."),
    "packer": _l("Picking and packing only. No lists of buyers, no prices, no stock."),
    "accountant": _l("Sees orders and stock; records payments, issues and exports documents."),
    "reader": _l("Sees, changes nothing."),
}


class PersonForm(Form):
    """Who somebody is."""

    name = StringField(_l("Name"), [Needed()])
    email = EmailField(_l("E-mail"), [Needed()])


class NewPersonForm(PersonForm):
    """Somebody new."""

    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES), default="sales")
    language = SelectField(_l("Language"), choices=choices(LANGUAGES))


class RoleForm(Form):
    """What somebody may do."""

    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES))


@screen.get("/users")
@act("users.manage")
def index() -> Response:
    """Everybody who has an account."""
    return render("users/list.html", people=service.list_users(db.session),
                  role_names=ROLE_NAMES)


@screen.get("/users/people.<kind>")
@act("users.manage")
def export(kind: str) -> Response:
    """The accounts as a file."""
    return send(exports.people(), kind, {"role": ROLE_NAMES})


@screen.get("/users/new")
@act("users.manage")
def new() -> Response:
    """The form for somebody new."""
    return render("users/new.html", form=NewPersonForm(), role_names=ROLE_NAMES,
                  role_words=ROLE_WORDS)


@screen.post("/users/new")
@act("users.manage")
def create() -> Response:
    """Add somebody; their first password is made by us and shown once."""
    form = NewPersonForm()
    if form.validate():
        try:
            with writing() as work:
                password = service.make_password()
                user = service.create_user(
                    work, form.email.data, form.name.data, form.role.data, password,
                    form.language.data,
                )
            return _password_once(user.id, password)
        except OmsError as error:
            form.refuse(error)
    return render("users/new.html", form=form, role_names=ROLE_NAMES, role_words=ROLE_WORDS,
                  status=422)


@screen.get("/users/<int:user_id>")
@act("users.manage")
def show(user_id: int) -> Response:
    """One person."""
    return _card(service.get_user(db.session, user_id))


@screen.post("/users/<int:user_id>")
@act("users.manage")
def rename(user_id: int) -> Response:
    """Change name and e-mail."""
    user = service.get_user(db.session, user_id)
    form = PersonForm()
    if form.validate():
        try:
            with writing() as work:
                service.rename(work, user_id, form.name.data, form.email.data)
            say(gettext("Saved."))
            return go(url_for("users.show", user_id=user_id))
        except OmsError as error:
            form.refuse(error)
    return _card(user, form=form, status=422)


@screen.post("/users/<int:user_id>/role")
@act("users.manage")
def role(user_id: int) -> Response:
    """Give another role."""
    form = RoleForm()
    if not form.validate():
        return _card(service.get_user(db.session, user_id), role_form=form, status=422)
    with writing() as work:
        service.set_role(work, user_id, form.role.data)
    say(gettext("The role is now %(role)s.", role=ROLE_NAMES[form.role.data]))
    return go(url_for("users.show", user_id=user_id))


@screen.post("/users/<int:user_id>/active/<any(on, off):state>")
@act("users.manage")
def active(user_id: int, state: str) -> Response:
    """Let somebody in again, or keep them out."""
    with writing() as work:
        service.set_active(work, user_id, state == "on")
        name = service.get_user(work.session, user_id).name
    if state == "on":
        say(gettext("%(name)s may sign in.", name=name))
    else:
        say(gettext("%(name)s can no longer sign in.", name=name),
            undo=url_for("users.active", user_id=user_id, state="on"))
    return go(url_for("users.show", user_id=user_id))


@screen.post("/users/<int:user_id>/password")
@act("users.manage")
def password(user_id: int) -> Response:
    """Make a new password and show it once."""
    with writing() as work:
        made = service.reset_password(work, user_id)
    return _password_once(user_id, made)


@screen.post("/users/<int:user_id>/sessions/<int:session_id>/end")
@act("users.manage")
def end_session(user_id: int, session_id: int) -> Response:
    """Sign somebody out of one browser."""
    with writing() as work:
        service.end_session(work, session_id, user_id)
    say(gettext("Signed out there."))
    return go(url_for("users.show", user_id=user_id))


def _session_url(user_id: int) -> Callable[..., str]:
    return partial(url_for, "users.end_session", user_id=user_id)


def _password_once(user_id: int, made: str) -> Response:
    return render("users/password.html", person=service.get_user(db.session, user_id),
                  password=made)


def _card(user: User, *, form: PersonForm | None = None, role_form: RoleForm | None = None,
          status: int = 200) -> Response:
    now = oms().works.clock()
    return render(
        "users/card.html", person=user, form=form or PersonForm(obj=user),
        role_form=role_form or RoleForm(role=user.role), role_names=ROLE_NAMES,
        role_words=ROLE_WORDS, session_url=_session_url, is_me=user.id == g.user.id,
        sessions=service.sessions_of(reading().session, user.id, now), here=g.session_id,
        status=status,
    )
