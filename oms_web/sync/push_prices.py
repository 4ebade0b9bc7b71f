"""Send prices: desired against sent, in batches, each item with its own outcome.

As quantities are sent (``push_stock``): written down first, then sent, then noted. What a channel
only took in is asked for later; no newer price is sent to a listing while it works on one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms_connector import (
    AccessRefused,
    AnswersLater,
    ChannelError,
    Connector,
    ItemResult,
    OutcomeUnknown,
    PriceItem,
    PushesPrices,
    RateLimited,
)
from sqlalchemy import ColumnElement, and_, insert, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.money import from_minor
from oms_web.core.work import Work
from oms_web.domain.channels.models import (
    ChannelAccount,
    Listing,
    ListingPrice,
    PricePublication,
)
from oms_web.sync import feeds
from oms_web.sync.push_stock import Pushed
from oms_web.sync.session import Engine, connected

TASK = "push_prices"
IN_FLIGHT = timedelta(seconds=90)
SLOW_DOWN = timedelta(seconds=60)
ASK_AFTER = timedelta(seconds=15)
GIVE_UP = timedelta(minutes=15)
ROWS = 5_000
LOST = ItemResult("unknown", "the channel never said what became of it")
_BACKOFF = (5, 30, 120, 600, 1800)


@dataclass(frozen=True, slots=True)
class Sending:
    """One price on its way, or being worked on."""

    listing_id: int
    version: int
    attempts: int
    sent_at: datetime
    price: int
    currency: str
    item: PriceItem


def push_prices(
    engine: Engine, account_id: int, beat: Callable[[int, int], None] = lambda _a, _b: None
) -> Pushed:
    """Send every price that is due for an account.

    Raises:
        ChannelError: access was refused or the channel asks to slow down; what was not sent stays
            due.
    """
    pushed = Pushed()
    with connected(engine, account_id) as (_account, connector):
        if not isinstance(connector, PushesPrices):
            return pushed
        _ask(engine, account_id, connector, pushed)
        while batch := _take(engine, account_id, connector):
            results = _send(engine, account_id, connector, batch)
            _note(engine, account_id, batch, results, pushed)
            beat(pushed.applied + pushed.rejected + pushed.later, 0)
    return pushed


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition on ``ListingPrice``, ``Listing`` and ``ChannelAccount`` joined."""
    return and_(
        ListingPrice.due_at <= now, Listing.state == "active", ChannelAccount.state == "active",
        ChannelAccount.publish_prices, ChannelAccount.archived_at.is_(None),
    )


def waiting(engine: Engine, now: datetime) -> list[int]:
    """Accounts that have prices to be sent, or answers to be asked for, now."""
    with engine.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(ListingPrice.account_id)
            .join(Listing, Listing.id == ListingPrice.listing_id)
            .join(ChannelAccount, ChannelAccount.id == ListingPrice.account_id)
            .where(is_due(now)).distinct()
        ))


def _take(engine: Engine, account_id: int, connector: Connector) -> list[Sending]:
    """Write down what is about to be sent. What the channel still works on is not among it."""
    with engine.works.writing(SYSTEM) as work:
        rows = work.session.execute(
            select(ListingPrice, Listing.offer_ref, Listing.sku)
            .join(Listing, Listing.id == ListingPrice.listing_id)
            .join(ChannelAccount, ChannelAccount.id == ListingPrice.account_id)
            .where(ListingPrice.account_id == account_id, is_due(work.now),
                   ListingPrice.outcome.is_distinct_from("accepted"))
            .order_by(ListingPrice.due_at, ListingPrice.listing_id)
            .limit(connector.manifest.capabilities.price_batch)
            .with_for_update(of=ListingPrice, skip_locked=True)
        ).all()
        taken = [_sending(row, ref, sku, row.desired, row.version, work.now)
                 for row, ref, sku in rows]
        work.session.execute(
            update(ListingPrice)
            .where(ListingPrice.listing_id.in_([one.listing_id for one in taken]))
            .values(sent=ListingPrice.desired, sent_version=ListingPrice.version,
                    sent_at=work.now, outcome="sent", due_at=work.now + IN_FLIGHT,
                    attempts=ListingPrice.attempts + 1)
            .execution_options(synchronize_session=False)
        )
    return taken


def _sending(
    row: ListingPrice, ref: str, sku: str, price: int, version: int, sent_at: datetime
) -> Sending:
    return Sending(row.listing_id, version, row.attempts, sent_at, price, row.currency, PriceItem(
        ref, sku, from_minor(price, row.currency), row.currency, version,
        f"price:{row.listing_id}:{version}:{row.desired_at:%y%m%d%H%M%S%f}",
    ))


def _send(
    engine: Engine, account_id: int, connector: PushesPrices, batch: Sequence[Sending]
) -> Sequence[ItemResult]:
    try:
        results = connector.push_prices([sending.item for sending in batch])
    except OutcomeUnknown as error:
        return [ItemResult("unknown", str(error))] * len(batch)
    except (AccessRefused, RateLimited) as error:
        _note(engine, account_id, batch, [ItemResult("retry", str(error))] * len(batch), Pushed())
        _hold_back(engine, account_id, error)
        raise
    except Exception as error:
        return [ItemResult("retry", feeds.describe(error))] * len(batch)
    if len(results) != len(batch):
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
                update(ListingPrice)
                .where(ListingPrice.account_id == account_id, ListingPrice.due_at < until)
                .values(due_at=until).execution_options(synchronize_session=False)
            )


