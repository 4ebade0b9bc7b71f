"""What shops say in words of their own about things that every shop has. Pure.

A delivery method is a name that the seller typed; a tax number and a locker lie in fields that
plugins made up. These are the guesses that hold wherever it was written; where to look is the
connector's business. When unsure they say nothing.
"""

from __future__ import annotations

import re

# The carrier a delivery method speaks of; the first that fits.
_CARRIERS = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r"inpost|paczkomat|easypack", "InPost"), (r"\bdpd\b", "DPD"), (r"\bdhl\b", "DHL"),
    (r"\bups\b", "UPS"), (r"\bgls\b", "GLS"), (r"\bfedex\b", "FedEx"),
    (r"\borlen\b|\bruch", "ORLEN Paczka"), (r"poczta|pocztex|list polecony", "Poczta Polska"),
    (r"packeta|zásilkovna", "Packeta"), (r"\ballegro (one|kurier)", "Allegro"),
))
_POINT = re.compile(r"(?=[A-Z0-9_-]*\d)[A-Z0-9][A-Z0-9_-]{3,19}")
_TAX_NUMBER = re.compile(r"\d{5}|\d{3}-\d")
# The last number of a street and what belongs to it: "12", "12A", "12/4", "12 m. 4", "1-3".
_HOUSE = re.compile(
    r"(?P<street>\S.*?),?\s+(?:nr\s+)?"
    r"(?P<number>\d+\s?[A-Za-z]?(?:\s?[/-]\s?\w+)*"
    r"(?:,?\s*(?:mieszkanie|mieszk\.?|lokal|lok\.?|m\.?)\s*\w+)?)",
    re.IGNORECASE)
_YES = frozenset({"1", "yes", "y", "true", "on", "tak"})


def carrier_in(said: str) -> str:
    """The carrier that a delivery method speaks of; empty when unsure."""
    return next((name for pattern, name in _CARRIERS if pattern.search(said)), "")


def is_point_code(told: str) -> bool:
    """Whether this may be the code of a parcel locker or a pick-up point: ``KRA01M``."""
    return _POINT.fullmatch(told) is not None


def is_tax_number(told: object) -> bool:
    """Whether this may be a tax number, of whatever country."""
    return isinstance(told, str | int) and not isinstance(told, bool) \
        and _TAX_NUMBER.search(str(told)) is not None


def is_yes(told: object) -> bool:
    """Whether a box that a plugin keeps is ticked."""
    return str(told).strip().lower() in _YES


def street_and_number(said: str) -> tuple[str, str]:
    """A line of an address apart: ("Polna", "2 m. 3"). The number is empty when there is none.

    Numbers that belong to the street's name stay there: "3 Maja 12/4" is ("3 Maja", "12/4").
    """
    line = " ".join(said.split())
    found = _HOUSE.fullmatch(line)
    return (found["street"].rstrip(","), found["number"]) if found else (line, "")


def first_and_last(name: str) -> tuple[str, str]:
    """A person's name apart, at its first gap; of one word the second half is empty."""
    first, _, last = " ".join(name.split()).partition(" ")
    return first, last


def polish_phone(said: str) -> str:
    """The nine digits of a Polish number, however it is written; empty if it is none."""
    digits = re.sub(r"\D", "", said)
    if len(digits) > 9:
        digits = digits.removeprefix("00").removeprefix("48")
    return digits if len(digits) == 9 else ""
