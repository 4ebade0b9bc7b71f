"""A booking as UPS wants it, and what it would refuse. Pure.

Source: Shipping.yaml and Rating.yaml of the vendor, version 2409.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw, Package
from oms_connector.flaws import of_amounts

from oms_ups import words

EUROPE = ("PL", "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
          "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT", "RO", "SE", "SI", "SK")
HEAVIEST_G = 70_000
SERVICES: Mapping[str, CarrierService] = {ref: CarrierService(
    ref, name, cod=True, heaviest_g=HEAVIEST_G, countries=EUROPE) for ref, name in (
        ("11", "UPS Standard"), ("65", "UPS Express Saver"), ("07", "UPS Express"),
        ("74", "UPS Express 12:00"), ("54", "UPS Express Plus"))}
LINE, MOST_LINES = 35, 3
PRINT_RETURN_LABEL = "9"


def shipment(booking: Booking, account: str) -> Mapping[str, Any]:
    """The ``Shipment`` of a request to ship, for a booking without flaws.

    Our key is the first reference number. A return is paid by us and shipped by the buyer.
    """
    ours = booking.receiver if booking.is_return else booking.sender
    document: dict[str, Any] = {
        "Description": (booking.contents or booking.note or booking.key)[:LINE],
        "Shipper": {**party(ours), "ShipperNumber": account},
        "ShipTo": party(booking.receiver),
        "ShipFrom": _only(party(booking.sender), "Name", "AttentionName", "Phone", "Address"),
        "PaymentInformation": {"ShipmentCharge": [
            {"Type": "01", "BillShipper": {"AccountNumber": account}}]},
        "Service": {"Code": booking.service},
        "ReferenceNumber": [{"Value": told[:LINE]} for told in (booking.key, booking.note) if told],
        "Package": [_package(booking, box) for box in booking.packages],
    }
    if booking.is_return:
        document["ReturnService"] = {"Code": PRINT_RETURN_LABEL}
    if booking.cod is not None:
        document["ShipmentServiceOptions"] = {"COD": {
            "CODFundsCode": "1", "CODAmount": _money(booking.cod, booking.currency)}}
    return document


def rated(booking: Booking, account: str) -> Mapping[str, Any]:
    """The ``Shipment`` of a request for prices: Rating knows fewer parts, one by another name."""
    whole = shipment(booking, account)
    found = {name: _only(whole[name], "Name", "AttentionName", "ShipperNumber", "Address")
             for name in ("Shipper", "ShipTo", "ShipFrom")}
    found["PaymentDetails"] = whole["PaymentInformation"]
    found["ShipmentRatingOptions"] = {"NegotiatedRatesIndicator": "Y"}
    if "ShipmentServiceOptions" in whole:
        found["ShipmentServiceOptions"] = whole["ShipmentServiceOptions"]
    return {**found, "Package": [
        {"PackagingType": box["Packaging"]} | _only(
            box, "Dimensions", "PackageWeight", "PackageServiceOptions")
        for box in whole["Package"]]}


def _only(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: document[name] for name in names if name in document}


def party(address: Address) -> Mapping[str, Any]:
    """A party in UPS's form: who, and at most three lines of address."""
    name = address.company.strip() or address.name.strip()
    country = address.country or "PL"
    postcode = address.postcode.strip()
    found: dict[str, Any] = {
        "Name": name[:LINE],
        "AttentionName": (address.name.strip() or name)[:LINE],
        "Phone": {"Number": re.sub(r"\D", "", address.phone)[-15:]},
        "Address": {
            "AddressLine": lines(address.street), "City": address.city.strip()[:30],
            "PostalCode": postcode.replace("-", "") if country == "PL" else postcode,
            "CountryCode": country},
    }
    if address.email.strip():
        found["EMailAddress"] = address.email.strip()
    return found


def lines(street: str) -> list[str]:
    """A street in lines of at most 35 characters, cut between words."""
    found = [""]
    for word in street.split():
        if found[-1] and len(found[-1]) + 1 + len(word) > LINE:
            found.append("")
        found[-1] = f"{found[-1]} {word}".strip()
    return found


def _package(booking: Booking, box: Package) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "Description": (booking.contents or booking.note or "Goods")[:LINE],
        "Packaging": {"Code": "02"},
        "PackageWeight": {"UnitOfMeasurement": {"Code": "KGS"},
                          "Weight": str(Decimal(box.weight_g) / 1000)},
    }
    if box.length_mm:
        sides = sorted((box.length_mm, box.width_mm, box.height_mm), reverse=True)
        found["Dimensions"] = {"UnitOfMeasurement": {"Code": "CM"}} | {
            name: str(-(-side // 10))
            for name, side in zip(("Length", "Width", "Height"), sides, strict=True)}
    if booking.insured is not None:
        found["PackageServiceOptions"] = {
            "DeclaredValue": _money(booking.insured, booking.currency)}
    return found


def _money(amount: Decimal, currency: str) -> Mapping[str, str]:
    return {"CurrencyCode": currency, "MonetaryValue": f"{amount:.2f}"}


def flaws(booking: Booking) -> Sequence[Flaw]:
    """What UPS would refuse, as far as its files tell."""
    found: list[Flaw] = []
    if booking.service not in SERVICES:
        found.append(Flaw("service", words.NO_SERVICE))
    return [*found, *of_amounts(booking), *_party("sender", booking.sender),
            *_party("receiver", booking.receiver), *_packages(booking)]


def _party(who: str, address: Address) -> Iterator[Flaw]:
    if not (address.name.strip() or address.company.strip()):
        yield Flaw(f"{who}.name", words.MISSING)
    for field in ("street", "city", "postcode"):
        if not getattr(address, field).strip():
            yield Flaw(f"{who}.{field}", words.MISSING)
    if not re.search(r"\d{6}", re.sub(r"\D", "", address.phone)):
        yield Flaw(f"{who}.phone", words.MISSING)
    cut = lines(address.street)
    if len(cut) > MOST_LINES or any(len(line) > LINE for line in cut):
        yield Flaw(f"{who}.street", words.LONG % {"most": LINE * MOST_LINES})


def _packages(booking: Booking) -> Iterator[Flaw]:
    if not booking.packages:
        yield Flaw("packages", words.MISSING)
    if len(booking.packages) > 1:
        yield Flaw("packages", words.ONE_PARCEL)
    for place, box in enumerate(booking.packages):
        sides = (box.length_mm, box.width_mm, box.height_mm)
        if any(sides) and min(sides) <= 0:
            yield Flaw(f"packages.{place}.length_mm", words.NO_MEASURES)
        if box.weight_g <= 0:
            yield Flaw(f"packages.{place}.weight_g", words.NO_WEIGHT)
        if box.weight_g > HEAVIEST_G:
            yield Flaw(f"packages.{place}.weight_g", words.TOO_HEAVY % {"kg": HEAVIEST_G // 1000})
