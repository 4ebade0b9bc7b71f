"""A buffer is suggested by what was measured: how late we hear, how late a channel knows, sales."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels import buffers
from oms_web.domain.channels.buffers import Sales
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders.models import Order
from oms_web.flows import order_cancel
from oms_web.inspection import measured_buffers
from oms_web.jobs.dispatch import dispatch
from oms_web.jobs.worker import drain
from oms_web.sync import feeds
from oms_web.sync.pull import pull
from tests import factories as make
from tests.sync.channel import Channel, Clock, connect, engine

HEARD, PUSHED = 240, 60


class Shops:
    """Two channels that sell mugs, the second also sets of two."""

    def __init__(self, oms):
        self.oms = oms
        oms.works.clock = self.clock = Clock(make.NOON)
        _, ids = make.shop(oms.works, {"KUB": 500})
        with oms.works.writing(SYSTEM) as work:
            make.variant(work, "SET", parts={ids["KUB"]: 2})
        self.channels, self.accounts = [], []
        for name in ("Allegro", "Sklep"):
            self.channels.append(Channel())
            self.accounts.append(connect(oms, self.channels[-1], name, key=name.lower()).id)
        self.number = 0
        dispatch(oms.works)
        drain(oms)

    def sell(self, where, lines, heard=HEARD, pushed=PUSHED):
        """Somebody buys, we hear of it, and a while later the channels know."""
        self.number += 1
        self.channels[where].journal.append(
            make.order(f"N{self.number}", lines, placed_at=self.clock.now))
        self.clock.forward(seconds=heard)
        pull(engine(self.oms), self.accounts[where], feeds.ORDERS)
        self.clock.forward(seconds=pushed)
        dispatch(self.oms.works)
        drain(self.oms)

    def suggested(self, where, sku="KUB"):
        with self.oms.works.reading(SYSTEM) as work:
            row = work.session.scalars(select(Listing).where(
                Listing.account_id == self.accounts[where], Listing.sku == sku)).one()
            return measured_buffers.of(work.session, [row], work.now).get(row.id)

    def gap(self, where):
        with self.oms.works.reading(SYSTEM) as work:
            return measured_buffers.gap(work.session, self.accounts[where])


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch):
    """Four measured gaps in place of twenty: how many are enough is a decision tested elsewhere."""
    monkeypatch.setattr(buffers, "ENOUGH", 4)


@pytest.fixture
def shops(oms):
    return Shops(oms)


def test_sales_elsewhere_and_measured_gaps_make_a_suggestion(both):
    shops = Shops(both)
    shops.sell(0, {"KUB": 1})
    for number in range(6):
        shops.sell(1, {"KUB": 2 if number % 2 else 1})
    assert shops.gap(0) == measured_buffers.Gap(HEARD * 1000, PUSHED * 1000)
    found = shops.suggested(0)
    # 6 orders with 9 units in a day at least, 300 s of gap: mean 0.021, so one order is covered.
    assert (found.sold, found.window, found.units) == (Sales(6, 9), timedelta(days=1), 2)
    assert (found.heard_ms, found.pushed_ms) == (240_000, 60_000)


def test_what_an_offer_sells_itself_is_not_elsewhere(shops):
    shops.sell(1, {"KUB": 1})
    for _ in range(5):
        shops.sell(0, {"KUB": 1})
    assert shops.suggested(1).sold == Sales(5, 5)
    assert shops.suggested(0) is None  # one order of the other channel is no measure of hearing


def test_bundles_sell_their_parts(shops):
    shops.sell(0, {"KUB": 1})
    for _ in range(4):
        shops.sell(1, {"SET": 1}, heard=7200)
    shops.sell(1, {"KUB": 4}, heard=7200)
    assert shops.suggested(0).sold == Sales(5, 12)
    # 5 orders a day, 7260 s: mean 0.42, so two orders of 12 / 5 mugs: five.
    assert shops.suggested(0).units == 5
    # Of the set's parts only what is not sold in sets through this very offer.
    for _ in range(5):
        shops.sell(0, {"KUB": 10}, heard=7200)
    found = shops.suggested(1, "SET")
    assert found.sold == Sales(7, 4 + 1 + 50)
    assert found.units == 12  # mean 0.59: three orders of 55 / 7 mugs, so 24: twelve sets


def test_what_was_cancelled_was_not_sold(shops):
    shops.sell(0, {"KUB": 1})
    for _ in range(5):
        shops.sell(1, {"KUB": 1})
    with shops.oms.works.writing(SYSTEM) as work:
        order_cancel.cancel(work, work.session.scalars(
            select(func.max(Order.id))).one())
    assert shops.suggested(0).sold == Sales(4, 4)


def test_nothing_is_suggested_before_enough_was_measured(shops):
    shops.sell(0, {"KUB": 1})
    for _ in range(3):
        shops.sell(1, {"KUB": 1})
    assert shops.suggested(0) is None
    shops.sell(1, {"KUB": 1})
    assert shops.suggested(0) is not None


def test_nothing_is_suggested_where_quantities_were_not_accepted_often_enough(shops):
    for _ in range(4):
        shops.sell(1, {"KUB": 1})
    shops.sell(0, {"KUB": 1})
    assert shops.gap(0) == measured_buffers.Gap(HEARD * 1000, None)
    assert shops.suggested(0) is None


def test_orders_of_the_time_before_a_channel_was_connected_measure_nothing(shops):
    shops.sell(0, {"KUB": 1})
    shops.channels[1].journal += [
        make.order(f"OLD{n}", {"KUB": 1}, placed_at=make.NOON - timedelta(days=3))
        for n in range(6)]
    for _ in range(4):
        shops.sell(1, {"KUB": 1})
    assert shops.gap(0).heard_ms == HEARD * 1000
    assert shops.suggested(0).sold == Sales(10, 10)
    assert timedelta(days=3) < shops.suggested(0).window < timedelta(days=4)
