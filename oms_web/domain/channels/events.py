"""What happened to listings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class ListingsMapped(Event):
    """Listings that waited were linked, by SKU or EAN: what waits for them may go on."""

    name: ClassVar[str] = "listings.mapped"
    listing_ids: list[int]
    variant_ids: list[int]
