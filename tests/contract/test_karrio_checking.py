"""The bridge to karrio as far as it can be looked at without karrio: its packaging, how a request
is held against its booking, and how a plugin's source is read.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from copy import deepcopy
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest
from oms_connector import Booking, Package
from oms_karrio import KNOWN, DhlParcelDe, FedEx, checking, loading, seam
from oms_karrio.carriers import DHL_PARCEL_DE, FEDEX

from tests.contract.inpost_standin import BUYER, SELLER

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "connectors" / "oms_karrio"
PARCEL = Booking("OMS-1", "fedex_regional_economy", SELLER, BUYER, [Package(2501, 305, 200, 100)])
SETTINGS = {"account_number": "123", "billing_number": "BILL"}


def party(address):
    company = {"companyName": address.company} if address.company else {}
    return {"contact": {"personName": address.name, "phoneNumber": address.phone} | company,
            "address": {"streetLines": [address.street], "city": address.city,
                        "postalCode": address.postcode, "countryCode": address.country}}


def request():
    """What FedEx should be told of ``PARCEL``: 2501 g are 2.51 kg, 305 mm are 31 cm."""
    return {
        "accountNumber": {"value": "123"}, "shipAction": "CONFIRM", "labelResponseOptions": "LABEL",
        "requestedShipment": {
            "serviceType": "FEDEX_REGIONAL_ECONOMY", "preferredCurrency": "PLN",
            "totalPackageCount": 1,
            "pickupType": "DROPOFF_AT_FEDEX_LOCATION",
            "packagingType": "YOUR_PACKAGING",
            "shipper": party(SELLER), "recipients": [party(BUYER)],
            "labelSpecification": {"imageType": "PDF", "labelStockType": "STOCK_4X6"},
            "shippingChargesPayment": {"paymentType": "SENDER", "payor": {
                "responsibleParty": {"accountNumber": {"value": "123"}}}},
            "requestedPackageLineItems": [{
                "groupPackageCount": 1, "weight": {"units": "KG", "value": 2.51},
                "dimensions": {"length": 31.0, "width": 20.0, "height": 10.0, "units": "CM"},
                "customerReferences": [{"value": "OMS-1"}]}],
        },
    }


def put(document, path, value):
    *names, last = path.split(".")
    for name in names:
        document = document[int(name) if name.isdigit() else name]
    document[last] = value


def blamed(document, booking=PARCEL, carrier=FEDEX):
    return [flaw.field for flaw in checking.differences(carrier, document, booking, SETTINGS)]


def test_a_request_that_says_the_same_may_be_sent():
    assert blamed(request()) == []


BOX = "requestedShipment.requestedPackageLineItems.0."
RECEIVER = "requestedShipment.recipients.0."


@pytest.mark.parametrize(("path", "value", "field"), [
    (BOX + "weight.value", 2, "packages.0.weight_g"),
    (BOX + "weight.value", 2.5, "packages.0.weight_g"),
    (BOX + "weight.value", "much", "packages.0.weight_g"),
    (BOX + "weight.units", "LB", "packages.0.weight_g"),
    (BOX + "dimensions.units", "IN", "packages.0.length_mm"),
    (BOX + "dimensions.width", 21, "packages.0.width_mm"),
    (RECEIVER + "address.streetLines", ["15 Jana Pawła II m. 7"], "receiver.street"),
    (RECEIVER + "address.streetLines", ["Jana Pawła II"], "receiver.street"),
    (RECEIVER + "address.postalCode", "00-829", "receiver.postcode"),
    (RECEIVER + "address.city", "Warsaw", "receiver.city"),
    (RECEIVER + "address.countryCode", "DE", "receiver.country"),
    (RECEIVER + "contact.personName", "N/A", "receiver.name"),
    ("requestedShipment.shipper.contact.companyName", "Sklep", "sender.name"),
    (RECEIVER + "contact.phoneNumber", "000-000-0000", "receiver.phone"),
    ("requestedShipment.shipper.address.streetLines", ["7 Składowa"], "sender.street"),
    ("requestedShipment.preferredCurrency", "USD", "currency"),
    (BOX + "declaredValue", {"amount": 0, "currency": "USD"}, "currency"),
    ("requestedShipment.serviceType", "PRIORITY_OVERNIGHT", "service"),
    ("requestedShipment.labelSpecification.imageType", "PNG", ""),
    (BOX + "customerReferences", [], ""), ("accountNumber.value", "999", ""),
    ("requestedShipment.customsClearanceDetail", {"commodities": [1]}, ""),
    ("requestedShipment.pickupType", "CONTACT_FEDEX_TO_SCHEDULE", ""),
    ("requestedShipment.totalDeclaredValue", {"amount": 1.0}, "insured"),
    ("requestedShipment.requestedPackageLineItems", [], "packages"),
])
def test_what_karrio_would_say_otherwise_is_found(path, value, field):
    document = request()
    put(document, path, value)
    assert field in blamed(document)


def test_a_value_that_is_insured_is_told_to_the_grosz():
    insured, document = replace(PARCEL, insured=Decimal("500.10")), request()
    assert blamed(document, insured) == ["insured"]
    document["requestedShipment"]["totalDeclaredValue"] = {"amount": 500.1, "currency": "PLN"}
    assert blamed(document, insured) == []


FEDEX_EXTRAS = [
    "requestedShipment.shipmentSpecialServices.shipmentCODDetail.codCollectionAmount.amount",
    BOX + "packageSpecialServices.signatureOptionType", "requestedShipment.somethingNew.amount",
]
DHL_EXTRAS = [f"body.shipments.0.services.{name}" for name in (
    "cashOnDelivery.value", "additionalInsurance.value", "premium", "namedPersonOnly",
    "dhlRetoure.billingNumber", "goGreenPlus", "somethingNew")]


@pytest.mark.parametrize("path", FEDEX_EXTRAS)
def test_what_nobody_ordered_of_fedex_is_refused_without_being_listed(path):
    document = request()
    plant(document, path, 9.5)
    assert blamed(document) == [""]
    plant(document, path, False)
    assert blamed(document) == []


@pytest.mark.parametrize("path", DHL_EXTRAS)
def test_what_nobody_ordered_of_dhl_is_refused_without_being_listed(path):
    parcel, document = german()
    plant(document, path, True)
    [flaw] = checking.differences(DHL_PARCEL_DE, document, parcel, SETTINGS)
    assert path.replace("shipments.0", "shipments.*") in flaw.message


@pytest.mark.parametrize(("wish", "value"), [
    ("cod", Decimal("9.50")), ("point", "WAW01A"), ("is_return", True), ("options", {"sat": "1"}),
    ("insured", Decimal("9.50")),
])
def test_a_wish_that_is_told_nowhere_is_refused(wish, value):
    """Whatever services say of themselves: a bridge that forgot to tell it does not sell it."""
    parcel, document = german()
    for carrier, one, said in ((FEDEX, PARCEL, request()), (DHL_PARCEL_DE, parcel, document)):
        assert blamed(said, replace(one, **{wish: value}), carrier) == [wish]


def test_every_field_of_a_booking_is_held_told_or_known_to_order_nothing():
    """A new one in the SDK is loud here until somebody decided."""
    decided = (*checking.HELD, *checking.WISHES, *checking.FREE)
    assert sorted(decided) == sorted(one.name for one in fields(Booking))


def plant(document, path, value):
    *names, last = path.split(".")
    for name in names:
        document = document[int(name)] if name.isdigit() else document.setdefault(name, {})
    document[last] = value


def test_another_ones_account_is_not_billed_for_a_german_parcel():
    """karrio bills the numbers of DHL's documentation where it knows none."""
    parcel, document = german()
    assert blamed(document, parcel, DHL_PARCEL_DE) == []
    other = deepcopy(document)
    put(other, "body.shipments.0.billingNumber", "33333333330102")
    assert len(blamed(other, parcel, DHL_PARCEL_DE)) == 1
    put(document, "body.shipments.0.consignee.addressHouse", "1")
    assert blamed(document, parcel, DHL_PARCEL_DE) == ["receiver.street"]


