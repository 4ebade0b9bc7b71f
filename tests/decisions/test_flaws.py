"""What a carrier would refuse is found at its field, all at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from oms_connector import Address, Booking, CarrierService, Package, ParcelSize
from oms_connector.flaws import (
    against,
    centimetres,
    common,
    field_said,
    house_and_flat,
    kilograms,
    of_address,
    postcode_digits,
    unnamed,
)
from oms_demo.courier import GolabConnector

HOME = Address(name="Anna Nowak", street="Polna 2", postcode="00-950", city="Warszawa",
               country="PL", phone="600700800", email="anna@example.com")
SERVICES = (
    CarrierService("door", "Door", cod=True, most_parcels=2, heaviest_g=30_000),
    CarrierService("locker", "Locker", needs_point=True, sizes=(
        ParcelSize("S", 80, 380, 600, 20_000), ParcelSize("L", 380, 410, 600, 25_000))),
)
GOOD = Booking("K-1", "door", HOME, HOME, [Package(2500)])


@pytest.mark.parametrize(("change", "fields"), [
    ({}, set()),
    ({"service": "none"}, {"service"}),
    ({"packages": []}, {"packages"}),
    ({"packages": [Package(1)] * 3}, {"packages"}),
    ({"packages": [Package(0), Package(30_001)]}, {"packages.0.weight_g", "packages.1.weight_g"}),
    ({"receiver": replace(HOME, country="DE")}, {"receiver.country"}),
    ({"cod": Decimal("0"), "currency": "EUR"}, {"cod", "currency"}),
    ({"cod": Decimal("10")}, set()),
    ({"insured": Decimal("10")}, {"insured"}),
    ({"is_return": True}, {"is_return"}),
    ({"service": "locker", "cod": Decimal("1")}, {"point", "cod", "packages.0.size"}),
    ({"service": "locker", "point": "X", "packages": [Package(20_001, size="S")]},
     {"packages.0.weight_g"}),
    ({"service": "locker", "point": "X", "packages": [Package(20_001, size="L")]}, set()),
])
def test_a_booking_against_the_carriers_services(change, fields):
    assert {flaw.field for flaw in against(replace(GOOD, **change), SERVICES)} == fields


NEEDS, LONGEST = ("name", "street", "number", "city", "phone"), {"name": 10, "city": 8}


@pytest.mark.parametrize(("change", "fields"), [
    ({}, set()),
    ({"name": "", "phone": " "}, {"receiver.name", "receiver.phone"}),
    ({"name": "", "company": "Firma"}, set()),
    ({"name": "Anna Maria Nowak"}, {"receiver.name"}),
    ({"street": "Polna"}, {"receiver.street"}),
    ({"street": ""}, {"receiver.street"}),
    ({"city": "Warszawa Wola"}, {"receiver.city"}),
    ({"postcode": "0950"}, {"receiver.postcode"}),
    ({"postcode": "00950"}, set()),
    ({"postcode": "10115", "country": "DE"}, set()),
])
def test_an_address_against_the_carriers_form(change, fields):
    found = of_address("receiver", replace(HOME, **change), NEEDS, LONGEST)
    assert {flaw.field for flaw in found} == fields


@pytest.mark.parametrize(("number", "parts"), [
    ("12/4", ("12", "4")), ("12 m. 4", ("12", "4")), ("12 m 4", ("12", "4")),
    ("7, m. 2", ("7", "2")), ("12A", ("12A", "")), ("2 C/14", ("2 C", "14")), ("1-3", ("1-3", "")),
    ("12A/B/3", ("12A/B/3", "")), ("", ("", "")),
])
def test_a_flat_is_told_from_its_house(number, parts):
    assert house_and_flat(number) == parts


def test_insurance_where_it_can_be_had():
    assert against(replace(GOOD, insured=Decimal("10")), SERVICES, insures=True) == []


@pytest.mark.parametrize(("said", "field"), [
    ("Nieprawidłowy kod pocztowy odbiorcy", "receiver.postcode"),
    ("Numer telefonu nadawcy jest wymagany", "sender.phone"),
    ("Kwota pobrania jest za duża", "cod"), ("Podaj zawartość", "contents"), ("Nie", ""),
])
def test_the_field_is_told_from_words(said, field):
    assert field_said(said) == field


def test_a_carriers_words_name_nobody():
    assert unnamed("Anna Nowak z Polna 2 ma zły kod 00-950", HOME) == "… z … ma zły kod 00-950"


def test_measures():
    assert str(kilograms(2500)) == "2.500"
    assert str(kilograms(1)) == "0.001"
    assert (centimetres(100), centimetres(101), centimetres(0)) == (10, 11, 0)
    assert postcode_digits(" 00-950 ") == "00950"


@pytest.mark.parametrize(("change", "fields"), [
    ({}, set()), ({"cod": Decimal("-5")}, {"cod"}), ({"insured": Decimal("0")}, {"insured"}),
    ({"packages": [Package(0)]}, {"packages.0.weight_g"}), ({"packages": []}, {"packages"}),
    ({"receiver": replace(HOME, country="US"), "is_return": True, "insured": Decimal("9")}, set()),
])
def test_what_no_carrier_takes(change, fields):
    booking = replace(GOOD, **change)
    for service in (SERVICES[0], None):
        assert {one.field for one in common(booking, service)} == fields


def test_a_service_to_points_needs_one_and_may_collect_nothing():
    booking = replace(GOOD, service="locker", cod=Decimal("9"))
    assert {one.field for one in common(booking, SERVICES[1])} == {"point", "cod"}


def test_the_demo_carrier_does_not_fly_everywhere():
    far = replace(GOOD, service="kurier", receiver=replace(HOME, country="US"))
    assert [one.field for one in GolabConnector.check_booking(None, far)] == ["receiver.country"]
    near = replace(far, receiver=replace(HOME, country="DE"))
    assert not GolabConnector.check_booking(None, near)

    class Telling:
        _market = SimpleNamespace(get=lambda *_, **__: {"rates": {"kurier": "14.90"}})

    assert not GolabConnector.rates(Telling, far)
    assert [one.service for one in GolabConnector.rates(Telling, near)] == ["kurier"]
