"""A listing is linked to a product, by a person or by its SKU: the orders that waited go on."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import NotNullable, select

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels import offers
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders import reserving
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.following import FOLLOWS
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.stock.events import StockChanged

MOST_ORDERS = 5000


def map_listing(work: Work, listing_id: int, variant_id: int, by: str = "hand") -> set[int]:
    """Link a listing to a variant; returns the orders that could go on because of it.

    Args:
        by: ``hand``, ``sku`` or ``ean``.

    Raises:
        NotFound: no such listing or variant.
        NotAllowedNow: the variant is archived.
    """
    session = work.session
    listing = session.get(Listing, listing_id)
    variant = session.get(Variant, variant_id)
    if listing is None or variant is None:
        raise NotFound("There is no such offer or product.")
    if variant.archived_at is not None:
        raise NotAllowedNow("%(sku)s is archived.", sku=variant.sku)
    before = listing.variant_id
    listing.variant_id, listing.mapped_by = variant_id, by
    session.flush()
    audit.record(work, "listings.map", "listing", listing_id,
                 {"variant_id": [before, variant_id]})
    work.announce(StockChanged(sorted({variant_id, *([before] if before else [])}), more=True))
    return wake_orders(work, [listing_id])


def unmap_listing(work: Work, listing_id: int) -> None:
    """Take the link off again. Orders keep what they were given."""
    listing = work.session.get(Listing, listing_id)
    if listing is None:
        raise NotFound("There is no such offer or product.")
    audit.record(work, "listings.unmap", "listing", listing_id,
                 {"variant_id": [listing.variant_id, None]})
    if listing.variant_id is not None:
        # It may have kept the last units, or had some set aside: others may show them now.
        work.announce(StockChanged([listing.variant_id]))
    listing.variant_id = listing.mapped_by = None


def map_waiting(work: Work, variant_ids: Collection[int]) -> int:
    """Link the listings that waited for these products, by SKU or EAN; how many there were."""
    waiting = offers.waiting_for(work.session, variant_ids)
    found = offers.matches(work.session, waiting)
    for listing_id, match in sorted(found.items()):
        if match.variant_id is not None:
            map_listing(work, listing_id, match.variant_id, match.by or "sku")
    return len(found)


def wake_orders(work: Work, listing_ids: Collection[int]) -> set[int]:
    """Let the orders go on that waited for these listings; those that no other one holds up.

    Whoever links a listing calls it, or announces ``ListingsMapped``. Said twice is quiet.
    """
    session = work.session
    waits = select(OrderLine.order_id).where(
        OrderLine.listing_id.in_(listing_ids), OrderLine.variant_id.is_(None))
    order_ids = set(session.scalars(
        select(Order.id).where(Order.id.in_(waits), Order.phase.in_(FOLLOWS))
        .order_by(Order.id).limit(MOST_ORDERS).with_for_update()
    ))
    rows = session.execute(
        select(OrderLine, NotNullable(Listing.variant_id))
        .join(Listing, Listing.id == OrderLine.listing_id)
        .where(OrderLine.order_id.in_(order_ids), OrderLine.listing_id.in_(listing_ids),
               OrderLine.variant_id.is_(None), Listing.variant_id.is_not(None))
    ).all()
    if not rows:
        return set()
    made_of = reserving.bundle_parts(session, {variant_id for _, variant_id in rows})
    for line, variant_id in rows:
        line.variant_id = variant_id
    session.flush()
    reserving.freeze(session, [line for line, _ in rows], made_of)
    order_ids = {line.order_id for line, _ in rows}
    still_unmapped = set(session.scalars(
        select(OrderLine.order_id).where(
            OrderLine.order_id.in_(order_ids), OrderLine.variant_id.is_(None),
            OrderLine.cancelled < OrderLine.quantity,
        )
    ))
    for order_id in sorted(order_ids - still_unmapped):
        orders.release_holds(work, order_id, ["unmapped"])
    reserving.reserve_orders(work, order_ids)
    return order_ids - still_unmapped
