"""Parcels are followed by their scans, and orders follow the parcels."""

from __future__ import annotations

import pytest
from oms_connector import ChannelDown, Ring
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.orders.service import order_lines
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import journeys
from oms_web.domain.shipping.label_models import ParcelEvent
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.domain.shipping.planning import Wanted
from oms_web.flows import label, return_bench, return_case, ship
from oms_web.sync import doorbell, tracking
from tests.sync.carrier import Counting, Depot


@pytest.fixture
def depot(oms):
    return Depot(oms)


def sent(depot, name="A"):
    """A parcel that left: its order, shipment and number."""
    order_id = depot.order(name, {"KUB": 1})
    shipment_id = depot.bought(order_id)
    depot.do(ship.leave, shipment_id)
    return order_id, shipment_id, number(depot, shipment_id)


def number(depot, shipment_id):
    with depot.works.reading(SYSTEM) as work:
        return work.session.scalar(
            select(Parcel.tracking).where(Parcel.shipment_id == shipment_id))


def state(depot, shipment_id):
    with depot.works.reading(SYSTEM) as work:
        return work.session.get_one(Shipment, shipment_id).state


def scans(depot):
    with depot.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(ParcelEvent))


def test_a_parcel_is_followed_until_it_arrives(both):
    depot = Depot(both)
    order_id, shipment_id, tracked = sent(depot)
    for where, phase in (("accepted", "shipped"), ("moving", "shipped"), ("out", "shipped"),
                         ("delivered", "done")):
        depot.forward(hours=2)
        depot.scanned(tracked, where, f"KOD-{where}")
        depot.work()
        assert depot.get(order_id).phase == phase
    assert (state(depot, shipment_id), scans(depot)) == ("delivered", 4)
    depot.forward(hours=9)
    depot.work()
    with depot.works.reading(SYSTEM) as work:
        parcel = work.session.scalar(select(Parcel).where(Parcel.tracking == tracked))
        assert (parcel.travel, parcel.track_due_at) == ("delivered", None)
        raw = journeys.events(work.session, [parcel.id])[parcel.id][0].raw
    assert raw == "KOD-delivered"


@pytest.mark.parametrize("where", ["exception", "returning"])
def test_what_goes_wrong_is_a_persons_and_may_go_on(depot, where):
    order_id, shipment_id, tracked = sent(depot)
    depot.forward(hours=2)
    depot.scanned(tracked, where)
    depot.work()
    assert (state(depot, shipment_id), depot.get(order_id).queue) == (
        "undelivered", "undelivered")
    depot.forward(hours=9)
    depot.scanned(tracked, "moving")
    depot.work()
    assert state(depot, shipment_id) == "shipped"
    depot.forward(hours=9)
    depot.scanned(tracked, "delivered")
    depot.work()
    assert depot.get(order_id).phase == "done"


def test_a_parcel_that_was_scanned_has_left_whoever_forgot_to_say_so(depot):
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.bought(order_id)
    depot.forward(hours=2)
    depot.scanned(number(depot, shipment_id), "announced")
    depot.work()
    assert state(depot, shipment_id) == "packed"
    depot.forward(hours=3)
    depot.scanned(number(depot, shipment_id), "accepted")
    depot.work()
    assert state(depot, shipment_id) == "shipped"


def test_a_carrier_that_is_down_is_asked_again_and_the_rest_is_kept(depot, monkeypatch):
    _, shipment_id, tracked = sent(depot)
    depot.scanned(tracked, "delivered")
    with monkeypatch.context() as patch:
        patch.setattr(Counting, "track", lambda *_: (_ for _ in ()).throw(ChannelDown("storm")))
        depot.forward(hours=2)
        depot.work()
        assert state(depot, shipment_id) == "shipped"
    depot.forward(hours=1)
    depot.work()
    assert state(depot, shipment_id) == "delivered"


def test_parcels_are_asked_about_in_batches(depot, monkeypatch):
    for name in "ABC":
        sent(depot, name)
    asked = []
    monkeypatch.setattr(tracking.journeys, "due", _counted(tracking.journeys.due, asked))
    monkeypatch.setattr(Counting, "manifest", _batches_of_two())
    depot.forward(hours=2)
    depot.work()
    assert [len(found) for found in asked] == [2, 1, 0]


def _counted(due, asked):
    def counted(*values):
        asked.append(due(*values))
        return asked[-1]

    return counted


def _batches_of_two():
    from dataclasses import replace

    return replace(Counting.manifest,
                   capabilities=replace(Counting.manifest.capabilities, track_batch=2))


