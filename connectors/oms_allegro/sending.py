"""A booking as "Wysyłam z Allegro" wants it, and what it tells, in our words. Pure.

Source: developer.allegro.pl, "How to manage parcels via Ship with Allegro", and the schemas of
``/shipment-management`` and ``/order/carriers/{carrierId}/tracking`` in Allegro's OpenAPI file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import (
    Address,
    Booked,
    Booking,
    CarrierService,
    Flaw,
    Journey,
    Package,
    Travel,
    TravelEvent,
)
from oms_connector.flaws import of_amounts
from oms_connector.reading import child, children, moment, shown, text, value

from oms_allegro import words

TO_POINT = "point"
MOST_PARCELS = 10
LONGEST_TEXT = 30
_POINT_NAMES = re.compile(
    r"paczkomat|automat|punkt|one box|one by allegro|locker|pick-?up|point|box", re.IGNORECASE)
STATES: Mapping[str, Travel] = {
    "PENDING": "announced", "IN_TRANSIT": "moving", "RELEASED_FOR_DELIVERY": "out",
    "AVAILABLE_FOR_PICKUP": "waiting", "NOTICE_LEFT": "waiting", "DELIVERED": "delivered",
    "ISSUE": "exception", "RETURNED": "returning",
}


def service(row: Any) -> CarrierService:
    """A delivery service. Its reference is the method's id, the contract's, and whether it goes to
    a point: Allegro says that in the name only.
    """
    name = text(row, "name")
    method = text(child(row, "id"), "deliveryMethodId")
    contract = str(value(row, "id", "credentialsId") or "")
    to_point = _POINT_NAMES.search(name) is not None
    return CarrierService(
        ":".join((method, contract, TO_POINT if to_point else "")), name, needs_point=to_point,
        cod=bool(value(row, "cashOnDelivery", "limit")), most_parcels=MOST_PARCELS,
    )


def shipment(booking: Booking) -> Mapping[str, Any]:
    """The input of a create command."""
    method, contract, _ = booking.service.split(":")
    receiver = address(booking.receiver)
    if booking.point:
        receiver["point"] = booking.point
    document: dict[str, Any] = {
        "deliveryMethodId": method,
        "sender": address(booking.sender),
        "receiver": receiver,
        "referenceNumber": booking.note or booking.key,
        "packages": [_package(box, booking.note) for box in booking.packages],
        "labelFormat": "PDF",
    }
    if contract:
        document["credentialsId"] = contract
    if booking.insured is not None:
        document["insurance"] = _money(booking.insured, booking.currency)
    if booking.cod is not None:
        document["cashOnDelivery"] = _money(booking.cod, booking.currency) | {
            name: booking.options[option] for name, option in
            (("ownerName", "holder"), ("iban", "iban")) if booking.options.get(option)}
    return document


def address(party: Address) -> dict[str, str]:
    """An address in Allegro's form; what is empty is left out."""
    found = {
        "name": party.name.strip(), "company": party.company.strip(),
        "street": party.street.strip(), "postalCode": party.postcode.strip(),
        "city": party.city.strip(), "countryCode": party.country or "PL",
        "email": party.email.strip(), "phone": party.phone.strip(),
    }
    return {name: told for name, told in found.items() if told}


def _package(box: Package, note: str) -> Mapping[str, Any]:
    sides = {"length": box.length_mm, "width": box.width_mm, "height": box.height_mm}
    found: dict[str, Any] = {
        name: {"value": float(Decimal(side) / 10), "unit": "CENTIMETER"}
        for name, side in sides.items()}
    found["weight"] = {"value": float(Decimal(box.weight_g) / 1000), "unit": "KILOGRAMS"}
    return {"type": "PACKAGE", **found} | ({"textOnLabel": note[:LONGEST_TEXT]} if note else {})


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currency": currency}


def flaws(booking: Booking) -> Iterator[Flaw]:
    """What can be known to be wrong without asking."""
    parts = booking.service.split(":")
    if len(parts) != 3 or not parts[0]:
        yield Flaw("service", words.NO_SERVICE)
    elif parts[2] and not booking.point.strip():
        yield Flaw("point", words.NO_POINT)
    yield from of_amounts(booking)
    yield from _party_flaws("sender", booking.sender)
    yield from _party_flaws("receiver", booking.receiver)
    yield from _package_flaws(booking)


