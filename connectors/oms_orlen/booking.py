"""A booking as ORLEN Paczka wants it, and what would be refused. Pure.

The order of elements is that of ``BusinessPack``; cash on delivery and insurance are not sold any
more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw, ParcelSize
from oms_connector.flaws import TOO_LONG, against, house_and_flat, of_address, postcode_digits
from oms_connector.guessing import first_and_last, polish_phone, street_and_number

from oms_orlen import words

HEAVIEST_G = 20_000
SERVICES: Sequence[CarrierService] = (
    CarrierService("PACZKA", words.PARCEL, needs_point=True, sizes=(
        ParcelSize("S", 600, 380, 80, HEAVIEST_G), ParcelSize("M", 600, 380, 190, HEAVIEST_G),
        ParcelSize("L", 600, 410, 380, HEAVIEST_G))),
)
LONGEST = {"email": 60, "city": 30}
LONGEST_STREET, LONGEST_NUMBER, LONGEST_PERSON, LONGEST_COMPANY = 30, 10, 30, 70
ON_LABEL = 30
PRINTED = "1"
"""The whole address on the label."""
_CODE = re.compile(r"[A-Z]{2}-\d{6}-[A-Z0-9]{2}-[A-Z0-9]{2}")
_NUMBER = re.compile(r"\d{6}")


def flaws(booking: Booking) -> list[Flaw]:
    """What ORLEN Paczka would refuse."""
    found = against(booking, SERVICES)
    if booking.point.strip() and not point_code(booking.point):
        found.append(Flaw("point", words.NOT_A_POINT))
    whole = ("name", "street", "number", "postcode", "city", "phone", "email")
    found += of_address("sender", booking.sender, whole, LONGEST)
    found += of_address("receiver", booking.receiver, ("name", "phone"), LONGEST)
    for side, address in (("sender", booking.sender), ("receiver", booking.receiver)):
        if address.phone.strip() and not polish_phone(address.phone):
            found.append(Flaw(f"{side}.phone", words.NO_PHONE))
        street, number = street_and_number(address.street)
        first, last = first_and_last(address.name)
        sizes = ((street, LONGEST_STREET, "street"), (number, LONGEST_NUMBER, "street"),
                 (first, LONGEST_PERSON, "name"), (last, LONGEST_PERSON, "name"),
                 (address.company, LONGEST_COMPANY, "name"))
        found += [Flaw(f"{side}.{field}", TOO_LONG % {"most": most})
                  for said, most, field in sizes if len(said) > most]
    return found


def document(booking: Booking, format: str) -> Mapping[str, Any]:
    """``GenerateLabelBusinessPackListTwo`` of one parcel, without the partner."""
    [package] = booking.packages
    to, own = _address(booking.receiver), _address(booking.sender)
    return {
        "AutoDestinationChange": "T", "Format": format,
        "BusinessPackList": {"BusinessPack": {
            "DestinationCode": point_code(booking.point), "AlternativeDestinationCode": "",
            "BoxSize": package.size, **to,
            **{f"Sender{name}": value for name, value in own.items()},
            "SenderOrders": (booking.note or booking.key).strip()[:ON_LABEL],
            # Not printed, and shown in WebTrucker: there a person finds our key.
            "TransferDescription": booking.key, "PrintAdress": "1", "PrintType": PRINTED,
        }}}


def point_code(said: str) -> str:
    """A point's whole code; of its number alone the code that ORLEN completes; empty if neither."""
    code = said.strip().upper()
    if _CODE.fullmatch(code):
        return code
    return f"XX-{code}-00-00" if _NUMBER.fullmatch(code) else ""


def _address(address: Address) -> Mapping[str, str]:
    street, number = street_and_number(address.street)
    house, flat = house_and_flat(number)
    first, last = first_and_last(address.name)
    digits = postcode_digits(address.postcode)
    return {"EMail": address.email.strip(), "FirstName": first, "LastName": last,
            "CompanyName": address.company.strip(), "StreetName": street, "BuildingNumber": house,
            "FlatNumber": flat, "City": address.city.strip(),
            "PostCode": f"{digits[:2]}-{digits[2:]}" if digits else "",
            "PhoneNumber": polish_phone(address.phone)}
