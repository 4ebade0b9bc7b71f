"""The seller's API, version 1: JSON over HTTP, described for sellers in docs/connectors/demo.md."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections import deque
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request

from oms_demo.market import wire
from oms_demo.market.limits import Bucket
from oms_demo.market.market import Market
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

SELLER = "Leśna Sowa"
PAGE, PAGE_MAX = 50, 100
BATCH_MAX = 100
SANDBOX_MAX = 200
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
    after, limit = _number("after", 0), _limit()
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
    return jsonify(
        events=[{"id": row["id"], "type": row["type"], "order_id": row["ref"],
                 "revision": row["revision"], "at": row["at"]} for row in rows],
        last=rows[-1]["id"] if rows else after,
        more=bool(rows) and rows[-1]["id"] < kept[1],
    )


@api.get("/orders")
def list_orders() -> Response:
    """Orders by id, or those changed within a span, by (updated_at, id)."""
    if "ids" in request.args:
        return _orders_by_id(request.args["ids"])
    since, until = _moment("updated_since"), _moment("updated_until")
    limit = _limit()
    at, ref = _unseal(request.args.get("after"))
    span = (stamp(since) if since else "", stamp(until) if until else "9999")
    with market().store.transaction() as db:
        rows = db.execute(
            "SELECT * FROM purchase WHERE updated_at >= ? AND updated_at <= ?"
            " AND (updated_at, ref) > (?, ?) ORDER BY updated_at, ref LIMIT ?",
            (*span, at, ref, limit + 1),
        ).fetchall()
        shown = rows[:limit]
        found = wire.orders(db, shown)
    more = len(rows) > limit
    return jsonify(
        orders=found, next=_seal(shown[-1]["updated_at"], shown[-1]["ref"]) if more else None
    )


def _orders_by_id(text: str) -> Response:
    ids = [ref for ref in dict.fromkeys(text.split(",")) if ref]
    if len(ids) > PAGE_MAX:
        raise Refusal("too_many", f"At most {PAGE_MAX} ids.", 422, field="ids")
    marks = ",".join("?" * len(ids))
    with market().store.transaction() as db:
        rows = db.execute(
            f"SELECT * FROM purchase WHERE ref IN ({marks})", ids  # noqa: S608 - marks only
        ).fetchall()
        found = {order["id"]: order for order in wire.orders(db, rows)}
    return jsonify(orders=[found[ref] for ref in ids if ref in found],
                   missing=[ref for ref in ids if ref not in found])


@api.get("/orders/<ref>")
def one_order(ref: str) -> Response:
    """A whole order."""
    return jsonify(_whole(ref))


@api.post("/orders/<ref>/shipments")
def add_shipment(ref: str) -> tuple[Response, int]:
    """Goods left, with their parcels. Repeating it with the same key changes nothing."""
    body = _body()
    key = request.headers.get("Idempotency-Key") or _text(body, "key")
    parcels = [
        {name: _text(parcel, name, required=name != "url")
         for name in ("carrier", "tracking", "url")}
        for parcel in _list(body, "parcels")
    ]
    shipment, new = market().send(
        ref, key, parcels, sent_at=_moment_in(body, "sent_at"), lines=_lines(body),
        complete=body.get("complete", True) is True,
        expected_revision=_revision(body),
    )
    return jsonify(id=shipment, order=_whole(ref)), 201 if new else 200


@api.get("/orders/<ref>/shipments")
def list_shipments(ref: str) -> Response:
    """The shipments of an order."""
    return jsonify(shipments=_whole(ref)["shipments"])


@api.post("/orders/<ref>/cancel")
def cancel(ref: str) -> Response:
    """The seller calls an order off."""
    body = _body()
    market().cancel(ref, _text(body, "reason", required=False) or "cancelled by the seller",
                    expected_revision=_revision(body))
    return jsonify(_whole(ref))


@api.get("/offers")
def list_offers() -> Response:
    """All offers by id, page by page."""
    after, limit = request.args.get("after", ""), _limit()
    with market().store.transaction() as db:
        rows = db.execute("SELECT * FROM offer WHERE ref > ? ORDER BY ref LIMIT ?",
                          (after, limit + 1)).fetchall()
    shown = rows[:limit]
    address = request.host_url.rstrip("/")
    return jsonify(offers=[wire.offer(row, address) for row in shown],
                   next=shown[-1]["ref"] if len(rows) > limit else None)


@api.put("/stock")
def set_stock() -> Response:
    """Absolute quantities for many offers; each answered for itself, in order."""
    items = _list(_body(), "items")
    if len(items) > BATCH_MAX:
        raise Refusal("too_many", f"At most {BATCH_MAX} items.", 422, field="items")
    with market().store.transaction():
        return jsonify(results=[_set_one(item) for item in items])


def _set_one(item: Any) -> dict[str, Any]:
    ref = str(item.get("offer_id", "")) if isinstance(item, dict) else ""
    try:
        if not ref:
            raise Refusal("bad_item", "An item needs an offer_id.", 422)
        outcome = market().set_stock(ref, item.get("quantity"), key=str(item.get("key") or ""))
    except Refusal as refusal:
        return {"offer_id": ref, "outcome": "rejected", "code": refusal.code,
                "message": str(refusal)}
    return {"offer_id": ref, "outcome": outcome}


@api.post("/sandbox/purchases")
def sandbox_purchases() -> tuple[Response, int]:
    """Let invented buyers buy now. Only a marketplace to try things on has this."""
    count = _body().get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= SANDBOX_MAX:
        raise Refusal("bad_count", f"Between 1 and {SANDBOX_MAX}.", 422, field="count")
    baskets = (market().invent() for _ in range(count))
    placed = [market().buy(basket) for basket in baskets if basket]
    return jsonify(orders=placed), 201


def _whole(ref: str) -> dict[str, Any]:
    with market().store.transaction() as db:
        row = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
        if row is None:
            raise Refusal("unknown_order", f"There is no order {ref}.", 404)
        return wire.orders(db, [row])[0]


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refusal("bad_body", "The body must be a JSON object.", 400)
    return body


def _text(body: Any, name: str, *, required: bool = True) -> str:
    value = body.get(name, "") if isinstance(body, dict) else ""
    if not isinstance(value, str) or (required and not value.strip()) or len(value) > 500:
        raise Refusal("bad_value", f"{name} must be a text.", 422, field=name)
    return value.strip()


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise Refusal("bad_value", f"{name} must be a list.", 422, field=name)
    return value


def _lines(body: dict[str, Any]) -> dict[str, int]:
    lines = body.get("lines") or {}
    good = isinstance(lines, dict) and all(isinstance(n, int) and n > 0 for n in lines.values())
    if not good:
        raise Refusal("bad_value", "lines must be line_id: quantity.", 422, field="lines")
    return lines


def _revision(body: dict[str, Any]) -> int | None:
    value = body.get("expected_revision")
    if value is not None and not isinstance(value, int):
        raise Refusal("bad_value", "expected_revision must be a number.", 422,
                      field="expected_revision")
    return value


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Refusal("bad_value", f"{name} must be a number.", 422, field=name)
    return int(text)


def _limit() -> int:
    limit = _number("limit", PAGE)
    if not 1 <= limit <= PAGE_MAX:
        raise Refusal("bad_value", f"limit is 1 to {PAGE_MAX}.", 422, field="limit")
    return limit


def _moment(name: str) -> datetime | None:
    return _moment_in(request.args, name)


def _moment_in(values: Any, name: str) -> datetime | None:
    text = values.get(name)
    if not text:
        return None
    try:
        return moment(text)
    except (ValueError, TypeError):
        raise Refusal("bad_value", f"{name} must be an ISO 8601 moment with its zone.", 422,
                      field=name) from None


def _seal(*values: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _unseal(token: str | None) -> tuple[str, str]:
    if not token:
        return "", ""
    try:
        at, ref = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        raise Refusal("bad_value", "after is not one of ours.", 422, field="after") from None
    return str(at), str(ref)
