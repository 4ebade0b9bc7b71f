"""What stand-ins of payment providers have in common: payments, who paid, what went back.

Each of them keeps its vendor's own manners: paths, words, signatures, what it forgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from oms_connector.testing import Basket, Clock, StandIn

KEY = "kit-standing-payment"


@dataclass
class Kept:
    """A payment at the provider; amounts in minor units. ``more`` is the vendor's own."""

    ref: str
    key: str
    amount: int
    currency: str
    state: str
    refunds: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """What may still go back."""
        return self.amount - sum(one["amount"] for one in self.refunds)


class Provider(StandIn):
    """A provider with one shop. ``open_word`` and ``paid_word`` are its own for two states."""

    open_word = "open"
    paid_word = "paid"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.kept: dict[str, Kept] = {}
        self.is_open = True
        self.rings = 0

    def ref_of(self, number: int, key: str) -> str:
        """The reference of a payment that is opened."""
        return f"{number:04d}"

    def add(self, key: str, amount: int, currency: str) -> Kept:
        """Open a payment."""
        ref = self.ref_of(len(self.kept) + 1, key)
        self.kept[ref] = Kept(ref, key, amount, currency, self.open_word)
        return self.kept[ref]

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        return [self.add(f"{KEY}-{len(self.kept)}", 4999, "PLN").ref for _ in range(count)]

    def payments(self, key: str) -> Sequence[Decimal]:
        return [Decimal(one.amount) / 100 for one in self.kept.values() if one.key == key]

    def buyer_pays(self, ref: str) -> None:
        self.kept[ref].state = self.paid_word

    def given_back(self, ref: str) -> Sequence[Decimal]:
        return [Decimal(one["amount"]) / 100 for one in self.kept[ref].refunds]

    def revoke(self) -> None:
        self.is_open = False
