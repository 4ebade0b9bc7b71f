"""What a checkout form costs, and what was paid of it. Pure.

``summary.totalToPay`` is what the buyer owes. Goods are ``price * quantity`` after discounts;
delivery, services, deposits and vouchers make up the rest. Whether deposits and vouchers are within
the total the vendor's documentation does not say, so the form's own total decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any, Literal

from oms_connector import OrderLine, Payment
from oms_connector.reading import child, children, choice, moment, text, value, whole

from oms_allegro.reading import amount, amount_or_none, text_or_empty

KINDS: dict[str, Literal["prepaid", "cod", "credit"]] = {
    "ONLINE": "prepaid", "SPLIT_PAYMENT": "prepaid", "WIRE_TRANSFER": "prepaid",
    "CASH_ON_DELIVERY": "cod", "EXTENDED_TERM": "credit",
}


@dataclass(frozen=True, slots=True)
class Sums:
    """``shipping`` holds services and deposits too, which have no line of their own."""

    currency: str
    total: Decimal
    shipping: Decimal
    discount: Decimal
    extras: tuple[str, ...]


def sums(form: Any, lines: Sequence[OrderLine]) -> Sums:
    """The sums of a form whose goods are ``lines``.

    Where nothing explains the total, only delivery is told beside the goods: the difference is
    for a person to see.
    """
    summary = child(form, "summary")
    total = amount(summary, "totalToPay")
    delivery = amount_or_none(child(form, "delivery"), "cost") or Decimal(0)
    goods = sum((line.unit_price * line.quantity for line in lines), Decimal(0))
    rest = total - goods - delivery
    services, deposits, vouchers = _services(form), _deposits(form), _vouchers(form)
    shipping, discount, extras = delivery, Decimal(0), []
    for with_services, with_deposits, with_vouchers in product((True, False), repeat=3):
        added = services * with_services + deposits * with_deposits
        taken = vouchers * with_vouchers
        if added - taken == rest:
            shipping, discount = delivery + added, taken
            extras = _names(form) if with_services else []
            extras += ["deposit"] if with_deposits and deposits else []
            break
    return Sums(text(value(summary, "totalToPay"), "currency"), total, shipping, discount,
                tuple(extras))


def payments(form: Any) -> list[Payment]:
    """Money that Allegro took: the payment, and later surcharges, each on its own.

    A payment on delivery is finished when the buyer has chosen it; no amount is told then.
    """
    told = {
        text(one, "id"): one
        for one in (child(form, "payment"), *children(form, "surcharges"))
        if value(one, "paidAmount") is not None and value(one, "finishedAt") is not None
    }
    return [
        Payment(
            # Orders that a buyer pays together share the payment's id.
            reference=f"{text(form, 'id')}/{payment}", amount=amount(one, "paidAmount"),
            at=moment(one, "finishedAt"),
            method=text_or_empty(one, "provider") or text_or_empty(one, "type"),
        )
        for payment, one in told.items()
    ]


def payment_kind(form: Any) -> Literal["prepaid", "cod", "credit"]:
    """How it is paid; before the buyer has chosen, in advance."""
    kind = text_or_empty(child(form, "payment"), "type")
    return choice(KINDS, kind, "payment.type") if kind else "prepaid"


def is_paid(form: Any) -> bool | None:
    """Whether it is paid, where the amounts do not say so; None lets the state decide.

    A bank transfer to the seller's own account passes by Allegro.
    """
    return False if value(form, "payment", "type") == "WIRE_TRANSFER" else None


def vat_rate(line: Any) -> str:
    """A rate code; empty where the seller has not given the offer one."""
    tax = child(line, "tax")
    rate = text_or_empty(tax, "rate")
    if rate:
        whole_part, _, rest = rate.partition(".")
        return f"{whole_part}.{rest.rstrip('0')}".rstrip(".")
    exemption = text_or_empty(tax, "exemption")
    return "zw" if exemption and exemption != "MONEY_EQUIVALENT" else ""


def _services(form: Any) -> Decimal:
    return sum((
        amount(one, "price") * (whole(one, "quantity") if value(one, "quantity") else 1)
        for line in children(form, "lineItems")
        for one in children(line, "selectedAdditionalServices")
    ), Decimal(0))


def _names(form: Any) -> list[str]:
    return [
        text_or_empty(one, "name") or text_or_empty(one, "definitionId")
        for line in children(form, "lineItems")
        for one in children(line, "selectedAdditionalServices")
    ]


def _deposits(form: Any) -> Decimal:
    """``deposit.price`` is for one unit (github.com/allegro/allegro-api, issue 13878)."""
    return sum((
        (amount_or_none(child(line, "deposit"), "price") or Decimal(0)) * whole(line, "quantity")
        for line in children(form, "lineItems")
    ), Decimal(0))


def _vouchers(form: Any) -> Decimal:
    return sum((
        amount_or_none(one, "value") or Decimal(0)
        for line in children(form, "lineItems") for one in children(line, "vouchers")
        if text_or_empty(one, "status") in ("", "ACTIVE")
    ), Decimal(0))
