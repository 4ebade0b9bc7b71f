"""Settings of KSeF: where documents go, as whom, for which buyers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector import ChannelError
from wtforms import BooleanField, FileField, PasswordField, SelectField, StringField

from oms_web.core.errors import OmsError
from oms_web.domain.company.models import Company
from oms_web.domain.einvoices import notices, settings
from oms_web.domain.einvoices.parties import polish_nip
from oms_web.extensions import db
from oms_web.sync import einvoicing
from oms_web.web import einvoice_words as words
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import Form, choices
from oms_web.web.outside_words import translated
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("einvoice_settings", __name__)

FILES = ("certificate", "certificate_key", "offline", "offline_key")
MOST = 64 * 1024


class KsefForm(Form):
    """Where documents go and as whom."""

    environment = SelectField(_l("Where invoices are sent"), choices=choices(words.ENVIRONMENTS))
    address = StringField(_l("Address of your own stand-in for KSeF"))
    nip = StringField(_l("NIP"))
    buyers = SelectField(_l("Which invoices go there"), choices=choices(words.BUYERS))
    login = SelectField(_l("How we sign in"), choices=choices(words.LOGINS))
    token = PasswordField(_l("KSeF token"))
    certificate = FileField(_l("Certificate (.crt, .pem, .p12)"))
    certificate_key = FileField(_l("Its key (.key), unless it is in the same file"))
    certificate_password = PasswordField(_l("Password of the key"))
    offline = FileField(_l("Certificate for offline invoices"))
    offline_key = FileField(_l("Its key, unless it is in the same file"))
    offline_password = PasswordField(_l("Password of this key"))
    reads_incoming = BooleanField(_l("Read the invoices that others issue to us"))


@screen.get("/settings/ksef")
@act("settings.edit")
def index() -> Response:
    """The settings."""
    row = settings.get(db.session)
    company = db.session.get(Company, 1)
    return _page(KsefForm(formdata=None, obj=row) if row is not None else KsefForm(
        formdata=None, nip=polish_nip(company.tax_id) if company else "", reads_incoming=True))


@screen.post("/settings/ksef")
@act("settings.edit")
def save() -> Response:
    """Change them."""
    form = KsefForm()
    if form.validate():
        try:
            with writing() as work:
                changed = settings.change(work, _values(form))
            say(gettext("Saved.") if changed else gettext("Nothing was changed."))
            return go(url_for("einvoice_settings.index"))
        except OmsError as error:
            form.refuse(error)
    return _page(form, status=422)


@screen.post("/settings/ksef/test")
@act("settings.edit")
def test() -> Response:
    """Sign in to KSeF now; no transaction is open meanwhile."""
    db.session.rollback()
    try:
        einvoicing.check(oms().works)
    except ChannelError as error:
        say(gettext("KSeF does not let us in: %(why)s", why=translated(str(error))), "bad")
    else:
        say(gettext("KSeF lets us in."))
    return go(url_for("einvoice_settings.index"))


def _values(form: KsefForm) -> dict[str, Any]:
    said = {name: value for name, value in form.values().items() if name not in FILES}
    for name in FILES:
        if file := request.files.get(name):
            said[name] = file.read(MOST)
    return said


def _page(form: KsefForm, status: int = 200) -> Response:
    row, now = settings.get(db.session), reading().now
    return render("einvoices/settings.html", form=form, row=row, outside=translated,
                  announced=notices.to_tell(db.session, now), now=now, ksef_words=words,
                  notices_address=settings.notices_address(row) if row else "", status=status)
