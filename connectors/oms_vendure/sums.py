"""What an order costs, what was paid of it, and how many units of it are where. Pure.

A line's ``quantity`` is what is left of it: calling units off lowers it, whether or not they had
been sent. So what is still wanted of a line is the greater of what is left and what was sent; units
beyond what is left are coming back (``returns``), and their price, which Vendure has taken out of
the total already, is put back into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oms_connector import OrderLine, Payment
from oms_connector.reading import CENT, Puzzling, cents, child, shown, text, value, whole

from oms_vendure import words
from oms_vendure.reading import amount, children, moment, ref, ref_or_empty
from oms_vendure.terms import Terms

SENT = frozenset({"Shipped", "Delivered"})
GONE = "Cancelled"
SETTLED = "Settled"
EXEMPT = ("zw", "zwolnion", "exempt")


@dataclass(frozen=True, slots=True)
class Sums:
    """``shipping`` holds surcharges too, which have no line of their own; ``extras`` names them."""

    total: Decimal
    shipping: Decimal
    discount: Decimal
    extras: tuple[str, ...]


def sent_units(row: Any) -> dict[str, int]:
    """Line -> units that have left."""
    return _units(row, lambda state: state in SENT)


def parcelled_units(row: Any) -> dict[str, int]:
    """Line -> units that are in parcels, sent or not."""
    return _units(row, lambda state: state != GONE)


def _units(row: Any, counts: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for parcel in children(row, "fulfillments"):
        if counts(text(parcel, "state")):
            for entry in children(parcel, "lines"):
                line_ref = ref(entry, "orderLineId")
                found[line_ref] = found.get(line_ref, 0) + whole(entry, "quantity")
    return found


def ordered(entry: Any, sent: int = 0) -> int:
    """Units that were ever wanted of a line: a seller may have added some later."""
    return max(whole(entry, "quantity"), whole(entry, "orderPlacedQuantity"), sent)


def line(entry: Any, terms: Terms, sent: int, *, is_over: bool) -> OrderLine:
    """One position. The price of a unit is rounded up; what that is too much, is a discount.

    Args:
        sent: its units that have left.
        is_over: whether the whole order is called off; it goes on saying what was asked for.
    """
    left, count = whole(entry, "quantity"), ordered(entry, sent)
    variant = child(entry, "productVariant")
    return OrderLine(
        line_ref=ref(entry),
        offer_ref=ref_or_empty(variant),
        sku=shown(variant, "sku"),
        title=shown(variant, "name"),
        quantity=count,
        unit_price=_unit_price(entry, left, terms),
        vat_rate=vat_rate(entry),
        cancelled=0 if is_over else count - max(left, sent),
    )


def _unit_price(entry: Any, left: int, terms: Terms) -> Decimal:
    if left > 0:
        whole_line = amount(entry, "proratedLinePriceWithTax", terms.precision)
        return (whole_line / left).quantize(CENT, "ROUND_CEILING")
    return cents(amount(entry, "proratedUnitPriceWithTax", terms.precision))


def sums(row: Any, terms: Terms, lines: Sequence[OrderLine], *, is_over: bool) -> Sums:
    """The sums of an order whose goods are ``lines``; of what is called off, what it had cost."""
    extras = [(amount(one, "priceWithTax", terms.precision), shown(one, "description"))
              for one in children(row, "surcharges")]
    named = tuple(name for cost, name in extras if cost > 0 and name)
    fees = cents(sum((cost for cost, _ in extras if cost > 0), Decimal(0)))
    goods = sum((one.unit_price * (one.quantity - one.cancelled) for one in lines), Decimal(0))
    if is_over:
        shipping = fees + cents(sum((amount(one, "priceWithTax", terms.precision)
                                     for one in children(row, "shippingLines")), Decimal(0)))
        return Sums(goods + shipping, shipping, Decimal(0), named)
    shipping = fees + cents(amount(row, "shippingWithTax", terms.precision))
    left = {ref(entry): whole(entry, "quantity") for entry in children(row, "lines")}
    back = sum((one.unit_price * (one.quantity - one.cancelled - left.get(one.line_ref, 0))
                for one in lines), Decimal(0))
    total = cents(amount(row, "totalWithTax", terms.precision)) + back
    off = goods + shipping - total
    return Sums(total, shipping - min(off, Decimal(0)), max(off, Decimal(0)), named)


def vat_rate(entry: Any) -> str:
    """A rate code. A rate of nothing that speaks of an exemption is one."""
    rate = value(entry, "taxRate")
    if rate is None:
        return ""
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise Puzzling(words.NOT_A_RATE, "taxRate", rate)
    said = " ".join(shown(one, "description") for one in children(entry, "taxLines")).lower()
    if rate == 0 and any(word.startswith(EXEMPT) for word in said.split()):
        return "zw"
    return f"{rate:g}"


def method(row: Any) -> str:
    """The code of the payment method that was used last."""
    codes = [shown(one, "method") for one in children(row, "payments")]
    return codes[-1] if codes else ""


def payments(row: Any, terms: Terms) -> list[Payment]:
    """Money that was taken, and what of it was given back."""
    found: list[Payment] = []
    for one in children(row, "payments"):
        if text(one, "state") != SETTLED:
            continue
        named = shown(one, "method")
        found.append(Payment(f"payment/{ref(one)}", cents(amount(one, "amount", terms.precision)),
                             moment(one, "updatedAt"), named))
        found += [Payment(f"refund/{ref(back)}", -cents(amount(back, "total", terms.precision)),
                          moment(back, "updatedAt"), named)
                  for back in children(one, "refunds") if text(back, "state") == SETTLED]
    return found


def counts_by_line(row: Any) -> Mapping[str, Any]:
    """The lines by their ids."""
    return {ref(entry): entry for entry in children(row, "lines")}
