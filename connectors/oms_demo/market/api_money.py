"""The seller's API, continued: money back to buyers, and the commission back to the seller."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from oms_demo.market import asked, refunds
from oms_demo.market.api import api, market
from oms_demo.market.refusal import Refusal


@api.post("/orders/<ref>/refunds")
def give_back(ref: str) -> tuple[Response, int]:
    """Give a part of an order's money back. The same key again gives it back once."""
    body = asked.body()
    reason = asked.text(body, "reason", required=False) or "other"
    if reason not in refunds.REASONS:
        raise Refusal("bad_value", f"reason is one of {', '.join(refunds.REASONS)}.", 422,
                      field="reason")
    delivery = asked.minor(body, "delivery") if body.get("delivery") else 0
    said = {"lines": dict(_line(one) for one in asked.rows(body, "lines")),
            "delivery": delivery, "reason": reason}
    told, new = market().give_back(ref, asked.key(), asked.minor(body, "amount"), said)
    return jsonify(told), 201 if new else 200


def _line(one: Any) -> tuple[str, list[int]]:
    units = one.get("quantity") if isinstance(one, dict) else None
    if not isinstance(units, int) or isinstance(units, bool):
        raise Refusal("bad_value", "A line needs line_id, quantity and amount.", 422, field="lines")
    return asked.text(one, "line_id", most=20), [units, asked.minor(one, "amount")]


@api.get("/orders/<ref>/refunds")
def list_refunds(ref: str) -> Response:
    """The refunds of an order."""
    with market().store.transaction() as db:
        return jsonify(refunds=refunds.of_order(db, ref))


@api.post("/orders/<ref>/fee-claims")
def claim(ref: str) -> tuple[Response, int]:
    """Ask for the commission of units back whose money the buyer has got back."""
    body = asked.body()
    units = asked.units({"lines": {"quantity": body.get("quantity")}})["quantity"]
    told, new = market().claim_fee(ref, asked.key(), asked.text(body, "line_id", most=20), units)
    return jsonify(told), 201 if new else 200


@api.get("/orders/<ref>/fee-claims")
def list_claims(ref: str) -> Response:
    """The claims of an order, and how they stand."""
    with market().store.transaction() as db:
        return jsonify(claims=list(refunds.claims(db, market().clock(), ref)))


@api.delete("/fee-claims/<ref>")
def withdraw(ref: str) -> tuple[str, int]:
    """Take a claim back."""
    market().withdraw_claim(ref)
    return "", 204
