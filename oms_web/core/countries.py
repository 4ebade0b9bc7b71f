"""Countries by their ISO 3166-1 code, and what a postcode looks like inside the Union."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from oms_web.core.errors import Invalid
from oms_web.core.text import fold

UNION = ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
         "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")
# Two-letter names of CLDR that are no country of ISO 3166-1. XK is kept: the post goes to Kosovo.
_NO_COUNTRY = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}

# What the posts of the Union write (Universal Postal Union, postal addressing systems), as a
# pattern and an example. A code may carry its country in front: D-10115, LT-01100.
_FIVE, _FOUR, _SPLIT = r"\d{5}", r"\d{4}", r"\d{3} ?\d{2}"
_CODES: dict[str, tuple[str, str]] = {
    "AT": (_FOUR, "1010"), "BE": (_FOUR, "1000"), "BG": (_FOUR, "1000"), "CY": (_FOUR, "1010"),
    "CZ": (_SPLIT, "110 00"), "DE": (_FIVE, "10115"), "DK": (_FOUR, "1050"),
    "EE": (_FIVE, "10111"), "ES": (_FIVE, "28001"), "FI": (_FIVE, "00100"),
    "FR": (_FIVE, "75001"), "GR": (_SPLIT, "105 57"), "HR": (_FIVE, "10000"),
    "HU": (_FOUR, "1011"), "IE": (r"[A-Z]\d[0-9W] ?[0-9A-Z]{4}", "D02 AF30"),
    "IT": (_FIVE, "00118"), "LT": (_FIVE, "01100"), "LU": (_FOUR, "1111"),
    "LV": (_FOUR, "1010"), "MT": (r"[A-Z]{3} ?\d{4}", "VLT 1117"),
    "NL": (r"\d{4} ?[A-Z]{2}", "1012 AB"), "PT": (r"\d{4}-?\d{3}", "1000-001"),
    "RO": (r"\d{6}", "010011"), "SE": (_SPLIT, "111 20"), "SI": (_FOUR, "1000"),
    "SK": (_SPLIT, "811 01"),
}
# Who lives in Ireland may not know their Eircode; everybody else of the Union has a postcode.
WITH_POSTCODE = frozenset(UNION) - {"IE"}


@cache
def codes() -> frozenset[str]:
    """Every country's two letters."""
    known = map(str, Locale("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha()) - _NO_COUNTRY


def check(code: str, field: str = "country") -> str:
    """A country's two letters in capitals; nothing stays nothing.

    Raises:
        Invalid: no country has this code.
    """
    found = code.strip().upper()
    if found and found not in codes():
        raise Invalid("There is no country %(code)s. Two letters, like PL.", field,
                      code=found[:20])
    return found


def check_postcode(code: str, country: str, field: str = "postcode") -> None:
    """Whether a postcode has the form that its country's post gives it.

    Raises:
        Invalid: it has another form, which a country of the Union does not know.
    """
    if not code or country not in _CODES:
        return
    pattern, example = _CODES[country]
    if not re.fullmatch(rf"(?:[A-Z]{{1,2}}[- ])?(?:{pattern})", code, re.ASCII):
        raise Invalid("A postcode of this country looks like %(example)s.", field,
                      example=example)


@cache
def names(language: str) -> dict[str, str]:
    """Code -> name in ``language``, sorted by name."""
    known = Locale(language).territories
    return dict(sorted(((code, str(known[code])) for code in codes()),
                       key=lambda one: fold(one[1])))
