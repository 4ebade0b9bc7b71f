"""Fetch orders: page by page, each stored together with the cursor that continues after it.

The network is asked outside any transaction. Two workers may fetch the same page; storing it is
idempotent, and only the one whose starting cursor still stands moves the cursor on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_connector import (
    ChannelDown,
    ChannelError,
    Connector,
    CursorExpired,
    FetchesOrders,
    OrderRef,
    Page,
    PullsOrders,
    SweepsOrders,
    Unreadable,
)
from oms_connector import Order as SdkOrder
from sqlalchemy import literal_column, select, tuple_

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import LostClaim
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import AMONG_OPEN, ChannelOrder, Order, OrderLink
from oms_web.sync import backfill, feeds, proof, receipts
from oms_web.sync.intake import Stored, store_page
from oms_web.sync.session import Engine, connected

PAGES_A_RUN = 200
OVERLAP = timedelta(hours=48)
FIRST_LOOK = timedelta(days=30)
AGAIN_NOW = timedelta(0)

Beat = Callable[[int, int], None]
Cursor = Mapping[str, Any] | None


@dataclass(slots=True)
class Pulled:
    """What a run brought in."""

    pages: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    quarantined: int = 0

    def count(self, stored: Stored) -> None:
        """Add a page's counts."""
        self.pages += 1
        self.added += stored.added
        self.changed += stored.changed
        self.same += stored.same
        self.quarantined += stored.quarantined


def pull(engine: Engine, account_id: int, name: str, beat: Beat = lambda _a, _b: None) -> Pulled:
    """Read a feed of orders until nothing is left (or for ``PAGES_A_RUN`` pages).

    Raises:
        ChannelError: the channel failed; noted on the feed already.
    """
    try:
        with connected(engine, account_id) as (account, connector):
            return _read(engine, account, connector, name, beat)
    except (NotAllowedNow, LostClaim):
        raise
    except NotFound:  # somebody has ended the feed meanwhile
        return Pulled()
    except CursorExpired as error:
        _forget_cursor(engine, account_id, name, error)
        raise
    except Exception as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.note_failure(work, account_id, name, error)
        raise


def _read(
    engine: Engine, account: ChannelAccount, connector: Connector, name: str, beat: Beat
) -> Pulled:
    pulled = Pulled()
    cursor = _start(engine, account.id, name)
    again = feeds.every(type(connector), name)
    for number in range(PAGES_A_RUN):
        page = _open(engine, account, connector, cursor) if name == feeds.OPEN else \
            _fetch(connector, name, cursor, engine.works.clock())
        items = _complete(connector, page.items)
        if page.more and page.cursor == cursor:
            raise ChannelDown("the channel sends the same page again and again")
        done = not page.more
        stored = _store(engine, account, connector, name, cursor, page,
                        items, again if done else AGAIN_NOW)
        if stored is None:
            break
        counts, cursor = stored
        pulled.count(counts)
        if name == feeds.ORDERS:
            receipts.tell(engine, account.id, connector)
        beat(number + 1, 0)
        if done:
            break
    return pulled


def _start(engine: Engine, account_id: int, name: str) -> Cursor:
    with engine.works.writing(SYSTEM) as work:
        feed = feeds.get_feed(work.session, account_id, name)
        feed.started_at = work.now
        return feed.cursor


def _fetch(connector: Connector, name: str, cursor: Cursor, now: datetime) -> Page[Any]:
    capabilities = connector.manifest.capabilities
    if name == feeds.BACKFILL and cursor is not None and isinstance(connector, SweepsOrders):
        return backfill.fetch(connector, cursor, capabilities.page_max)
    if name == feeds.SWEEP and isinstance(connector, SweepsOrders):
        # A sweep looks at a span once more; its cursor carries the span and the place within it.
        since, until, inner = _span(cursor, now - timedelta(seconds=capabilities.settle_lag_s))
        page = connector.sweep_orders(since, until, inner, capabilities.page_max)
        return Page(page.items, {
            "since": since.isoformat(), "until": until.isoformat(), "inner": dict(page.cursor),
            "counted": (cursor or {}).get("counted", {}),
        }, page.more)
    if isinstance(connector, PullsOrders):
        return connector.pull_orders(cursor, capabilities.page_max)
    raise NotAllowedNow("This channel has no such feed.")


