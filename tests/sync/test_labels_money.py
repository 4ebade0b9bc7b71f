"""Labels cost money and collect it: what nobody knows is not bought again, nor left to chance."""

from __future__ import annotations

from datetime import date

import pytest
from oms_connector import OutcomeUnknown, Refused

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.payments.settling import reports
from oms_web.domain.shipping import bookings, collecting
from oms_web.domain.shipping.planning import Wanted
from oms_web.flows import (
    backorder,
    label,
    label_back,
    order_cancel,
    order_pay,
    order_split,
    order_together,
    settle_in,
    ship,
)
from oms_web.flows.pack import opening
from tests import factories as make
from tests.sync.carrier import Counting, Depot

COD = {"payment_kind": "cod", "paid": False}


@pytest.fixture
def depot(oms):
    return Depot(oms)


def test_a_carrier_that_refuses_to_be_asked_has_not_refused_the_label(depot, monkeypatch):
    Counting.after = [OutcomeUnknown("gone")]
    order_id = depot.order("A", {"KUB": 1})
    booking_id = depot.book(order_id)
    depot.work()

    def no(self, key, reference=""):
        raise Refused("no right to search")

    with monkeypatch.context() as for_now:
        for_now.setattr(Counting, "find_booking", no)
        depot.forward(minutes=5)
        depot.work()
        assert depot.booking(booking_id).state == "unknown"
        assert depot.book(order_id) == booking_id
    depot.forward(minutes=5)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("confirmed", 1)


def test_an_order_with_a_label_of_its_own_goes_alone(depot):
    """Its label collects its own money, and nobody else's."""
    one, two = (depot.order(name, {"KUB": 2}, **COD) for name in "AB")
    booking_id = depot.book(one)
    with depot.works.reading(SYSTEM) as work:
        for known, other in ((one, two), (two, one)):
            order = work.session.get_one(type(depot.get(known)), known)
            assert other not in [found.id for found in order_together.candidates(
                work.session, order)]
    with pytest.raises(NotAllowedNow, match="bought already"):
        depot.do(order_together.join, [one, two])
    with pytest.raises(NotAllowedNow, match="bought already"):
        depot.do(order_split.split, one, {depot.line(one).id: 1})
    depot.do(label_back.void, booking_id)
    assert depot.do(order_together.join, [one, two])


def test_orders_that_travel_together_have_one_label_that_collects_all_their_money(depot):
    one, two = (depot.order(name, {"KUB": units}, **COD) for name, units in (("A", 2), ("B", 1)))
    depot.do(order_together.join, [one, two])
    for order_id in (one, two):
        with pytest.raises(NotAllowedNow, match="when packing begins"):
            depot.book(order_id)
    depot.pack(one)
    booking_id = depot.book(two)
    assert depot.book(one) == booking_id
    assert depot.booking(booking_id).request["cod"] == 3000
    depot.work()
    depot.do(ship.leave, depot.booking(booking_id).shipment_id)
    [number] = depot.booking(booking_id).tracking
    line = reports.Settled(reports.COD, number, "parcel", date(2026, 11, 28), 3000, "PLN")
    for _ in range(2):
        depot.do(settle_in.take, "inpost", [("m1", line)], settle_in.TakenIn())
    assert [depot.get(one).paid_total for one in (one, two)] == [2000, 1000]
    assert [depot.get(one).payment_state for one in (one, two)] == ["paid", "paid"]


def test_a_parcel_does_not_leave_while_its_label_is_taken_back(depot):
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.bought(order_id)
    depot.do(label_back.void, depot.book(order_id))
    with pytest.raises(NotAllowedNow, match="taken back"):
        depot.do(ship.leave, shipment_id)
    depot.work()
    assert depot.parcels(shipment_id)[0].tracking == ""
    assert depot.do(ship.leave, shipment_id)


def test_no_label_is_bought_for_an_order_that_was_cancelled_meanwhile(depot):
    order_id = depot.order("A", {"KUB": 1})
    booking_id = depot.book(order_id)
    depot.do(order_cancel.cancel, order_id)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("cancelled", 0)


def test_what_was_typed_is_collected_by_one_of_two_parcels(depot):
    order_id = depot.order("A", {"PUZ": 7}, **COD)
    shipment_id = depot.do(opening.begin_partly, order_id)
    depot.open(order_id)
    for _ in range(5):
        depot.scan(shipment_id, "PUZ")
    with depot.works.writing(SYSTEM) as work:
        make.put(work, depot.ids["PUZ"], 2, location_id=depot.bins["A-02"])
        backorder.fill(work, [depot.ids["PUZ"]])
    second = depot.pack(order_id)
    wanted = Wanted(account_id=depot.carrier.id, service="door", cod=1000)
    depot.do(label.book_order, order_id, wanted)
    with depot.works.reading(SYSTEM) as work:
        asked = [bookings.live_of_shipment(work.session, one).request["cod"]
                 for one in (shipment_id, second)]
        assert asked == [1000, None]
        order = depot.get(order_id)
        owed = order.total - order.paid_total
        assert collecting.due(work.session, [order_id], second) == owed - 1000
        assert collecting.due(work.session, [order_id], shipment_id) == owed


