"""The back office, continued: writing to the seller as a buyer."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug import Response

from oms_demo.market.office import market, office, order_page, refusal_text
from oms_demo.market.refusal import Refusal


@office.post("/orders/<ref>/message")
def write_message(ref: str) -> Response | tuple[str, int]:
    """As the buyer: a message about the order."""
    try:
        market().buyer_writes(request.form.get("text", ""), ref)
    except Refusal as refusal:
        if refusal.code == "unknown_order":
            raise
        return order_page(ref, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.order", ref=ref, said="talk"), 303)
