"""Findings in the reader's language, for the queue and for the card of an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oms_web.domain.orders.verification.kinds import CHECKS, HOLD
from oms_web.domain.orders.verification.models import Finding
from oms_web.web import order_words as words

ICONS: Mapping[str, str] = {
    "address": "map-pin-exclamation", "buyer": "receipt-2", "payment": "cash-banknote",
    "order": "eye-check",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A finding in words. ``place`` is the part of the order it belongs to."""

    finding: Finding
    place: str
    wrong: str
    frees: str
    icon: str

    @property
    def holds(self) -> bool:
        """Whether the order waits until it is settled."""
        return self.finding.level == HOLD


def said(found: Sequence[Finding]) -> list[Said]:
    """Findings in words, those that hold first."""
    told = [Said(one, CHECKS[one.kind].place, *words.hold_words(one.kind, one.detail),
                 ICONS[CHECKS[one.kind].place]) for one in found if one.kind in CHECKS]
    return sorted(told, key=lambda one: not one.holds)
