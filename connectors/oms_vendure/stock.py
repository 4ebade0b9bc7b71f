"""How Vendure counts: what buyers can still buy is what is on hand, less what is allocated to
orders, less a threshold, summed over the stock locations of the channel. Pure.

Read in ``ProductVariantService.getSaleableStockLevel`` and the default stock location strategy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector.reading import shown, text, value, whole

from oms_vendure.reading import children, ref

TRACKED, NOT_TRACKED = "TRUE", "FALSE"


@dataclass(frozen=True, slots=True)
class Counting:
    """What the shop does where a variant does not say otherwise."""

    is_tracked: bool
    threshold: int

    @classmethod
    def of(cls, settings: Any) -> Counting:
        """From the shop's global settings."""
        return cls(value(settings, "trackInventory") is not False,
                   whole(settings, "outOfStockThreshold"))

    def tracks(self, variant: Any) -> bool:
        """Whether the shop counts a variant at all."""
        flag = text(variant, "trackInventory")
        return flag == TRACKED or (flag != NOT_TRACKED and self.is_tracked)

    def threshold_of(self, variant: Any) -> int:
        """Units that are not sold (below zero: that are sold without being there)."""
        is_global = value(variant, "useGlobalOutOfStockThreshold") is True
        return self.threshold if is_global else whole(variant, "outOfStockThreshold")

    def saleable(self, variant: Any) -> int | None:
        """Units that can still be bought; None where nobody counts."""
        if not self.tracks(variant):
            return None
        levels = children(variant, "stockLevels")
        held = sum(whole(one, "stockOnHand") - whole(one, "stockAllocated") for one in levels)
        return max(0, held - self.threshold_of(variant))

    def on_hand_for(self, variant: Any, location: str, wanted: int) -> int:
        """What must be on hand at a location so that so many can be bought in all.

        It may be below zero where the threshold is; Vendure takes that.
        """
        levels = children(variant, "stockLevels")
        allocated = sum(whole(one, "stockAllocated") for one in levels)
        elsewhere = sum(whole(one, "stockOnHand") for one in levels
                        if ref(one, "stockLocationId") != location)
        return wanted + allocated + self.threshold_of(variant) - elsewhere


def on_hand(variant: Any, location: str) -> int | None:
    """What is on hand at a location; None where nothing was ever counted there."""
    return next((whole(one, "stockOnHand") for one in children(variant, "stockLevels")
                 if ref(one, "stockLocationId") == location), None)


def others_hold(variant: Any, location: str) -> bool:
    """Whether something of it lies at other locations of the channel."""
    return any(whole(one, "stockOnHand") > 0 for one in children(variant, "stockLevels")
               if ref(one, "stockLocationId") != location)


def location_of(places: Sequence[Mapping[str, Any]], wanted: str) -> tuple[str, str]:
    """The id of the location that quantities are written to, and why there is none.

    Args:
        wanted: the name or id in the account's settings; empty where the channel has only one.
    """
    names = ", ".join(shown(one, "name") for one in places)
    if not wanted:
        return (ref(places[0]), "") if len(places) == 1 else ("", names)
    found = next((ref(one) for one in places
                  if wanted.lower() in (shown(one, "name").lower(), ref(one).lower())), "")
    return found, "" if found else names
