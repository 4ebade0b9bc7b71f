"""Money still owed to the seller: by couriers and by marketplaces, and the reports of payouts."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank.lines import MOST_BYTES
from oms_web.domain.payments.settling import owing, reports
from oms_web.flows import settle_in
from oms_web.flows.settle_in import TakenIn
from oms_web.web import asked, statements
from oms_web.web.access import act
from oms_web.web.door import reading, writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("settlements", __name__)
VIEWS = {"couriers": _l("Cash on delivery"), "channels": _l("Marketplaces")}
AT_ONCE = 200


@screen.get("/payments/owed")
@act("payments.statements")
def owed() -> Response:
    """Orders whose money has not come; its part is the next rows."""
    return _page()


def _page(problem: str = "", status: int = 200) -> Response:
    view = asked.text("view")
    view = view if view in VIEWS else "couriers"
    find = owing.by_couriers if view == "couriers" else owing.by_channels
    found = find(reading(), asked.text("after", 2000) or None)
    return render(
        "statements/owed.html", "statements/_owed_rows.html", found=found, view=view, views=VIEWS,
        tabs=statements.tabs("settlements.owed"), problem=problem, limit=MOST_BYTES >> 20,
        accounts=frame().accounts, shapes=[one.name for one in reports.SHAPES],
        status=status, next_url=asked.link("settlements.owed", {"view": view}, after=found.after)
        if found.after else None)


@screen.post("/payments/owed")
@act("payments.statements")
def upload() -> Response:
    """Take a report of payouts in."""
    file = request.files.get("file")
    try:
        if file is None:
            raise Invalid("Choose a file.", "file")
        shape, lines = reports.read(file.stream.read(MOST_BYTES + 1))
    except Invalid as error:
        return _page(words_of(error), 422)
    told, marks = TakenIn(), list(settle_in.marked(shape.key, lines))
    for begin in range(0, len(marks), AT_ONCE):
        with writing() as work:
            settle_in.take(work, shape.key, marks[begin:begin + AT_ONCE], told)
    say(gettext("%(name)s: %(new)s new lines, %(found)s of known orders, %(paid)s paid for one. "
                "%(known)s were known before.", name=shape.name, new=told.new, found=told.found,
                paid=told.paid, known=told.known))
    return go(url_for("settlements.owed"))
