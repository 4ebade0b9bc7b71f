"""What is left of an order: net of VAT, after goods, fees, courier, packing, refunds. Pure.

Whole minor units; each step is rounded half up. A worked example stands in docs/payments.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oms_web.core.money import MICRO

USUAL_RATE = 23
"""Percent of VAT where a line does not say: the Polish basic rate (ustawa o VAT, art. 146ef)."""


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A position: what the buyer paid for it (gross, minor units), units, the cost of one.

    ``cost`` is net, in millionths (None: not known); ``kept``: units that stay with the buyer.
    """

    gross: int
    vat: str
    kept: int
    cost: int | None


@dataclass(frozen=True, slots=True)
class Profit:
    """An order's money, net of VAT, in minor units. ``fees``: kind -> what it costs.

    ``goods``: what the positions of a known cost cost; ``lacks``: how many that are
    with the buyer have none.
    """

    revenue: int
    given_back: int
    goods: int
    fees: dict[str, int]
    lacks: int

    @property
    def left(self) -> int | None:
        """The profit; None while the cost of a position is unknown, since nought would be a lie."""
        if self.lacks:
            return None
        return self.revenue - self.given_back - self.goods - sum(self.fees.values())

    @property
    def margin_bp(self) -> int | None:
        """The profit in hundredths of a percent of what came; None if nothing came, or unknown."""
        came, left = self.revenue - self.given_back, self.left
        return (20_000 * left + came) // (2 * came) if came > 0 and left is not None else None


def net(gross: int, vat: str) -> int:
    """Gross less VAT, rounded half up; rates that are words (``zw``, ``np``) are nought."""
    rate = _rate(vat)
    whole = gross * 100 * 2 + (100 + rate)
    return whole // (2 * (100 + rate))


def gross(amount: int, vat: str) -> int:
    """Net with VAT, rounded half up."""
    return (2 * amount * (100 + _rate(vat)) + 100) // 200


def _rate(vat: str) -> int:
    plain = vat.strip().removesuffix("%")
    return int(plain) if plain.isascii() and plain.isdigit() else 0 if plain else USUAL_RATE


def goods(lines: Sequence[SoldLine]) -> int:
    """What the units that stay with the buyer cost, minor units of a currency of two decimals."""
    micro = sum(line.kept * line.cost for line in lines if line.cost is not None)
    return (micro * 100 + MICRO // 2) // MICRO


def profit(lines: Sequence[SoldLine], shipping: int, discount: int, given_back: int,
           fees: dict[str, int]) -> Profit:
    """The profit of an order.

    Args:
        shipping: what the buyer paid for delivery, gross.
        discount: what was taken off the whole, gross; it and what went back are taxed as the
            positions are on the whole.
        given_back: money that went back to the buyer, gross.
        fees: kind -> net cost.
    """
    gross = sum(line.gross for line in lines)
    taxed = sum(net(line.gross, line.vat) for line in lines)

    def share(amount: int) -> int:
        if not gross:
            return net(amount, "")
        return (2 * amount * taxed + gross) // (2 * gross)

    return Profit(
        revenue=taxed + share(shipping) - share(discount), given_back=share(given_back),
        goods=goods(lines), fees=fees,
        lacks=sum(line.cost is None and line.kept > 0 for line in lines))