def test_a_ring_about_a_parcel_has_it_asked_about_at_once(depot):
    _, shipment_id, tracked = sent(depot)
    depot.forward(minutes=1)
    depot.scanned(tracked, "delivered")
    doorbell._store(depot.engine, depot.carrier.id, [
        Ring("parcel", tracked, "e1"), Ring("parcel", "SOMEBODY-ELSES", "e2")])
    depot.work()
    assert state(depot, shipment_id) == "delivered"


def test_a_parcel_nobody_scans_is_looked_for(depot):
    _, _, tracked = sent(depot)

    def quiet():
        with depot.works.reading(SYSTEM) as work:
            return journeys.count_quiet(work.session, work.now, 99)

    depot.forward(hours=47)
    assert quiet() == 0
    depot.forward(hours=2)
    assert quiet() == 1
    depot.scanned(tracked, "moving")
    depot.work()
    assert quiet() == 0


def test_a_death_before_the_shipment_follows_is_made_good(depot, monkeypatch):
    _, shipment_id, tracked = sent(depot)
    depot.forward(hours=2)
    depot.scanned(tracked, "delivered")

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(tracking, "_follow", die)
        with pytest.raises(SystemExit):
            depot.work()
    for _ in range(2):
        depot.forward(hours=9)
        depot.work()
    assert state(depot, shipment_id) == "delivered"


# What comes back --------------------------------------------------------------------------------


def cases_of(depot, order_id):
    with depot.works.reading(SYSTEM) as work:
        return work.session.scalars(
            select(Return).where(Return.order_id == order_id).order_by(Return.id)).all()


def test_a_parcel_on_its_way_back_has_one_case_that_the_bench_finds(both):
    depot = Depot(both)
    order_id, shipment_id, tracked = sent(depot)
    for _ in range(3):
        depot.forward(hours=7)
        depot.scanned(tracked, "returning")
        depot.work()
    [case] = cases_of(depot, order_id)
    assert (case.source, case.goods, case.reason_code, case.box, case.shipment_id, case.phase) == (
        "carrier", "on_way", "not_collected", tracked, shipment_id, "new")
    found = depot.do(return_bench.scan, tracked, "k")
    assert (found.case_id, found.fresh) == (case.id, False)
    depot.do(return_bench.arrive, case.id)
    assert cases_of(depot, order_id)[0].goods == "arrived"


def test_a_case_that_waits_for_goods_is_taken_along(depot):
    order_id, _, tracked = sent(depot)
    with depot.works.reading(SYSTEM) as work:
        line = order_lines(work.session, order_id)[0].id
    depot.do(return_case.open_for, order_id, Opening("withdrawal", lines={line: 1}))
    depot.forward(hours=7)
    depot.scanned(tracked, "returning")
    depot.work()
    [case] = cases_of(depot, order_id)
    assert (case.kind, case.goods, case.parcels[0]["tracking"]) == (
        "withdrawal", "on_way", tracked)


def test_the_parcel_of_a_return_label_moves_its_case_but_not_onto_the_bench(both):
    depot = Depot(both)
    order_id, _, tracked = sent(depot)
    depot.forward(hours=7)
    depot.scanned(tracked, "delivered")
    depot.work()
    with depot.works.reading(SYSTEM) as work:
        line = order_lines(work.session, order_id)[0].id
    case, _ = depot.do(return_case.open_for, order_id, Opening("return", lines={line: 1}))
    wanted = Wanted(account_id=depot.carrier.id, service="door")
    made = [depot.do(label.book_return, order_id, wanted, None, case.id, once=True).id
            for _ in range(2)]
    assert made[0] == made[1]
    depot.work()
    back = depot.booking(made[0]).tracking[0]
    steps = []
    for where in ("announced", "moving", "delivered"):
        is_rung = where == "moving"
        depot.forward(**{"minutes" if is_rung else "hours": 7})
        depot.scanned(back, where)
        if is_rung:  # long before its time
            assert depot.do(journeys.look_soon, depot.carrier.id, [back, "other"]) == 1
        depot.work()
        steps.append((depot.booking(made[0]).travel, cases_of(depot, order_id)[0].goods))
    assert steps == [("announced", "expected"), ("moving", "on_way"), ("delivered", "on_way")]
    assert depot.booking(made[0]).track_due_at is None
    assert depot.do(return_bench.scan, back, "k").case_id == case.id
    depot.do(return_bench.arrive, case.id)
    with pytest.raises(NotAllowedNow, match="here already"):
        depot.do(label.book_return, order_id, wanted, None, case.id)


def test_a_label_is_no_other_orders_cases(depot):
    first, second = sent(depot)[0], sent(depot, "B")[0]
    case, _ = depot.do(return_case.open_for, second, Opening("return"))
    with pytest.raises(NotAllowedNow, match="another order"):
        depot.do(label.book_return, first, Wanted(account_id=depot.carrier.id, service="door"),
                 None, case.id)
