"""How orders are dealt to walks: on a cart with slots, all together, or one by one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def deal(
    order_ids: Sequence[int], method: str, cart_slots: int, boxes: Mapping[int, int] | None = None
) -> list[Walk]:
    """Walks for these orders: as many carts as their slots need, one batch, or one each.

    Args:
        boxes: order -> the parcel it shares with others: these share a slot, too.
    """
    parcels: dict[object, list[int]] = {}
    for order_id in order_ids:
        box = (boxes or {}).get(order_id)
        parcels.setdefault(("alone", order_id) if box is None else box, []).append(order_id)
    dealt = list(parcels.values())
    size = {CART: max(1, cart_slots), SINGLE: 1}.get(method, len(dealt) or 1)
    return [
        Walk(tuple(
            (order_id, 0 if method == BATCH else slot)
            for slot, parcel in enumerate(dealt[start:start + size], start=1)
            for order_id in parcel
        ))
        for start in range(0, len(dealt), size)
    ]
