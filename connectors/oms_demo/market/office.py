"""The seller's back office of the marketplace: what buyers see and do, as plain HTML pages.

It is a sandbox on this machine, so there is no sign-in; forms from other sites are refused.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug import Response

from oms_demo.market import bustle, papers, purse, refunds, returns, talks, words
from oms_demo.market.delivery import BY_KEY
from oms_demo.market.market import Market
from oms_demo.market.orders import (
    CANCELLED,
    DELIVERED,
    SENT,
    STATUSES,
    TO_SEND,
    WAITING,
    stage_of,
)
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

office = Blueprint("office", __name__, template_folder="templates", static_folder="static",
                   static_url_path="/static")

PAGE = 40
ZONE = ZoneInfo("Europe/Warsaw")


def market() -> Market:
    """The marketplace this application serves."""
    return current_app.extensions["market"]


@office.before_request
def own_forms_only() -> None:
    """A form sent from another site's page must not act here."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        raise Refusal("not_from_here", "This form came from another site.", 403)


@office.after_request
def harden(response: Response) -> Response:
    """No foreign code, no frames, nothing kept in caches but pictures and style."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.endpoint not in ("office.static", "office.picture"):
        response.headers["Cache-Control"] = "no-store"
    return response


@office.app_context_processor
def template_values() -> dict[str, Any]:
    """What every page may use."""
    chosen = language()
    return {
        "t": lambda key: words.word(key, chosen),
        "money": lambda minor, currency="PLN": words.money(minor, currency, chosen),
        "when": _when, "language": chosen, "languages": words.LANGUAGES,
        "auto": bustle.auto(market()), "rate": bustle.rate(market()),
        "waiting": bustle.waiting(market()), "patience": bustle.patience(market()),
        "said": _said(chosen),
    }


@office.errorhandler(Refusal)
def refused(refusal: Refusal) -> tuple[str, int]:
    """A refusal that no form can show."""
    return render_template("market/refused.html", message=refusal_text(refusal)), refusal.status


@office.get("/language/<code>")
def speak(code: str) -> Response:
    """Change the language and go back to where one was."""
    back = urlsplit(request.referrer or "").path or "/"
    answer = redirect(back if not back.startswith("//") else "/")
    if code in words.LANGUAGES:
        answer.set_cookie("targowisko_language", code, max_age=365 * 86400, samesite="Lax",
                          httponly=True)
    return answer


@office.get("/")
def orders() -> str:
    """The latest orders, or those with one status."""
    status = request.args.get("status", "")
    before = request.args.get("before", type=int)
    with market().store.transaction() as db:
        counts = dict(db.execute("SELECT status, count(*) FROM purchase GROUP BY 1").fetchall())
        newest = db.execute("SELECT coalesce(max(seq), 0) FROM purchase").fetchone()[0]
        rows = db.execute(
            "SELECT * FROM purchase WHERE (:status = '' OR status = :status)"
            " AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit",
            {"status": status, "before": before, "limit": PAGE + 1},
        ).fetchall()
        shown = [_card(db, row) for row in rows[:PAGE]]
    return render_template(
        "market/orders.html", orders=shown, status=status, statuses=STATUSES, counts=counts,
        newest=newest, before=before, older=shown[-1]["seq"] if len(rows) > PAGE else None,
    )


@office.get("/newer")
def newer() -> dict[str, int]:
    """How many orders came since the list was shown."""
    than = request.args.get("than", 0, type=int)
    with market().store.transaction() as db:
        return {"n": db.execute("SELECT count(*) FROM purchase WHERE seq > ?",
                                (than,)).fetchone()[0]}


@office.get("/orders/<ref>")
def order(ref: str) -> str:
    """One order with everything a buyer can do about it."""
    return order_page(ref)


@office.post("/orders/<ref>/<act>")
def act(ref: str, act: str) -> Response | tuple[str, int]:
    """Do as the buyer: pay, call it off, move."""
    if act not in _ACTS:
        abort(404)
    said, do = _ACTS[act]
    try:
        do(ref, request.form)
    except Refusal as refusal:
        if refusal.code == "unknown_order":
            raise
        return order_page(ref, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.order", ref=ref, said=said), 303)


@office.get("/offers")
def offers() -> str:
    """All offers with the stock that buyers see."""
    q = request.args.get("q", "").strip()
    like = f"%{q}%"
    with market().store.transaction() as db:
        rows = db.execute(
            "SELECT offer.*, c.at AS changed_at, c.cause,"
            " (SELECT coalesce(sum(before - after), 0) FROM stock_change s"
            "  WHERE s.offer_ref = offer.ref AND s.cause = 'sale' AND s.at > ?) AS sold"
            " FROM offer JOIN stock_change c ON c.id ="
            " (SELECT max(id) FROM stock_change WHERE offer_ref = offer.ref)"
            " WHERE title LIKE ? OR sku LIKE ? OR ean LIKE ? ORDER BY offer.ref",
            (stamp(market().clock() - timedelta(hours=24)), like, like, like),
        ).fetchall()
    return render_template("market/offers.html", offers=rows, q=q)


@office.get("/offers/<ref>")
def offer(ref: str) -> str:
    """One offer and where its stock went."""
    return _offer_page(ref)


@office.post("/offers/<ref>")
def set_stock(ref: str) -> Response | tuple[str, int]:
    """Change what buyers see, by hand."""
    text = request.form.get("quantity", "").strip()
    try:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
        market().set_stock(ref, number, cause="office")
    except Refusal as refusal:
        if refusal.code == "unknown_offer":
            raise
        return _offer_page(ref, refusal_text(refusal)), refusal.status
    return redirect(url_for("office.offer", ref=ref, said="stock"), 303)


@office.get("/settings")
def settings() -> str:
    """Automatic buyers, and how programs get in."""
    return _settings_page()


@office.post("/settings")
def save_settings() -> Response | tuple[str, int]:
    """Let buyers come by themselves, or not, and how often."""
    try:
        per_minute = float(request.form.get("rate", "").replace(",", "."))
    except ValueError:
        per_minute = -1.0
    try:
        bustle.switch(market(), request.form.get("auto") == "on", per_minute)
    except Refusal as refusal:
        return _settings_page(refusal_text(refusal)), refusal.status
    return redirect(url_for("office.settings", said="saved"), 303)


@office.get("/pictures/<ref>.png")
def picture(ref: str) -> Response:
    """An offer's picture."""
    with market().store.transaction() as db:
        row = db.execute("SELECT motif, tone FROM offer WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        abort(404)
    answer = make_response(_drawn(row["motif"], row["tone"]))
    answer.headers["Content-Type"] = "image/png"
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@lru_cache(maxsize=256)
def _drawn(motif: str, tone: str) -> bytes:
    from oms_demo.pictures import draw  # Pillow takes a moment to load: not before it is needed

    return draw(motif, tone, 96)


def missing_page() -> str:
    """What is shown where there is nothing."""
    return render_template("market/refused.html",
                           message=words.word("missing_page", language()))


def language() -> str:
    """The language chosen, else the browser's, else Polish."""
    if "language" not in g:
        chosen = request.cookies.get("targowisko_language")
        if chosen not in words.LANGUAGES:
            chosen = request.accept_languages.best_match(words.LANGUAGES, "pl")
        g.language = chosen
    return g.language


_ACTS: dict[str, tuple[str, Callable[[str, Mapping[str, str]], None]]] = {
    "pay": ("paid", lambda ref, form: market().pay(ref)),
    "cancel": ("cancelled", lambda ref, form: market().cancel(ref, "cancelled by the buyer")),
    "move": ("moved", lambda ref, form: market().move(
        ref, {name: form.get(name, "").strip()[:120]
              for name in ("name", "street", "postcode", "city")})),
}


def order_page(ref: str, wrong: str = "") -> str:
    """An order with everything that can be done about it, and what went wrong just now.

    Raises:
        Refusal: there is none.
    """
    with market().store.transaction() as db:
        row = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
        if row is None:
            raise Refusal("unknown_order", "There is no such order.", 404)
        card = _card(db, row)
        events = db.execute("SELECT * FROM event WHERE purchase_seq = ? ORDER BY id",
                            (row["seq"],)).fetchall()
        more = {
            "talk": talks.of_order(db, ref),
            "back": returns.of_order(db, row["seq"]), "documents": papers.of_order(db, row["seq"]),
            "stage": stage_of(db, row["seq"]), "refunds": refunds.of_order(db, ref),
            "claims": refunds.claims(db, market().clock(), ref),
        }
    return render_template(
        "market/order.html", order=card, events=events, wrong=wrong, **more,
        ways=returns.NEXT, reasons=returns.REASONS, has_left=row["status"] in (SENT, DELIVERED),
        can_pay=row["status"] == WAITING,
        can_cancel=row["status"] in (WAITING, TO_SEND),
        is_cancelled=row["status"] == CANCELLED,
    )


def _offer_page(ref: str, wrong: str = "") -> str:
    with market().store.transaction() as db:
        row = db.execute("SELECT * FROM offer WHERE ref = ?", (ref,)).fetchone()
        if row is None:
            raise Refusal("unknown_offer", "There is no such offer.", 404)
        changes = db.execute(
            "SELECT * FROM stock_change WHERE offer_ref = ? ORDER BY id DESC LIMIT 50", (ref,)
        ).fetchall()
    return render_template("market/offer.html", offer=row, changes=changes, wrong=wrong)


def _settings_page(wrong: str = "") -> str:
    return render_template(
        "market/settings.html", wrong=wrong, address=request.host_url.rstrip("/"),
        token=current_app.config["SELLER_TOKEN"],
        signing_key=purse.signing_key(current_app.config["SELLER_TOKEN"]),
        calls=list(current_app.extensions["market_calls"]),
    )


def _card(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """An order with its lines and parcels, unpacked for a page."""
    lines = db.execute("SELECT * FROM purchase_line WHERE purchase_seq = ? ORDER BY no",
                       (row["seq"],)).fetchall()
    shipments = db.execute("SELECT * FROM shipment WHERE purchase_seq = ? ORDER BY ref",
                           (row["seq"],)).fetchall()
    delivery = json.loads(row["delivery"])
    return dict(row) | {
        "lines": lines, "buyer": json.loads(row["buyer"]), "address": delivery["address"],
        "method": BY_KEY[delivery["method"]], "point": delivery["pickup_point"],
        "invoice": json.loads(row["invoice"]) if row["invoice"] else None,
        "shipments": [dict(s) | {"parcels": json.loads(s["parcels"])} for s in shipments],
    }


def refusal_text(refusal: Refusal) -> str:
    """A refusal in the language of the page."""
    try:
        return words.word(f"refusal.{refusal.code}", language()).format(**refusal.detail)
    except KeyError:
        return str(refusal)


def _said(chosen: str) -> str:
    try:
        return words.word(f"said.{request.args['said']}", chosen).format(
            n=request.args.get("n", type=int))
    except KeyError:
        return ""


def _when(value: str | datetime | None) -> str:
    """A moment as people here read it: ``24.11 18:05``."""
    if not value:
        return ""
    found = moment(value) if isinstance(value, str) else value
    return found.astimezone(ZONE).strftime("%d.%m %H:%M")
