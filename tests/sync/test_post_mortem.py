"""An oversell writes its own post-mortem, and the screen tells it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from oms_connector import ChannelDown
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotFound
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.inspection import post_mortem
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from tests import factories as make
from tests.sync.channel import Channel, Clock, connect


@pytest.fixture
def shops(oms):
    """Two channels that show the last mug."""
    oms.works.clock = clock = Clock(make.NOON)
    make.shop(oms.works, {"KUB": 3})
    channels = [Channel(journal=[make.order(f"{name}1", {"KUB": 1})]) for name in "AB"]
    for channel, name in zip(channels, ("Allegro", "Sklep"), strict=True):
        connect(oms, channel, name, key=name.lower())
    pass_time(oms, clock, 3)
    assert [channel.stock for channel in channels] == [{"offer-KUB": 1}] * 2
    return oms, clock, channels


def pass_time(oms, clock, seconds):
    for _ in range(seconds):
        clock.forward(seconds=1)
        rings.ring_feeds(oms)
        drain(oms)


def the_short_line(oms):
    with oms.works.reading(SYSTEM) as work:
        line = work.session.scalars(
            select(OrderLine).join(Order, Order.id == OrderLine.order_id)
            .where(Order.queue == "short")).one()
        return line.order_id, line.id


def told(oms):
    with oms.works.reading(SYSTEM) as work:
        return post_mortem.of_line(work.session, *the_short_line(oms))


def buy(clock, channel, name, ago=0):
    channel.journal.append(make.order(
        name, {"KUB": 1}, placed_at=clock.now - timedelta(seconds=ago),
        buyer_email=f"{name.lower()}@example.test",
        ship_to=replace(make.WARSAW, email="", phone=f"60010{ord(name[0])}00")))


def test_the_same_unit_sold_twice_within_the_gap(shops):
    oms, clock, (allegro, sklep) = shops
    buy(clock, allegro, "A2")
    pass_time(oms, clock, 7)
    buy(clock, sklep, "B2", ago=8)  # bought a second before the other came in
    pass_time(oms, clock, 7)
    found = told(oms)
    assert found.verdict.cause == "sold_elsewhere"
    assert (found.verdict.shown, found.missing, found.verdict.buffer) == (1, 1, 1)
    assert [taking.what for taking in found.takings] == ["order"]


def test_a_channel_that_did_not_answer_in_time(shops):
    oms, clock, (allegro, sklep) = shops

    def fail(name, _number):
        if name == "stock":
            raise ChannelDown("cable pulled")

    sklep.fault = fail
    buy(clock, allegro, "A2")
    pass_time(oms, clock, 10)
    buy(clock, sklep, "B2")
    pass_time(oms, clock, 7)
    found = told(oms)
    assert found.verdict.cause in ("on_its_way", "sold_elsewhere")
    assert any(value.outcome == "retry" for value in found.values)


def test_a_line_that_lacks_nothing_has_none(shops):
    oms, _, _ = shops
    with oms.works.reading(SYSTEM) as work:
        line = work.session.scalars(select(OrderLine)).first()
        with pytest.raises(NotFound):
            post_mortem.of_line(work.session, line.order_id, line.id)


def test_the_order_card_leads_to_it(shops, browser_as):
    oms, clock, (allegro, sklep) = shops
    buy(clock, allegro, "A2")
    pass_time(oms, clock, 7)
    buy(clock, sklep, "B2", ago=8)
    pass_time(oms, clock, 7)
    order_id, line_id = the_short_line(oms)
    address = f"/orders/{order_id}/lines/{line_id}/short"
    sales = browser_as("sales")
    assert address in sales.get(f"/orders/{order_id}").get_data(as_text=True)
    page = sales.get(address).get_data(as_text=True)
    assert "The same units were sold elsewhere" in page
    assert "The buyer bought this here (Sklep)" in page
    assert browser_as("warehouse").get(address).status_code == 403
    assert sales.get(f"/orders/{order_id}/lines/98765/short").status_code == 404
