"""Free units changed: what should each listing show now? Channels and stock at one moment."""

from __future__ import annotations

from collections.abc import Collection

from oms_web.core.work import Work
from oms_web.domain.channels import desired, publishing
from oms_web.domain.channels.models import ListingStock
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.availability import bundle_free, to_publish


def publish(work: Work, variant_ids: Collection[int]) -> set[int]:
    """Recompute the desired quantity of all listings that these variants concern.

    Returns:
        The accounts that have something to be sent now.
    """
    held = publishing.hold_listings(work.session, variant_ids)
    shown = publishing.shown_listings(work.session, held)
    if not shown:
        return set()
    parts = publishing.parts_of(work.session, {s.variant_id for s in shown if s.is_bundle})
    needed = {s.variant_id for s in shown} | {p for made in parts.values() for p, _ in made}
    houses = publishing.warehouses_of(work.session, {s.account_id for s in shown})
    free = {
        chosen: stock.free_units(work.session, needed, chosen) for chosen in set(houses.values())
    }
    wanted = {}
    for listing in shown:
        units = free[houses[listing.account_id]]
        available = (
            bundle_free((units[part], per) for part, per in parts[listing.variant_id])
            if listing.is_bundle else units[listing.variant_id]
        )
        wanted[listing.listing_id] = {"account_id": listing.account_id, "desired": to_publish(
            available, listing.buffer, listing.cap, listing.sell_without_stock
        )}
    return desired.note(work, ListingStock, wanted)
