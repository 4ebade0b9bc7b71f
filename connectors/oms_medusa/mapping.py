"""An order in the SDK's terms. Pure: no network, no clock.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from oms_connector import Order, Unreadable
from oms_connector.reading import Puzzling, child, children, shown, text, value, whole

from oms_medusa import parties, sums, words
from oms_medusa.reading import (
    as_text,
    is_on,
    moment,
    moment_or_none,
    stamp,
    unreadable,
    whole_or_zero,
)

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

CANCELED, COMPLETED, ARCHIVED = "canceled", "completed", "archived"
STATUSES = frozenset({"pending", COMPLETED, ARCHIVED, CANCELED, "requires_action", "draft"})

FIELDS = ",".join((
    "id", "display_id", "custom_display_id", "status", "created_at", "updated_at", "canceled_at",
    "currency_code", "email", "metadata", "total", "credit_line_total", "payment_status",
    "fulfillment_status", "customer_id", "sales_channel.id", "sales_channel.name",
    "*items", "*items.detail", "*items.tax_lines", "*items.adjustments", "items.variant.ean",
    "*shipping_address", "*billing_address", "*shipping_methods", "*shipping_methods.tax_lines",
    "*shipping_methods.adjustments", "*credit_lines", "*customer",
    "*payment_collections", "*payment_collections.payments",
    "*payment_collections.payments.captures", "*payment_collections.payments.refunds",
    "*fulfillments",
))
"""What is asked for of each order. Of a line everything: its sums are counted from the rest."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What the account's settings say about orders.

    ``cod``: providers that mean payment on delivery; ``trusts``: whether an authorised payment is
    enough to send; ``channel``: the only sales channel that is read, by id or name.
    """

    cod: frozenset[str] = frozenset()
    trusts: bool = False
    channel: str = ""


def ways(settings: Mapping[str, Any]) -> Ways:
    """From the account's settings."""
    cod = str(settings.get("cod_providers") or "").split(",")
    return Ways(
        frozenset(one.strip().lower() for one in cod if one.strip()),
        str(settings.get("authorised") or "").lower() not in ("", "0", "no", "false"),
        str(settings.get("sales_channel") or "").strip().casefold(),
    )


def order(row: Any, way: Ways | None = None) -> Order | Unreadable:
    """An order; an ``Unreadable`` when something in it makes no sense."""
    try:
        return _order(row, way or Ways())
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def is_wanted(row: Any, way: Ways) -> bool:
    """Whether an order came through the sales channel of this account."""
    channel = value(row, "sales_channel")
    names = (value(channel, "id"), value(channel, "name"))
    return not way.channel or any(str(name).casefold() == way.channel for name in names if name)


def _order(row: Any, way: Ways) -> Order:
    lines = [sums.line(entry) for entry in sums.sold(row)]
    costs = sums.sums(row, lines)
    payments = sums.payments(row, costs.total)
    kind = sums.payment_kind(row, way.cod)
    paid = sum(one.amount for one in payments)
    trusted = way.trusts and kind == "prepaid" and sums.authorised(row) >= costs.total
    state = _state(row, paid >= costs.total or trusted or kind == "cod")
    return Order(
        external_id=text(row, "id"),
        number=shown(row, "custom_display_id") or str(whole(row, "display_id")),
        revision=revision(row),
        state=state,
        raw_status=" / ".join(filter(None, (
            shown(row, name) for name in ("status", "payment_status", "fulfillment_status")))),
        placed_at=moment(row, "created_at"),
        updated_at=moment(row, "updated_at"),
        shipped_at=_shipped_at(row) if state in ("shipped", "delivered") else None,
        cancelled_at=moment_or_none(row, "canceled_at"),
        currency=text(row, "currency_code").upper(),
        lines=lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind=kind,
        payment_method=", ".join(dict.fromkeys(map(sums.method, sums.providers(row)))),
        payments=payments,
        paid=None if payments else trusted or (kind == "prepaid" and not costs.total),
        buyer_ref=shown(row, "customer_id"),
        buyer_name=parties.buyer(row),
        buyer_email=shown(row, "email"),
        buyer_phone=parties.phone(row),
        buyer_company=parties.company(row),
        tax_id=parties.tax_id(row),
        wants_invoice=parties.wants_invoice(row),
        buyer_note=parties.note(row),
        ship_to=parties.ship_to(row),
        bill_to=parties.bill_to(row),
        delivery_method=parties.delivery(row),
        carrier=parties.carrier(row),
        pickup_point=parties.pickup_point(row),
        raw=as_text(row),
    )


def _state(row: Any, may_leave: bool) -> State:
    """Where the order is: called off, all of it delivered or sent, to be sent, waiting for money.

    By the units themselves: ``fulfillment_status`` says "shipped" of what was sent, and again
    "partially_shipped" when a replacement is added to it.
    """
    status = text(row, "status")
    if status not in STATUSES:
        raise Puzzling(words.NEW_STATUS, "status", status)
    if sums.is_called_off(row):
        return "cancelled"
    entries = [entry for entry in sums.sold(row) if is_on(entry, "requires_shipping")] or \
        sums.sold(row)
    for name in ("delivered", "shipped"):
        if all(whole_or_zero(child(entry, "detail"), f"{name}_quantity")
               >= whole(entry, "quantity") for entry in entries):
            return "delivered" if name == "delivered" else "shipped"
    return "ready" if may_leave else "unpaid"


def revision(row: Any) -> str:
    """The moment of the last change of the order or of its payments: those do not move its own."""
    found = [moment(row, "updated_at")]
    for collection in children(row, "payment_collections"):
        found += _changed(collection)
        for payment in children(collection, "payments"):
            found += _changed(payment)
            for entry in (*children(payment, "captures"), *children(payment, "refunds")):
                found += _changed(entry)
    return stamp(max(found))


def _changed(document: Any) -> list[datetime]:
    when = moment_or_none(document, "updated_at")
    return [when] if when else []


def _shipped_at(row: Any) -> datetime | None:
    sent = [moment_or_none(one, "shipped_at") for one in children(row, "fulfillments")
            if value(one, "canceled_at") is None]
    return max(filter(None, sent), default=None)
