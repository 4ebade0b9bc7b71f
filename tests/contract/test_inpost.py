"""What the connector to InPost says to ShipX, and what it makes of the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import (
    ChannelDown,
    NotFound,
    OutcomeUnknown,
    Package,
    Pickup,
    Refused,
    WebhookRefused,
)
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_connector.webhooks import SOURCE
from oms_inpost import bell, calls, form, journey, points, words

from tests.contract.inpost_standin import BUYER, SELLER, ShipX

SETTINGS = {"organization": "4711", "sending": "parcel_locker", "dropoff": "KRA012"}
# "Statuses" of the documentation, as the vendor's own plugins know them.
KNOWN = """\
created offers_prepared offer_selected confirmed dispatched_by_sender collected_from_sender
taken_by_courier adopted_at_source_branch sent_from_source_branch ready_to_pickup_from_pok
ready_to_pickup_from_pok_registered oversized adopted_at_sorting_center sent_from_sorting_center
adopted_at_target_branch out_for_delivery ready_to_pickup pickup_reminder_sent delivered
pickup_time_expired avizo claimed returned_to_sender canceled other dispatched_by_sender_to_pok
out_for_delivery_to_address pickup_reminder_sent_address rejected_by_receiver
undelivered_wrong_address undelivered_incomplete_address undelivered_unknown_receiver
undelivered_cod_cash_receiver taken_by_courier_from_pok undelivered
return_pickup_confirmation_to_sender ready_to_pickup_from_branch delay_in_delivery
redirect_to_box canceled_redirect_to_box readdressed undelivered_no_mailbox
undelivered_not_live_address undelivered_lack_of_access_letterbox missing
stack_in_customer_service_point stack_parcel_pickup_time_expired
unstack_from_customer_service_point courier_avizo_in_customer_service_point
taken_by_courier_from_customer_service_point stack_in_box_machine unstack_from_box_machine
stack_parcel_in_box_machine_pickup_time_expired"""


@pytest.fixture
def bench():
    with open_bench(ShipX) as opened:
        yield opened


def booked(bench, wish="plain", key="OMS-1"):
    made = bench.call(lambda c: c.book(bench.standin.booking(key, wish)))
    bench.standin.finish_bookings()
    return bench.call(lambda c: c.find_booking(key, made.reference))


def test_a_parcel_to_a_locker(bench):
    booking = replace(bench.standin.booking("OMS-1", "point"), cod=Decimal("99.90"),
                      insured=Decimal("250"), point="kra010", options={"weekend": "yes"})
    assert form.shipment(booking, SETTINGS) == {
        "service": "inpost_locker_standard", "external_customer_id": "OMS-1", "reference": "1001",
        "sender": {
            "company_name": "Sklep testowy", "first_name": "Jan", "last_name": "Sprzedawca",
            "email": "sklep@example.com", "phone": "500100200",
            "address": {"street": "Składowa", "building_number": "7", "city": "Kraków",
                        "post_code": "31-001", "country_code": "PL"}},
        "receiver": {"first_name": "Anna", "last_name": "Nowak-Testowa",
                     "email": "anna@example.com", "phone": "600700800"},
        "parcels": [{"id": "1", "template": "small"}],
        "custom_attributes": {"sending_method": "parcel_locker", "dropoff_point": "KRA012",
                              "target_point": "KRA010"},
        "cod": {"amount": 99.9, "currency": "PLN"},
        "insurance": {"amount": 250.0, "currency": "PLN"}, "end_of_week_collection": True,
    }


def test_a_courier_insures_what_he_collects_and_short_references_grow(bench):
    made = form.shipment(bench.standin.booking("OMS-1", "cod"), {})
    assert made["insurance"] == made["cod"] == {"amount": 123.45, "currency": "PLN"}
    assert made["reference"] == "nr 7"
    assert made["receiver"]["address"]["building_number"] == "15 m. 7"
    assert made["parcels"] == [{
        "id": "1", "weight": {"amount": "2.5", "unit": "kg"},
        "dimensions": {"length": "300", "width": "200", "height": "100", "unit": "mm"}}]


def test_measures_choose_the_smallest_size(bench):
    booking = bench.standin.booking("OMS-1", "point")
    for sides, size in (((380, 60, 600), "small"), ((190, 380, 640), "medium"),
                        ((640, 410, 380), "large")):
        box = replace(booking, packages=[Package(500, *sides)])
        assert form.shipment(box, {})["parcels"][0]["template"] == size
    [flaw] = form.flaws(replace(booking, packages=[Package(500, 650, 300, 80)]))
    assert (flaw.field, flaw.message) == ("packages.0.size", words.NO_SIZE)


@pytest.mark.parametrize(("change", "field"), [
    ({"service": "inpost_rocket"}, "service"),
    ({"packages": []}, "packages"),
    ({"packages": [Package(51_000, 300, 200, 100)]}, "packages.0.weight_g"),
    ({"packages": [Package(500)]}, "packages.0.length_mm"),
    ({"cod": Decimal(0)}, "cod"),
    ({"cod": Decimal(5), "currency": "EUR"}, "currency"),
    ({"receiver": replace(BUYER, street="Rynek")}, "receiver.street"),
    ({"receiver": replace(BUYER, postcode="828")}, "receiver.postcode"),
    ({"receiver": replace(BUYER, country="DE", postcode="10115")}, "receiver.country"),
    ({"receiver": replace(BUYER, email="")}, "receiver.email"),
    ({"sender": replace(SELLER, phone="")}, "sender.phone"),
    ({"options": {"sending_method": "pigeon"}}, "options.sending_method"),
    ({"key": "x" * 21}, "key"),
])
def test_flaws_are_found_before_anything_is_sent(bench, change, field):
    flawed = replace(bench.standin.booking("OMS-1"), **change)
    assert field in [flaw.field for flaw in form.flaws(flawed)]
    with pytest.raises(Refused):
        bench.call(lambda c: c.book(flawed))
    assert not bench.line.calls


@pytest.mark.parametrize(("change", "field", "says"), [
    ({"point": "WAW99M"}, "point", words.NO_SUCH_POINT),
    ({"point": "KRA012", "cod": Decimal(5)}, "cod", words.NOT_AT_POINT),
])
def test_a_refusal_of_shipx_is_told_at_the_bookings_field(bench, change, field, says):
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(replace(bench.standin.booking("OMS-1", "point"), **change)))
    assert (refused.value.field, str(refused.value)) == (field, says)


@pytest.mark.parametrize(("details", "path", "field"), [
    ({"receiver": [{"address": [{"post_code": ["invalid"]}]}]}, "receiver.address.post_code",
     "receiver.postcode"),
    ({"receiver": {"address": {"building_number": ["required"]}}},
     "receiver.address.building_number", "receiver.street"),
    ({"parcels": [{}, {"weight": [{"amount": ["too_big"]}]}]}, "parcels.1.weight.amount",
     "packages.1.weight_g"),
    ({"parcels": ["invalid"]}, "parcels", "packages"),
    ({"custom_attributes": [{"dropoff_point": ["required"]}]}, "custom_attributes.dropoff_point",
     "options.dropoff_point"),
    ({"mpk": ["invalid"]}, "mpk", ""),
])
def test_fields_of_the_form_and_of_the_booking(details, path, field):
    [(found, _)] = calls.leaves(details)
    assert (found, calls.booking_field(found)) == (path, field)


def test_a_lost_answer_is_found_again_and_bought_once(bench):
    booking = bench.standin.booking("OMS-1")

    def lost(request, answer):
        answer()
        raise Lost

    bench.line.faults = {1: lost}
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    assert bench.call(lambda c: c.find_booking("OMS-1")).state == "pending"
    assert bench.call(lambda c: c.find_booking("OMS-2")) is None
    assert len(bench.standin.shipments_by_id) == 1
    bench.standin.searches = False
    with pytest.raises(ChannelDown, match="other shipments"):
        bench.call(lambda c: c.find_booking("OMS-2"))


def test_what_cannot_be_paid_is_refused_in_words(bench):
    bench.standin.funds = False
    found = booked(bench)
    assert found.state == "refused"
    assert "debt_collection" in found.message


def test_several_parcels_keep_their_order_and_share_a_label(bench):
    found = booked(bench, "several")
    assert found.tracking == sorted(found.tracking)
    assert len(set(found.tracking)) == 2
    label = bench.call(lambda c: c.label(found.reference, found.tracking, "zpl"))
    assert label.content.count(b"^XA") == 2
    with pytest.raises(NotFound):
        bench.call(lambda c: c.label("1", [], "pdf_a6"))


def test_every_known_status_has_a_word_and_a_new_one_changes_nothing():
    assert set(KNOWN.split()) <= set(journey.STATES)
    told = {"tracking_details": [
        {"status": status, "datetime": f"2026-11-{day}T10:00:00.000+01:00", "agency": None}
        for day, status in ((27, "beamed_up"), (26, "ready_to_pickup"), (25, "confirmed"))]}
    found = journey.journey("6", told)
    assert [(event.state, event.raw) for event in found.events] == [
        ("announced", "confirmed"), ("waiting", "ready_to_pickup"), ("waiting", "beamed_up")]
    assert found.events[0].at.isoformat() == "2026-11-25T09:00:00+00:00"


def test_points_are_open_ones_by_code_postcode_or_town(bench):
    found = {one.ref: one for one in bench.call(lambda c: c.points("Kraków", "PL", 20))}
    assert set(found) == {"KRA010", "KRA012", "KRA013M"}
    assert (found["KRA010"].street, found["KRA010"].postcode) == ("Malborska 130", "30-624")
    assert (found["KRA010"].cod, found["KRA012"].cod) == (True, False)
    [counter] = bench.call(lambda c: c.points("pop-waw364", "PL", 20))
    assert counter.kind == "counter"
    assert bench.call(lambda c: c.points("Berlin", "DE", 20)) == []
    assert points.search(" 30-624", 5)["relative_post_code"] == "30-624"


def test_a_courier_comes_to_a_place_that_is_known(bench):
    begin = bench.clock.now + timedelta(hours=2)
    for number in (1, 2):
        found = booked(bench, key=f"OMS-{number}")
        visit = Pickup(f"COURIER-{number}", begin, begin + timedelta(hours=3), SELLER,
                       [found.reference], 1, 2500)
        bench.call(lambda c, visit=visit: c.order_pickup(visit))
    assert len(bench.standin.dispatch_orders) == 2
    assert len(bench.standin.dispatch_points) == 1
    assert bench.standin.dispatch_orders["900"]["office_hours"] == "12:30 - 15:30"
    with pytest.raises(Refused, match="ordered for these parcels before"):
        bench.call(lambda c: c.order_pickup(replace(visit, key="COURIER-3")))


def rung(**more):
    return json.dumps({"event_ts": "2020-03-20 15:08:42 +0100", "event": "shipment_status_changed",
                       "organization_id": 4711, "payload": {
                           "shipment_id": 49, "status": "delivered", "tracking_number": "602677"}}
                      | more).encode()


def test_a_ring_is_known_by_its_network():
    here = {SOURCE: "91.216.25.7"}
    [ring] = bell.hear(rung(), here, "4711")
    assert (ring.kind, ring.ref) == ("parcel", "602677")
    assert ring.at.isoformat() == "2020-03-20T15:08:42+01:00"
    assert ring.event_id == "shipment_status_changed:delivered:602677:2020-03-20 15:08:42 +0100"
    assert bell.hear(rung(payload={"shipment_id": 49, "offers": []}), here, "4711") == []
    for body, headers, organization in (
        (rung(), {SOURCE: "91.216.26.7"}, "4711"), (rung(), {}, "4711"),
        (rung(), {"x-forwarded-for": "91.216.25.7"}, "4711"), (rung(), here, "4712"),
        (b"no json", here, "4711"), (b"[]", here, "4711"),
    ):
        with pytest.raises(WebhookRefused):
            bell.hear(body, headers, organization)
