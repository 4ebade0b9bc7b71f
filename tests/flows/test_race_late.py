"""What two transactions do when the second one comes between the first one's look and its act.

Each interleaving is forced on PostgreSQL, where writers do not wait for each other by themselves,
and has its control: the same without the guard, which ends wrong.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oms_web.automation import batches
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import utc_now
from oms_web.domain.audit import sealing
from oms_web.domain.audit.models import AuditEntry, AuditSeal
from oms_web.domain.channels import desired, publishing
from oms_web.domain.channels.models import Listing, ListingStock
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import Balance, Reservation
from oms_web.flows import order_pay, publish_stock, reservation_expiry, stock_correction
from oms_web.flows.order_in import take_in
from tests import factories as make

PAUSE = 1.0  # seconds in which the other transaction would be done, were it not held up


@pytest.fixture
def pg(request, make_database, tmp_path):
    """An installation on PostgreSQL."""
    from oms_web.wiring import wire
    from tests.conftest import settings_for

    made = wire(settings=settings_for(make_database("postgresql"), tmp_path))
    yield made
    made.engine.dispose()


def between(monkeypatch, module, name, before=True):
    """The first call of a function waits for ``go``; ``reached`` says that it got there."""
    real, reached, go = getattr(module, name), threading.Event(), threading.Event()
    first = threading.Lock()

    def waits(*args, **values):
        if not first.acquire(blocking=False):
            return real(*args, **values)
        found = None if before else real(*args, **values)
        reached.set()
        assert go.wait(20)
        return real(*args, **values) if before else found

    monkeypatch.setattr(module, name, waits)
    return reached, go


def in_thread(works, act, *args, **values):
    """An act in a transaction and a thread of its own."""
    def run():
        with works.writing(SYSTEM) as work:
            act(work, *args, **values)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("guarded", [True, False])
def test_a_quantity_seen_earlier_is_not_published_later(pg, monkeypatch, guarded):
    account, ids = make.shop(pg.works, {"CUP": 7}, publish_stock=True)
    with pg.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order("FIRST", {"CUP": 1}, state="cancelled")])
        listing = work.session.scalars(select(Listing)).one()
        publish_stock.publish(work, [ids["CUP"]])
    if not guarded:
        monkeypatch.setattr(publishing, "hold_listings",
                            lambda session, variants: [listing.id])
    reached, go = between(monkeypatch, desired, "note")
    early = in_thread(pg.works, publish_stock.publish, [ids["CUP"]])
    assert reached.wait(20)
    with pg.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order("SECOND", {"CUP": 6})])
    late = in_thread(pg.works, publish_stock.publish, [ids["CUP"]])
    late.join(PAUSE)
    go.set()
    early.join()
    late.join()
    with pg.works.reading(SYSTEM) as work:
        free = stock.free_units(work.session, [ids["CUP"]], ())[ids["CUP"]]
        shown = work.session.scalars(select(ListingStock.desired)).one()
    assert free == 1
    assert (shown == 1) is guarded


@pytest.mark.parametrize("guarded", [True, False])
def test_an_order_paid_at_the_last_moment_keeps_its_goods(pg, monkeypatch, guarded):
    account, _ = make.shop(pg.works, {"CUP": 3})
    with pg.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order("A", {"CUP": 2}, state="unpaid", paid=False)])
        order = work.session.scalars(select(Order)).one()
        work.session.execute(update(Reservation).values(
            expires_at=work.now - timedelta(hours=1)))
    if not guarded:
        monkeypatch.setattr(reservation_expiry, "has_ended", lambda work, order_id: True)
    reached, go = between(monkeypatch, orders, "lock_order")
    expiry = in_thread(pg.works, reservation_expiry.expire)
    assert reached.wait(20)
    with pg.works.writing(SYSTEM) as work:
        order_pay.record(work, order.id, order.total, "transfer", work.now, "key")
    go.set()
    expiry.join()
    with pg.works.reading(SYSTEM) as work:
        found = work.session.get(Order, order.id)
        left = sum(work.session.scalars(select(Reservation.quantity)))
    assert found.payment_state == "paid"
    assert ((found.queue, left) == ("pick", 2)) is guarded


def test_two_clocks_seal_the_trail_once(pg, monkeypatch):
    account, _ = make.shop(pg.works, {"CUP": 3})
    with pg.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order("A", {"CUP": 2})])
    pg.works.clock = lambda: utc_now() + timedelta(hours=1)
    reached, go = between(monkeypatch, sealing, "digest")
    early = in_thread(pg.works, sealing.seal)
    assert reached.wait(20)
    with pg.works.writing(SYSTEM) as work:
        assert sealing.seal(work) > 0
    go.set()
    early.join()
    with pg.works.reading(SYSTEM) as work:
        assert len(work.session.scalars(select(AuditSeal)).all()) == 1
        assert sealing.broken_seals(work.session) == []


@pytest.mark.parametrize("guarded", [True, False])
def test_a_bin_that_is_told_twice_how_much_it_holds_holds_that(pg, monkeypatch, guarded):
    _, ids = make.shop(pg.works, {"CUP": 0})
    with pg.works.reading(SYSTEM) as work:
        location = stock.default_bin(work.session)
    if not guarded:
        monkeypatch.setattr(stock, "lock_balance", lambda *_: 0)
    reached, go = between(monkeypatch, stock_correction, "correct")
    told = (ids["CUP"], location, 5, "found")
    early = in_thread(pg.works, stock_correction.set_to, *told, key="one")
    assert reached.wait(20)
    late = in_thread(pg.works, stock_correction.set_to, *told, key="two")
    late.join(PAUSE)
    go.set()
    early.join()
    late.join()
    with pg.works.reading(SYSTEM) as work:
        held = work.session.scalars(select(Balance.on_hand)).all()
    assert sum(held) == (5 if guarded else 10)


@pytest.mark.parametrize("guarded", [True, False])
def test_two_clocks_let_the_goods_of_an_order_go_once(pg, monkeypatch, guarded):
    account, _ = make.shop(pg.works, {"CUP": 3})
    with pg.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order("A", {"CUP": 2}, state="unpaid", paid=False)])
        work.session.execute(update(Reservation).values(
            expires_at=work.now - timedelta(hours=1)))
    if not guarded:
        monkeypatch.setattr(reservation_expiry, "has_ended", lambda work, order_id: True)
    reached, go = between(monkeypatch, orders, "lock_order")
    first = in_thread(pg.works, reservation_expiry.expire)
    assert reached.wait(20)
    with pg.works.writing(SYSTEM) as work:
        reservation_expiry.expire(work)
    go.set()
    first.join()
    with pg.works.reading(SYSTEM) as work:
        times = work.session.scalar(select(func.count()).select_from(AuditEntry).where(
            AuditEntry.act == "orders.expire"))
    assert (times == 1) is guarded


@pytest.mark.parametrize("guarded", [True, False])
def test_a_bulk_change_and_a_person_do_not_wait_for_each_other_crosswise(
    pg, monkeypatch, guarded
):
    """The first order shares a purchase with the third, and that one a box with the second."""
    account, _ = make.shop(pg.works, {"CUP": 7})
    with pg.works.writing(SYSTEM) as work:
        ids = take_in(work, account, [make.order(n, {"CUP": 1}) for n in "ABC"]).order_ids
        one, two, three = (work.session.get_one(Order, id_) for id_ in ids)
        one.purchase_id = three.purchase_id = three.together_id = two.together_id = three.id
    if not guarded:
        monkeypatch.setattr(batches, "lock_orders", lambda session, found: session.execute(
            select(Order.id).where(Order.id.in_(found)).with_for_update()))
    refused = []

    def person():
        try:
            with pg.works.writing(SYSTEM) as work:
                assert orders.lock_order(work.session, ids[0])
        except DBAPIError as error:
            refused.append(error)

    thread = threading.Thread(target=person)
    try:
        with pg.works.writing(SYSTEM) as work:
            batches._claim(work, 0, [ids[1]])
            thread.start()
            thread.join(PAUSE)
            assert thread.is_alive()
            assert orders.lock_order(work.session, ids[1])
    except DBAPIError as error:
        refused.append(error)
    thread.join(20)
    assert len(refused) == (0 if guarded else 1)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_lock_that_fell_with_its_savepoint_is_asked_for_again(pg, monkeypatch, guarded):
    account, _ = make.shop(pg.works, {"CUP": 7})
    with pg.works.writing(SYSTEM) as work:
        (order_id,) = take_in(work, account, [make.order("A", {"CUP": 1})]).order_ids
    if not guarded:
        monkeypatch.setattr(Session, "in_nested_transaction", lambda session: False)
    with pg.works.writing(SYSTEM) as work:
        nested = work.session.begin_nested()
        seen = orders.lock_order(work.session, order_id)
        nested.rollback()

        def weigh(other):
            orders.lock_order(other.session, order_id).weight_g = 250

        in_thread(pg.works, weigh).join(20)
        assert (orders.lock_order(work.session, order_id).weight_g == 250) is guarded
        assert seen.id == order_id
