"""Returns as channels tell them: kept once each beside their order, moving no stock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from oms_connector import ChannelDown, Page, ParcelInfo, Return, ReturnLine, Unreadable
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.returns import queries, service
from oms_web.domain.returns.models import Return as OurReturn
from oms_web.domain.returns.models import ReturnLine as OurLine
from oms_web.domain.stock.models import Move
from oms_web.flows import return_case
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import feeds
from oms_web.sync.models import Quarantine
from oms_web.sync.pull_returns import RETURNS
from oms_web.sync.pull_told import pull_told
from tests import factories as make
from tests.sync.channel import Channel, connect, engine


@dataclass
class WithReturns(Channel):
    """A channel that tells of returns, three a page."""

    returns: list = field(default_factory=list)

    def connector(self):
        channel = self

        class Telling(super().connector()):
            def pull_returns(self, cursor, limit):
                number = channel.call("returns")
                start = (cursor or {}).get("at", 0)
                end = min(start + 3, len(channel.returns))
                page = Page(tuple(channel.returns[start:end]), {"at": end},
                            end < len(channel.returns))
                if channel.after:
                    channel.after("returns", number)
                return page

        return Telling


def told(number=1, order="A1", **more):
    return replace(Return(
        f"R{number}", order, make.NOON, "PLN", (ReturnLine("1", "Offer KUB", 1, reason="za mały"),),
        revision="1", buyer_name="Anna", parcels=(ParcelInfo("InPost", "6200"),)), **more)


@pytest.fixture
def shop(both):
    make.shop(both.works, {"KUB": 10})
    channel = WithReturns(journal=[make.order("A1", {"KUB": 2}, state="delivered")])
    account = connect(both, channel).id
    rings.ring_feeds(both)
    drain(both)
    return both, channel, account


def pull_returns(engine_, account):
    return pull_told(engine_, account, RETURNS)


def rows(oms, model=OurReturn):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(model).order_by(model.id)).all()


def again(channel, item):
    """The channel tells it once more, in a newer event."""
    channel.returns.append(item)


def test_a_return_stands_beside_its_order_and_moves_nothing(shop):
    oms, channel, account = shop
    channel.returns = [told()]
    with oms.works.reading(SYSTEM) as work:
        moves = work.session.scalar(select(func.count()).select_from(Move))
    assert pull_returns(engine(oms), account).added == 1
    [row] = rows(oms)
    [line] = rows(oms, OurLine)
    assert (row.order_id, row.state, row.total, row.received_at) == (10001, "announced", 1000, None)
    assert row.number.startswith("RMA/")
    assert row.number.endswith("/0001")
    assert (row.phase, row.goods, row.money) == ("new", "expected", "none")
    assert (line.quantity, line.sku, line.order_line_id is not None) == (1, "KUB", True)
    assert row.parcels == [{"carrier": "InPost", "tracking": "6200"}]
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Move)) == moves


def test_told_three_times_it_is_one_and_a_newer_word_holds(shop):
    oms, channel, account = shop
    channel.returns = [told(), told(), told(state="closed", revision="3", refunded=Decimal("9.99"))]
    pulled = pull_returns(engine(oms), account)
    assert (pulled.added, pulled.same, pulled.changed) == (1, 1, 1)
    again(channel, told(state="sent", revision="2"))
    assert pull_returns(engine(oms), account).same == 1
    [row] = rows(oms)
    assert (row.state, row.refunded, row.revision) == ("closed", 999, "3")
    assert (row.phase, row.goods, row.money) == ("accepted", "expected", "refunded")
    with oms.works.reading(SYSTEM) as work:  # one thing told is one row
        assert [one.act for one in queries.timeline(work.session, row.id)] == ["returns.told"] * 2
    assert len(rows(oms, OurLine)) == 1


def test_all_pages_come_and_a_death_between_two_loses_none(shop):
    oms, channel, account = shop
    channel.returns = [told(n) for n in range(7)]

    def fail(name, _number):
        if name == "returns" and len(rows(oms)) >= 3:
            channel.after = None
            raise ChannelDown("cable pulled")

    channel.after = fail
    with pytest.raises(ChannelDown):
        pull_returns(engine(oms), account)
    assert len(rows(oms)) == 3
    pull_returns(engine(oms), account)
    assert [row.external_id for row in rows(oms)] == [f"R{n}" for n in range(7)]


def test_what_makes_no_sense_waits_and_stops_nobody(shop):
    oms, channel, account = shop
    channel.returns = [
        told(1), Unreadable("R2", "{half", "not JSON"), told(3, state="eaten"),
        told(4, lines=(ReturnLine("1", "x", 0),)), told(5, currency="??"), told(6),
    ]
    pulled = pull_returns(engine(oms), account)
    assert (pulled.added, pulled.quarantined) == (2, 4)
    assert {row.external_id for row in rows(oms, Quarantine)} == {"R2", "R3", "R4", "R5"}
    again(channel, told(3))
    pull_returns(engine(oms), account)
    assert {row.external_id for row in rows(oms, Quarantine) if row.state == "waiting"} == {
        "R2", "R4", "R5"}


def test_a_return_of_an_unknown_order_is_kept_without_one(shop):
    oms, channel, account = shop
    channel.returns = [told(order="NOBODY")]
    pull_returns(engine(oms), account)
    [row] = rows(oms)
    assert (row.order_id, row.total) == (None, 0)
    assert rows(oms, OurLine)[0].title == "Offer KUB"


def test_the_order_that_a_person_named_stays_whatever_the_channel_says(shop):
    oms, channel, account = shop
    channel.returns = [told(order="NOBODY", lines=(ReturnLine("1", "KUB", 1, sku="KUB"),))]
    pull_returns(engine(oms), account)
    [row] = rows(oms)
    with oms.works.writing(SYSTEM) as work:
        return_case.belongs_to(work, row.id, 10001, sure=True)
    again(channel, told(order="NOBODY", revision="2", state="sent"))
    assert pull_returns(engine(oms), account).changed == 1
    [row] = rows(oms)
    assert (row.order_id, row.state, row.goods) == (10001, "sent", "on_way")
    assert len(rows(oms, OurLine)) == 1


def test_goods_that_are_here_stay_received_whatever_the_channel_says(shop):
    oms, channel, account = shop
    channel.returns = [told()]
    pull_returns(engine(oms), account)
    with oms.works.writing(SYSTEM) as work:
        row = work.session.scalars(select(OurReturn)).one()
        work.session.scalars(select(OurLine)).one().arrived = 1
        service.follow(work, row)
    again(channel, told(state="sent", revision="2", raw_status="IN_TRANSIT"))
    pull_returns(engine(oms), account)
    [row] = rows(oms)
    assert (row.goods, row.state, row.raw_status) == ("arrived", "sent", "IN_TRANSIT")
    assert row.received_at is not None
    assert rows(oms, OurLine)[0].arrived == 1


def test_the_clock_reads_the_feed(shop):
    oms, channel, account = shop
    channel.returns = [told()]
    with oms.works.writing(SYSTEM) as work:
        feeds.get_feed(work.session, account, feeds.RETURNS).due_at = work.now
    rings.ring_feeds(oms)
    drain(oms)
    assert len(rows(oms)) == 1