def german():
    """A parcel within Germany, and what DHL should be told of it."""
    address = replace(BUYER, street="Hauptstraße 12a", postcode="10115", city="Berlin",
                      country="DE")
    said = {"name1": address.name, "addressStreet": "Hauptstraße", "addressHouse": "12a",
            "postalCode": "10115", "city": "Berlin", "country": "DEU"}
    parcel = replace(PARCEL, service="dhl_parcel_de_paket", sender=address, receiver=address,
                     currency="EUR")
    one = {"billingNumber": "BILL", "product": "V01PAK", "refNo": "OMS-1", "shipper": said,
           "consignee": {**said, "phone": address.phone}, "services": {"endorsement": "RETURN"},
           "details": {"weight": {"uom": "kg", "value": 2.51},
                       "dim": {"uom": "cm", "length": 31, "width": 20, "height": 10}}}
    return parcel, {"query": {"docFormat": "PDF", "printFormat": "910-300-300"},
                    "body": {"shipments": [one]}}


@pytest.mark.parametrize(("source", "found"), [
    ("import requests", {"requests"}), ("from urllib.request import urlopen", {"urllib.request"}),
    ("from urllib import request", {"urllib.request"}), ("import http.client", {"http.client"}),
    ("def late():\n    import socket", {"socket"}), ("__import__('so' + 'cket')", {"__import__"}),
    ("helpers.urlopen('https://a')", {"urlopen"}),
    ("import importlib", {"importlib"}), ("import os\nos.system('curl a')", {"system"}),
    ("import os\nos.popen('a')", {"popen"}),
    ("import urllib.parse, gzip, base64\nimport karrio.lib as lib\nlib.request(url='a')", set()),
])
def test_a_plugin_that_goes_round_is_told_by_its_source(source, found):
    names = set(loading.found_in(source))
    assert found <= names
    assert bool(found) == bool(names)


