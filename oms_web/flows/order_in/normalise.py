"""A channel's order in our terms: checked, tidied, in minor units, with a digest. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector import Address, Order

from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor, line_total, to_micro, to_minor
from oms_web.core.text import tidy
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import Offered, offer_ref
from oms_web.domain.orders import phases, same_buyer
from oms_web.domain.orders.filing import payment_state
from oms_web.domain.shipping import tracking

MAX_UNITS = 10_000_000
MAX_LINES = 5_000
_PHASE = {
    "unpaid": phases.OPEN, "ready": phases.OPEN, "shipped": phases.SHIPPED,
    "delivered": phases.DONE, "cancelled": phases.CANCELLED,
}


@dataclass(slots=True)
class Draft:
    """An order ready to be stored. ``row``/``lines``/``payments`` are column values.

    ``paid``: whether the channel says that all is paid; None if it says nothing of it. If it shows
    no payment, ``payments`` has a ``stated`` one in their place.
    """

    order: Order
    digest: str
    row: dict[str, Any]
    lines: list[dict[str, Any]]
    offered: list[Offered]
    payments: list[dict[str, Any]]
    paid: bool | None
    stated_total: str | None
    computed_total: str


def digest_of(order: Order) -> str:
    """SHA-256 of everything the channel told us about the order."""
    return hashlib.sha256(repr(order).encode()).hexdigest()


def normalise(order: Order, account: ChannelAccount) -> Draft:
    """Check an order and put it into our terms.

    Raises:
        Invalid: something is missing or impossible; ``field`` names it.
    """
    _check(order)
    currency = order.currency.upper()
    lines, offered = _lines(order, currency)
    items = sum(line["total"] for line in lines)
    shipping = to_minor(order.shipping, currency)
    discount = to_minor(order.discount, currency)
    computed = items + shipping - discount
    total = computed if order.total is None else to_minor(order.total, currency)
    is_paid = _paid(order)
    payments = _payments(order, account.id, total, currency, stated=bool(is_paid))
    paid = sum(payment["amount"] for payment in payments)
    kind = order.payment_kind
    buyer = _buyer(order)
    phase = _PHASE[order.state]
    if phase == phases.OPEN and order.fulfilled_by == "channel":
        phase = phases.ELSEWHERE
    row = {
        "phase": phase,
        "account_id": account.id,
        "source": "channel",
        "external_number": tidy(order.number or order.external_id)[:120],
        "placed_at": order.placed_at,
        "paid_at": max((p["at"] for p in payments), default=None) if paid >= total else None,
        "ship_by": order.ship_by,
        "shipped_at": _left_at(order),
        "closed_at": (order.shipped_at or order.placed_at) if phase in phases.CLOSED else None,
        "currency": currency,
        "items_total": items,
        "shipping_total": shipping,
        # The channel's total is what the buyer owes; a difference is held, not hidden.
        "discount_total": items + shipping - total,
        "total": total,
        "paid_total": paid,
        "prices_include_tax": order.prices_include_tax,
        "payment_kind": kind,
        "payment_method": tidy(order.payment_method)[:80],
        "payment_state": payment_state(kind, total, paid),
        **buyer,
        "buyer_key": same_buyer.key_of(buyer, account.id, order.buyer_ref),
        "units": sum(line["quantity"] for line in lines),
    }
    return Draft(
        order, digest_of(order), row, lines, offered, payments, is_paid,
        None if order.total is None else _amount(total, currency), _amount(computed, currency),
    )


def _check(order: Order) -> None:
    if not order.external_id or len(order.external_id) > 120:
        raise Invalid("The order has no usable id.", "external_id")
    if len(order.currency) != 3 or not order.currency.isalpha():
        raise Invalid("Unknown currency: %(text)s", "currency", text=order.currency)
    if not order.lines:
        raise Invalid("The order has no lines.", "lines")
    if len(order.lines) > MAX_LINES:
        raise Invalid("The order has more than %(n)s lines.", "lines", n=MAX_LINES)
    moments = [("placed_at", order.placed_at), ("ship_by", order.ship_by),
               ("shipped_at", order.shipped_at), *(("payments", p.at) for p in order.payments)]
    for name, moment in moments:
        if moment is not None and moment.tzinfo is None:
            raise Invalid("The order's date has no time zone.", name)
    if order.state not in _PHASE:
        raise Invalid("Unknown order state: %(text)s", "state", text=order.state)


def _lines(order: Order, currency: str) -> tuple[list[dict[str, Any]], list[Offered]]:
    lines, offered = [], []
    shipped = order.state in ("shipped", "delivered")
    for position, line in enumerate(order.lines, start=1):
        if not isinstance(line.quantity, int) or not 0 < line.quantity <= MAX_UNITS:
            raise Invalid("Line %(n)s: the quantity %(text)s is not possible.", "quantity",
                          n=position, text=line.quantity)
        if not line.unit_price.is_finite() or abs(line.unit_price) > Decimal(10) ** 10:
            raise Invalid("Line %(n)s: the price %(text)s is not possible.", "unit_price",
                          n=position, text=line.unit_price)
        if not 0 <= line.cancelled <= line.quantity:
            raise Invalid("Line %(n)s: more is cancelled than was ordered.", "cancelled",
                          n=position)
        micro = to_micro(line.unit_price)
        sku, ean, title = tidy(line.sku)[:120], tidy(line.ean)[:60], tidy(line.title)[:420]
        cancelled = line.quantity if order.state == "cancelled" else line.cancelled
        lines.append({
            "position": position,
            "line_ref": (line.line_ref or str(position))[:120],
            "sku": sku,
            "ean": ean,
            "title": title or sku or ean or "?",
            "quantity": line.quantity,
            "unit_price": micro,
            # What is cancelled costs nothing, except in an order that is cancelled as a whole:
            # there the lines go on saying what was asked for.
            "total": line_total(micro, line.quantity - line.cancelled, currency),
            "vat_rate": line.vat_rate[:6],
            "cancelled": cancelled,
            "shipped": line.quantity - cancelled if shipped else 0,
            "reserved": 0,
        })
        offered.append(Offered(offer_ref(line.offer_ref, sku, ean, title), sku, ean, title))
    if len({line["line_ref"] for line in lines}) != len(lines):
        raise Invalid("Two lines have the same id.", "line_ref")
    return lines, offered


def _paid(order: Order) -> bool | None:
    """Whether the channel says that all is paid. "Ready" of a prepaid order means that it is."""
    if order.paid is not None or order.state == "cancelled":
        return order.paid
    return order.payment_kind == "prepaid" and order.state != "unpaid"


def _payments(
    order: Order, account_id: int, total: int, currency: str, *, stated: bool
) -> list[dict[str, Any]]:
    """Payment rows: those the channel shows; if none, one of the total where all is paid."""
    source = f"account:{account_id}"
    rows = [
        {"at": p.at, "amount": to_minor(p.amount, currency), "currency": currency,
         "method": tidy(p.method)[:80], "source": source,
         "reference": f"{order.external_id}:{p.reference}"[:160], "stated": False}
        for p in order.payments
    ]
    if rows or not stated or total <= 0:
        return rows
    return [{
        "at": order.placed_at, "amount": total, "currency": currency,
        "method": tidy(order.payment_method)[:80], "source": source,
        "reference": f"{order.external_id}:"[:160], "stated": True,
    }]


def _left_at(order: Order) -> datetime | None:
    if order.state in ("shipped", "delivered"):
        return order.shipped_at or order.placed_at
    return None


def _buyer(order: Order) -> dict[str, Any]:
    ship_to = _address(order.ship_to)
    name = tidy(order.buyer_name)[:200] or ship_to["name"] or ship_to["company"]
    email = order.buyer_email.strip()[:200]
    phone = tidy(order.buyer_phone or order.ship_to.phone)[:40]
    return {
        "buyer_name": name,
        "buyer_email": email,
        "buyer_phone": phone,
        "buyer_company": tidy(order.buyer_company or order.ship_to.company)[:200],
        "tax_id": "".join(order.tax_id.split())[:20],
        "wants_invoice": order.wants_invoice or bool(order.tax_id),
        "buyer_note": order.buyer_note.strip()[:10_000].replace("\0", ""),
        "ship_to": ship_to,
        "bill_to": _address(order.bill_to) if order.bill_to else None,
        "country": ship_to["country"],
        "delivery_method": tidy(order.delivery_method)[:120],
        "carrier": tracking.usual_name(tidy(order.carrier))[:40],
        "pickup_point": tidy(order.pickup_point)[:60],
    }


def _address(address: Address) -> dict[str, str]:
    return {
        "name": tidy(address.name)[:200],
        "company": tidy(address.company)[:200],
        "street": tidy(address.street)[:200],
        "postcode": tidy(address.postcode)[:20],
        "city": tidy(address.city)[:120],
        "region": tidy(address.region)[:120],
        "country": tidy(address.country).upper()[:2],
        "phone": tidy(address.phone)[:40],
        "email": address.email.strip()[:200],
    }


def _amount(minor: int, currency: str) -> str:
    return f"{from_minor(minor, currency)} {currency}"
