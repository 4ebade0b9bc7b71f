"""No order was lost: a sweep is counted, and finds what the journal never named."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from oms_connector import ChannelDown, Page, Unreadable
from sqlalchemy import delete, func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import ChannelOrder, Order
from oms_web.flows import order_in
from oms_web.sync import feeds, proof
from oms_web.sync.models import Comparison
from oms_web.sync.pull import pull
from tests import factories as make
from tests.sync.channel import Channel, connect, engine


@dataclass
class Listed(Channel):
    """A channel whose journal loses orders that its list has."""

    listed: list = field(default_factory=list)
    spans: list = field(default_factory=list)

    def connector(self):
        channel = self

        class Sweeping(super().connector()):
            def sweep_orders(self, since, until, cursor, limit):
                number = channel.call("sweep")
                channel.spans.append((since, until))
                start = (cursor or {}).get("at", 0)
                items = channel.listed[start:start + channel.page_size]
                if channel.after:
                    channel.after("sweep", number)
                end = start + len(items)
                return Page(tuple(items), {"at": end}, end < len(channel.listed))

        return Sweeping


@pytest.fixture
def shop(both):
    make.shop(both.works, {"KUB": 100})
    orders = [make.order(f"A{n}", {"KUB": 1}) for n in range(8)]
    channel = Listed(listed=list(orders), journal=[o for n, o in enumerate(orders) if n % 4])
    account = connect(both, channel).id
    pull(engine(both), account, feeds.ORDERS)
    with both.works.writing(SYSTEM) as work:  # it has been compared before
        proof.write_down(work, account, work.now, work.now, {})
    return both, channel, account


def compared(oms):
    with oms.works.reading(SYSTEM) as work:
        return [
            (row.theirs, row.ours, row.unread, row.late, row.changed, row.missing)
            for row in work.session.scalars(
                select(Comparison).order_by(Comparison.id).offset(1))
        ]


def orders_here(oms):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(Order))


def test_what_the_journal_lost_is_found_and_counted_over_all_pages(shop):
    oms, _, account = shop
    assert orders_here(oms) == 6
    assert pull(engine(oms), account, feeds.SWEEP).pages == 3
    assert (orders_here(oms), compared(oms)) == (8, [(8, 8, 0, 2, 0, 0)])


def test_in_the_first_sweep_of_all_nothing_is_late(shop):
    oms, _, account = shop
    with oms.works.writing(SYSTEM) as work:
        work.session.execute(delete(Comparison))
    pull(engine(oms), account, feeds.SWEEP)
    with oms.works.reading(SYSTEM) as work:
        first = work.session.scalars(select(Comparison)).one()
    assert (first.theirs, first.ours, first.late) == (8, 8, 0)


def test_the_next_sweep_finds_nothing_new_and_overlaps_the_last(shop):
    oms, channel, account = shop
    pull(engine(oms), account, feeds.SWEEP)
    pull(engine(oms), account, feeds.SWEEP)
    assert compared(oms)[1] == (8, 8, 0, 0, 0, 0)
    first, second = channel.spans[0], channel.spans[-1]
    assert second[0] < first[1] <= second[1]


def test_what_cannot_be_read_is_said_and_what_differed_is_counted(shop):
    oms, channel, account = shop
    channel.listed[1] = replace(channel.listed[1], buyer_note="Dzwonić")
    channel.listed.append(Unreadable("X1", "{half", "not JSON"))
    pull(engine(oms), account, feeds.SWEEP)
    assert compared(oms) == [(9, 8, 1, 2, 1, 0)]


def test_the_count_goes_on_after_a_death_between_two_pages(shop):
    oms, channel, account = shop

    def fail(name, number):
        if name == "sweep" and channel.spans[1:]:
            channel.after = None
            raise ChannelDown("cable pulled")

    channel.after = fail
    with pytest.raises(ChannelDown):
        pull(engine(oms), account, feeds.SWEEP)
    assert compared(oms) == []
    pull(engine(oms), account, feeds.SWEEP)
    assert compared(oms) == [(8, 8, 0, 2, 0, 0)]


def test_an_order_that_is_neither_here_nor_in_quarantine_is_missing(shop, monkeypatch):
    """The planted fault: a page is read and half of it thrown away."""
    oms, _, account = shop
    from oms_web.sync import pull as module

    whole = module.store_page

    def careless(work, account, items, **more):
        return whole(work, account, items[1:], **more)

    monkeypatch.setattr(module, "store_page", careless)
    pull(engine(oms), account, feeds.SWEEP)
    assert compared(oms)[0][-1] == 1  # A0 heads the first page and the journal lost it as well


def test_the_newest_of_each_account_is_shown(shop):
    oms, _, account = shop
    for _ in range(2):
        pull(engine(oms), account, feeds.SWEEP)
    with oms.works.writing(SYSTEM) as work:
        newest = work.session.scalar(select(func.max(Comparison.id)))
        assert proof.latest(work.session, [account, 99])[account].id == newest
        assert len(proof.history(work.session, account)) == 3
        work.session.execute(delete(Comparison))
        assert proof.latest(work.session, [account]) == {}


def test_a_known_order_whose_new_version_cannot_be_read_counts_once(shop):
    oms, channel, account = shop
    channel.listed = [Unreadable("A1", "{half", "not JSON"), *channel.listed[2:4]]
    pull(engine(oms), account, feeds.SWEEP)
    assert compared(oms) == [(3, 2, 1, 0, 0, 0)]


def differing(oms):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(Comparison.differ).order_by(Comparison.id)).all()[1:]


def test_what_is_here_in_another_content_than_the_channel_lists_is_counted(shop, monkeypatch):
    oms, _, account = shop
    pull(engine(oms), account, feeds.SWEEP)
    assert differing(oms) == [0]
    with oms.works.writing(SYSTEM) as work:  # the planted fault: a version that nobody stored
        row = work.session.scalars(select(ChannelOrder).where(
            ChannelOrder.external_id == "A2")).one()
        row.digest = "0" * 64
    monkeypatch.setattr(order_in, "change", lambda *_: False)
    pull(engine(oms), account, feeds.SWEEP)
    assert differing(oms) == [0, 1]


def test_a_newer_version_than_the_channels_list_has_is_no_difference(shop):
    oms, _, account = shop
    with oms.works.writing(SYSTEM) as work:
        for row in work.session.scalars(select(ChannelOrder)):
            row.revision, row.digest = "9999", "0" * 64
    pull(engine(oms), account, feeds.SWEEP)
    assert differing(oms) == [0]