def _note(
    engine: Engine, account_id: int, batch: Sequence[Sending], results: Sequence[ItemResult],
    pushed: Pushed,
) -> None:
    """Note the outcomes. A listing that got a newer price meanwhile stays due for that one."""
    with engine.works.writing(SYSTEM) as work:
        journal = []
        for sending, result in zip(batch, results, strict=True):
            ours = update(ListingPrice).where(
                ListingPrice.listing_id == sending.listing_id,
                ListingPrice.sent_version == sending.version,
            ).execution_options(synchronize_session=False)
            found = work.session.execute(ours.values(
                outcome=result.outcome, message=result.message[:500] or None,
                handle=result.handle[:200] or None,
            ))
            if found.rowcount:
                work.session.execute(ours.where(ListingPrice.version == sending.version).values(
                    due_at=_again(work.now, sending, result)))
            elif result.outcome != "rejected":
                _follow(work, sending)
            journal.append(_line(work, account_id, sending, result))
            pushed.count(result.outcome)
        work.session.execute(insert(PricePublication), journal)


def _line(
    work: Work, account_id: int, sending: Sending, result: ItemResult
) -> dict[str, object]:
    return {
        "at": work.now, "account_id": account_id, "listing_id": sending.listing_id,
        "version": sending.version, "price": sending.price, "currency": sending.currency,
        "outcome": result.outcome, "message": result.message[:500] or None,
    }


def _follow(work: Work, sending: Sending) -> None:
    """Somebody sent a newer price meanwhile, and this older one may have come last: once more."""
    work.session.execute(
        update(ListingPrice).where(
            ListingPrice.listing_id == sending.listing_id,
            ListingPrice.sent_version > sending.version,
            ListingPrice.version == ListingPrice.sent_version,
        ).values(version=ListingPrice.version + 1, due_at=work.now, attempts=0)
        .execution_options(synchronize_session=False)
    )


def _again(now: datetime, sending: Sending, result: ItemResult) -> datetime | None:
    if result.outcome == "accepted":
        return now + ASK_AFTER
    if result.outcome in ("retry", "unknown"):
        return now + timedelta(seconds=_BACKOFF[min(sending.attempts, len(_BACKOFF) - 1)])
    return None


def _ask(engine: Engine, account_id: int, connector: Connector, pushed: Pushed) -> None:
    """Ask for every answer that is due; what is not there yet is asked for again."""
    for handle, works in _worked_on(engine, account_id).items():
        found = connector.results(handle) if isinstance(connector, AnswersLater) else {}
        with engine.works.writing(SYSTEM) as work:
            journal = []
            for sending in works:
                result = _result(sending, found, work.now)
                ours = update(ListingPrice).where(
                    ListingPrice.listing_id == sending.listing_id,
                    ListingPrice.sent_version == sending.version, ListingPrice.handle == handle,
                    ListingPrice.outcome == "accepted",
                ).execution_options(synchronize_session=False)
                if result is None:
                    work.session.execute(ours.values(due_at=work.now + ASK_AFTER))
                    continue
                settled = result.outcome in ("applied", "rejected")
                if not work.session.execute(ours.values(
                    outcome=result.outcome, message=result.message[:500] or None, handle=None,
                    due_at=work.now,
                )).rowcount:
                    continue
                if settled:
                    work.session.execute(
                        update(ListingPrice).where(
                            ListingPrice.listing_id == sending.listing_id,
                            ListingPrice.version == sending.version,
                        ).values(due_at=None).execution_options(synchronize_session=False))
                pushed.count(result.outcome)
                journal.append(_line(work, account_id, sending, result))
            if journal:
                work.session.execute(insert(PricePublication), journal)


def _worked_on(engine: Engine, account_id: int) -> Mapping[str, list[Sending]]:
    with engine.works.reading(SYSTEM) as work:
        rows = work.session.execute(
            select(ListingPrice, Listing.offer_ref, Listing.sku)
            .join(Listing, Listing.id == ListingPrice.listing_id)
            .where(ListingPrice.account_id == account_id, ListingPrice.due_at <= work.now,
                   ListingPrice.outcome == "accepted")
            .order_by(ListingPrice.due_at).limit(ROWS)
        ).all()
        found: dict[str, list[Sending]] = defaultdict(list)
        for row, ref, sku in rows:
            found[row.handle or ""].append(_sending(
                row, ref, sku, row.sent or 0, row.sent_version, row.sent_at or work.now))
    return found


def _result(
    sending: Sending, found: Mapping[str, ItemResult] | None, now: datetime
) -> ItemResult | None:
    """The answer for one price; None while it is not there."""
    result = (found or {}).get(sending.item.offer_ref)
    if result is not None and result.outcome != "accepted":
        return result
    is_over = found is not None and result is None
    return LOST if is_over or sending.sent_at < now - GIVE_UP else None