def _party_flaws(name: str, party: Address) -> Iterator[Flaw]:
    if not (party.name.strip() or party.company.strip()):
        yield Flaw(f"{name}.name", words.MISSING)
    for field in ("street", "postcode", "city", "email", "phone"):
        if not getattr(party, field).strip():
            yield Flaw(f"{name}.{field}", words.MISSING)


def _package_flaws(booking: Booking) -> Iterator[Flaw]:
    if not booking.packages:
        yield Flaw("packages", words.MISSING)
    for place, box in enumerate(booking.packages):
        if min(box.length_mm, box.width_mm, box.height_mm) <= 0:
            yield Flaw(f"packages.{place}.length_mm", words.NO_MEASURES)
        if box.weight_g <= 0:
            yield Flaw(f"packages.{place}.weight_g", words.MISSING)


_FIELDS = (
    (re.compile(r"(receiver|sender)\.postalCode"), r"\1.postcode"),
    (re.compile(r"(receiver|sender)\.countryCode"), r"\1.country"),
    (re.compile(r"receiver\.point"), "point"),
    (re.compile(r"(receiver|sender)\.(name|company|street|city|email|phone)"), r"\1.\2"),
    (re.compile(r"packages[.\[](\d+)\]?\.weight.*"), r"packages.\1.weight_g"),
    (re.compile(r"packages[.\[](\d+)\]?\.(length|width|height).*"), r"packages.\1.\2_mm"),
    (re.compile(r"packages.*"), "packages"), (re.compile(r"cashOnDelivery.*"), "cod"),
    (re.compile(r"insurance.*"), "insured"), (re.compile(r"referenceNumber"), "note"),
    (re.compile(r"deliveryMethodId|credentialsId"), "service"),
)


def booking_field(path: str) -> str:
    """The booking's field that a field of the command was made of; empty if it was none."""
    inner = path.removeprefix("input.")
    return next((pattern.sub(field, inner) for pattern, field in _FIELDS
                 if pattern.fullmatch(inner)), "")


def booked(document: Mapping[str, Any]) -> Booked:
    """The state of a shipment."""
    reference = text(document, "id")
    if value(document, "canceledDate"):
        return Booked(reference, "cancelled")
    numbers = [str(value(box, "waybill") or "") for box in children(document, "packages")]
    if not numbers or not all(numbers):
        return Booked(reference, "pending")
    return Booked(reference, "confirmed", numbers)


def journeys(document: Any) -> Mapping[str, Journey]:
    """The ways of the parcels that this carrier knows, by their numbers, oldest entry first.

    A code that is new to us leaves the parcel where it was.
    """
    found = {}
    for row in children(document, "waybills"):
        number = text(row, "waybill")
        events: list[TravelEvent] = []
        state: Travel = "announced"
        entries = [(moment(one, "occurredAt"), text(one, "code"), shown(one, "description"))
                   for one in children(child(row, "trackingDetails"), "statuses")]
        for at, raw, description in sorted(entries, key=lambda entry: entry[0]):
            state = STATES.get(raw, state)
            events.append(TravelEvent(at, state, raw, description))
        if events:
            found[number] = Journey(number, events)
    return found


def proposal(document: Any, references: Sequence[str], day: str) -> str:
    """The id of a time at which a courier can come for all these shipments, on that day if there is
    one; empty if there is none.
    """
    common: dict[str, str] | None = None
    for row in document if isinstance(document, list) else ():
        for one in children(row, "proposals"):
            if value(one, "shipmentId") not in references:
                continue
            items = {text(item, "id"): text(item, "name")
                     for item in children(one, "proposalItems")}
            common = items if common is None else {
                ref: name for ref, name in common.items() if ref in items}
    found = sorted((not name.startswith(day), name, ref) for ref, name in (common or {}).items())
    return found[0][2] if found else ""
