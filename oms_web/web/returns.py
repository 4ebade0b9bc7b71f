"""Cases after a sale: the queue by what waits, opening one, and why products come back."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField, StringField, TextAreaField

from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import service as orders
from oms_web.domain.returns import kinds, queries, service
from oms_web.domain.returns.queries import Asked
from oms_web.domain.returns.service import Opening
from oms_web.extensions import db
from oms_web.flows import return_bench, return_case
from oms_web.web import asked, case_words
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import Form, KeyField, choices
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("returns", __name__)

SPANS = {"30": _l("30 days"), "90": _l("90 days"), "365": _l("a year")}


class CaseForm(Form):
    """What a case is opened with; units stand in fields ``unit-<order line>``."""

    kind = SelectField(_l("What is it?"), choices=choices(case_words.KINDS))
    reason_code = SelectField(_l("Reason"), choices=choices({"": _l("not said"),
                                                             **case_words.REASONS}))
    wish = SelectField(_l("What the buyer asks for"), choices=choices({"": _l("not said"),
                                                                       **case_words.WISHES}))
    story = TextAreaField(_l("In the buyer's words"))
    reason = StringField(_l("Note"))
    key = KeyField()


def _chosen() -> dict[str, Any]:
    view, kind = asked.text("view"), asked.text("kind")
    return {"view": view if view in queries.VIEWS else "decide",
            "kind": kind if kind in kinds.KINDS else "", "q": asked.text("q", 80)}


@screen.get("/returns")
@act("returns.see")
def index() -> Response:
    """A page of cases: a view of them, or what a number finds."""
    chosen = _chosen()
    page = queries.listed(db.session, Asked(**chosen), asked.text("after", 2000) or None)
    link = partial(asked.link, "returns.index", {k: v for k, v in chosen.items() if v})
    return render(
        "returns/list.html", "returns/_rows.html", page=page, chosen=chosen, link=link,
        next_url=link(after=page.after) if page.after else None, words=case_words,
        counts=queries.counts(db.session),
        terms=queries.terms_of(db.session, [row.case.id for row in page.rows]),
        accounts={one.id: one for one in db.session.scalars(select(ChannelAccount))},
    )


@screen.get("/returns/new")
@act("returns.handle")
def new() -> Response:
    """A form for a case of an order; without ``?order=`` it asks for the order first.

    The order is named by our number, the channel's, or that of its parcel.
    """
    typed = asked.text("order")
    if not typed:
        return render("returns/which.html", typed="", found=[], problem="")
    found = return_bench.orders_of(reading(), typed)
    if len(found) == 1:
        return _ask(found[0].id, CaseForm(formdata=None, key=secrets.token_hex(12)))
    problem = "" if found else gettext("No order or parcel has the number %(code)s.",
                                       code=typed[:80])
    return render("returns/which.html", typed=typed, found=found, problem=problem,
                  status=200 if found else 404)


def _ask(order_id: int, form: CaseForm, status: int = 200) -> Response:
    order = orders.get_order(db.session, order_id)
    lines = orders.order_lines(db.session, order_id)
    return render(
        "returns/new.html", order=order, lines=lines, form=form, words=case_words, status=status,
        left=service.returnable(db.session, lines), typed=request.form,
        known=queries.of_order(db.session, order_id))


@screen.post("/returns/new")
@act("returns.handle")
def create() -> Response:
    """Open a case; the same form sent again opens none."""
    form = CaseForm()
    order_id = asked.whole(request.form.get("order"), "order") or 0
    try:
        if form.validate():
            units = typed_units("unit")
            if not units and form.kind.data in (kinds.RETURN, kinds.EXCHANGE):
                raise Invalid("Say how many units come back.")
            with writing() as work:
                case, fresh = return_case.open_for(work, order_id, Opening(
                    form.kind.data, lines=units,
                    reason_code=form.reason_code.data or "", reason=form.reason.data or "",
                    story=form.story.data or "", wish=form.wish.data or "",
                    form_key=f"desk:{form.key.data}" if form.key.data else ""))
            if fresh:
                say(gettext("Case %(number)s is open.", number=case.number))
            return go(url_for("return_card.show", case_id=case.id))
    except OmsError as error:
        form.refuse(error)
    return _ask(order_id, form, 422)


def typed_units(name: str) -> dict[int, int]:
    """What stands in fields ``<name>-<line>``: whole numbers; empty ones are left out.

    Raises:
        Invalid: one of them is no whole number.
    """
    found = {}
    for field, value in request.form.items():
        before, _, line = field.rpartition("-")
        if before == name and line.isascii() and line.isdigit() and len(line) < 16:
            units = asked.whole(value, "units")
            if units:
                found[int(line)] = units
    return found


@screen.get("/returns/reasons")
@act("returns.see")
def reasons() -> Response:
    """Which products come back, and why."""
    span = asked.text("days")
    span = span if span in SPANS else "90"
    since = oms().works.clock() - timedelta(days=int(span))
    return render(
        "returns/reasons.html", rows=queries.reasons(db.session, since), words=case_words,
        tabs=[{"text": text, "href": url_for("returns.reasons", days=key), "on": key == span}
              for key, text in SPANS.items()])
