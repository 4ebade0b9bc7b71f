"""Writing to the buyer of an order: a template, how it looks for this order, sent or not."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.messages import conversations, pages, places, segments, settings, templates
from oms_web.domain.messages.conversations import Said
from oms_web.domain.messages.models import Thread
from oms_web.domain.messages.wording import CHANNEL, EMAIL
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.extensions import db
from oms_web.flows import order_message
from oms_web.sync import message_sending
from oms_web.web import asked, message_words
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("order_messages", __name__)
ON_CARD = 6


class OwnForm(Form):
    """A message of one's own words."""

    subject = StringField(_l("Subject"))
    text = TextAreaField(_l("Text"))


def _of_card(order_id: int) -> tuple[list[Said], int, Thread | None]:
    """What was said about an order last, both ways; how much more there is; the thread it is in."""
    if not allowed("messages.see"):
        return [], 0, None
    found = conversations.said_about(db.session, order_id)
    return found[-ON_CARD:], max(0, len(found) - ON_CARD), \
        conversations.thread_of(db.session, order_id)


def _link(order_id: int) -> tuple[str, bool]:
    """The address of the buyer's page, if it has one; and whether it can have one."""
    return pages.on_card(reading(), order_id)


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"messages_of": _of_card, "buyer_link": _link, "message_words": message_words}


@screen.get("/orders/<int:order_id>/message")
@act("messages.send")
def show(order_id: int) -> Response:
    """A template as it looks for this order, before it is sent; its part is the letter alone."""
    return _page(order_id)


@screen.post("/orders/<int:order_id>/message")
@act("messages.send")
def send(order_id: int) -> Response:
    """Send it. The same form sent again sends nothing more."""
    template_id = asked.whole(request.form.get("template"), "template") or 0
    template = templates.get(db.session, template_id)
    draft = order_message.preview(reading(), order_id, template)
    refusal = _hindrance(draft.kind)
    try:
        if refusal:
            raise NotAllowedNow(refusal)
        if not draft.recipient:
            raise NotAllowedNow("The order has no address for this kind of message.")
        with writing() as work:
            work.occasion = f"form:{request.form.get('key', '')[:40] or secrets.token_hex(8)}"
            fresh = order_message.write(work, order_id, template_id)
    except NotAllowedNow as error:
        return _page(order_id, template_id, words_of(error), 409)
    say(gettext("The message is on its way.") if fresh else gettext("This was sent before."))
    return go(f"{url_for('order_card.show', order_id=order_id)}#messages")


@screen.post("/orders/<int:order_id>/message/own")
@act("messages.send")
def send_own(order_id: int) -> Response:
    """Send an e-mail of one's own words. The same form sent again sends nothing more."""
    form, refusal = OwnForm(), _hindrance(_own_kind(orders.get_order(db.session, order_id)))
    try:
        if refusal:
            raise NotAllowedNow(refusal)
        with writing() as work:
            work.occasion = f"form:{request.form.get('key', '')[:40] or secrets.token_hex(8)}"
            fresh = order_message.write_words(
                work, order_id, form.subject.data or "", form.text.data or "")
    except Invalid as error:
        form.refuse(error)
        return _page(order_id, status=422, own=form)
    except NotAllowedNow as error:
        form.refuse(Invalid(error.message, "", **error.params))
        return _page(order_id, status=409, own=form)
    say(gettext("The message is on its way.") if fresh else gettext("This was sent before."))
    return go(f"{url_for('order_card.show', order_id=order_id)}#messages")


@screen.post("/orders/<int:order_id>/page")
@act("messages.send")
def make_page(order_id: int) -> Response:
    """Make the buyer's page, or give it another address."""
    with writing() as work:
        orders.lock_order(work.session, order_id)
        if request.form.get("exchange"):
            pages.exchange(work, order_id)
            told = gettext("The buyer's page has another address; the old one leads nowhere.")
        elif pages.link(work, order_id):
            told = gettext("The buyer's page is ready.")
        else:
            raise NotAllowedNow("Say under Messages, Sending, at which address buyers find us.")
    say(told)
    return go(f"{url_for('order_card.show', order_id=order_id)}#messages")


def _hindrance(kind: str) -> str:
    """Why no message of a kind can be sent at present."""
    if kind == CHANNEL:
        return ""
    if kind == EMAIL:
        return "" if settings.reaches(db.session) \
            else str(message_sending.NO_SERVER[0])
    found = message_sending.gateway(reading(), oms().registry)
    return "" if found is not None else str(message_sending.NO_GATEWAY[0])


def _page(order_id: int, template_id: int | None = None, problem: str = "", status: int = 200,
          own: OwnForm | None = None) -> Response:
    order = orders.get_order(db.session, order_id)
    known = templates.every(db.session, templates.ORDERS)
    chosen = template_id or asked.number("template")
    row = next((one for one in known if one.id == chosen), None) \
        or order_message.fitting(db.session, order, known)
    draft = order_message.preview(reading(), order_id, row) if row is not None else None
    own_kind = _own_kind(order)
    return render(
        "order_messages/write.html", "order_messages/_letter.html", order=order, known=known,
        row=row, draft=draft, words=message_words, key=secrets.token_hex(12),
        size=segments.measure(draft.rendered.text) if draft else None, problem=problem,
        hindrance=_hindrance(draft.kind) if draft is not None else "", own_kind=own_kind,
        own=own or OwnForm(formdata=None), no_mail=_hindrance(own_kind), status=status)


def _own_kind(order: Order) -> str:
    """Which way one's own words go."""
    return EMAIL if places.through_channel(
        db.session, order, wants_channel=False) is None else CHANNEL
