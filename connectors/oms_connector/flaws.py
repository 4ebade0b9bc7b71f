"""What a carrier would refuse, found without asking it. Pure.

``common`` is what no carrier takes, and the engine asks it of every booking before the connector;
``against`` holds a booking against the carrier's own services; ``of_address`` against the fields of
its forms. A connector adds what only its carrier knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from oms_connector.carrying import Booking, CarrierService, Flaw
from oms_connector.data import Address
from oms_connector.errors import Refused
from oms_connector.guessing import street_and_number
from oms_connector.marking import N_

LACKS = N_("this is needed")
TOO_LONG = N_("the carrier takes at most %(most)s characters")
NO_NUMBER = N_("the street has no house number")
NO_SERVICE = N_("this account has no such service")
NO_POINT = N_("this service goes to a point: choose one")
NO_COD = N_("this service does not collect money")
NOT_POSITIVE = N_("an amount above zero is needed")
ONLY_CURRENCY = N_("the carrier counts in %(currency)s")
TOO_MANY = N_("at most %(most)s parcels in one booking")
NO_PARCELS = N_("there is no parcel")
NO_WEIGHT = N_("the parcel has no weight")
TOO_HEAVY = N_("at most %(kilograms)s kg in one parcel")
NO_SIZE = N_("choose one of the sizes: %(sizes)s")
NO_COUNTRY = N_("the service does not go to this country")
NOT_INSURED = N_("parcels are not insured with this carrier here: leave the value out")
NO_RETURNS = N_("return labels are not made with this carrier")
NO_POSTCODE = N_("a Polish postcode has five digits")

_POSTCODE = re.compile(r"\d{2}-?\d{3}")
# "12", "12A", "2 C", "1-3"; the m of "12 m. 4" is no letter of the house.
_HOUSE = re.compile(r"\d+(?:\s?[A-Za-z](?![\w.]|\s*\d))?(?:-\d+[A-Za-z]?)?")
_FLAT = re.compile(r"\s*(?:/|,?\s*(?:mieszkanie|mieszk\.?|lokal|lok\.?|m\.?)\s*)\s*(\w+)",
                   re.IGNORECASE)
# What carriers call the fields of their forms; the first that fits.
_SIDES = (("sender", re.compile(r"nadawc|shipper|sender", re.IGNORECASE)),
          ("receiver", re.compile(r"odbiorc|receiver|recipient", re.IGNORECASE)))
_FIELDS = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r"kod\w* pocztow|postal ?code", "postcode"), (r"miast|miejscowo|\bcity", "city"),
    (r"ulic|street|numer\w* domu|house", "street"), (r"telefon|phone", "phone"),
    (r"e-?mail", "email"), (r"nazw|imi[ęe]|\bname", "name"), (r"kraj|country", "country"),
))
_WHOLE = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r"pobrani|\bcod\b|collectondelivery", "cod"), (r"ubezpiecz|insur", "insured"),
    (r"punkt|servicepoint", "point"), (r"usług|produkt|product|servicetype", "service"),
    (r"wag[aęi]|weight", "packages.0.weight_g"), (r"wymiar|długo|szeroko|wysoko", "packages"),
    (r"zawarto|content", "contents"), (r"dat[aęy]|date", "ship_on"),
))


def common(booking: Booking, service: CarrierService | None) -> list[Flaw]:
    """What no carrier takes: an amount or a weight of nothing, no point where one is needed, money
    to be collected by a service that collects none.

    Args:
        service: as the carrier last told of it; None where it told of none.
    """
    found = of_amounts(booking)
    if not booking.packages:
        found.append(Flaw("packages", NO_PARCELS))
    found += [Flaw(f"packages.{number}.weight_g", NO_WEIGHT)
              for number, package in enumerate(booking.packages) if package.weight_g <= 0]
    if service is not None and service.needs_point and not booking.point.strip():
        found.append(Flaw("point", NO_POINT))
    if service is not None and booking.cod is not None and not service.cod:
        found.append(Flaw("cod", NO_COD))
    return found


def of_amounts(booking: Booking) -> list[Flaw]:
    """Amounts of the booking that are none."""
    amounts = {"cod": booking.cod, "insured": booking.insured}
    return [Flaw(name, NOT_POSITIVE) for name, amount in amounts.items()
            if amount is not None and amount <= 0]


def against(booking: Booking, services: Sequence[CarrierService], *,
            currency: str = "PLN", insures: bool = False) -> list[Flaw]:
    """What speaks against it in the carrier's own description of its services.

    For carriers whose connector makes no labels for what buyers send back.

    Args:
        insures: whether the connector can have goods insured.
    """
    service = next((one for one in services if one.ref == booking.service), None)
    if service is None:
        return [Flaw("service", NO_SERVICE)]
    found = _of_packages(booking, service)
    if service.needs_point and not booking.point.strip():
        found.append(Flaw("point", NO_POINT))
    if booking.receiver.country.upper() not in service.countries:
        found.append(Flaw("receiver.country", NO_COUNTRY))
    if booking.insured is not None and not insures:
        found.append(Flaw("insured", NOT_INSURED))
    if booking.is_return:
        found.append(Flaw("is_return", NO_RETURNS))
    if booking.cod is not None and not service.cod:
        found.append(Flaw("cod", NO_COD))
    found += of_amounts(booking)
    if (booking.cod is not None or booking.insured is not None) and booking.currency != currency:
        found.append(Flaw("currency", ONLY_CURRENCY % {"currency": currency}))
    return found


def of_address(side: str, address: Address, needs: Sequence[str],
               longest: Mapping[str, int]) -> list[Flaw]:
    """What an address lacks, and what is too long for the carrier's fields.

    Args:
        side: ``sender`` or ``receiver``: where the fields' paths begin.
        needs: fields that must be there. ``name`` means a person's or a company's; ``number`` a
            house number at the end of the street.
    """
    said = {"name": address.company or address.name, "street": address.street,
            "postcode": address.postcode, "city": address.city, "phone": address.phone,
            "email": address.email, "country": address.country}
    found = [Flaw(f"{side}.{name}", LACKS) for name in needs
             if name != "number" and not said[name].strip()]
    if "number" in needs and address.street.strip() and not street_and_number(address.street)[1]:
        found.append(Flaw(f"{side}.street", NO_NUMBER))
    found += [Flaw(f"{side}.{name}", TOO_LONG % {"most": most}) for name, most in longest.items()
              if len(said[name].strip()) > most]
    if address.country.upper() == "PL" and address.postcode.strip() \
            and not _POSTCODE.fullmatch(address.postcode.strip()):
        found.append(Flaw(f"{side}.postcode", NO_POSTCODE))
    return found


def house_and_flat(number: str) -> tuple[str, str]:
    """A house number apart: ("12", "4") of "12/4" or "12 m. 4"; without a flat ("12A", "")."""
    line = " ".join(number.split())
    found = _HOUSE.match(line)
    if found is None:
        return line, ""
    flat = _FLAT.fullmatch(line[found.end():])
    return (found[0], flat[1]) if flat else (line, "")


def kilograms(grams: int) -> Decimal:
    """A weight as carriers write it, to the gram."""
    return (Decimal(grams) / 1000).quantize(Decimal("0.001"))


def centimetres(millimetres: int) -> int:
    """A length in whole centimetres; what is begun counts."""
    return -(-millimetres // 10)


def postcode_digits(postcode: str) -> str:
    """A postcode without its dash, as some carriers want it: ``00950``."""
    return postcode.strip().replace("-", "")


def field_said(text: str) -> str:
    """The booking's field that a carrier's Polish or English words are about, if they say so."""
    side = next((name for name, pattern in _SIDES if pattern.search(text)), "")
    field = next((name for pattern, name in _FIELDS if pattern.search(text)), "") if side else ""
    if field:
        return f"{side}.{field}"
    return next((name for pattern, name in _WHOLE if pattern.search(text)), "")


def refuse(flaws: Sequence[Flaw]) -> None:
    """Let a booking with a flaw go no further.

    Raises:
        Refused: with the first of them.
    """
    if flaws:
        raise Refused(flaws[0].message, "flaw", flaws[0].field)


def unnamed(said: str, *addresses: Address) -> str:
    """A carrier's words without what they repeat about people."""
    private = {part for one in addresses for part in (
        one.name, one.company, one.street, one.phone, one.email) if part.strip()}
    for part in sorted(private, key=len, reverse=True):
        said = said.replace(part, "…")
    return said


def _of_packages(booking: Booking, service: CarrierService) -> list[Flaw]:
    if not booking.packages:
        return [Flaw("packages", NO_PARCELS)]
    found = []
    if len(booking.packages) > service.most_parcels:
        found.append(Flaw("packages", TOO_MANY % {"most": service.most_parcels}))
    sizes = {one.ref: one for one in service.sizes}
    for number, package in enumerate(booking.packages):
        where = f"packages.{number}"
        size = sizes.get(package.size)
        if sizes and size is None:
            found.append(Flaw(f"{where}.size", NO_SIZE % {"sizes": ", ".join(sizes)}))
        heaviest = size.heaviest_g if size else service.heaviest_g
        if package.weight_g <= 0:
            found.append(Flaw(f"{where}.weight_g", NO_WEIGHT))
        elif heaviest is not None and package.weight_g > heaviest:
            found.append(Flaw(f"{where}.weight_g",
                              TOO_HEAVY % {"kilograms": f"{heaviest / 1000:g}"}))
    return found
