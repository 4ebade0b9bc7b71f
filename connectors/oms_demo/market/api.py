"""The seller's API, version 1: JSON over HTTP, described for sellers in docs/connectors/demo.md."""

from __future__ import annotations

import hmac
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request

from oms_demo.market import asked, wire
from oms_demo.market.faults_pages import Sheet
from oms_demo.market.limits import Bucket
from oms_demo.market.market import Market
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

SELLER = "Leśna Sowa"
BATCH_MAX = 100
CALLS_SHOWN = 40

api = Blueprint("api", __name__, url_prefix="/api/v1")


def market() -> Market:
    """The marketplace this application serves."""
    return current_app.extensions["market"]


def calls() -> deque[dict[str, Any]]:
    """The latest calls, newest first: the back office shows them."""
    return current_app.extensions["market_calls"]


@api.before_request
def admit() -> None:
    """Only with the seller's token, and not faster than allowed."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    known = current_app.config["SELLER_TOKEN"]
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), known.encode()):
        raise Refusal("bad_token", "The token is missing or wrong.", 401)
    bucket: Bucket = current_app.extensions["market_bucket"]
    wait = bucket.take()
    if wait:
        raise Refusal("too_many_calls", f"Too many calls. Wait {wait} s.", 429, retry_after=wait)
    g.calls_left = bucket.left


@api.after_request
def note_call(response: Response) -> Response:
    """Say how many calls are left, and remember the call."""
    if "calls_left" in g:
        response.headers["X-Calls-Left"] = str(g.calls_left)
    calls().appendleft({
        "at": market().clock(), "method": request.method, "path": request.full_path.rstrip("?"),
        "status": response.status_code,
    })
    return response


@api.errorhandler(Refusal)
def refused(refusal: Refusal) -> tuple[Response, int]:
    """A refusal as JSON; ``Retry-After`` where waiting helps."""
    detail = {k: v for k, v in refusal.detail.items() if k != "retry_after"}
    answer = jsonify(error={"code": refusal.code, "message": str(refusal)} | detail)
    if "retry_after" in refusal.detail:
        answer.headers["Retry-After"] = str(refusal.detail["retry_after"])
    return answer, refusal.status


@api.get("/me")
def me() -> Response:
    """Who the token belongs to."""
    return jsonify(seller=SELLER, currency="PLN", server_time=stamp(market().clock()))


@api.get("/events")
def events() -> Response:
    """The journal after an event, oldest first."""
    after, limit = asked.number("after", 0), asked.limit()
    sheet = market().weather.blow("journal", turned(_journal(after, limit)))
    return jsonify(events=list(sheet.rows), last=sheet.next, more=sheet.more)


def turned(sheet: Sheet) -> Sheet:
    """A page of any list, as the weather leaves it."""
    return market().weather.blow("sheet", sheet, market=market())


def as_shown(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Orders, offers or returns, as the weather leaves them."""
    weather = market().weather
    return [weather.blow("document", document) for document in documents]


def _journal(after: int, limit: int) -> Sheet:
    with market().store.transaction() as db:
        kept = db.execute("SELECT min(id), max(id) FROM event").fetchone()
        if 0 < after < (kept[0] or 1) - 1:
            raise Refusal("journal_gone", "The journal does not go back that far.", 410,
                          oldest=kept[0])
        rows = db.execute(
            "SELECT event.*, purchase.ref FROM event"
            " JOIN purchase ON purchase.seq = event.purchase_seq"
            " WHERE event.id > ? ORDER BY event.id LIMIT ?", (after, limit),
        ).fetchall()
    told = [{"id": row["id"], "type": row["type"], "order_id": row["ref"],
             "revision": row["revision"], "at": row["at"]} for row in rows]
    last = rows[-1]["id"] if rows else after
    return Sheet(told, after, last, bool(rows) and last < kept[1],
                 read=lambda _: _journal(0, limit), place=lambda row: row["id"],
                 again=lambda: max(0, after - 1))


@api.get("/orders")
def list_orders() -> Response:
    """Orders by id, or those changed within a span, by (updated_at, id)."""
    if "ids" in request.args:
        return _orders_by_id(request.args["ids"])
    since = asked.when(request.args, "updated_since")
    until = asked.when(request.args, "updated_until")
    span = (stamp(since) if since else "", stamp(until) if until else "9999")
    sheet = turned(_changed(span, request.args.get("after", ""), asked.limit()))
    with market().store.transaction() as db:
        found = wire.orders(db, _visible(sheet.rows))
    return jsonify(orders=as_shown(found), next=sheet.next if sheet.more else None)


