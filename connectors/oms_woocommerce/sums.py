"""What an order costs, what was paid of it, and what was given back. Pure.

WooCommerce keeps a line's ``total`` without tax and after coupons, and its tax beside it, both
unrounded; asked with ``dp=6`` it shows them so. What the buyer paid for the line is both together,
to the grosz. The order's own ``total`` is the only sum that was charged, so the rest is measured
by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from oms_connector import OrderLine, Payment
from oms_connector.reading import CENT, cents, value, whole

from oms_woocommerce.reading import (
    amount,
    amount_or_zero,
    children,
    metas,
    moment,
    moment_or_none,
    ref,
    ref_or_empty,
    shown,
)

EXEMPT = frozenset({"zw", "zwolniony", "zwolnione", "vat-zw", "zwolniony-z-vat", "tax-exempt"})


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Refunds of units that were not sent, and the money of all refunds made before sending.

    ``units``: line -> units. ``payments``: what the shop's gateway really paid back.
    """

    units: Mapping[str, int]
    amount: Decimal
    payments: Sequence[Payment]


@dataclass(frozen=True, slots=True)
class Sums:
    """``shipping`` holds fees too, which have no line of their own; ``extras`` names them."""

    total: Decimal
    shipping: Decimal
    discount: Decimal
    extras: tuple[str, ...]


def line(entry: Any, row: Any, back: GivenBack) -> OrderLine:
    """One position. The price of a unit is rounded up; what that is too much, is a discount."""
    number, count = ref(entry), whole(entry, "quantity")
    return OrderLine(
        line_ref=number,
        offer_ref=offer_ref(entry),
        sku=shown(entry, "sku"),
        ean=shown(entry, "global_unique_id"),
        title=shown(entry, "name"),
        quantity=count,
        unit_price=(gross(entry) / count).quantize(CENT, "ROUND_CEILING"),
        vat_rate=vat_rate(entry, row),
        cancelled=min(count, back.units.get(number, 0)),
    )


def offer_ref(entry: Any) -> str:
    """A product's number; of a variation both numbers, since only together they are an address."""
    product, variation = ref_or_empty(entry, "product_id"), ref_or_empty(entry, "variation_id")
    return f"{product}/{variation}" if product and variation else product


def gross(entry: Any) -> Decimal:
    """A line with its tax, to the grosz."""
    return cents(amount(entry, "total") + amount_or_zero(entry, "total_tax"))


def sums(row: Any, lines: Sequence[OrderLine], back: GivenBack) -> Sums:
    """The sums of an order whose goods are ``lines``, after what was given back before sending.

    A total below what is counted is a discount, by whatever name: units rounded up, gift cards,
    which change nothing but the total. A total above it is left for a person to see, if it is more
    than rounding and no units were taken out of it.
    """
    charged = cents(amount(row, "total"))
    shipping = cents(amount_or_zero(row, "shipping_total") + amount_or_zero(row, "shipping_tax"))
    fees = [(gross(fee), shown(fee, "name")) for fee in children(row, "fee_lines")]
    shipping += sum((fee for fee, _ in fees if fee > 0), Decimal(0))
    discount = -sum((fee for fee, _ in fees if fee < 0), Decimal(0))
    goods = sum((one.unit_price * one.quantity for one in lines), Decimal(0))
    off = charged - (goods + shipping - discount)
    slack = CENT * (len(lines) + len(fees) + 2)
    if off < 0:
        discount -= off
    elif off <= slack:
        shipping += off
    total = charged - back.amount
    if back.amount or back.units:
        gone = sum((one.unit_price * one.cancelled for one in lines), Decimal(0))
        off = total - (goods - gone + shipping - discount)
        shipping, discount = (shipping + off, discount) if off > 0 else (shipping, discount - off)
    extras = [name for fee, name in fees if fee > 0 and name]
    return Sums(total, shipping, discount, tuple(extras))


def vat_rate(entry: Any, row: Any) -> str:
    """A rate code; empty where the shop counts no tax, or more than one."""
    if shown(entry, "tax_class").lower() in EXEMPT:
        return "zw"
    rates = {str(value(tax, "rate_id")): value(tax, "rate_percent")
             for tax in children(row, "tax_lines")}
    used = {str(value(tax, "id")) for tax in children(entry, "taxes")
            if value(tax, "total") not in (None, "")}
    found = [rates.get(one) for one in used]
    if len(found) != 1 or isinstance(found[0], bool) or not isinstance(found[0], int | float):
        return ""
    return f"{found[0]:g}"


def payment_kind(row: Any) -> Literal["prepaid", "cod"]:
    """How it is paid: on delivery by WooCommerce's own method or a plugin's."""
    method = shown(row, "payment_method").lower()
    named = shown(row, "payment_method_title").lower()
    is_cod = method == "cod" or method.endswith("_cod") or "pobrani" in named
    return "cod" if is_cod else "prepaid"


def payments(row: Any, back: GivenBack) -> list[Payment]:
    """Money that the shop took, and what its gateway gave back before sending.

    On delivery nothing counts: WooCommerce stamps such an order as paid when it starts to be
    worked on (``maybe_set_date_paid``), long before a courier has the money.
    """
    at, total = moment_or_none(row, "date_paid_gmt"), cents(amount(row, "total"))
    if at is None or total <= 0 or payment_kind(row) == "cod":
        return []
    taken = Payment(reference=f"{ref(row)}/{shown(row, 'transaction_id') or 'paid'}", amount=total,
                    at=at, method=shown(row, "payment_method_title"))
    return [taken, *back.payments]


def is_paid(row: Any) -> bool:
    """Whether it is paid, where no amount says so."""
    return payment_kind(row) != "cod" and moment_or_none(row, "date_paid_gmt") is not None


def given_back(row: Any, refunds: Sequence[Any]) -> GivenBack:
    """What was refunded before the order was sent. Later refunds are returns, see there."""
    early = [refund for refund in refunds if not is_return(row, refund)]
    units: dict[str, int] = {}
    for refund in early:
        for line_ref, count in units_of(refund).items():
            units[line_ref] = units.get(line_ref, 0) + count
    return GivenBack(
        units, sum((refunded(refund) for refund in early), Decimal(0)),
        [Payment(f"{ref(row)}/refund/{ref(refund)}", -refunded(refund),
                 moment(refund, "date_created_gmt"), shown(row, "payment_method_title"))
         for refund in early if value(refund, "refunded_payment") is True],
    )


def is_return(row: Any, refund: Any) -> bool:
    """Whether a refund was made after the goods had left."""
    sent: datetime | None = moment_or_none(row, "date_completed_gmt")
    return sent is not None and moment(refund, "date_created_gmt") >= sent


def refunded(refund: Any) -> Decimal:
    """The money of a refund, above zero."""
    return abs(cents(amount(refund, "amount")))


def units_of(refund: Any) -> dict[str, int]:
    """Line of the order -> units given back in a refund; they are below zero there."""
    found: dict[str, int] = {}
    for entry in children(refund, "line_items"):
        line_ref = str(metas(entry).get("_refunded_item_id") or "")
        if line_ref and whole(entry, "quantity"):
            found[line_ref] = found.get(line_ref, 0) + abs(whole(entry, "quantity"))
    return found


def is_sold(entry: Any) -> bool:
    """Whether a line is of any unit: a seller can take one down to none."""
    return whole(entry, "quantity") != 0
