"""Tracking numbers: how they are compared, whose they look like, where a parcel can be followed.

Pure. A number's shape only suggests a carrier; what a person chose is never overruled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from oms_web.core.errors import Invalid
from oms_web.core.text import squeeze

SHORTEST, LONGEST = 4, 64
_KEPT = re.compile(r"[A-Z0-9-]*")
_SEEN = re.compile(r"[A-Z0-9]{8,40}")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier by its usual name, how its numbers look, and where one can be followed.

    ``also``: what else it is called by channels and in files, squeezed. ``only``: all its numbers
    look so; of others the shape is one among several.
    """

    name: str
    shape: str = ""
    url: str = ""
    also: tuple[str, ...] = ()
    only: bool = False


CARRIERS = (
    Carrier("InPost", r"\d{24}", "https://inpost.pl/sledzenie-przesylek?number={}",
            ("paczkomaty", "paczkomatyinpost", "inpostpaczkomat", "inpostkurier"), only=True),
    Carrier("DPD", r"\d{13}[A-Z]|\d{14}",
            "https://tracktrace.dpd.com.pl/parcelDetails?typ=1&p1={}", ("dpdpolska", "dpdpickup")),
    Carrier("DHL", r"JJD\d{11,18}|JD\d{18}",
            "https://www.dhl.com/pl-pl/home/tracking.html?tracking-id={}",
            ("dhlparcel", "dhlexpress", "dhl24")),
    Carrier("UPS", r"1Z[A-Z0-9]{16}", "https://www.ups.com/track?tracknum={}", only=True),
    Carrier("Poczta Polska", r"[A-Z]{2}\d{9}PL|00\d{18}",
            "https://emonitoring.poczta-polska.pl/?numer={}",
            ("poczta", "pocztex", "pp")),
    Carrier("GLS", "", "https://gls-group.com/PL/pl/sledzenie-paczek?match={}"),
    Carrier("FedEx", "", "https://www.fedex.com/fedextrack/?trknbr={}"),
    Carrier("ORLEN Paczka", also=("orlen", "paczkawruchu", "ruch")),
)
_NAMES = {squeeze(name): carrier.name for carrier in CARRIERS
          for name in (carrier.name, *carrier.also)}


def usual_name(text: str) -> str:
    """A carrier as everybody writes it (``inpost`` is InPost); an unknown one as it came."""
    return _NAMES.get(squeeze(text), text)


def tidy(text: str, field: str = "tracking") -> str:
    """A tracking number as it is kept: upper case, without the spaces it was printed with.

    Raises:
        Invalid: too short or too long, or with characters that no carrier's number has.
    """
    number = "".join(text.split()).upper()
    if not _KEPT.fullmatch(number):
        raise Invalid("A tracking number has only letters, digits and hyphens.", field)
    if number and not SHORTEST <= len(number) <= LONGEST:
        raise Invalid("A tracking number has between %(least)s and %(most)s characters.", field,
                      least=SHORTEST, most=LONGEST)
    return number


def key(text: str) -> str:
    """The form under which a number is found again: folded letters and digits only."""
    return squeeze(text)[:LONGEST]


def looks_like_one(text: str) -> bool:
    """Whether a scanned code may be a tracking number at all (letters and digits, eight or more).

    Nothing shorter is taken for one: it would be an order number, or a code of the seller's own.
    """
    number = "".join(text.split()).upper()
    return bool(_SEEN.fullmatch(number)) and any(ch.isdigit() for ch in number)


def likely_carrier(text: str) -> str:
    """The carrier whose numbers look like this and nobody else's; empty when unsure."""
    number = "".join(text.split()).upper()
    for carrier in CARRIERS:
        if not carrier.shape or not re.fullmatch(carrier.shape, number):
            continue
        if carrier.name == "UPS" and not _ups_check_digit(number):
            return ""
        if number[:2].isalpha() and number[-2:] == "PL" and not _s10_check_digit(number):
            return ""
        return carrier.name
    return ""


def refuse_other(carrier: str, number: str, field: str = "tracking") -> None:
    """See that a number, tidied, may be one of a carrier's, named as anybody names it. A carrier
    that we do not know, or a broker, may have any.

    Raises:
        Invalid: it is plainly another carrier's, or not as all of this one's are.
    """
    known = next((one for one in CARRIERS if one.name == usual_name(carrier)), None)
    if known is None:
        return
    likely = likely_carrier(number)
    if likely not in ("", known.name):
        raise Invalid("This looks like a number of %(carrier)s.", field, carrier=likely)
    if known.only and not likely:
        raise Invalid("Numbers of %(carrier)s look otherwise.", field, carrier=known.name)


def _s10_check_digit(number: str) -> bool:
    """UPU S10: eight digits weighted 8 6 4 2 3 5 9 7, the check digit makes 11."""
    weighted = sum(
        int(digit) * weight
        for digit, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True)
    )
    right = 11 - weighted % 11
    return int(number[10]) == {10: 0, 11: 5}.get(right, right)


def _ups_check_digit(number: str) -> bool:
    """UPS: after ``1Z``, letters count A=2, every second character doubled, filled up to ten."""
    values = [int(ch) if ch.isdigit() else (ord(ch) - 63) % 10 for ch in number[2:]]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values[:-1]))
    return (10 - total % 10) % 10 == values[-1]


def follow(carrier: str, number: str) -> str:
    """Where a buyer can follow the parcel; empty when we do not know."""
    wanted = squeeze(carrier)
    if not number or not wanted:
        return ""
    for known in CARRIERS:
        if known.url and wanted.startswith(squeeze(known.name)):
            return known.url.format(quote(number, safe=""))
    return ""
