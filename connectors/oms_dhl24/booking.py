"""A booking as DHL24 wants it: what is sold, what would be refused, and the document. Pure.

Fields and their lengths: structures Address, odbiorca and createShipment of the vendor's WebAPI2
documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw
from oms_connector.flaws import (
    TOO_LONG,
    against,
    centimetres,
    house_and_flat,
    kilograms,
    of_address,
    postcode_digits,
)
from oms_connector.guessing import street_and_number

from oms_dhl24 import words

POINT = "SP"
HEAVIEST_G = 31_500
MOST_PIECES = 20
EU = ("AT", "BE", "BG", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
      "LT", "LU", "LV", "NL", "PT", "RO", "SE", "SI", "SK")
SERVICES: Sequence[CarrierService] = (
    *(CarrierService(ref, name, cod=True, most_parcels=MOST_PIECES, heaviest_g=HEAVIEST_G)
      for ref, name in (("AH", words.DOMESTIC), ("PR", words.PREMIUM), ("09", words.BY_9),
                        ("12", words.BY_12), ("DW", words.EVENING))),
    CarrierService(POINT, words.TO_POINT, needs_point=True, cod=True, heaviest_g=HEAVIEST_G),
    CarrierService("EK", words.CONNECT, heaviest_g=HEAVIEST_G, countries=EU),
)
LONGEST = {"name": 60, "city": 17, "email": 60}
LONGEST_STREET, LONGEST_NUMBER, LONGEST_CONTENT, LONGEST_COMMENT = 35, 10, 30, 100
CONTENTS = "Towar"
"""What is said of goods of which nothing was said; DHL prints it for Polish readers."""
HOURS = ("10:00", "16:00")
"""The span that createShipment wants; no courier is ordered by it."""
NEEDS = ("name", "street", "number", "postcode", "city", "country")


def flaws(booking: Booking) -> list[Flaw]:
    """What DHL24 would refuse."""
    found = against(booking, SERVICES, insures=True)
    for side, address in (("sender", booking.sender), ("receiver", booking.receiver)):
        needs = (*NEEDS, "phone") if side == "receiver" else NEEDS
        found += of_address(side, address, needs, LONGEST)
        street, number = street_and_number(address.street)
        for said, most in ((street, LONGEST_STREET), (number, LONGEST_NUMBER)):
            if len(said) > most:
                found.append(Flaw(f"{side}.street", TOO_LONG % {"most": most}))
    if len(booking.contents) > LONGEST_CONTENT:
        found.append(Flaw("contents", TOO_LONG % {"most": LONGEST_CONTENT}))
    return found


def document(booking: Booking, account: str, costs_center: str, today: date) -> Mapping[str, Any]:
    """``createShipment``, in the order of its schema. The key is DHL's reference."""
    return {"shipment": {
        "shipmentInfo": {
            "dropOffType": "REGULAR_PICKUP",
            "serviceType": booking.service,
            "billing": {"shippingPaymentType": "SHIPPER", "billingAccountNumber": account,
                        "paymentType": "BANK_TRANSFER", "costsCenter": costs_center or None},
            "specialServices": _extras(booking),
            "shipmentTime": {"shipmentDate": booking.ship_on or today,
                             "shipmentStartHour": HOURS[0], "shipmentEndHour": HOURS[1]},
            "labelType": "BLP",
        },
        "content": booking.contents.strip() or CONTENTS,
        "comment": booking.note.strip()[:LONGEST_COMMENT] or None,
        "reference": booking.key,
        "ship": {
            "shipper": {"contact": _contact(booking.sender), "address": _address(booking.sender)},
            "receiver": {
                "preaviso": _contact(booking.receiver),
                "contact": _contact(booking.receiver),
                "address": {
                    "country": booking.receiver.country.upper(),
                    "addressType": "B" if booking.receiver.company.strip() else "C",
                    **_address(booking.receiver),
                },
            },
            "servicePointAccountNumber":
                booking.point.strip() if booking.service == POINT else None,
        },
        "pieceList": {"item": [
            {"type": "PACKAGE", "weight": kilograms(one.weight_g),
             "width": centimetres(one.width_mm) or None,
             "height": centimetres(one.height_mm) or None,
             "length": centimetres(one.length_mm) or None, "quantity": 1}
            for one in booking.packages]},
    }}


def _extras(booking: Booking) -> Mapping[str, Any] | None:
    found = []
    if booking.cod is not None:
        found.append({"serviceType": "COD", "serviceValue": booking.cod,
                      "collectOnDeliveryForm": "BANK_TRANSFER"})
    # DHL refuses a parcel with cash to collect that is worth less to it than that.
    worth = max(filter(None, (booking.insured, booking.cod)), default=None)
    if worth is not None:
        found.append({"serviceType": "UBEZP", "serviceValue": worth})
    return {"item": found} if found else None


def _contact(address: Address) -> Mapping[str, Any]:
    return {"personName": (address.name or address.company).strip()[:60],
            "phoneNumber": address.phone.strip()[:20] or None,
            "emailAddress": address.email.strip() or None}


def _address(address: Address) -> Mapping[str, Any]:
    street, number = street_and_number(address.street)
    house, flat = house_and_flat(number)
    return {"name": (address.company or address.name).strip(),
            "postalCode": postcode_digits(address.postcode), "city": address.city.strip(),
            "street": street, "houseNumber": house, "apartmentNumber": flat or None}
