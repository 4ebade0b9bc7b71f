"""What buyers see is what is there: stale values, relisted offers, drift, stopped channels."""

from __future__ import annotations

import pytest
from oms_connector import AccessRefused, ItemResult, OutcomeUnknown, RateLimited
from sqlalchemy import func, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.domain.channels import publishing
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock, Publication
from oms_web.flows.publish_stock import publish
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, feeds
from oms_web.sync.offers import read_offers
from oms_web.sync.pull import pull
from oms_web.sync.push_stock import push_stock
from tests import factories as make
from tests.sync.channel import Channel, Clock, connect, engine

OFFER = "offer-KUB"


class Shop:
    """Ten mugs, one of them ordered: nine are shown, at the clock's noon."""

    def __init__(self, oms, **channel):
        self.oms = oms
        self.clock = Clock(make.NOON)
        oms.works.clock = self.clock
        make.shop(oms.works, {"KUB": 10})
        self.channel = Channel(journal=[make.order("A1", {"KUB": 1})], **channel)
        self.account = connect(oms, self.channel).id
        self.rings(1)

    def rings(self, seconds, step=1):
        """Let the clock ring, and do what is due, for so long."""
        for _ in range(int(seconds / step)):
            self.clock.forward(seconds=step)
            rings.ring_feeds(self.oms)
            drain(self.oms)

    def row(self):
        with self.oms.works.reading(SYSTEM) as work:
            return work.session.scalars(select(ListingStock)).one()

    def outcomes(self):
        with self.oms.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Publication.outcome).order_by(Publication.id)))

    def sell(self, units, number):
        """Somebody buys elsewhere: the listing must show less."""
        self.channel.journal.append(make.order(f"B{number}", {"KUB": units}))
        pull(engine(self.oms), self.account, feeds.ORDERS)
        with self.oms.works.writing(SYSTEM) as work:
            publish(work, [1])


@pytest.fixture
def shop(oms):
    return Shop(oms)


def overtaken(shop):
    """A sends nine and is slow; B sends three meanwhile; then A's nine arrive."""
    def slow(name, number):
        if name == "stock":
            shop.channel.fault = None
            shop.sell(6, 1)
            push_stock(engine(shop.oms), shop.account)
            assert shop.channel.stock == {OFFER: 3}

    with shop.oms.works.writing(SYSTEM) as work:
        publishing.send_anew(work, [1])
    shop.channel.fault = slow
    push_stock(engine(shop.oms), shop.account)


def test_a_value_that_was_overtaken_is_followed_by_the_newer_one_again(shop):
    overtaken(shop)
    assert [item.quantity for call in shop.channel.stock_calls for item in call] == [9, 3, 9, 3]
    assert shop.channel.stock == {OFFER: 3}
    assert (shop.row().desired, shop.row().outcome, shop.row().due_at) == (3, "applied", None)


def test_without_sending_it_again_the_old_value_would_stay(shop, monkeypatch):
    """The control: both guards off, the stale nine stands for an hour."""
    monkeypatch.setattr("oms_web.sync.read_back._to_correct", lambda *_: [])
    monkeypatch.setattr("oms_web.sync.pushing._follow", lambda *_: None)
    overtaken(shop)
    shop.rings(3600, step=60)
    assert shop.channel.stock == {OFFER: 9}


def test_an_old_value_that_arrives_when_nobody_looks_is_found_by_reading_back(shop):
    shop.channel.stock[OFFER] = 14  # more than there is: corrected at the next look
    shop.rings(660, step=30)
    assert shop.channel.stock == {OFFER: 9}
    assert "drift" in shop.outcomes()


def test_less_than_we_said_may_be_an_order_on_its_way(shop):
    """It is not raised before the orders were read again, or the sold unit would come back."""
    unheard = make.order("LATE", {"KUB": 2})
    shop.channel.stock[OFFER] = 7  # two were sold there, and the journal does not say so yet
    read_offers(engine(shop.oms), shop.account)
    assert push_stock(engine(shop.oms), shop.account).applied == 0
    assert shop.channel.stock == {OFFER: 7}
    shop.channel.journal.append(unheard)
    shop.rings(1500, step=30)
    assert shop.channel.stock == {OFFER: 7}
    assert shop.row().desired == 7


def test_less_that_no_order_explains_is_raised_after_a_while(shop):
    shop.channel.stock[OFFER] = 7
    shop.rings(1500, step=30)
    assert shop.channel.stock == {OFFER: 9}


def test_an_offer_that_comes_back_on_sale_shows_what_is_there_now(shop):
    shop.channel.ended = {OFFER}
    shop.rings(660, step=60)
    shop.sell(9, 1)
    shop.channel.ended = set()
    shop.rings(660, step=60)
    assert shop.channel.stock == {OFFER: 0}
    assert shop.row().desired == 0


def test_what_is_due_for_an_ended_offer_queues_nothing(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        work.session.execute(update(Listing).values(state="ended"))
        publishing.send_anew(work, [1])
        before = work.session.scalar(select(func.count()).where(Task.kind == "push_stock"))
    shop.rings(50)
    with shop.oms.works.reading(SYSTEM) as work:
        after = work.session.scalar(select(func.count()).where(Task.kind == "push_stock"))
    assert before == after


def test_a_paused_channel_is_left_alone_and_caught_up_with(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "paused")
    calls = shop.channel.calls
    with shop.oms.works.writing(SYSTEM) as work:
        make.put(work, 1, 5)
        publish(work, [1])
    shop.rings(120, step=10)
    assert shop.channel.calls == calls
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "active")
    shop.rings(2)
    assert shop.channel.stock == {OFFER: 14}


