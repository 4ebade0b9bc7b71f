"""What an order costs, position by position, each with its VAT rate. Pure; minor units.

An order's discount belongs to its lines, and delivery shares the fate of what is delivered
(it is part of the same supply), so both are divided in proportion to value with nothing lost:
the positions always add up to the order's total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from oms_web.core.errors import Invalid
from oms_web.core.money import spread
from oms_web.domain.documents.vat import rate_order

GOODS, DELIVERY, SURCHARGE = "goods", "delivery", "surcharge"


@dataclass(frozen=True, slots=True)
class Charge:
    """One position. ``amount`` is after ``discount``; ``unit_price`` (micro) is before it.

    ``line_id`` points to the order line of goods; ``title`` of other kinds is empty: the
    document's language names them. ``gtu`` is a code of goods for registers, or empty.
    """

    kind: str
    rate: str
    amount: int
    quantity: int = 1
    unit_price: int | None = None
    discount: int = 0
    title: str = ""
    sku: str = ""
    line_id: int | None = None
    gtu: str = ""


def charges(goods: Sequence[Charge], delivery: int, discount: int) -> list[Charge]:
    """Goods less their share of the discount, then delivery once per VAT rate.

    A discount larger than the goods goes on to the delivery ("free delivery" codes). A negative
    discount is a surcharge (a payment fee) and is divided like delivery.

    Raises:
        Invalid: nothing is sold, or the discount is larger than everything it can lower.
    """
    if not goods:
        raise Invalid("This order has nothing left to invoice.")
    worth = sum(line.amount for line in goods)
    on_goods = min(max(discount, 0), worth)
    on_delivery = max(discount, 0) - on_goods
    if on_delivery > delivery:
        raise Invalid("The discount is larger than the order.")
    cuts = spread(on_goods, [line.amount for line in goods])
    lowered = [
        replace(line, amount=line.amount - cut, discount=line.discount + cut)
        for line, cut in zip(goods, cuts, strict=True)
    ]
    weights = _worth_per_rate(lowered if worth > on_goods else goods)
    found = list(lowered)
    found += _divided(DELIVERY, delivery, on_delivery, weights)
    found += _divided(SURCHARGE, max(-discount, 0), 0, weights)
    return found


def _worth_per_rate(lines: Sequence[Charge]) -> dict[str, int]:
    worth: dict[str, int] = {}
    for line in lines:
        worth[line.rate] = worth.get(line.rate, 0) + line.amount
    return dict(sorted(worth.items(), key=lambda item: rate_order(item[0])))


def _divided(kind: str, amount: int, cut: int, weights: Mapping[str, int]) -> list[Charge]:
    if not amount:
        return []
    parts = spread(amount, list(weights.values()))
    cuts = spread(cut, parts)
    return [
        Charge(kind, rate, part - less, unit_price=None, discount=less)
        for rate, part, less in zip(weights, parts, cuts, strict=True)
        if part
    ]
