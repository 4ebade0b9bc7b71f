"""How far an order is, told to the channel in its own words; a conflict is looked at first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders.models import Order, Status
from oms_web.domain.orders.service import lock_order, order_lines, set_phase
from oms_web.flows import order_cancel, order_edit, order_split
from oms_web.sync import accounts, feeds, push_notices, status_words
from oms_web.sync.pull import pull
from tests.sync.channel import engine
from tests.sync.teller import ANNA, Shop


class Killed(BaseException):
    """The process dies: nothing that comes after runs."""


@pytest.fixture
def shop(both):
    """Two statuses of open orders; the second is "in work" there, what has left is "sent"."""
    shop = Shop(both)
    shop.channel.after = None
    with both.works.writing(SYSTEM) as work:
        extra = Status(name="W pracy", phase="open", position=9)
        work.session.add(extra)
        work.session.flush()
        sent = work.session.scalars(select(Status.id).where(Status.phase == "shipped")).one()
        shop.work = extra.id
        assert status_words.choose(work, shop.account, {extra.id: "WORK", sent: "SENT"})
    return shop


def set_status(shop, status=0):
    with shop.oms.works.writing(ANNA) as work:
        order_edit.set_status(work, shop.order, status or shop.work)


def first_status(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(Status.id).where(
            Status.phase == "open", Status.id != shop.work)).one()


def once(shop, error, where="fault"):
    def fail(name, _number):
        if name == "status":
            setattr(shop.channel, where, None)
            raise error
    setattr(shop.channel, where, fail)


def changes(shop, **values):
    """The channel has a newer version that we have not heard of."""
    shop.channel.journal.append(replace(shop.channel.journal[-1], revision="2", **values))


def told(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return [(entry.change["told"][1], entry.note) for entry in work.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "orders.tell_status")
            .order_by(AuditEntry.id))]


def test_a_status_with_a_word_is_told(shop):
    set_status(shop)
    shop.tell()
    assert shop.channel.statuses == [("A1", "WORK")]
    assert told(shop) == [("done", None)]
    assert [word.ref for word in status_words.ask(engine(shop.oms), shop.account)] == [
        "WORK", "SENT"]


def test_what_follows_the_phase_is_told_too_and_newer_replaces_older(shop):
    set_status(shop)
    with shop.oms.works.writing(ANNA) as work:
        order = lock_order(work.session, shop.order)
        set_phase(work, order, "ship")
    shop.tell()
    assert shop.channel.statuses == [("A1", "SENT")]


def test_what_the_rest_has_in_common_is_told_when_the_last_part_elsewhere_is_cancelled(shop):
    with shop.oms.works.writing(ANNA) as work:
        [line] = order_lines(work.session, shop.order)
        part = order_split.split(work, shop.order, {line.id: 1})
        set_phase(work, lock_order(work.session, shop.order), "ship")
    shop.tell()
    assert shop.channel.statuses == []
    with shop.oms.works.writing(ANNA) as work:
        order_cancel.cancel(work, part)
    shop.tell()
    assert shop.channel.statuses == [("A1", "SENT")]


def test_a_status_without_a_word_takes_back_what_was_not_said_yet(shop):
    set_status(shop)
    set_status(shop, first_status(shop))
    shop.tell()
    assert shop.channel.statuses == []


def test_what_the_channel_told_itself_is_not_told_back(shop):
    changes(shop, state="shipped")
    pull(engine(shop.oms), shop.account, feeds.ORDERS)
    with shop.oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Order.phase)).one() == "shipped"
    assert shop.notices() == []


def test_after_a_conflict_the_order_is_read_and_it_is_told_once_more(shop):
    set_status(shop)
    changes(shop, buyer_note="ring twice")
    shop.tell()
    assert shop.channel.calls_of.count("status") == 2
    assert shop.channel.statuses == [("A1", "WORK")]
    with shop.oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Order.buyer_note)).one() == "ring twice"


def test_an_order_that_was_cancelled_there_meanwhile_is_not_told_the_old_status(shop):
    set_status(shop)
    changes(shop, state="cancelled")
    shop.tell()
    assert shop.channel.statuses == []
    assert told(shop) == [("failed", "the order was changed on the channel meanwhile")]


def test_without_looking_the_old_status_would_be_told(shop, monkeypatch):
    """The control: nothing is read after the conflict, so nothing stops the old status."""
    monkeypatch.setattr(push_notices, "store_page", lambda *_: None)
    set_status(shop)
    changes(shop, state="cancelled")
    shop.tell()
    assert shop.channel.calls_of.count("status") == 2


@pytest.mark.parametrize("where", ["fault", "after"])
@pytest.mark.parametrize("error", [OutcomeUnknown("gone"), ChannelDown("down")])
def test_a_failure_is_made_good(shop, error, where):
    set_status(shop)
    once(shop, error, where)
    shop.rings(60, step=20)
    assert set(shop.channel.statuses) == {("A1", "WORK")}
    assert told(shop)[-1][0] == "done"


def test_a_death_between_is_told_again(shop):
    set_status(shop)
    once(shop, Killed())
    with pytest.raises(Killed):
        shop.tell()
    shop.rings(200, step=50)
    assert shop.channel.statuses == [("A1", "WORK")]


def test_slow_down_refused_access_and_a_pause_are_respected(shop):
    set_status(shop)
    once(shop, RateLimited("slow", 600))
    with pytest.raises(RateLimited):
        shop.tell()
    shop.rings(500, step=100)
    assert shop.channel.calls_of.count("status") == 1
    once(shop, AccessRefused("key revoked"))
    shop.rings(300, step=100)
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "paused")
    shop.rings(2000, step=1000)
    assert shop.channel.calls_of.count("status") == 2
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "active")
    shop.rings(2)
    assert shop.channel.statuses == [("A1", "WORK")]
