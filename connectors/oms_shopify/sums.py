"""What an order costs, what was paid of it, and what was given back. Pure.

Amounts are those the buyer saw and paid (``presentmentMoney``): only they add up to what was
charged, and only they can stand on an invoice or be given back. A line's tax stands beside it, and
is within its price where the shop says so (``taxesIncluded``). A line says how many were ordered
and how many are left; whether what is missing was called off before sending or sent back
afterwards is told by refunds and returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector import OrderLine, Payment
from oms_connector.reading import (
    CENT,
    Puzzling,
    cents,
    child,
    children,
    decimal,
    moment,
    moment_or_none,
    shown,
    text,
    value,
    whole,
)

from oms_shopify.queries import REFUNDS_AT_ONCE
from oms_shopify.reading import money, money_or_zero, nodes, ref
from oms_shopify.words import MANY_REFUNDS, NEW_STATUS

LIVE = "SUCCESS"
AGREED = frozenset({"OPEN", "CLOSED"})
TAKEN = frozenset({"SALE", "CAPTURE"})
GIVEN = frozenset({"REFUND", "CHANGE"})
RESTOCKS = {"CANCEL": False, "RETURN": True, "NO_RESTOCK": None, "LEGACY_RESTOCK": None}
"""Whether the goods had been sent; None where only the moment tells."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """``early``: line -> units called off before sending. ``late``: line -> units that were sent
    and come back. ``amount``: money given back before sending beyond what units explain.
    ``transactions``: ids of payments to the buyer that belong to goods that were sent.
    """

    early: Mapping[str, int] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)
    amount: Decimal = Decimal(0)
    transactions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sums:
    """``shipping`` holds duties and fees too; ``extras`` names them."""

    total: Decimal
    shipping: Decimal
    discount: Decimal
    extras: tuple[str, ...]


def line(entry: Any, row: Any, back: GivenBack, *, is_whole: bool) -> OrderLine:
    """One position. The price of a unit is rounded up; what that is too much, is a discount.

    Args:
        is_whole: the order is called off as a whole, and goes on saying what was asked for.
    """
    number, count = ref(entry), whole(entry, "quantity")
    variant = child(entry, "variant")
    removed = max(0, count - whole(entry, "currentQuantity"))
    cancelled = max(back.early.get(number, 0), removed - back.late.get(number, 0))
    return OrderLine(
        line_ref=number,
        offer_ref=shown(variant, "legacyResourceId"),
        sku=shown(entry, "sku"),
        ean=shown(variant, "barcode"),
        title=text(entry, "name"),
        quantity=count,
        unit_price=(gross(entry, row) / count).quantize(CENT, "ROUND_CEILING"),
        vat_rate=vat_rate(entry),
        cancelled=0 if is_whole else min(count, cancelled),
    )


def gross(entry: Any, row: Any) -> Decimal:
    """What the buyer pays for all units of a line, with tax and after all discounts."""
    full = money(entry, "originalUnitPriceSet") * whole(entry, "quantity")
    off = sum((money(one, "allocatedAmountSet") for one in children(entry, "discountAllocations")),
              Decimal(0))
    return cents(full - off + _tax_on_top(entry, row))


def shipping(row: Any) -> Decimal:
    """What the buyer pays for sending, with tax."""
    return cents(sum((money(one, "discountedPriceSet") + _tax_on_top(one, row)
                      for one in nodes(row, "shippingLines")), Decimal(0)))


def sums(row: Any, entries: Sequence[Any], lines: Sequence[OrderLine], back: GivenBack, *,
         is_whole: bool) -> Sums:
    """The sums of an order whose goods are ``lines``, as it was before anything was sent back.

    A total below what is counted is a discount, by whatever name. A total above it is left for a
    person to see, if it is more than rounding. Where goods were sent back, Shopify's present total
    is without them, so what is left of the lines makes the total.
    """
    costs = shipping(row)
    fees = [(money_or_zero(row, name), said) for name, said in (
        ("currentTotalDutiesSet", "Duties"), ("currentTotalAdditionalFeesSet", "Fees"))]
    costs += sum((fee for fee, _ in fees), Decimal(0))
    extras = tuple(said for fee, said in fees if fee > 0)
    goods = sum((one.unit_price * (one.quantity - one.cancelled) for one in lines), Decimal(0))
    if back.late and not is_whole:
        exact = sum((cents(gross(entry, row) * (one.quantity - one.cancelled) / one.quantity)
                     for entry, one in zip(entries, lines, strict=True)), Decimal(0))
        total = exact + costs - back.amount
    else:
        total = cents(money(row, "totalPriceSet" if is_whole else "currentTotalPriceSet"))
        total -= Decimal(0) if is_whole else back.amount
    discount, off = Decimal(0), total - goods - costs
    if off < 0:
        discount = -off
    elif off <= CENT * (len(lines) + 2):
        costs += off
    return Sums(total, costs, discount, extras)


def vat_rate(entry: Any) -> str:
    """A rate code; empty where the shop counts no tax, or more than one."""
    found = [value(tax, "ratePercentage") for tax in children(entry, "taxLines")]
    if len(found) != 1 or isinstance(found[0], bool) or not isinstance(found[0], int | float):
        return ""
    return f"{found[0]:g}"


def payments(row: Any, back: GivenBack) -> list[Payment]:
    """Money that came, and what of it was given back before sending."""
    found = []
    for one in children(row, "transactions"):
        kind, number = text(one, "kind"), ref(one)
        sign = 1 if kind in TAKEN else -1 if kind in GIVEN else 0
        if value(one, "status") != LIVE or not sign or number in back.transactions:
            continue
        amount = decimal(value(one, "amountSet", "presentmentMoney", "amount"), "amountSet")
        if amount:
            at = moment_or_none(one, "processedAt") or moment(one, "createdAt")
            found.append(Payment(number, sign * amount, at, shown(one, "formattedGateway")))
    return found


def given_back(row: Any, after: Any) -> GivenBack:
    """What refunds and returns say: before sending units are called off, later they come back."""
    refunds = children(after, "refunds")
    if len(refunds) > REFUNDS_AT_ONCE:
        raise Puzzling(MANY_REFUNDS, "refunds", len(refunds))
    sent = sent_at(after)
    early: dict[str, int] = {}
    late = dict(returned(after))
    amount, transactions = Decimal(0), set()
    for refund in refunds:
        for one in nodes(refund, "refundLineItems"):
            number = ref(child(one, "lineItem"))
            if not is_late(one, refund, sent):
                early[number] = early.get(number, 0) + whole(one, "quantity")
            elif value(refund, "return") is None:
                late[number] = late.get(number, 0) + whole(one, "quantity")
        if is_after_sending(refund, sent):
            transactions |= {ref(one) for one in nodes(refund, "transactions")}
        else:
            amount += max(Decimal(0), money(refund, "totalRefundedSet")
                          - _explained(row, refund))
    return GivenBack(early, late, amount, frozenset(transactions))


def returned(after: Any) -> Mapping[str, int]:
    """Line -> units of it in returns that were agreed to."""
    found: dict[str, int] = {}
    for one in nodes(after, "returns"):
        if value(one, "status") in AGREED:
            for entry in nodes(one, "returnLineItems"):
                known = value(entry, "fulfillmentLineItem", "lineItem")
                if known is not None:
                    number = ref(known)
                    found[number] = found.get(number, 0) + whole(entry, "quantity")
    return found


def sent_at(after: Any) -> datetime | None:
    """When the first parcel of an order left."""
    return min((moment(one, "createdAt") for one in children(after, "fulfillments")
                if value(one, "status") == LIVE), default=None)


def is_late(entry: Any, refund: Any, sent: datetime | None) -> bool:
    """Whether units of a refund had been sent."""
    kind = text(entry, "restockType")
    if kind not in RESTOCKS:
        raise Puzzling(NEW_STATUS, "restockType", kind)
    told = RESTOCKS[kind]
    return is_after_sending(refund, sent) if told is None else told


def is_after_sending(refund: Any, sent: datetime | None) -> bool:
    """Whether a refund belongs to goods that had been sent, so that the order stays as it was."""
    if value(refund, "return") is not None:
        return True
    kinds = {value(one, "restockType") for one in nodes(refund, "refundLineItems")}
    if "RETURN" in kinds or "CANCEL" in kinds:
        return "CANCEL" not in kinds
    return sent is not None and moment(refund, "createdAt") >= sent


def _explained(row: Any, refund: Any) -> Decimal:
    """What the units and the sending of a refund are worth, rather more than less."""
    entries = {ref(one): one for one in nodes(row, "lineItems")}
    found = Decimal(0)
    for one in nodes(refund, "refundLineItems"):
        entry = entries.get(ref(child(one, "lineItem")))
        if entry is not None:
            share = Decimal(whole(one, "quantity")) / whole(entry, "quantity")
            found += (gross(entry, row) * share).quantize(CENT, "ROUND_CEILING")
    return found + sum((money(one, "subtotalAmountSet") + money(one, "taxAmountSet")
                        for one in nodes(refund, "refundShippingLines")), Decimal(0))


def _tax_on_top(entry: Any, row: Any) -> Decimal:
    if value(row, "taxesIncluded") is True:
        return Decimal(0)
    return sum((money(tax, "priceSet") for tax in children(entry, "taxLines")), Decimal(0))
