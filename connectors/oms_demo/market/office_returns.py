"""The back office, continued: what buyers do after the purchase, and the seller's documents."""

from __future__ import annotations

from flask import abort, make_response, redirect, request, url_for
from werkzeug import Response

from oms_demo.market import papers, returns
from oms_demo.market.office import market, office, order_page, refusal_text
from oms_demo.market.refusal import Refusal


@office.post("/orders/<ref>/return")
def announce_return(ref: str) -> Response | tuple[str, int]:
    """As the buyer: these units come back."""
    units = {
        name.removeprefix("units-"): int(value)
        for name, value in request.form.items()
        if name.startswith("units-") and value.isascii() and value.isdigit() and 0 < len(value) < 6
        and int(value)
    }
    reason = request.form.get("reason", "")
    try:
        market().announce_return(ref, units, reason if reason in returns.REASONS else "")
    except Refusal as refusal:
        if refusal.code == "unknown_order":
            raise
        return order_page(ref, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.order", ref=ref, said="return"), 303)


@office.post("/orders/<ref>/returns/<back>")
def move_return(ref: str, back: str) -> Response | tuple[str, int]:
    """The return goes on: sent, arrived, refunded, refused."""
    try:
        market().move_return(back, request.form.get("status", ""))
    except Refusal as refusal:
        return order_page(ref, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.order", ref=ref, said="return"), 303)


@office.get("/orders/<ref>/documents/<document>.pdf")
def paper(ref: str, document: str) -> Response:
    """A document as the buyer downloads it."""
    with market().store.transaction() as db:
        pdf = papers.file_of(db, ref, document)
    if pdf is None:
        abort(404)
    answer = make_response(pdf)
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{document}.pdf"'
    return answer
