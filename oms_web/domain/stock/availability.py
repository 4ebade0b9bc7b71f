"""What may be promised, and why: the sum behind every number of available units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# What a variant shows that is sold without stock and has no cap of its own.
UNLIMITED = 999


def bundle_free(parts: Iterable[tuple[int, int]]) -> int:
    """Whole bundles that free parts make up; ``parts`` are (free units, units per bundle)."""
    return min((max(0, free) // per_unit for free, per_unit in parts), default=0)


def to_publish(free: int, buffer: int, cap: int | None, sell_without_stock: bool) -> int:
    """The quantity a listing should show: free units less the buffer, never below zero.

    A cap limits what buyers see. A variant sold without stock shows its cap.
    """
    if sell_without_stock:
        return cap if cap is not None else UNLIMITED
    shown = max(0, free - buffer)
    return shown if cap is None else min(shown, cap)


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the equation: ``+12 on_hand``, ``-7 reserved``, ``-2 buffer``."""

    sign: int
    value: int
    name: str


def why(
    on_hand: int, reserved: int, unsellable: int = 0, buffer: int = 0
) -> tuple[list[Term], int]:
    """The terms that lead to the available number, and that number. Zero terms are left out."""
    terms = [Term(1, on_hand, "on_hand"), Term(-1, reserved, "reserved")]
    terms += [Term(-1, unsellable, "unsellable")] if unsellable else []
    terms += [Term(-1, buffer, "buffer")] if buffer else []
    return terms, sum(term.sign * term.value for term in terms)
