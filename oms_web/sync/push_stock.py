"""Send quantities: desired against sent, absolute, in batches, each item with its own outcome.

Said, done, noted: the values about to be sent are written down with a date for the next try, then
sent, then the outcome is noted. A death in between leaves a row that is simply sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms_connector import (
    AccessRefused,
    ItemResult,
    OutcomeUnknown,
    PushesStock,
    RateLimited,
    StockItem,
)
from sqlalchemy import insert, select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock, Publication
from oms_web.sync import feeds
from oms_web.sync.session import Engine, connected

IN_FLIGHT = timedelta(seconds=90)
_BACKOFF = (5, 30, 120, 600, 1800)


@dataclass(frozen=True, slots=True)
class Sending:
    """One value on its way."""

    listing_id: int
    version: int
    attempts: int
    desired_at: datetime
    item: StockItem


@dataclass(slots=True)
class Pushed:
    """What a run sent, by outcome."""

    applied: int = 0
    rejected: int = 0
    later: int = 0


def push_stock(
    engine: Engine, account_id: int, beat: Callable[[int, int], None] = lambda _a, _b: None
) -> Pushed:
    """Send everything that is due for an account.

    Raises:
        ChannelError: access was refused or the channel asks to slow down; what was not sent stays
            due.
    """
    pushed = Pushed()
    with connected(engine, account_id) as (_account, connector):
        if not isinstance(connector, PushesStock):
            return pushed
        limit = connector.manifest.capabilities.stock_batch
        while batch := _take(engine, account_id, limit):
            results = _send(engine, account_id, connector, batch)
            _note(engine, account_id, batch, results, pushed)
            beat(pushed.applied + pushed.rejected + pushed.later, 0)
    return pushed


def _take(engine: Engine, account_id: int, limit: int) -> list[Sending]:
    """Write down what is about to be sent."""
    with engine.works.writing(SYSTEM) as work:
        rows = work.session.execute(
            select(ListingStock.listing_id, ListingStock.version, ListingStock.attempts,
                   ListingStock.desired, ListingStock.desired_at, Listing.offer_ref, Listing.sku)
            .join(Listing, Listing.id == ListingStock.listing_id)
            .where(ListingStock.account_id == account_id, ListingStock.due_at <= work.now,
                   Listing.state == "active")
            .order_by(ListingStock.due_at).limit(limit)
            .with_for_update(of=ListingStock, skip_locked=True)
        ).all()
        work.session.execute(
            update(ListingStock)
            .where(ListingStock.listing_id.in_([row.listing_id for row in rows]))
            .values(sent=ListingStock.desired, sent_version=ListingStock.version,
                    sent_at=work.now, outcome="sent", due_at=work.now + IN_FLIGHT,
                    attempts=ListingStock.attempts + 1)
            .execution_options(synchronize_session=False)
        )
    return [
        Sending(row.listing_id, row.version, row.attempts, row.desired_at, StockItem(
            row.offer_ref, row.sku, row.desired, row.version,
            # The moment too: a database that came back from a backup counts versions again, and
            # a channel that remembers keys would take a new decision for an old one.
            f"stock:{row.listing_id}:{row.version}:{row.desired_at:%y%m%d%H%M%S%f}",
        ))
        for row in rows
    ]


def _send(
    engine: Engine, account_id: int, connector: PushesStock, batch: Sequence[Sending]
) -> Sequence[ItemResult]:
    try:
        results = connector.push_stock([sending.item for sending in batch])
    except OutcomeUnknown as error:
        return [ItemResult("unknown", str(error))] * len(batch)
    except (AccessRefused, RateLimited) as error:
        _note(engine, account_id, batch, [ItemResult("retry", str(error))] * len(batch), Pushed())
        if isinstance(error, AccessRefused):
            with engine.works.writing(SYSTEM) as work:
                feeds.break_account(work, account_id, str(error))
        raise
    except Exception as error:
        return [ItemResult("retry", feeds.describe(error))] * len(batch)
    if len(results) != len(batch):
        # A batch that is not answered item by item counts as not answered at all.
        return [ItemResult("unknown", "the channel did not answer for every item")] * len(batch)
    return results


def _note(
    engine: Engine, account_id: int, batch: Sequence[Sending], results: Sequence[ItemResult],
    pushed: Pushed,
) -> None:
    """Note the outcomes. A listing that got a newer value meanwhile stays due for that one."""
    with engine.works.writing(SYSTEM) as work:
        journal = []
        for sending, result in zip(batch, results, strict=True):
            again = result.outcome in ("retry", "unknown")
            wait = _BACKOFF[min(sending.attempts, len(_BACKOFF) - 1)]
            present = update(ListingStock).where(
                ListingStock.listing_id == sending.listing_id,
                ListingStock.sent_version == sending.version,
            ).execution_options(synchronize_session=False)
            work.session.execute(present.values(
                outcome=result.outcome, message=result.message[:500] or None
            ))
            work.session.execute(
                present.where(ListingStock.version == sending.version).values(
                    due_at=work.now + timedelta(seconds=wait) if again else None
                )
            )
            journal.append({
                "at": work.now, "account_id": account_id, "listing_id": sending.listing_id,
                "version": sending.version, "quantity": sending.item.quantity,
                "outcome": result.outcome, "message": result.message[:500] or None,
                "lag_ms": int((work.now - sending.desired_at).total_seconds() * 1000),
            })
            pushed.applied += result.outcome == "applied"
            pushed.rejected += result.outcome == "rejected"
            pushed.later += again
        work.session.execute(insert(Publication), journal)


def waiting(engine: Engine, now: datetime) -> list[int]:
    """Accounts that have quantities to be sent now."""
    with engine.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(ListingStock.account_id)
            .join(ChannelAccount, ChannelAccount.id == ListingStock.account_id)
            .where(ListingStock.due_at <= now, ChannelAccount.state == "active",
                   ChannelAccount.publish_stock)
            .distinct()
        ))
