"""Read a channel again from any date: all of the span, once, whatever happens on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from oms_connector import ChannelDown, CursorExpired, Page
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders.models import Order
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, backfill, feeds
from oms_web.sync.models import Comparison, Feed
from oms_web.sync.pull import pull
from tests import factories as make
from tests.conftest import TESTER
from tests.sync.channel import Channel, connect, engine


@dataclass
class Dated(Channel):
    """A channel that lists what changed within a span; ``spans`` are those it was asked for."""

    dated: list = field(default_factory=list)
    spans: list = field(default_factory=list)
    page_size: int = 2

    def connector(self):
        channel = self

        class Sweeping(super().connector()):
            def sweep_orders(self, since, until, cursor, limit):
                number = channel.call("sweep")
                channel.spans.append((since, until))
                found = [one for one in channel.dated if since <= one.placed_at <= until]
                start = (cursor or {}).get("at", 0)
                end = start + channel.page_size
                if channel.after:
                    channel.after("sweep", number)
                return Page(tuple(found[start:end]), {"at": end}, end < len(found))

        return Sweeping


@pytest.fixture
def shop(both):
    """Thirty orders, three a day over the last ten days; the channel's journal names none."""
    make.shop(both.works, {"KUB": 100})
    now = both.works.clock()
    channel = Dated(dated=[
        make.order(f"A{n:02}", {"KUB": 1}, placed_at=now - timedelta(days=n / 3, minutes=5))
        for n in range(30)])
    account = connect(both, channel)
    return both, channel, account


def begin(oms, account, days):
    with oms.works.writing(TESTER) as work:
        backfill.begin(work, account.id, oms.registry.get("fake"), work.now - timedelta(days=days))


def progress(oms, account):
    with oms.works.reading(SYSTEM) as work:
        return backfill.running(work.session, account.id)


def orders_here(oms):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(Order))


def written(oms):
    with oms.works.reading(SYSTEM) as work:
        return [(row.theirs, row.ours, row.late, row.missing, row.asked_by)
                for row in work.session.scalars(select(Comparison).order_by(Comparison.id))]


def test_the_whole_span_is_read_and_nothing_before_it(shop):
    oms, channel, account = shop
    begin(oms, account, 4)
    pull(engine(oms), account.id, feeds.BACKFILL)
    assert orders_here(oms) == 12
    assert len(channel.spans) == 8  # a day has three orders, a page two
    assert written(oms) == [(12, 12, 12, 0, "Tester")]
    assert progress(oms, account) is None


def test_twice_is_once(shop):
    oms, _, account = shop
    for _ in range(2):
        begin(oms, account, 4)
        pull(engine(oms), account.id, feeds.BACKFILL)
    assert orders_here(oms) == 12
    assert written(oms)[1] == (12, 12, 0, 0, "Tester")


def test_it_says_how_far_it_is_and_goes_on_after_a_death(shop):
    oms, channel, account = shop

    def fail(name, number):
        if len(channel.spans) == 10:
            channel.after = None
            raise ChannelDown("cable pulled")

    channel.after = fail
    begin(oms, account, 10)
    assert progress(oms, account).percent == 0
    with pytest.raises(ChannelDown):
        pull(engine(oms), account.id, feeds.BACKFILL)
    at = progress(oms, account)
    assert (at.percent, at.read, at.added) == (40, 14, 14)
    assert at.error == "cable pulled"
    pull(engine(oms), account.id, feeds.BACKFILL)
    assert (orders_here(oms), written(oms)) == (30, [(30, 30, 30, 0, "Tester")])


def test_a_place_that_the_channel_forgot_is_read_again_from_the_beginning_of_its_piece(shop):
    oms, channel, account = shop

    def expire(name, number):
        if len(channel.spans) == 4:
            channel.after = None
            raise CursorExpired("who are you")

    channel.after = expire
    begin(oms, account, 3)
    with pytest.raises(CursorExpired):
        pull(engine(oms), account.id, feeds.BACKFILL)
    pull(engine(oms), account.id, feeds.BACKFILL)
    [(theirs, ours, added, missing, _)] = written(oms)
    assert (theirs, ours, missing) == (9, 9, 0)
    assert added == 7  # two were stored before, and counted as known the second time


def test_the_clock_does_it_and_a_paused_account_waits(shop):
    oms, channel, account = shop
    begin(oms, account, 2)
    with oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, account.id, "paused")
    rings.ring_feeds(oms)
    drain(oms)
    assert channel.spans == []
    with oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, account.id, "active")
    rings.ring_feeds(oms)
    drain(oms)
    assert ("Tester",) in {row[-1:] for row in written(oms)}


def test_it_can_be_stopped_in_the_middle_of_a_page(shop):
    oms, channel, account = shop

    def stop(name, number):
        channel.after = None
        with oms.works.writing(TESTER) as work:
            assert backfill.stop(work, account.id)

    channel.after = stop
    begin(oms, account, 4)
    pulled = pull(engine(oms), account.id, feeds.BACKFILL)
    with oms.works.writing(SYSTEM) as work:
        assert not backfill.stop(work, account.id)
    assert (pulled.pages, orders_here(oms), written(oms)) == (0, 0, [])
    with oms.works.reading(SYSTEM) as work:
        acts = work.session.scalars(select(AuditEntry.act).where(
            AuditEntry.actor_name == "Tester").order_by(AuditEntry.id)).all()
    assert acts[-2:] == ["channels.replay", "channels.replay_stopped"]


def test_what_makes_no_sense_is_refused(shop, both):
    oms, _, account = shop
    with pytest.raises(Invalid, match="a day that has begun"):
        begin(oms, account, -1)
    begin(oms, account, 2)
    with pytest.raises(NotAllowedNow, match="already"):
        begin(oms, account, 3)
    with oms.works.writing(SYSTEM) as work, pytest.raises(NotFound):
        accounts.replay(work, account.id, feeds.BACKFILL)
    plain = connect(both, Channel(), "Plain", "plain")
    with oms.works.writing(SYSTEM) as work, pytest.raises(NotAllowedNow, match="by date"):
        backfill.begin(work, plain.id, oms.registry.get("plain"), work.now - timedelta(days=1))


def test_a_channel_is_not_asked_for_what_it_has_forgotten(shop):
    oms, _, account = shop
    kind = oms.registry.get("fake")
    kind.manifest = replace(kind.manifest, capabilities=replace(
        kind.manifest.capabilities, history_days=30))
    begin(oms, account, 30)
    with oms.works.writing(SYSTEM) as work:
        backfill.stop(work, account.id)
        with pytest.raises(Invalid, match="last 30 days"):
            backfill.begin(work, account.id, kind, work.now - timedelta(days=32))


def test_the_feed_is_not_there_when_nothing_is_read(shop):
    oms, _, account = shop
    begin(oms, account, 1)
    pull(engine(oms), account.id, feeds.BACKFILL)
    with oms.works.reading(SYSTEM) as work:
        names = work.session.scalars(select(Feed.name).where(Feed.account_id == account.id)).all()
    assert feeds.BACKFILL not in names
