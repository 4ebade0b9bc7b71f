"""Labels on screens: the queue, the form of one, the pack station, the hand-over, settings."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from oms_connector import ChannelDown, Flaw, OutcomeUnknown, Refused
from pypdf import PdfReader, PdfWriter
from sqlalchemy import select

from oms_web.adapters import label_sheets
from oms_web.adapters.pdf import PdfFailed
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import bookings, label_queries, sending
from oms_web.domain.shipping.label_models import HandOver
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.domain.users import api_keys
from oms_web.flows import hand_over, label, order_cancel, ship
from oms_web.flows.pack import scanning
from oms_web.jobs.worker import drain
from oms_web.sync.registry import Registry
from tests.screens.test_shipments import post, text_of
from tests.sync.carrier import Counting, Depot

COD = {"payment_kind": "cod", "paid": False}


def a_label(width=298, height=420, pages=1):
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width, height)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.fixture
def depot(oms):
    return Depot(oms)


@pytest.fixture
def owner(depot, browser_as):
    return browser_as("owner")


def test_what_is_to_buy_is_bought_and_each_refusal_is_a_line(owner, depot):
    good, bad = depot.order("A", {"KUB": 1}), depot.order("B", {"KUB": 1})
    for order_id in (good, bad):
        depot.pack(order_id)
    assert re.findall(r'name="order" value="(\d+)"', owner.get("/labels").get_data(True)) == [
        str(good), str(bad)]
    with depot.works.writing(SYSTEM) as work:
        sending.delete_rule(work, depot.rule)
        sending.add_rule(work, {
            "kind": "carrier", "account_id": depot.carrier.id, "service": "door", "size": "",
            "packaging_id": None, "channel_id": None, "method": "", "country": "PL",
            "heaviest_g": None, "least": None, "most": None, "cod": ""})
        work.session.get_one(type(depot.get(bad)), bad).country = "DE"
    answer = post(owner, "/labels/buy", part=False, order=[good, bad])
    assert answer.status_code == 409
    assert "1 label was not bought" in text_of(answer)
    assert "No rule says by which service" in text_of(answer)
    drain(depot.oms)
    assert depot.sales() == 1
    today = text_of(owner.get("/labels?view=today"))
    assert "bought" in today
    assert depot.booking(1).tracking[0] in today


@pytest.mark.parametrize(("fault", "view", "says"), [
    (Refused("the point is closed", "", "point"), "refused", "the point is closed (Pick-up point)"),
    (OutcomeUnknown("the line was cut"), "unknown", "the line was cut"),
    (ChannelDown("storm"), "waiting", "storm"),
])
def test_what_went_wrong_stands_in_the_queue_and_on_the_first_screen(owner, depot, fault, view,
                                                                    says):
    Counting.before = [fault]
    depot.book(depot.order("A", {"KUB": 1}))
    depot.work()
    assert says in text_of(owner.get(f"/labels?view={view}"))
    if view != "waiting":
        assert f"/labels?view={view}" in owner.get("/").get_data(True)


def test_the_form_proposes_says_why_and_puts_errors_at_their_fields(owner, depot):
    order_id = depot.order("A", {"KUB": 2}, **COD)
    page = owner.get(f"/orders/{order_id}/label")
    assert "By the rule for everything else." in text_of(page)
    assert re.search(rf'<option selected value="{depot.carrier.id}:door"', page.get_data(True))
    service = f"{depot.carrier.id}:door"
    for typed, field in (({"weight": "0"}, "weight"), ({"weight": "much"}, "weight"),
                         ({"cod": "much"}, "cod"), ({"cod": "-5"}, "cod"),
                         ({"cod": "20,01"}, "cod"), ({"insured": "-1"}, "insured")):
        answer = post(owner, f"/orders/{order_id}/label", part=False,
                      **{"service": service, **typed})
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.get_data(True)
    answer = post(owner, f"/orders/{order_id}/label", part=False, service=service, weight="1234",
                  cod="12,50")
    assert answer.status_code == 303
    drain(depot.oms)
    told = next(iter(Counting.sold.values()))[0][1]
    assert (told.packages[0].weight_g, str(told.cod)) == (1234, "12.50")
    card = owner.get(f"/orders/{order_id}")
    assert "/labels/1.pdf" in card.get_data(True)
    assert re.search(r"Collects \D*12\.50\D* on delivery", text_of(card))
    assert owner.get("/labels/1.pdf").data.startswith(b"%PDF-")
    assert owner.get("/labels/1.zpl").status_code == 404


def test_a_point_is_found_by_a_town_and_taken(owner, depot):
    order_id = depot.order("A", {"KUB": 1})
    service = f"{depot.carrier.id}:locker"
    page = owner.get(f"/orders/{order_id}/label?service={service}&near=Poznań").get_data(True)
    assert "AAA01" in page
    page = owner.get(f"/orders/{order_id}/label?service={service}&point=AAA01").get_data(True)
    assert re.search(r'id="point"[^>]*value="AAA01"', page)


def test_a_label_is_taken_back_from_the_card(owner, depot):
    order_id = depot.order("A", {"KUB": 1})
    depot.bought(order_id)
    answer = post(owner, "/labels/1/void", part=False, back=f"/orders/{order_id}#labels")
    assert answer.headers["Location"].endswith(f"/orders/{order_id}#labels")
    drain(depot.oms)
    card = owner.get(f"/orders/{order_id}")
    assert "taken back" in text_of(card)
    assert "bought → to be taken back" in text_of(card)
    assert depot.booking(1).tracking[0] in text_of(card)
    assert "/labels/1.pdf" not in card.text
    assert "was taken back" in text_of(owner.get("/labels/1.pdf"))
    assert owner.get("/labels/1.pdf").status_code == 404


def test_nothing_is_collected_of_a_paid_order(owner, depot):
    order_id = depot.order("A", {"KUB": 1})
    answer = post(owner, f"/orders/{order_id}/label", part=False, cod="5000",
                  service=f"{depot.carrier.id}:door")
    assert answer.status_code == 422
    assert re.search(r'id="cod-error"[^>]*>.*?Nothing is due', answer.text, re.DOTALL)
    drain(depot.oms)
    assert depot.sales() == 0


def test_what_a_carrier_needs_besides_is_named_in_words(owner, depot, monkeypatch):
    monkeypatch.setattr(Counting, "check_booking", lambda *_: [
        Flaw("receiver.phone", "this is needed")])
    answer = post(owner, f"/orders/{depot.order('A', {'KUB': 1})}/label", part=False,
                  service=f"{depot.carrier.id}:door")
    assert answer.status_code == 422
    assert "Receiver: Phone: this is needed" in text_of(answer)


def test_who_has_a_label_buys_no_other_and_is_told(owner, depot):
    order_id = depot.order("A", {"KUB": 1})
    depot.book(order_id)
    service = f"{depot.carrier.id}:door"
    for answer in (owner.get(f"/orders/{order_id}/label"),
                   post(owner, f"/orders/{order_id}/label", part=False, service=service)):
        assert "has its label already" in text_of(answer)
        assert 'action="/labels/1/void"' in answer.text
    assert answer.status_code == 409
    drain(depot.oms)
    assert depot.sales() == 1


@pytest.mark.parametrize(("service", "point", "says"), [
    ("locker", "XXX99Z", "another pick-up point"), ("door", "LUB113A", "goes to the door")])
def test_a_label_that_leads_elsewhere_is_asked_about(owner, depot, service, point, says):
    order_id = depot.order("A", {"KUB": 1})
    with depot.works.writing(SYSTEM) as work:
        work.session.get_one(type(depot.get(order_id)), order_id).pickup_point = "LUB113A"
    typed = {"service": f"{depot.carrier.id}:{service}", "point": point}
    answer = post(owner, f"/orders/{order_id}/label", part=False, **typed)
    assert answer.status_code == 422
    assert says in text_of(answer)
    [sure] = re.findall(r'name="sure" value="([^"]+)"', answer.text)
    answer = post(owner, f"/orders/{order_id}/label", part=False, sure=sure, **typed)
    assert answer.status_code == 303
    drain(depot.oms)
    assert ("XXX99Z" in text_of(owner.get(f"/orders/{order_id}"))) == (service == "locker")


@pytest.mark.parametrize(("corrected", "status"), [("LUB113A", 303), ("YYY99Z", 422)])
def test_consent_to_one_point_is_none_to_another(owner, depot, corrected, status):
    order_id = depot.order("A", {"KUB": 1})
    with depot.works.writing(SYSTEM) as work:
        work.session.get_one(type(depot.get(order_id)), order_id).pickup_point = "LUB113A"
    service, at = f"{depot.carrier.id}:locker", f"/orders/{order_id}/label"
    warned = post(owner, at, part=False, service=service, point="XXX99Z")
    [sure] = re.findall(r'name="sure" value="([^"]+)"', warned.text)
    answer = post(owner, at, part=False, sure=sure, service=service, point=corrected)
    assert answer.status_code == status
    assert ("another pick-up point" in text_of(answer)) == (status == 422)


def test_number_and_carrier_of_a_bought_label_are_not_typed_over(owner, depot):
    shipment_id = depot.bought(depot.order("A", {"KUB": 1}))
    number = depot.booking(1).tracking[0]
    assert re.search(r'name="number-1"[^>]*readonly', owner.get(f"/packing/{shipment_id}").text)
    for typed in ("", "ZLY-NUMER"):
        answer = post(owner, f"/packing/{shipment_id}/parcels", part=False,
                      **{"number-1": typed, "carrier-1": "Kurier", "weight-1": "1"})
        assert answer.status_code == 409
        assert "come from its label" in text_of(answer)
    answer = post(owner, f"/packing/{shipment_id}/parcels", part=False,
                  **{"number-1": number, "carrier-1": "Kurier", "weight-1": "2,5"})
    assert answer.status_code == 303
    [box] = depot.parcels(shipment_id)
    assert (box.tracking, box.weight_g) == (number, 2500)


@pytest.mark.parametrize(("typed", "field"), [
    ({"rule-country": "XX"}, "rule-country"), ({"rule-country": "POLSKA"}, "rule-country"),
    ({"rule-heaviest_g": "-5"}, "rule-heaviest_g"),
    ({"rule-heaviest_g": "99999999"}, "rule-heaviest_g"), ({"rule-least": "-1"}, "rule-least")])
def test_a_rule_of_nonsense_is_refused_at_its_field(owner, depot, typed, field):
    answer = post(owner, "/settings/shipping/rules", part=False,
                  **{"rule-service": f"{depot.carrier.id}:door", "rule-cod": "", **typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_price_list_knows_countries_and_a_rule_every_country(owner, depot):
    price = {"price-service": f"{depot.carrier.id}:door", "price-heaviest_g": "1000",
             "price-price": "10"}
    answer = post(owner, "/settings/shipping/prices", part=False,
                  **{**price, "price-country": "Polska"})
    assert answer.status_code == 422
    assert 'id="price-country-error"' in answer.text
    for country in ("DE", ""):
        assert post(owner, "/settings/shipping/prices", part=False,
                    **{**price, "price-country": country}).status_code == 303
        assert post(owner, "/settings/shipping/rules", part=False,
                    **{"rule-service": f"{depot.carrier.id}:door", "rule-cod": "",
                       "rule-country": country}
                    ).status_code == 303


def test_what_has_its_label_before_packing_is_not_ahead(owner, depot):
    first, _second = depot.order("A", {"KUB": 1}), depot.order("B", {"KUB": 1})
    assert "2 orders are not being packed yet" in text_of(owner.get("/labels"))
    depot.book(first)
    assert "1 order is not being packed yet" in text_of(owner.get("/labels"))


def test_settings_say_that_a_printer_gets_no_label(owner, depot):
    with depot.works.writing(SYSTEM) as work:
        key, _ = api_keys.create(work, "Agent", ("printing:write",))
        [zebra] = printers.announce(work, key.id, "1", [printers.Named("Zebra", "zpl")])
    typed = {"station": "1", "printer-label": str(zebra.id), "copies-label": "1"}
    post(owner, "/settings/printers", part=False, **typed)
    for page in ("/settings/printers", "/settings/shipping"):
        assert "Labels will not come out at: 1" in text_of(owner.get(page))
    assert '<option value="1">' in owner.get("/packing").text
    with depot.works.writing(SYSTEM) as work:
        sending.change(work, {"buy_when": "asked", "label_format": "zpl", "default_g": 1000,
                              "insures": False})
    assert "Labels will not come out" not in text_of(owner.get("/settings/printers"))


class Keeping(Counting):
    """A carrier that takes no labels back."""

    cancel_booking = None


def test_a_label_of_a_carrier_that_takes_none_back_is_thrown_away(owner, depot):
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.bought(order_id)
    assert post(owner, "/labels/1/discard", part=False).status_code == 409
    depot.oms.__dict__["registry"] = Registry({"counting": Keeping})
    page = owner.get(f"/orders/{order_id}").text
    assert 'action="/labels/1/discard"' in page
    assert 'action="/labels/1/void"' not in page
    for _ in range(2):
        assert post(owner, "/labels/1/discard", part=False).status_code == 303
    assert depot.booking(1).state == "cancelled"
    assert depot.parcels(shipment_id)[0].tracking == ""
    assert depot.book(order_id) == 2
    card = text_of(owner.get(f"/orders/{order_id}"))
    assert "not used, not confirmed by the carrier" in card
    assert "taken back" not in card


@pytest.mark.parametrize("said", [Refused("too late"), ChannelDown("no answer")])
def test_a_label_that_its_carrier_keeps_is_left_unused_and_another_is_bought(
        owner, depot, monkeypatch, said):
    """InPost takes nothing back once it is bought: there was no way out of such a label."""
    def no(self, reference, tracking):
        raise said

    monkeypatch.setattr(Counting, "cancel_booking", no)
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.bought(order_id)
    assert 'action="/labels/1/discard"' not in owner.get(f"/orders/{order_id}").text
    post(owner, "/labels/1/void", part=False)
    assert post(owner, "/labels/1/discard", part=False).status_code == 409  # it is being asked
    depot.work()
    page = owner.get(f"/orders/{order_id}").text
    assert str(said) in page
    assert 'action="/labels/1/discard"' in page
    assert post(owner, "/labels/1/discard", part=False).status_code == 303
    assert depot.parcels(shipment_id)[0].tracking == ""
    assert depot.book(order_id) == 2
    with depot.works.writing(SYSTEM) as work:  # it has to be paid all the same
        bookings.get(work.session, 1).price = 1200
        work.session.flush()
        assert label_queries.costs(work.session, [order_id]) == {(order_id, "PLN"): 1200}
    assert "not used, not confirmed by the carrier" in text_of(owner.get(f"/orders/{order_id}"))


def test_the_label_of_an_order_that_was_cancelled_can_be_taken_back(owner, depot):
    order_id = depot.order("A", {"KUB": 1})
    depot.book(order_id)
    depot.work()
    depot.do(order_cancel.cancel, order_id)
    assert 'action="/labels/1/void"' in owner.get(f"/orders/{order_id}").text
    post(owner, "/labels/1/void", part=False)
    depot.work()
    assert depot.booking(1).state == "cancelled"


def test_the_packer_prints_at_the_station_and_nothing_of_what_left(depot, browser_as):
    packer = browser_as("packer")
    order_id = depot.order("A", {"KUB": 1})
    shipment_id = depot.pack(order_id)
    assert "There is none yet" in text_of(packer.get(f"/packing/{shipment_id}"))
    assert post(packer, f"/packing/{shipment_id}/label", part=False).status_code == 303
    assert "every 2s" in packer.get(f"/packing/{shipment_id}/label").get_data(True)
    drain(depot.oms)
    assert "every 2s" not in packer.get(f"/packing/{shipment_id}/label").get_data(True)
    assert packer.get(f"/packing/{shipment_id}/label.pdf").data.startswith(b"%PDF-")
    assert packer.get("/labels").status_code == 403
    assert packer.get("/labels/1.pdf").status_code == 403
    depot.do(ship.leave, shipment_id)
    assert packer.get(f"/packing/{shipment_id}/label.pdf").status_code == 409


def test_parcels_are_given_to_a_courier_once_who_is_called_once(owner, depot):
    ids = [depot.bought(depot.order(name, {"KUB": 1}, **COD)) for name in "AB"]
    page = owner.get("/labels/hand-over").get_data(True)
    assert re.search(r"Anna Testowa</span><small>\w+", page)
    assert page.count("10.00") == 2
    parcels = re.findall(r'name="parcel" value="(\d+)"', page)
    assert len(parcels) == 2
    answer = post(owner, "/labels/hand-over", part=False, carrier=depot.carrier.id, parcel=parcels,
                  calls="y", leave="y")
    assert answer.status_code == 422
    assert "Say when the courier may come." in text_of(answer)
    day = (local_day(depot.moment) + timedelta(days=1)).isoformat()
    answer = post(owner, "/labels/hand-over", part=False, carrier=depot.carrier.id, parcel=parcels,
                  calls="y", leave="y", day=day, ready_from="23:00", until="23:59")
    assert answer.status_code == 303
    assert [depot.shipment(one).state for one in ids] == ["shipped"] * 2
    with depot.works.reading(SYSTEM) as work:  # both come back with one press
        assert len(set(work.session.scalars(select(Outgoing.together)))) == 1
    depot.work()
    depot.forward(hours=1)
    depot.work()
    with depot.works.reading(SYSTEM) as work:
        row = work.session.get(HandOver, 1)
        assert (row.state, row.parcels, len(Counting.visits)) == ("done", 2, 1)
        assert label_queries.ready(work.session, depot.carrier.id) == []
    assert "the courier comes" in text_of(owner.get("/labels/hand-over"))
    assert owner.get("/labels/hand-over/1.pdf").data.startswith(b"%PDF-")
    depot.do(ship.recall, ids[0])  # it has not left after all: it can be given away again
    with depot.works.reading(SYSTEM) as work:
        assert [one.shipment.id for one in label_queries.ready(work.session, depot.carrier.id)] == [
            ids[0]]
        assert [one.shipment_id for one in label_queries.inside(work.session, 1)] == [ids[1]]


@pytest.mark.parametrize("keeps", [False, True])
def test_a_parcel_more_than_its_label_is_for_is_seen_everywhere_and_gets_one(
        owner, depot, browser_as, keeps):
    """The label was there as packing began, then a second parcel: nobody saw that it had none."""
    order_id = depot.order("A", {"KUB": 2})
    shipment_id = depot.open(order_id).shipment_id
    depot.book(order_id)
    depot.work()
    depot.scan(shipment_id, "KUB")
    depot.do(scanning.second_parcel, shipment_id)
    depot.scan(shipment_id, "KUB")
    packer = browser_as("packer")
    assert "1 parcel has no label" in text_of(packer.get(f"/packing/{shipment_id}"))
    assert "a parcel without a label" in text_of(owner.get("/labels"))
    assert "1 parcel of it has no label" in text_of(owner.get("/labels/hand-over"))
    assert "no label" in text_of(owner.get(f"/orders/{order_id}"))
    assert "1 parcel has no label" in text_of(owner.get(f"/orders/{order_id}/label"))
    answer = post(owner, "/labels/buy", part=False, order=str(order_id))
    assert "Its label is for fewer parcels than there are" in text_of(answer)
    if keeps:
        depot.oms.__dict__["registry"] = Registry({"counting": Keeping})
    url = f"/packing/{shipment_id}/label/all"
    assert f'action="{url}"' in packer.get(f"/packing/{shipment_id}").text
    assert post(packer, url, part=False).status_code == 303
    depot.work()
    if not keeps:  # once the carrier has it back, another may be bought
        assert "There is none yet" in text_of(packer.get(f"/packing/{shipment_id}/label"))
        post(packer, f"/packing/{shipment_id}/label", part=False)
        depot.work()
    assert all(one.tracking for one in depot.parcels(shipment_id))
    assert len(depot.booking(2).tracking) == 2
    assert bookings.is_unused(depot.booking(1)) == keeps
    assert post(packer, url, part=False).status_code == 409
    for client, page in ((packer, f"/packing/{shipment_id}"), (owner, "/labels/hand-over")):
        assert "no label" not in text_of(client.get(page))


def test_a_courier_who_was_refused_is_called_again_and_no_tick_is_lost(owner, depot, monkeypatch):
    for name in "AB":
        depot.bought(depot.order(name, {"KUB": 1}))
    day = (local_day(depot.moment) + timedelta(days=1)).isoformat()
    typed = {"part": False, "day": day, "ready_from": "09:00"}
    page = post(owner, "/labels/hand-over", carrier=depot.carrier.id, parcel=["2"], calls="y",
                until="08:00", **typed).text
    ticks = re.findall(r'value="(\d)" data-select( checked)?', page)
    assert ticks == [("1", ""), ("2", " checked")]
    with monkeypatch.context() as for_now:
        def no(self, pickup):
            raise Refused("nobody is free")

        for_now.setattr(Counting, "order_pickup", no)
        post(owner, "/labels/hand-over", carrier=depot.carrier.id, parcel=["2"], calls="y",
             until="12:00", **typed)
        depot.work()
    page = owner.get("/labels/hand-over").text
    assert "nobody is free" in page
    assert "Couriers who do not come" in owner.get("/").text
    assert 'href="/labels/hand-over/1/visit"' in page
    assert "nobody is free" in owner.get("/labels/hand-over/1/visit").text
    wrong = post(owner, "/labels/hand-over/1/visit", until="08:00", **typed)
    assert wrong.status_code == 422
    assert 'id="until-error"' in wrong.text
    for _ in range(2):
        assert post(owner, "/labels/hand-over/1/visit", until="12:00", **typed).status_code == 303
    depot.work()
    assert len(Counting.visits) == 1
    assert post(owner, "/labels/hand-over/1/visit", until="12:00", **typed).status_code == 409


class Printing(Counting):
    """A carrier with a protocol of its own: down at first, then cut off, then there."""

    papers: list = []

    def protocol(self, references):
        said = self.papers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said + ",".join(references).encode() + b" %%EOF"


def test_the_carriers_protocol_is_fetched_by_a_worker_never_by_who_looks(owner, depot):
    depot.oms.registry.connectors["counting"] = Printing
    paper = b"%PDF-1.4 theirs "
    Printing.papers = [ChannelDown("storm"), b"no paper", paper]
    depot.bought(depot.order("A", {"KUB": 1}))
    depot.do(hand_over.give, depot.carrier.id, [1])
    for _ in range(3):
        assert "Our protocol" in owner.get("/labels/hand-over").text
        assert not owner.get("/labels/hand-over/1.pdf").data.startswith(paper)
        assert post(owner, "/labels/hand-over/1/paper", part=False).status_code == 303
        depot.forward(hours=1)
        depot.work()
    assert "Our protocol" not in owner.get("/labels/hand-over").text
    for _ in range(2):
        assert owner.get("/labels/hand-over/1.pdf").data.startswith(paper)
    assert Printing.papers == []


def test_who_needs_no_courier_after_all_says_so(owner, depot):
    depot.bought(depot.order("A", {"KUB": 1}))
    depot.do(hand_over.give, depot.carrier.id, [1])
    with depot.works.writing(SYSTEM) as work:
        hand_over.note(work, 1, hand_over.REFUSED, why="nobody is free")
    for _ in range(2):
        assert post(owner, "/labels/hand-over/1/without", part=False).status_code == 303
    assert "nobody is free" not in owner.get("/labels/hand-over").text
    assert "Couriers who do not come" not in owner.get("/").text


def test_what_a_person_found_out_about_a_label_is_said_at_a_form(owner, depot):
    Counting.after, Counting.knows = [OutcomeUnknown("gone")], False
    Counting.label_says = [Refused("no such paper")]
    order_id = depot.order("A", {"KUB": 1})
    depot.pack(order_id)
    depot.book(order_id)
    depot.work()
    depot.forward(hours=1)
    depot.work()
    assert 'href="/labels/1/bought"' in owner.get("/labels?view=unknown").text
    assert depot.booking(1).key in owner.get("/labels/1/bought").text
    wrong = post(owner, "/labels/1/bought", part=False, tracking="what is it?")
    assert wrong.status_code == 422
    assert 'id="tracking-error"' in wrong.text
    assert 'value="what is it?"' in wrong.text
    assert post(owner, "/labels/1/bought", part=False, tracking="CC 77").status_code == 303
    depot.work()
    assert "Labels bought without their file" in owner.get("/").text
    page = owner.get("/labels?view=unprinted").text
    assert "no such paper" in page
    assert 'href="/labels/1/file"' in page
    for content in (b"", b"%PDF-1.4 cut off"):
        answer = post(owner, "/labels/1/file", part=False, file=(io.BytesIO(content), "a.pdf"))
        assert answer.status_code == 422
        assert 'id="file-error"' in answer.text
    sent = b"%PDF-1.4 whole %%EOF"
    assert post(owner, "/labels/1/file", part=False,
                file=(io.BytesIO(sent), "a.pdf")).status_code == 303
    assert owner.get("/labels/1.pdf").data == sent
    assert "Labels bought without their file" not in owner.get("/").text


def test_a_refusal_is_settled_by_a_label_of_its_own_parcel_only(owner, depot):
    """And the card offers a label for the parcel that has none."""
    order_id = depot.order("A", {"KUB": 2})
    bare = depot.pack(order_id)
    Counting.before = [Refused("too heavy")]
    depot.book(order_id)
    depot.work()
    with depot.works.writing(SYSTEM) as work:
        first = work.session.get_one(Shipment, bare)
        other = Shipment(order_id=order_id, warehouse_id=first.warehouse_id, state="packed",
                         created_at=work.now)
        work.session.add(other)
        work.session.flush()
        work.session.add(Parcel(shipment_id=other.id))
        work.session.flush()
        label.book_shipment(work, other.id)
    depot.work()
    assert depot.booking(2).state == "confirmed"
    assert "too heavy" in owner.get("/labels?view=refused").text
    assert "Buy a label" in owner.get(f"/orders/{order_id}").text
    depot.do(label.book_shipment, bare)
    depot.work()
    assert "too heavy" not in owner.get("/labels?view=refused").text
    assert "Buy a label" not in owner.get(f"/orders/{order_id}").text


def test_a_courier_is_not_called_for_a_time_that_is_over(owner, depot):
    depot.bought(depot.order("A", {"KUB": 1}))
    day = (local_day(depot.moment) + timedelta(days=1)).isoformat()
    post(owner, "/labels/hand-over", part=False, carrier=depot.carrier.id, parcel=["1"], calls="y",
         day=day, ready_from="09:00", until="12:00")
    depot.forward(days=3)
    depot.work()
    with depot.works.reading(SYSTEM) as work:
        row = work.session.get(HandOver, 1)
        assert (row.state, row.due_at, Counting.visits) == ("refused", None, [])
        assert "was over" in row.why


def test_the_sender_lives_in_a_country_that_is_one(owner, depot):
    said = {"buy_when": "packed", "label_format": "pdf_a6", "default_g": "1000",
            "phone": "422000100", "street": "Polna 1", "postcode": "90-001", "city": "Hof"}
    wrong = post(owner, "/settings/shipping", part=False, country="2026-99-99", **said)
    assert wrong.status_code == 422
    assert re.search(r'id="country-error".*?2026-99-99', wrong.text, re.DOTALL)
    long = post(owner, "/settings/shipping", part=False, country="DE",
                **said | {"city": "H" * 121, "contents": "x" * 61})
    assert re.search(r'id="city-error".*?120', long.text, re.DOTALL)
    assert re.search(r'id="contents-error".*?60', long.text, re.DOTALL)
    assert post(owner, "/settings/shipping", part=False, country="DE", **said).status_code == 303


def test_rules_and_packaging_are_edited_and_wrong_ones_say_why(owner, depot):
    page = owner.get("/settings/shipping")
    assert "all others" in text_of(page)
    answer = post(owner, "/settings/shipping/rules", part=False, **{"rule-service": "nothing:x"})
    assert answer.status_code == 422
    answer = post(owner, "/settings/shipping/rules", part=False, **{
        "rule-service": "own", "rule-country": "PL", "rule-most": "100", "rule-cod": "no"})
    assert answer.status_code == 303
    assert "Own courier" in text_of(owner.get("/settings/shipping"))
    with depot.works.reading(SYSTEM) as work:
        first, second = sending.rows(work.session)
    post(owner, f"/settings/shipping/rules/{second.id}/up", part=False)
    with depot.works.reading(SYSTEM) as work:
        assert [row.id for row in sending.rows(work.session)] == [second.id, first.id]
    order_id = depot.order("A", {"KUB": 1})
    answer = post(owner, "/labels/buy", part=False, order=[order_id])
    assert "goes by our own courier" in text_of(answer)
    box = {"box-name": "Karton", "box-length_mm": "300", "box-width_mm": "200",
           "box-height_mm": "100", "box-weight_g": "90"}
    assert post(owner, "/settings/shipping/packaging", part=False, **box).status_code == 303
    assert post(owner, "/settings/shipping/packaging", part=False, **box).status_code == 422
    answer = post(owner, "/settings/shipping", part=False, buy_when="packed", label_format="zpl",
                  default_g="500", name="Sklep", phone="500600700")
    assert answer.status_code == 303
    depot.book(order_id, wanted=_by(depot))
    drain(depot.oms)
    told = next(iter(Counting.sold.values()))[0][1]
    assert (told.sender.name, told.sender.phone) == ("Sklep", "500600700")
    assert (told.packages[0].length_mm, told.packages[0].weight_g) == (300, 340)
    assert owner.get("/labels/1.zpl").data.startswith(b"^XA")


def _by(depot):
    from oms_web.domain.shipping.planning import Wanted

    return Wanted(account_id=depot.carrier.id, service="door")


def test_a_carrier_stands_apart_from_channels_and_asks_nothing_of_selling(owner, depot):
    page = text_of(owner.get("/channels"))
    assert "Carriers and gateways" in page
    form = owner.get("/channels/new/counting").get_data(True)
    assert "publish_stock" not in form


# On paper -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("labels", "sheets"), [(1, 1), (4, 1), (5, 2)])
def test_four_labels_lie_on_a_sheet(labels, sheets):
    pages = [page for _ in range(labels) for page in label_sheets.pages_of(a_label())]
    made = PdfReader(io.BytesIO(label_sheets.four_on_a4(pages)))
    assert len(made.pages) == sheets
    assert [round(float(one)) for one in made.pages[0].mediabox[2:]] == [595, 842]
    assert len(PdfReader(io.BytesIO(label_sheets.one_after_another(pages))).pages) == labels


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4 nothing %%EOF", b"<html>", a_label(pages=21)])
def test_what_is_no_label_is_refused_and_breaks_nothing(content):
    with pytest.raises(PdfFailed):
        label_sheets.pages_of(content)


def test_labels_of_many_orders_are_one_file_and_who_has_none_is_named(depot, monkeypatch):
    monkeypatch.setattr(Counting, "label", lambda *_: type("L", (), {"content": a_label()})())
    with_one, without = depot.order("A", {"KUB": 1}), depot.order("B", {"KUB": 1})
    depot.bought(with_one)
    batch = depot.oms.printing.batch("label_a4", [with_one, without], SYSTEM, "pl",
                                     lambda *_: None)
    assert (batch.printed, set(batch.failed)) == (1, {without})
    assert batch.pdf.startswith(b"%PDF-")
