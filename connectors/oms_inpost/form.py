"""A booking as ShipX wants it, and what it would refuse. Pure.

Source: "Creating a shipment in the simplified mode" and "Form validation" of the documentation.
Simplified means that the service is named and InPost buys it by itself, a moment later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw, Package
from oms_connector.guessing import first_and_last, is_point_code, polish_phone, street_and_number

from oms_inpost import words
from oms_inpost.catalog import INSURED_WITH_COD, SENDING, SERVICES, size_for

POSTCODE = re.compile(r"\d{2}-\d{3}")
_KEY = re.compile(r"[A-Z0-9-]{1,20}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SHORTEST_REFERENCE, LONGEST_REFERENCE = 3, 100


def shipment(booking: Booking, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of ``POST /v1/organizations/:id/shipments``, for a booking without flaws.

    Our key goes into ``external_customer_id``, the one text of ours that shipments can be searched
    by; ``reference`` is what is printed.
    """
    service = SERVICES[booking.service]
    document: dict[str, Any] = {
        "service": service.ref,
        "external_customer_id": booking.key,
        "sender": party(booking.sender, with_address=True),
        "receiver": party(booking.receiver, with_address=not service.needs_point),
        "parcels": [_parcel(number, service, package)
                    for number, package in enumerate(booking.packages, 1)],
        "custom_attributes": _attributes(booking, service, settings),
    }
    if reference := _reference(booking.note):
        document["reference"] = reference
    if booking.contents:
        document["comments"] = booking.contents[:100]
    insured = booking.insured
    if booking.cod is not None:
        document["cod"] = _money(booking.cod)
        if service.ref in INSURED_WITH_COD:
            insured = max(insured or Decimal(0), booking.cod)
    if insured:
        document["insurance"] = _money(insured)
    if _is_wished(booking, "weekend"):
        document["end_of_week_collection"] = True
    if told := [name for name in ("sms", "email") if _is_wished(booking, name)]:
        document["additional_services"] = told
    return document


def party(address: Address, *, with_address: bool) -> Mapping[str, Any]:
    """A sender or receiver in ShipX's form; what is empty is left out."""
    first, last = first_and_last(address.name)
    company = address.company or ("" if last else address.name.strip())
    found: dict[str, Any] = {
        "company_name": company, "first_name": first if last else "", "last_name": last,
        "email": address.email.strip(), "phone": polish_phone(address.phone),
    }
    if with_address:
        found["address"] = postal(address)
    return {name: value for name, value in found.items() if value}


def postal(address: Address) -> Mapping[str, str]:
    """A postal address in ShipX's form."""
    street, number = street_and_number(address.street)
    return {"street": street, "building_number": number, "city": address.city.strip(),
            "post_code": address.postcode.strip(), "country_code": address.country or "PL"}


def _parcel(number: int, service: CarrierService, package: Package) -> Mapping[str, Any]:
    if service.sizes:
        size = size_for(service, package)
        return {"id": str(number), "template": size.ref if size else ""}
    return {
        "id": str(number),
        "dimensions": {"length": str(package.length_mm), "width": str(package.width_mm),
                       "height": str(package.height_mm), "unit": "mm"},
        "weight": {"amount": str(Decimal(package.weight_g) / 1000), "unit": "kg"},
    }


def _attributes(booking: Booking, service: CarrierService, settings: Mapping[str, Any]
                ) -> Mapping[str, str]:
    usual = str(settings.get("sending") or SENDING[0])
    if booking.is_return:  # the buyer hands it in, wherever it suits them
        usual = "parcel_locker" if service.needs_point else "dispatch_order"
    found = {"sending_method": booking.options.get("sending_method") or usual}
    dropoff = booking.options.get("dropoff_point") or str(settings.get("dropoff") or "")
    if dropoff and not booking.is_return and found["sending_method"] != "dispatch_order":
        found["dropoff_point"] = dropoff.strip()
    if service.needs_point:
        found["target_point"] = booking.point.strip().upper()
    return found


