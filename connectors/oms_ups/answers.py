"""What UPS says, in our words. Pure. UPS gives an object where a list has one entry."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Booked, Journey, Rate, Travel, TravelEvent
from oms_connector.reading import NOT_A_MOMENT, Puzzling, decimal, value

TYPES: Mapping[str, Travel] = {
    "M": "announced", "MP": "announced", "P": "accepted", "I": "moving", "W": "moving", "O": "out",
    "D": "delivered", "X": "exception", "MV": "exception", "RS": "returning",
}
"""``status.type`` of an activity: manifest, pickup, in transit, warehouse, out, delivered,
exception, void, returned to shipper."""
OUT = frozenset(("OT", "OF"))
"""Codes of activities in transit that mean out for delivery."""


def several(found: Any) -> Sequence[Any]:
    """A list, also of one entry that came without."""
    if found is None:
        return ()
    return found if isinstance(found, list) else (found,)


def booked(document: Mapping[str, Any]) -> Booked:
    """What a request to ship was answered with; no reference in it if it cannot be understood."""
    results = value(document, "ShipmentResponse", "ShipmentResults")
    reference = str(value(results, "ShipmentIdentificationNumber") or "")
    numbers = [str(value(one, "TrackingNumber") or "")
               for one in several(value(results, "PackageResults"))]
    if not reference or not numbers or not all(numbers):
        return Booked("")
    charge = value(results, "NegotiatedRateCharges", "TotalCharge") \
        or value(results, "ShipmentCharges", "TotalCharges")
    price = _amount(charge)
    currency = str(value(charge, "CurrencyCode") or "PLN")
    return Booked(reference, "confirmed", numbers, price, currency)


def recovered(document: Mapping[str, Any]) -> Booked:
    """A shipment of which there is a label."""
    results = value(document, "LabelRecoveryResponse")
    numbers = [str(value(one, "TrackingNumber") or "")
               for one in several(value(results, "LabelResults"))]
    reference = str(value(results, "ShipmentIdentificationNumber") or next(iter(numbers), ""))
    return Booked(reference if numbers and all(numbers) else "", "confirmed", numbers)


def image(document: Mapping[str, Any]) -> bytes:
    """The first label's bytes; empty if there is none."""
    for one in several(value(document, "LabelRecoveryResponse", "LabelResults")):
        told = value(one, "LabelImage", "GraphicImage")
        try:
            return base64.b64decode(str(told or ""), validate=True)
        except binascii.Error:
            return b""
    return b""


def rates(document: Mapping[str, Any], services: Mapping[str, Any]) -> Sequence[Rate]:
    """Prices of services that we have: the negotiated one where the account has one."""
    found = []
    for row in several(value(document, "RateResponse", "RatedShipment")):
        ref = str(value(row, "Service", "Code") or "")
        charge = value(row, "NegotiatedRateCharges", "TotalCharge") or value(row, "TotalCharges")
        price = _amount(charge)
        if ref not in services or price is None:
            continue
        days = str(value(row, "GuaranteedDelivery", "BusinessDaysInTransit") or "")
        found.append(Rate(ref, price, str(value(charge, "CurrencyCode") or "PLN"),
                          int(days) if days.isdecimal() else None))
    return found


def _amount(charge: Any) -> Decimal | None:
    told = value(charge, "MonetaryValue")
    return None if told is None else decimal(told, "MonetaryValue")


def journey(number: str, document: Mapping[str, Any]) -> Journey | None:
    """A parcel's way, oldest first; None where there is no such parcel.

    Raises:
        Puzzling: an activity has no moment.
    """
    shipments = several(value(document, "trackResponse", "shipment"))
    packages = [one for shipment in shipments for one in several(value(shipment, "package"))
                if value(one, "trackingNumber") in (number, None)]
    if not packages:
        return None
    entries = sorted(((_moment(one), one) for one in several(value(packages[0], "activity"))),
                     key=lambda entry: entry[0])
    events: list[TravelEvent] = []
    state: Travel = "announced"
    for at, one in entries:
        kind, code = (str(value(one, "status", name) or "") for name in ("type", "code"))
        state = "out" if kind == "I" and code in OUT else TYPES.get(kind, state)
        events.append(TravelEvent(
            at, state, f"{kind} {code}".strip(), str(value(one, "status", "description") or ""),
            str(value(one, "location", "address", "city") or "")))
    return Journey(number, events)


def _moment(activity: Any) -> datetime:
    told = f"{value(activity, 'gmtDate')} {value(activity, 'gmtTime')}".replace(":", "")
    try:
        return datetime.strptime(told, "%Y%m%d %H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Puzzling(NOT_A_MOMENT, "gmtDate", told) from None
