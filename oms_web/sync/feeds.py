"""Feeds: what is due to be fetched, how a run ended, when to come again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelError,
    Connector,
    FetchesOrders,
    ListsOffers,
    PullsMessages,
    PullsOrders,
    PullsReturns,
    RateLimited,
    SweepsOrders,
)
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync.models import Feed

ORDERS, SWEEP, OPEN, OFFERS, RETURNS = "orders", "sweep", "open", "offers", "returns"
MESSAGES = "messages"
BACKFILL = "backfill"  # there while a span is read again, see ``backfill.py``
NOT_YET = "not connected yet"
"""Why an account is broken that nobody has said yes to so far."""
_EVERY = {
    BACKFILL: timedelta(0),
    ORDERS: timedelta(0), SWEEP: timedelta(hours=1), OPEN: timedelta(minutes=10),
    OFFERS: timedelta(minutes=10), RETURNS: timedelta(minutes=10),
    MESSAGES: timedelta(minutes=1),
}
_BACKOFF = (10, 30, 120, 600, 1800)


def feeds_of(connector: type[Connector]) -> list[str]:
    """The feeds a connector has, by what it can do.

    Open orders are asked for again, one by one, where the channel's stamp of the last change does
    not notice all that happens to them.
    """
    able = {
        ORDERS: issubclass(connector, PullsOrders), SWEEP: issubclass(connector, SweepsOrders),
        OPEN: issubclass(connector, FetchesOrders)
        and bool(connector.manifest.capabilities.updated_misses),
        OFFERS: issubclass(connector, ListsOffers),
        RETURNS: issubclass(connector, PullsReturns),
        MESSAGES: issubclass(connector, PullsMessages),
    }
    return [name for name, can in able.items() if can]


def every(connector: type[Connector], name: str) -> timedelta:
    """How often a feed is read."""
    return max(timedelta(seconds=connector.manifest.capabilities.min_poll_s), _EVERY[name])


def get_feed(session: Session, account_id: int, name: str) -> Feed:
    """A feed of an account.

    Raises:
        NotFound: the account has no such feed.
    """
    feed = session.scalar(
        select(Feed).where(Feed.account_id == account_id, Feed.name == name).with_for_update()
    )
    if feed is None:
        raise NotFound("This channel has no such feed.")
    return feed


def due(session: Session, now: datetime, limit: int = 200) -> list[tuple[int, str]]:
    """Feeds that should be read now, of accounts that are neither paused nor broken."""
    rows = session.execute(
        select(Feed.account_id, Feed.name)
        .join(ChannelAccount, ChannelAccount.id == Feed.account_id)
        .where(Feed.due_at <= now, ChannelAccount.state == "active",
               ChannelAccount.archived_at.is_(None))
        .order_by(Feed.due_at).limit(limit)
    )
    return [(account, name) for account, name in rows]


def note_success(
    work: Work, feed: Feed, cursor: Mapping[str, Any] | None, again: timedelta, *, items: int
) -> None:
    """A page was stored: keep the cursor in the same transaction."""
    feed.cursor = dict(cursor) if cursor is not None else None
    feed.ok_at = work.now
    feed.failures = 0
    feed.failing_since = None
    feed.error = None
    feed.due_at = work.now + again
    if items:
        feed.last_item_at = work.now


def note_failure(work: Work, account_id: int, name: str, error: Exception) -> None:
    """A run failed: say why, come again later; stop the account if its access was refused."""
    failures = work.session.scalar(
        select(Feed.failures).where(Feed.account_id == account_id, Feed.name == name)
    ) or 0
    wait = float(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
    if isinstance(error, RateLimited) and error.retry_after is not None:
        wait = error.retry_after
    work.session.execute(
        update(Feed).where(Feed.account_id == account_id, Feed.name == name).values(
            failures=failures + 1, error=describe(error), failed_at=work.now,
            failing_since=func.coalesce(Feed.failing_since, work.now),
            due_at=work.now + timedelta(seconds=wait),
        )
    )
    if isinstance(error, AccessRefused):
        break_account(work, account_id, str(error))


def break_account(work: Work, account_id: int, reason: str) -> None:
    """Stop an account whose access is refused, until a person reconnects it."""
    account = work.session.get(ChannelAccount, account_id)
    if account is not None and account.state == "active":
        audit.record(work, "channels.broken", "channel_account", account_id,
                     {"state": ["active", "broken"]}, note=reason)
        account.state, account.state_reason = "broken", reason


def describe(error: Exception) -> str:
    """A failure in one line. A bug of a connector is named as such."""
    if isinstance(error, (ChannelError, OmsError)):
        return str(error) or type(error).__name__
    return f"fault in the connector: {type(error).__name__}: {error}"[:2000]
