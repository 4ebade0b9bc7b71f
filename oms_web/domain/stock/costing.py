"""What a unit costs after some more of it came in at another price: the weighted average."""

from __future__ import annotations


def average_cost(on_hand: int, cost: int | None, received: int, unit_cost: int) -> int:
    """The cost of a unit in micro, rounded half up.

    10 units at 4.00 and 30 more at 6.00 cost 5.50 each. Without stock, or without a known cost,
    the new price is the cost.
    """
    if on_hand <= 0 or cost is None:
        return unit_cost
    units = on_hand + received
    return (2 * (on_hand * cost + received * unit_cost) + units) // (2 * units)
