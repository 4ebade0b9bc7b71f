"""Read a channel's orders again from any date: a feed of its own that ends when all is read.

Its cursor holds the whole span, the piece of it that is being listed and the place in that
(``inner``), what was ``counted`` so far and ``before`` the piece. So it goes on after any death and
can say how far it is. Storing is idempotent: nothing is doubled. What was counted on the way is
written down as a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_connector import Connector, Page, SweepsOrders
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.sync import feeds, proof
from oms_web.sync.models import Feed

PIECES = 50
SHORTEST = timedelta(days=1)

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: ``since`` to ``until`` is the whole span, ``done`` of it is read.

    ``read`` orders were listed so far, ``added`` of them were new here.
    """

    since: datetime
    until: datetime
    done: datetime
    read: int
    added: int
    error: str | None

    @property
    def percent(self) -> int:
        """Of the span's time; orders are not spread evenly over it."""
        return int(100 * (self.done - self.since) / (self.until - self.since))


def can(connector: type[Connector]) -> bool:
    """Whether a channel can list a span of its orders again."""
    return issubclass(connector, SweepsOrders)


def begin(work: Work, account_id: int, connector: type[Connector], since: datetime) -> None:
    """Read what happened to an account's orders since a moment again; it is due at once.

    Raises:
        NotAllowedNow: the channel cannot list a span, or one is being read already.
        Invalid: the moment lies in the future, or before what the channel remembers.
    """
    if not can(connector):
        raise NotAllowedNow("This channel does not list its orders by date.")
    days = connector.manifest.capabilities.history_days
    if since >= work.now:
        raise Invalid("Choose a day that has begun.", "since")
    if days is not None and since < work.now - timedelta(days=days + 1):
        raise Invalid("This channel shows the last %(days)s days only.", "since", days=days)
    if running(work.session, account_id) is not None:
        raise NotAllowedNow("This channel is being read again already.")
    work.session.add(Feed(
        account_id=account_id, name=feeds.BACKFILL, due_at=work.now,
        cursor=_piece(since, {"from": since.isoformat(), "to": work.now.isoformat(),
                              "by": work.actor.name, "counted": {}, "before": {}}),
    ))
    audit.record(work, "channels.replay", "channel_account", account_id,
                 {"since": [None, since.isoformat()]})


def stop(work: Work, account_id: int) -> bool:
    """Read no further; what was read stays. False when nothing was being read."""
    stopped = rows_changed(
        work.session, delete(Feed).where(Feed.account_id == account_id, Feed.name == feeds.BACKFILL)
    ) == 1
    if stopped:
        audit.record(work, "channels.replay_stopped", "channel_account", account_id)
    return stopped


def running(session: Session, account_id: int) -> Progress | None:
    """How far an account's reading is; None when none is under way."""
    feed = session.scalar(
        select(Feed).where(Feed.account_id == account_id, Feed.name == feeds.BACKFILL))
    if feed is None or feed.cursor is None:
        return None
    at, counted = feed.cursor, feed.cursor["counted"]
    return Progress(
        datetime.fromisoformat(at["from"]), datetime.fromisoformat(at["to"]),
        datetime.fromisoformat(at["since"]), counted.get("theirs", 0), counted.get("late", 0),
        feed.error)


def fetch(connector: SweepsOrders, cursor: Cursor, limit: int) -> Page[Any]:
    """The next page, with the cursor after it. It is the last when the whole span is read."""
    until, end = datetime.fromisoformat(cursor["until"]), datetime.fromisoformat(cursor["to"])
    page = connector.sweep_orders(
        datetime.fromisoformat(cursor["since"]), until, cursor["inner"], limit)
    if page.more:
        return Page(page.items, {**cursor, "inner": dict(page.cursor)}, True)
    return Page(page.items, _piece(until, cursor), until < end)


def note(work: Work, feed: Feed, cursor: Cursor, sums: Mapping[str, int], *, more: bool) -> Cursor:
    """Add a page's sums to the cursor; with the last page the feed ends and they are kept."""
    after = {**cursor, "counted": dict(sums)}
    if cursor["inner"] is None:
        after["before"] = dict(sums)
    if not more:
        proof.write_down(
            work, feed.account_id, datetime.fromisoformat(cursor["from"]),
            datetime.fromisoformat(cursor["to"]), sums, asked_by=cursor["by"])
        work.session.delete(feed)
    return after


def again(cursor: Cursor) -> dict[str, Any]:
    """The cursor at the beginning of its piece: the channel no longer knows the place within."""
    return {**cursor, "inner": None, "counted": dict(cursor["before"])}


def _piece(since: datetime, cursor: Cursor) -> dict[str, Any]:
    """The cursor at the beginning of the piece that begins at ``since``."""
    begin, end = datetime.fromisoformat(cursor["from"]), datetime.fromisoformat(cursor["to"])
    until = min(end, since + max(SHORTEST, (end - begin) / PIECES))
    return {**cursor, "since": since.isoformat(), "until": until.isoformat(), "inner": None}
