"""Couriers' invoices held against what was booked: parcel by parcel, what is odd first."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank.lines import MOST_BYTES
from oms_web.domain.payments.courier import bills, queries
from oms_web.extensions import db
from oms_web.flows import courier_bill_in
from oms_web.flows.courier_bill_in import TakenIn
from oms_web.web import asked, statements
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("courier_bills", __name__)

VIEWS = {"odd": _l("Odd"), "strangers": _l("No parcel of ours"), "agreed": _l("As booked")}
VERDICTS = {bills.DEARER: _l("dearer than booked"), bills.HEAVIER: _l("heavier than we say"),
            bills.TWICE: _l("charged twice"), bills.STRANGER: _l("no parcel of ours"),
            bills.AGREED: _l("as booked")}
AT_ONCE = 200


@screen.get("/payments/courier")
@act("payments.statements")
def index() -> Response:
    """What couriers charged; its part is the next rows."""
    return _page()


def _page(problem: str = "", status: int = 200) -> Response:
    view = asked.text("view")
    view = view if view in VIEWS else "odd"
    found = queries.page(db.session, view, asked.text("after", 2000) or None)
    return render(
        "statements/courier.html", "statements/_courier_rows.html", found=found, view=view,
        views=VIEWS, verdicts=VERDICTS, too_much=queries.too_much(db.session), problem=problem,
        tabs=statements.tabs("courier_bills.index"), limit=MOST_BYTES >> 20, status=status,
        next_url=asked.link("courier_bills.index", {"view": view}, after=found.after)
        if found.after else None)


@screen.post("/payments/courier")
@act("payments.statements")
def upload() -> Response:
    """Take a courier's invoice in."""
    try:
        lines = bills.read(statements.uploaded())
    except Invalid as error:
        return _page(words_of(error), 422)
    told = TakenIn()
    for begin in range(0, len(lines), AT_ONCE):
        with writing() as work:
            courier_bill_in.take(work, lines[begin:begin + AT_ONCE], told)
    say(gettext("%(new)s new parcels: %(odd)s odd, %(strangers)s not ours. %(known)s were known "
                "before.", new=told.new, odd=told.odd, strangers=told.strangers,
                known=told.known))
    return go(url_for("courier_bills.index"))
