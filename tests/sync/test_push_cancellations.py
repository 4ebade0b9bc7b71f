"""What we cancel is cancelled at the channel too: in all, once, unless it told us itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
)
from sqlalchemy import func, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Works
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders import telling
from oms_web.domain.orders.models import ChannelNotice, Order, OrderLine
from oms_web.flows import order_cancel
from oms_web.sync import accounts, feeds, push_notices
from oms_web.sync.pull import pull
from tests.sync.channel import engine
from tests.sync.teller import ANNA, Shop


class Killed(BaseException):
    """The process dies: nothing that comes after runs."""


@pytest.fixture
def shop(both):
    return Shop(both)


def cancel(shop, units=0):
    """Cancel units of the only line; the whole order without."""
    with shop.oms.works.writing(ANNA) as work:
        if units:
            line = work.session.scalars(select(OrderLine.id)).one()
            order_cancel.cancel_units(work, shop.order, {line: units}, "broken")
        else:
            order_cancel.cancel(work, shop.order, "sold out")


def once(shop, error, where="fault"):
    def fail(name, _number):
        if name == "cancel":
            setattr(shop.channel, where, None)
            raise error
    setattr(shop.channel, where, fail)


def said(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return [(entry.change["told"][1], entry.note, entry.order_id)
                for entry in work.session.scalars(
                    select(AuditEntry).where(AuditEntry.act == "orders.tell_cancelled")
                    .order_by(AuditEntry.id))]


def test_a_whole_order_is_cancelled_there_with_the_reason(shop):
    cancel(shop)
    shop.rings(3)
    assert (shop.channel.cancelled, shop.channel.reasons) == ({"A1": {}}, ["sold out"])
    assert said(shop) == [("done", None, shop.order)]
    cancel(shop)  # it was already
    shop.rings(3)
    assert shop.channel.calls_of == ["cancel"]


def test_units_are_told_in_all_and_the_last_ones_are_the_whole_order(shop):
    cancel(shop, units=1)
    shop.rings(3)
    assert shop.channel.cancelled == {"A1": {"1": 1}}
    cancel(shop, units=1)
    shop.rings(3)
    assert shop.channel.cancelled == {"A1": {}}


def test_units_that_wait_together_are_told_at_once(both):
    shop = Shop(both, units=5)
    cancel(shop, units=1)
    cancel(shop, units=2)
    shop.rings(3)
    assert shop.channel.cancelled == {"A1": {"1": 3}}
    assert shop.channel.calls_of == ["cancel"]


def test_what_the_channel_cancelled_itself_is_not_told(shop):
    [order] = shop.channel.journal
    shop.channel.journal.append(replace(order, state="cancelled", revision="2"))
    pull(engine(shop.oms), shop.account, feeds.ORDERS)
    with shop.oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Order.phase)).one() == "cancelled"
    assert shop.notices() == []


@pytest.mark.parametrize("where", ["fault", "after"])
@pytest.mark.parametrize("error", [OutcomeUnknown("gone"), ChannelDown("down")])
def test_a_failure_is_made_good(shop, error, where):
    cancel(shop, units=1)
    once(shop, error, where)
    shop.rings(100, step=20)
    assert shop.channel.cancelled == {"A1": {"1": 1}}
    assert said(shop)[-1][0] == "done"


@pytest.mark.parametrize("where", ["fault", "after"])
def test_a_death_between_is_told_again(shop, where):
    cancel(shop)
    once(shop, Killed(), where)
    with pytest.raises(Killed):
        shop.tell()
    shop.rings(200, step=50)
    assert shop.channel.cancelled == {"A1": {}}
    assert shop.notices()[0].state == "done"


def overtaken(shop):
    """One unit is on its way and slow; meanwhile a second is told; then the first arrives."""
    def slow(name, _number):
        if name == "cancel":
            shop.channel.fault = None
            cancel(shop, units=1)
            shop.tell()
    cancel(shop, units=1)
    shop.channel.fault = slow
    shop.tell()


def test_a_newer_cancellation_that_was_overtaken_is_told_again(both):
    shop = Shop(both, units=5)
    overtaken(shop)
    assert shop.channel.cancelled == {"A1": {"1": 2}}
    assert shop.notices()[0].due_at is None


def test_without_telling_it_again_the_older_would_stay(both, monkeypatch):
    """The control."""
    monkeypatch.setattr(push_notices, "_follow", lambda *_: None)
    shop = Shop(both, units=5)
    overtaken(shop)
    shop.rings(300, step=100)
    assert shop.channel.cancelled == {"A1": {"1": 1}}


def test_a_refusal_is_on_the_orders_timeline(shop):
    cancel(shop, units=1)
    once(shop, NotSupported("only whole orders"))
    shop.rings(300, step=60)
    assert said(shop) == [("failed", "only whole orders", shop.order)]
    assert shop.channel.calls_of == ["cancel"]


def test_slow_down_refused_access_and_a_pause_are_respected(shop):
    cancel(shop, units=1)
    once(shop, RateLimited("slow", 600))
    with pytest.raises(RateLimited):
        shop.tell()
    shop.rings(500, step=100)
    assert len(shop.channel.calls_of) == 1
    once(shop, AccessRefused("key revoked"))
    shop.rings(400, step=100)
    assert len(shop.channel.calls_of) == 2
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "paused")
    shop.rings(4000, step=1000)
    assert len(shop.channel.calls_of) == 2
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "active")
    shop.rings(2)
    assert shop.channel.cancelled == {"A1": {"1": 1}}


def test_an_account_that_is_not_to_be_told_is_not(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.change(work, shop.account, {}, {}, tell_cancelled=False)
    cancel(shop)
    with shop.oms.works.writing(SYSTEM) as work:
        work.session.execute(update(ChannelNotice).values(due_at=work.now))
    shop.rings(3)
    assert (shop.notices(), shop.channel.calls_of) == ([], [])


def test_old_notices_are_forgotten_once_their_order_is_closed(shop):
    oms = shop.oms
    cancel(shop, units=1)
    shop.tell()

    def left(days):
        later = Works(oms.engine, lambda: oms.works.clock() + timedelta(days=days), oms.works.ports)
        with later.writing(SYSTEM) as work:
            telling.forget_old(work)
        with oms.works.reading(SYSTEM) as work:
            return work.session.scalar(select(func.count()).select_from(ChannelNotice))

    assert left(days=400) == 1  # what is still open remembers all that was cancelled of it
    cancel(shop)
    assert left(days=400) == 1  # not told yet
    shop.tell()
    assert [left(days=170), left(days=190)] == [1, 0]
