"""Bank statements: a file is taken in, sure lines are booked, a person says what the rest is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.payments.bank import models, queries, reading
from oms_web.domain.payments.bank import service as bank
from oms_web.domain.payments.bank.lines import MOST_BYTES
from oms_web.domain.payments.settling import reports
from oms_web.extensions import db
from oms_web.flows import bank_in
from oms_web.flows.bank_in import TakenIn
from oms_web.web import asked, shell
from oms_web.web.access import act, allowed
from oms_web.web.door import writing
from oms_web.web.failures import words_of
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("statements", __name__)

VIEWS = {models.OFFERED: _l("Is it this order?"), models.UNKNOWN: _l("Nobody found"),
         models.BOOKED: _l("Booked"), models.IGNORED: _l("No order's money")}
REASONS = {
    "number": _l("our number"), "channel": _l("the channel's number"),
    "document": _l("a document's number"), "amount": _l("the amount due"),
    "total": _l("the order's total"), "name": _l("the buyer's name"),
    "account": _l("the buyer's account"),
}
TABS = (
    ("statements.index", "payments.statements", _l("Statements")),
    ("bank_transfers.index", "payments.statements", _l("Transfers")),
    ("settlements.owed", "payments.statements", _l("Owed to us")),
    ("courier_bills.index", "payments.statements", _l("Couriers' invoices")),
    ("profits.index", "payments.profit", _l("Profit")),
    ("profits.fee_table", "payments.profit", _l("Fees")),
)
AT_ONCE = 100
"""Lines that are kept in one transaction: a large file lets others write in between."""


def tabs(here: str) -> list[dict[str, Any]]:
    """The tabs over the screens of money that this person may see."""
    return [{"href": url_for(endpoint), "text": text, "on": endpoint == here}
            for endpoint, name, text in TABS if shell.exists(endpoint) and allowed(name)]


@screen.get("/payments/statements")
@act("payments.statements")
def index() -> Response:
    """A page of lines in a view; its part is the next rows."""
    return _page(asked.text("view"))


def _page(view: str, problem: str = "", status: int = 200, *, is_report: bool = False) -> Response:
    view = view if view in VIEWS else models.OFFERED
    found = queries.page(db.session, view, asked.text("after", 2000) or None)
    link = {"view": view}
    return render(
        "statements/list.html", "statements/_rows.html", found=found, view=view, views=VIEWS,
        counts=queries.counts(db.session), orders=queries.orders_of(db.session, found.rows),
        reasons=REASONS, tabs=tabs("statements.index"), problem=problem,
        limit=MOST_BYTES >> 20, status=status, is_report=is_report,
        next_url=asked.link("statements.index", link, after=found.after) if found.after else None)


def uploaded() -> bytes:
    """The bytes of the file that was sent; of one that is too large no more than say so.

    Raises:
        Invalid: at ``file``: none was chosen.
    """
    file = request.files.get("file")
    if not file:
        raise Invalid("Choose a file.", "file")
    return file.stream.read(MOST_BYTES + 1)


@screen.post("/payments/statements")
@act("payments.statements")
def upload() -> Response:
    """Take a file in."""
    content = b""
    try:
        content = uploaded()
        statements = reading.read(content)
    except Invalid as error:
        if _is_report(content):
            return _page("", gettext("This is a report of payouts, not a bank statement."), 422,
                         is_report=True)
        return _page("", words_of(error), 422)
    told = TakenIn()
    for statement in statements:
        lines = list(bank.fingerprints(statement))
        for begin in range(0, len(lines), AT_ONCE):
            with writing() as work:
                bank_in.take(work, statement.account, lines[begin:begin + AT_ONCE], told)
    say(gettext("%(new)s new lines: %(booked)s booked, %(offered)s to be looked at, %(nobody)s "
                "without an order, %(out)s of money that went out. %(known)s were known before.",
                new=told.new, booked=told.booked, offered=told.offered, nobody=told.nobody,
                out=told.out, known=told.known))
    return go(url_for("statements.index"))


@screen.post("/payments/statements/<int:entry_id>/<any(book, back, ignore, restore, look):what>")
@act("payments.statements")
def decide(entry_id: int, what: str) -> Response:
    """Book a line, take that back, put it aside, bring it back, look for its order anew."""
    view = request.form.get("view", "")
    try:
        with writing() as work:
            if what == "book":
                done = bank_in.book(work, entry_id, _order(request.form.get("order", "")))
            elif what == "back":
                done = bank_in.take_back(work, entry_id)
            elif what == "look":
                done = bank_in.look_again(work, entry_id)
            else:
                done = bank_in.ignore(work, entry_id, what == "ignore")
    except OmsError as error:
        say(words_of(error), "bad")
        return go(url_for("statements.index", view=view))
    say(gettext("Done.") if done else gettext("Nothing has changed."))
    return go(url_for("statements.index", view=view))


def _is_report(content: bytes) -> bool:
    """Whether a courier's or marketplace's report was given here by mistake."""
    try:
        return bool(reports.read(content))
    except Invalid:
        return False


def _order(typed: str) -> int:
    plain = typed.strip().lstrip("#")
    if not plain.isascii() or not plain.isdigit() or len(plain) > 12:
        raise Invalid("Type the number of an order.", "order")
    return int(plain)
