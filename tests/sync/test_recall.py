"""What a channel is to be told waits in the window, goes after it, and is recalled before it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, update

from oms_web.automation import batches, recalling
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.documents.models import Document
from oms_web.domain.orders import outgoing, telling
from oms_web.domain.orders.models import ChannelNotice, Hold, Order, OrderLine, Status
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import order_cancel, order_edit, order_hold, order_split, ship
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, status_words
from oms_web.sync.push_shipment import TooEarly, push_shipment
from tests import factories as make
from tests.floor import broken
from tests.sync.channel import engine
from tests.sync.teller import ANNA, Shop, Told

PAUSE = 1.0  # seconds in which the other one would be done, were it not held up


def shop_with(oms, seconds=10, orders=1):
    """Orders of a channel that is told of statuses, cancellations, documents and parcels."""
    shop = Shop(oms, Told(journal=[make.order(f"A{n}", {"KUB": 2}) for n in range(1, orders + 1)]))
    with oms.works.writing(SYSTEM) as work:
        work.session.execute(update(Company).values(recall_seconds=seconds))
        work.session.execute(update(ChannelAccount).values(
            tell_cancelled=True, send_invoices=True))
        shop.work = _status(work, "W pracy")
        sent, gone = (work.session.scalars(select(Status.id).where(Status.phase == phase)).one()
                      for phase in ("shipped", "cancelled"))
        status_words.choose(work, shop.account, {shop.work: "WORK", sent: "SENT", gone: "NO"})
    return shop


def _status(work, name):
    row = Status(name=name, phase="open", position=9)
    work.session.add(row)
    work.session.flush()
    return row.id


@pytest.fixture
def shop(oms):
    return shop_with(oms)


def do(shop, act, *values, **named):
    with shop.oms.works.writing(ANNA) as work:
        return act(work, *values, **named)


def waiting(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return [(one.kind, one.id) for one in work.session.scalars(
            select(Outgoing).where(Outgoing.state == "waiting").order_by(Outgoing.id))]


def check(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        assert broken(work.session) == []


def standing(shop):
    """All of an order that a decision changes."""
    with shop.oms.works.reading(SYSTEM) as work:
        order = work.session.get(Order, shop.order)
        lines = work.session.execute(select(
            OrderLine.cancelled, OrderLine.reserved, OrderLine.shipped, OrderLine.total)
            .where(OrderLine.order_id == shop.order)).all()
        holds = work.session.scalars(select(Hold.kind).where(Hold.released_at.is_(None))).all()
        return (order.phase, order.queue, order.status_id, order.total, order.shipped_at,
                order.closed_at, lines, holds)


def cancel_one(work, order_id):
    line = work.session.scalars(select(OrderLine.id).where(OrderLine.order_id == order_id)).first()
    order_cancel.cancel_units(work, order_id, {line: 1}, "broken")


DECISIONS = {
    "ship": ship.ship_order,
    "cancel": order_cancel.cancel,
    "cancel one": cancel_one,
    "status": lambda work, order: order_edit.set_status(work, order, _work_status(work)),
}


def _work_status(work):
    return work.session.scalars(select(Status.id).where(Status.name == "W pracy")).one()


@pytest.mark.parametrize("what", DECISIONS)
def test_it_waits_and_goes_by_itself(shop, what):
    do(shop, DECISIONS[what], shop.order)
    do(shop, accounts.sync_now, shop.account)  # whoever hastens a channel hastens no decision
    shop.rings(9)
    assert shop.channel.calls_of == []
    assert not shop.channel.shipments
    assert len(waiting(shop)) == 1
    shop.rings(3)
    assert shop.channel.calls_of or shop.channel.shipments
    assert waiting(shop) == []


@pytest.mark.parametrize("what", DECISIONS)
def test_recalled_in_time_all_is_as_before_and_nothing_is_told(shop, what):
    if what.startswith("cancel"):
        do(shop, order_hold.hold, shop.order, "wait")
    before = standing(shop)
    for _ in range(2):  # and again: what was recalled can be decided anew
        do(shop, DECISIONS[what], shop.order)
        assert standing(shop) != before
        drain(shop.oms)
        shop.clock.forward(seconds=3)
        [(_, decided)] = waiting(shop)
        assert do(shop, recalling.recall, decided) is True
        assert do(shop, recalling.recall, decided) is False
        assert standing(shop) == before if what != "ship" else \
            (standing(shop)[0], standing(shop)[2]) == ("open", before[2])
        check(shop)
    shop.rings(30)
    assert shop.channel.calls_of == []
    assert not shop.channel.shipments
    do(shop, DECISIONS[what], shop.order)
    shop.rings(30)
    assert shop.channel.calls_of or shop.channel.shipments


def test_after_the_window_it_is_too_late_and_the_reason_is_said(shop):
    do(shop, order_cancel.cancel, shop.order)
    [(_, decided)] = waiting(shop)
    shop.rings(12)
    with pytest.raises(NotAllowedNow, match="told of the cancellation"):
        do(shop, recalling.recall, decided)
    assert standing(shop)[0] == "cancelled"


def test_a_status_put_back_in_time_is_not_told_either(shop):
    first = standing(shop)[2]
    do(shop, order_edit.set_status, shop.order, shop.work)
    do(shop, order_edit.set_status, shop.order, first)
    shop.rings(30)
    assert shop.channel.statuses == []
    do(shop, order_edit.set_status, shop.order, shop.work)
    shop.rings(30)
    assert shop.channel.statuses == [("A1", "WORK")]


def test_the_newer_of_two_decisions_is_recalled_first(shop):
    do(shop, order_edit.set_status, shop.order, shop.work)
    do(shop, ship.ship_order, shop.order)
    [(_, left)] = waiting(shop)  # the status says nothing any more that is not said anew
    do(shop, recalling.recall, left)
    [(kind, status)] = waiting(shop)
    assert kind == "status"
    do(shop, recalling.recall, status)
    shop.rings(30)
    assert shop.channel.statuses == []
    assert not shop.channel.shipments


def test_an_issued_document_stays_but_does_not_go_out(shop):
    document = shop.issue()
    [(_, decided)] = waiting(shop)
    do(shop, recalling.recall, decided)
    shop.rings(30)
    assert shop.channel.invoices == {}
    with shop.oms.works.reading(SYSTEM) as work:
        assert work.session.get(Document, document).number
        [notice] = work.session.scalars(select(ChannelNotice)).all()
    assert notice.state == "recalled"
    do(shop, telling.tell_again, notice.id)
    shop.rings(3)
    assert len(shop.channel.invoices) == 1


def test_a_parcel_is_not_told_of_earlier_whoever_asks(shop):
    [shipment] = do(shop, ship.ship_order, shop.order)
    with pytest.raises(TooEarly) as refused:
        push_shipment(engine(shop.oms), shipment)
    assert 0 < refused.value.retry_after <= 10
    shop.clock.forward(seconds=11)
    assert push_shipment(engine(shop.oms), shipment) == "done"


def test_without_a_window_it_is_told_at_once(oms):
    shop = shop_with(oms, seconds=0)
    do(shop, order_cancel.cancel, shop.order)
    shop.rings(1)
    assert shop.channel.cancelled == {"A1": {}}


def test_one_undo_recalls_a_bulk_change_that_ran_longer_than_the_window(oms):
    shop = shop_with(oms, orders=3)
    with oms.works.reading(SYSTEM) as work:
        ids = list(work.session.scalars(select(Order.id)))
    batch = do(shop, batches.start, "cancel", {"reason": "storm"}, ids).id
    slow = shop.clock

    def beat(_done, _total):
        slow.forward(seconds=50)
    batches.run(oms.works, batch, beat)
    assert len(waiting(shop)) == 3
    shop.rings(5)
    assert shop.channel.cancelled == {}
    back = do(shop, batches.undo, batch).id
    drain(oms)
    shop.rings(200, step=20)
    assert shop.channel.cancelled == {}
    with oms.works.reading(SYSTEM) as work:
        assert batches.get(work, back).changed == 3
        assert set(work.session.scalars(select(Order.phase))) == {"open"}
    check(shop)
    again = do(shop, batches.start, "cancel", {}, ids).id
    drain(oms)
    shop.rings(30)
    assert len(shop.channel.cancelled) == 3
    back = do(shop, batches.undo, again).id
    drain(oms)
    with oms.works.reading(SYSTEM) as work:
        assert batches.get(work, back).refused == 3


@pytest.fixture
def parts(shop):
    """An order in two parts, both in a status that has a word which the channel was never told."""
    with shop.oms.works.writing(SYSTEM) as work:
        at_first = work.session.scalars(select(Order.status_id)).one()
        ready = _status(work, "Gotowe")
        status_words.choose(work, shop.account, {
            at_first: "NEW", shop.work: "WORK", ready: "READY"})
        [line] = work.session.scalars(select(OrderLine)).all()
        part = order_split.split(work, line.order_id, {line.id: 1})
        shop.parts, shop.ready, shop.at_first = [line.order_id, part], ready, at_first
    return shop


def in_bulk(shop, act, *asked):
    done = do(shop, act, *asked).id
    drain(shop.oms)
    return done


def test_a_status_of_all_parts_that_is_taken_back_in_time_leaves_the_channel_as_it_was(parts):
    for ids in (parts.parts, parts.parts[::-1]):
        done = in_bulk(parts, batches.start, "status", {"status": str(parts.work)}, ids)
        assert len(waiting(parts)) == 1
        in_bulk(parts, batches.undo, done)
        assert waiting(parts) == []
        parts.rings(60, step=20)
        assert parts.channel.statuses == []
        with parts.oms.works.reading(SYSTEM) as work:
            assert set(work.session.scalars(select(Order.status_id))) == {parts.at_first}
    check(parts)


def test_a_status_of_all_parts_that_was_told_is_followed_by_the_one_before(parts):
    done = in_bulk(parts, batches.start, "status", {"status": str(parts.work)}, parts.parts)
    parts.rings(60, step=20)
    again = in_bulk(parts, batches.undo, done)
    parts.rings(60, step=20)
    assert parts.channel.statuses == [("A1", "WORK"), ("A1", "NEW")]
    in_bulk(parts, batches.undo, again)
    parts.rings(60, step=20)
    assert parts.channel.statuses[2:] == [("A1", "WORK")]


def test_a_recall_of_something_newer_leaves_nothing_untold(parts):
    done = in_bulk(parts, batches.start, "status", {"status": str(parts.work)}, parts.parts)
    parts.rings(60, step=20)
    newer = in_bulk(parts, batches.start, "status", {"status": str(parts.ready)}, parts.parts)
    in_bulk(parts, batches.undo, newer)
    in_bulk(parts, batches.undo, done)
    parts.rings(60, step=20)
    assert parts.channel.statuses == [("A1", "WORK"), ("A1", "NEW")]


def test_what_a_person_decides_after_a_status_was_taken_back_is_told(parts):
    """They agree on something that they did not agree on before: that is news."""
    do(parts, order_edit.set_status, parts.parts[0], parts.ready)
    done = in_bulk(parts, batches.start, "status", {"status": str(parts.work)}, parts.parts)
    in_bulk(parts, batches.undo, done)
    do(parts, order_edit.set_status, parts.parts[0], parts.at_first)
    parts.rings(60, step=20)
    assert parts.channel.statuses == [("A1", "NEW")]


def test_what_was_decided_together_is_recalled_together(oms):
    shop = shop_with(oms, orders=3)
    with oms.works.writing(ANNA) as work:
        outgoing.together(work, "click")
        for order_id in work.session.scalars(select(Order.id)).all():
            ship.ship_order(work, order_id)
    came = recalling.recall_together(oms.works, ANNA, "click")
    assert (came.done, came.refused) == (3, [])
    shop.rings(30)
    assert not shop.channel.shipments
    check(shop)


def recall_naively(shop, decided, reached, go):
    """What a program does that looks first and acts later: the control that loses."""
    with shop.oms.works.reading(SYSTEM) as work:
        in_time = work.session.get(Outgoing, decided).state == "waiting"
    reached.set()
    assert go.wait(20)
    if in_time:
        with shop.oms.works.writing(ANNA) as work:
            work.session.execute(update(Outgoing).values(state="recalled"))


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("what", ["cancel", "ship"])
def test_recall_and_sender_at_the_same_moment_end_in_one_of_both(
    both, monkeypatch, what, guarded
):
    shop = shop_with(both)
    do(shop, DECISIONS[what], shop.order)
    [(_, decided)] = waiting(shop)
    shop.clock.forward(seconds=11)  # the window is over, the sender is due: the closest race
    real, reached, go = outgoing.check, threading.Event(), threading.Event()

    def looks(row):
        real(row)
        if threading.current_thread() is early:
            reached.set()
            assert go.wait(20)

    monkeypatch.setattr(outgoing, "check", looks)
    refused = []

    def recall():
        if not guarded:
            recall_naively(shop, decided, reached, go)
            return
        try:
            do(shop, recalling.recall, decided)
        except NotAllowedNow as refusal:
            refused.append(refusal)

    def send():
        if what == "cancel":
            shop.tell()
            return
        push_shipment(engine(shop.oms), _shipment(shop))

    early = threading.Thread(target=recall)
    late = threading.Thread(target=send)
    early.start()
    assert reached.wait(20)
    late.start()
    late.join(PAUSE if guarded else 60)
    go.set()
    early.join()
    late.join()
    if guarded:
        send()  # the next ring: a part of it may have been passed over while the recall looked
    with both.works.reading(SYSTEM) as work:
        recalled = work.session.get(Outgoing, decided).state == "recalled"
    told = bool(shop.channel.cancelled if what == "cancel" else shop.channel.shipments)
    assert (told != recalled) is guarded
    if guarded:
        assert bool(refused) is told
        check(shop)


def _shipment(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(func.max(Shipment.id))).one()
