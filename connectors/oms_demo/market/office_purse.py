"""Where the provider's buyers pay, and, in the back office, what they were asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import redirect, render_template, url_for
from werkzeug import Response

from oms_demo.market import purse
from oms_demo.market.office import PAGE, market, office, refusal_text
from oms_demo.market.refusal import Refusal


@office.get("/purse")
def purse_list() -> str:
    """What buyers were asked for, the newest first."""
    now = market().clock()
    with market().store.transaction() as db:
        rows = [dict(row) | {"state": purse.state(row, now), "back": purse.refunds(db, now, row)}
                for row in purse.latest(db, PAGE)]
    return render_template("market/purse.html", payments=rows)


@office.get("/pay/<ref>")
def pay_form(ref: str) -> str:
    """The page that a link leads to."""
    return _pay_page(ref)


@office.post("/pay/<ref>/<any(pay, refuse):what>")
def pay(ref: str, what: str) -> Response | tuple[str, int]:
    """The buyer decides."""
    try:
        with market().store.transaction() as db:
            purse.decide(db, market().clock(), ref, what == "pay")
    except Refusal as refusal:
        if refusal.code == "unknown_payment":
            raise
        return _pay_page(ref, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.pay_form", ref=ref), 303)


def _pay_page(ref: str, wrong: str = "") -> str:
    now = market().clock()
    with market().store.transaction() as db:
        row = purse.find(db, ref)
        back = purse.refunds(db, now, row)
    back_to = row["return_url"] if urlsplit(row["return_url"]).scheme in ("http", "https") else ""
    return render_template("market/pay.html", payment=row, state=purse.state(row, now), back=back,
                           back_to=back_to, wrong=wrong)
