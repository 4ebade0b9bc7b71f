"""Messages to buyers: what was sent, what was not and why, and what a person can do about it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext

from oms_web.domain.messages import queries, service, settings
from oms_web.domain.messages.wording import EMAIL
from oms_web.extensions import db
from oms_web.web import asked, message_words
from oms_web.web.access import act, allowed
from oms_web.web.door import writing
from oms_web.web.render import go, render
from oms_web.web.shell import exists
from oms_web.web.toasts import say

screen = Blueprint("messages", __name__)


def tabs() -> list[dict[str, Any]]:
    """The screens about messages that this person may see."""
    known = (("threads.index", "messages.see", gettext("Buyers' messages")),
             ("messages.index", "messages.see", gettext("Sent")),
             ("message_templates.index", "messages.see", gettext("Templates")),
             ("message_settings.index", "messages.manage", gettext("Sending")))
    return [{"href": url_for(endpoint), "text": text, "endpoint": endpoint}
            for endpoint, right, text in known if exists(endpoint) and allowed(right)]


def tabs_at(endpoint: str) -> list[dict[str, Any]]:
    """The same, with the present one marked."""
    return [{**tab, "on": tab["endpoint"] == endpoint} for tab in tabs()]


@screen.get("/messages")
@act("messages.see")
def index() -> Response:
    """A page of messages, the newest first; its part is the next rows."""
    state = asked.text("state")
    state = state if state in message_words.FILTERS else ""
    found = queries.listed(db.session, state, asked.text("after"))
    link = {"state": state}
    return render(
        "messages/list.html", "messages/_rows.html", found=found, state=state,
        words=message_words, tabs=tabs_at("messages.index"),
        wrong=queries.count_wrong(db.session),
        filters=[(text, asked.link("messages.index", {}, state=key), key == state)
                 for key, text in message_words.FILTERS.items()],
        next_url=asked.link("messages.index", link, after=found.after) if found.after else None)


@screen.get("/messages/<int:message_id>")
@act("messages.see")
def show(message_id: int) -> Response:
    """One message as it was written."""
    row = queries.get(db.session, message_id)
    kept = row.kind == EMAIL and settings.stays_here(db.session)
    return render("messages/show.html", row=row, kept=kept,
                  words=message_words)


@screen.post("/messages/<int:message_id>/<any(again, settle, drop):what>")
@act("messages.send")
def change(message_id: int, what: str) -> Response:
    """Send it again, say that it arrived, or call it off."""
    with writing() as work:
        if what == "again":
            service.again(work, message_id)
            told = gettext("It is sent once more.")
        elif what == "settle":
            service.settle(work, message_id)
            told = gettext("It counts as sent.")
        else:
            told = gettext("Called off.") if service.drop(work, message_id) else gettext(
                "It is on its way already.")
    say(told)
    return go(url_for("messages.show", message_id=message_id))
