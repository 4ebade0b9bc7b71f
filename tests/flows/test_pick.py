"""Pick lists: who may be on one, what a walk takes, and what a shelf that lacks units leads to."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.fulfilment import queries
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.fulfilment.queries import Wanted
from oms_web.domain.fulfilment.walk import route
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.service import get_order, refile, set_hold
from oms_web.domain.orders.tally import tallies
from oms_web.domain.stock.models import COUNT, Move
from oms_web.flows import order_together, pick
from tests import factories as make
from tests.floor import EANS, KUBA, Floor, broken


@pytest.fixture
def floor(works):
    return Floor(works)


def start(floor, *order_ids, house=None):
    with floor.works.writing(KUBA) as work:
        return pick.start(work, (house or floor.house).id, order_ids)


def walk(floor, list_id):
    with floor.works.reading(SYSTEM) as work:
        return queries.stops(work.session, list_id)


def state(floor, list_id):
    with floor.works.reading(SYSTEM) as work:
        return work.session.get_one(PickList, list_id).state


def do(floor, act, *values):
    with floor.works.writing(KUBA) as work:
        return act(work, *values)


def check(floor):
    with floor.works.reading(SYSTEM) as work:
        assert broken(work.session) == []


def test_a_list_is_made_from_reservations_with_baskets_and_parts_of_bundles(both):
    floor = Floor(both.works)
    first = floor.order("A", {"PUZ": 1, "SET": 2})
    second = floor.order("B", {"PUZ": 2})
    made = start(floor, first, second)
    assert (made.orders, made.refused) == ([first, second], [])
    stops = walk(floor, made.list_id)
    assert [(s.bin, s.variant_id, s.needed) for s in stops] == [
        ("A-01", floor.ids["KUB"], 4), ("A-02", floor.ids["PUZ"], 3), ("A-10", floor.ids["SWI"], 2),
    ]
    assert [(p.order_id, p.basket, p.needed) for p in stops[1].picks] == [
        (first, 1, 1), (second, 2, 2)]


def test_only_reserved_paid_unheld_orders_go_on_a_list_and_the_others_hear_why(floor):
    good = floor.order("A", {"PUZ": 1})
    unpaid = floor.order("B", {"PUZ": 1}, state="unpaid")
    short = floor.order("C", {"KUB": 50})
    held = floor.order("D", {"PUZ": 1})
    with floor.works.writing(SYSTEM) as work:
        set_hold(work, held, Flaw("manual", {"reason": "wait"}))
        refile(work, [held])
    made = start(floor, good, unpaid, short, held, 999)
    assert made.orders == [good]
    assert {order_id: str(why) for order_id, why in made.refused} == {
        unpaid: "This order waits for its payment.",
        short: "Not all units of this order are reserved.",
        held: "This order is on hold.",
        999: "There is no such order.",
    }


def test_who_waits_for_another_in_its_parcel_hears_which(floor):
    first, second = floor.order("A", {"PUZ": 1}), floor.order("B", {"PUZ": 1})
    with floor.works.writing(SYSTEM) as work:
        order_together.join(work, [first, second])
        set_hold(work, second, Flaw("manual", {"reason": "wait"}))
        refile(work, [second])
    assert {order_id: str(why) for order_id, why in start(floor, first).refused} == {
        first: f"Order {second}, which goes into the same parcel, is on hold.",
        second: "This order is on hold.",
    }


def test_an_order_is_on_one_open_list_at_most(floor):
    order_id = floor.order("A", {"PUZ": 1})
    first = start(floor, order_id)
    again = start(floor, order_id)
    assert again.list_id is None
    assert "already" in str(again.refused[0][1])
    do(floor, pick.cancel, first.list_id)
    assert start(floor, order_id).orders == [order_id]


def test_an_empty_or_a_giant_list_is_refused(floor):
    for ids in ([], range(1, 300)):
        with pytest.raises(Invalid):
            start(floor, *ids)


def test_an_order_that_lies_elsewhere_is_refused(floor):
    order_id = floor.order("A", {"PUZ": 1})
    assert "warehouse" in str(start(floor, order_id, house=floor.other).refused[0][1])


def test_taking_everything_finishes_the_walk_and_the_orders_go_to_the_bench(floor):
    order_id = floor.order("A", {"PUZ": 1, "KUB": 2})
    made = start(floor, order_id)
    cups, puzzles = walk(floor, made.list_id)
    assert do(floor, pick.take, made.list_id, [p.task_id for p in cups.picks]) is False
    assert floor.get(order_id).queue == "pick"
    assert do(floor, pick.take, made.list_id, [p.task_id for p in puzzles.picks]) is True
    assert (state(floor, made.list_id), floor.get(order_id).queue) == ("done", "pack")
    with floor.works.reading(SYSTEM) as work:
        assert tallies(work.session, "queue")["pack"] == 1
    assert do(floor, pick.take, made.list_id, [p.task_id for p in cups.picks]) is False
    check(floor)


def test_a_mistaken_tap_is_given_back_and_a_finished_walk_opens_again(floor):
    order_id = floor.order("A", {"PUZ": 1})
    made = start(floor, order_id)
    tasks = [p.task_id for p in walk(floor, made.list_id)[0].picks]
    do(floor, pick.take, made.list_id, tasks)
    do(floor, pick.give_back, made.list_id, tasks)
    assert (state(floor, made.list_id), floor.get(order_id).queue) == ("open", "pick")
    assert walk(floor, made.list_id)[0].left == 1


def test_a_walk_whose_order_is_being_packed_stays_finished(floor):
    order_id = floor.order("A", {"PUZ": 1})
    made = start(floor, order_id)
    tasks = [p.task_id for p in walk(floor, made.list_id)[0].picks]
    do(floor, pick.take, made.list_id, tasks)
    floor.open(order_id)
    with pytest.raises(NotAllowedNow):
        do(floor, pick.give_back, made.list_id, tasks)


def test_each_scan_takes_one_unit_and_a_wrong_one_takes_nothing(floor):
    order_id = floor.order("A", {"PUZ": 2, "KUB": 1})
    made = start(floor, order_id)
    found, finished = do(floor, pick.scan, made.list_id, EANS["SWI"])
    assert (found.result, finished) == ("wrong", False)
    assert do(floor, pick.scan, made.list_id, "a-02")[0].result == "shelf"
    assert do(floor, pick.scan, made.list_id, "KUB")[0].result == "ok"
    assert do(floor, pick.scan, made.list_id, EANS["KUB"])[0].result == "taken"
    found, finished = do(floor, pick.scan, made.list_id, EANS["PUZ"])
    assert (found.stop.picked, found.stop.left, finished) == (1, 1, False)
    assert do(floor, pick.scan, made.list_id, EANS["PUZ"])[1] is True


def test_a_scan_after_the_walk_is_over_counts_nothing_and_says_so(floor):
    order_id = floor.order("A", {"PUZ": 1})
    made = start(floor, order_id)
    assert do(floor, pick.scan, made.list_id, EANS["PUZ"])[1] is True
    found, finished = do(floor, pick.scan, made.list_id, EANS["PUZ"])
    assert (found.result, finished) == ("closed", False)
    assert do(floor, pick.scan, made.list_id, EANS["SWI"])[0].result == "closed"
    assert floor.get(order_id).phase == "open"


def test_scans_fill_the_baskets_in_their_order(floor):
    first, second = floor.order("A", {"PUZ": 1}), floor.order("B", {"PUZ": 2})
    made = start(floor, first, second)
    took = [do(floor, pick.scan, made.list_id, "PUZ")[0].took for _ in range(3)]
    assert took == [((1, 1),), ((2, 1),), ((2, 1),)]


def test_the_same_scan_sent_twice_takes_one_unit(floor):
    made = start(floor, floor.order("A", {"PUZ": 2}))
    for _ in range(2):
        found, finished = do(floor, pick.scan, made.list_id, "PUZ", "one-key")
        assert (found.result, found.stop.picked, finished) == ("ok", 1, False)
    for _ in range(2):
        assert do(floor, pick.scan, made.list_id, "PUZ", "last-key")[1] is True


def test_a_typed_number_takes_so_many_units_of_the_stop_before_the_picker(floor):
    made = start(floor, floor.order("A", {"PUZ": 3, "KUB": 2}))
    at = floor.bins["A-02"], floor.ids["PUZ"]
    with pytest.raises(Invalid, match="Only 3"):
        do(floor, pick.scan, made.list_id, "4", "", at)
    found, _ = do(floor, pick.scan, made.list_id, "2", "", at)
    assert (found.stop.bin, found.stop.picked) == ("A-02", 2)
    assert do(floor, pick.scan, made.list_id, "2")[0].result == "wrong"


def test_a_shelf_that_lacks_units_is_corrected_and_another_one_serves(floor):
    order_id = floor.order("A", {"KUB": 3})
    made = start(floor, order_id)
    stop = walk(floor, made.list_id)[0]
    result = do(floor, pick.report_short, made.list_id, [p.task_id for p in stop.picks], 2,
                pick.CORRECT)
    assert result.instead == ((order_id, "B-01", 2),)
    assert floor.stock("KUB", "A-01") == (3, 1)
    assert floor.stock("KUB", "B-01") == (5, 2)
    assert [(s.bin, s.needed, s.picked, s.left) for s in walk(floor, made.list_id)] == [
        ("A-01", 1, 1, 0), ("B-01", 2, 0, 2)]
    for _ in range(2):
        do(floor, pick.scan, made.list_id, "KUB")
    assert floor.get(order_id).queue == "pack"
    with floor.works.reading(SYSTEM) as work:
        gone = work.session.scalars(select(Move).where(Move.to_id == COUNT)).one()
    assert (gone.quantity, gone.actor, gone.order_id) == (2, "Kuba", order_id)
    check(floor)


def test_a_shelf_that_cannot_be_reached_keeps_its_stock(floor):
    order_id = floor.order("A", {"KUB": 3})
    made = start(floor, order_id)
    tasks = [p.task_id for p in walk(floor, made.list_id)[0].picks]
    do(floor, pick.report_short, made.list_id, tasks, 3, pick.ELSEWHERE)
    assert (floor.stock("KUB", "A-01"), floor.stock("KUB", "B-01")) == ((5, 0), (5, 3))
    assert [s.bin for s in walk(floor, made.list_id) if s.left] == ["B-01"]
    check(floor)


def test_elsewhere_is_refused_when_no_other_shelf_has_enough(floor):
    order_id = floor.order("A", {"PUZ": 2})
    made = start(floor, order_id)
    tasks = [p.task_id for p in walk(floor, made.list_id)[0].picks]
    with pytest.raises(NotAllowedNow):
        do(floor, pick.report_short, made.list_id, tasks, 1, pick.ELSEWHERE)
    assert floor.stock("PUZ", "A-02") == (5, 2)


def test_units_that_are_nowhere_leave_the_least_urgent_order_short(floor):
    first, second = floor.order("A", {"PUZ": 2}), floor.order("B", {"PUZ": 3, "KUB": 1})
    made = start(floor, first, second)
    do(floor, pick.scan, made.list_id, "KUB")
    puzzles = next(s for s in walk(floor, made.list_id) if s.bin == "A-02")
    result = do(floor, pick.report_short, made.list_id, [p.task_id for p in puzzles.picks], 1,
                pick.CORRECT)
    assert (result.instead, result.short) == ((), (second,))
    assert (floor.get(first).queue, floor.get(second).queue) == ("pick", "short")
    assert floor.stock("PUZ", "A-02") == (4, 4)
    back = [p for s in walk_all(floor, made.list_id) for p in s.picks if p.to_put_back]
    assert {(p.order_id, p.to_put_back) for p in back} == {(second, 1), (second, 2)}
    assert state(floor, made.list_id) == "open"
    do(floor, pick.put_back, made.list_id)
    assert (state(floor, made.list_id), floor.get(first).queue) == ("done", "pack")
    check(floor)


def walk_all(floor, list_id):
    with floor.works.reading(SYSTEM) as work:
        return route(queries.picks(work.session, list_id))


def test_a_bundle_that_loses_a_part_lets_its_other_parts_go(floor):
    order_id = floor.order("A", {"SET": 5})
    made = start(floor, order_id)
    candles = next(s for s in walk(floor, made.list_id) if s.bin == "A-10")
    do(floor, pick.report_short, made.list_id, [p.task_id for p in candles.picks], 2, pick.CORRECT)
    assert floor.line(order_id).reserved == 3
    assert floor.stock("KUB", "A-01")[1] + floor.stock("KUB", "B-01")[1] == 6
    assert floor.stock("SWI", "A-10") == (3, 3)
    check(floor)


def test_a_shortage_said_twice_takes_away_once(floor):
    order_id = floor.order("A", {"KUB": 3})
    made = start(floor, order_id)
    tasks = [p.task_id for p in walk(floor, made.list_id)[0].picks]
    for _ in range(2):
        do(floor, pick.report_short, made.list_id, tasks, 2, pick.CORRECT)
    assert floor.stock("KUB", "A-01") == (3, 1)
    with pytest.raises(Invalid):
        do(floor, pick.report_short, made.list_id,
           [p.task_id for p in walk(floor, made.list_id)[1].picks], 9, pick.CORRECT)


def test_left_for_later_keeps_its_reservation_and_may_go_on_the_next_walk(floor):
    first, second = floor.order("A", {"PUZ": 1}), floor.order("B", {"KUB": 1})
    made = start(floor, first, second)
    tasks = [p.task_id for s in walk(floor, made.list_id) if s.bin == "A-02" for p in s.picks]
    result = do(floor, pick.report_short, made.list_id, tasks, 1, pick.LATER)
    assert result.later == (first,)
    assert floor.stock("PUZ", "A-02") == (5, 1)
    assert [s.bin for s in walk(floor, made.list_id)] == ["A-01"]
    assert start(floor, first).orders == [first]


def test_a_cancelled_order_needs_nothing_and_what_was_taken_goes_back(floor):
    gone, stays = floor.order("A", {"PUZ": 2}), floor.order("B", {"PUZ": 1, "KUB": 1})
    made = start(floor, gone, stays)
    for _ in range(3):
        do(floor, pick.scan, made.list_id, "PUZ")
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, gone), by="buyer")
    stops = walk_all(floor, made.list_id)
    puzzles = next(s for s in stops if s.bin == "A-02")
    assert (puzzles.needed, sum(p.to_put_back for p in puzzles.picks)) == (1, 2)
    do(floor, pick.scan, made.list_id, "KUB")
    assert state(floor, made.list_id) == "open"  # somebody still has to put them back
    do(floor, pick.put_back, made.list_id)
    assert (state(floor, made.list_id), floor.get(stays).queue) == ("done", "pack")
    with floor.works.reading(SYSTEM) as work:
        assert work.session.scalar(
            select(func.count()).select_from(PickTask).where(PickTask.order_id == gone)) == 0
    check(floor)


def test_an_order_taken_off_the_last_place_ends_the_walk(floor):
    order_id = floor.order("A", {"PUZ": 1})
    made = start(floor, order_id)
    do(floor, pick.leave_out, made.list_id, order_id)
    assert state(floor, made.list_id) == "cancelled"
    assert floor.get(order_id).queue == "pick"


def test_an_order_from_two_warehouses_is_picked_when_both_walks_are_done(floor):
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"PUZ": 7})
    here, there = start(floor, order_id), start(floor, order_id, house=floor.other)
    for _ in range(5):
        do(floor, pick.scan, here.list_id, "PUZ")
    assert floor.get(order_id).queue == "pick"
    for _ in range(2):
        do(floor, pick.scan, there.list_id, "PUZ")
    assert floor.get(order_id).queue == "pack"


def test_the_screen_lists_what_may_be_picked_page_by_page(floor):
    ids = [floor.order(f"O{n}", {"KUB": 1}, carrier="InPost" if n % 2 else "DPD")
           for n in range(5)]
    start(floor, ids[0])
    with floor.works.reading(SYSTEM) as work:
        wanted = Wanted(floor.house.id)
        assert queries.ready_ids(work.session, wanted, 10) == ids[1:]
        first = queries.ready_page(work.session, wanted, limit=3)
        rest = queries.ready_page(work.session, wanted, first.after, limit=3)
        assert [row.id for row in [*first.rows, *rest.rows]] == ids[1:]
        assert (rest.after, first.rows[0].titles) == (None, (("Offer KUB", 1),))
        assert queries.ready_carriers(work.session, floor.house.id) == [("DPD", 2), ("InPost", 2)]
        only = queries.ready_ids(work.session, Wanted(floor.house.id, "InPost"), 10)
        assert only == [ids[1], ids[3]]
        assert queries.ready_ids(work.session, Wanted(floor.other.id), 10) == []
        assert queries.section_counts(work.session) == {"pick": 5, "pack": 0, "courier": 0}


def test_the_rows_of_the_printed_list(floor):
    first, second = floor.order("A", {"PUZ": 1}), floor.order("B", {"PUZ": 2})
    made = start(floor, first, second)
    with floor.works.reading(SYSTEM) as work:
        (row,) = queries.pick_list_rows(work.session, made.list_id)
    assert (row.bin, row.sku, row.ean, row.quantity) == ("A-02", "PUZ", EANS["PUZ"], 3)
    assert row.orders == ((first, 1, 1), (second, 2, 2))
