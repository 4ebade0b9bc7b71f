"""Codes on goods: what is a good EAN, and what a scanner may have meant.

GTINs of all lengths are kept the way a shop scanner most often reports them: a UPC of 12 digits
and a 14-digit GTIN of a single unit are written as 13 digits, so all of them find each other.
"""

from __future__ import annotations

import re

from stdnum import ean

from oms_web.core.errors import Invalid

LONGEST = 60

_GTIN_LENGTHS = (8, 12, 13, 14)
_CLAIMS_TO_BE_GTIN = (12, 13, 14)  # eight digits are often a seller's own number
_SPACES = re.compile(r"[\s\N{NO-BREAK SPACE}]+")
_AIM_PREFIX = re.compile(r"^\][A-Za-z][0-9A-Za-z]")  # ]E0, ]C1, ]d2: says which symbology was read
_GS1_PRINTED = re.compile(r"\(01\)(\d{14})")
_GS1_RAW = re.compile(r"^\x1d?01(\d{14})(?:$|\x1d|1[0157]|21|30|37|310\d)")
_GS1_LINK = re.compile(r"^https?://[^/]+(?:/.*)?/01/(\d{8,14})(?:[/?#]|$)", re.IGNORECASE)


def canonical(code: str) -> str:
    """The form under which a code is stored and looked up.

    ``036000291452`` (UPC) -> ``0036000291452``; ``05900012003196`` -> ``5900012003196``; digits
    may be typed with spaces or dashes. Anything that is not a well-formed GTIN only loses spaces.
    """
    squeezed = _SPACES.sub("", code)
    digits = squeezed.replace("-", "")
    if not is_gtin(digits):
        return squeezed
    if len(digits) == 12:
        return "0" + digits
    if len(digits) == 14 and digits.startswith("0"):
        return digits[1:]
    return digits


def is_gtin(code: str) -> bool:
    """Whether this is a GTIN-8, -12, -13 or -14 with a right check digit."""
    return (
        len(code) in _GTIN_LENGTHS and code.isascii() and code.isdigit() and ean.is_valid(code)
    )


def looks_mistyped(code: str) -> bool:
    """Digits alone that are no GTIN: a number of the seller's own, or one with digits missing."""
    digits = canonical(code).replace("-", "")
    return digits.isdigit() and not is_gtin(digits)


def check(code: str, field: str = "") -> str:
    """The stored form of a code that somebody wants to put on a variant.

    A text of 12, 13 or 14 digits claims to be a GTIN, so its check digit must be right (GS1
    General Specifications, 7.9); every other text is a code of the seller's own.

    Raises:
        Invalid: empty, too long, unprintable, or the check digit is wrong.
    """
    stored = canonical(code)
    if not stored:
        raise Invalid("Type or scan a code.", field)
    if len(stored) > LONGEST or not stored.isprintable():
        raise Invalid("A code has at most %(most)s printable characters.", field, most=LONGEST)
    digits = stored.replace("-", "")
    if digits.isdigit() and len(digits) in _CLAIMS_TO_BE_GTIN and not is_gtin(digits):
        right = ean.calc_check_digit(digits[:-1])
        raise Invalid(
            "%(code)s is not an EAN: its last digit should be %(right)s.", field,
            code=digits, right=right,
        )
    return stored


def meant(scan: str) -> str:
    """The code inside what a scanner typed: prefixes and GS1 wrapping are taken off.

    Understands symbology identifiers (``]E05900...``), GS1 element strings as printed or raw
    (``(01)05900...(10)LOT``) and GS1 Digital Links (``https://.../01/05900...``).
    """
    text = _AIM_PREFIX.sub("", scan.strip())
    for pattern in (_GS1_PRINTED, _GS1_LINK, _GS1_RAW):
        found = pattern.search(text)
        if found and is_gtin(found[1]):
            return canonical(found[1])
    return canonical(text.strip("\x1d"))
