"""The keys that programs call the API with: made, shown once, watched, revoked."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice

from oms_web.core.errors import NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.users import api_keys
from oms_web.domain.users.models import ApiKey
from oms_web.domain.users.scopes import SCOPES, SENDS_ORDERS
from oms_web.extensions import db
from oms_web.sync import accounts
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import Form, Needed, choices
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("api_keys", __name__)

CONNECTOR = "api"
OWN_CHANNEL = ""
# What each resource is called, and what a program may do with it in either direction.
RESOURCES = {
    "orders": (_l("Orders"), _l("See orders and their buyers"),
               _l("Send orders in, cancel, hold, mark as paid")),
    "products": (_l("Products"), _l("See products, prices and costs"),
                 _l("Add and change products")),
    "stock": (_l("Stock"), _l("See how many units there are"), _l("Correct how many there are")),
    "shipments": (_l("Shipments"), _l("See parcels and their numbers"), _l("Ship orders")),
    "returns": (_l("Returns"), _l("See returns and complaints"), _l("Open returns and complaints")),
    "documents": (_l("Documents"), _l("Download invoices"), None),
    "events": (_l("Events"), _l("Follow all that happens, with names and values"), None),
    "printing": (_l("Printing"), _l("Fetch what is to be printed"),
                 _l("Serve the printers of a station, as a print agent")),
}
STATES = {"live": _l("works"), "expired": _l("expired"), "revoked": _l("revoked")}
LASTS = {"30": _l("30 days"), "90": _l("90 days"), "365": _l("a year"), "": _l("until revoked")}


class KeyForm(Form):
    """What a new key may do."""

    name = StringField(_l("Name"), [Needed()])
    scopes = SelectMultipleField(_l("What it may do"), choices=list(SCOPES))
    account_id = SelectField(_l("Channel of its orders"))
    lasts = SelectField(_l("It works for"), choices=choices(LASTS), default="365")


def _form() -> KeyForm:
    form = KeyForm()
    form.account_id.choices = [
        SelectChoice(OWN_CHANNEL, gettext("A new one with the key's name")),
        *(SelectChoice(str(one.id), one.name) for one in _channels()),
    ]
    return form


def _channels() -> list[ChannelAccount]:
    return list(db.session.scalars(
        select(ChannelAccount)
        .where(ChannelAccount.connector == CONNECTOR, ChannelAccount.archived_at.is_(None))
        .order_by(ChannelAccount.name)
    ))


@screen.get("/settings/api")
@act("api.manage")
def index() -> Response:
    """All keys."""
    now = reading().now
    keys = [(key, api_keys.state(key, now)) for key in api_keys.every(db.session)]
    return render("api_keys/list.html", keys=keys, states=STATES, resources=RESOURCES,
                  channels={one.id: one.name for one in _channels()})


@screen.get("/settings/api/new")
@act("api.manage")
def new() -> Response:
    """The form of a new key."""
    return _new_page(_form())


@screen.post("/settings/api/new")
@act("api.manage")
def create() -> Response:
    """Make a key; it is shown on this page and never again."""
    form = _form()
    if form.validate():
        try:
            with writing() as work:
                lasts = form.lasts.data
                row, key = api_keys.create(
                    work, form.name.data, form.scopes.data or [],
                    work.now + timedelta(days=int(lasts)) if lasts else None,
                    _account(work, form),
                )
            return render("api_keys/once.html", row=row, key=key)
        except OmsError as error:
            form.refuse(error)
    return _new_page(form, 422)


def _account(work: Work, form: KeyForm) -> int | None:
    """The channel of the key's orders; made with it, if it needs one and none was chosen."""
    if SENDS_ORDERS not in (form.scopes.data or []):
        return None
    if form.account_id.data != OWN_CHANNEL:
        return int(form.account_id.data)
    connector = oms().registry.get(CONNECTOR)
    if connector is None:
        raise NotFound("There is no such connector.")
    made = accounts.connect(work, connector, form.name.data, {}, {}, publish_stock=False)
    return made.id


def _new_page(form: KeyForm, status: int = 200) -> Response:
    return render("api_keys/new.html", form=form, resources=RESOURCES, scopes=SCOPES,
                  status=status)


@screen.get("/settings/api/<int:key_id>")
@act("api.manage")
def show(key_id: int) -> Response:
    """One key."""
    row = api_keys.get(db.session, key_id)
    return render(
        "api_keys/card.html", row=row, state=api_keys.state(row, reading().now), states=STATES,
        resources=RESOURCES, account=_account_of(row),
    )


def _account_of(row: ApiKey) -> ChannelAccount | None:
    return db.session.get(ChannelAccount, row.account_id) if row.account_id else None


@screen.post("/settings/api/<int:key_id>/revoke")
@act("api.manage")
def revoke(key_id: int) -> Response:
    """Let a key open nothing any more."""
    with writing() as work:
        api_keys.revoke(work, key_id)
        name = api_keys.get(work.session, key_id).name
    say(gettext("The key %(name)s opens nothing any more.", name=name))
    return go(url_for("api_keys.index"))
