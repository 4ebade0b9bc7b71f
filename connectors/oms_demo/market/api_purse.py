"""The payment provider's API, beside the marketplace's: links, how payments stand, money back."""

from __future__ import annotations

from flask import Response, current_app, jsonify, request

from oms_demo.market import asked, purse
from oms_demo.market.api import api, market


@api.post("/purse/payments")
def open_payment() -> tuple[Response, int]:
    """Ask a buyer for money; the same key gives the same link."""
    body = asked.body()
    wanted = {name: asked.text(body, name, required=False)
              for name in ("description", "return_url", "notify_url")}
    wanted["currency"] = asked.text(body, "currency", most=3)
    key, amount = asked.text(body, "key"), asked.minor(body, "amount")
    at, secret = market().clock(), purse.signing_key(current_app.config["SELLER_TOKEN"])
    with market().store.transaction() as db:
        row, new = purse.ask(db, at, key, amount, wanted, secret)
        return jsonify(purse.told(db, at, row, _here())), 201 if new else 200


@api.get("/purse/payments/<ref>")
def show_payment(ref: str) -> Response:
    """How a payment stands, with what went back."""
    with market().store.transaction() as db:
        return jsonify(purse.told(db, market().clock(), purse.find(db, ref), _here()))


@api.post("/purse/payments/<ref>/refunds")
def refund_payment(ref: str) -> tuple[Response, int]:
    """Give a part of a payment back, or all of it. The same key again gives it back once."""
    body = asked.body()
    amount = asked.minor(body, "amount")
    with market().store.transaction() as db:
        told, new = purse.give_back(db, market().clock(), ref, asked.key(body), amount)
    return jsonify(told), 201 if new else 200


def _here() -> str:
    return request.host_url.rstrip("/")
