"""Money still owed to the seller: by couriers and by marketplaces, and the reports of payouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.core.paging import Page
from oms_web.core.work import Work
from oms_web.domain.payments import fee_claims, fee_estimates
from oms_web.domain.payments.bank import reading as bank_files
from oms_web.domain.payments.bank.lines import MOST_BYTES
from oms_web.domain.payments.settling import owing, reports
from oms_web.domain.shipping import claims
from oms_web.flows import settle_in
from oms_web.flows.settle_in import TakenIn
from oms_web.web import asked, claim_words, payment_words, statements
from oms_web.web.access import act
from oms_web.web.door import reading, writing
from oms_web.web.failures import words_of
from oms_web.web.payment_words import REPORTS
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("settlements", __name__)
VIEWS = {"couriers": _l("Cash on delivery"), "channels": _l("Marketplaces"),
         "claims": _l("Commissions"), "parcels": _l("Claims against couriers")}
FIND: dict[str, Callable[[Work, str | None], Page[Any]]] = {
    "couriers": owing.by_couriers, "channels": owing.by_channels,
    "claims": lambda work, after: fee_claims.owed(work.session, after),
    "parcels": lambda work, after: claims.under_way(work.session, after),
}
ROWS = {"claims": "statements/_claim_rows.html", "parcels": "statements/_parcel_claim_rows.html"}
AT_ONCE = 200


@screen.get("/payments/owed")
@act("payments.statements")
def owed() -> Response:
    """Orders whose money has not come; its part is the next rows."""
    return _page()


def _page(problem: str = "", status: int = 200, *, is_statement: bool = False) -> Response:
    session, after = reading().session, asked.text("after", 2000) or None
    counts = {} if after else _counts(session)
    view = asked.text("view")
    if view not in VIEWS:  # the first that has something to show
        view = next((one for one in VIEWS if counts.get(one)), "couriers")
    found = FIND[view](reading(), after)
    return render(
        "statements/owed.html", ROWS.get(view, "statements/_owed_rows.html"), found=found,
        view=view, views=VIEWS, counts=counts,
        expected=fee_estimates.expected(session, [row[:2] for row in found.rows])
        if view == "claims" else {}, words=payment_words, claim_words=claim_words,
        claimed=claims.owed(session) if view == "parcels" else {},
        tabs=statements.tabs("settlements.owed"), problem=problem, limit=MOST_BYTES >> 20,
        accounts=frame().accounts, shapes=REPORTS.values(),
        is_statement=is_statement, status=status,
        next_url=asked.link("settlements.owed", {"view": view}, after=found.after)
        if found.after else None)


def _counts(session: Session) -> dict[str, int]:
    couriers, channels = owing.counts(session)
    return {"couriers": couriers, "channels": channels, "claims": fee_claims.count_owed(session),
            "parcels": claims.count_under_way(session)}


@screen.post("/payments/owed")
@act("payments.statements")
def upload() -> Response:
    """Take a report of payouts in."""
    content = b""
    try:
        content = statements.uploaded()
        shape, lines = reports.read(content)
    except Invalid as error:
        if _is_statement(content):
            return _page(gettext("This is a statement of a bank account, not a report of payouts."),
                         422, is_statement=True)
        return _page(words_of(error), 422)
    told, marks = TakenIn(), list(settle_in.marked(shape.key, lines))
    for begin in range(0, len(marks), AT_ONCE):
        with writing() as work:
            settle_in.take(work, shape.key, marks[begin:begin + AT_ONCE], told)
    say(gettext("%(name)s: %(new)s new lines, %(found)s of known orders, %(paid)s paid for one. "
                "%(known)s were known before.", name=REPORTS[shape.key], new=told.new,
                found=told.found, paid=told.paid, known=told.known))
    return go(url_for("settlements.owed"))


def _is_statement(content: bytes) -> bool:
    """Whether a bank's statement was given here by mistake."""
    try:
        return bool(bank_files.read(content))
    except Invalid:
        return False
