"""The pack station: what a scan opens and counts, what stops it, what a lost unit leads to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.fulfilment.models import PackScan
from oms_web.domain.orders.cancelling import cancel_order, cancel_units
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.orders.reserving import give_way
from oms_web.domain.orders.service import get_order, refile, release_holds, set_hold
from oms_web.domain.shipping import bench as benches
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.stock.models import COUNT, SCRAP, Move
from oms_web.flows import backorder, order_cancel, order_edit, pick, ship, stock_correction
from oms_web.flows.order_in import take_in
from oms_web.flows.pack import closing, losing, opening, scanning, trouble
from tests import factories as make
from tests.factories import NOON
from tests.floor import EANS, KUBA, Floor, broken, key


@pytest.fixture
def floor(works):
    return Floor(works)


def do(floor, act, *values, **named):
    with floor.works.writing(KUBA) as work:
        return act(work, *values, **named)


def check(floor):
    with floor.works.reading(SYSTEM) as work:
        assert broken(work.session) == []


def scans(floor, shipment_id):
    with floor.works.reading(SYSTEM) as work:
        return [scan.result for scan in work.session.scalars(
            select(PackScan).filter_by(shipment_id=shipment_id).order_by(PackScan.id))]


def found_trouble(floor, shipment_id):
    with floor.works.reading(SYSTEM) as work:
        shipment = work.session.get_one(Shipment, shipment_id)
        return trouble.find(work.session, shipment)


def test_from_the_first_scan_to_the_last_which_closes_the_parcel(both):
    floor = Floor(both.works)
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1}, carrier="InPost")
    opened = floor.open(order_id, station="Stanowisko 2")
    order = floor.get(order_id)
    assert (opened.result, order.phase, order.queue) == ("", "packing", "pack")
    assert [floor.scan(opened.shipment_id, sku).result
            for sku in ("KUB", "SWI", "5900000000091", "KUB", "KUB")] == [
        "ok", "wrong", "unknown", "ok", "extra"]
    assert floor.packed(opened.shipment_id) == {
        floor.ids["KUB"]: (2, 2), floor.ids["PUZ"]: (0, 1)}
    last = floor.scan(opened.shipment_id, "PUZ")
    assert (last.result, last.closed) == ("ok", True)
    shipment, order = floor.shipment(opened.shipment_id), floor.get(order_id)
    assert (shipment.state, shipment.packed_by, shipment.station) == (
        "packed", "Kuba", "Stanowisko 2")
    assert (order.queue, order.strip[3]) == ("courier", "w")
    assert [(p.carrier, p.weight_g) for p in floor.parcels(shipment.id)] == [("InPost", 1400)]
    check(floor)


def test_the_same_scan_sent_twice_counts_once(both):
    floor = Floor(both.works)
    order_id = floor.order("A", {"KUB": 3})
    shipment_id = floor.open(order_id).shipment_id
    first = floor.scan(shipment_id, "KUB", key="same")
    again = floor.scan(shipment_id, "KUB", key="same")
    assert (first.scan_id, first.result) == (again.scan_id, again.result)
    assert floor.packed(shipment_id) == {floor.ids["KUB"]: (1, 3)}
    assert scans(floor, shipment_id) == ["ok"]


def test_a_repeated_last_scan_answers_that_the_parcel_is_closed(floor):
    shipment_id = floor.open(floor.order("A", {"KUB": 1})).shipment_id
    floor.scan(shipment_id, "KUB", key="same")
    assert floor.scan(shipment_id, "KUB", key="same").closed is True
    with pytest.raises(NotAllowedNow):
        floor.scan(shipment_id, "KUB")


def test_a_unit_opens_the_most_urgent_order_that_needs_it_and_counts(floor):
    later = floor.order("A", {"KUB": 1}, ship_by=NOON + timedelta(days=2))
    urgent = floor.order("B", {"PUZ": 1, "KUB": 1}, ship_by=NOON + timedelta(days=1))
    floor.order("C", {"SWI": 1}, ship_by=NOON)
    opened = floor.open(EANS["KUB"])
    assert floor.shipment(opened.shipment_id).order_id == urgent
    assert opened.result == "ok"
    assert floor.packed(opened.shipment_id)[floor.ids["KUB"]] == (1, 1)
    second = floor.open(EANS["KUB"], station="2")
    assert floor.shipment(second.shipment_id).order_id == later
    with pytest.raises(NotFound):
        floor.open(EANS["KUB"], station="3")


def test_the_scan_that_opened_a_parcel_counts_once_when_it_is_sent_again(floor):
    floor.order("A", {"KUB": 2})
    floor.order("B", {"KUB": 2})
    for _ in range(2):
        with floor.works.writing(KUBA) as work:
            opened = opening.open_by_code(work, EANS["KUB"], "1", "opening-key")
    assert floor.packed(opened.shipment_id) == {floor.ids["KUB"]: (1, 2)}
    with floor.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Shipment)) == 1


def test_picked_orders_come_before_those_that_only_could_be_picked(floor):
    urgent = floor.order("A", {"KUB": 1}, ship_by=NOON)
    picked = floor.order("B", {"KUB": 1}, ship_by=NOON + timedelta(days=3))
    made = do(floor, pick.start, floor.house.id, [picked])
    do(floor, pick.scan, made.list_id, "KUB")
    assert floor.shipment(floor.open("KUB").shipment_id).order_id == picked
    with pytest.raises(NotAllowedNow, match=f"Order {urgent} needs this, but it is not picked"):
        floor.open("KUB", station="2")
    assert floor.get(urgent).phase == "open"
    assert floor.shipment(floor.open(urgent, station="2").shipment_id).order_id == urgent


def test_without_pick_lists_a_unit_opens_any_order_that_needs_it(floor):
    order_id = floor.order("A", {"KUB": 1})
    given_up = do(floor, pick.start, floor.house.id, [order_id])
    do(floor, pick.cancel, given_up.list_id)
    assert floor.shipment(floor.open("KUB").shipment_id).order_id == order_id


def test_a_unit_like_those_of_the_parcel_just_closed_opens_nothing_for_a_minute(floor):
    first, second = floor.order("A", {"SET": 1}), floor.order("B", {"KUB": 1, "PUZ": 1})
    closed = floor.pack(first)

    def scan(code):
        with floor.works.writing(KUBA) as work:
            return opening.open_by_code(work, code, "1", key(), closed)

    for code in (EANS["KUB"], "5900000000022"):
        opened = scan(code)
        assert (opened.shipment_id, opened.result) == (closed, "too_many")
    assert floor.get(second).phase == "open"
    other = scan(EANS["PUZ"])
    assert (floor.shipment(other.shipment_id).order_id, other.result) == (second, "ok")
    third = floor.order("C", {"SWI": 1})
    over = floor.shipment(closed).packed_at + timedelta(seconds=61)
    floor.works.clock = lambda: over
    later = scan(EANS["SWI"])
    assert floor.shipment(later.shipment_id).order_id == third


def test_a_basket_opens_its_order(floor):
    first, second = floor.order("A", {"KUB": 1}), floor.order("B", {"KUB": 1})
    made = do(floor, pick.start, floor.house.id, [first, second])
    opened = floor.open(f"L{made.list_id}-2")
    assert floor.shipment(opened.shipment_id).order_id == second


@pytest.mark.parametrize(("code", "words"), [
    ("5900000000091", "Nothing is known"), (EANS["SWI"], "needs"), ("", "Nothing is known"),
    ("L99-1", "Nothing is known"), ("4242", "Nothing is known"),
])
def test_what_opens_nothing_says_why(floor, code, words):
    floor.order("A", {"KUB": 1})
    with pytest.raises(NotFound, match=words):
        floor.open(code)


def test_an_order_that_cannot_be_packed_says_why(floor):
    unpaid = floor.order("A", {"KUB": 1}, state="unpaid")
    with pytest.raises(NotAllowedNow, match="payment"):
        floor.open(unpaid)
    short = floor.order("B", {"KUB": 99})
    with pytest.raises(NotAllowedNow, match="reserved"):
        floor.open(short)


def test_parts_of_a_bundle_are_scanned_each_and_the_set_at_once(floor):
    order_id = floor.order("A", {"SET": 2})
    shipment_id = floor.open(order_id).shipment_id
    with floor.works.reading(SYSTEM) as work:
        rows = benches.bench(work.session, shipment_id).rows
    assert [(row.goods.sku, row.need.quantity, row.set_title) for row in rows] == [
        ("KUB", 4, "Offer SET"), ("SWI", 2, "Offer SET")]
    heard = [floor.scan(shipment_id, code) for code in ("KUB", "KUB", "SWI", "5900000000022")]
    assert [(one.result, one.closed) for one in heard] == [
        ("ok", False), ("ok", False), ("ok", False), ("ok", True)]
    check(floor)


def test_a_scan_is_taken_back_and_a_closed_parcel_opens_by_it(floor):
    order_id = floor.order("A", {"KUB": 2})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    last = floor.scan(shipment_id, "KUB")
    assert floor.get(order_id).queue == "courier"
    assert do(floor, scanning.undo, shipment_id, last.scan_id) is True
    assert do(floor, scanning.undo, shipment_id, last.scan_id) is False
    assert floor.packed(shipment_id) == {floor.ids["KUB"]: (1, 2)}
    assert (floor.shipment(shipment_id).state, floor.get(order_id).queue) == ("packing", "pack")
    assert scans(floor, shipment_id) == ["ok", "undone"]


def test_only_counted_scans_of_this_parcel_can_be_taken_back(floor):
    first = floor.open(floor.order("A", {"KUB": 1, "PUZ": 1})).shipment_id
    second = floor.open(floor.order("B", {"KUB": 1, "PUZ": 1})).shipment_id
    counted = floor.scan(first, "KUB")
    wrong = floor.scan(second, "SWI")
    assert do(floor, scanning.undo, second, counted.scan_id) is False
    assert do(floor, scanning.undo, second, wrong.scan_id) is False
    assert floor.packed(first)[floor.ids["KUB"]] == (1, 1)


def test_confirming_by_hand_is_written_down_as_such(floor):
    order_id = floor.order("A", {"KUB": 5})
    shipment_id = floor.open(order_id).shipment_id
    line_id = floor.line(order_id).id
    one = key()
    for _ in range(2):
        do(floor, scanning.by_hand, shipment_id, line_id, floor.ids["KUB"], one)
    assert floor.packed(shipment_id) == {floor.ids["KUB"]: (1, 5)}
    assert do(floor, scanning.by_hand, shipment_id, line_id, floor.ids["KUB"], key(), 50).closed
    assert scans(floor, shipment_id) == ["hand"] * 5


def test_the_numbers_of_this_and_of_another_order_are_told_apart(floor):
    first, second = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    shipment_id = floor.open(first).shipment_id
    assert floor.scan(shipment_id, str(first)).result == "here"
    assert floor.scan(shipment_id, f"#{second}").result == "other"
    assert scans(floor, shipment_id) == []


def test_a_parcel_put_aside_goes_on_at_any_station(floor):
    order_id = floor.order("A", {"KUB": 2})
    shipment_id = floor.open(order_id, station="1").shipment_id
    floor.scan(shipment_id, "KUB")
    do(floor, opening.put_aside, shipment_id)
    assert floor.shipment(shipment_id).station == ""
    again = floor.open(EANS["KUB"], station="2")
    assert (again.shipment_id, again.result) == (shipment_id, "ok")
    assert floor.shipment(shipment_id).state == "packed"


def test_a_parcel_with_nothing_in_it_is_forgotten_when_put_aside(floor):
    order_id = floor.order("A", {"KUB": 2})
    made = do(floor, pick.start, floor.house.id, [order_id])
    do(floor, pick.scan, made.list_id, "KUB")
    do(floor, pick.scan, made.list_id, "KUB")
    shipment_id = floor.open(order_id).shipment_id
    do(floor, opening.put_aside, shipment_id)
    order = floor.get(order_id)
    assert (floor.shipment(shipment_id).state, order.phase, order.queue) == (
        "cancelled", "open", "pack")


def test_another_station_takes_a_parcel_over_by_its_number_and_that_is_written_down(floor):
    order_id = floor.order("A", {"KUB": 2})
    shipment_id = floor.open(order_id, station="1").shipment_id
    assert floor.open(order_id, station="2").shipment_id == shipment_id
    with floor.works.reading(SYSTEM) as work:
        entry = work.session.scalars(select(AuditEntry).filter_by(act="packing.take")).one()
    assert entry.change == {"station": ["1", "2"]}


def test_a_packed_parcel_is_shown_and_opens_again_with_a_name(floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    assert floor.open(order_id).shipment_id == shipment_id
    assert floor.shipment(shipment_id).state == "packed"
    do(floor, opening.reopen, shipment_id, "2")
    assert (floor.shipment(shipment_id).state, floor.get(order_id).queue) == ("packing", "pack")
    assert do(floor, closing.close, shipment_id) is True
    assert do(floor, closing.close, shipment_id) is False
    with floor.works.reading(SYSTEM) as work:
        acts = [(e.act, e.actor_name) for e in work.session.scalars(
            select(AuditEntry).filter_by(subject="shipment").order_by(AuditEntry.id))]
    assert acts == [("shipping.start", "Kuba"), ("shipping.packed", "Kuba"),
                    ("shipping.packing", "Kuba"), ("shipping.packed", "Kuba")]


def test_an_incomplete_parcel_does_not_close(floor):
    shipment_id = floor.open(floor.order("A", {"KUB": 1})).shipment_id
    with pytest.raises(NotAllowedNow):
        do(floor, closing.close, shipment_id)


def test_several_boxes_each_with_what_was_scanned_into_it(floor):
    order_id = floor.order("A", {"KUB": 2, "SET": 1})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    assert do(floor, scanning.second_parcel, shipment_id) == 2
    assert do(floor, scanning.second_parcel, shipment_id) == 2  # the second is still empty
    floor.scan(shipment_id, "5900000000022")
    assert do(floor, scanning.second_parcel, shipment_id) == 3
    floor.scan(shipment_id, "KUB")
    assert [(p.position, p.weight_g) for p in floor.parcels(shipment_id)] == [
        (1, 250), (2, 620), (3, 250)]


def test_an_empty_last_box_is_not_sent(floor):
    shipment_id = floor.open(floor.order("A", {"KUB": 2})).shipment_id
    floor.scan(shipment_id, "KUB")
    do(floor, scanning.second_parcel, shipment_id)
    with floor.works.reading(SYSTEM) as work:
        scan_id = work.session.scalar(select(func.max(PackScan.id)))
    floor.scan(shipment_id, "KUB")
    do(floor, opening.reopen, shipment_id, "1")
    do(floor, scanning.undo, shipment_id, scan_id + 1)
    do(floor, scanning.undo, shipment_id, scan_id)
    assert len(floor.parcels(shipment_id)) == 2


# What interrupts ------------------------------------------------------------------------------


@pytest.mark.parametrize(("happens", "kind"), [
    (lambda work, order: cancel_order(work, order, by="buyer"), "cancelled"),
    (lambda work, order: (set_hold(work, order.id, Flaw("changed", {"what": "ship_to"})),
                          refile(work, [order.id])), "held"),
    (lambda work, order: cancel_units(
        work, order, {work.session.scalar(select(OrderLine.id).filter_by(
            order_id=order.id, position=1)): 1}, by="buyer"), "changed"),
    (lambda work, order: setattr(order, "payment_state", "unpaid"), "unpaid"),
])
def test_whatever_happens_to_the_order_stops_the_next_scan(floor, happens, kind):
    order_id = floor.order("A", {"KUB": 3, "PUZ": 1})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    with floor.works.writing(SYSTEM) as work:
        happens(work, get_order(work.session, order_id))
    assert floor.scan(shipment_id, "PUZ").result == "stop"
    assert found_trouble(floor, shipment_id).kind == kind
    assert scans(floor, shipment_id) == ["ok"]
    with pytest.raises(NotAllowedNow):
        do(floor, closing.close, shipment_id)
    line_id = floor.line(order_id, 2).id
    with pytest.raises(NotAllowedNow):
        do(floor, losing.lose_unit, shipment_id, line_id, floor.ids["PUZ"], key(), losing.MISSING)
    assert do(floor, scanning.by_hand, shipment_id, line_id, floor.ids["PUZ"], key()).result \
        == "stop"
    check(floor)


def test_a_released_hold_lets_the_parcel_go_on(floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.open(order_id).shipment_id
    with floor.works.writing(SYSTEM) as work:
        set_hold(work, order_id, Flaw("manual", {"reason": "wait"}))
        refile(work, [order_id])
    assert floor.scan(shipment_id, "KUB").result == "stop"
    with floor.works.writing(SYSTEM) as work:
        release_holds(work, order_id, ["manual"])
        refile(work, [order_id])
    assert floor.scan(shipment_id, "KUB").closed is True


def test_an_accepted_change_says_what_comes_out_again(floor):
    order_id = floor.order("A", {"KUB": 3, "PUZ": 1})
    shipment_id = floor.open(order_id).shipment_id
    for sku in ("KUB", "KUB", "PUZ"):
        floor.scan(shipment_id, sku)
    with floor.works.writing(SYSTEM) as work:
        cancel_units(work, get_order(work.session, order_id), {floor.line(order_id).id: 2},
                     by="buyer")
    out = do(floor, scanning.accept_changes, shipment_id)
    assert out == {(floor.line(order_id).id, floor.ids["KUB"]): 1}
    assert floor.shipment(shipment_id).state == "packed"  # what is left was all in
    check(floor)


def _say(floor, name, lines, **values):
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order(name, lines, **values)])


def _accept_on_the_card(floor, order_id):
    _say(floor, "A", {"KUB": 1, "PUZ": 1})
    do(floor, order_edit.accept_change, order_id)


def _cancel_on_the_card(floor, order_id):
    do(floor, order_cancel.cancel_units, order_id, {floor.line(order_id).id: 1})


@pytest.mark.parametrize("fewer", [_accept_on_the_card, _cancel_on_the_card])
def test_a_packed_parcel_opens_again_when_fewer_units_are_wanted(floor, fewer):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1})
    shipment_id = floor.pack(order_id)
    assert floor.get(order_id).queue == "courier"
    fewer(floor, order_id)
    assert (floor.shipment(shipment_id).state, floor.get(order_id).queue) == ("packing", "pack")
    assert found_trouble(floor, shipment_id).kind == "changed"
    out = do(floor, scanning.accept_changes, shipment_id)
    assert out == {(floor.line(order_id).id, floor.ids["KUB"]): 1}
    assert floor.shipment(shipment_id).state == "packed"
    assert do(floor, ship.leave, shipment_id) is True
    assert (floor.get(order_id).phase, floor.stock("KUB", "A-01")) == ("shipped", (4, 0))
    check(floor)


def test_a_packed_parcel_stays_closed_when_another_one_is_to_hold_more(floor):
    order_id = floor.order("A", {"KUB": 1, "PUZ": 1}, payment_kind="cod")
    shipment_id = floor.pack(order_id)
    _say(floor, "A", {"KUB": 2, "PUZ": 1}, payment_kind="cod")
    do(floor, order_edit.accept_change, order_id)
    assert (floor.shipment(shipment_id).state, floor.get(order_id).queue) == ("packed", "pack")
    second = floor.open(order_id).shipment_id
    assert floor.packed(second) == {floor.ids["KUB"]: (0, 1)}
    check(floor)


def test_a_packed_parcel_opens_again_when_its_promise_gives_way(floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1})
    shipment_id = floor.pack(order_id)
    do(floor, stock_correction.correct, floor.ids["PUZ"], floor.bins["A-02"], -5, "lost", key="k")
    assert (floor.shipment(shipment_id).state, floor.get(order_id).queue) == ("packing", "short")
    assert found_trouble(floor, shipment_id).kind == "short"


def test_a_parcel_that_lost_units_cannot_just_go_on(floor):
    order_id = floor.order("A", {"PUZ": 2})
    shipment_id = floor.open(order_id).shipment_id
    with floor.works.writing(SYSTEM) as work:
        give_way(work, floor.ids["PUZ"], floor.bins["A-02"], 1)
    assert found_trouble(floor, shipment_id).kind == "short"
    with pytest.raises(NotAllowedNow):
        do(floor, scanning.accept_changes, shipment_id)


# Units that do not go in ----------------------------------------------------------------------


@pytest.mark.parametrize(("what", "place"), [(losing.MISSING, COUNT), (losing.DAMAGED, SCRAP)])
def test_a_lost_unit_leaves_stock_and_another_one_is_promised(both, what, place):
    floor = Floor(both.works)
    order_id = floor.order("A", {"KUB": 2})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    one = key()
    for _ in range(2):
        lost = do(floor, losing.lose_unit, shipment_id, floor.line(order_id).id,
                  floor.ids["KUB"], one, what)
    assert lost.apart is False
    assert (floor.stock("KUB", "A-01"), floor.stock("KUB", "B-01")) == ((4, 1), (5, 1))
    assert floor.packed(shipment_id) == {floor.ids["KUB"]: (1, 2)}
    with floor.works.reading(SYSTEM) as work:
        move = work.session.scalars(select(Move).filter_by(to_id=place)).one()
    assert (move.quantity, move.actor, move.order_id) == (1, "Kuba", order_id)
    assert floor.scan(shipment_id, "KUB").closed is True
    check(floor)


def test_a_unit_found_damaged_in_the_full_parcel_comes_out(floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    floor.scan(shipment_id, "KUB")
    do(floor, losing.lose_unit, shipment_id, floor.line(order_id).id, floor.ids["KUB"], key(),
       losing.DAMAGED, "broken handle")
    assert floor.packed(shipment_id)[floor.ids["KUB"]] == (1, 2)
    check(floor)


@pytest.mark.parametrize("what", [losing.MISSING, losing.DAMAGED])
def test_a_unit_that_is_nowhere_else_takes_the_parcel_apart(floor, what):
    order_id = floor.order("A", {"PUZ": 5, "KUB": 1})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    lost = do(floor, losing.lose_unit, shipment_id, floor.line(order_id).id, floor.ids["PUZ"],
              key(), what)
    order = floor.get(order_id)
    assert lost.apart is True
    assert (floor.shipment(shipment_id).state, order.phase, order.queue) == (
        "cancelled", "open", "short")
    assert (floor.line(order_id).reserved, floor.stock("PUZ", "A-02")) == (4, (4, 4))
    assert floor.stock("KUB", "A-01")[1] == 1  # the rest stays promised
    with floor.works.writing(SYSTEM) as work:  # and stays so: the phantom is not promised again
        backorder.fill(work, [floor.ids["PUZ"]])
    assert floor.get(order_id).queue == "short"
    check(floor)


def test_losing_something_else_than_a_unit_of_this_parcel_is_refused(floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.open(order_id).shipment_id
    line_id = floor.line(order_id).id
    with pytest.raises(Invalid):
        do(floor, losing.lose_unit, shipment_id, line_id, floor.ids["KUB"], key(), "stolen")
    with pytest.raises(NotAllowedNow):
        do(floor, losing.lose_unit, shipment_id, line_id, floor.ids["PUZ"], key(), losing.MISSING)


# What is there --------------------------------------------------------------------------------


def test_the_seller_may_send_what_is_there(floor):
    order_id = floor.order("A", {"PUZ": 7})
    shipment_id = do(floor, opening.begin_partly, order_id)
    assert do(floor, opening.begin_partly, order_id) == shipment_id
    assert floor.get(order_id).queue == "short"
    assert floor.open(order_id).shipment_id == shipment_id
    for _ in range(5):
        last = floor.scan(shipment_id, "PUZ")
    assert last.closed is True
    assert floor.get(order_id).queue == "short"
    with floor.works.writing(SYSTEM) as work:  # more arrives: that is another parcel
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["A-02"])
        backorder.fill(work, [floor.ids["PUZ"]])
    assert floor.get(order_id).queue == "pack"
    second = floor.pack(order_id)
    assert second != shipment_id
    assert (floor.packed(second)[floor.ids["PUZ"]], floor.get(order_id).queue) == (
        (2, 2), "courier")
    check(floor)


def test_nothing_reserved_is_nothing_to_send(floor):
    floor.order("A", {"PUZ": 5})
    order_id = floor.order("B", {"PUZ": 1})
    with pytest.raises(NotAllowedNow):
        do(floor, opening.begin_partly, order_id)


def test_units_in_two_warehouses_are_two_parcels(floor):
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"PUZ": 7})
    first = floor.pack(order_id)
    assert floor.get(order_id).queue == "pack"
    second = floor.pack(order_id)
    assert (floor.shipment(first).warehouse_id, floor.shipment(second).warehouse_id) == (
        floor.house.id, floor.other.id)
    assert floor.get(order_id).queue == "courier"
    check(floor)


# What the packer sees -------------------------------------------------------------------------


def test_the_bench_shows_name_and_city_and_the_wish_but_no_contacts(floor):
    order_id = floor.order("A", {"KUB": 1}, buyer_note="Prezent. Tel. 600 100 200")
    shipment_id = floor.open(order_id).shipment_id
    with floor.works.reading(SYSTEM) as work:
        bench = benches.bench(work.session, shipment_id)
    assert (bench.name, bench.city, bench.notes) == (
        "Anna Testowa", "Warszawa", ("Prezent. Tel. …",))
    assert not hasattr(bench, "email")


def test_lists_of_the_idle_station(floor):
    first, second = floor.order("A", {"KUB": 2}), floor.order("B", {"PUZ": 1})
    made = do(floor, pick.start, floor.house.id, [first, second])
    do(floor, pick.scan, made.list_id, "KUB")
    do(floor, pick.scan, made.list_id, "KUB")
    do(floor, pick.scan, made.list_id, "PUZ")
    with floor.works.reading(SYSTEM) as work:
        waiting = benches.to_pack(work.session)
        assert [(w.order_id, w.units, w.basket) for w in waiting] == [
            (first, 2, (made.list_id, 1)), (second, 1, (made.list_id, 2))]
    shipment_id = floor.open(first, station="7").shipment_id
    floor.scan(shipment_id, "KUB")
    with floor.works.reading(SYSTEM) as work:
        (begun,) = benches.begun(work.session)
        assert (begun.order_id, begun.station, begun.packed, begun.units) == (first, "7", 1, 2)
        assert [w.order_id for w in benches.to_pack(work.session)] == [second]


def test_a_scan_touches_one_line_of_one_shipment(floor):
    first = floor.open(floor.order("A", {"KUB": 2})).shipment_id
    second = floor.open(floor.order("B", {"KUB": 2})).shipment_id
    floor.scan(first, "KUB")
    with floor.works.reading(SYSTEM) as work:
        rows = dict(work.session.execute(
            select(ShipmentLine.shipment_id, ShipmentLine.packed)).all())
    assert rows == {first: 1, second: 0}
