"""How walks are dealt, who owns one, and what becomes of a shelf that has too few."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.fulfilment import queries, service
from oms_web.domain.fulfilment.models import PickList, PickScan, PickTask
from oms_web.domain.orders.models import ChannelNotice
from oms_web.domain.stock import recounts
from oms_web.domain.users import service as users
from oms_web.flows import pick, stock_correction, stocktake
from oms_web.flows.pick import starting
from tests.conftest import PASSWORD
from tests.floor import KUBA, Floor, broken
from tests.flows.test_race_late import between, pg  # noqa: F401

PAUSE = 0.5  # seconds in which the other picker would be done, were they not held up


@pytest.fixture
def floor(works):
    return Floor(works)


def do(floor, act, *args, actor=KUBA, **values):
    with floor.works.writing(actor) as work:
        return act(work, *args, **values)


def person(floor, name):
    user_id = do(floor, users.create_user, f"{name}@example.test", name, "packer", PASSWORD).id
    return Actor("user", name, user_id)


def start(floor, orders, method="cart", **values):
    return do(floor, pick.start, floor.house.id, orders, method, **values)


def tasks(floor, list_id):
    with floor.works.reading(SYSTEM) as work:
        return [one.task_id for one in queries.picks(work.session, list_id)]


def test_a_cart_holds_so_many_orders_a_batch_all_and_a_single_list_one(floor):
    orders = [floor.order(name, {"KUB": 1}) for name in "ABC"]
    made = start(floor, orders, cart_slots=2, wave={"carrier": "InPost"})
    assert len(made.list_ids) == 2
    with floor.works.reading(SYSTEM) as work:
        rows = [(one.method, one.orders, one.asked, one.owner, one.wave)
                for one in queries.lists(work.session)]
    assert rows == [("cart", 1, 1, None, {"carrier": "InPost"}),
                    ("cart", 2, 2, None, {"carrier": "InPost"})]
    for list_id in made.list_ids:
        do(floor, pick.cancel, list_id)
    assert len(start(floor, orders, "single").list_ids) == 3
    for list_id in (3, 4, 5):
        do(floor, pick.cancel, list_id)
    batch = start(floor, orders, "batch").list_id
    with floor.works.reading(SYSTEM) as work:
        [stop] = queries.stops(work.session, batch)
    assert (stop.needed, {one.basket for one in stop.picks}) == (3, {0})
    with pytest.raises(Invalid, match="how to pick"):
        start(floor, orders, "blindly")


def test_only_its_owner_takes_units_until_somebody_takes_the_list_over(both):
    floor = Floor(both.works)
    ola, kuba = person(floor, "Ola"), person(floor, "Kuba")
    list_id = start(floor, [floor.order("A", {"KUB": 3})]).list_id
    do(floor, pick.scan, list_id, "KUB", actor=ola)
    ids = tasks(floor, list_id)
    for act, values in ((pick.scan, ["KUB"]), (pick.take, [ids]), (pick.give_back, [ids]),
                        (pick.report_short, [ids, 1, pick.CORRECT]), (pick.put_back, [])):
        with pytest.raises(NotAllowedNow, match="Ola picks this list"):
            do(floor, act, list_id, *values, actor=kuba)
    assert do(floor, pick.take_over, list_id, actor=kuba) is True
    assert do(floor, pick.take_over, list_id, actor=kuba) is False
    do(floor, pick.take, list_id, ids, actor=kuba)
    with pytest.raises(NotAllowedNow):
        do(floor, pick.give_back, list_id, ids, actor=ola)


def test_what_no_shelf_has_may_be_cancelled_and_the_rest_goes(floor):
    with floor.works.writing(SYSTEM) as work:
        work.session.execute(update(ChannelAccount).values(tell_cancelled=True))
    order_id = floor.order("A", {"PUZ": 2, "KUB": 1})
    list_id = start(floor, [order_id]).list_id
    do(floor, pick.scan, list_id, "KUB")
    with floor.works.reading(SYSTEM) as work:
        short = [one for one in queries.picks(work.session, list_id) if one.bin == "A-02"]
    came = do(floor, pick.report_short, list_id, [short[0].task_id], 1, pick.CANCEL)
    assert (came.cancelled, came.short, came.instead) == (((order_id, 1),), (), ())
    assert floor.line(order_id, 1).cancelled + floor.line(order_id, 2).cancelled == 1
    assert floor.stock("PUZ", "A-02") == (4, 1)
    assert floor.get(order_id).queue == "pack"
    with floor.works.reading(SYSTEM) as work:
        told = work.session.scalars(select(ChannelNotice.kind)).all()
        assert broken(work.session) == []
    assert told == ["cancel"]


def waiting(floor):
    with floor.works.reading(SYSTEM) as work:
        return [(one.bin, one.sku, one.missing, one.actor)
                for one in recounts.waiting(work.session)]


def test_a_short_shelf_waits_to_be_counted_until_it_is(floor):
    for name, decision in (("A", pick.ELSEWHERE), ("B", pick.LATER)):
        list_id = start(floor, [floor.order(name, {"KUB": 2})]).list_id
        do(floor, pick.report_short, list_id, tasks(floor, list_id), 1, decision)
    assert waiting(floor) == [("A-01", "KUB", 1, "Kuba")]
    do(floor, stock_correction.correct, floor.ids["KUB"], floor.bins["A-01"], 1, "found", key="1")
    assert waiting(floor) == []
    do(floor, recounts.ask, floor.bins["A-02"], floor.ids["PUZ"], 2)
    document = do(floor, stocktake.start, floor.house.id)
    do(floor, stocktake.count, document, floor.bins["A-02"], floor.ids["PUZ"], 5)
    assert waiting(floor) == [("A-02", "PUZ", 2, "Kuba")]
    do(floor, stocktake.post, document)
    assert waiting(floor) == []


def racing(floor, act, *args, actor):
    """An act in a thread of its own; what it was refused for."""
    refused = []

    def run():
        try:
            do(floor, act, *args, actor=actor)
        except NotAllowedNow as error:
            refused.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, refused


@pytest.mark.parametrize("guarded", [True, False])
def test_two_who_start_at_once_do_not_both_get_an_order(pg, monkeypatch, guarded):  # noqa: F811
    floor = Floor(pg.works)
    order_id = floor.order("A", {"KUB": 2})
    if not guarded:
        monkeypatch.setattr(starting, "_locked", lambda work, ids: {
            one.id: one for one in work.session.scalars(
                select(starting.Order).where(starting.Order.id.in_(ids)))})
    reached, go = between(monkeypatch, service, "make_list")
    early, _ = racing(floor, pick.start, floor.house.id, [order_id], actor=KUBA)
    assert reached.wait(20)
    late, _ = racing(floor, pick.start, floor.house.id, [order_id], actor=KUBA)
    late.join(PAUSE)
    go.set()
    early.join()
    late.join()
    with floor.works.reading(SYSTEM) as work:
        asked = work.session.scalars(select(PickTask.quantity)).all()
    assert sum(asked) == (2 if guarded else 4)


@pytest.mark.parametrize("guarded", [True, False])
def test_two_pickers_of_one_list_do_not_take_the_same_unit(pg, monkeypatch, guarded):  # noqa: F811
    floor = Floor(pg.works)
    ola, kuba = person(floor, "Ola"), person(floor, "Kuba")
    list_id = start(floor, [floor.order("A", {"KUB": 1})]).list_id
    if not guarded:
        monkeypatch.setattr(service, "lock_list",
                            lambda session, id_, *_states: session.get_one(PickList, id_))
    reached, go = between(monkeypatch, service, "set_picked")
    early, _ = racing(floor, pick.scan, list_id, "KUB", actor=ola)
    assert reached.wait(20)
    late, refused = racing(floor, pick.scan, list_id, "KUB", actor=kuba)
    late.join(PAUSE)
    go.set()
    early.join()
    late.join()
    with floor.works.reading(SYSTEM) as work:
        taken = work.session.scalars(select(PickScan.actor)).all()
    assert len(taken) == (1 if guarded else 2)
    assert guarded or not refused
