"""Parcels that are sent with Allegro: only where the seller wants it, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from oms_allegro import sending, words
from oms_connector import Context, NotSupported, OutcomeUnknown, Pickup, Refused
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost

from tests.contract.allegro_sending import COURIER, LOCKER, SCANS
from tests.contract.allegro_standin import Allegro
from tests.contract.inpost_standin import BUYER, SELLER


@pytest.fixture
def bench():
    with open_bench(Allegro) as opened:
        yield opened


def booked(bench, key="OMS-1"):
    bench.call(lambda c: c.book(bench.standin.booking(key)))
    bench.standin.finish_bookings()
    return bench.call(lambda c: c.find_booking(key))


def without_shipping(bench):
    made = bench.connector()
    context = made.context
    settings = {**context.settings, "shipping": ""}
    return type(made)(Context(settings, context.secrets, context.http, context.now, context.log))


def test_services_say_in_their_name_whether_they_go_to_a_point(bench):
    courier, locker = bench.call(lambda c: c.services())
    assert (courier.ref, courier.needs_point, courier.cod) == (f"{COURIER}::", False, True)
    assert locker.ref.startswith(f"{LOCKER}:")
    assert locker.ref.endswith(":point")
    assert (locker.needs_point, locker.cod) == (True, False)


def test_who_did_not_switch_it_on_is_asked_for_no_more_rights_than_before(bench):
    plain = without_shipping(bench)
    assert plain.services() == []

    def scopes(connector):
        url = connector.authorize_url("https://oms.example/back", "s", "c")
        return parse_qs(urlsplit(url).query)["scope"][0].split()

    more = set(scopes(bench.connector())) - set(scopes(plain))
    assert more == {"allegro:api:shipments:read", "allegro:api:shipments:write"}


def test_a_missing_right_to_parcels_does_not_stop_the_account(bench):
    bench.standin.sending.agreed = False
    for act in (lambda c: c.services(), lambda c: c.find_booking("OMS-1"),
                lambda c: c.book(bench.standin.booking("OMS-1"))):
        with pytest.raises(NotSupported, match="connect it again"):
            bench.call(act)


def test_a_shipment_in_allegros_form(bench):
    made = sending.shipment(replace(
        bench.standin.booking("OMS-1", "cod"), note="1001",
        options={"iban": "PL48109024022441789739167589", "holder": "Jan Kowalski"}))
    assert made["cashOnDelivery"] == {"amount": "123.45", "currency": "PLN",
                                      "iban": "PL48109024022441789739167589",
                                      "ownerName": "Jan Kowalski"}
    assert made["referenceNumber"] == "1001"
    assert made["packages"] == [{
        "type": "PACKAGE", "textOnLabel": "1001",
        "length": {"value": 30.5, "unit": "CENTIMETER"},
        "width": {"value": 20.0, "unit": "CENTIMETER"},
        "height": {"value": 10.0, "unit": "CENTIMETER"},
        "weight": {"value": 2.5, "unit": "KILOGRAMS"}}]


@pytest.mark.parametrize(("path", "field"), [
    ("input.receiver.postalCode", "receiver.postcode"), ("receiver.point", "point"),
    ("input.packages[1].weight.value", "packages.1.weight_g"), ("packages", "packages"),
    ("input.cashOnDelivery.amount", "cod"), ("input.deliveryMethodId", "service"), ("x", ""),
])
def test_fields_of_a_command_and_of_the_booking(path, field):
    assert sending.booking_field(path) == field


def test_a_lost_command_is_found_and_a_failed_one_says_why(bench):
    def lost(request, answer):
        answer()
        raise Lost

    bench.line.faults = {1: lost}
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    assert bench.call(lambda c: c.find_booking("OMS-1")).state == "pending"
    nowhere = replace(bench.standin.booking("OMS-2"), receiver=replace(BUYER, city="Nigdzie"))
    bench.call(lambda c: c.book(nowhere))
    bench.standin.finish_bookings()
    assert bench.call(lambda c: c.find_booking("OMS-1")).state == "confirmed"
    found = bench.call(lambda c: c.find_booking("OMS-2"))
    assert (found.state, found.message) == ("refused", "Nie wozimy tam.")
    assert len(bench.standin.sending.shipments) == 1


def test_a_courier_comes_on_the_day_asked_for_if_he_can(bench):
    found = booked(bench)
    ready = datetime.fromisoformat("2026-11-25T08:00:00+00:00")
    visit = Pickup("COURIER-1", ready, ready + timedelta(hours=3), SELLER, [found.reference], 1, 1)
    first = bench.call(lambda c: c.order_pickup(visit))
    assert bench.call(lambda c: c.order_pickup(visit)) == first
    [command] = [one for one in bench.standin.sending.commands.values() if one.get("pickupId")]
    assert command["input"]["pickupDateProposalId"] == "202611251000"
    assert sending.proposal([], [found.reference], "2026-11-25") == ""
    other = [{"proposals": [{"shipmentId": "a", "proposalItems": [{"id": "1", "name": "x"}]},
                            {"shipmentId": "b", "proposalItems": [{"id": "2", "name": "x"}]}]}]
    assert sending.proposal(other, ["a", "b"], "x") == ""  # no time at which all can be fetched
    days = [{"id": day, "name": f"2026-11-{day} 10:00-13:00"} for day in ("24", "26", "25")]
    both = [{"proposals": [{"shipmentId": "a", "proposalItems": days}]}]
    assert sending.proposal(both, ["a"], "2026-11-25") == "25"
    assert sending.proposal(both, ["a"], "2026-11-27") == "24"


def test_every_code_of_tracking_has_a_word():
    codes = {"PENDING", "IN_TRANSIT", "RELEASED_FOR_DELIVERY", "AVAILABLE_FOR_PICKUP",
             "NOTICE_LEFT", "ISSUE", "DELIVERED", "RETURNED"}
    assert set(sending.STATES) == codes >= set(SCANS.values())


def test_a_service_that_is_none_is_refused_at_once(bench):
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(replace(bench.standin.booking("OMS-1"), service="dpd")))
    assert (refused.value.field, str(refused.value)) == ("service", words.NO_SERVICE)
