"""How many units must have been there at the start, if the rest of the story is told."""

from __future__ import annotations


class Opening:
    """Follows units out and in, in the order in which they are told, per variant.

    The least opening quantity is how far the level would have fallen below zero: 5 out, 3 in,
    4 out needs 6 at the start, not 9.
    """

    def __init__(self) -> None:
        self._level: dict[int, int] = {}
        self._lowest: dict[int, int] = {}

    def move(self, variant_id: int, units: int) -> None:
        """Units went out (below zero) or came in."""
        level = self._level.get(variant_id, 0) + units
        self._level[variant_id] = level
        if level < self._lowest.get(variant_id, 0):
            self._lowest[variant_id] = level

    def needed(self) -> dict[int, int]:
        """The least opening units of each variant that needs any."""
        return {variant: -lowest for variant, lowest in self._lowest.items()}
