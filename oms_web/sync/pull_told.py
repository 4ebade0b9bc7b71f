"""Fetch what stands beside orders (returns, messages): page by page, with the cursor that follows.

A page and its cursor are stored in one transaction; two workers may fetch the same page, and only
the one whose starting cursor still stands moves on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector import ChannelDown, CursorExpired, Page, Unreadable

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import LostClaim
from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import feeds, quarantine
from oms_web.sync.pull import AGAIN_NOW, PAGES_A_RUN, Cursor, Pulled
from oms_web.sync.session import Engine, connected


def _as_told(items: Sequence[Any]) -> Sequence[Any]:
    return items


@dataclass(frozen=True, slots=True)
class Told:
    """A kind of things that channels tell of.

    ``kind`` is its name in quarantine, ``fetch`` the connector's method, ``take`` keeps one and
    says ``added``, ``changed`` or ``same``; ``refusal`` is the sentence for a value that makes no
    sense. ``sort`` puts a page into order, ``after`` is done with the connector at the end.
    """

    feed: str
    kind: str
    capability: type[Any]
    fetch: Callable[[Any, Cursor, int], Page[Any]]
    take: Callable[[Work, ChannelAccount, Any], str]
    refusal: str
    sort: Callable[[Sequence[Any]], Sequence[Any]] = _as_told
    after: Callable[[Engine, ChannelAccount, Any], None] | None = None


def pull_told(
    engine: Engine, account_id: int, told: Told,
    beat: Callable[[int, int], None] = lambda _a, _b: None,
) -> Pulled:
    """Read a feed of an account until nothing is left.

    Raises:
        ChannelError: the channel failed; noted on the feed already.
    """
    try:
        with connected(engine, account_id) as (account, connector):
            if not isinstance(connector, told.capability):
                return Pulled()
            pulled = _read(engine, account, connector, told, beat)
            if told.after is not None:
                told.after(engine, account, connector)
            return pulled
    except (NotAllowedNow, LostClaim):
        raise
    except Exception as error:
        with engine.works.writing(SYSTEM) as work:
            if isinstance(error, CursorExpired):  # it begins anew: what is known changes nothing
                feeds.get_feed(work.session, account_id, told.feed).cursor = None
            feeds.note_failure(work, account_id, told.feed, error)
        raise


def _read(
    engine: Engine, account: ChannelAccount, connector: Any, told: Told,
    beat: Callable[[int, int], None],
) -> Pulled:
    pulled = Pulled()
    with engine.works.reading(SYSTEM) as work:
        cursor: Cursor = feeds.get_feed(work.session, account.id, told.feed).cursor
    again = feeds.every(type(connector), told.feed)
    for number in range(PAGES_A_RUN):
        page = told.fetch(connector, cursor, connector.manifest.capabilities.page_max)
        if page.more and page.cursor == cursor:
            raise ChannelDown("the channel sends the same page again and again")
        with engine.works.writing(engine.actor(account)) as work:
            feed = feeds.get_feed(work.session, account.id, told.feed)
            if feed.cursor != (dict(cursor) if cursor is not None else None):
                break  # another worker has moved on meanwhile
            _store(work, account, page, told, pulled)
            feeds.note_success(work, feed, page.cursor, AGAIN_NOW if page.more else again,
                               items=len(page.items))
        beat(number + 1, 0)
        if not page.more:
            break
        cursor = page.cursor
    return pulled


def _store(work: Work, account: ChannelAccount, page: Page[Any], told: Told, pulled: Pulled
           ) -> None:
    pulled.pages += 1
    for item in told.sort(page.items):
        if isinstance(item, Unreadable):
            pulled.quarantined += 1
            quarantine.put(work, account.id, told.kind, item.external_id, item.raw, item.reason,
                           field=item.field, origin=told.feed)
            continue
        try:
            with work.session.begin_nested():
                done = told.take(work, account, item)
        except (OmsError, ArithmeticError, AttributeError, TypeError, ValueError) as error:
            pulled.quarantined += 1
            reason = error if isinstance(error, OmsError) else Invalid(told.refusal, why=error)
            quarantine.put(work, account.id, told.kind, item.external_id or "?",
                           item.raw or repr(item), str(reason), field=getattr(error, "field", ""),
                           origin=told.feed)
            continue
        setattr(pulled, done, getattr(pulled, done) + 1)
        quarantine.solve(work, account.id, told.kind, {item.external_id})
