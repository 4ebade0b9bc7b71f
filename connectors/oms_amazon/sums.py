"""What an order costs. Pure.

``proceeds`` breaks the money down by kind: ``ITEM`` (for all units of a line), ``SHIPPING``,
``GIFT_WRAP``, ``COD_FEE``, ``TAX``, ``DISCOUNT``, ``OTHER``. Whether the tax is within the prices
or comes on top Amazon does not say: in Europe it is within, in America on top, and the vendor's own
example of a British order has it on top. Nor does it say how a discount is signed, and whether it
has been taken off already. So the order's grand total decides, which is what the buyer pays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from oms_connector import OrderLine
from oms_connector.reading import Puzzling, child, children, text, value

from oms_amazon import places, words
from oms_amazon.reading import amount, text_or_empty, whole, whole_or_none

ZERO = Decimal(0)
Reading = tuple[bool, bool]
"""Whether the tax comes on top, and whether discounts are still to be taken off."""
READINGS: Sequence[Reading] = ((False, True), (True, True), (False, False), (True, False))
NO_CENTS = frozenset({"JPY"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What one line costs by kind. ``off``: what is taken off its price and its delivery."""

    goods: Decimal
    delivery: Decimal
    tax_on_goods: Decimal
    tax_on_delivery: Decimal
    off_goods: Decimal
    off_delivery: Decimal

    def cost(self, how: Reading) -> tuple[Decimal, Decimal]:
        """What the buyer pays for the goods and for all else."""
        is_taxed, is_cut = how
        return (self.goods - self.off_goods * is_cut + self.tax_on_goods * is_taxed,
                self.delivery - self.off_delivery * is_cut + self.tax_on_delivery * is_taxed)


@dataclass(frozen=True, slots=True)
class Sums:
    """``total`` is None while Amazon tells no prices. ``shipping`` holds wrapping and fees too."""

    currency: str
    total: Decimal | None
    shipping: Decimal
    discount: Decimal
    lines: Sequence[OrderLine]


def sums(order: Any, *, is_cancelled: bool) -> Sums:
    """The sums of an order with its lines."""
    entries = children(order, "orderItems")
    parts = [parts_of(entry) for entry in entries]
    grand = child(order, "proceeds").get("grandTotal")
    total = None if grand is None else amount(child(order, "proceeds"), "grandTotal")
    currency = _currency(order, entries)
    how = _reading(parts, total)
    costs = [part.cost(how) for part in parts]
    priced = [_units_priced(entry, part) for entry, part in zip(entries, parts, strict=True)]
    lines = [line(entry, cost[0], units, currency, order, is_cancelled=is_cancelled)
             for entry, cost, units in zip(entries, costs, priced, strict=True)]
    # What three for 10.00 make too much, once a unit's price is rounded up.
    rounding = sum((one.unit_price * units - cost[0]
                    for one, cost, units in zip(lines, costs, priced, strict=True) if units), ZERO)
    shipping = sum((cost[1] for cost in costs), ZERO)
    return Sums(currency, total, shipping, rounding, lines)


def parts_of(entry: Any) -> Parts:
    """What a line costs by kind; all zero while Amazon tells no prices."""
    told = {text(one, "type"): one for one in children(child(entry, "proceeds"), "breakdowns")}

    def of(*kinds: str) -> Decimal:
        return sum((amount(told[kind], "subtotal") for kind in kinds if kind in told), ZERO)

    goods = of("ITEM") if "ITEM" in told else \
        _listed(entry, whole(entry, "quantityOrdered"))
    tax_elsewhere = _within(told.get("TAX"), ("SHIPPING", "GIFT_WRAP", "COD_FEE"))
    off_elsewhere = abs(_within(told.get("DISCOUNT"), ("SHIPPING", "GIFT_WRAP", "COD_FEE")))
    return Parts(
        goods=goods, delivery=of("SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER"),
        tax_on_goods=of("TAX") - tax_elsewhere, tax_on_delivery=tax_elsewhere,
        off_goods=abs(of("DISCOUNT")) - off_elsewhere, off_delivery=off_elsewhere,
    )


def line(entry: Any, cost: Decimal, priced: int, currency: str, order: Any, *,
         is_cancelled: bool) -> OrderLine:
    """One position. ``cost`` is that of ``priced`` units.

    Of a line that was called off Amazon may say that zero units were ordered: it is then one unit
    of which none is wanted, since a line that is left out would still be sent.
    """
    product = child(entry, "product")
    ordered = whole(entry, "quantityOrdered")
    quantity = max(ordered, 1)
    sku = text_or_empty(product, "sellerSku")
    return OrderLine(
        line_ref=text(entry, "orderItemId"),
        offer_ref=f"{marketplace(order)}/{sku}" if sku and marketplace(order) else sku,
        sku=sku,
        title=text_or_empty(product, "title") or text_or_empty(product, "asin"),
        quantity=quantity,
        unit_price=_unit(cost, priced, currency) if priced else ZERO,
        cancelled=0 if is_cancelled else quantity - ordered + _called_off(entry, ordered),
    )


def marketplace(order: Any) -> str:
    """The id of the marketplace an order is of; empty where it is not told."""
    return text_or_empty(child(order, "salesChannel"), "marketplaceId")


def _units_priced(entry: Any, parts: Parts) -> int:
    """How many units a line's money is for: those that were ordered, or, once some were called
    off, perhaps only those that are left. The price of a unit tells.
    """
    ordered = whole(entry, "quantityOrdered")
    left = ordered - _called_off(entry, ordered)
    return left if left and left != ordered and parts.goods == _listed(entry, left) else ordered


def _called_off(entry: Any, ordered: int) -> int:
    """Units of a line that were called off, whoever did it; the line stays as it was ordered."""
    if not child(child(entry, "cancellation"), "cancellationExecution"):
        return 0
    counts = child(entry, "fulfillment")
    gone, left = (whole_or_none(counts, "quantityFulfilled"),
                  whole_or_none(counts, "quantityUnfulfilled"))
    if gone is None or left is None:
        return ordered
    return max(ordered - gone - left, 0)


def _reading(parts: Sequence[Parts], total: Decimal | None) -> Reading:
    """Which way of adding the parts up makes the grand total; the first, if none does."""
    return next((how for how in READINGS
                 if sum((sum(part.cost(how)) for part in parts), ZERO) == total), READINGS[0])


def _currency(order: Any, entries: Sequence[Any]) -> str:
    """The currency of the total, of a price, or, while there are none, of the marketplace."""
    grand = child(child(order, "proceeds"), "grandTotal")
    if grand:
        return text(grand, "currencyCode")
    prices = (child(child(child(entry, "product"), "price"), "unitPrice") for entry in entries)
    found = next((text(price, "currencyCode") for price in prices if price), "")
    place = places.BY_ID.get(marketplace(order))
    if not (found or place):
        raise Puzzling(words.NO_CURRENCY, "currencyCode", marketplace(order))
    return found or (place.currency if place else "")


def _listed(entry: Any, units: int) -> Decimal:
    price = child(child(entry, "product"), "price")
    if value(price, "unitPrice") is None:
        return ZERO
    return amount(price, "unitPrice") * units


def _within(breakdown: Mapping[str, Any] | None, kinds: Sequence[str]) -> Decimal:
    return sum((amount(one, "value") for one in children(breakdown, "detailedBreakdowns")
                if text_or_empty(one, "subtype") in kinds), ZERO)


def _unit(cost: Decimal, quantity: int, currency: str) -> Decimal:
    least = Decimal(1) if currency in NO_CENTS else Decimal("0.01")
    return (cost / quantity).quantize(least, ROUND_CEILING)