def _open(
    engine: Engine, account: ChannelAccount, connector: Connector, cursor: Cursor
) -> Page[OrderRef]:
    """The account's orders that are not closed yet, the oldest first."""
    limit = connector.manifest.capabilities.page_max
    place = tuple_(Order.placed_at, Order.id)
    wanted = select(Order.placed_at, Order.id).where(
        literal_column(AMONG_OPEN), Order.account_id == account.id)
    if cursor:
        wanted = wanted.where(
            place > tuple_(datetime.fromisoformat(cursor["placed"]), cursor["order"]))
    with engine.works.reading(SYSTEM) as work:
        rows = work.session.execute(wanted.order_by(Order.placed_at, Order.id).limit(limit)).all()
        refs = work.session.scalars(
            select(ChannelOrder.external_id)
            .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
            .where(OrderLink.order_id.in_([row.id for row in rows]),
                   ChannelOrder.account_id == account.id, ChannelOrder.superseded_by.is_(None))
            .order_by(ChannelOrder.id)
        ).all()
    more = len(rows) == limit
    after = {"placed": rows[-1].placed_at.isoformat(), "order": rows[-1].id} if more else {}
    return Page([OrderRef(ref) for ref in refs], after, more)


def _span(cursor: Cursor, until: datetime) -> tuple[datetime, datetime, Cursor]:
    if cursor and "inner" in cursor:
        return (datetime.fromisoformat(cursor["since"]), datetime.fromisoformat(cursor["until"]),
                cursor["inner"])
    if cursor and "done" in cursor:
        return datetime.fromisoformat(cursor["done"]) - OVERLAP, until, None
    return until - FIRST_LOOK, until, None


def _complete(connector: Connector, items: Sequence[Any]) -> list[SdkOrder | Unreadable]:
    """Fetch the orders that a page names only by their id."""
    refs = [item.external_id for item in items if isinstance(item, OrderRef)]
    fetched: dict[str, SdkOrder | Unreadable | None] = {}
    if refs:
        if not isinstance(connector, FetchesOrders):
            raise ChannelError("the connector names orders but cannot fetch them")
        answers = connector.fetch_orders(refs)
        if len(answers) != len(refs):
            raise ChannelError("the connector did not answer for every order")
        fetched = dict(zip(refs, answers, strict=True))
    complete: list[SdkOrder | Unreadable] = []
    for item in items:
        if not isinstance(item, OrderRef):
            complete.append(item)
            continue
        found = fetched[item.external_id]
        complete.append(found if found is not None else Unreadable(
            item.external_id, "", "the channel names this order but does not show it"
        ))
    return complete


def _store(
    engine: Engine, account: ChannelAccount, connector: Connector, name: str,
    started_from: Cursor, page: Page[Any], items: Sequence[SdkOrder | Unreadable],
    again: timedelta,
) -> tuple[Stored, Cursor] | None:
    """Page and cursor in one transaction; None when another worker has moved on meanwhile.

    Returns:
        What became of the page, and the cursor after it.
    """
    with engine.works.writing(engine.actor(account)) as work:
        feed = feeds.get_feed(work.session, account.id, name)
        if feed.cursor != (dict(started_from) if started_from is not None else None):
            return None
        stored = store_page(work, account, items, origin=name)
        if name == feeds.ORDERS:
            receipts.owe(work, account.id, connector, stored.refs)
        cursor = page.cursor
        if name == feeds.SWEEP:
            cursor = _counted(work, account, page, items, stored)
        feeds.note_success(work, feed, cursor, again, items=len(items))
        if name == feeds.BACKFILL:
            sums = proof.count(work, account.id, items, stored, page.cursor["counted"])
            feed.cursor = dict(backfill.note(work, feed, page.cursor, sums, more=page.more))
            cursor = feed.cursor
        return stored, cursor


def _counted(
    work: Work, account: ChannelAccount, page: Page[Any],
    items: Sequence[SdkOrder | Unreadable], stored: Stored,
) -> Mapping[str, Any]:
    """Count a page of a sweep; its cursor with the sums, or where the next sweep begins."""
    sums = proof.count(work, account.id, items, stored, page.cursor["counted"])
    if page.more:
        return {**page.cursor, "counted": sums}
    since, until, _ = _span(page.cursor, work.now)
    proof.write_down(work, account.id, since, until, sums)
    return {"done": until.isoformat()}


def _forget_cursor(engine: Engine, account_id: int, name: str, error: CursorExpired) -> None:
    """The channel no longer knows the place: start over; the sweep fills what lies between."""
    with engine.works.writing(SYSTEM) as work:
        feed = feeds.get_feed(work.session, account_id, name)
        feed.cursor = backfill.again(feed.cursor) if name == feeds.BACKFILL and feed.cursor \
            else None
        feed.due_at = work.now
        feed.error = feeds.describe(error)
