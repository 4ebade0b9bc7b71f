"""Orders are split, joined again, sent together and taken apart, from the card of one of them."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext

from oms_web.core.errors import Invalid
from oms_web.domain.orders import service as orders
from oms_web.extensions import db
from oms_web.flows import order_split, order_together
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form
from oms_web.web.order_facts import Card
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("order_kin", __name__)


class SplitForm(Form):
    """Which units become an order of their own (fields ``split-<id>``)."""


@screen.get("/orders/<int:order_id>/split")
@act("orders.edit")
def choose(order_id: int) -> Response:
    """Which units become another order: ways that offer themselves, or line by line."""
    return _choose(order_id, SplitForm(formdata=None))


def _choose(order_id: int, form: SplitForm, status: int = 200) -> Response:
    session = db.session
    order = orders.get_order(session, order_id)
    refusal = order_split.why_whole(session, order)
    return render(
        "order_card/split.html", order=order, form=form, card=Card(session, order),
        why_not=words_of(refusal) if refusal is not None else "",
        proposals=() if refusal is not None else order_split.proposals(session, order),
        typed=request.form, status=status)


def _back(order_id: int) -> Response:
    return go(url_for("order_card.show", order_id=order_id))


@screen.post("/orders/<int:order_id>/split")
@act("orders.edit")
def split(order_id: int) -> Response:
    """Units of the order become another one: as typed, or as a button says."""
    form = SplitForm()
    what = request.form.get("what", "")
    try:
        with writing() as work:
            if what:
                part = order_split.split_as(work, order_id, what)
            else:
                part = order_split.split(work, order_id, {
                    line.id: asked.whole(request.form.get(f"split-{line.id}"), "units") or 0
                    for line in orders.order_lines(work.session, order_id)})
    except Invalid as error:
        form.refuse(Invalid(error.message, "", **error.params))
        return _choose(order_id, form, 422)
    if part is None:
        say(gettext("There is nothing to split any more."), "warn")
        return _back(order_id)
    say(gettext("Split: order %(number)s goes on by itself.", number=part))
    return _back(order_id)


@screen.post("/orders/<int:order_id>/join")
@act("orders.edit")
def join(order_id: int) -> Response:
    """Put an order back into the one it was split off."""
    with writing() as work:
        done = order_split.join(work, order_id)
    say(gettext("Joined: everything is in one order again.") if done
        else gettext("That was done before."))
    return _back(asked.whole(request.form.get("back"), "back") or order_id)


@screen.post("/orders/<int:order_id>/together")
@act("orders.edit")
def together(order_id: int) -> Response:
    """Let it travel in one parcel with the buyer's other orders to this address."""
    with writing() as work:
        came = order_together.join_buyers(work, order_id)
    if came:
        say(ngettext("%(num)s order joined the parcel.", "%(num)s orders are in one parcel.",
                     len(came)))
    else:
        say(gettext("No other order can travel with this one any more."), "warn")
    return _back(order_id)


@screen.post("/orders/<int:order_id>/apart")
@act("orders.edit")
def apart(order_id: int) -> Response:
    """Take it out of the parcel it was to share."""
    with writing() as work:
        left = order_together.leave(work, [order_id])
    say(gettext("It travels by itself again.") if left else gettext("That was done before."))
    return _back(order_id)