def _changed(span: tuple[str, str], after: str, limit: int) -> Sheet:
    at, ref = asked.unseal(after)
    with market().store.transaction() as db:
        rows = db.execute(
            "SELECT * FROM purchase WHERE updated_at >= ? AND updated_at <= ?"
            " AND (updated_at, ref) > (?, ?) ORDER BY updated_at, ref LIMIT ?",
            (*span, at, ref, limit + 1),
        ).fetchall()

    def place(row: sqlite3.Row) -> str:
        return asked.seal(row["updated_at"], row["ref"])

    shown = rows[:limit]
    return Sheet(shown, after, place(shown[-1]) if shown else after, len(rows) > limit,
                 read=lambda _: _changed(span, "", limit), place=place,
                 again=lambda: asked.seal(at, f"{ref} "))


def _visible(rows: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
    """Those of the orders that are shown: in bad weather some come late, or not at all."""
    weather, now = market().weather, market().clock()
    return [row for row in rows if weather.blow(
        "row", row, key=f"{row['ref']}/{row['revision']}", now=now) is row]


def _orders_by_id(text: str) -> Response:
    ids = [ref for ref in dict.fromkeys(text.split(",")) if ref]
    if len(ids) > asked.PAGE_MAX:
        raise Refusal("too_many", f"At most {asked.PAGE_MAX} ids.", 422, field="ids")
    marks = ",".join("?" * len(ids))
    with market().store.transaction() as db:
        rows = db.execute(
            f"SELECT * FROM purchase WHERE ref IN ({marks})", ids  # noqa: S608 - marks only
        ).fetchall()
        found = {order["id"]: order for order in wire.orders(db, _visible(rows))}
    return jsonify(orders=as_shown([found[ref] for ref in ids if ref in found]),
                   missing=[ref for ref in ids if ref not in found])


@api.get("/orders/<ref>")
def one_order(ref: str) -> Response:
    """A whole order."""
    [order] = as_shown([whole(ref)])
    return jsonify(order)


@api.post("/orders/<ref>/shipments")
def add_shipment(ref: str) -> tuple[Response, int]:
    """Goods left, with their parcels. Repeating it with the same key changes nothing."""
    body = asked.body()
    key = asked.key(body)
    parcels = [
        {name: asked.text(parcel, name, required=name != "url")
         for name in ("carrier", "tracking", "url")}
        for parcel in asked.rows(body, "parcels")
    ]
    shipment, new = market().send(
        ref, key, parcels, sent_at=asked.when(body, "sent_at"), lines=asked.units(body),
        complete=body.get("complete", True) is True,
        expected_revision=asked.revision(body),
    )
    return jsonify(id=shipment, order=whole(ref)), 201 if new else 200


@api.get("/orders/<ref>/shipments")
def list_shipments(ref: str) -> Response:
    """The shipments of an order."""
    return jsonify(shipments=whole(ref)["shipments"])


@api.get("/offers")
def list_offers() -> Response:
    """All offers by id, page by page."""
    sheet = turned(_offers(request.args.get("after", ""), asked.limit()))
    address = request.host_url.rstrip("/")
    return jsonify(offers=as_shown([wire.offer(row, address) for row in sheet.rows]),
                   next=sheet.next if sheet.more else None)


def _offers(after: str, limit: int) -> Sheet:
    with market().store.transaction() as db:
        rows = db.execute("SELECT * FROM offer WHERE ref > ? ORDER BY ref LIMIT ?",
                          (after, limit + 1)).fetchall()
    shown = rows[:limit]
    # a space sorts before every digit: the same place, written otherwise
    return Sheet(shown, after, shown[-1]["ref"] if shown else after, len(rows) > limit,
                 read=lambda _: _offers("", limit), place=lambda row: row["ref"],
                 again=lambda: f"{after} ")


@api.put("/stock")
def set_stock() -> Response:
    """Absolute quantities for many offers; each answered for itself, in order."""
    return answer_each(lambda ref, item: market().set_stock(
        ref, item.get("quantity"), key=str(item.get("key") or "")))


def answer_each(act: Callable[[str, dict[str, Any]], str]) -> Response:
    """Do something for each of the items sent, and say of each what became of it."""
    items = asked.rows(asked.body(), "items")
    if len(items) > BATCH_MAX:
        raise Refusal("too_many", f"At most {BATCH_MAX} items.", 422, field="items")
    with market().store.transaction():
        return jsonify(results=[_do_one(act, item) for item in items])


def _do_one(act: Callable[[str, dict[str, Any]], str], item: Any) -> dict[str, Any]:
    ref = str(item.get("offer_id", "")) if isinstance(item, dict) else ""
    try:
        if not ref:
            raise Refusal("bad_item", "An item needs an offer_id.", 422)
        outcome = act(ref, item)
    except Refusal as refusal:
        return {"offer_id": ref, "outcome": "rejected", "code": refusal.code,
                "message": str(refusal)}
    return {"offer_id": ref, "outcome": outcome}


def whole(ref: str) -> dict[str, Any]:
    """An order as programs see it.

    Raises:
        Refusal: there is none.
    """
    with market().store.transaction() as db:
        row = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
        if row is None:
            raise Refusal("unknown_order", f"There is no order {ref}.", 404)
        return wire.orders(db, [row])[0]
