"""What every listing should show, recomputed for the variants whose free units changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.catalog.models import BundlePart, Variant
from oms_web.domain.channels import desired
from oms_web.domain.channels.models import (
    AccountWarehouse,
    ChannelAccount,
    Listing,
    ListingStock,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A listing with all that decides its quantity."""

    listing_id: int
    account_id: int
    variant_id: int
    buffer: int
    cap: int | None
    sell_without_stock: bool
    is_bundle: bool


def hold_listings(session: Session, variant_ids: Collection[int]) -> list[int]:
    """Lock the mapped listings that sell these variants, or bundles that contain them.

    Whoever says what a listing should show first waits for all who said so before, and only then
    looks at the free units: else the later one may write what the earlier one saw.
    """
    ids = sorted(variant_ids)
    bundles = select(BundlePart.bundle_id).where(BundlePart.part_id.in_(ids))
    return list(session.scalars(
        select(Listing.id)
        .where(or_(Listing.variant_id.in_(ids), Listing.variant_id.in_(bundles)))
        .order_by(Listing.id).with_for_update(key_share=True)
    ))


def shown_listings(session: Session, listing_ids: Collection[int]) -> list[Shown]:
    """Those of the listings that are on sale and whose account publishes stock."""
    rows = session.execute(
        select(Listing.id, Listing.account_id, Listing.variant_id, Listing.buffer, Listing.cap,
               ChannelAccount.buffer, ChannelAccount.cap, Variant.sell_without_stock,
               Variant.is_bundle)
        .join(ChannelAccount, ChannelAccount.id == Listing.account_id)
        .join(Variant, Variant.id == Listing.variant_id)
        .where(Listing.id.in_(listing_ids), Listing.state == "active",
               ChannelAccount.publish_stock, ChannelAccount.archived_at.is_(None))
    )
    return [
        Shown(listing, account, variant, own_buffer if own_buffer is not None else buffer,
              own_cap if own_cap is not None else cap, endless, bundle)
        for listing, account, variant, own_buffer, own_cap, buffer, cap, endless, bundle in rows
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


def parts_of(session: Session, bundle_ids: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """Bundles and their parts: (part, units per bundle)."""
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for bundle, part, quantity in session.execute(
        select(BundlePart.bundle_id, BundlePart.part_id, BundlePart.quantity)
        .where(BundlePart.bundle_id.in_(sorted(bundle_ids)))
    ):
        parts[bundle].append((part, quantity))
    return parts


def send_anew(work: Work, listing_ids: Collection[int]) -> int:
    """Send the quantity of these listings once more, as a newer value; how many there are."""
    return desired.send_anew(work, ListingStock, ListingStock.listing_id.in_(sorted(listing_ids)))
