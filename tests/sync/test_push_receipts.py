"""Orders are acknowledged after they are stored: at least once, whatever fails between."""

from __future__ import annotations

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited, Unreadable
from sqlalchemy import delete, func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import ChannelOrder
from oms_web.sync import accounts, feeds, receipts
from oms_web.sync.models import Receipt
from oms_web.sync.pull import pull
from tests import factories as make
from tests.sync.channel import engine
from tests.sync.teller import Shop


class Killed(BaseException):
    """The process dies: nothing that comes after runs."""


@pytest.fixture
def shop(both):
    shop = Shop(both)
    assert shop.channel.acknowledged == ["A1"]
    shop.channel.acknowledged.clear()
    shop.channel.calls_of.clear()
    return shop


def once(shop, error, where="fault"):
    def fail(name, _number):
        if name == "acknowledge":
            setattr(shop.channel, where, None)
            raise error
    setattr(shop.channel, where, fail)


def arrive(shop, *refs):
    shop.channel.journal += [make.order(ref, {"KUB": 1}) for ref in refs]
    pull(engine(shop.oms), shop.account, feeds.ORDERS)


def owed(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(Receipt))


def test_each_page_is_acknowledged_once_it_is_stored(shop):
    seen = []

    def look(name, _number):
        if name == "acknowledge":
            with shop.oms.works.reading(SYSTEM) as work:
                seen.append(work.session.scalar(select(func.count()).select_from(ChannelOrder)))

    shop.channel.fault = look
    arrive(shop, "B1", "B2", "B3", "B4")
    assert shop.channel.acknowledged == ["B1", "B2", "B3", "B4"]
    assert seen == [4, 5]  # three a page; the first order was there before
    assert owed(shop) == 0
    shop.rings(60, step=20)
    assert shop.channel.calls_of == ["acknowledge"] * 2


@pytest.mark.parametrize("where", ["fault", "after"])
@pytest.mark.parametrize("error", [ChannelDown("down"), OutcomeUnknown("gone")])
def test_a_failure_is_made_good(shop, error, where):
    once(shop, error, where)
    with pytest.raises(type(error)):
        arrive(shop, "B1")
    assert owed(shop) == 1
    shop.rings(30, step=10)
    assert set(shop.channel.acknowledged) == {"B1"}
    assert owed(shop) == 0


@pytest.mark.parametrize("where", ["fault", "after"])
def test_a_death_between_is_made_good_by_the_clock(shop, where):
    once(shop, Killed(), where)
    with pytest.raises(Killed):
        arrive(shop, "B1")
    shop.rings(100, step=25)
    assert set(shop.channel.acknowledged) == {"B1"}
    assert owed(shop) == 0


def test_without_writing_it_down_a_death_would_leave_it_there(shop):
    """The control: the cursor has moved on, so nobody hears of the order again."""
    once(shop, Killed())
    with pytest.raises(Killed):
        arrive(shop, "B1")
    with shop.oms.works.writing(SYSTEM) as work:
        work.session.execute(delete(Receipt))
    shop.rings(300, step=60)
    assert shop.channel.acknowledged == []


def test_one_that_arrives_again_meanwhile_is_acknowledged_again(shop):
    def meanwhile(name, _number):
        if name == "acknowledge":
            shop.channel.after = None
            shop.clock.forward(seconds=1)
            with shop.oms.works.writing(SYSTEM) as work:
                receipts.owe(work, shop.account, shop.channel.connector()(None), ["B1"])

    shop.channel.after = meanwhile
    arrive(shop, "B1")
    assert shop.channel.acknowledged == ["B1", "B1"]
    assert owed(shop) == 0


def test_what_lies_in_quarantine_stays_in_the_inbox(shop):
    shop.channel.journal += [Unreadable("X1", "{", "no lines"), make.order("B1", {"KUB": 1})]
    pull(engine(shop.oms), shop.account, feeds.ORDERS)
    assert shop.channel.acknowledged == ["B1"]


def test_slow_down_refused_access_and_a_pause_are_respected(shop):
    once(shop, RateLimited("slow", 600))
    with pytest.raises(RateLimited):
        arrive(shop, "B1")
    shop.rings(500, step=100)
    assert shop.channel.acknowledged == []
    once(shop, AccessRefused("key revoked"))
    shop.rings(300, step=100)
    calls = len(shop.channel.calls_of)
    assert calls == 2
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "paused")
    shop.rings(4000, step=1000)
    assert len(shop.channel.calls_of) == calls
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "active")
    shop.rings(3)
    assert shop.channel.acknowledged == ["B1"]


def test_a_connector_without_an_inbox_owes_nothing(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        receipts.owe(work, shop.account, object(), ["B1"])
    assert owed(shop) == 0
