"""Kram's documents in the SDK's terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector import (
    Address,
    Offer,
    Order,
    OrderLine,
    Payment,
    Return,
    ReturnLine,
    Unreadable,
)

STATES: Mapping[str, Any] = {
    "waiting": "unpaid", "new": "ready", "packing": "ready", "sent": "shipped",
    "cancelled": "cancelled",
}
RETURN_STATES: Mapping[str, Any] = {"announced": "announced", "settled": "closed"}


def order(document: Any) -> Order | Unreadable:
    """An order, or its text and the reason why it makes no sense."""
    try:
        return _order(document)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        ref = document.get("id") if isinstance(document, dict) else None
        raw = json.dumps(document, ensure_ascii=False)
        return Unreadable(str(ref or "?"), raw, f"{type(error).__name__}: {error}")


def _order(document: Any) -> Order:
    buyer = document["buyer"]
    state = STATES[document["status"]]
    if state == "unpaid" and document["paid"]:
        state = "ready"
    return Order(
        external_id=_text(document["id"]), revision=f"{_whole(document['rev']):06d}",
        placed_at=_moment(document["placed"]), updated_at=_moment(document["changed"]),
        currency=_text(document["currency"]), state=state, raw_status=_text(document["status"]),
        lines=[_line(line) for line in _rows(document["lines"])],
        shipping=_amount(document["shipping"]), total=_amount(document["sum"]),
        payment_kind="cod" if document["cod"] else "prepaid", paid=bool(document["paid"]),
        payments=[Payment(_text(one["id"]), _amount(one["amount"]), _moment(one["at"]))
                  for one in _rows(document["payments"])],
        buyer_name=_text(buyer["name"]), buyer_email=_text(buyer["email"]),
        buyer_note=_text(document["note"]),
        ship_to=Address(name=_text(buyer["name"]), street=_text(buyer["street"]),
                        postcode=_text(buyer["postcode"]), city=_text(buyer["city"]),
                        country="PL"),
        raw=json.dumps(document, ensure_ascii=False),
    )


def _line(line: Any) -> OrderLine:
    return OrderLine(
        line_ref=_text(line["id"]), offer_ref=_text(line["offer"]), sku=_text(line["sku"]),
        title=_text(line["name"]), quantity=_whole(line["count"]), cancelled=_whole(line["off"]),
        unit_price=_amount(line["price"]), vat_rate=_text(line["vat"]),
    )


def returned(document: Any) -> Return:
    """A return."""
    return Return(
        external_id=_text(document["id"]), order_ref=_text(document["order"]),
        created_at=_moment(document["at"]), currency="PLN",
        state=RETURN_STATES[document["state"]], raw_status=document["state"],
        lines=[ReturnLine(_text(line["id"]), _text(line["name"]), _whole(line["count"]))
               for line in document["lines"]],
    )


def offer(document: Any) -> Offer:
    """An offer; one that has ended shows nothing."""
    return Offer(
        offer_ref=_text(document["id"]), sku=_text(document["sku"]), title=_text(document["name"]),
        price=_amount(document["price"]), currency="PLN", quantity=_whole(document["count"]),
        active=document["count"] > 0,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {type(value).__name__}")
    return value


def _rows(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"no list: {type(value).__name__}")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"no whole number: {type(value).__name__}")
    return value


def _amount(value: Any) -> Decimal:
    found = Decimal(_text(value))
    if not found.is_finite():
        raise ValueError("no amount")
    return found


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found
