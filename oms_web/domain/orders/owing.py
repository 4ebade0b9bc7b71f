"""What a buyer owes, now that other units or other sums count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from oms_web.core.money import line_total, spread
from oms_web.core.work import Work
from oms_web.domain.orders import parting, phases
from oms_web.domain.orders.merging import SUMS
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines


def sums_of(order: Order) -> dict[str, int]:
    """The sums of an order as it stands, by the names of ``merging.SUMS``."""
    return {name: getattr(order, name) for name in SUMS}


def owe_together(work: Work, orders: Sequence[Order], sums: Mapping[str, int]) -> None:
    """The buyer owes for what is not cancelled of a purchase, split into several orders or not.

    Together they cost what the purchase would cost in one piece, see ``parting.divide``.
    """
    going = [order for order in orders if order.phase != phases.CANCELLED]
    if len(orders) == 1 or not going:
        for order in going:
            owe(work, order, sums)
        return
    lines = {order.id: order_lines(work.session, order.id) for order in going}
    wanted: dict[tuple[int | None, str, int], int] = defaultdict(int)
    currency = going[0].currency
    for line in (line for mine in lines.values() for line in mine):
        line.total = line_total(line.unit_price, line.quantity - line.cancelled, currency)
        name = line.channel_order_id, line.line_ref or f"line {line.id}", line.unit_price
        wanted[name] += line.quantity - line.cancelled
    items = sum(line_total(price, units, currency) for (_, _, price), units in wanted.items())
    gone = sums["items_total"] - items
    discount = spread(sums["discount_total"], [items, gone])[0] if gone > 0 \
        else sums["discount_total"]
    shares = parting.divide(parting.Sums(items, sums["shipping_total"], discount),
                            [sum(line.total for line in lines[order.id]) for order in going])
    for order, share in zip(going, shares, strict=True):
        order.items_total, order.shipping_total = share.items, share.shipping
        order.discount_total, order.total = share.discount, share.total
        order.units = sum(line.quantity for line in lines[order.id])
    work.session.flush()


def owe(work: Work, order: Order, sums: Mapping[str, int]) -> None:
    """The buyer owes for what is not cancelled: delivery stays, the discount falls in proportion.

    An order that is cancelled as a whole keeps its sums: they say what was asked for. How far it
    is paid then, the caller has to settle.

    Args:
        sums: what was owed for all units that are known of, by the names of ``merging.SUMS``.
    """
    if order.phase == phases.CANCELLED:
        return
    lines = order_lines(work.session, order.id)
    for line in lines:
        line.total = line_total(line.unit_price, line.quantity - line.cancelled, order.currency)
    order.items_total = sum(line.total for line in lines)
    gone = sums["items_total"] - order.items_total
    order.shipping_total = sums["shipping_total"]
    order.discount_total = sums["discount_total"]
    if gone > 0:
        order.discount_total = spread(sums["discount_total"], [order.items_total, gone])[0]
    order.total = order.items_total + order.shipping_total - order.discount_total
    order.units = sum(line.quantity for line in lines)
    work.session.flush()
