"""An order in the SDK's terms. Pure: no network, no clock.

What cannot be understood raises ``Puzzling`` with the name of the field; ``order`` turns it into an
``Unreadable`` that keeps the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from oms_connector import Order, Unreadable
from oms_connector.reading import Puzzling, text, value

from oms_woocommerce import parties, sums, words
from oms_woocommerce.reading import (
    as_text,
    child,
    children,
    metas,
    moment,
    moment_or_none,
    ref,
    ref_or_empty,
    shown,
    unreadable,
)

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]
Statuses = Mapping[str, State]

REFUNDED = "refunded"
# WooCommerce's own statuses, and three that shipping plugins agree about. "Failed" is a payment
# that may be tried again. What lies in the bin is not to be sent.
STATES: Statuses = {
    "pending": "unpaid", "on-hold": "unpaid", "failed": "unpaid", "processing": "ready",
    "completed": "shipped", "cancelled": "cancelled", "trash": "cancelled",
    "partial-shipped": "ready", "shipped": "shipped", "delivered": "delivered",
}
# Not orders yet: a checkout that is being filled in, a new form in the panel.
DRAFTS = frozenset({"checkout-draft", "auto-draft"})


def own_statuses(settings: Mapping[str, Any]) -> Statuses:
    """What the seller says of statuses that a plugin added."""
    found: dict[str, State] = {}
    for name, state in (("ready_statuses", "ready"), ("shipped_statuses", "shipped")):
        for word in str(settings.get(name) or "").split(","):
            slug = word.strip().lower().removeprefix("wc-")
            if slug:
                found[slug] = "ready" if state == "ready" else "shipped"
    return found


def order(row: Any, refunds: Sequence[Any] = (), own: Statuses | None = None
          ) -> Order | Unreadable:
    """An order; an ``Unreadable`` when something in it makes no sense.

    Args:
        refunds: its refunds, whole; the order itself names only their sums.
        own: what statuses mean that are not WooCommerce's.
    """
    try:
        return _order(row, refunds, own or {})
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def _order(row: Any, refunds: Sequence[Any], own: Statuses) -> Order:
    state = state_of(row, own)
    back = sums.given_back(row, refunds)
    if state == "cancelled":  # it goes on saying what was asked for; only money is news
        back = replace(back, units={}, amount=Decimal(0))
    lines = [sums.line(entry, row, back) for entry in children(row, "line_items")
             if sums.is_sold(entry)]
    costs = sums.sums(row, lines, back)
    payments = sums.payments(row, back)
    billing = child(row, "billing")
    sent = moment_or_none(row, "date_completed_gmt")
    changed = moment_or_none(row, "date_modified_gmt")
    return Order(
        external_id=ref(row),
        number=shown(row, "number") or ref(row),
        revision=revision(row),
        state=state,
        raw_status=text(row, "status"),
        placed_at=moment(row, "date_created_gmt"),
        updated_at=changed,
        shipped_at=sent if state in ("shipped", "delivered") else None,
        cancelled_at=changed if state == "cancelled" else None,
        currency=text(row, "currency"),
        lines=lines,
        shipping=costs.shipping,
        discount=costs.discount,
        total=costs.total,
        payment_kind=sums.payment_kind(row),
        payment_method=shown(row, "payment_method_title") or shown(row, "payment_method"),
        payments=payments,
        paid=None if payments else sums.is_paid(row),
        buyer_ref=ref_or_empty(row, "customer_id"),
        buyer_name=parties.full_name(billing) or parties.full_name(child(row, "shipping")),
        buyer_email=shown(billing, "email"),
        buyer_phone=shown(billing, "phone"),
        buyer_company=shown(billing, "company"),
        tax_id=parties.tax_id(row),
        wants_invoice=parties.wants_invoice(row),
        buyer_note=shown(row, "customer_note"),
        ship_to=parties.ship_to(row),
        bill_to=parties.bill_to(row),
        delivery_method=parties.delivery(row),
        carrier=parties.carrier(row),
        pickup_point=parties.pickup_point(row),
        tags=(*costs.extras, *coupons(row)),
        raw=as_text(row),
    )


def state_of(row: Any, own: Statuses) -> State:
    """Where the order is. A refunded order was called off, unless it had been sent."""
    status = text(row, "status")
    if status == REFUNDED:
        return "shipped" if value(row, "date_completed_gmt") else "cancelled"
    state = own.get(status) or STATES.get(status)
    if state is None:
        raise Puzzling(words.NEW_STATUS, "status", status)
    return state


def revision(row: Any) -> str:
    """The moment of the last change, to the second: later ones sort behind it.

    Two changes within a second have the same one and count as equally new, as they should.
    """
    changed = moment_or_none(row, "date_modified_gmt")
    return changed.strftime("%Y-%m-%dT%H:%M:%SZ") if changed else ""


def coupons(row: Any) -> list[str]:
    """The coupons that the buyer used."""
    return [code for one in children(row, "coupon_lines") if (code := shown(one, "code"))]


def is_draft(row: Any) -> bool:
    """Whether nobody has ordered that yet."""
    return value(row, "status") in DRAFTS


def kept(row: Any, key: str) -> Any:
    """What we wrote beside an order."""
    return metas(row).get(key)
