"""The back office, continued: buying as anybody, and letting invented buyers buy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import redirect, render_template, request, url_for
from werkzeug import Response

from oms_demo.market.delivery import BY_KEY, METHODS
from oms_demo.market.names import ABROAD
from oms_demo.market.office import market, office, refusal_text
from oms_demo.market.orders import PAYMENTS
from oms_demo.market.refusal import Refusal

MANY_MAX = 200


@office.get("/buy")
def buy_form() -> str:
    """Buy as anybody."""
    return _buy_page({})


@office.post("/buy")
def buy() -> Response | tuple[str, int]:
    """Place one order, as the form says."""
    try:
        ref = _place(request.form)
    except Refusal as refusal:
        return _buy_page(request.form, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.order", ref=ref, said="bought"), 303)


@office.post("/buy/many")
def buy_many() -> Response | tuple[str, int]:
    """Let invented buyers buy now."""
    count = request.form.get("count", type=int) or 0
    if not 1 <= count <= MANY_MAX:
        refusal = Refusal("bad_count", f"Between 1 and {MANY_MAX}.", 422)
        return _buy_page({}, refusal_text(refusal)), 422
    baskets = (market().invent() for _ in range(count))
    placed = [market().buy(basket) for basket in baskets if basket]
    return redirect(url_for("office.orders", said="many", n=len(placed)), 303)


def _place(form: Mapping[str, str]) -> str:
    """The order a filled form stands for; what was left empty is invented."""
    text = form.get("quantity", "")
    quantity = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    payment = form.get("payment", "online")
    country = form.get("country", "PL")
    if not form.get("offer"):
        raise Refusal("empty", "Choose a product.", 422, field="offer")
    chosen = market().invent(country=country if country in ABROAD else "PL")
    if chosen is None or payment not in PAYMENTS:
        raise Refusal("empty", "There is nothing to buy.", 422, field="offer")
    buyer = dict(chosen.buyer)
    cod = payment == "cod" and buyer["country"] == "PL"
    fitting = [m for m in METHODS if m.abroad == (buyer["country"] != "PL") and m.cod == cod]
    return market().buy(replace(
        chosen,
        lines=[(form["offer"], quantity)],
        buyer=buyer | {"name": form.get("name", "").strip()[:80] or buyer["name"]},
        delivery=chosen.delivery if BY_KEY[chosen.delivery] in fitting else fitting[-1].key,
        pickup_point=chosen.pickup_point if BY_KEY[chosen.delivery] in fitting else "",
        payment="cod" if cod else "online" if payment == "cod" else payment,
        payment_method="Pobranie" if cod else "BLIK",
        invoice="invoice" in form,
        note=form.get("note", "").strip()[:500],
        discount=0,
        plan=None,
    ))


def _buy_page(form: Mapping[str, str], wrong: str = "") -> str:
    with market().store.transaction() as db:
        rows = db.execute("SELECT * FROM offer ORDER BY title").fetchall()
    return render_template("market/buy.html", offers=rows, form=form, wrong=wrong,
                           payments=PAYMENTS, countries=("PL", *ABROAD))
