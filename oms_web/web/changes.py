"""Bulk changes: asked for in the order list, followed in a band above it, looked up and undone.

The fields of an act are named ``<act>.<parameter>``, since the acts of the list share one form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, request, session, url_for
from flask_babel import gettext

from oms_web.automation import acts, batches
from oms_web.core.errors import Denied, Invalid, InvalidForm, NotFound
from oms_web.domain.automation import batch_queries as queries
from oms_web.domain.automation.models import Batch
from oms_web.domain.orders import outgoing_queries, walking
from oms_web.extensions import db
from oms_web.web import asked, change_words
from oms_web.web import order_filters as address
from oms_web.web.access import act, allowed
from oms_web.web.door import current_user, oms, reading, writing
from oms_web.web.formats import number
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("changes", __name__)

SHOWN_FOR = timedelta(minutes=10)
SHOWN_REFUSED = 5
PAGE = 50
ALL = "audit.see"
"""Who may see the changes of others."""
ONLY_RECALLED = frozenset({"cancel", "invoice"})
_AWAY = "change_away"


@dataclass(frozen=True, slots=True)
class Change:
    """A bulk change as people see it.

    ``left`` orders wait still. ``refused``: (order, why). ``task`` is the one that was given up.
    ``away``: it was put away in the list. ``may_undo``: it can go back, and this person may do so.
    """

    batch: Batch
    title: str
    left: int
    refused: list[tuple[int, str]]
    task: int | None
    may_undo: bool

    @property
    def done(self) -> int:
        """Orders that have their result."""
        return self.batch.total - self.left

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.batch.state == batches.DONE or self.task is not None


def newest() -> Change | None:
    """The change that the band above the list shows."""
    user = current_user()
    if user is None:
        return None
    since = oms().works.clock() - SHOWN_FOR
    found = queries.newest(db.session, user.id, since, session.get(_AWAY, 0))
    return _shown(found) if found is not None else None


def _shown(batch: Batch, refused: int = SHOWN_REFUSED) -> Change:
    ended = batch.state == batches.DONE
    return Change(
        batch, change_words.title(db.session, batch.act, batch.params),
        0 if ended else queries.left(db.session, batch.id),
        [(order_id, _why(why)) for order_id, why in batches.refusals(reading(), batch.id, refused)]
        if batch.refused else [],
        queries.given_up(db.session, batch, batches.TASK),
        _may_do(batch) and queries.can_go_back(db.session, batch) and _in_time(batch),
    )


def _in_time(batch: Batch) -> bool:
    """What can only be recalled goes back as long as something of it has not left."""
    return batch.act not in ONLY_RECALLED or outgoing_queries.count_together(
        db.session, batches.token(batch.id))[0] > 0


def _why(why: Sequence[Any]) -> str:
    message, values = why
    return gettext(message) % values if values else gettext(message)


def _may_do(batch: Batch) -> bool:
    """Whether this person might do what a change did, and so take it back."""
    key = batch.params["act"] if batch.act == batches.UNDO else batch.act
    found = acts.ACTS.get(key)
    return found is not None and allowed(found.needs)


def _get(batch_id: int) -> Batch:
    """A change this person may see: their own, or any for who sees the trail.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    batch = db.session.get(Batch, batch_id, populate_existing=True)
    user = current_user()
    if batch is None or user is None or not (
        allowed(ALL) or (batch.asked_kind, batch.asked_id) == (queries.PEOPLE, user.id)
    ):
        raise NotFound("There is no such change.")
    return batch


# Asking ------------------------------------------------------------------------------------------


@screen.post("/orders/bulk/<key>")
@act("orders.see")
def start(key: str) -> Response:
    """Do an act to the ticked orders, or to all of the list; a worker does it."""
    wanted = acts.get(key)
    if not wanted.listed:
        raise NotFound("There is nothing at this address.")
    values: dict[str, Any] = {
        field.name: _typed(f"{key}.{field.name}") for field in wanted.fields}
    if not all(allowed(right) for right in acts.rights(db.session, key, values)):
        raise Denied("Your role does not include this.")
    ids, cut = _all() if request.form.get("all") else (ticked(), False)
    values |= {field.name: ids for field in wanted.fields if field.kind == "orders"}
    with writing() as work:
        try:
            batches.start(work, key, values, ids)
        except InvalidForm as error:  # the fields are not on this page any more
            raise next(iter(error.problems.values())) from None
    if cut:
        say(gettext("The first %(n)s orders of the list are taken.", n=number(batches.MOST)),
            "warn")
    return go(came_from())


def _typed(name: str) -> str:
    """A parameter: what was pressed or typed, whichever is there."""
    return next(filter(None, (one.strip() for one in request.form.getlist(name))), "")


def ticked() -> list[int]:
    """The orders that were ticked in the list."""
    ids = [asked.whole(value, "order") for value in request.form.getlist("order")]
    return [one for one in ids if one]


def _all() -> tuple[list[int], bool]:
    """All orders of the list that was looked at, and whether there are too many."""
    args = parse_qs(urlsplit(came_from()).query)
    wanted = address.read(db.session, oms().works.clock(), args)
    ids, cut = walking.every(db.session, wanted.conditions, wanted.sort, batches.MOST)
    if not ids:
        raise Invalid("No order fits these filters any more.", "order")
    return ids, cut


def came_from() -> str:
    """The list or the change that a form came from."""
    back = request.values.get("back", "")
    here = back in ("/orders", "/changes") or back.startswith(("/orders?", "/changes/"))
    return back if here else url_for("orders.index")


# Looking and undoing -----------------------------------------------------------------------------


@screen.get("/changes")
@act("orders.see")
def index() -> Response:
    """The changes of this person; of everybody for who sees the trail."""
    user = current_user()
    everybody = allowed(ALL) and asked.text("who") != "me"
    mine = user.id if user else 0
    found = queries.page(db.session, None if everybody else mine, asked.number("before"), PAGE + 1)
    more = asked.link("changes.index", {"who": asked.text("who"), "before": found[PAGE - 1].id}) \
        if len(found) > PAGE else None
    return render(
        "changes/list.html", "changes/_rows.html", everybody=everybody, may_all=allowed(ALL),
        changes=[(one, change_words.title(db.session, one.act, one.params))
                 for one in found[:PAGE]],
        next_url=more)


@screen.get("/changes/<int:batch_id>")
@act("orders.see")
def show(batch_id: int) -> Response:
    """A change and what it could not do; its part is the band, which follows it."""
    batch = _get(batch_id)
    in_list = "back" in request.args
    return render("changes/show.html", "changes/_band.html", polled=True, in_list=in_list,
                  change=_shown(batch, SHOWN_REFUSED if in_list else 200),
                  back=came_from() if in_list else url_for("changes.show", batch_id=batch_id))


@screen.post("/changes/<int:batch_id>/undo")
@act("orders.see")
def undo(batch_id: int) -> Response:
    """Take a change back."""
    batch = _get(batch_id)
    if not _may_do(batch):
        raise Denied("Your role does not include this.")
    with writing() as work:
        back = batches.undo(work, batch_id)
        back_id = back.id
    came = came_from()
    return go(url_for("changes.show", batch_id=back_id) if came.startswith("/changes") else came)


@screen.post("/changes/<int:batch_id>/away")
@act("orders.see")
def away(batch_id: int) -> Response:
    """Put the band away."""
    session[_AWAY] = max(batch_id, session.get(_AWAY, 0))
    return go(came_from())
