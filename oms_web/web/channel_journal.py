"""What was sent to one channel: where each offer stands, and the journal of all that was sent."""

from __future__ import annotations

from flask import Blueprint, Response

from oms_web.domain.channels.service import get_account
from oms_web.extensions import db
from oms_web.sync import journal
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.channel_words import OUTCOMES, SHOWN
from oms_web.web.render import render

screen = Blueprint("channel_journal", __name__)


@screen.get("/channels/<int:account_id>/journal")
@act("channels.see")
def show(account_id: int) -> Response:
    """Offers as they stand, or everything that was sent, newest first; its part is the next rows.

    ``what`` is ``stock`` or ``prices``, ``view`` ``now`` or ``sent``.
    """
    account = get_account(db.session, account_id)
    kind: journal.Kind = "prices" if asked.text("what") == "prices" else "stock"
    sent = asked.text("view") == "sent"
    shown = asked.text("shown") if asked.text("shown") in SHOWN else ""
    offer, q, after = asked.number("offer"), asked.text("q", 120), asked.text("after", 2000) or None
    chosen = {"account_id": account_id, "what": "prices" if kind == "prices" else "",
              "view": "sent" if sent else "", "shown": shown, "offer": offer, "q": q}
    found = journal.history(
        db.session, account_id, kind, listing_id=offer, q=q, after=after,
    ) if sent else journal.standings(
        db.session, account_id, kind, shown=shown, listing_id=offer, q=q, after=after)
    return render(
        "channels/journal.html", "channels/_journal_rows.html", account=account, found=found,
        kind=kind, chosen=chosen, outcomes=OUTCOMES, shown_words=SHOWN,
        link=lambda **changed: asked.link("channel_journal.show", chosen, **changed),
        next_url=asked.link("channel_journal.show", chosen, after=found.after)
        if found.after else None,
    )