@pytest.mark.parametrize("of", ["stock", "pull"])
def test_a_channel_that_asks_to_slow_down_is_not_called_before(shop, of):
    def slow_down(name, _number):
        if name == of:
            raise RateLimited("slow down", 3600)

    with shop.oms.works.writing(SYSTEM) as work:
        publishing.send_anew(work, [1])
    shop.channel.fault = slow_down
    called = []
    shop.channel.fault = lambda name, number: (called.append(name), slow_down(name, number))
    shop.rings(3500, step=50)
    assert called.count(of) == 1
    shop.channel.fault = None
    shop.rings(200, step=20)
    assert shop.row().outcome == "applied"


def test_refused_access_stops_all_calls_at_once(shop):
    def refuse(_name, _number):
        raise AccessRefused("key revoked")

    with shop.oms.works.writing(SYSTEM) as work:
        publishing.send_anew(work, [1])
    shop.channel.fault = refuse
    shop.rings(1)
    calls = shop.channel.calls
    shop.rings(600, step=20)
    assert shop.channel.calls == calls
    with shop.oms.works.reading(SYSTEM) as work:
        assert work.session.get(ChannelAccount, shop.account).state == "broken"


def test_a_late_answer_is_asked_for_and_newer_values_wait_for_it(oms):
    shop = Shop(oms, later=True)
    assert (shop.row().outcome, shop.channel.stock) == ("accepted", {})
    shop.sell(2, 1)
    shop.rings(30)
    assert len(shop.channel.stock_calls) == 1  # the channel still works on the first
    shop.channel.finish()
    shop.rings(20)
    shop.channel.finish()
    shop.rings(30)
    assert shop.channel.stock == {OFFER: 7}
    assert shop.outcomes() == ["accepted", "applied", "accepted", "applied"]
    assert shop.row().due_at is None


def test_a_late_refusal_is_said(oms):
    shop = Shop(oms, later=True)
    shop.channel.finish({OFFER: ItemResult("rejected", "no picture")})
    shop.rings(30)
    assert (shop.row().outcome, shop.row().message) == ("rejected", "no picture")


def test_an_answer_that_never_comes_is_unknown_and_sent_again(oms):
    shop = Shop(oms, later=True)
    shop.rings(960, step=15)
    assert "unknown" in shop.outcomes()
    assert len(shop.channel.stock_calls) == 2


def test_a_lost_answer_of_a_late_channel_is_sent_again(oms):
    shop = Shop(oms, later=True)

    def lose(name, _number):
        if name == "stock":
            shop.channel.after = None
            raise OutcomeUnknown("gone")

    shop.channel.finish()
    shop.rings(20)
    shop.channel.after = lose
    shop.sell(1, 1)
    shop.rings(10)
    shop.channel.finish()
    shop.rings(30)
    assert shop.channel.stock == {OFFER: 8}


def test_a_newer_value_that_is_wanted_while_the_channel_is_asked_stays_due(oms):
    shop = Shop(oms, later=True)

    def sell(name, _number):
        if name == "results":
            shop.channel.fault = None
            shop.sell(2, 1)

    shop.channel.finish()
    shop.channel.fault = sell
    shop.rings(20, step=5)
    shop.channel.finish()
    shop.rings(30, step=5)
    assert shop.channel.stock == {OFFER: 7}


def lost_and_late(shop, monkeypatch):
    """The call with nine gets no answer, three is sent, then the nine arrive. Nobody reads back."""
    def lose(name, _number):
        if name == "stock":
            shop.channel.fault = None
            raise OutcomeUnknown("gone")

    monkeypatch.setattr("oms_web.sync.read_back._to_correct", lambda *_: [])
    with shop.oms.works.writing(SYSTEM) as work:
        publishing.send_anew(work, [1])
    shop.channel.fault = lose
    push_stock(engine(shop.oms), shop.account)
    assert shop.row().outcome == "unknown"
    shop.sell(6, 1)
    push_stock(engine(shop.oms), shop.account)
    assert shop.channel.stock == {OFFER: 3}
    shop.channel.stock[OFFER] = 9
    shop.rings(120, step=20)


def test_a_lost_value_may_come_last_so_the_newer_one_follows_it(shop, monkeypatch):
    lost_and_late(shop, monkeypatch)
    assert shop.channel.stock == {OFFER: 3}
    assert (shop.row().outcome, shop.row().due_at) == ("applied", None)


def test_without_following_it_the_lost_value_would_stay(shop, monkeypatch):
    """The control."""
    monkeypatch.setattr("oms_web.sync.pushing._follow", lambda *_: None)
    lost_and_late(shop, monkeypatch)
    assert shop.channel.stock == {OFFER: 9}


def test_a_channel_of_one_value_a_call_gets_one_call_for_each_value(oms):
    make.shop(oms.works, {f"S{n}": 5 for n in range(6)})
    channel = Channel(shape="same_value", journal=[
        make.order("A1", {f"S{n}": 1 + n % 2 for n in range(6)})])
    connect(oms, channel)
    rings.ring_feeds(oms)
    drain(oms)
    assert channel.stock == {f"offer-S{n}": 4 - n % 2 for n in range(6)}
    assert all(len({item.quantity for item in call}) == 1 for call in channel.stock_calls)
    assert sum(len(call) for call in channel.stock_calls) == 6
    assert len(channel.stock_calls) <= 3  # four a call at most, alike ones together
