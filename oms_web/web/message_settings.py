"""How messages are sent: the mail server, buyers' pages, addresses that came back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector import SendsSms
from werkzeug.sansio.utils import host_is_trusted
from wtforms import EmailField, IntegerField, PasswordField, SelectField, StringField

from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.company import service as company
from oms_web.domain.messages import queries, service, settings, wording
from oms_web.domain.users.models import User
from oms_web.extensions import db
from oms_web.sync import message_sending
from oms_web.web import message_words
from oms_web.web.access import act
from oms_web.web.door import current_user, oms, reading, writing
from oms_web.web.forms import Form, NeededNumber, choices
from oms_web.web.messages import tabs_at
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("message_settings", __name__)

SECURITIES: dict[str, Any] = {
    "starttls": _l("STARTTLS (usually port 587)"), "tls": _l("TLS (usually port 465)"),
    "none": _l("none (this machine or a trusted network)"),
}


class MailForm(Form):
    """The mail server and what stands on letters."""

    host = StringField(_l("Server"))
    port = IntegerField(_l("Port"), [NeededNumber()], default=587)
    security = SelectField(_l("Encryption"), choices=choices(SECURITIES))
    username = StringField(_l("User"))
    password = PasswordField(_l("Password"))
    from_name = StringField(_l("Sender's name"))
    from_address = EmailField(_l("Sender's address"))
    reply_to = EmailField(_l("Answers go to"))
    public_url = StringField(_l("Address of this app for buyers"))
    page_days = IntegerField(_l("Days that a buyer's page stays open"), [NeededNumber()],
                             default=60)


class TestForm(Form):
    """Where a test goes."""

    to = EmailField(_l("Send a test to"))


@screen.get("/messages/sending")
@act("messages.manage")
def index() -> Response:
    """The settings."""
    row = settings.get(db.session)
    shop = company.get_company(db.session)
    form = MailForm(formdata=None, obj=row) if row is not None else MailForm(
        formdata=None, from_name=shop.name, from_address=shop.email, public_url=_here())
    return _page(form)


def _here() -> str:
    """This app's address as it is seen now, if buyers could use it."""
    return request.url_root.rstrip("/") if request.url_root.startswith("https://") else ""


@screen.post("/messages/sending")
@act("messages.manage")
def save() -> Response:
    """Change them; what waits is tried at once."""
    form = MailForm()
    if form.validate():
        try:
            with writing() as work:
                changed = settings.change(work, form.values())
                if changed:
                    service.hasten(work)
            say(gettext("Saved.") if changed else gettext("Nothing was changed."))
            return go(url_for("message_settings.index"))
        except OmsError as error:
            form.refuse(error)
    return _page(form, status=422)


@screen.post("/messages/sending/test")
@act("messages.manage")
def test() -> Response:
    """Send a test; how it went is said of the message."""
    form = TestForm()
    to = (form.to.data or "").strip()
    try:
        if not settings.ADDRESS.fullmatch(to):
            raise Invalid("An e-mail address looks like name@example.com.", "to")
        with writing() as work:
            if not settings.is_mailing(settings.get(work.session)):
                raise Invalid("The mail server is not set up yet.", "to")
            message_id = service.put(
                work, wording.EMAIL, to,
                wording.Rendered(str(_language()), gettext("A test of %(shop)s", shop=company
                                 .get_company(work.session).name),
                                 gettext("If you read this, messages to buyers can be sent.")),
                name=gettext("Test"))
        say(gettext("The test is on its way; this page says how it went."))
        return go(url_for("messages.show", message_id=message_id))
    except OmsError as error:
        form.refuse(error)
    return _page(MailForm(formdata=None, obj=settings.get(db.session)), form, status=422)


def _language() -> str:
    user = current_user()
    return user.language if user else "pl"


@screen.post("/messages/sending/allow")
@act("messages.manage")
def allow() -> Response:
    """Send to an address again that came back."""
    with writing() as work:
        done = service.allow_address(work, request.form.get("address", "")[:200])
    say(gettext("Messages go there again.") if done else gettext("That was done before."))
    return go(url_for("message_settings.index"))


def _own(user: User | None) -> str:
    """The person's own address, if mail can be sent there."""
    return user.email if user and settings.ADDRESS.fullmatch(user.email) else ""


def _page(form: MailForm, test_form: TestForm | None = None, status: int = 200) -> Response:
    user, registry = current_user(), oms().registry
    gateways = [one.manifest for one in registry.connectors.values() if issubclass(one, SendsSms)]
    return render(
        "messages/settings.html", form=form, row=settings.get(db.session),
        kept=settings.stays_here(db.session),
        test_form=test_form or TestForm(formdata=None, to=_own(user)),
        words=message_words, tabs=tabs_at("message_settings.index"), gateways=gateways,
        gateway=message_sending.gateway(reading(), registry),
        refused=queries.refused_addresses(db.session), untrusted=_untrusted(form), status=status)


def _untrusted(form: MailForm) -> str:
    """The host of buyers' links, if this app would refuse to answer under it."""
    host = urlsplit(form.public_url.data or "").netloc
    return host if host and not host_is_trusted(host, oms().settings.trusted_hosts) else ""
