"""Which listings have to be recomputed together, and the rules that hold for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import NotNullable, Select, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.catalog import composition
from oms_web.domain.catalog.models import BundlePart, Variant
from oms_web.domain.channels import desired
from oms_web.domain.channels.models import (
    AccountWarehouse,
    ChannelAccount,
    Listing,
    ListingStock,
)
from oms_web.domain.channels.showing import Offer


def reach(session: Session, variant_ids: Collection[int]) -> set[int]:
    """These variants and those whose listings' numbers depend on them through units set aside.

    A bundle takes units of its parts from their listings, and its own number depends on all of
    its parts. Where nothing is set aside only the listings of these variants, and of bundles with
    them, depend on them.
    """
    found = set(variant_ids)
    set_aside = (Listing.set_aside > 0, Listing.variant_id.is_not(None))
    if session.scalar(select(Listing.id).where(*set_aside).limit(1)) is None:
        return found
    while True:
        touched = found | _parts_of(session, _with_bundles(session, found))
        kept = set(session.scalars(select(NotNullable(Listing.variant_id)).where(
            *set_aside, Listing.variant_id.in_(_with_bundles(session, touched))).distinct()))
        wider = found | kept | _parts_of(session, kept)
        if wider == found:
            return found
        found = wider


def _with_bundles(session: Session, variant_ids: Collection[int]) -> set[int]:
    made = composition.bundles_with(session, variant_ids).values()
    return {*variant_ids, *(bundle for bundles in made for bundle in bundles)}


def _parts_of(session: Session, variant_ids: Collection[int]) -> set[int]:
    return {part for parts in composition.of(session, variant_ids).values() for part in parts}


def hold_listings(session: Session, variant_ids: Collection[int]) -> list[int]:
    """Lock the mapped listings that sell these variants, or bundles that contain them.

    Whoever says what a listing should show first waits for all who said so before, and only then
    looks at the free units: else the later one may write what the earlier one saw.
    """
    return list(session.scalars(
        _selling(variant_ids).order_by(Listing.id).with_for_update(key_share=True)))


def listings_of(session: Session, variant_ids: Collection[int]) -> list[int]:
    """The same listings, only to be looked at."""
    return list(session.scalars(_selling(variant_ids)))


def _selling(variant_ids: Collection[int]) -> Select[int]:
    ids = sorted(variant_ids)
    bundles = select(BundlePart.bundle_id).where(BundlePart.part_id.in_(ids))
    return select(Listing.id).where(
        or_(Listing.variant_id.in_(ids), Listing.variant_id.in_(bundles)))


def offers(
    session: Session, listing_ids: Collection[int], sold: Mapping[int, int]
) -> list[Offer]:
    """Those of the listings that are on sale and whose account publishes stock.

    Args:
        sold: units that listings sold since units were set aside for them.
    """
    own = {
        name: func.coalesce(getattr(Listing, name), getattr(ChannelAccount, name)).label(name)
        for name in ("buffer", "cap", "shares", "last_units")
    }
    rows = session.execute(
        select(Listing.id, Listing.account_id, Listing.variant_id, Listing.set_aside,
               ChannelAccount.rank, Variant.sell_without_stock, Variant.is_bundle, *own.values())
        .join(ChannelAccount, ChannelAccount.id == Listing.account_id)
        .join(Variant, Variant.id == Listing.variant_id)
        .where(Listing.id.in_(listing_ids), Listing.state == "active",
               ChannelAccount.publish_stock, ChannelAccount.archived_at.is_(None))
    ).all()
    parts = composition.of(session, {row.variant_id for row in rows if row.is_bundle})
    houses = warehouses_of(session, {row.account_id for row in rows})
    return [
        Offer(
            row.id, row.account_id,
            tuple(sorted(parts.get(row.variant_id, {}).items())) if row.is_bundle
            else ((row.variant_id, 1),),
            houses[row.account_id], row.buffer, row.cap,
            max(0, row.set_aside - sold.get(row.id, 0)), row.shares, row.last_units, row.rank,
            row.sell_without_stock,
        )
        for row in rows
    ]


def warehouses_of(session: Session, account_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The warehouses chosen for each account; empty where all serve it."""
    chosen: dict[int, list[int]] = defaultdict(list)
    for account, warehouse in session.execute(
        select(AccountWarehouse.account_id, AccountWarehouse.warehouse_id)
        .where(AccountWarehouse.account_id.in_(account_ids)).order_by(AccountWarehouse.rank)
    ):
        chosen[account].append(warehouse)
    return {account: tuple(chosen[account]) for account in account_ids}


def send_anew(work: Work, listing_ids: Collection[int]) -> int:
    """Send the quantity of these listings once more, as a newer value; how many there are."""
    return desired.send_anew(work, ListingStock, ListingStock.listing_id.in_(sorted(listing_ids)))
