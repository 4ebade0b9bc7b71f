"""Recalling what has not left: from the band, the order card and the list of what goes out."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext

from oms_web.automation import batches, recalling
from oms_web.core.errors import Denied, NotAllowedNow, NotFound
from oms_web.core.paging import seal, unseal_as
from oms_web.domain.automation import batch_queries
from oms_web.domain.automation.models import Batch
from oms_web.domain.orders import outgoing, outgoing_queries
from oms_web.domain.orders.service import get_order
from oms_web.extensions import db
from oms_web.web import asked, going
from oms_web.web.access import act, allowed
from oms_web.web.auth import is_local_path
from oms_web.web.door import actor, current_user, oms, reading, writing
from oms_web.web.failures import said, words_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("recall", __name__)

PAGE = 50


@screen.get("/going-out")
@act("home.see")
def index() -> Response:
    """What waits to go out, what leaves first before the others."""
    after = asked.text("after", 200)
    found = going.page(PAGE + 1, _place(after) if after else None)
    last = found[PAGE - 1].row if len(found) > PAGE else None
    return render("recall/list.html", "recall/_rows.html", rows=found[:PAGE],
                  next_url=url_for("recall.index", after=seal(last.leaves_at, last.id))
                  if last else None)


def _place(text: str) -> tuple[datetime, int]:
    leaves_at, outgoing_id = unseal_as(text, datetime, int)
    return leaves_at, outgoing_id


@screen.post("/going-out/<int:outgoing_id>/recall")
@act("home.see")
def one(outgoing_id: int) -> Response:
    """Recall one decision."""
    row = outgoing.get(db.session, outgoing_id)
    order_id = row.order_id
    if not allowed(recalling.WAYS[row.kind][1]):
        raise Denied("Your role does not include this.")
    try:
        with writing() as work:
            done = recalling.recall(work, outgoing_id)
    except NotAllowedNow as refusal:
        say(words_of(refusal), "bad")
        return _back(order_id)
    if not done:
        say(gettext("This was recalled already."))
    elif get_order(db.session, order_id).queue == "short":
        say(gettext("Recalled, but others got the goods of order %(number)s meanwhile: it waits "
                    "for new ones.", number=order_id), "warn")
    else:
        say(gettext("Recalled. The channel learns nothing of it."))
    return _back(order_id)


@screen.post("/going-out/together/<token>/recall")
@act("home.see")
def together(token: str) -> Response:
    """Recall all that one click or one bulk change decided and that has not left."""
    rows = outgoing_queries.waiting_together(db.session, token, recalling.MOST_AT_ONCE)
    if not rows:
        say(gettext("Too late: all of it has left, or was recalled already."), "bad")
        return _back(None)
    order_id = rows[0].order_id
    batch = going.batch_of(token)
    if batch is not None and (batch.state != batches.DONE or batch.undone_by is not None):
        say(gettext("This change is still running.") if batch.undone_by is None
            else gettext("This change was taken back already."), "bad")
        return _back(None)
    if batch is not None and batch_queries.can_go_back(db.session, batch):
        return _undo(batch, order_id)
    if not all(allowed(right) for right in going.rights_of(rows)):
        raise Denied("Your role does not include this.")
    came = recalling.recall_together(oms().works, actor(), token)
    db.session.rollback()
    if came.done:
        say(gettext("Recalled. The channel learns nothing of it.") if came.done == 1 else ngettext(
            "%(num)s change recalled.", "%(num)s changes recalled.", came.done))
    for number, why in came.refused[:2]:
        say(gettext("Order %(number)s: %(why)s", number=number, why=words_of(why)), "bad")
    return _back(order_id if len(rows) == 1 else None)


def _undo(batch: Batch, order_id: int) -> Response:
    """Take a bulk change back: a worker does it; a macro on one order at once."""
    user = current_user()
    if user is None or (batch.asked_kind, batch.asked_id) != ("user", user.id):
        raise NotFound("There is no such change.")
    is_one = batch.total == 1
    with writing() as work:
        back_id = batches.undo(work, batch.id).id
    if not is_one:
        return _back(None)
    batches.run(oms().works, back_id, lambda done, total: None)
    db.session.rollback()
    refused = batches.refusals(reading(), back_id)
    if refused:
        say(said(*refused[0][1]), "bad")
    else:
        say(gettext("Recalled. The channel learns nothing of it."))
    return _back(order_id)


def _back(order_id: int | None) -> Response:
    """The page that the button was on; else the order's, else the list."""
    back = request.form.get("back", "")
    if is_local_path(back):
        return go(back)
    if order_id is not None and allowed("orders.see"):
        return go(url_for("order_card.show", order_id=order_id))
    return go(url_for("recall.index"))
