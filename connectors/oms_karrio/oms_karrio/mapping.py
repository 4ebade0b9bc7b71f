"""Between the SDK's data and karrio's. karrio's classes are handed in, so nothing is imported."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import (
    Address,
    Booking,
    ChannelDown,
    Journey,
    LabelFile,
    Package,
    Rate,
    Travel,
    TravelEvent,
)
from oms_connector.flaws import centimetres
from oms_connector.guessing import street_and_number
from oms_connector.labels import label_from

from oms_karrio.carriers import Carrier
from oms_karrio.checking import rounded_up

STATES: Mapping[str, Travel] = {
    "pending": "announced", "picked_up": "accepted", "in_transit": "moving",
    "delivery_delayed": "moving", "out_for_delivery": "out", "ready_for_pickup": "waiting",
    "delivered": "delivered", "on_hold": "exception", "delivery_failed": "exception",
    "cancelled": "exception", "return_to_sender": "returning",
}
"""karrio's words for how far a parcel is."""
IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_TAX = re.compile(r"\b(vat|tax|mwst|ptu|iva|tva)\b", re.IGNORECASE)
LINE = 35
"""Characters of a line of a street, where the number stands in it."""


def party(models: Any, carrier: Carrier, address: Address) -> Any:
    """An address in karrio's form.

    karrio looks for the house number itself unless it is told one, and moves it; an empty one
    makes it leave the street as it is.
    """
    street = " ".join(address.street.split())
    number, second = "", None
    if carrier.house == "apart":
        street, number = street_and_number(street)
    elif len(street) > LINE:
        cut = street.rfind(" ", 0, LINE + 1)
        street, second = (street[:cut], street[cut + 1:]) if cut > 0 else (street, None)
    name, company = address.name.strip(), address.company.strip()
    return models.Address(
        person_name=name or company, company_name=company or None, address_line1=street,
        address_line2=second, street_number=number, postal_code=address.postcode.strip(),
        city=address.city.strip(), country_code=(address.country or "PL").upper(),
        phone_number=re.sub(r"[^\d+]", "", address.phone) or None,
        email=address.email.strip() or None)


def parcel(models: Any, box: Package, booking: Booking) -> Any:
    """A package in karrio's form: kilograms to the hundredth, whole centimetres."""
    sides = [centimetres(size) or None for size in (box.length_mm, box.width_mm, box.height_mm)]
    return models.Parcel(
        weight=rounded_up(box.weight_g) / 1000, weight_unit="KG", length=sides[0], width=sides[1],
        height=sides[2], dimension_unit="CM", reference_number=booking.key,
        description=(booking.contents or booking.note or None))


def options(booking: Booking, day: date) -> Mapping[str, Any]:
    """What karrio would otherwise make up: the currency, and the day the parcel leaves."""
    found: dict[str, Any] = {
        "currency": booking.currency, "shipment_date": day.isoformat(),
        "shipping_date": f"{day.isoformat()}T12:00",
    }
    if booking.insured is not None:
        found["declared_value"] = float(booking.insured)
    return found


def shipment(models: Any, carrier: Carrier, booking: Booking, day: date) -> Any:
    """A booking in karrio's form. Our key is the reference."""
    return models.ShipmentRequest(
        service=booking.service, shipper=party(models, carrier, booking.sender),
        recipient=party(models, carrier, booking.receiver),
        parcels=[parcel(models, box, booking) for box in booking.packages],
        payment=models.Payment(paid_by="sender", currency=booking.currency),
        options=dict(options(booking, day)), reference=booking.key, label_type=carrier.label)


def question(models: Any, carrier: Carrier, booking: Booking, day: date) -> Any:
    """A booking as a question for prices."""
    return models.RateRequest(
        shipper=party(models, carrier, booking.sender),
        recipient=party(models, carrier, booking.receiver),
        parcels=[parcel(models, box, booking) for box in booking.packages],
        payment=models.Payment(paid_by="sender", currency=booking.currency), services=[],
        options=dict(options(booking, day)), reference=booking.key)


def label(lib: Any, told: str | None) -> LabelFile | None:
    """The label that came with a booking, as a PDF; None where it cannot be printed."""
    try:
        if base64.b64decode(told or "").startswith(IMAGES):
            told = lib.image_to_pdf(told)
        return LabelFile("pdf_a6", label_from(told or "", "pdf_a6"))
    except (ChannelDown, ValueError, OSError):
        return None


def rates(details: Sequence[Any], carrier: Carrier) -> list[Rate]:
    """Prices of what the carrier sells here, without the taxes that are named as such."""
    known = {one.ref for one in carrier.sold}
    found = []
    for one in details:
        total = amount(one.total_charge)
        if one.service not in known or total is None or not one.currency:
            continue
        taxes = sum((amount(extra.amount) or Decimal(0) for extra in one.extra_charges or ()
                     if _TAX.search(str(extra.name or ""))), Decimal(0))
        found.append(Rate(one.service, total - taxes, str(one.currency), one.transit_days))
    return found


def amount(value: Any) -> Decimal | None:
    """An amount that went through a float, to the hundredth; None if it is none above zero."""
    try:
        found = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    return found if found > 0 else None


def journey(number: str, details: Any, carrier: Carrier) -> Journey:
    """A parcel's way, oldest first. A scan that karrio has no word for changes nothing.

    Raises:
        ValueError: a scan has no moment.
    """
    entries = sorted(((_moment(one, carrier), place, one)
                      for place, one in enumerate(reversed(details.events or ()))),
                     key=lambda entry: entry[:2])
    events: list[TravelEvent] = []
    state: Travel = "announced"
    for at, _, one in entries:
        state = carrier.codes.get(str(one.code or "")) or STATES.get(str(one.status or ""), state)
        events.append(TravelEvent(at, state, str(one.code or ""), str(one.description or ""),
                                  str(one.location or "")))
    return Journey(number, events)


def _moment(event: Any, carrier: Carrier) -> datetime:
    told = datetime.fromisoformat(str(event.timestamp or f"{event.date}T{event.time or '00:00'}"))
    if told.tzinfo is None:
        told = told.replace(tzinfo=ZoneInfo(carrier.zone))
    return told.astimezone(UTC)
