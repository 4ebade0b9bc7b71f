"""How orders are dealt to walks: on a cart with slots, all together, or one by one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CART, BATCH, SINGLE = "cart", "batch", "single"
METHODS = (CART, BATCH, SINGLE)


@dataclass(frozen=True, slots=True)
class Walk:
    """The orders of one walk, the most urgent first, with their slots: (order, slot).

    Slot 0 is no slot: the goods lie together and are sorted at the bench.
    """

    slots: tuple[tuple[int, int], ...]

    @property
    def orders(self) -> list[int]:
        """The orders."""
        return [order_id for order_id, _ in self.slots]


def deal(order_ids: Sequence[int], method: str, cart_slots: int) -> list[Walk]:
    """Walks for these orders: as many carts as their slots need, one batch, or one each."""
    size = {CART: max(1, cart_slots), SINGLE: 1}.get(method, len(order_ids) or 1)
    return [
        Walk(tuple(
            (order_id, 0 if method == BATCH else slot)
            for slot, order_id in enumerate(order_ids[start:start + size], start=1)
        ))
        for start in range(0, len(order_ids), size)
    ]
