"""What buyers write on channels: an inbox of what waits for an answer, and one thread to answer in.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import TextAreaField

from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.domain.channels.service import get_account
from oms_web.domain.messages import conversations, templates, threads, wording
from oms_web.domain.messages.models import Thread
from oms_web.domain.messages.wording import CHANNEL, EMAIL
from oms_web.domain.orders import service as orders
from oms_web.domain.users.models import User
from oms_web.domain.users.permissions import may
from oms_web.extensions import db
from oms_web.flows import order_message, thread_answer
from oms_web.web import asked, message_words
from oms_web.web.access import act, allowed
from oms_web.web.door import current_user, oms, reading, writing
from oms_web.web.forms import Form, KeyField
from oms_web.web.messages import tabs_at
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("threads", __name__)

VIEWS: dict[str, Any] = {
    conversations.WAITING: _l("Wait for an answer"), conversations.MINE: _l("Mine"),
    conversations.ORPHANS: _l("Without an order"), conversations.ALL: _l("All"),
}
USUAL_MOST = 2000


class AnswerForm(Form):
    """An answer. ``key`` makes the same form sent again write nothing more."""

    text = TextAreaField(_l("Answer"))
    key = KeyField()


@screen.get("/messages/inbox")
@act("messages.see")
def index() -> Response:
    """A page of threads; its part is the next rows."""
    me, view, account_id = current_user(), asked.text("view"), asked.number("channel")
    view = view if view in VIEWS else conversations.WAITING
    user_id = me.id if me is not None else 0
    found = conversations.listed(db.session, view, user_id=user_id, account_id=account_id,
                                 after=asked.text("after"))
    chosen = {"view": view, "channel": str(account_id or "")}
    link = partial(asked.link, "threads.index", {k: v for k, v in chosen.items() if v})
    known = frame().accounts
    return render(
        "threads/list.html", "threads/_rows.html", found=found, view=view, views=VIEWS, link=link,
        counts=conversations.counts(db.session, user_id), accounts=known, account_id=account_id,
        talking=[one for one in known.values() if one.writing and one.archived_at is None],
        orders=conversations.orders_of(db.session, found.rows), people=_people(found.rows),
        last=conversations.last_words(db.session, found.rows), tabs=tabs_at("threads.index"),
        next_url=link(after=found.after) if found.after else None)


@screen.get("/messages/threads/<int:thread_id>")
@act("messages.see")
def show(thread_id: int) -> Response:
    """A thread, with the words of a template in the answer if one was chosen."""
    chosen = asked.number("template")
    text = _words(threads.get(db.session, thread_id), chosen) if chosen else ""
    return _page(thread_id, AnswerForm(formdata=None, text=text, key=secrets.token_hex(12)),
                 chosen)


@screen.post("/messages/threads/<int:thread_id>")
@act("messages.send")
def answer(thread_id: int) -> Response:
    """Answer; the same form sent again writes nothing more."""
    form = AnswerForm()
    thread = threads.get(db.session, thread_id)
    try:
        with writing() as work:
            sent = thread_answer.answer(
                work, thread_id, form.text.data or "",
                form.key.data or secrets.token_hex(8), _most(thread))
    except Invalid as error:
        form.refuse(error)
        return _page(thread_id, form, status=422)
    except NotAllowedNow as error:
        form.refuse(Invalid(error.message, "", **error.params))
        return _page(thread_id, form, status=409)
    say(gettext("The answer is on its way.") if sent else gettext("This was sent before."))
    return go(url_for("threads.show", thread_id=thread_id))


@screen.post("/messages/threads/<int:thread_id>/close")
@act("messages.send")
def close(thread_id: int) -> Response:
    """No answer is needed to what was seen; what came since goes on waiting."""
    seen = asked.whole(request.form.get("seen"), "seen") or 0
    with writing() as work:
        closed = threads.close(work, thread_id, seen)
        waits = threads.get(work.session, thread_id).waiting_since is not None
    say(gettext("A newer message waits.") if waits else
        gettext("It waits no more.") if closed else gettext("It was not waiting."))
    return go(url_for("threads.show", thread_id=thread_id) if waits else url_for("threads.index"))


@screen.post("/messages/threads/<int:thread_id>/assign")
@act("messages.send")
def assign(thread_id: int) -> Response:
    """Give it to somebody, or to nobody."""
    person = asked.whole(request.form.get("person"), "person") or None
    with writing() as work:
        threads.assign(work, thread_id, person)
    say(gettext("Saved."))
    return go(url_for("threads.show", thread_id=thread_id))


@screen.post("/messages/threads/<int:thread_id>/order")
@act("messages.send")
def belongs_to(thread_id: int) -> Response:
    """Say which order it belongs to."""
    try:
        number = asked.whole(request.form.get("order"), "order")
        if number is None:
            raise Invalid("Type the number of the order.", "order")
        orders.get_order(db.session, number)
        with writing() as work:
            threads.belongs_to(work, thread_id, number)
    except OmsError as error:
        say(gettext(error.message) % error.params, "bad")
    else:
        say(gettext("It belongs to order %(number)s now.", number=number))
    return go(url_for("threads.show", thread_id=thread_id))


def _page(thread_id: int, form: AnswerForm, template_id: int | None = None, status: int = 200
          ) -> Response:
    thread = threads.get(db.session, thread_id)
    said = conversations.said_in(db.session, thread)
    order_id = conversations.orders_of(db.session, [thread]).get(thread.id)
    return render(
        "threads/show.html", thread=thread, said=said, form=form, template_id=template_id,
        account=get_account(db.session, thread.account_id), words=message_words, most=_most(thread),
        order=orders.get_order(db.session, order_id) if order_id else None,
        known=[one for one in templates.every(db.session, templates.ORDERS) if one.kind == EMAIL],
        seen=max((one.heard for one in said), default=0), people=_writers(),
        person=db.session.get(User, thread.assigned_to) if thread.assigned_to else None,
        status=status)


def _words(thread: Thread, template_id: int) -> str:
    """A template's words for the thread's order; without an order its fields stay empty."""
    template = templates.get(db.session, template_id)
    order_id = conversations.orders_of(db.session, [thread]).get(thread.id)
    if order_id is not None:
        return order_message.preview(reading(), order_id, template).rendered.text
    _, said = wording.choose(templates.words_of(template), None, "pl")
    return wording.render(CHANNEL, said, "pl", {}).text


def _most(thread: Thread) -> int:
    """How many characters its channel takes."""
    found = oms().registry.get(get_account(db.session, thread.account_id).connector)
    return found.manifest.capabilities.message_chars if found else USUAL_MOST


def _people(rows: Any) -> dict[int, str]:
    """Names of those to whom threads of a page are given."""
    ids = {one.assigned_to for one in rows if one.assigned_to}
    return {id_: name for id_, name in db.session.execute(
        select(User.id, User.name).where(User.id.in_(ids)))} if ids else {}


def _writers() -> list[User]:
    """People who may answer."""
    if not allowed("messages.send"):
        return []
    return [one for one in db.session.scalars(
        select(User).where(User.active).order_by(User.name)) if may(one.role, "messages.send")]
