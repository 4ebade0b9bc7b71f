"""How tax numbers are printed. Pure.

Between two countries of the Union both parties are named by their EU VAT numbers, which begin
with the country (ustawa o VAT, art. 106e ust. 1 pkt 24 with art. 97 ust. 10). At home, and beyond
the Union, a number stands as it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_UNION = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))
_PREFIXES = {"GR": "EL"}


def printed_tax_ids(seller: Mapping[str, Any], buyer: Mapping[str, Any]) -> tuple[str, str]:
    """The seller's and the buyer's number as an invoice between them says it."""
    home = str(seller["address"].get("country") or "PL")
    abroad = str(buyer.get("country") or home)
    mine, theirs = str(seller["tax_id"]), str(buyer.get("tax_id") or "")
    if not theirs or home == abroad or not {home, abroad} <= _UNION:
        return mine, theirs
    return _with_country(mine, home), _with_country(theirs, abroad)


def _with_country(number: str, country: str) -> str:
    if not number or number[:2].isalpha():
        return number
    return _PREFIXES.get(country, country) + number
