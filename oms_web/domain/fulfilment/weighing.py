"""Does a parcel weigh what is in it? What a scale sends is read, and held against the goods. Pure.

All weights are whole grams.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

HEAVIEST_G = 1_000_000
"""No parcel is heavier."""

# Why a weight may differ: what the station offers.
FILLER, CATALOGUE, CHECKED = "filler", "catalogue", "checked"
REASONS = (FILLER, CATALOGUE, CHECKED)
LONGEST_REASON = 80

# Scales send words before the number: ``ST,GS,+  1.250 kg``, ``N 850 g``.
_READING = re.compile(
    r"(?:[A-Z]{1,3}[,:\s]+){0,3}\+?\s*(\d{1,6})(?:[.,](\d{1,4}))?\s*(kg|g)?", re.IGNORECASE)
# Without unit and point, more than this is grams: nobody lifts 100 kg onto a bench.
_BARE_KILOGRAMS = 100
# A longer bare number is the code of something.
_LONGEST_BARE = 4


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a weight may be off: the larger of the two counts."""

    grams: int
    percent: int

    def of(self, expected: int) -> int:
        """So many grams for a parcel that should weigh ``expected``."""
        return max(self.grams, expected * self.percent // 100)


def read(text: str) -> int | None:
    """Grams of what a scale sent or somebody typed; None when it is no weight.

    ``1.250``, ``1,25 kg``, ``850 g``, ``850`` (grams: nobody packs 850 kg), ``2`` (kilograms).
    """
    found = _READING.fullmatch(text.strip())
    if not found:
        return None
    whole, part, unit = found[1], found[2] or "", (found[3] or "").lower()
    if not unit and not part:
        if len(whole) > _LONGEST_BARE:
            return None
        unit = "kg" if int(whole) < _BARE_KILOGRAMS else "g"
    exact = Decimal(f"{whole}.{part or 0}") * (1 if unit == "g" else 1000)
    grams = int(exact.to_integral_value())
    return grams if 0 < grams <= HEAVIEST_G else None


def is_off(expected: int | None, measured: int, tolerance: Tolerance) -> bool:
    """Whether a weight needs a reason; never when nobody knows what it should be."""
    return expected is not None and abs(measured - expected) > tolerance.of(expected)
