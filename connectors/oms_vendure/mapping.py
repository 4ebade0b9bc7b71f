"""An order in the SDK's terms. Pure: no network, no clock.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oms_connector import Order, Unreadable
from oms_connector.reading import Puzzling, as_text, child, shown, text, unreadable, value, whole

from oms_vendure import parties, sums, words
from oms_vendure.reading import children, moment, moment_or_none, ref, ref_or_empty, stamp
from oms_vendure.terms import State, Terms

WAITING = frozenset({"unpaid", "ready"})
AUTHORIZED = "PaymentAuthorized"
CALLED_OFF, LEFT = "ORDER_CANCELLATION", "ORDER_FULFILLMENT_TRANSITION"


def order(row: Any, terms: Terms) -> Order | Unreadable:
    """An order; an ``Unreadable`` when something in it makes no sense."""
    try:
        return _order(row, terms)
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def _order(row: Any, terms: Terms) -> Order:
    sent = sums.sent_units(row)
    state = state_of(row, terms, sent)
    is_over = state == "cancelled"
    lines = [sums.line(entry, terms, sent.get(ref(entry), 0), is_over=is_over)
             for entry in children(row, "lines") if sums.ordered(entry, sent.get(ref(entry), 0))]
    costs = sums.sums(row, terms, lines, is_over=is_over)
    payments = sums.payments(row, terms)
    buyer = child(row, "customer")
    tax_id = parties.own(row, terms, "tax_field")
    return Order(
        external_id=ref(row),
        number=shown(row, "code") or ref(row),
        revision=revision(row),
        state=state,
        raw_status=text(row, "state"),
        placed_at=moment(row, "orderPlacedAt"),
        updated_at=moment_or_none(row, "updatedAt"),
        shipped_at=_last(row, LEFT) if state in ("shipped", "delivered") else None,
        cancelled_at=_last(row, CALLED_OFF) if is_over else None,
        currency=text(row, "currencyCode"),
        lines=lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind="cod" if _is_cod(row, terms) else "prepaid",
        payment_method=sums.method(row),
        payments=payments,
        paid=None if payments else not costs.total and state != "unpaid",
        buyer_ref=ref_or_empty(buyer),
        buyer_name=parties.full_name(buyer) or shown(child(row, "shippingAddress"), "fullName"),
        buyer_email=shown(buyer, "emailAddress"),
        buyer_phone=shown(buyer, "phoneNumber"),
        buyer_company=shown(child(row, "billingAddress"), "company"),
        tax_id=tax_id,
        wants_invoice=bool(tax_id),
        buyer_note=parties.own(row, terms, "note_field"),
        ship_to=parties.ship_to(row),
        bill_to=parties.bill_to(row),
        delivery_method=parties.delivery(row),
        carrier=parties.carrier(row),
        pickup_point=parties.own(row, terms, "point_field"),
        tags=(*costs.extras, *_coupons(row)),
        raw=as_text(row),
    )


def state_of(row: Any, terms: Terms, sent: Mapping[str, int]) -> State:
    """Where the order is, by its state and by what has left.

    Vendure's state lags behind its parcels: it stays "PaymentAuthorized" when they leave before the
    money is taken, and "PartiallyShipped" when what was left over is called off.
    """
    name = text(row, "state")
    state = terms.state(name)
    if state is None:
        raise Puzzling(words.NEW_STATE, "state", name)
    if state == "cancelled":  # whatever was called off after it had left is a return
        return "shipped" if any(sent.values()) else state
    all_sent = any(sent.values()) and all(
        sent.get(ref(entry), 0) >= whole(entry, "quantity") for entry in children(row, "lines"))
    if all_sent and state in WAITING:
        return "shipped"
    if name == AUTHORIZED and state == "unpaid" and _is_cod(row, terms):
        return "ready"
    return state


def revision(row: Any) -> str:
    """The newest moment of the order and of what happened to it.

    The order's own ``updatedAt`` stands still when it is paid, sent, refunded or modified; its
    history does not.
    """
    found = [moment_or_none(row, "orderPlacedAt"), moment_or_none(row, "updatedAt"),
             *(moment_or_none(one, "createdAt") for one in children(child(row, "newest"), "items"))]
    return max((stamp(one) for one in found if one is not None), default="")


def is_placed(row: Any) -> bool:
    """Whether somebody has ordered that: carts and drafts are orders too."""
    return value(row, "orderPlacedAt") is not None


def events(row: Any, kind: str) -> list[Mapping[str, Any]]:
    """What of a kind happened to an order, the oldest first; of parcels, that they left."""
    found = [one for one in children(child(row, "history"), "items") if value(one, "type") == kind]
    return [one for one in reversed(found)
            if kind != LEFT or value(value(one, "data"), "to") == "Shipped"]


def _last(row: Any, kind: str) -> datetime | None:
    return max((moment(one, "createdAt") for one in events(row, kind)), default=None)


def _is_cod(row: Any, terms: Terms) -> bool:
    return terms.is_cod(sums.method(row))


def _coupons(row: Any) -> list[str]:
    found = value(row, "couponCodes")
    return [code for code in found if isinstance(code, str) and code] \
        if isinstance(found, list) else []
