"""A booking as e-Nadawca wants it, and what would be refused. Pure.

Fields, their order and lengths are those of the WSDL (``pocztex2021KurierType``, ``adresType``).
Weights are grams there, and sums of money grosze.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw, ParcelSize
from oms_connector.flaws import TOO_LONG, against, house_and_flat, of_address, postcode_digits
from oms_connector.guessing import polish_phone, street_and_number

from oms_poczta import words

POINT = "PUNKT"
SIZES: Sequence[ParcelSize] = tuple(
    ParcelSize(ref, length, width, height, grams) for ref, length, width, height, grams in (
        ("S", 650, 400, 90, 20_000), ("M", 650, 400, 200, 20_000), ("L", 650, 420, 400, 20_000),
        ("XL", 700, 600, 600, 20_000)))
SERVICES: Sequence[CarrierService] = (
    CarrierService("KURIER", words.COURIER, cod=True, sizes=(
        *SIZES, ParcelSize("2XL", 1200, 700, 600, 30_000))),
    CarrierService(POINT, words.TO_POINT, needs_point=True, cod=True, sizes=SIZES),
)
MOST_COLLECTED = Decimal("99999.99")
LONGEST = {"city": 63, "email": 50, "phone": 20}
LONGEST_STREET, LONGEST_NUMBER, LONGEST_NAME = 255, 11, 120
ACCOUNT = re.compile(r"\d{26}")


def guid(user: str, key: str) -> str:
    """The parcel's own id at e-Nadawca: ours to choose, so our key makes it."""
    return hashlib.sha256(f"{user}\n{key}".encode()).hexdigest()[:32].upper()


def flaws(booking: Booking, account: str) -> list[Flaw]:
    """What e-Nadawca would refuse."""
    found = against(booking, SERVICES)
    if booking.cod is not None:
        if not ACCOUNT.fullmatch(account):
            found.append(Flaw("cod", words.NO_ACCOUNT))
        if booking.cod > MOST_COLLECTED:
            found.append(Flaw("cod", words.TOO_MUCH % {"most": MOST_COLLECTED}))
    needs = ("name", "street", "number", "postcode", "city", "country")
    for side, address in (("sender", booking.sender), ("receiver", booking.receiver)):
        own = (*needs, "phone") if side == "receiver" and booking.service == POINT else needs
        found += of_address(side, address, own, LONGEST | {"name": LONGEST_NAME})
        street, number = street_and_number(address.street)
        for said, most in ((street, LONGEST_STREET), (house_and_flat(number)[0], LONGEST_NUMBER)):
            if len(said) > most:
                found.append(Flaw(f"{side}.street", TOO_LONG % {"most": most}))
    return found


def document(booking: Booking, user: str, account: str) -> Mapping[str, Any]:
    """``addShipment`` of one Pocztex parcel."""
    [package] = booking.packages
    collected = None if booking.cod is None else {
        "@sposobPobrania": "RACHUNEK_BANKOWY", "@kwotaPobrania": grosze(booking.cod),
        "@nrb": account, "@tytulem": (booking.note or booking.key).strip()[:54]}
    return {"przesylki": {
        "@xsi:type": "tns:pocztex2021KurierType", "@guid": guid(user, booking.key),
        "@planowanaDataNadania": booking.ship_on,
        "adres": _address(booking.receiver), "nadawca": _address(booking.sender),
        "pobranie": collected, "masa": package.weight_g, "format": package.size,
        "numerPrzesylkiKlienta": (booking.note or booking.key).strip()[:25],
        "zawartosc": {"zawartoscInna": booking.contents.strip()}
        if booking.contents.strip() else None,
        "uiszczaOplate": "NADAWCA",
        "punktOdbioru": {"@id": booking.point.strip()} if booking.service == POINT else None,
    }}


def grosze(amount: Decimal) -> int:
    """A sum in the smallest unit."""
    return int((amount * 100).to_integral_value())


def _address(address: Address) -> Mapping[str, Any]:
    street, number = street_and_number(address.street)
    house, flat = house_and_flat(number)
    name = (address.company or address.name).strip()
    digits = polish_phone(address.phone)
    return {
        "@nazwa": name[:60], "@nazwa2": name[60:] or None, "@ulica": street, "@numerDomu": house,
        "@numerLokalu": flat or None, "@miejscowosc": address.city.strip(),
        "@kodPocztowy": postcode_digits(address.postcode), "@kraj": "Polska",
        "@telefon": address.phone.strip() or None, "@email": address.email.strip() or None,
        "@mobile": digits or None,
        "@osobaKontaktowa": address.name.strip() if address.company.strip() else None}
