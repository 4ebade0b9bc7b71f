"""Money back through the shop's own gateway (``api_refund``), where that gateway can do it.

WooCommerce takes no key: ours stands beside the refund, and a mark of it in the reason, which is
written before the gateway is asked; what is there is looked at first. Nothing is put back into
stock: quantities come from here. Source: WooCommerce REST API v3, "Order refunds"; whether the
money went back by the gateway is its ``refunded_payment``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from oms_connector import ChannelDown, RefundAsk, RefundTold, Refused
from oms_connector.paying import in_minor
from oms_connector.reading import Puzzling, cents, value, whole

from oms_woocommerce import sums, words
from oms_woocommerce.calls import MOST, Api
from oms_woocommerce.parcels import get_order
from oms_woocommerce.pulling import DIGITS
from oms_woocommerce.reading import amount_or_zero, children, moment_or_none, ref, shown

KEY = "_oms_refund"


def refund(api: Api, ask: RefundAsk) -> RefundTold:
    """Give money of an order back, unless it was given back under this key before.

    Raises:
        NotFound: there is no such order.
        Refused: the gateway cannot, or more is asked for than is left.
        OutcomeUnknown: sent, and nobody knows.
    """
    in_minor(ask.amount)
    row = get_order(api, ask.payment)
    known = find(api, ask)
    if known is not None:
        return known
    try:
        items = [*_lines(row, ask), *_shipping(row, ask.shipping)]
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    made = api.send("POST", f"/orders/{ask.payment}/refunds", {
        "amount": f"{ask.amount:.2f}", "reason": f"{ask.description[:200]} ({mark_of(ask)})",
        "api_refund": True, "api_restock": False, "line_items": items,
        "meta_data": [{"key": KEY, "value": ask.key}],
    }, "id", "refunded_payment")
    return _told(made, ask)


def find(api: Api, ask: RefundAsk, reference: str = "") -> RefundTold | None:
    """The refund of our mark, or of the shop's own number.

    Raises:
        NotFound: there is no such order.
        ChannelDown: the shop fails, or what it answers makes no sense.
    """
    if not ask.payment.isdigit():
        return None
    mark = f"({mark_of(ask)})"
    try:
        for one in api.rows(f"/orders/{ask.payment}/refunds", {"per_page": MOST, "dp": DIGITS}):
            if mark in shown(one, "reason") or (reference and _name(ask, one) == reference):
                return _told(one, ask)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    return None


def mark_of(ask: RefundAsk) -> str:
    """A mark of our key, short enough for a buyer's eyes."""
    return sha256(ask.key.encode()).hexdigest()[:8]


def name_of(order: str, number: str) -> str:
    """How a refund is called here, among an order's payments and its returns alike."""
    return f"{order}/refund/{number}"


def _name(ask: RefundAsk, one: Any) -> str:
    return name_of(ask.payment, ref(one))


def _told(one: Any, ask: RefundAsk) -> RefundTold:
    """A refund whose money the gateway has not confirmed is still on its way, or stuck there."""
    is_done = value(one, "refunded_payment") is True
    return RefundTold(
        _name(ask, one), sums.refunded(one), "done" if is_done else "pending", ask.key,
        moment_or_none(one, "date_created_gmt"), "" if is_done else words.NOT_CONFIRMED)


def _lines(row: Any, ask: RefundAsk) -> Iterator[dict[str, Any]]:
    entries = {ref(entry): entry for entry in children(row, "line_items")}
    for line in ask.lines:
        if line.line_ref not in entries:
            raise Refused(words.NO_LINE % {"ref": line.line_ref}, field="lines")
        yield _item(entries[line.line_ref], line.amount) | {"quantity": line.quantity}


def _shipping(row: Any, cost: Decimal) -> Iterator[dict[str, Any]]:
    """What goes back of sending, from one way to send after the other."""
    for entry in children(row, "shipping_lines"):
        some = min(cost, cents(amount_or_zero(entry, "total") + amount_or_zero(entry, "total_tax")))
        if some > 0:
            cost -= some
            yield _item(entry, some)


def _item(entry: Any, gross: Decimal) -> dict[str, Any]:
    """An item of a refund: the money, its taxes taken out in the entry's own proportion."""
    net, taxes = amount_or_zero(entry, "total"), children(entry, "taxes")
    whole_ = net + sum((amount_or_zero(tax, "total") for tax in taxes), Decimal(0))
    parts = _shares(gross, [amount_or_zero(tax, "total") / whole_ if whole_ else Decimal(0)
                            for tax in taxes])
    return {
        "id": int(ref(entry)), "refund_total": float(gross - sum(parts, Decimal(0))),
        "refund_tax": [{"id": whole(tax, "id"), "refund_total": float(part)}
                       for tax, part in zip(taxes, parts, strict=True)],
    }


def _shares(gross: Decimal, of: Sequence[Decimal]) -> list[Decimal]:
    return [cents(gross * one) for one in of]
