"""A parcel of several channels: each hears of it, whatever becomes of the others."""

from __future__ import annotations

import pytest
from oms_connector import ChannelDown, Refused
from sqlalchemy import func, select, update

from oms_web.automation import recalling
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import order_together, ship
from oms_web.sync import feeds
from oms_web.sync.pull import pull
from oms_web.sync.push_shipment import push_shipment
from tests import factories as make
from tests.sync.channel import connect, engine
from tests.sync.teller import Told
from tests.sync.test_recall import check, do, shop_with, waiting


@pytest.fixture
def shop(oms):
    return shop_with(oms)


def share(shop):
    """Another channel's order in the same parcel, which leaves; that channel and the parcel."""
    other = Told(journal=[make.order("B1", {"KUB": 1})])
    pull(engine(shop.oms), connect(shop.oms, other, "Other", "other").id, feeds.ORDERS)
    with shop.oms.works.reading(SYSTEM) as work:
        two = work.session.scalar(select(func.max(Order.id)))
    do(shop, order_together.join, [shop.order, two])
    [parcel] = do(shop, ship.ship_order, shop.order)
    shop.clock.forward(seconds=11)
    return other, parcel


def pause(shop, state="paused"):
    with shop.oms.works.writing(SYSTEM) as work:
        work.session.execute(update(ChannelAccount).where(ChannelAccount.id == shop.account)
                             .values(state=state))


def test_a_paused_channel_does_not_silence_the_others_of_a_parcel(shop):
    other, parcel = share(shop)
    pause(shop)
    with pytest.raises(ChannelStopped):
        push_shipment(engine(shop.oms), parcel)
    assert len(other.shipments) == 1
    pause(shop, "active")
    assert push_shipment(engine(shop.oms), parcel) == "done"
    assert len(shop.channel.shipments) == 1


def test_a_parcel_that_no_channel_heard_of_can_be_recalled_after_the_window(shop):
    [parcel] = do(shop, ship.ship_order, shop.order)
    [(_, decided)] = waiting(shop)
    shop.clock.forward(seconds=11)
    pause(shop)
    with pytest.raises(ChannelStopped):
        push_shipment(engine(shop.oms), parcel)
    assert waiting(shop) == [("ship", decided)]
    do(shop, recalling.recall, decided)
    pause(shop, "active")
    shop.rings(30)
    assert (shop.channel.shipments, shop.channel.statuses) == ({}, [])
    check(shop)


def test_a_parcel_whose_status_was_told_is_not_recalled_with_it(shop):
    [parcel] = do(shop, ship.ship_order, shop.order)
    shop.clock.forward(seconds=11)
    shop.channel.fault = failing("shipment")
    shop.tell()
    assert shop.channel.statuses == [("A1", "SENT")]
    with pytest.raises(ChannelDown):
        push_shipment(engine(shop.oms), parcel)
    assert waiting(shop) == []


def failing(what, error=ChannelDown):
    """A channel that takes everything but one kind of call."""
    def fault(call, _number):
        if call == what:
            raise error("no")
    return fault


def test_a_parcel_that_only_some_channels_took_is_not_recalled(shop):
    other, parcel = share(shop)
    other.fault = failing("shipment", Refused)
    assert push_shipment(engine(shop.oms), parcel) == "partly"
    assert len(shop.channel.shipments) == 1
    with shop.oms.works.reading(SYSTEM) as work:  # it is among what a channel refused
        assert work.session.get_one(Shipment, parcel).told == "failed"
    with pytest.raises(NotAllowedNow, match="told already"):
        do(shop, ship.recall, parcel)
    check(shop)


def test_a_parcel_that_every_channel_refused_is_recalled(shop):
    other, parcel = share(shop)
    other.fault = shop.channel.fault = failing("shipment", Refused)
    assert push_shipment(engine(shop.oms), parcel) == "failed"
    do(shop, ship.recall, parcel)
    check(shop)