@pytest.mark.parametrize(("body", "whole"), [
    (b"", True), (b'{"a": 1}', True), (b'{"a": 1', False), (b"<a><b/></a>", True),
    (b" <?xml version='1.0'?><a><b/>", False), (b"%PDF-1.4", True), (b"<html><br>sorry", False),
    (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", False),
])
def test_half_an_answer_is_none(body, whole):
    assert seam.is_whole(body) is whole


def test_without_karrio_no_carrier_is_offered_and_what_is_there_is_complete():
    assert {one.manifest.key for one in KNOWN} == {"karrio_fedex", "karrio_dhl_parcel_de"}
    for kind in (FedEx, DhlParcelDe):
        names = [field.name for field in kind.manifest.settings]
        assert kind.carrier.blames in names
        assert len(set(names)) == len(names)
        assert kind.base_url({}).startswith("https://")
        assert kind.base_url({}) != kind.base_url({"test": True})


def test_the_distribution_is_apart_pinned_and_written_down():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["oms.connectors"] == {"karrio": "oms_karrio"}
    extras = project["optional-dependencies"].values()
    pins = [*project["dependencies"], *(pin for extra in extras for pin in extra)]
    assert all(re.fullmatch(r"karrio[a-z-]*==[\d.]+", pin) for pin in pins)
    lock = (ROOT / "requirements" / "karrio.txt").read_text("utf-8")
    blocks = re.split(r"\n(?=\S)", lock)
    assert {pin.split("==")[0] for pin in pins} <= {block.split("==")[0] for block in blocks}
    assert all("--hash=sha256:" in block for block in blocks if block[:1].isalnum())
    assert "://" not in lock
    for name in ("runtime", "test"):
        others = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        assert "karrio" not in others
        assert "pypdf2" not in others.casefold()
    page = (ROOT / "docs" / "connectors" / "karrio.md").read_text("utf-8")
    assert all(word in page for word in ("LGPL-3.0", "PyPDF2", "requirements/karrio.txt"))
    assert "karrio.md" in (ROOT / "README.md").read_text("utf-8")


def test_it_imports_the_sdk_the_standard_library_and_karrio_only_late():
    for file in sorted((FOLDER / "oms_karrio").glob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        named = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                 for one in node.names}
        named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        tops = {name.partition(".")[0] for name in named}
        assert tops <= {"oms_connector", "oms_karrio", "loguru", *sys.stdlib_module_names}, file
