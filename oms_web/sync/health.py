"""How each channel is doing: one statement per question, all accounts at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.channels import pricing
from oms_web.domain.channels.models import (
    ChannelAccount,
    Listing,
    ListingPrice,
    ListingStock,
    Publication,
)
from oms_web.domain.channels.standing import is_standing
from oms_web.domain.orders.models import Order
from oms_web.sync.models import Feed, Quarantine

RECENT = timedelta(hours=24)
SAMPLE = 500
SHOWN_ERRORS = 20


@dataclass(slots=True)
class AccountHealth:
    """One account's figures. ``lag`` are seconds from the change of stock to the channel's yes."""

    account: ChannelAccount
    last_order_at: datetime | None = None
    orders_24h: int = 0
    lag_p50: float | None = None
    lag_p95: float | None = None
    due: int = 0
    drift: int = 0
    price_drift: int = 0
    rejected: int = 0
    unmapped: int = 0
    quarantined: int = 0
    feeds: list[Feed] = field(default_factory=list)

    @property
    def read_at(self) -> datetime | None:
        """When the channel last answered."""
        return max((feed.ok_at for feed in self.feeds if feed.ok_at), default=None)

    @property
    def slowed(self) -> bool:
        """Whether a feed fails at the moment though access is fine."""
        return any(feed.failures for feed in self.feeds)


@dataclass(frozen=True, slots=True)
class Cause:
    """Errors with the same words: where, what, how often."""

    account: ChannelAccount
    message: str
    count: int
    kind: str


def overview(session: Session, now: datetime) -> list[AccountHealth]:
    """All accounts that are not archived, by name."""
    accounts = session.scalars(
        select(ChannelAccount).where(ChannelAccount.archived_at.is_(None))
        .order_by(ChannelAccount.name)
    ).all()
    health = {account.id: AccountHealth(account) for account in accounts}
    for feed in session.scalars(select(Feed).order_by(Feed.id)):
        if feed.account_id in health:
            health[feed.account_id].feeds.append(feed)
    _orders(session, now, health)
    _stock(session, now, health)
    _lags(session, health)
    return list(health.values())


def _orders(session: Session, now: datetime, health: Mapping[int, AccountHealth]) -> None:
    recent = session.execute(
        select(Order.account_id, func.count(), func.max(Order.created_at))
        .where(Order.placed_at > now - RECENT, Order.account_id.in_(health))
        .group_by(Order.account_id)
    )
    for account_id, count, last in recent:
        health[account_id].orders_24h, health[account_id].last_order_at = count, last
    for account_id, one in health.items():
        if one.last_order_at is None:
            one.last_order_at = session.scalar(
                select(Order.created_at).where(Order.account_id == account_id)
                .order_by(Order.id.desc()).limit(1)
            )
    for account_id, count in session.execute(
        select(Quarantine.account_id, func.count())
        .where(Quarantine.state == "waiting", Quarantine.account_id.in_(health))
        .group_by(Quarantine.account_id)
    ):
        health[account_id].quarantined = count


def _stock(session: Session, now: datetime, health: Mapping[int, AccountHealth]) -> None:
    for account_id, count in session.execute(
        select(ListingStock.account_id, func.count())
        .where(ListingStock.due_at.is_not(None), ListingStock.account_id.in_(health))
        .group_by(ListingStock.account_id)
    ):
        health[account_id].due = count
    for account_id, count in session.execute(
        select(ListingStock.account_id, func.count())
        .where(is_standing("drift"), ListingStock.account_id.in_(health))
        .group_by(ListingStock.account_id)
    ):
        health[account_id].drift = count
    for account_id, count in session.execute(
        select(ListingStock.account_id, func.count())
        .where(is_standing("rejected"), ListingStock.account_id.in_(health))
        .group_by(ListingStock.account_id)
    ):
        health[account_id].rejected = count
    for account_id, count in session.execute(
        select(ListingPrice.account_id, func.count())
        .join(Listing, Listing.id == ListingPrice.listing_id)
        .where(pricing.drifts(), ListingPrice.account_id.in_(health))
        .group_by(ListingPrice.account_id)
    ):
        health[account_id].price_drift = count
    for account_id, count in session.execute(
        select(Listing.account_id, func.count())
        .where(Listing.variant_id.is_(None), Listing.state == "active",
               Listing.account_id.in_(health))
        .group_by(Listing.account_id)
    ):
        health[account_id].unmapped = count


def drifting(session: Session, limit: int = 50) -> Sequence[tuple[Listing, ListingStock]]:
    """Listings that show another quantity than we sent."""
    rows = session.execute(
        select(Listing, ListingStock).join(ListingStock, ListingStock.listing_id == Listing.id)
        .where(is_standing("drift")).order_by(ListingStock.confirmed_at.desc()).limit(limit)
    )
    return [(listing, stock) for listing, stock in rows]


def _lags(session: Session, health: Mapping[int, AccountHealth]) -> None:
    """Median and 95th percentile over the newest accepted publications of each account."""
    newest = session.execute(
        select(Publication.account_id, Publication.lag_ms)
        .where(Publication.outcome == "applied").order_by(Publication.id.desc())
        .limit(SAMPLE * max(1, len(health)))
    )
    lags: dict[int, list[int]] = defaultdict(list)
    for account_id, lag in newest:
        lags[account_id].append(lag or 0)
    for account_id, one in health.items():
        found = sorted(lags[account_id])
        if found:
            one.lag_p50 = found[len(found) // 2] / 1000
            one.lag_p95 = found[min(len(found) - 1, len(found) * 95 // 100)] / 1000


def causes(session: Session, overview_: Sequence[AccountHealth],
           cause: Callable[[str], str] = str) -> list[Cause]:
    """Errors of all accounts grouped by their cause, the most frequent first.

    ``cause`` takes out of an error what only this one has: a row's number, a value.
    """
    by_id = {one.account.id: one.account for one in overview_}
    counted: Counter[tuple[int, str, str]] = Counter()
    for one in overview_:
        if one.account.state == "broken":
            counted[one.account.id, cause(one.account.state_reason or ""), "access"] += 1
        for feed in one.feeds:
            if feed.error and one.account.state != "broken":
                counted[one.account.id, cause(feed.error), "feed"] += feed.failures
    for account_id, message, count in session.execute(
        select(ListingStock.account_id, ListingStock.message, func.count())
        .where(ListingStock.outcome.in_(("rejected", "retry", "unknown")),
               ListingStock.account_id.in_(by_id))
        .group_by(ListingStock.account_id, ListingStock.message)
    ):
        counted[account_id, cause(message or ""), "stock"] += count
    for account_id, reason, count in session.execute(
        select(Quarantine.account_id, Quarantine.reason, func.count())
        .where(Quarantine.state == "waiting", Quarantine.account_id.in_(by_id))
        .group_by(Quarantine.account_id, Quarantine.reason)
    ):
        counted[account_id, cause(reason), "order"] += count
    return [
        Cause(by_id[account_id], message, count, kind)
        for (account_id, message, kind), count in counted.most_common(SHOWN_ERRORS)
    ]


def journal(session: Session, account_id: int, limit: int = 50
            ) -> Sequence[tuple[Publication, Listing]]:
    """The newest publications of an account."""
    rows = session.execute(
        select(Publication, Listing).join(Listing, Listing.id == Publication.listing_id)
        .where(Publication.account_id == account_id)
        .order_by(Publication.id.desc()).limit(limit)
    )
    return [(publication, listing) for publication, listing in rows]
