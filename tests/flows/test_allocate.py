"""An order is sent from another warehouse: all of it or nothing, and no unit is sold twice."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import asdict

import pytest
from sqlalchemy import select, text

from oms_web.automation import acts, batches
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow, NotFound, OmsError
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels.models import AccountWarehouse
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import Reservation
from oms_web.flows import order_allocate, order_cancel, pick, reservation_expiry
from oms_web.inspection import ledgers
from oms_web.web.order_units import Units
from tests import factories as make
from tests.floor import KUBA, Floor, broken


@pytest.fixture
def floor(both):
    """Ten cups and five puzzles in one warehouse, six cups and a candle in the other."""
    made = Floor(both.works)
    with both.works.writing(SYSTEM) as work:
        make.put(work, made.ids["KUB"], 6, location_id=made.bins["G-01"])
        make.put(work, made.ids["SWI"], 1, location_id=made.bins["G-01"])
    yield made
    with both.works.reading(SYSTEM) as work:
        assert ledgers.check(work.session) == []
        assert broken(work.session) == []


def do(floor, act, *args, **values):
    with floor.works.writing(KUBA) as work:
        return act(work, *args, **values)


def trail(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        return list(work.session.scalars(select(AuditEntry.change).where(
            AuditEntry.act == "orders.allocate", AuditEntry.order_id == order_id)))


def test_all_of_an_order_moves_once_and_back_to_the_shelf(floor):
    order_id = floor.order("A", {"KUB": 6})
    before = floor.stock("KUB", "A-01"), floor.stock("KUB", "B-01")
    moved = do(floor, order_allocate.allocate, order_id, floor.other.id)
    assert floor.stock("KUB", "G-01") == (6, 6)
    assert floor.stock("KUB", "A-01")[1] == floor.stock("KUB", "B-01")[1] == 0
    assert do(floor, order_allocate.allocate, order_id, floor.other.id) is None
    assert trail(floor, order_id) == [{"warehouse": ["LDZ", "GDA"], "units": [None, 6]}]
    assert do(floor, order_allocate.put_back, order_id, **_asked(moved)) is not None
    assert (floor.stock("KUB", "A-01"), floor.stock("KUB", "B-01")) == before
    assert do(floor, order_allocate.put_back, order_id, **_asked(moved)) is None


def _asked(places):
    return {"line_ids": places.lines, "takes": places.takes}


def test_a_warehouse_with_too_few_changes_nothing(floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1})
    with pytest.raises(NotAllowedNow, match=r"GDA has only 0 of the 1 units"):
        do(floor, order_allocate.allocate, order_id, floor.other.id)
    assert floor.stock("KUB", "A-01")[1] + floor.stock("KUB", "B-01")[1] == 2
    assert trail(floor, order_id) == []


def test_one_line_moves_alone(floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1})
    do(floor, order_allocate.allocate, order_id, floor.other.id, [floor.line(order_id).id])
    assert floor.stock("KUB", "G-01") == (6, 2)
    assert floor.stock("PUZ", "A-02") == (5, 1)
    stranger = floor.line(floor.order("B", {"PUZ": 1})).id
    with pytest.raises(NotFound):
        do(floor, order_allocate.allocate, order_id, floor.other.id, [stranger])


def test_a_bundle_moves_with_all_its_parts(floor):
    order_id = floor.order("A", {"SET": 1})
    do(floor, order_allocate.allocate, order_id, floor.other.id)
    assert floor.stock("KUB", "G-01") == (6, 2)
    assert floor.stock("SWI", "G-01") == (1, 1)
    two = floor.order("B", {"SET": 1})
    with pytest.raises(NotAllowedNow, match="0 of the 1"):  # its candle is gone
        do(floor, order_allocate.allocate, two, floor.other.id)


def test_units_that_were_missing_come_too(floor):
    first = floor.order("A", {"KUB": 8})
    order_id = floor.order("B", {"KUB": 8})
    assert floor.line(order_id).reserved == 8, "two warehouses together"
    do(floor, order_cancel.cancel, first)
    do(floor, order_allocate.allocate, order_id, floor.house.id)
    assert floor.stock("KUB", "G-01") == (6, 0)


def test_what_is_in_somebodys_hands_stays(floor):
    order_id = floor.order("A", {"KUB": 1})
    with floor.works.writing(KUBA) as work:
        made = pick.start(work, floor.house.id, [order_id])
    with pytest.raises(NotAllowedNow, match="being picked"):
        do(floor, order_allocate.allocate, order_id, floor.other.id)
    assert made
    packed = floor.order("B", {"KUB": 1})
    floor.open(packed)
    with pytest.raises(NotAllowedNow, match="being packed"):
        do(floor, order_allocate.allocate, packed, floor.other.id)


def test_only_warehouses_that_serve_the_channel(floor):
    order_id = floor.order("A", {"KUB": 1})
    with floor.works.writing(SYSTEM) as work:
        work.session.add(AccountWarehouse(account_id=floor.account.id, warehouse_id=floor.house.id,
                                          rank=0))
    with pytest.raises(NotAllowedNow, match="not served from"):
        do(floor, order_allocate.allocate, order_id, floor.other.id)


def test_a_promise_that_would_end_ends_when_it_would_have(floor):
    """A move wins no time for a buyer who does not pay."""
    order_id = floor.order("A", {"KUB": 1}, state="unpaid")
    ends = _ends(floor)
    assert ends[0] is not None
    do(floor, order_allocate.allocate, order_id, floor.other.id)
    assert _ends(floor) == ends


def _ends(floor):
    with floor.works.reading(SYSTEM) as work:
        return list(work.session.scalars(select(Reservation.expires_at)))


def test_what_ran_out_of_time_gets_no_goods_this_way(floor):
    order_id = floor.order("A", {"KUB": 1}, state="unpaid")
    with floor.works.writing(SYSTEM) as work:
        work.session.execute(text("UPDATE reservation SET expires_at = '2020-01-01 00:00:00'"))
    do(floor, reservation_expiry.expire)
    with pytest.raises(NotAllowedNow, match="not paid in time"):
        do(floor, order_allocate.allocate, order_id, floor.other.id)


def test_choices_are_what_would_be_done(floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 1})
    with floor.works.reading(SYSTEM) as work:
        found = Units(work.session, work.session.get_one(Order, order_id),
                      orders.order_lines(work.session, order_id)).choices
    cup = floor.line(order_id).id
    assert (found.whole, found.lines) == ({}, {cup: {floor.other.id: "GDA"}})


def test_the_act_in_bulk_says_who_was_refused_and_goes_back(floor):
    can, cannot = floor.order("A", {"KUB": 2}), floor.order("B", {"PUZ": 1})
    with floor.works.writing(KUBA) as work:
        batch = batches.start(
            work, "allocate", {"warehouse": str(floor.other.id)}, [can, cannot]).id
    assert batches.run(floor.works, batch, lambda *_: None) == {"changed": 1, "refused": 1}
    assert floor.stock("KUB", "G-01") == (6, 2)
    with floor.works.writing(KUBA) as work:
        back = batches.undo(work, batch).id
    assert batches.run(floor.works, back, lambda *_: None) == {"changed": 1}
    assert floor.stock("KUB", "G-01") == (6, 0)
    with floor.works.writing(KUBA) as work:
        again = batches.undo(work, back).id
    assert batches.run(floor.works, again, lambda *_: None) == {"changed": 1}
    assert floor.stock("KUB", "G-01") == (6, 2), "and forth"


def test_what_somebody_else_got_meanwhile_is_not_taken_back(floor):
    order_id = floor.order("A", {"KUB": 10})
    with floor.works.writing(KUBA) as work:
        make.put(work, floor.ids["KUB"], 4, location_id=floor.bins["G-01"])
    done = do(floor, acts.get("allocate").do, order_id, {"warehouse": floor.other.id})
    floor.order("B", {"KUB": 1})
    with pytest.raises(OmsError, match="fewer units"):
        do(floor, acts.get("put_back").do, order_id, done.undo[0][1])
    assert floor.stock("KUB", "G-01") == (10, 10)


def race_for_the_last(floor, move):
    """Two orders want the other warehouse's last cup at the same moment; how many got it."""
    first, second = floor.order("A", {"KUB": 1}), floor.order("B", {"KUB": 1})
    floor.order("C", {"KUB": 13})
    start, got = threading.Barrier(2), []

    def run(order_id):
        start.wait(10)
        with contextlib.suppress(OmsError):
            got.append(move(order_id))

    threads = [threading.Thread(target=run, args=(one,)) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return len(got)


def test_two_orders_move_for_one_unit_and_one_gets_it(floor):
    assert race_for_the_last(
        floor, lambda one: do(floor, order_allocate.allocate, one, floor.other.id)) == 1


def test_the_control_that_looks_before_and_takes_later_gives_it_to_both(floor):
    looked = threading.Barrier(2)

    def naive(order_id):
        with floor.works.reading(SYSTEM) as work:
            free = stock.free_units(work.session, [floor.ids["KUB"]], [floor.other.id])
        looked.wait(10)
        assert free[floor.ids["KUB"]] == 1
        return order_id

    assert race_for_the_last(floor, naive) == 2


def test_hold_stays_with_what_moved(floor):
    order_id = floor.order("A", {"KUB": 1})
    do(floor, acts.get("hold").do, order_id, {"reason": "the buyer calls back"})
    moved = do(floor, order_allocate.allocate, order_id, floor.other.id)
    assert asdict(moved)["lines"] == [floor.line(order_id).id]
    with floor.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(Hold.released_at).where(
            Hold.order_id == order_id)) is None
