"""Fetch returns: page by page, each stored together with the cursor that continues after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oms_connector import ChannelDown, Page, PullsReturns, Return, Unreadable

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import LostClaim
from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.flows import return_told
from oms_web.sync import feeds, quarantine
from oms_web.sync.pull import AGAIN_NOW, PAGES_A_RUN, Cursor, Pulled
from oms_web.sync.session import Engine, connected

KIND = "return"


def pull_returns(
    engine: Engine, account_id: int, beat: Callable[[int, int], None] = lambda _a, _b: None
) -> Pulled:
    """Read an account's returns until nothing is left.

    Raises:
        ChannelError: the channel failed; noted on the feed already.
    """
    try:
        with connected(engine, account_id) as (account, connector):
            if not isinstance(connector, PullsReturns):
                return Pulled()
            return _read(engine, account, connector, beat)
    except (NotAllowedNow, LostClaim):
        raise
    except Exception as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.note_failure(work, account_id, feeds.RETURNS, error)
        raise


def _read(
    engine: Engine, account: ChannelAccount, connector: Any, beat: Callable[[int, int], None]
) -> Pulled:
    pulled = Pulled()
    with engine.works.reading(SYSTEM) as work:
        cursor: Cursor = feeds.get_feed(work.session, account.id, feeds.RETURNS).cursor
    again = feeds.every(type(connector), feeds.RETURNS)
    for number in range(PAGES_A_RUN):
        page = connector.pull_returns(cursor, connector.manifest.capabilities.page_max)
        if page.more and page.cursor == cursor:
            raise ChannelDown("the channel sends the same page again and again")
        with engine.works.writing(engine.actor(account)) as work:
            feed = feeds.get_feed(work.session, account.id, feeds.RETURNS)
            if feed.cursor != (dict(cursor) if cursor is not None else None):
                break  # another worker has moved on meanwhile
            _store(work, account, page, pulled)
            feeds.note_success(work, feed, page.cursor, AGAIN_NOW if page.more else again,
                               items=len(page.items))
        beat(number + 1, 0)
        if not page.more:
            break
        cursor = page.cursor
    return pulled


def _store(work: Work, account: ChannelAccount, page: Page[Return], pulled: Pulled) -> None:
    pulled.pages += 1
    for item in page.items:
        if isinstance(item, Unreadable):
            pulled.quarantined += 1
            quarantine.put(work, account.id, KIND, item.external_id, item.raw, item.reason,
                           field=item.field, origin=feeds.RETURNS)
            continue
        try:
            with work.session.begin_nested():
                done = return_told.take(work, account, item)
        except (OmsError, ArithmeticError, AttributeError, TypeError, ValueError) as error:
            pulled.quarantined += 1
            reason = error if isinstance(error, OmsError) else Invalid(
                "The return has a value that makes no sense: %(why)s", why=error)
            quarantine.put(work, account.id, KIND, item.external_id or "?", item.raw or repr(item),
                           str(reason), field=getattr(error, "field", ""), origin=feeds.RETURNS)
            continue
        setattr(pulled, done, getattr(pulled, done) + 1)
        quarantine.solve(work, account.id, KIND, {item.external_id})
