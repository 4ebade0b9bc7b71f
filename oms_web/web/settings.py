"""Settings: the company, and everybody's own."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, g, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
)

from oms_web.core.errors import NotFound, OmsError
from oms_web.domain.company import service as company
from oms_web.domain.users import service as users
from oms_web.extensions import db
from oms_web.web.access import act
from oms_web.web.auth import LANGUAGE_COOKIE, YEAR, keep
from oms_web.web.door import oms, writing
from oms_web.web.forms import LANGUAGES, CountryField, Form, Needed, NeededNumber, choices
from oms_web.web.render import go, render
from oms_web.web.shell import THEMES
from oms_web.web.toasts import say

screen = Blueprint("settings", __name__)


INVOICE_DATA = {
    "off": _l("No"), "foreign": _l("To companies abroad"), "companies": _l("To all companies"),
}


class CompanyForm(Form):
    """The company and its desk's terms. How its documents look: ``numbering.py``."""

    name = StringField(_l("Name in the app"), [Needed()])
    legal_name = StringField(_l("Full name for documents"))
    tax_id = StringField(_l("NIP"))
    street = StringField(_l("Street and number"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = CountryField(_l("Country"), default="PL")
    email = EmailField(_l("E-mail"))
    phone = StringField(_l("Phone"))
    website = StringField(_l("Website"))
    bank_account = StringField(_l("Account number"))
    bank_name = StringField(_l("Bank"))
    currency = SelectField(_l("Currency"), choices=list(company.CURRENCIES))
    cut_off = StringField(_l("The courier collects at"), [Needed()])
    payment_hours = IntegerField(_l("Goods wait for payment, hours"), [NeededNumber()])
    recall_seconds = IntegerField(_l("Channels are told after, seconds"), [NeededNumber()])
    exempt_basis = StringField(_l("Basis of VAT exemption"))
    eu_vat = BooleanField(_l("Registered for trade within the Union (VAT-UE)"))
    oss = BooleanField(_l("VAT of consumers abroad is settled by the one-stop shop (OSS)"))
    invoice_data = SelectField(_l("Invoices as data inside the PDF (Factur-X)"), default="off",
                               choices=choices(INVOICE_DATA))


class OwnForm(Form):
    """One's own language, colours and keys."""

    language = RadioField(_l("Language"), choices=choices(LANGUAGES))
    theme = RadioField(_l("Colours"), choices=choices(dict(THEMES)))
    single_keys = BooleanField(_l("Single letters are shortcuts"))


class PasswordForm(Form):
    """A new password, given by who knows the present one."""

    present = PasswordField(_l("Present password"), [Needed()])
    password = PasswordField(_l("New password"), [Needed()])


# The company ---------------------------------------------------------------------------------


@screen.get("/settings")
@act("settings.edit")
def index() -> Response:
    """The company."""
    row = company.get_company(db.session)
    return _company_page(CompanyForm(obj=row, **row.address))


@screen.post("/settings")
@act("settings.edit")
def save() -> Response:
    """Change the company."""
    form = CompanyForm()
    if form.validate():
        try:
            with writing() as work:
                changed = company.change(work, form.values())
            say(gettext("Saved.") if changed else gettext("Nothing was changed."))
            return go(url_for("settings.index"))
        except OmsError as error:
            form.refuse(error)
    return _company_page(form, status=422)


def _company_page(form: CompanyForm, status: int = 200) -> Response:
    return render("settings/company.html", form=form, company=company.get_company(db.session),
                  status=status)


@screen.get("/settings/logo")
@act("own.settings")
def logo() -> Response:
    """The logo as a picture; its name is its content, so it may be kept."""
    name = company.get_company(db.session).logo_file
    if not name:
        raise NotFound("There is no logo.")
    return send_file(oms().works.ports["files"].path(name), mimetype="image/png", etag=name)


# One's own -----------------------------------------------------------------------------------


@screen.get("/me")
@act("own.settings")
def own() -> Response:
    """One's own settings."""
    return _own_page(OwnForm(obj=g.user), PasswordForm())


@screen.post("/me")
@act("own.settings")
def save_own() -> Response:
    """Change language, colours and keys."""
    form = OwnForm()
    if not form.validate():
        return _own_page(form, PasswordForm(formdata=None), status=422)
    with writing() as work:
        users.set_language(work, g.user.id, form.language.data)
        users.set_theme(work, g.user.id, form.theme.data)
        users.set_single_keys(work, g.user.id, form.single_keys.data)
    g.pop("language", None)
    g.user.language = form.language.data
    say(gettext("Saved."))
    response = go(url_for("settings.own"))
    keep(response, LANGUAGE_COOKIE, form.language.data, YEAR)
    return response


@screen.post("/me/password")
@act("own.settings")
def own_password() -> Response:
    """Change one's password; other browsers are signed out."""
    form = PasswordForm()
    if form.validate():
        try:
            with writing() as work:
                user = users.get_user(work.session, g.user.id)
                users.change_own_password(work, user, form.present.data, form.password.data,
                                          g.session_id)
            say(gettext("The password is changed. Other browsers are signed out."))
            return go(url_for("settings.own"))
        except OmsError as error:
            form.refuse(error)
    return _own_page(OwnForm(formdata=None, obj=g.user), form, status=422)


@screen.post("/me/sessions/<int:session_id>/end")
@act("own.settings")
def end_own_session(session_id: int) -> Response:
    """Sign out of another browser."""
    with writing() as work:
        users.end_session(work, session_id, g.user.id)
    say(gettext("Signed out there."))
    return go(url_for("settings.own"))


def _own_page(form: OwnForm, password_form: PasswordForm, status: int = 200) -> Response:
    return render(
        "settings/own.html", form=form, password_form=password_form, status=status,
        sessions=users.sessions_of(db.session, g.user.id, oms().works.clock()),
        here=g.session_id, least=users.MIN_PASSWORD,
        own_session_url=partial(url_for, "settings.end_own_session"),
    )
