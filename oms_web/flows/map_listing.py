"""Somebody says which product an offer sells: the orders that waited for it go on."""

from __future__ import annotations

from sqlalchemy import insert, select

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders import phases, reserving
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from oms_web.domain.stock.events import StockChanged


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
    return _wake_orders(work, listing_id, variant_id)


def unmap_listing(work: Work, listing_id: int) -> None:
    """Take the link off again. Orders keep what they were given."""
    listing = work.session.get(Listing, listing_id)
    if listing is None:
        raise NotFound("There is no such offer or product.")
    audit.record(work, "listings.unmap", "listing", listing_id,
                 {"variant_id": [listing.variant_id, None]})
    listing.variant_id = listing.mapped_by = None


def _wake_orders(work: Work, listing_id: int, variant_id: int) -> set[int]:
    session = work.session
    lines = session.scalars(
        select(OrderLine).join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.listing_id == listing_id, OrderLine.variant_id.is_(None),
               Order.phase.in_((phases.DRAFT, phases.OPEN)))
        .limit(5000)
    ).all()
    if not lines:
        return set()
    made_of = reserving.bundle_parts(session, [variant_id])[variant_id]
    for line in lines:
        line.variant_id = variant_id
    session.flush()
    if made_of != ((variant_id, 1),):
        session.execute(insert(OrderLinePart), [
            {"line_id": line.id, "variant_id": part, "quantity": quantity}
            for line in lines for part, quantity in made_of
        ])
    order_ids = {line.order_id for line in lines}
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
