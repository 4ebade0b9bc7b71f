"""What came from outside and could not be read: its reason, its whole text, and another try."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.extensions import db
from oms_web.sync import exports, quarantine, retry
from oms_web.sync.file_runs import run_of
from oms_web.sync.models import Quarantine
from oms_web.web import asked, outside_words
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.exports import send
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("quarantine", __name__)

STATES = {"waiting": _l("Waiting"), "dropped": lazy_pgettext("state", "Set aside"),
          "solved": _l("Read since")}
KINDS = {"order": _l("order"), "product": _l("product"), "stock": _l("opening stock")}
SHOWN_CHARS = 20_000


@screen.app_template_filter("unread_field")
def unread_field(path: str) -> str:
    """The field that could not be read, in words."""
    return outside_words.field_name(path)


@screen.get("/quarantine")
@act("quarantine.handle")
def index() -> Response:
    """A page of it, filtered by state, channel and number; its part is the next rows."""
    chosen = _chosen()
    found = quarantine.page(
        db.session, state=chosen["state"], account_id=chosen["account"], q=chosen["q"],
        after=asked.text("after") or None)
    link = {**chosen, "state": chosen["state"] if chosen["state"] != "waiting" else None}
    return render(
        "quarantine/list.html", "quarantine/_rows.html", found=found, chosen=chosen, kinds=KINDS,
        accounts=frame().accounts, retryable=retryable,
        tabs=[{"text": text, "on": state == chosen["state"], "href": asked.link(
            "quarantine.index", link, state=state if state != "waiting" else "")}
            for state, text in STATES.items()],
        next_url=asked.link("quarantine.index", link, after=found.after) if found.after else None,
        everything=asked.link("quarantine.index", link, account=None, q=""),
    )


def _chosen() -> dict[str, Any]:
    state = asked.text("state")
    return {"state": state if state in STATES else "waiting",
            "account": asked.number("account"), "q": asked.text("q", 160)}


@screen.get("/quarantine/quarantine.<kind>")
@act("quarantine.handle")
def export(kind: str) -> Response:
    """The list, with its filters, as a file."""
    chosen = _chosen()
    return send(exports.unread(chosen["state"], chosen["account"], chosen["q"]), kind,
                {"state": STATES, "kind": KINDS})


@screen.get("/quarantine/<int:quarantine_id>")
@act("quarantine.handle")
def show(quarantine_id: int) -> Response:
    """One of them with its text."""
    row = quarantine.get(db.session, quarantine_id)
    account = db.session.get(ChannelAccount, row.account_id) if row.account_id else None
    return render(
        "quarantine/show.html", row=row, raw=row.raw[:SHOWN_CHARS], kinds=KINDS,
        cut=len(row.raw) > SHOWN_CHARS, states=STATES, run_id=run_of(row.origin),
        retryable=retryable(row), account=account,
    )


@screen.get("/quarantine/<int:quarantine_id>/text")
@act("quarantine.handle")
def text(quarantine_id: int) -> Response:
    """The whole text as a file, whatever is in it."""
    row = quarantine.get(db.session, quarantine_id)
    answer = Response(row.raw, mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="quarantine-{row.id}.txt"'
    return answer


@screen.post("/quarantine/retry/<int:account_id>")
@act("quarantine.handle")
def again(account_id: int) -> Response:
    """Ask the channel again for everything of it that waits."""
    with writing() as work:
        queued = retry.ask(work, account_id)
    say(gettext("Asking the channel again. What can be read now leaves this list by itself.")
        if queued else gettext("The channel is being asked already."))
    return go(url_for("quarantine.index", account=account_id))


@screen.post("/quarantine/<int:quarantine_id>/drop")
@act("quarantine.handle")
def drop(quarantine_id: int) -> Response:
    """It is not needed: set it aside, with a word why."""
    with writing() as work:
        if not quarantine.drop(work, quarantine_id, request.form.get("note", "").strip()[:300]):
            raise NotAllowedNow("It does not wait any more.")
    say(gettext("Set aside. Its text is kept."))
    return go(url_for("quarantine.index"))


def retryable(row: Quarantine) -> bool:
    """Whether a channel can be asked for it again; a file is imported again instead."""
    return row.kind == "order" and row.account_id is not None and not row.origin
