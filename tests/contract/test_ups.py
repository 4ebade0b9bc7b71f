"""The connector to UPS: by the kit, what it says, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import AccessRefused, NotSupported, OutcomeUnknown, Package, Refused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_ups import answers, calls, form, words

from tests.contract.inpost_standin import BUYER
from tests.contract.ups_standin import ACCOUNT, Ups

LONG = "Osiedle Tysiąclecia Państwa Polskiego i Jego Obrońców 12345 m. 67890"


class TestUpsByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Ups


@pytest.fixture
def bench():
    with open_bench(Ups) as opened:
        yield opened


def lost(request, answer):
    answer()
    raise Lost


def test_a_shipment_in_ups_form(bench):
    booking = replace(bench.standin.booking("OMS-1"), insured=Decimal("500"),
                      packages=[Package(2500, 100, 305, 200)])
    made = form.shipment(booking, ACCOUNT)
    assert made["ReferenceNumber"] == [{"Value": "OMS-1"}, {"Value": "1001"}]
    assert made["ShipTo"]["Address"] == {
        "AddressLine": ["Jana Pawła II 15 m. 7"], "City": "Warszawa", "PostalCode": "00828",
        "CountryCode": "PL"}
    assert "EMailAddress" not in made["ShipFrom"]
    [box] = made["Package"]
    assert box["Dimensions"] == {"UnitOfMeasurement": {"Code": "CM"}, "Length": "31",
                                 "Width": "20", "Height": "10"}
    assert box["PackageWeight"]["Weight"] == "2.5"
    assert box["PackageServiceOptions"]["DeclaredValue"] == {
        "CurrencyCode": "PLN", "MonetaryValue": "500.00"}


def test_a_return_is_paid_by_us_and_shipped_by_the_buyer(bench):
    made = form.shipment(bench.standin.booking("OMS-1", "return"), ACCOUNT)
    assert made["Shipper"]["Name"] == made["ShipTo"]["Name"] == "Sklep testowy"
    assert made["ShipFrom"]["Name"] == "Anna Nowak-Testowa"
    assert made["ReturnService"] == {"Code": "9"}


@pytest.mark.parametrize(("change", "field"), [
    ({"service": "03"}, "service"), ({"packages": [Package(1), Package(1)]}, "packages"),
    ({"packages": [Package(71_000)]}, "packages.0.weight_g"),
    ({"packages": [Package(500, 10)]}, "packages.0.length_mm"),
    ({"receiver": replace(BUYER, street=LONG * 2)}, "receiver.street"),
    ({"receiver": replace(BUYER, phone="12")}, "receiver.phone"), ({"cod": Decimal(0)}, "cod"),
])
def test_flaws_are_found_before_anything_is_sent(bench, change, field):
    flawed = replace(bench.standin.booking("OMS-1"), **change)
    assert field in [flaw.field for flaw in form.flaws(flawed)]


def test_a_long_street_is_cut_between_words():
    assert all(len(line) <= 35 for line in form.lines(LONG))
    assert " ".join(form.lines(LONG)) == LONG


@pytest.mark.parametrize(("message", "field"), [
    ("Missing or invalid ship to phone number", "receiver.phone"),
    ("Invalid ShipTo postal code", "receiver.postcode"),
    ("Missing or invalid shipper city", "sender.city"),
    ("The requested service is unavailable between the selected locations.", "service"),
    ("Package weight is over the limit", "packages.0.weight_g"), ("Hard error", ""),
])
def test_a_message_tells_the_field_and_is_not_repeated(message, field):
    assert calls.field_in(message) == field


def test_a_lost_answer_is_found_by_its_label_or_waits_for_a_person(bench):
    bench.line.faults = {1: lost}
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    found = bench.call(lambda c: c.find_booking("OMS-1"))
    assert (found.state, len(found.tracking)) == ("confirmed", 1)
    bench.standin.forgets = True
    with pytest.raises(NotSupported) as unsure:
        bench.call(lambda c: c.find_booking("OMS-1"))
    assert str(unsure.value) == words.BY_NUMBER


def test_prices_are_those_of_our_services_and_what_was_scanned_is_not_voided(bench):
    booking = bench.standin.booking("OMS-1")
    assert {rate.service: rate.price for rate in bench.call(lambda c: c.rates(booking))} == {
        "11": Decimal("31.50"), "65": Decimal("80.00")}
    made = bench.call(lambda c: c.book(booking))
    assert made.price == Decimal("31.50")
    bench.standin.travel(made.tracking[0], "accepted")
    with pytest.raises(Refused, match="190101"):
        bench.call(lambda c: c.cancel_booking(made.reference, made.tracking))


def test_who_is_not_let_in_is_told_which_setting_is_wrong(bench):
    assert bench.call(lambda c: c.verify()) == f"UPS {ACCOUNT}"
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify(), {"client_secret": "wrong", "access_token": ""})
    assert refused.value.field == "client_secret"


def test_one_entry_without_its_list_and_a_type_that_is_new():
    activity = {"gmtDate": "20261125", "gmtTime": "10:00:00", "location": {},
                "status": {"type": "Q9", "code": "ZZ", "description": "?"}}
    told = {"trackResponse": {"shipment": {"package": {"activity": activity}}}}
    [event] = answers.journey("1Z", told).events
    assert (event.state, event.raw, event.at.isoformat()) == (
        "announced", "Q9 ZZ", "2026-11-25T10:00:00+00:00")