def in_two(depot, order_id):
    """An order in two parcels of 5 and 2 puzzles; the second closes with nothing bought."""
    first = depot.do(opening.begin_partly, order_id)
    depot.open(order_id)
    for _ in range(5):
        depot.scan(first, "PUZ")
    with depot.works.writing(SYSTEM) as work:
        make.put(work, depot.ids["PUZ"], 2, location_id=depot.bins["A-02"])
        backorder.fill(work, [depot.ids["PUZ"]])
    return first


def test_what_a_courier_has_collected_and_not_settled_is_neither_due_nor_forgotten(both):
    depot = Depot(both)
    order_id = depot.order("A", {"PUZ": 7}, **COD)
    first = in_two(depot, order_id)
    depot.do(label.book_shipment, first, Wanted(account_id=depot.carrier.id, service="door",
                                                cod=3000))
    depot.work()
    depot.do(ship.leave, first)
    depot.do(ship.arrived, first)
    total, second = depot.get(order_id).total, depot.pack(order_id)

    def due():
        with depot.works.reading(SYSTEM) as work:
            return collecting.due(work.session, [order_id], second)

    assert due() == total - 3000
    booking = depot.do(label.book_shipment, second)
    assert booking.request["cod"] == total - 3000
    depot.do(order_pay.record, order_id, 3000, "transfer", depot.moment, "typed")
    assert due() == total - 3000
    depot.do(order_pay.take_back, order_id, 1, "it was none")
    number = depot.parcels(first)[0].tracking
    line = reports.Settled(reports.COD, number, "parcel", local_day(depot.moment), 3000, "PLN")
    depot.do(settle_in.take, "inpost", [("m1", line)], settle_in.TakenIn())
    assert due() == total - 3000
    with depot.works.reading(SYSTEM) as work:
        assert collecting.among(work.session, [second]) == set()


def test_the_second_parcel_of_who_shared_the_first_one_collects_nothing_again(depot):
    one, two = depot.order("A", {"KUB": 2}, **COD), depot.order("B", {"PUZ": 7}, **COD)
    depot.do(order_together.join, [one, two])
    first = depot.do(opening.begin_partly, one)
    depot.open(one)
    for sku, units in (("KUB", 2), ("PUZ", 5)):
        for _ in range(units):
            depot.scan(first, sku)
    whole = depot.get(one).total + depot.get(two).total
    assert depot.do(label.book_shipment, first).request["cod"] == whole
    depot.work()
    depot.do(ship.leave, first)
    with depot.works.writing(SYSTEM) as work:
        make.put(work, depot.ids["PUZ"], 2, location_id=depot.bins["A-02"])
        backorder.fill(work, [depot.ids["PUZ"]])
    assert depot.do(label.book_shipment, depot.pack(two)).request["cod"] is None


def test_the_parts_of_a_purchase_are_paid_together_and_so_do_labels_collect(depot):
    order_id = depot.order("A", {"KUB": 2}, **COD)
    part_id = depot.do(order_split.split, order_id, {depot.line(order_id).id: 1})
    parcels = [depot.bought(one) for one in (order_id, part_id)]
    assert [depot.booking(number).request["cod"] for number in (1, 2)] == [1000, 1000]
    depot.do(order_pay.record, order_id, 2000, "transfer", depot.moment, "typed")
    with depot.works.reading(SYSTEM) as work:
        assert collecting.among(work.session, parcels) == set(parcels)
        assert collecting.due(work.session, [part_id], parcels[1]) == 0


def test_two_labels_of_one_order_collect_no_more_than_it_owes(depot):
    order_id = depot.order("A", {"PUZ": 7}, **COD)
    first = in_two(depot, order_id)
    depot.do(label.book_shipment, first, Wanted(account_id=depot.carrier.id, service="door",
                                                cod=3000))
    second = depot.pack(order_id)
    depot.do(label.book_shipment, second)
    depot.work()
    with depot.works.reading(SYSTEM) as work:
        assert collecting.count(work.session, 99) == 0
    depot.do(order_pay.record, order_id, 100, "transfer", depot.moment, "typed")
    with depot.works.reading(SYSTEM) as work:
        assert collecting.among(work.session, [first, second]) == {first, second}


def test_what_came_back_undelivered_is_no_longer_promised(both):
    """What is in trouble may still be delivered, and collect; what comes back does not."""
    depot = Depot(both)
    order_id = depot.order("A", {"KUB": 2}, **COD)
    shipment_id = depot.bought(order_id)
    depot.do(ship.leave, shipment_id)
    [number] = depot.booking(1).tracking

    def due():
        with depot.works.reading(SYSTEM) as work:
            return collecting.due(work.session, [order_id], None)

    for travel, amount in (("exception", 0), ("returning", 2000), ("moving", 0)):
        depot.forward(hours=9)
        depot.scanned(number, travel)
        depot.work()
        assert (depot.parcels(shipment_id)[0].travel, due()) == (travel, amount)
