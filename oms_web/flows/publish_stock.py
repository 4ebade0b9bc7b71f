"""Free units changed: what should each listing show now? Channels, stock and orders together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.channels import desired, publishing
from oms_web.domain.channels.models import ListingStock
from oms_web.domain.channels.showing import Offer, Shown, decide
from oms_web.domain.orders import selling
from oms_web.domain.stock import service as stock


def publish(
    work: Work, variant_ids: Collection[int], since: datetime | None = None
) -> set[int]:
    """Recompute the desired quantity of all listings that these variants concern.

    Args:
        since: when the free units changed; the lag of what is sent is counted from there.

    Returns:
        The accounts that have something to be sent now.
    """
    reached = publishing.reach(work.session, variant_ids)
    held = publishing.hold_listings(work.session, reached)
    return desired.note(work, ListingStock, {
        offer.listing_id: {"account_id": offer.account_id, "desired": shown.quantity}
        for offer, shown in _decided(work.session, held).values()
    }, since)


def explain(session: Session, variant_id: int) -> Mapping[int, tuple[Offer, Shown]]:
    """What the listings that a variant concerns would show at this moment, and why."""
    reached = publishing.reach(session, [variant_id])
    return _decided(session, publishing.listings_of(session, reached))


def _decided(
    session: Session, listing_ids: Collection[int]
) -> dict[int, tuple[Offer, Shown]]:
    sold = selling.since_set_aside(session, listing_ids)
    offers = publishing.offers(session, listing_ids, sold)
    needed = {variant for offer in offers for variant, _ in offer.recipe}
    free = {
        houses: stock.free_units(session, needed, houses)
        for houses in {offer.houses for offer in offers}
    }
    shown = decide(offers, free)
    return {offer.listing_id: (offer, shown[offer.listing_id]) for offer in offers}
