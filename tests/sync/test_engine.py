"""Pull and push with a channel that fails: nothing lost, nothing doubled, stock converges."""

from __future__ import annotations

from collections import Counter

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.domain.channels.models import ChannelAccount, ListingStock, Publication
from oms_web.domain.orders.models import Order
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import feeds
from oms_web.sync.models import Feed
from oms_web.sync.pull import pull
from oms_web.sync.push_stock import push_stock
from tests import factories as make
from tests.sync.channel import Channel, Clock, connect, engine


def row(oms, model, **where):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(model).filter_by(**where)).one()


@pytest.fixture
def shop(both):
    """A shop with ten mugs, connected to a channel with seven orders."""
    make.shop(both.works, {"KUB": 10, "KOC": 5})
    channel = Channel(journal=[make.order(f"A{n}", {"KUB": 1}) for n in range(7)])
    return both, channel, connect(both, channel)


def orders_in(oms):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(Order))


def test_all_pages_come_in_and_the_cursor_stands_at_the_end(shop):
    oms, _, account = shop
    pulled = pull(engine(oms), account.id, feeds.ORDERS)
    assert (pulled.pages, pulled.added) == (3, 7)
    assert row(oms, Feed, name="orders").cursor == {"at": 7}
    again = pull(engine(oms), account.id, feeds.ORDERS)
    assert (again.added, again.same) == (0, 0)


@pytest.mark.parametrize("fails_at", range(1, 4))
@pytest.mark.parametrize("when", ["fault", "after"])
def test_a_failure_at_any_call_loses_and_doubles_nothing(shop, fails_at, when):
    oms, channel, account = shop

    def fail(_name, number):
        if number == fails_at:
            raise ChannelDown("cable pulled")

    setattr(channel, when, fail)
    with pytest.raises(ChannelDown):
        pull(engine(oms), account.id, feeds.ORDERS)
    feed = row(oms, Feed, name="orders")
    assert (feed.failures, feed.error) == (1, "cable pulled")
    setattr(channel, when, None)
    pull(engine(oms), account.id, feeds.ORDERS)
    assert orders_in(oms) == 7
    assert row(oms, Feed, name="orders").failures == 0


def test_refused_access_stops_the_account_and_says_so(shop):
    oms, channel, account = shop

    def refuse(_name, _number):
        raise AccessRefused("key revoked")

    channel.fault = refuse
    with pytest.raises(AccessRefused):
        pull(engine(oms), account.id, feeds.ORDERS)
    broken = row(oms, ChannelAccount, id=account.id)
    assert (broken.state, broken.state_reason) == ("broken", "key revoked")
    with oms.works.reading(SYSTEM) as work:
        assert feeds.due(work.session, work.now) == []


def test_retry_after_is_obeyed(shop):
    oms, channel, account = shop

    def slow_down(_name, _number):
        raise RateLimited("slow down", 120)

    channel.fault = slow_down
    before = oms.works.clock()
    with pytest.raises(RateLimited):
        pull(engine(oms), account.id, feeds.ORDERS)
    due = row(oms, Feed, name="orders").due_at
    assert 119 < (due - before).total_seconds() < 130


def test_a_fault_of_the_connector_is_named_as_such(shop):
    oms, channel, account = shop

    def bug(_name, _number):
        raise ZeroDivisionError("oh")

    channel.fault = bug
    with pytest.raises(ZeroDivisionError):
        pull(engine(oms), account.id, feeds.ORDERS)
    assert row(oms, Feed, name="orders").error == "fault in the connector: ZeroDivisionError: oh"


def test_a_page_that_repeats_for_ever_is_stopped(shop):
    oms, channel, account = shop
    channel.page_size = 0
    with pytest.raises(ChannelDown, match="again and again"):
        pull(engine(oms), account.id, feeds.ORDERS)


def test_a_reservation_lowers_what_the_channel_shows(shop):
    oms, channel, _account = shop
    rings.ring_feeds(oms)
    drain(oms)
    assert channel.stock == {"offer-KUB": 3}
    listing = row(oms, ListingStock)
    assert (listing.desired, listing.sent, listing.outcome, listing.due_at) == (
        3, 3, "applied", None)
    assert row(oms, Publication).quantity == 3


def test_one_rejected_item_never_blocks_the_others(both):
    make.shop(both.works, {f"S{n}": 5 for n in range(6)})
    channel = Channel(journal=[make.order("A1", {f"S{n}": 1 for n in range(6)})],
                      rejects={"offer-S2": "no picture"})
    connect(both, channel)
    rings.ring_feeds(both)
    drain(both)
    assert channel.stock == {f"offer-S{n}": 4 for n in (0, 1, 3, 4, 5)}
    assert [len(call) for call in channel.stock_calls] == [4, 2]
    assert row(both, ListingStock, outcome="rejected").message == "no picture"
    with both.works.reading(SYSTEM) as work:
        outcomes = Counter(work.session.scalars(select(Publication.outcome)))
    assert outcomes == {"applied": 5, "rejected": 1}


def test_a_lost_answer_is_unknown_and_sent_again_later(oms):
    clock = Clock(make.NOON)
    oms.works.clock = clock
    make.shop(oms.works, {"KUB": 10})
    channel = Channel(journal=[make.order("A1", {"KUB": 1})])
    account = connect(oms, channel)

    def lose(name, _number):
        if name == "stock":
            raise OutcomeUnknown("no answer")

    channel.after = lose
    rings.ring_feeds(oms)
    drain(oms)
    assert row(oms, ListingStock).outcome == "unknown"
    channel.after = None
    clock.forward(seconds=6)
    push_stock(engine(oms), account.id)
    assert row(oms, ListingStock).outcome == "applied"
    keys = {item.key for call in channel.stock_calls for item in call}
    assert len(keys) == 1


def test_death_between_sending_and_noting_is_sent_again(oms):
    clock = Clock(make.NOON)
    oms.works.clock = clock
    make.shop(oms.works, {"KUB": 10})
    channel = Channel(journal=[make.order("A1", {"KUB": 1})])
    account = connect(oms, channel)

    class Death(BaseException):
        pass

    def die(name, _number):
        if name == "stock":
            raise Death

    channel.after = die
    rings.ring_feeds(oms)
    with pytest.raises(Death):
        drain(oms)
    assert row(oms, ListingStock).outcome == "sent"
    channel.after = None
    clock.forward(seconds=91)
    push_stock(engine(oms), account.id)
    assert row(oms, ListingStock).outcome == "applied"


def test_a_newer_value_stays_due_while_an_older_one_is_on_its_way(oms):
    make.shop(oms.works, {"KUB": 10})
    channel = Channel(journal=[make.order("A1", {"KUB": 1})])
    account = connect(oms, channel)

    def sell_meanwhile(name, number):
        if name == "stock" and len(channel.stock_calls) == 1:
            channel.journal.append(make.order("A2", {"KUB": 4}))
            pull(engine(oms), account.id, feeds.ORDERS)
            from oms_web.flows.publish_stock import publish

            with oms.works.writing(SYSTEM) as work:
                publish(work, [1])

    channel.after = sell_meanwhile
    rings.ring_feeds(oms)
    drain(oms)
    assert channel.stock == {"offer-KUB": 5}
    listing = row(oms, ListingStock)
    assert (listing.version, listing.sent_version, listing.outcome) == (2, 2, "applied")


def test_two_clocks_queue_each_feed_once(shop):
    oms, _channel, _account = shop
    assert rings.ring_feeds(oms) == 2
    assert rings.ring_feeds(oms) == 0
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Task)) == 2
