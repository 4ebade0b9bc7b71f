"""Whether what a connector returns is what the SDK's data classes say it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from oms_connector import Address, Order, OrderLine, Payment

STATES = get_args(get_type_hints(Order)["state"])
_TEXTS = {
    kind: [field.name for field in fields(kind)
           if field.default == "" or (field.default is MISSING and field.name in (
               "external_id", "currency", "line_ref", "title", "reference"))]
    for kind in (Address, Order, OrderLine, Payment)
}


def wrong(order: Order) -> str:
    """What is wrong with an order's form; empty when nothing is."""
    complaints = [
        *_texts(order), *_texts(order.ship_to, "ship_to."),
        *(_texts(order.bill_to, "bill_to.") if order.bill_to else ()),
        *_moments(order), *_amounts(order),
        *(complaint for line in order.lines for complaint in _line(line)),
        *(complaint for payment in order.payments for complaint in _payment(payment)),
    ]
    if not order.external_id:
        complaints.append("external_id is empty")
    if order.state not in STATES:
        complaints.append(f"state is {order.state!r}")
    references = [line.line_ref for line in order.lines]
    if len(set(references)) < len(references):
        complaints.append(f"line_ref is not unique: {references}")
    return complaints[0] if complaints else ""


def _texts(thing: Any, place: str = "") -> Sequence[str]:
    return [f"{place}{name} is no text: {getattr(thing, name)!r}" for name in _TEXTS[type(thing)]
            if not isinstance(getattr(thing, name), str)]


def _moments(order: Order) -> Sequence[str]:
    found = [("placed_at", order.placed_at)]
    found += [(name, getattr(order, name)) for name in
              ("ship_by", "shipped_at", "updated_at", "cancelled_at")
              if getattr(order, name) is not None]
    return [f"{name} is no moment with a zone: {value!r}" for name, value in found
            if not is_moment(value)]


def _amounts(order: Order) -> Sequence[str]:
    found = [("shipping", order.shipping), ("discount", order.discount)]
    found += [("total", order.total)] if order.total is not None else []
    return [f"{name} is no amount: {value!r}" for name, value in found if not is_amount(value)]


def _line(line: OrderLine) -> Sequence[str]:
    found = list(_texts(line, "line."))
    if not is_amount(line.unit_price):
        found.append(f"unit_price is no amount: {line.unit_price!r}")
    if not is_count(line.quantity) or not is_count(line.cancelled):
        found.append(f"quantity is no whole number: {line.quantity!r}, {line.cancelled!r}")
    if not line.line_ref:
        found.append("line_ref is empty")
    return found


def _payment(payment: Payment) -> Sequence[str]:
    found = list(_texts(payment, "payment."))
    if not is_amount(payment.amount) or not is_moment(payment.at):
        found.append(f"no payment: {payment!r}")
    return found


def is_amount(value: Any) -> bool:
    """A finite ``Decimal`` with no more places than money has (what came through a float shows)."""
    return isinstance(value, Decimal) and value.is_finite() and \
        int(value.as_tuple().exponent) >= -4


def is_moment(value: Any) -> bool:
    """A datetime that knows its zone."""
    return isinstance(value, datetime) and value.tzinfo is not None


def is_count(value: Any) -> bool:
    """A whole number; ``True`` is none."""
    return isinstance(value, int) and not isinstance(value, bool)
