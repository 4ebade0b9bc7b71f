"""How each channel is doing: one statement per question, all accounts at once.

What goes wrong there is in ``causes.py``, what was sent in ``journal.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import NotNullable, Select, func, literal, select, union_all
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
from oms_web.domain.orders.models import ChannelNotice, Order
from oms_web.sync import feeds, quota
from oms_web.sync.models import Feed, Quarantine

RECENT = timedelta(hours=24)
SAMPLE = 300

_Columns = TypeVarTuple("_Columns")


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds that something took: the median and the 95th percentile of the newest ones."""

    p50: float
    p95: float


@dataclass(slots=True)
class AccountHealth:
    """One account's figures.

    ``order_lag``: from the purchase until the order was here. ``stock_lag``: from the change of
    stock to the channel's yes. Both are None while nothing is known, and unless asked for.
    ``due`` quantities, ``due_prices`` and ``due_notices`` (documents, cancellations, statuses)
    wait to be sent.
    """

    account: ChannelAccount
    last_order_at: datetime | None = None
    orders_24h: int = 0
    order_lag: Lag | None = None
    stock_lag: Lag | None = None
    due: int = 0
    due_prices: int = 0
    due_notices: int = 0
    drift: int = 0
    price_drift: int = 0
    rejected: int = 0
    unmapped: int = 0
    quarantined: int = 0
    feeds: list[Feed] = field(default_factory=list)
    limits: list[quota.Used] = field(default_factory=list)

    @property
    def is_awaited(self) -> bool:
        """Whether the seller has yet to say yes on the channel's page, for the first time."""
        return self.account.state == "broken" and self.account.state_reason == feeds.NOT_YET

    @property
    def read_at(self) -> datetime | None:
        """When the channel last answered."""
        return max((feed.ok_at for feed in self.feeds if feed.ok_at), default=None)

    @property
    def slowed(self) -> bool:
        """Whether a feed fails at the moment though access is fine."""
        return any(feed.failures for feed in self.feeds)

    @property
    def queue(self) -> int:
        """How much waits to be sent to the channel."""
        return self.due + self.due_prices + self.due_notices

    @property
    def blocked_until(self) -> datetime | None:
        """Until when the channel may not be asked: it told us to wait."""
        return max((one.blocked_until for one in self.limits if one.blocked_until), default=None)

    @property
    def used_percent(self) -> int | None:
        """How much of the scarcest limit is used; None where none is known."""
        known = [one.percent for one in self.limits if one.left is not None]
        return max(known, default=None)


def overview(
    session: Session, now: datetime, accounts: Iterable[ChannelAccount]
) -> list[AccountHealth]:
    """How those of these accounts do that are not archived."""
    health = {account.id: AccountHealth(account) for account in accounts
              if account.archived_at is None}
    for feed in session.scalars(select(Feed).order_by(Feed.id)):
        if feed.account_id in health:
            health[feed.account_id].feeds.append(feed)
    for id_, limits in quota.of_accounts(session, now).items():
        if id_ in health:
            health[id_].limits = limits
    _orders(session, now, health)
    _counted(session, health)
    return list(health.values())


def measure(session: Session, found: Iterable[AccountHealth]) -> None:
    """Add how long orders took to come and quantities to be accepted, of the newest of each."""
    for one in found:
        account = one.account
        # What was bought before the channel was connected waited for that, not for us.
        came = session.execute(
            _newest_of(account.id, select(Order.placed_at, Order.created_at))
            .where(Order.placed_at > account.created_at).limit(SAMPLE))
        one.order_lag = _lag([(here - placed).total_seconds() for placed, here in came])
        sent = session.scalars(
            select(Publication.lag_ms)
            .where(Publication.account_id == account.id, Publication.outcome == "applied")
            .order_by(Publication.id.desc()).limit(SAMPLE))
        one.stock_lag = _lag([(ms or 0) / 1000 for ms in sent])


def _lag(seconds: Sequence[float]) -> Lag | None:
    ordered = sorted(max(0.0, one) for one in seconds)
    if not ordered:
        return None
    last = len(ordered) - 1
    return Lag(ordered[len(ordered) // 2], ordered[min(last, len(ordered) * 95 // 100)])


def _orders(session: Session, now: datetime, health: Mapping[int, AccountHealth]) -> None:
    recent = session.execute(
        select(NotNullable(Order.account_id), func.count(), func.max(Order.created_at))
        .where(Order.placed_at > now - RECENT, Order.account_id.in_(health))
        .group_by(Order.account_id)
    )
    for account_id, count, last in recent:
        health[account_id].orders_24h, health[account_id].last_order_at = count, last
    newest = _newest_of(
        ChannelAccount.id, select(Order.created_at)).limit(1).scalar_subquery()
    quiet = [account_id for account_id, one in health.items() if one.last_order_at is None]
    for account_id, last in session.execute(
        select(ChannelAccount.id, newest).where(ChannelAccount.id.in_(quiet))
    ) if quiet else ():
        health[account_id].last_order_at = last


def _newest_of(account_id: Any, query: Select[*_Columns]) -> Select[*_Columns]:
    """The orders of an account, the newest first, along the index that has them so.

    PostgreSQL takes the orders of each account for spread evenly; for one that has been quiet it
    would walk all newer orders of the others, if the index of moments alone had this order as well.
    """
    return query.where(Order.account_id.between(account_id, account_id)).order_by(
        Order.account_id.desc(), Order.placed_at.desc(), Order.id.desc())


def _counted(session: Session, health: Mapping[int, AccountHealth]) -> None:
    """What waits and what is wrong, by account: each count from its own index, in one statement."""
    price_drift = pricing.drifts(), Listing.id == ListingPrice.listing_id
    counts = (
        ("due", ListingStock.account_id, (ListingStock.due_at.is_not(None),)),
        ("due_prices", ListingPrice.account_id, (ListingPrice.due_at.is_not(None),)),
        ("due_notices", ChannelNotice.account_id, (ChannelNotice.due_at.is_not(None),)),
        ("drift", ListingStock.account_id, (is_standing("drift"),)),
        ("rejected", ListingStock.account_id, (is_standing("rejected"),)),
        ("price_drift", ListingPrice.account_id, price_drift),
        ("unmapped", Listing.account_id,
         (Listing.variant_id.is_(None), Listing.state == "active")),
        ("quarantined", NotNullable(Quarantine.account_id), (Quarantine.state == "waiting",)),
    )
    for name, account_id, count in session.execute(union_all(*(
        select(literal(name), account, func.count()).where(account.in_(health), *conditions)
        .group_by(account) for name, account, conditions in counts
    ))):
        setattr(health[account_id], name, count)


def drifting(session: Session, account_id: int | None = None, limit: int = 50
             ) -> Sequence[tuple[Listing, ListingStock]]:
    """Listings that show another quantity than we sent; of all accounts, or of one."""
    query = (
        select(Listing, ListingStock).join(ListingStock, ListingStock.listing_id == Listing.id)
        .where(is_standing("drift")).order_by(ListingStock.confirmed_at.desc()).limit(limit)
    )
    if account_id is not None:
        query = query.where(ListingStock.account_id == account_id)
    return [(listing, stock) for listing, stock in session.execute(query)]
