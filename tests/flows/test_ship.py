"""Shipments leave, come back from the door, arrive or do not; what must not leave stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from oms_web.core import claims
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.events import OutboxEvent
from oms_web.domain.orders.cancelling import cancel_order, cancel_units
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.service import get_order, refile, set_hold
from oms_web.domain.shipping import queries as shipments
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.shipping.queries import Asked
from oms_web.domain.stock.models import CUSTOMER, Move
from oms_web.flows import backorder, order_together, ship
from oms_web.flows.order_in import take_in
from oms_web.flows.pack import opening
from tests import factories as make
from tests.floor import KUBA, Floor, broken


@pytest.fixture
def floor(works):
    return Floor(works)


def do(floor, act, *values, **named):
    with floor.works.writing(KUBA) as work:
        return act(work, *values, **named)


def check(floor):
    with floor.works.reading(SYSTEM) as work:
        assert broken(work.session) == []


def told(floor):
    with floor.works.reading(SYSTEM) as work:
        return [row.payload for row in work.session.scalars(
            select(OutboxEvent).filter_by(name="shipment.left")) if row.payload.pop("tell_at")]


def sold(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        return [(move.from_id, move.quantity) for move in work.session.scalars(
            select(Move).filter_by(order_id=order_id, to_id=CUSTOMER).order_by(Move.id))]


def test_a_packed_shipment_leaves_once(both):
    floor = Floor(both.works)
    order_id = floor.order("A", {"KUB": 6, "SET": 1})
    shipment_id = floor.pack(order_id)
    assert do(floor, ship.leave, shipment_id) is True
    order = floor.get(order_id)
    assert (order.phase, order.queue, order.shipped_at is not None) == ("shipped", "transit", True)
    assert (floor.line(order_id).shipped, floor.line(order_id).reserved) == (6, 0)
    assert (floor.stock("KUB", "A-01"), floor.stock("KUB", "B-01")) == ((0, 0), (2, 0))
    assert told(floor) == [{"shipment_id": shipment_id, "order_id": order_id}]
    assert do(floor, ship.leave, shipment_id) is False
    assert len(told(floor)) == 1
    check(floor)


def test_what_is_not_packed_paid_and_free_does_not_leave(floor):
    packing = floor.open(floor.order("A", {"KUB": 1})).shipment_id
    with pytest.raises(NotAllowedNow, match="still being packed"):
        do(floor, ship.leave, packing)
    held, unpaid, gone = (floor.order(name, {"KUB": 1}) for name in "BCD")
    parcels = {order_id: floor.pack(order_id) for order_id in (held, unpaid, gone)}
    with floor.works.writing(SYSTEM) as work:
        set_hold(work, held, Flaw("manual", {"reason": "wait"}))
        get_order(work.session, unpaid).payment_state = "part"
        refile(work, [held, unpaid])
        cancel_order(work, get_order(work.session, gone), by="seller")
    for order_id, words in ((held, "held"), (unpaid, "not paid"), (gone, "cancelled")):
        with pytest.raises(NotAllowedNow, match=words):
            do(floor, ship.leave, parcels[order_id])
    results = dict(do(floor, ship.leave_many, list(parcels.values())))
    assert all(results.values())
    assert told(floor) == []
    check(floor)


def test_of_many_the_good_ones_leave(floor):
    good, bad = floor.pack(floor.order("A", {"KUB": 1})), floor.pack(floor.order("B", {"PUZ": 1}))
    with floor.works.writing(SYSTEM) as work:
        order_id = shipping.get(work.session, bad).order_id
        set_hold(work, order_id, Flaw("manual", {"reason": "wait"}))
        refile(work, [order_id])
    results = dict(do(floor, ship.leave_many, [bad, good, good]))
    assert (results[good], str(results[bad])) == (
        None, "This order is held. Release it first, then it can leave.")
    assert (floor.shipment(good).state, floor.shipment(bad).state) == ("shipped", "packed")
    check(floor)


def test_cash_on_delivery_leaves_unpaid(floor):
    order_id = floor.order("A", {"KUB": 1}, payment_kind="cod", state="ready", payments=())
    assert floor.get(order_id).payment_state == "cod"
    do(floor, ship.leave, floor.pack(order_id))
    assert floor.get(order_id).phase == "shipped"


def test_goods_leave_from_the_shelves_they_were_packed_from(floor):
    order_id = floor.order("A", {"PUZ": 7})
    first = do(floor, opening.begin_partly, order_id)
    for _ in range(5):
        floor.scan(first, "PUZ")
    with floor.works.writing(SYSTEM) as work:  # the rest comes to a shelf that sorts first
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["A-01"])
        backorder.fill(work, [floor.ids["PUZ"]])
    do(floor, ship.leave, first)
    assert sold(floor, order_id) == [(floor.bins["A-02"], 5)]
    order = floor.get(order_id)
    assert (order.phase, order.queue) == ("open", "pick")
    do(floor, ship.leave, floor.pack(order_id))
    assert floor.get(order_id).phase == "shipped"
    assert sold(floor, order_id) == [(floor.bins["A-02"], 5), (floor.bins["A-01"], 2)]
    check(floor)


def test_a_parcel_that_nobody_packed_is_forgotten_when_its_departure_is_recalled(floor):
    """Marked as sent without packing and taken back: the order stands where it stood."""
    order_id, other = floor.order("A", {"KUB": 6}), floor.order("B", {"PUZ": 1})
    do(floor, order_together.join, [order_id, other])
    for _ in range(2):
        [shipment_id] = do(floor, ship.ship_order, order_id, number="520000017612345678901234")
        assert floor.shipment(shipment_id).packed_at is None, "nobody's work"
        assert do(floor, ship.recall, shipment_id) is True
        assert do(floor, ship.recall, shipment_id) is False
        assert floor.shipment(shipment_id).state == "cancelled"
        for one in (order_id, other):
            order = floor.get(one)
            assert (order.phase, order.queue, order.is_packed) == ("open", "pick", False)
        check(floor)
    assert floor.stock("KUB", "A-01") == (5, 5)
    do(floor, ship.leave, floor.pack(order_id))
    check(floor)


def test_what_was_packed_waits_for_the_courier_again_and_what_was_not_is_forgotten(floor):
    """An order of which one parcel was packed and the rest was only marked as sent."""
    order_id = floor.order("A", {"PUZ": 7})
    first = do(floor, opening.begin_partly, order_id)
    for _ in range(5):
        floor.scan(first, "PUZ")
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["A-01"])
        backorder.fill(work, [floor.ids["PUZ"]])
    assert do(floor, ship.ship_order, order_id)[0] == first
    for shipment_id in (first + 1, first):
        do(floor, ship.recall, shipment_id)
    assert (floor.shipment(first).state, floor.shipment(first + 1).state) == (
        "packed", "cancelled")
    assert floor.get(order_id).phase == "packing"
    check(floor)


def test_an_order_that_no_channel_hears_of_is_packed_again_when_it_is_recalled(floor):
    """Nothing was decided that could be recalled, so nothing says how it stood before."""
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    with floor.works.writing(SYSTEM) as work:
        get_order(work.session, order_id).account_id = None
    do(floor, ship.leave, shipment_id)
    do(floor, ship.recall, shipment_id)
    assert (floor.get(order_id).phase, floor.get(order_id).queue) == ("packing", "courier")
    check(floor)


def test_a_departure_is_recalled_while_no_channel_knows_and_can_be_repeated(both):
    floor = Floor(both.works)
    order_id = floor.order("A", {"KUB": 6})
    shipment_id = floor.pack(order_id)
    for _ in range(3):
        assert do(floor, ship.leave, shipment_id) is True
        check(floor)
        assert do(floor, ship.recall, shipment_id) is True
        assert do(floor, ship.recall, shipment_id) is False
        check(floor)
        assert told(floor) == []
        order = floor.get(order_id)
        assert (order.phase, order.queue, order.shipped_at) == ("packing", "courier", None)
        assert (floor.stock("KUB", "A-01"), floor.stock("KUB", "B-01")) == ((5, 5), (5, 1))
    do(floor, ship.leave, shipment_id)
    assert floor.get(order_id).phase == "shipped"
    check(floor)


@pytest.mark.parametrize(("told", "task", "may"), [
    ("", "waiting", True), ("failed", "dead", True), ("", "running", False),
    ("done", "done", False), ("unknown", "waiting", False),
])
def test_what_a_channel_was_told_is_not_recalled(floor, told, task, may):
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    do(floor, ship.leave, shipment_id)
    with floor.works.writing(SYSTEM) as work:
        work.session.execute(update(OutboxEvent).values(dispatched_at=work.now))
        work.session.execute(update(Shipment).values(told=told))
        claims.enqueue(work.session, "push_shipment", str(shipment_id), {}, now=work.now)
        work.session.execute(update(claims.Task).values(state=task))
    if may:
        assert do(floor, ship.recall, shipment_id) is True
        assert floor.shipment(shipment_id).shipped_at is None  # a late worker finds nothing to say
    else:
        with pytest.raises(NotAllowedNow, match="told"):
            do(floor, ship.recall, shipment_id)
    check(floor)


def test_only_what_has_left_is_recalled(floor):
    shipment_id = floor.open(floor.order("A", {"KUB": 1})).shipment_id
    with pytest.raises(NotAllowedNow):
        do(floor, ship.recall, shipment_id)


def test_an_order_is_shipped_without_the_station(floor):
    order_id = floor.order("A", {"KUB": 6, "SET": 1})
    (shipment_id,) = do(floor, ship.ship_order, order_id, carrier="DPD", number="0000123456789u")
    assert do(floor, ship.ship_order, order_id) == []
    (parcel,) = floor.parcels(shipment_id)
    assert (parcel.carrier, parcel.tracking) == ("DPD", "0000123456789U")
    order = floor.get(order_id)
    assert (order.phase, order.strip[3]) == ("shipped", "v")
    check(floor)


def test_an_order_that_lacks_units_is_shipped_partly_only_when_asked(floor):
    order_id = floor.order("A", {"PUZ": 7, "KUB": 1})
    with pytest.raises(NotAllowedNow, match="2 units"):
        do(floor, ship.ship_order, order_id)
    do(floor, ship.ship_order, order_id, partly=True)
    order = floor.get(order_id)
    assert (order.phase, order.queue, order.strip[1]) == ("open", "short", "!")
    assert (floor.line(order_id).shipped, floor.line(order_id, 2).shipped) == (5, 1)
    with pytest.raises(NotAllowedNow, match="Nothing"):
        do(floor, ship.ship_order, order_id, partly=True)
    check(floor)


def test_cancelling_the_rest_of_a_sent_order_lets_it_go_on(floor):
    order_id = floor.order("A", {"PUZ": 7})
    (shipment_id,) = do(floor, ship.ship_order, order_id, partly=True)
    do(floor, ship.arrived, shipment_id)
    assert floor.get(order_id).phase == "open"
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, order_id), by="seller")
    assert floor.get(order_id).phase == "shipped"
    do(floor, ship.arrived, shipment_id)
    assert floor.get(order_id).phase == "done"
    check(floor)


def test_an_order_in_somebodys_hands_is_not_shipped_past_them(floor):
    order_id = floor.order("A", {"KUB": 1})
    floor.open(order_id)
    with pytest.raises(NotAllowedNow, match="being packed"):
        do(floor, ship.ship_order, order_id)


def test_two_parcels_from_two_warehouses_leave_one_by_one(floor):
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"PUZ": 7})
    first, second = floor.pack(order_id), floor.pack(order_id)
    do(floor, ship.leave, first)
    order = floor.get(order_id)
    assert (order.phase, order.queue) == ("open", "courier")
    do(floor, ship.leave, second)
    assert floor.get(order_id).phase == "shipped"
    check(floor)


def test_a_bundle_whose_parts_lie_apart_leaves_as_one(floor):
    with floor.works.writing(SYSTEM) as work:
        kub = floor.ids["KUB"]
        far = make.variant(work, "FAR", ean="5900000000039")
        make.put(work, far, 2, location_id=floor.bins["G-01"])
        make.variant(work, "DUO", parts={kub: 1, far: 1})
        floor.ids["FAR"] = far
    order_id = floor.order("A", {"DUO": 1})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    assert floor.scan(shipment_id, "5900000000039").closed is True
    do(floor, ship.leave, shipment_id)
    assert floor.get(order_id).phase == "shipped"
    check(floor)


def test_arriving_closes_the_order_and_not_arriving_makes_it_a_case(floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    with pytest.raises(NotAllowedNow):
        do(floor, ship.arrived, shipment_id)
    do(floor, ship.leave, shipment_id)
    with pytest.raises(Invalid):
        do(floor, ship.came_to_nothing, shipment_id, "  ")
    assert do(floor, ship.came_to_nothing, shipment_id, "nobody at home") is True
    assert do(floor, ship.came_to_nothing, shipment_id, "nobody at home") is False
    assert (floor.get(order_id).queue, floor.get(order_id).strip[4]) == ("undelivered", "!")
    assert do(floor, ship.sent_again, shipment_id) is True
    assert do(floor, ship.sent_again, shipment_id) is False
    assert floor.get(order_id).queue == "transit"
    assert do(floor, ship.arrived, shipment_id) is True
    assert do(floor, ship.arrived, shipment_id) is False
    assert (floor.get(order_id).phase, floor.get(order_id).queue) == ("done", "done")
    with pytest.raises(NotAllowedNow):
        do(floor, ship.recall, shipment_id)


def test_a_channel_that_says_delivered_takes_the_parcels_off_the_road(floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    do(floor, ship.leave, shipment_id)
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", {"KUB": 1}, state="delivered",
                                                 revision="2")])
    assert floor.get(order_id).phase == "done"
    assert floor.shipment(shipment_id).state == "delivered"
    assert floor.shipment(shipment_id).delivered_at is not None


def test_the_goods_of_a_cancelled_order_are_unpacked(floor):
    order_id = floor.order("A", {"KUB": 2})
    shipment_id = floor.pack(order_id)
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, order_id), by="buyer")
        row = shipments.one(work.session, shipment_id)
    assert row.blocked == "cancelled"
    for _ in range(2):
        do(floor, ship.forget_shipment, shipment_id)
    assert floor.shipment(shipment_id).state == "cancelled"
    check(floor)


def test_a_tracking_number_belongs_to_one_buyer(floor):
    first, second = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    other = floor.order("C", {"SWI": 1}, ship_to=make.Address(
        name="Jan", street="Inna 2", postcode="00-002", city="Gdynia", country="PL"))
    parcels = [floor.pack(order_id) for order_id in (first, second, other)]

    def write(number):
        def act(work, shipment_id):
            shipment = shipping.lock(work.session, shipment_id)
            shipping.describe_parcel(work, shipment, 1, number=number)
            shipping.tell_order(work, get_order(work.session, shipment.order_id))
        return act

    number = "628011920045118377001234"
    do(floor, write(number), parcels[0])
    assert floor.parcels(parcels[0])[0].carrier == "InPost"
    do(floor, write(number), parcels[1])  # one box for two orders of one buyer
    with pytest.raises(NotAllowedNow, match=str(first)):
        do(floor, write(number), parcels[2])
    assert (floor.get(first).strip[3], floor.get(other).strip[3]) == ("v", "w")
    with floor.works.reading(SYSTEM) as work:
        found = shipments.listed(work.session, Asked(text="6280 1192 0045 1183 7700 1234"))
        assert [row.id for row in found.rows] == [parcels[1], parcels[0]]
        assert [row.id for row in shipments.listed(
            work.session, Asked(text=str(other))).rows] == [parcels[2]]


def test_a_parcel_that_was_packed_and_then_changed_does_not_leave(floor):
    order_id = floor.order("A", {"KUB": 3})
    shipment_id = floor.pack(order_id)
    with floor.works.writing(SYSTEM) as work:
        cancel_units(work, get_order(work.session, order_id), {floor.line(order_id).id: 1},
                     by="buyer")
    with pytest.raises(NotAllowedNow):
        do(floor, ship.leave, shipment_id)
    check(floor)


def test_what_waits_is_listed_by_courier_page_by_page(floor):
    for n in range(4):
        floor.pack(floor.order(f"O{n}", {"KUB": 1}, carrier="InPost" if n else "DPD"))
    with floor.works.reading(SYSTEM) as work:
        assert shipments.waiting_carriers(work.session) == [("InPost", 3), ("DPD", 1)]
        first = shipments.listed(work.session, Asked(carrier="InPost"), limit=2)
        rest = shipments.listed(work.session, Asked(carrier="InPost"), first.after, limit=2)
        assert [len(first.rows), len(rest.rows), rest.after] == [2, 1, None]
        assert shipments.waiting_ids(work.session, "InPost", 10) == [
            row.id for row in [*first.rows, *rest.rows]]
        assert shipments.count_in(work.session, ("packed",)) == 4
