"""What an order costs, what was paid of it, and what was given back. Pure.

PrestaShop keeps a unit's price with six places and rounds by unit, line or order, as the shop
wants. A line's ``total_price_tax_incl`` is what the buyer paid for it, so a unit's price is made of
that, and the order's own total is the only sum that was charged: the rest is measured by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from oms_connector import OrderLine, Payment
from oms_connector.reading import CENT, Puzzling, cents, value

from oms_prestashop import words
from oms_prestashop.clock import Clock
from oms_prestashop.reading import (
    amount,
    amount_or_zero,
    children,
    is_on,
    ref,
    ref_or_empty,
    shown,
    whole,
)
from oms_prestashop.states import States

COD = re.compile(r"cash_?on_?delivery|(?:^|_)cod(?:_|fee|pro|$)|codfee|pobrani|przy odbiorze|"
                 r"za pobran", re.IGNORECASE)
EXEMPT = re.compile(r"\bzw\b|zwoln|exempt", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Credit slips from before the goods left. ``units``: line -> units; ``amount``: their sum."""

    units: Mapping[str, int] = field(default_factory=dict)
    amount: Decimal = Decimal(0)


NOTHING_BACK = GivenBack()


@dataclass(frozen=True, slots=True)
class Sums:
    """``shipping`` holds gift wrapping too, which has no line of its own."""

    total: Decimal
    shipping: Decimal
    discount: Decimal


def line(detail: Any, taxes: Mapping[str, Any], back: GivenBack) -> OrderLine:
    """One position. The price of a unit is rounded up; what that is too much, is a discount."""
    number, count = ref(detail), whole(detail, "product_quantity")
    if count < 1:
        raise Puzzling(words.NOT_WHOLE, "product_quantity", value(detail, "product_quantity"))
    gross = cents(amount(detail, "total_price_tax_incl"))
    return OrderLine(
        line_ref=number,
        offer_ref=offer_ref(detail, "product_id", "product_attribute_id"),
        sku=shown(detail, "product_reference"),
        ean=shown(detail, "product_ean13"),
        title=shown(detail, "product_name"),
        quantity=count,
        unit_price=(gross / count).quantize(CENT, "ROUND_CEILING"),
        vat_rate=vat_rate(detail, taxes),
        cancelled=min(count, back.units.get(number, 0)),
    )


def offer_ref(row: Any, product: str, combination: str) -> str:
    """A product's number; of a combination both numbers."""
    first, second = ref_or_empty(row, product), ref_or_empty(row, combination)
    return f"{first}/{second}" if first and second else first


def vat_rate(detail: Any, taxes: Mapping[str, Any]) -> str:
    """A rate code; empty where there is no tax on the line, or more than one."""
    numbers = {ref(one) for one in children(detail, "taxes")}
    found = [taxes[one] for one in numbers if one in taxes]
    if len(numbers) != 1 or not found:
        return ""
    rate = amount(found[0], "rate").normalize()
    if not rate and EXEMPT.search(shown(found[0], "name")):
        return "zw"
    return f"{rate:f}"


def wrapping(row: Any) -> Decimal:
    """What gift wrapping costs."""
    return cents(amount_or_zero(row, "total_wrapping_tax_incl"))


def sums(row: Any, lines: Sequence[OrderLine], back: GivenBack) -> Sums:
    """The sums of an order whose goods are ``lines``, after what was given back before sending.

    A total below what is counted is a discount: units rounded up, or what a module took off. One
    above it is left for a person to see, if it is more than rounding.
    """
    charged = cents(amount(row, "total_paid_tax_incl"))
    shipping = cents(amount_or_zero(row, "total_shipping_tax_incl")) + wrapping(row)
    discount = cents(amount_or_zero(row, "total_discounts_tax_incl"))
    goods = sum((one.unit_price * one.quantity for one in lines), Decimal(0))
    off = charged - (goods + shipping - discount)
    if off < 0:
        discount -= off
    elif off <= CENT * (len(lines) + 2):
        shipping += off
    total = charged - back.amount
    if back.amount or back.units:
        gone = sum((one.unit_price * one.cancelled for one in lines), Decimal(0))
        off = total - (goods - gone + shipping - discount)
        shipping, discount = (shipping + off, discount) if off > 0 else (shipping, discount - off)
    return Sums(total, shipping, discount)


def payment_kind(row: Any) -> Literal["prepaid", "cod"]:
    """How it is paid: on delivery by PrestaShop's own module or another's."""
    said = (shown(row, "module"), shown(row, "payment"))
    return "cod" if any(COD.search(one) for one in said) else "prepaid"


def payments(row: Any, found: Sequence[Any], clock: Clock) -> list[Payment]:
    """Money that the shop took.

    Payments belong to a reference, which several orders of one basket may share; then what counts
    for this order is its own sum. On delivery nothing counts: PrestaShop writes a payment down as
    soon as such an order is worked on, long before a courier has the money.
    """
    taken = cents(amount_or_zero(row, "total_paid_real"))
    number = ref(row)
    made = [Payment(f"{number}/{ref(one)}", cents(amount(one, "amount")),
                    clock.moment(one, "date_add"), shown(one, "payment_method"))
            for one in found if amount(one, "amount") > 0]
    if sum((one.amount for one in made), Decimal(0)) == taken:
        return made
    at = max((one.at for one in made), default=None) or clock.moment(row, "date_add")
    return [Payment(f"{number}/paid", taken, at, shown(row, "payment"))] if taken > 0 else []


def is_paid(row: Any, status: Any, kind: str) -> bool:
    """Whether it is paid, where no payment says so: its status may, or there was nothing to pay."""
    return kind != "cod" and (is_on(status, "paid") or not amount(row, "total_paid_tax_incl"))


def sent_at(history: Sequence[Any], states: States, clock: Clock) -> datetime | None:
    """When the goods left: the first status that says so."""
    return min((clock.moment(one, "date_add") for one in history
                if states.has_left(ref_or_empty(one, "id_order_state"))), default=None)


def given_back(slips: Sequence[Any], sent: datetime | None, clock: Clock) -> GivenBack:
    """Credit slips from before the goods left. Later ones are returns, see there."""
    early = [slip for slip in slips if not is_return(slip, sent, clock)]
    units: dict[str, int] = {}
    for slip in early:
        for line_ref, count in units_of(slip).items():
            units[line_ref] = units.get(line_ref, 0) + count
    return GivenBack(units, sum((refunded(slip) for slip in early), Decimal(0)))


def is_return(slip: Any, sent: datetime | None, clock: Clock) -> bool:
    """Whether a credit slip was made after the goods had left."""
    return sent is not None and clock.moment(slip, "date_add") >= sent


def refunded(slip: Any) -> Decimal:
    """The money of a credit slip, with tax."""
    return cents(amount_or_zero(slip, "total_products_tax_incl")
                 + amount_or_zero(slip, "total_shipping_tax_incl"))


def units_of(slip: Any) -> dict[str, int]:
    """Line of the order -> units given back in a credit slip."""
    found: dict[str, int] = {}
    for one in children(slip, "order_slip_details"):
        count = whole(one, "product_quantity")
        if count > 0:
            line_ref = ref(one, "id_order_detail")
            found[line_ref] = found.get(line_ref, 0) + count
    return found
