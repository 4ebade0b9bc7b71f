"""What a channel really shows, held against what it accepted: noted, and sent anew where it drifts.

More than we said is corrected at once: somebody could buy what is not there. Less than we said may
be an order that we have not heard of yet, and sending our number again would bring the sold unit
back. So it is corrected only when it still shows the same after the orders were read once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from oms_web.core.work import Work
from oms_web.domain.channels import publishing
from oms_web.domain.channels.models import ListingStock, Publication
from oms_web.sync import feeds
from oms_web.sync.models import Feed

# Sold there, and told to us: a marketplace may take so long.
SETTLE = timedelta(minutes=3)
NEVER = datetime.min.replace(tzinfo=UTC)


def note(
    work: Work, account_id: int, shown: Mapping[int, int | None], asked_at: datetime
) -> None:
    """Note the quantities (listing -> units, None where the channel does not say) as read back."""
    told = {listing: units for listing, units in sorted(shown.items()) if units is not None}
    if not told:
        return
    drifting = _to_correct(work, account_id, told, asked_at)
    table = ListingStock.__table__
    work.session.connection().execute(
        update(table).where(table.c.listing_id == bindparam("row")).values(
            confirmed=bindparam("units"), confirmed_at=asked_at
        ), [{"row": listing, "units": units} for listing, units in told.items()],
    )
    if drifting:
        work.session.execute(insert(Publication), [
            {"at": work.now, "account_id": account_id, "listing_id": row.listing_id,
             "version": row.sent_version, "quantity": told[row.listing_id], "outcome": "drift"}
            for row in drifting
        ])
        publishing.send_anew(work, [row.listing_id for row in drifting])


def _to_correct(
    work: Work, account_id: int, told: Mapping[int, int], asked_at: datetime
) -> list[ListingStock]:
    rows = work.session.scalars(
        select(ListingStock).where(
            ListingStock.listing_id.in_(told), ListingStock.outcome == "applied",
            ListingStock.due_at.is_(None), ListingStock.version == ListingStock.sent_version,
            ListingStock.sent_at < asked_at)
    ).all()
    differ = [row for row in rows if told[row.listing_id] != row.sent]
    if not differ:
        return []
    heard_at = _orders_heard_at(work, account_id, asked_at)
    return [row for row in differ if told[row.listing_id] > (row.sent or 0)
            or _still(row, told[row.listing_id], heard_at)]


def _orders_heard_at(work: Work, account_id: int, asked_at: datetime) -> datetime:
    """Until when we know of the account's orders; now, if it has none to tell."""
    started, ended = work.session.execute(
        select(Feed.started_at, Feed.ok_at)
        .where(Feed.account_id == account_id, Feed.name == feeds.ORDERS)
    ).one_or_none() or (asked_at, asked_at)
    return min(started, ended) if started and ended else NEVER


def _still(row: ListingStock, units: int, heard_at: datetime) -> bool:
    """Whether it was so before, and no order explains it."""
    return row.confirmed == units and row.confirmed_at is not None and \
        row.sent_at is not None and row.sent_at < row.confirmed_at < heard_at - SETTLE