def _reference(note: str) -> str:
    """Texts of one or two signs are refused, so they get a word before them."""
    note = note.strip()[:LONGEST_REFERENCE]
    return note if not note or len(note) >= SHORTEST_REFERENCE else f"nr {note}"


def _money(amount: Decimal) -> Mapping[str, Any]:
    return {"amount": float(amount), "currency": "PLN"}  # a JSON number, exact to the grosz


def _is_wished(booking: Booking, option: str) -> bool:
    return booking.options.get(option) == "yes"


def flaws(booking: Booking) -> Sequence[Flaw]:
    """Everything that InPost would refuse, as far as its documentation tells."""
    service = SERVICES.get(booking.service)
    if service is None:
        return [Flaw("service", words.NO_SERVICE)]
    return [*_head(booking, service), *_parties(booking, service), *_packages(booking, service)]


def _head(booking: Booking, service: CarrierService) -> Iterator[Flaw]:
    if not _KEY.fullmatch(booking.key):
        yield Flaw("key", words.KEY)
    if service.needs_point and not is_point_code(booking.point.strip().upper()):
        yield Flaw("point", words.NO_POINT)
    if (booking.cod is not None or booking.insured is not None) and booking.currency != "PLN":
        yield Flaw("currency", words.CURRENCY)
    if booking.cod is not None and booking.cod <= 0:
        yield Flaw("cod", words.TOO_SMALL)
    if booking.insured is not None and not 1 <= booking.insured < 10_000_000:
        yield Flaw("insured", words.TOO_SMALL if booking.insured < 1 else words.TOO_BIG)
    sending = booking.options.get("sending_method", "")
    if sending and sending not in SENDING:
        yield Flaw("options.sending_method", words.MALFORMED)


def _parties(booking: Booking, service: CarrierService) -> Iterator[Flaw]:
    for name, address in (("sender", booking.sender), ("receiver", booking.receiver)):
        if not polish_phone(address.phone):
            yield Flaw(f"{name}.phone", words.PHONE)
        if not _MAIL.fullmatch(address.email.strip()):
            yield Flaw(f"{name}.email", words.EMAIL)
        if name == "sender" or not service.needs_point:
            yield from _place(name, address)


def _place(name: str, address: Address) -> Iterator[Flaw]:
    if not (address.name.strip() or address.company.strip()):
        yield Flaw(f"{name}.name", words.MISSING)
    street, number = street_and_number(address.street)
    if not street:
        yield Flaw(f"{name}.street", words.MISSING)
    elif not number:
        yield Flaw(f"{name}.street", words.NUMBER)
    if not address.city.strip():
        yield Flaw(f"{name}.city", words.MISSING)
    if (address.country or "PL") != "PL":
        yield Flaw(f"{name}.country", words.POLAND)
    elif not POSTCODE.fullmatch(address.postcode.strip()):
        yield Flaw(f"{name}.postcode", words.POSTCODE)


def _packages(booking: Booking, service: CarrierService) -> Iterator[Flaw]:
    if not booking.packages:
        yield Flaw("packages", words.MISSING)
    if len(booking.packages) > service.most_parcels:
        yield Flaw("packages", words.ONE_PARCEL if service.most_parcels == 1 else words.TOO_BIG)
    for place, package in enumerate(booking.packages):
        at = f"packages.{place}"
        if service.sizes and size_for(service, package) is None:
            yield Flaw(f"{at}.size", words.NO_SIZE)
        if not service.sizes and min(package.length_mm, package.width_mm, package.height_mm) <= 0:
            yield Flaw(f"{at}.length_mm", words.NO_MEASURES)
        if package.weight_g <= 0:
            yield Flaw(f"{at}.weight_g", words.NO_WEIGHT)
        if service.heaviest_g and package.weight_g > service.heaviest_g:
            yield Flaw(f"{at}.weight_g", words.TOO_HEAVY % {"kg": service.heaviest_g // 1000})
