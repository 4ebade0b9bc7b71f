"""How tax numbers are printed. Pure.

Between two countries of the Union both parties are named by their EU VAT numbers, which begin
with the country (ustawa o VAT, art. 106e ust. 1 pkt 24 with art. 97 ust. 10). At home, and beyond
the Union, a number stands as it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stdnum.eu import vat as eu_vat

UNION = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))
_PREFIXES = {"GR": "EL"}


def printed_tax_ids(seller: Mapping[str, Any], buyer: Mapping[str, Any]) -> tuple[str, str]:
    """The seller's and the buyer's number as an invoice between them says it."""
    home = str(seller["address"].get("country") or "PL")
    abroad = str(buyer.get("country") or home)
    mine, theirs = str(seller["tax_id"]), str(buyer.get("tax_id") or "")
    if not theirs or home == abroad or not {home, abroad} <= UNION:
        return mine, theirs
    return _with_country(mine, home), _with_country(theirs, abroad)


def is_union_number(number: str, country: str, home: str) -> bool:
    """Whether a tax number is, in its form, a VAT number of another country of the Union than home.

    Whether it is in use only the Union's register (VIES) knows.
    """
    bare = "".join(number.split()).replace("-", "").upper()
    if not bare:
        return False
    whole = bare if bare[:2].isalpha() else _PREFIXES.get(country, country) + bare
    return not whole.startswith(_PREFIXES.get(home, home)) and bool(eu_vat.is_valid(whole))


def _with_country(number: str, country: str) -> str:
    if not number or number[:2].isalpha():
        return number
    return _PREFIXES.get(country, country) + number
