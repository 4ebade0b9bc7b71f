"""Webhooks: who is told what happens, how each telling went, and what can be done about it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, StringField

from oms_web.core.errors import OmsError
from oms_web.domain.webhooks import queries, service
from oms_web.domain.webhooks.models import Webhook
from oms_web.domain.webhooks.told import PING, SUBJECTS
from oms_web.extensions import db
from oms_web.sync import webhooks
from oms_web.web import acts
from oms_web.web.access import act
from oms_web.web.door import reading, writing
from oms_web.web.forms import Form, Needed
from oms_web.web.render import go, render
from oms_web.web.toasts import say
from oms_web.web.webhook_words import KINDS

screen = Blueprint("webhooks", __name__)

STATES: dict[str, Any] = {
    "active": _l("works"), "paused": _l("paused"), "broken": _l("given up"),
    "gone": _l("ended by its receiver"),
}
# Why no answer came.
PROBLEMS: dict[str, Any] = {
    "ForbiddenAddress": _l("the address leads into a private network"),
    "ChannelDown": _l("not reachable"),
    "OutcomeUnknown": _l("no answer in time"),
    "RateLimited": _l("it asked us to wait"),
}
TRIES: dict[str, Any] = {"again": _l("sent again by hand"), "ping": _l("test")}


class WebhookForm(Form):
    """Who is told, and of what."""

    name = StringField(_l("Name"), [Needed()])
    url = StringField(_l("Address"), [Needed()])
    kinds = SelectMultipleField(_l("What it is told of"), choices=list(SUBJECTS))


@screen.get("/settings/webhooks")
@act("api.manage")
def index() -> Response:
    """All webhooks."""
    return render("webhooks/list.html", rows=queries.every(db.session), kinds=KINDS,
                  states=STATES, last=queries.last_deliveries(db.session), problems=PROBLEMS)


@screen.get("/settings/webhooks/new")
@act("api.manage")
def new() -> Response:
    """The form of a new webhook."""
    return _form_page(WebhookForm())


@screen.post("/settings/webhooks/new")
@act("api.manage")
def create() -> Response:
    """Make a webhook; its secret is shown on this page and never again."""
    form = WebhookForm()
    if form.validate():
        try:
            with writing() as work:
                row, secret = service.create(
                    work, form.name.data, form.url.data, form.kinds.data or [])
            return _secret_page(row, secret)
        except OmsError as error:
            form.refuse(error)
    return _form_page(form, status=422)


@screen.get("/settings/webhooks/<int:webhook_id>")
@act("api.manage")
def show(webhook_id: int) -> Response:
    """One webhook and its log."""
    row = queries.get(db.session, webhook_id)
    after = request.args.get("after", "")
    log = queries.deliveries(db.session, webhook_id, after)
    return render(
        "webhooks/card.html", "webhooks/_log.html", row=row, log=log, after=after, kinds=KINDS,
        states=STATES, problems=PROBLEMS, tries=TRIES, said=_said,
        waiting=queries.waiting(db.session, row), counted=queries.COUNTED,
        two_secrets=row.old_until is not None and row.old_until > reading().now,
    )


def _said(type_: str) -> str:
    return gettext("Test") if type_ == PING else acts.said(type_)


@screen.get("/settings/webhooks/<int:webhook_id>/change")
@act("api.manage")
def edit(webhook_id: int) -> Response:
    """The form of a webhook."""
    row = queries.get(db.session, webhook_id)
    return _form_page(WebhookForm(obj=row), row)


@screen.post("/settings/webhooks/<int:webhook_id>/change")
@act("api.manage")
def change(webhook_id: int) -> Response:
    """Give it another name, address or choice of events."""
    row = queries.get(db.session, webhook_id)
    form = WebhookForm()
    if form.validate():
        try:
            with writing() as work:
                service.change(work, webhook_id, form.name.data, form.url.data,
                               form.kinds.data or [])
            return go(url_for("webhooks.show", webhook_id=webhook_id))
        except OmsError as error:
            form.refuse(error)
    return _form_page(form, row, 422)


def _form_page(form: WebhookForm, row: Webhook | None = None, status: int = 200) -> Response:
    return render("webhooks/form.html", form=form, row=row, kinds=KINDS, status=status)


def _secret_page(row: Webhook, secret: str) -> Response:
    return render("webhooks/once.html", row=row, secret=secret)


@screen.post("/settings/webhooks/<int:webhook_id>/rotate")
@act("api.manage")
def rotate(webhook_id: int) -> Response:
    """Make a new secret; it is shown on this page and never again."""
    with writing() as work:
        secret = service.rotate(work, webhook_id)
        row = queries.get(work.session, webhook_id)
    return _secret_page(row, secret)


@screen.post("/settings/webhooks/<int:webhook_id>/test")
@act("api.manage")
def test(webhook_id: int) -> Response:
    """Send a test."""
    with writing() as work:
        webhooks.ask_once(work, webhook_id)
    say(gettext("A test is on its way; the log says how it went."))
    return go(url_for("webhooks.show", webhook_id=webhook_id))


@screen.post("/settings/webhooks/<int:webhook_id>/events/<int:event_id>/replay")
@act("api.manage")
def replay(webhook_id: int, event_id: int) -> Response:
    """Send an event again."""
    with writing() as work:
        webhooks.ask_once(work, webhook_id, event_id)
    say(gettext("The event is on its way once more, with the same number."))
    return go(url_for("webhooks.show", webhook_id=webhook_id))


@screen.post("/settings/webhooks/<int:webhook_id>/pause")
@act("api.manage")
def pause(webhook_id: int) -> Response:
    """Tell it nothing for now."""
    with writing() as work:
        service.pause(work, webhook_id)
    return go(url_for("webhooks.show", webhook_id=webhook_id))


@screen.post("/settings/webhooks/<int:webhook_id>/resume")
@act("api.manage")
def resume(webhook_id: int) -> Response:
    """Tell it again: what waits, or only what happens from now on."""
    with writing() as work:
        service.resume(work, webhook_id, skip=request.form.get("skip") == "1")
    return go(url_for("webhooks.show", webhook_id=webhook_id))


@screen.post("/settings/webhooks/<int:webhook_id>/delete")
@act("api.manage")
def delete(webhook_id: int) -> Response:
    """Delete it with its log."""
    with writing() as work:
        name = queries.get(work.session, webhook_id).name
        service.remove(work, webhook_id)
    say(gettext("The webhook %(name)s was deleted.", name=name))
    return go(url_for("webhooks.index"))
