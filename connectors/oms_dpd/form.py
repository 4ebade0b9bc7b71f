"""A booking as DPDServices wants it, and what it would refuse. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw
from oms_connector.flaws import of_amounts

from oms_dpd import words

HEAVIEST_G = 31_500
COURIER, PICKUP = "courier", "pickup"
SERVICES: Mapping[str, CarrierService] = {
    COURIER: CarrierService(COURIER, "DPD Kurier", cod=True, heaviest_g=HEAVIEST_G),
    PICKUP: CarrierService(PICKUP, "DPD Pickup", needs_point=True, cod=True, heaviest_g=HEAVIEST_G),
}
LONGEST = {"name": 100, "company": 100, "street": 100, "city": 50, "phone": 100, "email": 100}


def parcel_reference(key: str) -> str:
    """The reference of a booking's one parcel; the package's is the key."""
    return f"{key}-1"


def package(booking: Booking, payer: int) -> Mapping[str, Any]:
    """The body of ``generatePackagesNumbers``, for a booking without flaws.

    References are unique for DPD: the same key twice is ``DUPLICATED_PACKAGE_REFERENCE``.
    """
    [box] = booking.packages
    parcel: dict[str, Any] = {"reference": parcel_reference(booking.key),
                              "weight": float(Decimal(box.weight_g) / 1000)}
    if box.length_mm and box.width_mm and box.height_mm:
        parcel |= {name: float(Decimal(side) / 10) for name, side in
                   (("sizeX", box.length_mm), ("sizeY", box.width_mm), ("sizeZ", box.height_mm))}
    if booking.contents:
        parcel["content"] = booking.contents[:300]
    document: dict[str, Any] = {
        "reference": booking.key, "payerFID": payer, "sender": party(booking.sender),
        "parcels": [parcel],
    }
    if booking.note:
        document["ref1"] = booking.note[:100]
    if booking.service == PICKUP:
        contact = party(booking.receiver)
        document["pudoReceiver"] = {"pudoId": booking.point.strip()} | {
            name: contact[name] for name in ("name", "phone", "email") if name in contact}
    else:
        document["receiver"] = party(booking.receiver)
    if services := [*_services(booking)]:
        document["services"] = services
    return {"generationPolicy": "ALL_OR_NOTHING", "packages": [document]}


def party(address: Address) -> dict[str, str]:
    """An address in DPD's form; postcodes are digits only."""
    found = {
        "company": address.company.strip(),
        "name": address.name.strip() or address.company.strip(),
        "address": address.street.strip(), "city": address.city.strip(),
        "countryCode": address.country or "PL",
        "postalCode": re.sub(r"\D", "", address.postcode),
        "phone": address.phone.strip(), "email": address.email.strip(),
    }
    return {name: told for name, told in found.items() if told}


def _services(booking: Booking) -> Iterator[Mapping[str, Any]]:
    if booking.service == PICKUP:
        yield {"code": "DPD_PICKUP"}
    for code, amount in (("COD", booking.cod), ("DECLARED_VALUE", booking.insured)):
        if amount is not None:
            yield {"code": code, "attributes": [
                {"code": "AMOUNT", "value": f"{amount:.2f}"},
                {"code": "CURRENCY", "value": booking.currency}]}


def flaws(booking: Booking) -> Sequence[Flaw]:
    """What can be known to be wrong without asking."""
    service = SERVICES.get(booking.service)
    if service is None:
        return [Flaw("service", words.NO_SERVICE)]
    return [*_head(booking, service), *_party("sender", booking.sender),
            *_party("receiver", booking.receiver), *_packages(booking)]


def _head(booking: Booking, service: CarrierService) -> Iterator[Flaw]:
    if service.needs_point and not booking.point.strip():
        yield Flaw("point", words.NO_POINT)
    yield from of_amounts(booking)


def _party(who: str, address: Address) -> Iterator[Flaw]:
    if not (address.name.strip() or address.company.strip()):
        yield Flaw(f"{who}.name", words.MISSING)
    for field in ("street", "city", "phone"):
        if not getattr(address, field).strip():
            yield Flaw(f"{who}.{field}", words.MISSING)
    for field, most in LONGEST.items():
        if len(getattr(address, field)) > most:
            yield Flaw(f"{who}.{field}", words.LONG % {"most": most})
    if (address.country or "PL") != "PL":
        yield Flaw(f"{who}.country", words.POLAND)
    elif not re.fullmatch(r"\d{2}-?\d{3}", address.postcode.strip()):
        yield Flaw(f"{who}.postcode", words.POSTCODE)


def _packages(booking: Booking) -> Iterator[Flaw]:
    if len(booking.packages) != 1:
        yield Flaw("packages", words.ONE_PARCEL if booking.packages else words.MISSING)
    for place, box in enumerate(booking.packages):
        if box.weight_g <= 0:
            yield Flaw(f"packages.{place}.weight_g", words.NO_WEIGHT)
        if box.weight_g > HEAVIEST_G:
            yield Flaw(f"packages.{place}.weight_g", words.TOO_HEAVY)
