"""A label that collects what was paid since does not leave unseen, whoever sends it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.service import lock_order
from oms_web.domain.shipping import boxes, collecting, label_queries
from oms_web.domain.shipping import queries as shipments
from oms_web.domain.shipping import service as shipping
from oms_web.flows import hand_over, label, label_back, order_pay, ship
from tests.floor import KUBA, Floor
from tests.flows.test_race_late import pg  # noqa: F401
from tests.sync.carrier import Depot

COD = {"payment_kind": "cod", "paid": False}


@pytest.fixture
def depot(oms):
    return Depot(oms)


def pay(depot, order_id, amount):
    depot.do(order_pay.record, order_id, amount, "transfer", depot.moment, f"p{amount}")


def found(depot, shipment_id):
    """What the list says of a shipment, what the first screen counts, what may be handed over."""
    with depot.works.reading(SYSTEM) as work:
        return (shipments.one(work.session, shipment_id).blocked,
                collecting.count(work.session, 999),
                [one.collects for one in label_queries.ready(work.session, depot.carrier.id)])


def test_a_label_that_collects_what_was_paid_since_stays_until_another_is_bought(depot):
    order_id = depot.order("A", {"KUB": 2}, **COD)
    shipment_id = depot.bought(order_id)
    assert depot.booking(depot.book(order_id)).request["cod"] == 2000
    assert found(depot, shipment_id) == ("", 0, [False])
    pay(depot, order_id, 2000)
    assert found(depot, shipment_id) == ("collects", 1, [True])
    with pytest.raises(NotAllowedNow, match="pay twice"):
        depot.do(ship.leave, shipment_id)
    [(_, why)] = depot.do(ship.leave_many, [shipment_id])
    assert "pay twice" in str(why)
    booking_id = depot.book(order_id)
    with pytest.raises(Invalid, match=f"order {order_id} collects"):
        depot.do(hand_over.give, depot.carrier.id, [booking_id])
    depot.do(label_back.void, booking_id)
    depot.work()
    depot.book(order_id)
    depot.work()
    assert found(depot, shipment_id) == ("", 0, [False])
    assert depot.do(ship.leave, shipment_id)


def test_without_the_guard_the_buyer_is_asked_again(depot, monkeypatch):
    """The control: what happened before."""
    monkeypatch.setattr(collecting, "among", lambda session, ids: set())
    order_id = depot.order("A", {"KUB": 2}, **COD)
    shipment_id = depot.bought(order_id)
    pay(depot, order_id, 2000)
    assert depot.do(ship.leave, shipment_id)
    assert depot.booking(1).request["cod"] == 2000


def test_a_part_that_was_paid_counts_and_a_label_that_collects_less_does_not(depot):
    part, less = (depot.order(name, {"KUB": 2}, **COD) for name in "AB")
    boxes_ = [depot.bought(order_id) for order_id in (part, less)]
    pay(depot, part, 500)
    with depot.works.writing(SYSTEM) as work:
        order = lock_order(work.session, less)  # it became dearer afterwards
        order.shipping_total, order.total = order.shipping_total + 700, order.total + 700
    with depot.works.reading(SYSTEM) as work:
        assert collecting.among(work.session, boxes_) == {boxes_[0]}


def test_somebody_may_say_that_it_leaves_all_the_same(depot):
    order_id = depot.order("A", {"KUB": 2}, **COD)
    shipment_id = depot.bought(order_id)
    pay(depot, order_id, 2000)
    assert depot.do(ship.leave, shipment_id, although_it_collects=True)
    with depot.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(AuditEntry.actor_name).where(
            AuditEntry.act == "shipping.collects")).all() == [KUBA.name]
        assert collecting.count(work.session, 999) == 0


@pytest.mark.parametrize("act", [label.book_order, ship.ship_order])
def test_who_begins_with_an_order_locks_its_parcels_first_as_everybody(depot, monkeypatch, act):
    """Who holds an order and wants its parcel waits crosswise for who hands the parcel over."""
    order_id = depot.order("A", {"KUB": 1})
    depot.bought(order_id)
    said = []

    def told(module, name):
        done = getattr(module, name)

        def call(work, *values, **named):
            said.append(name)
            return done(work, *values, **named)

        monkeypatch.setattr(module, name, call)

    told(shipping, "lock_all")
    told(shipping, "lock")
    told(orders, "lock_order")
    depot.do(act, order_id)
    assert said[0] == "lock_all"
    assert "lock_order" in said


@pytest.mark.parametrize("guarded", [True, False])
def test_many_that_leave_lock_their_orders_by_number(pg, monkeypatch, guarded):  # noqa: F811
    """Somebody holds the lower order and wants the higher one. Who locked parcel by parcel held the
    higher one by then and waited for the lower: PostgreSQL ends one of the two.
    """
    floor = Floor(pg.works)
    low, high = (floor.order(name, {"KUB": 1}) for name in "AB")
    parcels = [floor.pack(order_id) for order_id in (high, low)]
    if not guarded:
        monkeypatch.setattr(shipping, "lock_all", lambda work, ids: None)
    begun, failed = threading.Event(), []
    locks = boxes.lock_orders

    def first_lock(session, ids):
        done = locks(session, ids)
        begun.set()
        return done

    def leave():
        try:
            with floor.works.writing(KUBA) as work:
                ship.leave_many(work, parcels)
        except OperationalError as error:
            failed.append(error)

    thread = threading.Thread(target=leave)
    try:
        with floor.works.writing(SYSTEM) as work:
            lock_order(work.session, low)
            monkeypatch.setattr(boxes, "lock_orders", first_lock)
            thread.start()
            begun.wait(1)
            lock_order(work.session, high)
    except OperationalError as error:
        failed.append(error)
    thread.join(30)
    assert bool(failed) is not guarded
    if guarded:
        assert {floor.shipment(one).state for one in parcels} == {"shipped"}
