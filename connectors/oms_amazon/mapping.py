"""An order in the SDK's terms. Pure: no network, no clock.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the whole text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from oms_connector import Order, Unreadable
from oms_connector.reading import (
    Puzzling,
    as_text,
    child,
    children,
    choice,
    moment,
    moment_or_none,
    text,
    value,
)

from oms_amazon import parties, sums
from oms_amazon.reading import text_or_empty, unreadable

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

# Only Amazon's own warehouse says UNFULFILLABLE, of orders that were not placed on Amazon.
STATES: Mapping[str, State] = {
    "PENDING_AVAILABILITY": "unpaid", "PENDING": "unpaid", "UNSHIPPED": "ready",
    "PARTIALLY_SHIPPED": "ready", "SHIPPED": "shipped", "CANCELLED": "cancelled",
    "UNFULFILLABLE": "cancelled",
}
SENDERS: Mapping[str, Literal["seller", "channel"]] = {"MERCHANT": "seller", "AMAZON": "channel"}
ELSEWHERE = "NON_AMAZON"


def is_elsewhere(found: Any) -> bool:
    """Whether Amazon only sends the goods, for a sale that was made on another channel.

    That channel tells of the sale; here it would be counted twice.
    """
    return bool(value(found, "salesChannel", "channelName") == ELSEWHERE)


def order(found: Any) -> Order | Unreadable:
    """An order; an ``Unreadable`` with the whole text when something in it makes no sense."""
    try:
        return _order(found)
    except Puzzling as puzzle:
        return unreadable(found, puzzle)


def _order(found: Any) -> Order:
    state = state_of(found)
    costs = sums.sums(found, is_cancelled=state == "cancelled")
    fulfilment, buyer = child(found, "fulfillment"), child(found, "buyer")
    kind, method = parties.payment(found)
    updated = moment(found, "lastUpdatedTime")
    return Order(
        external_id=text(found, "orderId"),
        number=text(found, "orderId"),
        revision=updated.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        state=state,
        raw_status=text(fulfilment, "fulfillmentStatus"),
        placed_at=moment(found, "createdTime"),
        ship_by=moment_or_none(child(fulfilment, "shipByWindow"), "latestDateTime"),
        shipped_at=_shipped_at(found) if state in ("shipped", "delivered") else None,
        updated_at=updated,
        cancelled_at=updated if state == "cancelled" else None,
        currency=costs.currency,
        lines=costs.lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind=kind,
        payment_method=method,
        paid=None if state == "cancelled" else state != "unpaid" and kind == "prepaid",
        buyer_name=text_or_empty(buyer, "buyerName"),
        buyer_email=text_or_empty(buyer, "buyerEmail"),
        buyer_company=parties.company(found),
        tax_id=parties.tax_id(found),
        wants_invoice=parties.wants_invoice(found),
        buyer_note=parties.note(found),
        ship_to=parties.ship_to(found),
        bill_to=parties.bill_to(found),
        delivery_method=text_or_empty(fulfilment, "fulfillmentServiceLevel"),
        tags=parties.tags(found),
        fulfilled_by=sender(found),
        raw=as_text(found),
    )


def state_of(found: Any) -> State:
    """Where the order is. Delivered, once all that was sent has arrived."""
    told = text(child(found, "fulfillment"), "fulfillmentStatus")
    state: State = choice(STATES, told, "fulfillmentStatus")
    sent = [text_or_empty(child(one, "packageStatus"), "status")
            for one in children(found, "packages")]
    sent = [status for status in sent if status != "CANCELLED"]
    if state == "shipped" and sent and set(sent) == {"DELIVERED"}:
        return "delivered"
    return state


def sender(found: Any) -> Literal["seller", "channel"]:
    """Who sends the goods: the seller, unless Amazon does it from its own warehouse (FBA)."""
    told = text_or_empty(child(found, "fulfillment"), "fulfilledBy") or "MERCHANT"
    whose: Literal["seller", "channel"] = choice(SENDERS, told, "fulfilledBy")
    return whose


def _shipped_at(found: Any) -> Any:
    times = [moment_or_none(one, "shipTime") for one in children(found, "packages")]
    return max(filter(None, times), default=None)
