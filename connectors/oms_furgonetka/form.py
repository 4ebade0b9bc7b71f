"""A booking as Furgonetka wants it, and what it would refuse. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, Flaw
from oms_connector.flaws import of_amounts

from oms_furgonetka import words

TO_POINTS = frozenset(("inpost", "orlen", "ruch"))
"""Carriers of Furgonetka's that carry to lockers and points only."""
LONGEST_CONTENTS = 20


def service_of(ref: str) -> tuple[str, int]:
    """Carrier and number of a service: ``inpost:11597700``. The number is the account's own.

    Raises:
        ValueError: it is none of ours.
    """
    carrier, _, number = ref.partition(":")
    if not carrier or not number.isdecimal():
        raise ValueError(ref)
    return carrier, int(number)


def package(booking: Booking, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of ``POST /packages``, for a booking without flaws.

    Our key is the ``user_reference_number``: 25 signs are the least that any carrier takes.
    """
    _, number = service_of(booking.service)
    receiver = dict(party(booking.receiver))
    if booking.point:
        receiver["point"] = booking.point
    return {
        "type": "package",
        "service_id": number,
        "user_reference_number": booking.key,
        "pickup": party(booking.sender),
        "sender": party(booking.sender),
        "receiver": receiver,
        "parcels": [_parcel(booking, place) for place in range(len(booking.packages))],
        "additional_services": _services(booking, settings),
    }


def party(address: Address) -> Mapping[str, str]:
    """An address in Furgonetka's form; what is empty is left out."""
    found = {
        "name": address.name.strip() or address.company.strip(), "company": address.company.strip(),
        "street": address.street.strip(), "postcode": address.postcode.strip(),
        "city": address.city.strip(), "country_code": address.country or "PL",
        "email": address.email.strip(), "phone": address.phone.strip(),
    }
    return {name: told for name, told in found.items() if told}


def _parcel(booking: Booking, place: int) -> Mapping[str, Any]:
    """A box in centimetres and kilograms; the declared value is on the first one."""
    box = booking.packages[place]
    value = booking.insured if booking.insured is not None and place == 0 else Decimal(0)
    return {
        "depth": _ceil_cm(box.length_mm), "width": _ceil_cm(box.width_mm),
        "height": _ceil_cm(box.height_mm), "weight": float(Decimal(box.weight_g) / 1000),
        "value": float(value),
        "description": (booking.contents or booking.note)[:LONGEST_CONTENTS],
    }


def _services(booking: Booking, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    if booking.cod is None:
        return {}
    return {"cod": {"amount": float(booking.cod), "express": False,
                    "iban": _iban(settings), "name": str(settings.get("holder") or "").strip()}}


def _iban(settings: Mapping[str, Any]) -> str:
    return "".join(str(settings.get("iban") or "").split()).upper().removeprefix("PL")


def _ceil_cm(millimetres: int) -> int:
    return -(-millimetres // 10)


def flaws(booking: Booking, settings: Mapping[str, Any]) -> Sequence[Flaw]:
    """What can be known to be wrong without asking."""
    try:
        carrier, _ = service_of(booking.service)
    except ValueError:
        return [Flaw("service", words.NO_SERVICE)]
    return [*_head(booking, carrier, settings),
            *_party_flaws("sender", booking.sender), *_party_flaws("receiver", booking.receiver),
            *_packages(booking, carrier)]


def _head(booking: Booking, carrier: str, settings: Mapping[str, Any]) -> Iterator[Flaw]:
    if carrier in TO_POINTS and not booking.point.strip():
        yield Flaw("point", words.NO_POINT)
    if (booking.cod is not None or booking.insured is not None) and booking.currency != "PLN":
        yield Flaw("currency", words.CURRENCY)
    yield from of_amounts(booking)
    if booking.cod is not None and booking.cod > 0 and not _iban(settings):
        yield Flaw("cod", words.NO_IBAN)


def _party_flaws(name: str, address: Address) -> Iterator[Flaw]:
    if not (address.name.strip() or address.company.strip()):
        yield Flaw(f"{name}.name", words.MISSING)
    for field in ("street", "postcode", "city"):
        if not getattr(address, field).strip():
            yield Flaw(f"{name}.{field}", words.MISSING)
    for field in ("email", "phone"):
        if not getattr(address, field).strip():
            yield Flaw(f"{name}.{field}", words.CONTACT)


def _packages(booking: Booking, carrier: str) -> Iterator[Flaw]:
    if not booking.packages:
        yield Flaw("packages", words.MISSING)
    if carrier in TO_POINTS and len(booking.packages) > 1:
        yield Flaw("packages", words.ONE_PARCEL)
    for place, box in enumerate(booking.packages):
        if min(box.length_mm, box.width_mm, box.height_mm) <= 0:
            yield Flaw(f"packages.{place}.length_mm", words.NO_MEASURES)
        if box.weight_g <= 0:
            yield Flaw(f"packages.{place}.weight_g", words.NO_WEIGHT)
