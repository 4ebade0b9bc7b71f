"""A checkout form in the SDK's terms. Pure: no network, no clock.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the whole text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from oms_connector import Order, OrderLine, Unreadable
from oms_connector.guessing import carrier_in
from oms_connector.reading import (
    Puzzling,
    as_text,
    child,
    children,
    choice,
    moment,
    moment_or_none,
    text,
    unreadable,
    value,
    whole,
)

from oms_allegro import parties, sums
from oms_allegro.reading import amount, text_or_empty

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

READY = "READY_FOR_PROCESSING"
# What Allegro itself says of the purchase; only READY is final.
STATES: Mapping[str, State] = {
    "BOUGHT": "unpaid", "FILLED_IN": "unpaid", READY: "ready", "CANCELLED": "cancelled",
}
# What the seller says of it, once it is ready. A returned order was sent.
FULFILMENT: Mapping[str, State] = {
    "NEW": "ready", "PROCESSING": "ready", "READY_FOR_SHIPMENT": "ready",
    "READY_FOR_PICKUP": "ready", "SUSPENDED": "ready", "SENT": "shipped",
    "PICKED_UP": "delivered", "RETURNED": "delivered", "CANCELLED": "cancelled",
}
HOME = "allegro-pl"


def order(form: Any, replaces: Sequence[str] = ()) -> Order | Unreadable:
    """An order; an ``Unreadable`` with the whole text when something in it makes no sense.

    Args:
        replaces: ids of forms that this one took over.
    """
    try:
        return _order(form, replaces)
    except Puzzling as puzzle:
        kept = parties.without_identity(form) if isinstance(form, dict) else form
        return unreadable(kept, puzzle)


def _order(form: Any, replaces: Sequence[str]) -> Order:
    lines = [line(entry) for entry in children(form, "lineItems")]
    costs = sums.sums(form, lines)
    delivery = child(form, "delivery")
    method = text_or_empty(child(delivery, "method"), "name")
    state = state_of(form)
    return Order(
        external_id=text(form, "id"),
        number=text(form, "id"),
        revision=revision(form),
        state=state,
        raw_status=raw_status(form),
        placed_at=min(moment(entry, "boughtAt") for entry in children(form, "lineItems"))
        if lines else moment(form, "updatedAt"),
        ship_by=moment_or_none(child(child(delivery, "time"), "dispatch"), "to"),
        updated_at=moment_or_none(form, "updatedAt"),
        cancelled_at=moment_or_none(form, "updatedAt") if state == "cancelled" else None,
        currency=costs.currency,
        lines=lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind=sums.payment_kind(form),
        payment_method=text_or_empty(child(form, "payment"), "provider")
        or text_or_empty(child(form, "payment"), "type"),
        payments=(payments := sums.payments(form)),
        paid=None if payments else sums.is_paid(form),
        buyer_ref=text_or_empty(child(form, "buyer"), "id"),
        buyer_name=parties.buyer_name(form),
        buyer_email=text_or_empty(child(form, "buyer"), "email"),
        buyer_phone=text_or_empty(child(form, "buyer"), "phoneNumber"),
        buyer_company=parties.company(form),
        tax_id=parties.tax_id(form),
        wants_invoice=value(form, "invoice", "required") is True,
        buyer_note=text_or_empty(form, "messageToSeller"),
        ship_to=parties.ship_to(form),
        bill_to=parties.bill_to(form),
        delivery_method=method,
        carrier=carrier_in(method),
        pickup_point=text_or_empty(child(delivery, "pickupPoint"), "id"),
        tags=tags(form, costs.extras),
        replaces=tuple(replaces),
        fulfilled_by="channel" if is_sent_by_allegro(form) else "seller",
        raw=as_text(parties.without_identity(form)),
    )


def line(entry: Any) -> OrderLine:
    """One position. Of a set of products one line comes: the offer is what is mapped."""
    offer = child(entry, "offer")
    return OrderLine(
        line_ref=text(entry, "id"),
        offer_ref=text(offer, "id"),
        sku=text_or_empty(child(offer, "external"), "id"),
        title=text_or_empty(offer, "name"),
        quantity=whole(entry, "quantity"),
        unit_price=amount(entry, "price"),
        vat_rate=sums.vat_rate(entry),
    )


def state_of(form: Any) -> State:
    """Where the order is: by what Allegro says, and once it is ready by what the seller says."""
    state: State = choice(STATES, text(form, "status"), "status")
    told = text_or_empty(child(form, "fulfillment"), "status")
    if state != "ready" or not told:
        return state
    state = choice(FULFILMENT, told, "fulfillment.status")
    return state


def raw_status(form: Any) -> str:
    """Both statuses in Allegro's own words."""
    told = text_or_empty(child(form, "fulfillment"), "status")
    return "/".join(word for word in (text(form, "status"), told) if word)


def revision(form: Any) -> str:
    """The moment of the last change, so written that later ones sort behind it.

    The form's own ``revision`` cannot be a part of this: it is a hash, and at the same moment one
    of two versions would sort before the other by chance and be ignored for good. That happens
    with every change of ``fulfillment.status``, which does not move ``updatedAt``
    (github.com/allegro/allegro-api, issues 4355, 9905, 11331). Versions of the same moment count
    as equally new.
    """
    changed = moment_or_none(form, "updatedAt")
    return changed.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if changed else ""


def is_sent_by_allegro(form: Any) -> bool:
    """Whether the goods leave Allegro's own warehouse (One Fulfillment)."""
    return bool(value(form, "fulfillment", "provider", "id") == "ALLEGRO")


def tags(form: Any, extras: Sequence[str]) -> tuple[str, ...]:
    """What a packer or a bookkeeper may want to know besides."""
    found = ["smart"] if value(form, "delivery", "smart") is True else []
    marketplace = text_or_empty(child(form, "marketplace"), "id")
    if marketplace not in ("", HOME):
        found.append(marketplace)
    return (*found, *(extra for extra in extras if extra))
