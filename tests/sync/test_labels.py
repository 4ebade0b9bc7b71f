"""Labels are bought once, whatever happens on the way: lost answers, deaths, two workers."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited, Refused
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.printers import service as printers
from oms_web.domain.printers.models import PrintJob
from oms_web.domain.shipping import bookings, collecting, label_queries, planning, sending
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel
from oms_web.domain.shipping.planning import Wanted
from oms_web.domain.users import api_keys
from oms_web.domain.users.models import ApiKey
from oms_web.flows import label, label_back, label_settling, ship
from oms_web.flows.pack import opening, scanning
from oms_web.jobs.print_label import SAYS, print_label
from oms_web.jobs.worker import drain
from oms_web.sync import labels
from tests.floor import KUBA
from tests.sync.carrier import Counting, Depot


@pytest.fixture
def depot(oms):
    return Depot(oms)


def numbers(depot, shipment_id):
    with depot.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(Parcel.tracking).where(Parcel.shipment_id == shipment_id)))


def test_a_label_is_bought_printed_and_on_the_box(both):
    depot = Depot(both)
    order_id = depot.order("A", {"KUB": 2})
    shipment_id = depot.pack(order_id)
    first, again = depot.book(order_id), depot.book(order_id)
    assert first == again
    depot.work()
    booking = depot.booking(first)
    assert (booking.state, depot.sales(), booking.due_at) == ("confirmed", 1, None)
    assert numbers(depot, shipment_id) == booking.tracking
    assert depot.get(order_id).is_labelled
    content = both.works.ports["files"].path(booking.files["pdf_a6"]).read_bytes()
    assert content.startswith(b"%PDF-")
    told = Counting.sold[booking.key][0][1]
    assert (told.packages[0].weight_g, told.receiver.phone, told.note) == (
        2 * 250 + 120, "600100200", f"#{order_id}")
    with depot.works.reading(SYSTEM) as work:
        acts = list(work.session.scalars(
            select(AuditEntry.act).where(AuditEntry.act.startswith("labels."),
                                         AuditEntry.order_id == order_id)))
    assert acts == ["labels.intend", "labels.confirm"]


LOST = OutcomeUnknown("gone")


@pytest.mark.parametrize(("before", "after", "then"), [
    ([LOST], [], "unknown"), ([], [LOST], "unknown"), ([], [ValueError("bug")], "unknown"),
    ([ChannelDown("no")], [], "intended"), ([RateLimited("slow", 7)], [], "intended"),
    ([LOST, LOST], [], "unknown"), ([], [LOST, LOST], "unknown"),
])
def test_a_fault_on_the_way_never_buys_twice(depot, before, after, then):
    Counting.before, Counting.after = before, after
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    assert depot.booking(booking_id).state == then
    for _ in range(4):
        depot.forward(minutes=5)
        depot.work()
    assert depot.booking(booking_id).state == "confirmed"
    assert depot.sales() == 1


def test_a_carrier_that_cannot_be_asked_leaves_it_to_a_person(depot):
    Counting.after, Counting.knows = [LOST], False
    order_id = depot.order("A", {"KUB": 1})
    booking_id = depot.book(order_id)
    depot.work()
    for _ in range(3):
        depot.forward(hours=1)
        depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.due_at, depot.sales()) == ("unknown", None, 1)
    assert depot.book(order_id) == booking_id  # it blocks a new one
    assert depot.do(label_settling.was_not_bought, booking_id) is True
    assert depot.do(label_settling.was_not_bought, booking_id) is False
    assert depot.book(order_id) != booking_id


def lost(depot, order_id, **wanted):
    """A label of which nobody knows whether it was bought; its carrier cannot be asked."""
    Counting.after, Counting.knows = [LOST], False
    booking_id = depot.book(order_id, **wanted)
    depot.work()
    depot.forward(hours=1)
    depot.work()
    assert depot.booking(booking_id).state == "unknown"
    return booking_id


def test_a_person_says_that_it_was_bought_and_it_is_as_if_the_carrier_had(both):
    depot = Depot(both)
    order_id = depot.order("A", {"KUB": 1}, payment_kind="cod", paid=False)
    shipment_id = depot.pack(order_id)
    booking_id = lost(depot, order_id)
    assert depot.do(label_settling.was_bought, booking_id, [" cc 0042 "]) is True
    assert depot.do(label_settling.was_bought, booking_id, ["CC0042"]) is False
    depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.tracking, found.reference, list(found.files), found.due_at) == (
        "confirmed", ["CC0042"], "CC0042", ["pdf_a6"], None)
    assert numbers(depot, shipment_id) == ["CC0042"]
    assert depot.get(order_id).is_labelled
    assert depot.sales() == 1
    with depot.works.reading(SYSTEM) as work:
        assert collecting.due(work.session, [order_id], None) == 0  # its cash is promised
        assert work.session.scalars(select(AuditEntry.actor_name).where(
            AuditEntry.act == "labels.confirm")).all() == [KUBA.name]
    depot.do(ship.leave, shipment_id)
    depot.forward(hours=1)
    depot.scanned("CC0042", "delivered")
    depot.work()
    assert depot.shipment(shipment_id).state == "delivered"  # it is followed
    with pytest.raises(NotAllowedNow, match="is known"):
        depot.do(label_settling.was_not_bought, booking_id)


def test_a_number_that_cannot_be_the_labels_is_refused(depot):
    first = depot.order("A", {"KUB": 1})
    depot.bought(first)
    [taken] = depot.booking(1).tracking
    booking_id = lost(depot, depot.order("B", {"KUB": 1}))
    for typed, says in (([], "Fill this in"), (["x"], "between"), (["no number!"], "only letters"),
                        (["CC0001", "CC0002"], "One number for each box"),
                        ([taken], "already on a parcel of order")):
        with pytest.raises(Invalid, match=says):
            depot.do(label_settling.was_bought, booking_id, typed)
    with depot.works.writing(SYSTEM) as work:
        work.session.get_one(ChannelAccount, depot.carrier.id).connector = "inpost"
    for typed, says in (("1Z999AA10123456784", "number of"), ("CC0042", "look otherwise")):
        with pytest.raises(Invalid, match=says):
            depot.do(label_settling.was_bought, booking_id, [typed])
    assert depot.do(label_settling.was_bought, booking_id, ["6" * 24])


@pytest.mark.parametrize("typed", [["CC0002", "CC0001"], ["CC0002"]])
def test_one_number_is_of_all_boxes_or_each_has_its_own(depot, typed):
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.pack(order_id)
    with depot.works.writing(KUBA) as work:
        work.session.add(Parcel(shipment_id=shipment_id, position=2))
    booking_id = lost(depot, order_id)
    assert len(depot.booking(booking_id).request["packages"]) == 2
    depot.do(label_settling.was_bought, booking_id, typed)
    assert numbers(depot, shipment_id) == (typed * 2)[:2]


def test_a_label_without_its_file_waits_for_a_person_who_adds_it(depot):
    Counting.label_says = [Refused("no such paper")]
    order_id = depot.order("A", {"KUB": 1})
    booking_id = depot.book(order_id)

    def unprinted():
        with depot.works.reading(SYSTEM) as work:
            return label_queries.counts(work.session, depot.moment, "unprinted")["unprinted"]

    depot.work()
    assert (depot.booking(booking_id).due_at, unprinted()) == (None, 1)
    Counting.label_says = [Refused("not even now")]
    depot.do(bookings.ask_now, booking_id)  # it is asked again, though it was refused for good
    depot.work()
    assert (depot.booking(booking_id).why, unprinted()) == ("not even now", 1)
    depot.do(label_settling.attach, booking_id, "ab12.pdf")
    assert (depot.booking(booking_id).files, unprinted()) == ({"pdf_a6": "ab12.pdf"}, 0)
    with pytest.raises(NotAllowedNow, match="needs no file"):
        depot.do(label_settling.attach, booking_id, "cd34.pdf")


def test_a_label_that_comes_with_the_booking_is_kept_at_once(depot):
    Counting.once = True
    with depot.works.writing(SYSTEM) as work:
        sending.settings(work.session).label_format = "zpl"
    order_id = depot.order("A", {"KUB": 1})
    booking_id = depot.book(order_id)
    depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.why, found.due_at, list(found.files)) == (
        "confirmed", "", None, ["pdf_a6"])
    content = depot.works.ports["files"].path(found.files["pdf_a6"]).read_bytes()
    assert content == b"%PDF-1.4 once %%EOF"
    assert depot.get(order_id).is_labelled


def test_a_label_that_cannot_be_kept_does_not_undo_its_parcel(depot, monkeypatch):
    Counting.once = True
    full = OSError("no space left")

    def put(content, suffix):
        raise full

    monkeypatch.setattr(depot.works.ports["files"], "put", put)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.why, depot.sales()) == ("confirmed", "it came with the booking", 1)
    assert found.tracking
    assert not found.files


def test_a_refusal_names_its_field_and_another_try_is_another_key(depot):
    Counting.before = [Refused("not there", "", "point")]
    order_id = depot.order("A", {"KUB": 1})
    first = depot.book(order_id)
    depot.work()
    found = depot.booking(first)
    assert (found.state, found.field, found.why) == ("refused", "point", "not there")
    second = depot.book(order_id)
    depot.work()
    assert depot.booking(second).state == "confirmed"
    assert depot.booking(second).key != found.key
    assert depot.sales() == 1


def test_what_is_refused_because_it_is_there_already_is_found(depot, monkeypatch):
    """Shown late: it is not found at first, and then refused as a double."""
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    Counting.after = [LOST]
    depot.work()
    found, looks = Counting.find_booking, []

    def late(self, key, reference=""):
        looks.append(key)
        return None if len(looks) == 1 else found(self, key, reference)

    monkeypatch.setattr(Counting, "find_booking", late)
    Counting.before = [Refused("a parcel with this reference is there")]
    depot.forward(minutes=5)
    depot.work()
    assert depot.booking(booking_id).state == "confirmed"
    assert depot.sales() == 1


def test_an_account_that_is_refused_stops_and_nothing_is_lost(depot):
    Counting.before = [AccessRefused("key")]
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    assert depot.booking(booking_id).state == "intended"
    depot.forward(minutes=15)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("intended", 0)
    with depot.works.writing(SYSTEM) as work:
        work.session.get(ChannelAccount, depot.carrier.id).state = "active"
    depot.forward(minutes=15)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("confirmed", 1)


def test_a_pending_booking_is_asked_for_until_it_is_there(depot):
    Counting.pending = True
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    assert depot.booking(booking_id).state == "pending"
    depot.forward(minutes=1)
    depot.work()
    assert depot.booking(booking_id).state == "pending"
    Counting.pending = False
    depot.forward(minutes=1)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("confirmed", 1)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("sold", [True, False])
def test_a_death_between_sending_and_noting_is_looked_up(depot, monkeypatch, sold):
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    if sold:
        monkeypatch.setattr(label, "note", lambda *_: (_ for _ in ()).throw(Killed()))
    else:
        Counting.before = [Killed()]
    with pytest.raises(Killed):
        labels.buy(depot.engine, booking_id)
    monkeypatch.undo()
    depot.oms.works.clock = lambda: depot.moment
    assert (depot.booking(booking_id).state, depot.sales()) == ("sent", int(sold))
    assert labels.buy(depot.engine, booking_id) == "sent"  # it may still be under way
    depot.forward(minutes=16)
    depot.work()
    assert (depot.booking(booking_id).state, depot.sales()) == ("confirmed", 1)


def _race(depot, booking_id, take):
    """Two workers at the same booking, stopped where each has decided to buy."""
    gate, errors = threading.Barrier(2, timeout=0.5), []
    book = Counting.book

    def slow(self, booking):
        with suppress(threading.BrokenBarrierError):
            gate.wait()
        return book(self, booking)

    def run():
        try:
            taken = take()
            if taken is not None:
                with labels.connected(depot.engine, taken.account_id) as (_, connector):
                    slow(connector, labels.booking_of(taken.request))
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=run) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert errors == []


def test_two_workers_buy_one_label(both):
    depot = Depot(both)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))

    def take():
        with depot.works.writing(SYSTEM) as work:
            return bookings.take(work, booking_id)

    _race(depot, booking_id, take)
    assert depot.sales() == 1


def test_the_control_that_looks_first_and_takes_later_buys_two(both):
    depot = Depot(both)
    booking_id = depot.book(depot.order("A", {"KUB": 1}))

    def look():
        with depot.works.reading(SYSTEM) as work:
            row = bookings.get(work.session, booking_id)
            return row if row.state == "intended" else None

    _race(depot, booking_id, look)
    assert depot.sales() == 2


def test_two_people_ask_for_one_label(both):
    depot = Depot(both)
    order_id = depot.order("A", {"KUB": 1})
    found, gate = [], threading.Barrier(2)

    def run():
        gate.wait()
        found.append(depot.book(order_id))

    people = [threading.Thread(target=run) for _ in range(2)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(found) == 2
    assert len(set(found)) == 1


def test_a_label_that_cannot_be_fetched_is_fetched_later_and_costs_nothing_more(depot):
    Counting.label_says = [ChannelDown("printing")]
    shipment_id = depot.pack(depot.order("A", {"KUB": 1}))
    booking_id = depot.do(label.book_shipment, shipment_id).id
    depot.work()
    found = depot.booking(booking_id)
    assert (found.state, found.files, found.why) == ("confirmed", {}, "printing")
    depot.forward(minutes=2)
    depot.work()
    assert depot.booking(booking_id).files
    assert depot.sales() == 1


def test_a_label_is_taken_back_once_and_the_box_has_no_number_then(depot):
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.bought(order_id)
    booking_id = depot.book(order_id)
    depot.do(label_back.void, booking_id)
    depot.do(label_back.void, booking_id)
    depot.work()
    assert (depot.booking(booking_id).state, len(Counting.cancelled)) == ("cancelled", 1)
    assert numbers(depot, shipment_id) == [""]
    assert not depot.get(order_id).is_labelled
    depot.book(order_id)
    depot.work()
    assert depot.sales() == 2


def test_one_weight_is_not_typed_for_two_boxes(depot):
    order_id = depot.order("A", {"KUB": 2})
    shipment_id = depot.open(order_id).shipment_id
    depot.scan(shipment_id, "KUB")
    depot.do(scanning.second_parcel, shipment_id)
    depot.scan(shipment_id, "KUB")
    wanted = Wanted(account_id=depot.carrier.id, service="door", weight_g=900)
    with pytest.raises(Invalid, match="2 boxes") as refused:
        depot.do(label.book_order, order_id, wanted)
    assert refused.value.field == "weight"
    assert len(depot.booking(depot.book(order_id)).request["packages"]) == 2


def test_what_nobody_asked_the_carrier_for_is_taken_back_at_once(depot):
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    assert depot.do(label_back.void, booking_id).state == "cancelled"
    drain(depot.oms)
    assert depot.sales() == 0


def test_the_label_of_a_parcel_that_left_stays(depot):
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.bought(order_id)
    depot.do(ship.leave, shipment_id)
    with pytest.raises(NotAllowedNow, match="left already"):
        depot.do(label_back.void, depot.book(order_id))


@pytest.mark.parametrize(("when", "at_open", "at_close"), [
    ("packing", 1, 1), ("packed", 0, 1), ("asked", 0, 0)])
def test_a_label_is_bought_by_itself_when_the_seller_wants_it(oms, when, at_open, at_close):
    depot = Depot(oms, when)
    order_id = depot.order("A", {"KUB": 1})
    depot.do(opening.open_order, order_id, "S1")
    drain(oms)
    assert depot.sales() == at_open
    depot.pack(order_id)
    drain(oms)
    assert depot.sales() == at_close


def test_a_carrier_that_is_down_keeps_no_parcel_open(oms):
    depot = Depot(oms, sending.PACKING)
    Counting.before = [ChannelDown("storm")] * 3
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.pack(order_id)
    drain(oms)
    assert depot.get(order_id).is_packed
    assert numbers(depot, shipment_id) == [""]
    depot.forward(hours=1)
    for _ in range(4):
        depot.forward(hours=1)
        depot.work()
    assert numbers(depot, shipment_id) != [""]
    assert depot.sales() == 1


def test_a_label_bought_before_packing_goes_on_the_parcel(depot):
    order_id = depot.order("A", {"KUB": 1})
    booking_id = depot.book(order_id)
    depot.work()
    assert depot.get(order_id).is_labelled
    shipment_id = depot.pack(order_id)
    assert numbers(depot, shipment_id) == depot.booking(booking_id).tracking
    assert depot.book(order_id) == booking_id


def test_what_the_carrier_would_refuse_is_said_before_anything_is_written(depot):
    order_id = depot.order("A", {"KUB": 1})
    with depot.works.writing(SYSTEM) as work:
        order = work.session.get(type(depot.get(order_id)), order_id)
        order.ship_to, order.buyer_phone = {**order.ship_to, "phone": ""}, ""
    with pytest.raises(InvalidForm) as refused:
        depot.book(order_id, check=labels.checker(depot.engine))
    assert set(refused.value.problems) == {"receiver.phone"}
    with depot.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(LabelBooking.id)) is None


def test_money_is_collected_by_one_label_of_an_order(depot):
    order_id = depot.order("A", {"KUB": 2}, payment_kind="cod", paid=False)
    depot.pack(order_id)
    booking_id = depot.book(order_id)
    asked = depot.booking(booking_id).request
    assert asked["cod"] == 2000
    with depot.works.writing(KUBA) as work:
        order = depot.get(order_id)
        assert planning.to_collect(work.session, [order], None) is None


def test_a_label_for_a_return_is_written_from_the_buyer(depot):
    order_id = depot.order("A", {"KUB": 1})
    wanted = Wanted(account_id=depot.carrier.id, service="door")
    with pytest.raises(NotAllowedNow, match="left yet"):
        depot.do(label.book_return, order_id, wanted)
    depot.do(ship.leave, depot.bought(order_id))
    booking = depot.do(label.book_return, order_id, wanted)
    depot.work()
    told = Counting.sold[booking.key][0][1]
    assert (told.is_return, told.sender.name, told.cod) == (True, "Anna Testowa", None)
    assert depot.get(order_id).is_labelled


def test_a_label_comes_out_once_whichever_comes_last_the_closing_or_the_label(oms):
    depot = Depot(oms, sending.PACKED)
    with depot.works.writing(KUBA) as work:
        _, key = api_keys.create(work, "Agent", ("orders:read",), None, None)
        row = work.session.scalars(select(ApiKey)).one()
        printers.announce(work, row.id, "1", [printers.Named("Zebra", "pdf")])
        printer = printers.every(work.session)[0]
        printers.set_route(work, "1", printers.LABEL, printer.id, automatic=True)
    assert key
    Counting.label_says = [ChannelDown("printing")]
    shipment_id = depot.pack(depot.order("A", {"KUB": 1}))
    drain(oms)
    depot.forward(minutes=2)
    depot.work()
    drain(oms)
    with depot.works.reading(SYSTEM) as work:
        jobs = work.session.scalars(select(PrintJob)).all()
    assert [(one.kind, one.key) for one in jobs] == [("label", "label:1")]
    assert print_label(oms, shipment_id)
    with depot.works.reading(SYSTEM) as work:
        assert len(work.session.scalars(select(PrintJob)).all()) == 1
    depot.do(label_back.void, 1)  # neither printed anew, nor what waits
    assert not print_label(oms, shipment_id)
    with depot.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(PrintJob.state)).all() == ["dropped"]


def test_a_label_that_its_printer_cannot_print_is_a_job_that_says_so(oms):
    depot = Depot(oms, sending.PACKED)
    with depot.works.writing(KUBA) as work:
        api_keys.create(work, "Agent", ("orders:read",), None, None)
        row = work.session.scalars(select(ApiKey)).one()
        [zebra] = printers.announce(work, row.id, "1", [printers.Named("Zebra", "zpl")])
        printers.set_route(work, "1", printers.LABEL, zebra.id, automatic=True)
        assert printers.wanting_zpl(work.session) == ["1"]
    shipment_id = depot.pack(depot.order("A", {"KUB": 1}))
    drain(oms)
    assert not print_label(oms, shipment_id)
    with depot.works.reading(SYSTEM) as work:
        [job] = work.session.scalars(select(PrintJob)).all()
    assert (job.state, job.message) == ("failed", SAYS["no_zpl"])
    with pytest.raises(NotAllowedNow, match="nothing that this printer"):
        depot.do(printers.again, job.id)


def test_what_no_carrier_takes_is_asked_of_none(depot):
    """Whatever the connector overlooks: the engine looks at every booking before it is sent."""
    booking_id = depot.book(depot.order("A", {"KUB": 1}))
    with depot.works.writing(SYSTEM) as work:
        booking = bookings.get(work.session, booking_id)
        booking.request = {**booking.request, "cod": -500}
    depot.work()
    booking = depot.booking(booking_id)
    assert (booking.state, booking.field, depot.sales()) == ("refused", "cod", 0)
