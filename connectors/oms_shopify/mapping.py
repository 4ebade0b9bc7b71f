"""An order in the SDK's terms. Pure: no network, no clock.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from oms_connector import Order, Unreadable
from oms_connector.reading import (
    Puzzling,
    as_text,
    children,
    moment,
    moment_or_none,
    shown,
    text,
    value,
    whole,
)

from oms_shopify import parties, sums, words
from oms_shopify.reading import nodes, number_of, stamp, texts, unreadable

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

PAID = frozenset({"PAID", "PARTIALLY_REFUNDED"})
WAITING = frozenset({"PENDING", "PARTIALLY_PAID", "VOIDED", "EXPIRED"})
AUTHORIZED, REFUNDED = "AUTHORIZED", "REFUNDED"
SENT = frozenset({"FULFILLED", "FULFILLMENT_NOT_REQUIRED"})
# What is not sent yet; the last four are older words that Shopify still declares.
TO_SEND = frozenset({"UNFULFILLED", "PARTIALLY_FULFILLED", "IN_PROGRESS", "ON_HOLD", "SCHEDULED",
                     "REQUEST_DECLINED", "OPEN", "PENDING_FULFILLMENT", "RESTOCKED"})
ARRIVED = frozenset({"DELIVERED", "PICKED_UP"})
TAGS = {"ON_HOLD": "shopify-on-hold", "SCHEDULED": "shopify-scheduled"}
OVER = frozenset({"CANCELLED", "CLOSED"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the seller says of orders: ``authorized`` payments count as paid."""

    authorized: bool = False


def order(row: Any, after: Any = None, rules: Rules | None = None) -> Order | Unreadable:
    """An order; an ``Unreadable`` when something in it makes no sense.

    Args:
        after: its refunds and returns, whole, where it has any.
    """
    try:
        return _order(row, after, rules or Rules())
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def has_more(row: Any) -> bool:
    """Whether refunds or returns of an order have to be asked for."""
    return bool(children(row, "refunds")) or value(row, "returnStatus") not in (None, "NO_RETURN")


def _order(row: Any, after: Any, rules: Rules) -> Order:
    back = sums.given_back(row, after) if after is not None else sums.GivenBack()
    state = state_of(row, rules)
    entries = [one for one in nodes(row, "lineItems") if whole(one, "quantity")]
    is_whole = state == "cancelled"
    lines = [sums.line(one, row, back, is_whole=is_whole) for one in entries]
    if lines and state in ("unpaid", "ready") and all(
            one.cancelled == one.quantity for one in lines):
        state, is_whole = "cancelled", True
        lines = [sums.line(one, row, back, is_whole=True) for one in entries]
    costs = sums.sums(row, entries, lines, back, is_whole=is_whole)
    payments = sums.payments(row, back)
    changed = moment(row, "updatedAt")
    gateways = texts(row, "paymentGatewayNames")
    person = parties.bill_to(row) or parties.ship_to(row)
    return Order(
        external_id=number_of(row),
        number=shown(row, "name"),
        revision=revision(row),
        state=state,
        raw_status=raw_status(row),
        placed_at=moment(row, "createdAt"),
        updated_at=changed,
        shipped_at=_sent_at(row) if state in ("shipped", "delivered") else None,
        cancelled_at=(moment_or_none(row, "cancelledAt") or changed) if is_whole else None,
        ship_by=_ship_by(row),
        currency=text(row, "presentmentCurrencyCode"),
        lines=lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind="cod" if parties.is_cod(gateways) else "prepaid",
        payment_method=", ".join(gateways),
        payments=payments,
        paid=None if payments else _is_paid(row, costs, rules),
        buyer_name=person.name or parties.ship_to(row).name,
        buyer_email=shown(row, "email"),
        buyer_phone=shown(row, "phone") or person.phone,
        buyer_company=person.company,
        tax_id=parties.tax_id(row),
        wants_invoice=parties.wants_invoice(row),
        buyer_note=shown(row, "note"),
        ship_to=parties.ship_to(row),
        bill_to=parties.bill_to(row),
        delivery_method=parties.delivery(row),
        carrier=parties.carrier(row),
        pickup_point=parties.pickup_point(row),
        tags=_tags(row, costs),
        fulfilled_by="channel" if _is_elsewhere(row) else "seller",
        is_test=value(row, "test") is True,
        raw=as_text(row),
    )


def state_of(row: Any, rules: Rules) -> State:
    """Where the order is. Refunded and never sent, it is not to be sent any more."""
    if moment_or_none(row, "cancelledAt"):
        return "cancelled"
    sending = text(row, "displayFulfillmentStatus")
    if sending in SENT:
        if sending == "FULFILLED" and _has_arrived(row):
            return "delivered"
        return "shipped"
    if sending not in TO_SEND:
        raise Puzzling(words.NEW_STATUS, "displayFulfillmentStatus", sending)
    money = text(row, "displayFinancialStatus")
    if money == REFUNDED:
        return "cancelled" if _sent_at(row) is None else "ready"
    if money in PAID or (money == AUTHORIZED and rules.authorized):
        return "ready"
    if money not in WAITING and money != AUTHORIZED:
        raise Puzzling(words.NEW_STATUS, "displayFinancialStatus", money)
    return "ready" if parties.is_cod(texts(row, "paymentGatewayNames")) else "unpaid"


def raw_status(row: Any) -> str:
    """Both of Shopify's words: how far it is paid, and how far it is sent."""
    return f"{value(row, 'displayFinancialStatus')}/{text(row, 'displayFulfillmentStatus')}"


def revision(row: Any) -> str:
    """The moment of the last change, to the second: later ones sort behind it.

    Two changes within a second have the same one and count as equally new, as they should.
    """
    return stamp(moment(row, "updatedAt"))


def _is_paid(row: Any, costs: sums.Sums, rules: Rules) -> bool:
    """Whether it is paid, where no payment says so."""
    money = value(row, "displayFinancialStatus")
    return money in PAID or (money == AUTHORIZED and rules.authorized) or costs.total <= 0


def _sent_at(row: Any) -> datetime | None:
    return min((moment(one, "createdAt") for one in children(row, "fulfillments")
                if value(one, "status") == sums.LIVE), default=None)


def _has_arrived(row: Any) -> bool:
    shown_ = [value(one, "displayStatus") for one in children(row, "fulfillments")
              if value(one, "status") == sums.LIVE]
    return bool(shown_) and all(one in ARRIVED for one in shown_)


def _ship_by(row: Any) -> datetime | None:
    """The earliest term of what is still to be sent."""
    return min((found for one in nodes(row, "fulfillmentOrders") if value(one, "status") not in OVER
                if (found := moment_or_none(one, "fulfillBy"))), default=None)


def _is_elsewhere(row: Any) -> bool:
    """Whether somebody else's service sends all of it."""
    found = [value(one, "assignedLocation", "location", "isFulfillmentService")
             for one in nodes(row, "fulfillmentOrders") if value(one, "status") != "CANCELLED"]
    return bool(found) and all(one is True for one in found)


def _tags(row: Any, costs: sums.Sums) -> tuple[str, ...]:
    waits = TAGS.get(text(row, "displayFulfillmentStatus"), "")
    return (*texts(row, "tags"), *texts(row, "discountCodes"), *costs.extras,
            *filter(None, (waits,)))
