"""What goes wrong with a channel is grouped by its cause, and can be tried again in one act."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited, Refused
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.core.errors import NotFound
from oms_web.domain.channels.service import get_account
from oms_web.domain.orders.models import ChannelNotice, Order
from oms_web.domain.orders.service import order_lines
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.stock.models import Location
from oms_web.flows import order_cancel
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, again, causes, feeds, health, quarantine
from oms_web.sync.pull import pull
from tests import factories as make
from tests.conftest import TESTER
from tests.sync.channel import engine
from tests.sync.teller import ANNA, Shop


@pytest.fixture
def shop(both):
    """One order of mugs, and its channel's offer linked and told of."""
    made = Shop(both)
    made.rings(3)
    return made


def found(shop, cause=str):
    with shop.oms.works.reading(SYSTEM) as work:
        overview = health.overview(
            work.session, work.now, [get_account(work.session, shop.account)])
        return causes.causes(work.session, overview, work.now, cause)


def told(shop):
    return [(one.kind, one.message, one.count) for one in found(shop)]


def try_again(shop, kind):
    with shop.oms.works.writing(TESTER) as work:
        again.again(work, shop.account, kind)


def always(error, *names):
    def fail(name, _number):
        if name in names:
            raise error
    return fail


def test_nothing_wrong_is_nothing(shop):
    assert told(shop) == []


def test_a_feed_that_fails_says_how_often_and_since_when(shop):
    shop.channel.fault = always(ChannelDown("cable pulled"), "pull")
    begun = shop.clock.now
    for _ in range(3):
        with pytest.raises(ChannelDown):
            pull(engine(shop.oms), shop.account, feeds.ORDERS)
        shop.clock.forward(minutes=5)
    [one] = found(shop)
    assert (one.kind, one.message, one.count) == ("feed", "cable pulled", 3)
    assert (one.first_at, one.last_at) == (begun, begun + timedelta(minutes=10))
    assert one.whole == "cable pulled"
    shop.channel.fault = None
    pull(engine(shop.oms), shop.account, feeds.ORDERS)
    assert told(shop) == []


def test_who_was_told_to_wait_is_said_to_wait(shop):
    oms = shop.oms
    oms.works.ports["pacer"].of(shop.account, "app", []).pause(120)
    rings.ring_quota(oms)
    shop.channel.fault = always(RateLimited("slow down", 120), "pull")
    with pytest.raises(RateLimited):
        pull(engine(oms), shop.account, feeds.ORDERS)
    assert told(shop) == [("limit", "slow down", 1)]


def test_refused_access_comes_first_and_hides_what_follows_from_it(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        for n in range(9):
            quarantine.put(work, shop.account, "order", f"Q{n}", "x", "not JSON")
    shop.channel.fault = always(AccessRefused("token revoked"), "pull")
    with pytest.raises(AccessRefused):
        pull(engine(shop.oms), shop.account, feeds.ORDERS)
    assert told(shop) == [("access", "token revoked", 1), ("order", "not JSON", 9)]


def test_what_reasons_have_in_common_is_counted_together(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        first = work.now
        quarantine.put(work, shop.account, "order", "Q1", "x", "Row 1: bad")
    shop.clock.forward(hours=1)
    with shop.oms.works.writing(SYSTEM) as work:
        quarantine.put(work, shop.account, "order", "Q2", "x", "Row 2: bad")
        quarantine.put(work, shop.account, "return", "R1", "x", "Row 2: bad")
    grouped = found(shop, lambda text: text.partition(": ")[2])
    assert [(one.kind, one.count) for one in grouped] == [("order", 2), ("return", 1)]
    assert [one.whole for one in grouped] == ["", "Row 2: bad"]
    assert (grouped[0].first_at, grouped[0].last_at) == (first, first + timedelta(hours=1))


def test_refused_quantities_are_sent_again(shop):
    shop.channel.rejects["offer-KUB"] = "the offer has no picture"
    with shop.oms.works.writing(SYSTEM) as work:
        make.put(work, 1, 5)
    shop.rings(2)
    assert told(shop) == [("stock", "the offer has no picture", 1)]
    shop.channel.rejects.clear()
    try_again(shop, "stock")
    shop.rings(2)
    assert told(shop) == []
    assert shop.channel.stock["offer-KUB"] == 13


def test_what_was_not_told_of_orders_is_told_again(shop):
    shop.channel.fault = always(Refused("too late"), "cancel")
    with shop.oms.works.writing(ANNA) as work:
        order_cancel.cancel(work, shop.order, "sold out")
    shop.tell()
    assert told(shop) == [("cancel", "too late", 1)]
    shop.channel.fault = None
    try_again(shop, "cancel")
    shop.tell()
    assert told(shop) == []
    assert list(shop.channel.cancelled) == ["A1"]
    with shop.oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(ChannelNotice.state)).all() == ["done"]


def test_a_shipment_whose_answer_was_lost_is_told_again(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        work.session.add(Shipment(order_id=shop.order, warehouse_id=1, state="shipped",
                                  created_at=work.now, shipped_at=work.now, told="unknown",
                                  told_message="no answer", told_at=work.now))
    assert told(shop) == [("shipment", "no answer", 1)]
    try_again(shop, "shipment")
    with shop.oms.works.reading(SYSTEM) as work:
        tasks = work.session.scalars(select(Task.key).where(Task.kind == "push_shipment")).all()
    assert tasks == ["1"]
    drain(shop.oms)
    assert told(shop) == []


def test_a_box_that_a_desk_order_came_into_first_is_untold_at_the_channel_too(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        [line] = order_lines(work.session, shop.order)
        desk = Order(**{column.key: getattr(work.session.get_one(Order, shop.order), column.key)
                        for column in Order.__table__.columns
                        if column.key not in ("id", "account_id")})
        box = Shipment(order_id=0, warehouse_id=1, state="shipped", created_at=work.now,
                       shipped_at=work.now, told="failed", told_message="no", told_at=work.now)
        work.session.add(desk)
        work.session.flush()
        box.order_id = desk.id
        work.session.add(box)
        work.session.flush()
        place = work.session.scalars(select(Location.id).limit(1)).one()
        work.session.add(ShipmentLine(shipment_id=box.id, line_id=line.id, location_id=place,
                                      variant_id=line.variant_id, quantity=1))
    assert told(shop) == [("shipment", "no", 1)]


def test_an_old_shipment_is_history(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        long_ago = work.now - timedelta(days=31)
        work.session.add(Shipment(order_id=shop.order, warehouse_id=1, state="shipped",
                                  created_at=long_ago, shipped_at=long_ago, told="failed"))
    assert told(shop) == []


def test_offers_without_a_product_are_counted(shop):
    shop.channel.stock["offer-NEW"] = 3
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.sync_now(work, shop.account)
    shop.rings(2)
    assert told(shop) == [("link", "", 1)]


def test_only_what_can_be_tried_again_is(shop):
    for kind in ("access", "link", "nothing"):
        with pytest.raises(NotFound):
            try_again(shop, kind)
    assert sorted(again.KINDS) == ["cancel", "feed", "invoice", "limit", "order", "price",
                                   "return", "shipment", "status", "stock"]


def test_a_lost_answer_counts_until_it_is_known(shop):
    shop.channel.after = always(OutcomeUnknown("sent, but no answer"), "stock")
    with shop.oms.works.writing(SYSTEM) as work:
        make.put(work, 1, 1)
    shop.rings(2)
    assert told(shop) == [("stock", "sent, but no answer", 1)]
    shop.channel.after = None
    shop.rings(90, step=10)
    assert told(shop) == []
