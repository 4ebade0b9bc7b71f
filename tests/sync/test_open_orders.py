"""Open orders are asked for again where the channel's stamp of the last change stands still."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Payment
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import Order
from oms_web.sync import feeds
from oms_web.sync.models import Quarantine
from oms_web.sync.pull import pull
from tests import factories as make
from tests.sync.channel import Channel, connect, engine

COUNT = 9  # two pages of four orders, and one


@pytest.fixture
def shop(both):
    make.shop(both.works, {"KUB": 50})
    channel = Channel(
        journal=[make.order(f"A{n}", {"KUB": 1}, state="unpaid") for n in range(COUNT)],
        updated_misses=frozenset({"payment"}))
    account = connect(both, channel)
    pull(engine(both), account.id, feeds.ORDERS)
    return both, channel, account


def states(oms):
    with oms.works.reading(SYSTEM) as work:
        return [order.payment_state for order in work.session.scalars(
            select(Order).order_by(Order.id))]


def paid(order):
    return replace(order, state="ready", payments=(
        Payment("P", Decimal("10.00"), make.NOON, "PayU"),))


def test_only_a_channel_whose_stamp_misses_something_has_this_feed(both):
    assert feeds.OPEN not in feeds.feeds_of(Channel().connector())
    assert feeds.OPEN in feeds.feeds_of(Channel(updated_misses=frozenset({"all"})).connector())


def test_a_payment_that_moved_no_stamp_is_noticed_on_every_page(shop):
    oms, channel, account = shop
    channel.journal = [paid(order) for order in channel.journal]
    assert pull(engine(oms), account.id, feeds.ORDERS).changed == 0  # the journal stands still
    assert states(oms) == ["unpaid"] * COUNT
    pulled = pull(engine(oms), account.id, feeds.OPEN)
    assert (pulled.changed, pulled.pages) == (COUNT, 3)
    assert states(oms) == ["paid"] * COUNT


def test_it_begins_again_after_the_last_and_leaves_closed_orders_alone(shop):
    oms, channel, account = shop
    channel.journal = [replace(order, state="cancelled") if number < 5 else order
                       for number, order in enumerate(channel.journal)]
    assert pull(engine(oms), account.id, feeds.OPEN).changed == 5
    again = pull(engine(oms), account.id, feeds.OPEN)
    assert (again.pages, again.same, again.changed) == (2, 4, 0)


def test_an_open_order_that_the_channel_no_longer_shows_is_said(shop):
    oms, channel, account = shop
    channel.gone = {"A3"}
    assert pull(engine(oms), account.id, feeds.OPEN).quarantined == 1
    assert pull(engine(oms), account.id, feeds.OPEN).quarantined == 1
    with oms.works.reading(SYSTEM) as work:
        [kept] = work.session.scalars(select(Quarantine))
        assert (kept.external_id, kept.state) == ("A3", "waiting")
    channel.gone = set()
    pull(engine(oms), account.id, feeds.OPEN)
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Quarantine.state)).one() == "solved"
