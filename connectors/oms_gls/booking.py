"""A booking as GLS wants it, what would be refused, and what GLS tells of parcels and shops. Pure.

The order of elements is that of the WSDL's ``cConsign``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, CarrierService, Flaw, PickupPoint
from oms_connector.flaws import against, kilograms, of_address
from oms_connector.soap import Found

from oms_gls import words

SHOP = "SDS"
HEAVIEST_G = 31_500
LONGEST_NAME = 40
MOST_PARCELS = 50
EUROPE = ("PL", "AT", "BE", "BG", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
          "IT", "LT", "LU", "LV", "NL", "PT", "RO", "SE", "SI", "SK")
SERVICES: Sequence[CarrierService] = (
    CarrierService("BP", words.BUSINESS, cod=True, most_parcels=MOST_PARCELS,
                   heaviest_g=HEAVIEST_G, countries=EUROPE),
    *(CarrierService(ref, name, cod=True, most_parcels=MOST_PARCELS, heaviest_g=HEAVIEST_G)
      for ref, name in (("S10", words.BY_10), ("S12", words.BY_12), ("SAT", words.SATURDAY))),
    CarrierService(SHOP, words.TO_SHOP, needs_point=True, heaviest_g=20_000),
)
DAYS = (("mon", "Mo"), ("tue", "Tu"), ("wed", "We"), ("thu", "Th"), ("fri", "Fr"), ("sat", "Sa"),
        ("sun", "Su"))


def flaws(booking: Booking) -> list[Flaw]:
    """What GLS would refuse."""
    found = against(booking, SERVICES)
    needs = ("name", "street", "postcode", "city", "country")
    found += of_address("receiver", booking.receiver,
                        (*needs, "phone", "email") if booking.service == SHOP else needs,
                        {"name": 3 * LONGEST_NAME})
    if booking.cod is not None and booking.receiver.country.upper() != "PL":
        found.append(Flaw("cod", words.ONLY_POLAND))
    return found


def document(booking: Booking, *, has_own_sender: bool) -> Mapping[str, Any]:
    """``consign_prep_data``: our key is the consignment's reference, the note each parcel's."""
    to = booking.receiver
    names = _names(to)
    return {"consign_prep_data": {
        "rname1": names[0], "rname2": names[1], "rname3": names[2],
        "rcountry": to.country.upper(), "rzipcode": to.postcode.strip(), "rcity": to.city.strip(),
        "rstreet": to.street.strip(), "rphone": to.phone.strip() or None,
        "rcontact": to.email.strip() or None,
        "references": booking.key, "notes": booking.contents.strip() or None,
        "date": booking.ship_on,
        "sendaddr": _sender(booking.sender) if has_own_sender else None,
        "srv_bool": _extras(booking),
        "srv_sds": {"id": booking.point.strip()} if booking.service == SHOP else None,
        "parcels": {"items": [
            {"reference": booking.note.strip() or None,
             "weight": max(kilograms(one.weight_g), Decimal("0.01"))}
            for one in booking.packages]},
    }}


def numbers(consignment: Found) -> Sequence[str]:
    """The parcels' numbers; empty texts while they have none."""
    return [one.text("number") for one in consignment.child("parcels").all("items")]


def shop(item: Found) -> PickupPoint | None:
    """A ParcelShop; None without an id to book it by."""
    ref = item.text("id")
    if not ref:
        return None
    name = " ".join(filter(None, (item.text("name1"), item.text("name2"))))
    spans = ((day, item.text(f"{key}_open"), item.text(f"{key}_close")) for key, day in DAYS)
    hours = "; ".join(f"{day} {begin}-{end}" for day, begin, end in spans if begin and end)
    return PickupPoint(ref, name or ref, item.text("street"), item.text("zipcode"),
                       item.text("city"), item.text("country") or "PL",
                       _degrees(item.text("gps_lati")), _degrees(item.text("gps_long")), hours,
                       kind="counter")


def _names(address: Address) -> Sequence[str | None]:
    """Three lines: the company and the person, cut between words where they are long."""
    said = dict.fromkeys(one.strip() for one in (address.company, address.name) if one.strip())
    lines = [line for one in said for line in textwrap.wrap(one, LONGEST_NAME)]
    return [*lines, None, None, None][:3]


def _sender(address: Address) -> Mapping[str, Any]:
    lines = _names(address)
    return {"name1": lines[0], "name2": lines[1], "name3": lines[2],
            "country": address.country.upper(), "zipcode": address.postcode.strip(),
            "city": address.city.strip(), "street": address.street.strip()}


def _extras(booking: Booking) -> Mapping[str, Any] | None:
    has_cod = booking.cod is not None
    found = {"cod": has_cod or None, "cod_amount": booking.cod,
             **{name: booking.service == name.upper() or None
                for name in ("s10", "s12", "sat", "sds")}}
    return found if any(one is not None for one in found.values()) else None


def _degrees(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
