"""The price that each listing should show: the variant's own with the account's surcharge."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels import desired
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingPrice

WHOLE_BP = 10_000
LEAST_BP, MOST_BP = -9_900, 100_000


def surcharged(price: int, surcharge_bp: int) -> int:
    """A price in minor units with a surcharge in hundredths of a percent, rounded half up."""
    return (2 * price * (WHOLE_BP + surcharge_bp) + WHOLE_BP) // (2 * WHOLE_BP)


def publish(work: Work, variant_ids: Collection[int]) -> set[int]:
    """Note the price that the listings of these variants should show.

    Only another price makes a new version and becomes due. A variant without a price, or with one
    in another currency than the listing's, says nothing: what the channel shows stays.

    Returns:
        The accounts that have something new to be sent.
    """
    if not variant_ids or not _any_publishes(work.session):
        return set()
    return _publish(work, Listing.variant_id.in_(sorted(variant_ids)))


def publish_account(work: Work, account_id: int) -> None:
    """The account begins to publish prices, or its surcharge is another: all of it is sent anew.

    What the channel showed in the meantime is not known, so that the same price counts as new.
    """
    desired.send_anew(work, ListingPrice, ListingPrice.account_id == account_id)
    _publish(work, Listing.account_id == account_id)


def _any_publishes(session: Session) -> bool:
    return session.scalar(select(ChannelAccount.id).where(
        ChannelAccount.publish_prices, ChannelAccount.archived_at.is_(None)).limit(1)) is not None


def _publish(work: Work, which: ColumnElement[bool]) -> set[int]:
    # Whoever says what a listing should show first waits for all who said so before, and only
    # then looks at the price: else the later one may write what the earlier one saw.
    held = list(work.session.scalars(
        select(Listing.id).where(which, Listing.variant_id.is_not(None)).order_by(Listing.id)
        .with_for_update(key_share=True)))
    wanted = _wanted(work.session, held)
    work.session.execute(
        update(ListingPrice)
        .where(ListingPrice.listing_id.in_(held), ListingPrice.listing_id.not_in(wanted.keys()))
        .values(due_at=None).execution_options(synchronize_session=False))
    return desired.note(work, ListingPrice, wanted)


def _wanted(session: Session, listing_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What listings should show, where there is a price in the right currency."""
    rows = session.execute(
        select(Listing.id, Listing.account_id, Variant.price, Variant.currency,
               ChannelAccount.surcharge_bp)
        .join(ChannelAccount, ChannelAccount.id == Listing.account_id)
        .join(Variant, Variant.id == Listing.variant_id)
        .where(Listing.id.in_(listing_ids), Listing.state == "active",
               ChannelAccount.publish_prices, ChannelAccount.archived_at.is_(None),
               Variant.price.is_not(None),
               Variant.currency == func.coalesce(Listing.currency, ChannelAccount.currency))
        .order_by(Listing.id)
    )
    return {listing: {"account_id": account, "desired": surcharged(price, surcharge),
                      "currency": currency}
            for listing, account, price, currency, surcharge in rows if price is not None}


def drifts() -> ColumnElement[bool]:
    """The condition on ``ListingPrice`` and ``Listing``: another price was read back since."""
    return and_(
        ListingPrice.outcome == "applied", ListingPrice.version == ListingPrice.sent_version,
        Listing.state == "active", Listing.seen_at > ListingPrice.sent_at,
        or_(Listing.price != ListingPrice.sent, Listing.currency != ListingPrice.currency),
    )
