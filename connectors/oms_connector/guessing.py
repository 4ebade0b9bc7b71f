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
