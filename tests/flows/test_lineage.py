"""Orders are split, sent together, and both is taken back: units, money and channels stay right."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import OrderLine as SdkLine
from oms_connector import Payment, Return, ReturnLine
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.fulfilment import queries as picking
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.returns.models import Return as Return_
from oms_web.flows import (
    order_cancel,
    order_edit,
    order_hold,
    order_split,
    order_together,
    pick,
    return_told,
    ship,
)
from oms_web.flows.order_in import take_in
from oms_web.flows.pack import scanning
from oms_web.inspection import ledgers
from oms_web.sync import push_shipment
from tests import factories as make
from tests.floor import KUBA, Floor, broken

BOOKS = ("I1", "I2", "I4", "I5", "I9", "I11", "I14", "counts")


@pytest.fixture
def floor(works):
    """A floor whose books must agree after each test."""
    made = Floor(works)
    yield made
    with works.reading(SYSTEM) as work:
        assert ledgers.check(work.session, only=BOOKS) == []
        assert broken(work.session) == []


def do(floor, act, *args, **values):
    with floor.works.writing(KUBA) as work:
        return act(work, *args, **values)


def units(floor, order_id):
    """Position -> (quantity, reserved)."""
    with floor.works.reading(SYSTEM) as work:
        return {line.position: (line.quantity, line.reserved)
                for line in order_lines(work.session, order_id)}


def split(floor, order_id, wanted):
    """Split by position -> units."""
    with floor.works.writing(KUBA) as work:
        ids = {line.position: line.id for line in order_lines(work.session, order_id)}
        return order_split.split(work, order_id, {ids[p]: n for p, n in wanted.items()})


def money(floor, *order_ids):
    with floor.works.reading(SYSTEM) as work:
        return [work.session.get_one(Order, one).total for one in order_ids]


def second_account(floor, name="Sklep"):
    with floor.works.writing(SYSTEM) as work:
        return make.account(work, name)


def other_order(floor, account, name, lines, **values):
    with floor.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order(name, lines, **values)])
        return work.session.scalar(select(func.max(Order.id)))


def test_a_split_moves_units_with_their_promises_and_a_join_brings_all_back(floor):
    order_id = floor.order("A", {"KUB": 4, "PUZ": 1, "SET": 1}, shipping=Decimal("9.99"),
                           discount=Decimal("5.01"))
    before = units(floor, order_id), floor.stock("KUB", "A-01"), floor.get(order_id).total
    part = split(floor, order_id, {1: 3, 3: 1})
    assert units(floor, order_id) == {1: (1, 1), 2: (1, 1)}
    assert units(floor, part) == {1: (3, 3), 3: (1, 1)}
    assert sum(money(floor, order_id, part)) == before[2]
    assert floor.get(part).payment_state == floor.get(order_id).payment_state == "paid"
    assert floor.get(part).queue == "pick"
    assert do(floor, order_split.join, part)
    assert not do(floor, order_split.join, part), "said twice is quiet"
    assert (units(floor, order_id), floor.stock("KUB", "A-01"), floor.get(order_id).total) == before
    assert floor.get(part).phase == "cancelled"
    assert floor.get(order_id).purchase_id is None


def test_prices_finer_than_a_grosz_still_add_up(floor):
    line = SdkLine(line_ref="1", title="Cup", quantity=3, unit_price=Decimal("3.335"), sku="KUB")
    order_id = floor.order("A", [line], shipping=Decimal("1.00"))
    total = floor.get(order_id).total
    part = split(floor, order_id, {1: 1})
    assert sum(money(floor, order_id, part)) == total
    do(floor, order_split.join, part)
    assert money(floor, order_id) == [total]


def test_what_can_be_sent_now_is_parted_from_what_is_missing(floor):
    order_id = floor.order("A", {"KUB": 14, "PUZ": 1})
    assert floor.get(order_id).queue == "short"
    part = do(floor, order_split.split_as, order_id, "rest")
    assert units(floor, order_id) == {1: (10, 10), 2: (1, 1)}
    assert units(floor, part) == {1: (4, 0)}
    assert (floor.get(order_id).queue, floor.get(part).queue) == ("pick", "short")
    assert do(floor, order_split.split_as, order_id, "rest") is None


def test_units_of_another_warehouse_go_as_an_order_of_their_own(floor):
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["KUB"], 5, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"KUB": 13})
    part = do(floor, order_split.split_as, order_id, str(floor.other.id))
    assert (units(floor, order_id), units(floor, part)) == ({1: (10, 10)}, {1: (3, 3)})
    assert floor.stock("KUB", "G-01") == (5, 3)


def test_an_unpaid_purchase_is_paid_as_one(floor):
    order_id = floor.order("A", {"KUB": 2}, state="unpaid")
    part = split(floor, order_id, {1: 1})
    assert floor.get(part).queue == "unpaid"
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", {"KUB": 2}, revision="2", payments=(
            Payment("P", Decimal("20.00"), make.NOON),))])
    assert [floor.get(one).payment_state for one in (order_id, part)] == ["paid", "paid"]
    assert [floor.get(one).queue for one in (order_id, part)] == ["pick", "pick"]
    do(floor, order_cancel.cancel, part)
    assert floor.get(order_id).payment_state == "over", "its money has to go back"


def test_each_part_tells_its_channel_only_what_is_in_its_parcel(floor):
    order_id = floor.order("A", {"KUB": 3})
    part = split(floor, order_id, {1: 1})
    [shipment] = do(floor, ship.ship_order, part)
    with floor.works.reading(SYSTEM) as work:
        [telling] = push_shipment._tellings(work, shipment)
    [told] = telling.messages
    assert (told.external_id, told.lines, told.complete) == ("A", {"1": 1}, False)
    [shipment] = do(floor, ship.ship_order, order_id)
    with floor.works.reading(SYSTEM) as work:
        [told] = push_shipment._tellings(work, shipment)[0].messages
    assert (told.lines, told.complete) == ({"1": 2}, True)
    with pytest.raises(NotAllowedNow, match="has left"):
        do(floor, order_split.join, part)


def test_a_newer_version_is_shared_out_over_the_parts(floor):
    order_id = floor.order("A", {"KUB": 4, "PUZ": 1}, revision="1")
    part = split(floor, order_id, {1: 3})

    def told(revision, lines, **values):
        with floor.works.writing(SYSTEM) as work:
            take_in(work, floor.account, [make.order("A", lines, revision=revision, **values)])

    told("2", {"KUB": 2, "PUZ": 1})
    assert (units(floor, order_id)[1][0], floor.line(part).cancelled) == (1, 2)
    told("3", {"KUB": 6, "PUZ": 1, "SWI": 1}, ship_to=make.WARSAW, shipping=Decimal("7.00"))
    assert floor.line(part).quantity - floor.line(part).cancelled == 5
    assert units(floor, part)[3] == (1, 1), "a new line goes to the part nobody packs"
    assert sum(money(floor, order_id, part)) == 8700
    floor.open(part)
    told("4", {"KUB": 1, "PUZ": 1, "SWI": 1}, shipping=Decimal("7.00"))
    assert floor.get(part).queue == "verify", "what is being packed is held with the difference"
    do(floor, order_edit.accept_change, part)
    assert floor.line(part).quantity - floor.line(part).cancelled == 1
    assert floor.line(order_id).cancelled == 1, "the part nobody packs gave way first"
    told("5", {"KUB": 1, "PUZ": 1, "SWI": 1}, shipping=Decimal("7.00"), state="cancelled")
    assert floor.get(order_id).phase == "cancelled"


def test_a_part_that_has_left_does_not_take_the_others_along(floor):
    """A channel calls the whole purchase sent once it heard of one parcel."""
    order_id = floor.order("A", {"KUB": 2}, revision="1")
    part = split(floor, order_id, {1: 1})
    do(floor, ship.ship_order, part)
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", {"KUB": 2}, revision="2", state="shipped")])
    assert (floor.get(order_id).phase, floor.get(part).phase) == ("open", "shipped")
    with floor.works.writing(SYSTEM) as work:
        return_told.take(work, floor.account, Return(
            external_id="R", order_ref="A", created_at=make.NOON, currency="PLN",
            state="announced", lines=(ReturnLine(line_ref="1", title="Cup", quantity=1),)))
        assert work.session.scalars(select(Return_.order_id)).one() == part, "of what was sent"


def test_a_split_is_refused_with_its_reason(floor):
    order_id = floor.order("A", {"KUB": 2})
    with pytest.raises(Invalid, match="Something has to stay"):
        split(floor, order_id, {1: 2})
    with pytest.raises(Invalid, match="only 2 units"):
        split(floor, order_id, {1: 3})
    do(floor, pick.start, floor.house.id, [order_id])
    with pytest.raises(NotAllowedNow, match="being picked"):
        split(floor, order_id, {1: 1})
    done = floor.order("B", {"KUB": 2})
    do(floor, ship.ship_order, done)
    with pytest.raises(NotAllowedNow, match="has left"):
        split(floor, done, {1: 1})


# One parcel ------------------------------------------------------------------------------------


def test_orders_of_two_channels_go_in_one_parcel_and_each_channel_hears_of_its_own(floor):
    """Picked into one basket, packed as one parcel, told apart."""
    shop = second_account(floor)
    one = floor.order("A", {"KUB": 1})
    two = other_order(floor, shop, "S-7", {"KUB": 1, "PUZ": 1}, buyer_email="x7@masked.test")
    with floor.works.reading(SYSTEM) as work:
        assert [c.id for c in order_together.candidates(work.session, floor.get(one))] == [two]
    assert do(floor, order_together.join_buyers, two) == [one, two]
    made = do(floor, pick.start, floor.house.id, [two])
    assert made.orders == [two, one]
    with floor.works.writing(KUBA) as work:
        tasks = picking.picks(work.session, made.list_id)
        assert {task.basket for task in tasks} == {1}
        pick.take(work, made.list_id, [task.task_id for task in tasks])
    shipment = floor.pack(one)
    assert floor.packed(shipment) == {floor.ids["KUB"]: (2, 2), floor.ids["PUZ"]: (1, 1)}
    assert {floor.get(order).queue for order in (one, two)} == {"courier"}
    do(floor, ship.leave, shipment)
    assert [floor.get(order).phase for order in (one, two)] == ["shipped", "shipped"]
    with floor.works.reading(SYSTEM) as work:
        told = {message.external_id: message.lines
                for telling in push_shipment._tellings(work, shipment)
                for message in telling.messages}
    assert told == {"A": {"1": 1}, "S-7": {"1": 1, "2": 1}}
    do(floor, ship.recall, shipment)
    assert floor.stock("KUB", "A-01")[1] == 2
    do(floor, ship.leave, shipment)
    do(floor, ship.arrived, shipment)
    assert {floor.get(order).phase for order in (one, two)} == {"done"}


def test_a_parcel_waits_for_the_slowest_of_its_orders(floor):
    one, two = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    do(floor, order_together.join, [one, two])
    do(floor, order_hold.hold, two, "the buyer calls back")
    assert [floor.get(order).queue for order in (one, two)] == ["held", "held"]
    with pytest.raises(NotAllowedNow):
        floor.open(one)
    assert do(floor, order_together.leave, [two]) == [two]
    assert [floor.get(order).queue for order in (one, two)] == ["pick", "held"]
    assert floor.get(one).together_id is None


def test_an_order_that_is_cancelled_comes_out_of_the_parcel_of_the_others(floor):
    one, two = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    do(floor, order_together.join, [one, two])
    shipment = floor.pack(two)
    with pytest.raises(NotAllowedNow, match="packed"):
        do(floor, order_together.leave, [one])
    do(floor, order_cancel.cancel, one)
    assert floor.shipment(shipment).state == "packing", "somebody has to take the cup out"
    assert floor.scan(shipment, "PUZ").result == "stop"
    out = do(floor, scanning.accept_changes, shipment)
    assert list(out.values()) == [1]
    assert floor.shipment(shipment).order_id == two
    do(floor, ship.leave, shipment)
    assert floor.get(two).phase == "shipped"


def test_only_what_leaves_with_an_order_is_said_to_be_in_its_parcel(floor):
    ids = [floor.order(name, {"KUB": 1}) for name in ("A", "B", "C")]
    do(floor, order_together.join, ids)
    do(floor, order_cancel.cancel, ids[1])
    with floor.works.reading(SYSTEM) as work:
        found = lineage.relations(work.session, ids)
    assert [found[one].together if one in found else () for one in ids] == [
        (ids[2],), (), (ids[0],)]


def test_another_address_takes_an_order_out_of_the_parcel(floor):
    one, two = floor.order("A", {"KUB": 1}, revision="1"), floor.order("B", {"PUZ": 1})
    do(floor, order_together.join, [one, two])
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", {"KUB": 1}, revision="2", ship_to=replace(
            make.WARSAW, street="Krzywa 2"))])
    assert [floor.get(order).together_id for order in (one, two)] == [None, None]


def test_who_cannot_travel_together_is_told_why(floor):
    one = floor.order("A", {"KUB": 1})
    euro = floor.order("B", {"KUB": 1}, currency="EUR")
    with pytest.raises(NotAllowedNow, match="different currencies"):
        do(floor, order_together.join, [one, euro])
    packed = floor.order("C", {"PUZ": 1})
    floor.pack(packed)
    with pytest.raises(NotAllowedNow, match="packed"):
        do(floor, order_together.join, [one, packed])


def test_both_on_both_engines(both):
    """The statements that differ by engine: split, join, together, leave, ship."""
    floor = Floor(both.works)
    one, two = floor.order("A", {"KUB": 3, "SET": 1}), floor.order("B", {"PUZ": 1})
    part = split(floor, one, {1: 2})
    do(floor, order_split.join, part)
    part = split(floor, one, {1: 2, 2: 1})
    do(floor, order_together.join, [one, two, part])
    do(floor, order_together.leave, [one])
    do(floor, ship.ship_order, two)
    assert [floor.get(order).phase for order in (one, two, part)] == ["open", "shipped", "shipped"]
    with both.works.reading(SYSTEM) as work:
        assert ledgers.check(work.session, only=BOOKS) == []
        assert broken(work.session) == []


def test_what_was_doubtful_and_what_was_paid_is_judged_over_all_parts(floor):
    """A part of a paid purchase is no finding; what somebody accepted stays accepted."""
    order_id = floor.order("A", {"KUB": 2}, ship_to=replace(make.WARSAW, postcode="80-001"))
    with floor.works.writing(KUBA) as work:
        before = {(one.kind, one.ref) for one in work.session.scalars(select(Finding).where(
            Finding.order_id == order_id, Finding.settled_at.is_(None)))}
    part = split(floor, order_id, {1: 1})
    with floor.works.writing(KUBA) as work:
        for one in (order_id, part):
            verify_again(work, orders.lock_order(work.session, one))
            assert {(row.kind, row.ref) for row in work.session.scalars(select(Finding).where(
                Finding.order_id == one, Finding.settled_at.is_(None)))} == before
