"""Send quantities: desired against sent, absolute, in batches, each item with its own outcome.

Said, done, noted: the values about to be sent are written down with a date for the next try, then
sent, then the outcome is noted. A death in between leaves a row that is simply sent again. A value
that may have reached the channel after a newer one is followed by the newer one once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms_connector import (
    AccessRefused,
    ChannelError,
    Connector,
    ItemResult,
    OutcomeUnknown,
    PushesStock,
    RateLimited,
    StockItem,
)
from sqlalchemy import ColumnElement, and_, insert, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock, Publication
from oms_web.sync import feeds, stock_answers
from oms_web.sync.session import Engine, connected

IN_FLIGHT = timedelta(seconds=90)
SLOW_DOWN = timedelta(seconds=60)
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

    def count(self, outcome: str) -> None:
        """One more of this outcome."""
        self.applied += outcome == "applied"
        self.rejected += outcome == "rejected"
        self.later += outcome in ("retry", "unknown", "accepted")


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
        stock_answers.ask(engine, account_id, connector, pushed.count)
        while batch := _take(engine, account_id, connector):
            for group in _groups(connector, batch):
                results = _send(engine, account_id, connector, group)
                _note(engine, account_id, group, results, pushed)
            beat(pushed.applied + pushed.rejected + pushed.later, 0)
    return pushed


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition on ``ListingStock``, ``Listing`` and ``ChannelAccount`` joined."""
    return and_(
        ListingStock.due_at <= now, Listing.state == "active", ChannelAccount.state == "active",
        ChannelAccount.publish_stock, ChannelAccount.archived_at.is_(None),
    )


def _take(engine: Engine, account_id: int, connector: Connector) -> list[Sending]:
    """Write down what is about to be sent. What the channel still works on is not among it."""
    capabilities = connector.manifest.capabilities
    alike = {"same_value": ListingStock.desired, "one_sku": Listing.sku}.get(
        capabilities.stock_shape, ListingStock.due_at)
    with engine.works.writing(SYSTEM) as work:
        rows = work.session.execute(
            select(ListingStock.listing_id, ListingStock.version, ListingStock.attempts,
                   ListingStock.desired, ListingStock.desired_at, Listing.offer_ref, Listing.sku)
            .join(Listing, Listing.id == ListingStock.listing_id)
            .join(ChannelAccount, ChannelAccount.id == ListingStock.account_id)
            .where(ListingStock.account_id == account_id, is_due(work.now),
                   ListingStock.outcome.is_distinct_from("accepted"))
            .order_by(alike, ListingStock.due_at).limit(capabilities.stock_batch)
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


def _groups(connector: Connector, batch: Sequence[Sending]) -> list[list[Sending]]:
    """The batch as the channel takes it: one call for each group."""
    shape = connector.manifest.capabilities.stock_shape
    if shape == "per_item":
        return [list(batch)]
    groups: dict[object, list[Sending]] = defaultdict(list)
    for sending in batch:
        groups[sending.item.quantity if shape == "same_value" else sending.item.sku].append(sending)
    return list(groups.values())


def _send(
    engine: Engine, account_id: int, connector: PushesStock, batch: Sequence[Sending]
) -> Sequence[ItemResult]:
    try:
        results = connector.push_stock([sending.item for sending in batch])
    except OutcomeUnknown as error:
        return [ItemResult("unknown", str(error))] * len(batch)
    except (AccessRefused, RateLimited) as error:
        _note(engine, account_id, batch, [ItemResult("retry", str(error))] * len(batch), Pushed())
        _hold_back(engine, account_id, error)
        raise
    except Exception as error:
        return [ItemResult("retry", feeds.describe(error))] * len(batch)
    if len(results) != len(batch):
        # A batch that is not answered item by item counts as not answered at all.
        return [ItemResult("unknown", "the channel did not answer for every item")] * len(batch)
    return results


def _hold_back(engine: Engine, account_id: int, error: ChannelError) -> None:
    """Send nothing to the account for as long as the channel asks, or until access works again."""
    with engine.works.writing(SYSTEM) as work:
        if isinstance(error, AccessRefused):
            feeds.break_account(work, account_id, str(error))
        if isinstance(error, RateLimited):
            until = work.now + (SLOW_DOWN if error.retry_after is None
                                else timedelta(seconds=error.retry_after))
            work.session.execute(
                update(ListingStock)
                .where(ListingStock.account_id == account_id, ListingStock.due_at < until)
                .values(due_at=until).execution_options(synchronize_session=False)
            )


def _note(
    engine: Engine, account_id: int, batch: Sequence[Sending], results: Sequence[ItemResult],
    pushed: Pushed,
) -> None:
    """Note the outcomes. A listing that got a newer value meanwhile stays due for that one."""
    with engine.works.writing(SYSTEM) as work:
        journal = []
        for sending, result in zip(batch, results, strict=True):
            ours = update(ListingStock).where(
                ListingStock.listing_id == sending.listing_id,
                ListingStock.sent_version == sending.version,
            ).execution_options(synchronize_session=False)
            found = work.session.execute(ours.values(
                outcome=result.outcome, message=result.message[:500] or None,
                handle=result.handle[:200] or None,
            ))
            if found.rowcount:
                work.session.execute(ours.where(ListingStock.version == sending.version).values(
                    due_at=_again(work.now, sending, result)))
            elif result.outcome != "rejected":
                _follow(work, sending)
            journal.append({
                "at": work.now, "account_id": account_id, "listing_id": sending.listing_id,
                "version": sending.version, "quantity": sending.item.quantity,
                "outcome": result.outcome, "message": result.message[:500] or None,
                "lag_ms": int((work.now - sending.desired_at).total_seconds() * 1000),
            })
            pushed.count(result.outcome)
        work.session.execute(insert(Publication), journal)


def _follow(work: Work, sending: Sending) -> None:
    """Somebody sent a newer value meanwhile, and this older one may have come last: once more."""
    work.session.execute(
        update(ListingStock).where(
            ListingStock.listing_id == sending.listing_id,
            ListingStock.sent_version > sending.version,
            ListingStock.version == ListingStock.sent_version,
        ).values(version=ListingStock.version + 1, due_at=work.now, attempts=0)
        .execution_options(synchronize_session=False)
    )


def _again(now: datetime, sending: Sending, result: ItemResult) -> datetime | None:
    """When to come back to a value."""
    if result.outcome == "accepted":
        return now + stock_answers.ASK_AFTER
    if result.outcome in ("retry", "unknown"):
        return now + timedelta(seconds=_BACKOFF[min(sending.attempts, len(_BACKOFF) - 1)])
    return None


def waiting(engine: Engine, now: datetime) -> list[int]:
    """Accounts that have quantities to be sent, or answers to be asked for, now."""
    with engine.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(ListingStock.account_id)
            .join(Listing, Listing.id == ListingStock.listing_id)
            .join(ChannelAccount, ChannelAccount.id == ListingStock.account_id)
            .where(is_due(now)).distinct()
        ))
