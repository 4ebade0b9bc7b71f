"""The checks: what each looks at, where it is settled, and how strict it is unless told otherwise.

What they find is said in ``checks.KINDS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OFF, WARN, HOLD = "off", "warn", "hold"
LEVELS = (OFF, WARN, HOLD)
ACCEPTED, KEPT, CORRECTED, CANCELLED, LEFT, UNDONE = (
    "accepted", "kept", "corrected", "cancelled", "left", "undone")
LASTING = (ACCEPTED, KEPT)
"""Ways to settle after which the same is not found again."""


@dataclass(frozen=True, slots=True)
class Check:
    """``place``: the part of the order card it belongs to: ``address``, ``buyer``, ``payment`` or
    ``order``. ``always``: also for an order that had been placed long before it came, since
    without it no parcel and no invoice can be made.
    """

    kind: str
    place: str
    level: str
    always: bool = False


ADDRESS, TOTALS, TAX_ID = "address", "totals", "tax_id"
HOUSE, POSTCODE, TOWN, PHONE, NO_PHONE = (
    "house_number", "postcode", "town", "phone", "no_phone")
PAYMENT, DUPLICATE, DOUBT = "payment", "duplicate", "doubt"

CHECKS: Mapping[str, Check] = {check.kind: check for check in (
    Check(ADDRESS, "address", HOLD, always=True),
    Check(HOUSE, "address", WARN),
    Check(POSTCODE, "address", WARN),
    Check(TOWN, "address", WARN),
    Check(PHONE, "address", WARN),
    Check(NO_PHONE, "address", WARN),
    Check(TAX_ID, "buyer", HOLD, always=True),
    Check(TOTALS, "payment", HOLD, always=True),
    Check(PAYMENT, "payment", WARN),
    Check(DUPLICATE, "order", HOLD),
    Check(DOUBT, "order", HOLD),
)}
LOOKED_AT = frozenset((ADDRESS, HOUSE, POSTCODE, TOWN, PHONE, NO_PHONE, TAX_ID, PAYMENT))
"""What can be seen on the order itself, whenever it changes."""
HOURS = 24
"""Within so many hours the same goods for the same buyer may be a double."""


@dataclass(frozen=True, slots=True)
class Levels:
    """How strict each check is, and the hours of the check for doubles."""

    chosen: Mapping[str, str]
    hours: int = HOURS

    def of(self, kind: str) -> str:
        """``off``, ``warn`` or ``hold``."""
        return self.chosen.get(kind, CHECKS[kind].level)
