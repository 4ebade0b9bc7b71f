"""Country names as people write them, and the currencies there are."""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.numbers import list_currencies

from oms_files.folding import fold

# Names that neither language's list has, seen in shops' exports.
_ALSO = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "great britain": "GB",
    "wielka brytania": "GB", "anglia": "GB", "eire": "IE", "republic of ireland": "IE",
    "usa": "US", "united states of america": "US", "stany zjednoczone ameryki": "US",
    "czech republic": "CZ", "czechy": "CZ", "holland": "NL", "holandia": "NL", "rsa": "ZA",
    "hong kong": "HK", "macau": "MO", "uae": "AE", "south korea": "KR", "korea": "KR",
    "russia": "RU", "viet nam": "VN", "slovak republic": "SK", "deutschland": "DE",
    "osterreich": "AT", "espana": "ES", "italia": "IT", "polska": "PL", "ceska republika": "CZ",
    "turkey": "TR", "el": "GR", "xi": "GB",
}


@cache
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in ("en", "pl"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "UN", "ZZ", "XA", "XB"):
                found.setdefault(fold(name), code)
    return found | _ALSO


@cache
def code_of(text: str) -> str | None:
    """The alpha-2 code of a name or code; None when there is no such country."""
    folded = fold(text)
    names = _names()
    if folded in names:
        return names[folded]
    upper = folded.upper()
    if len(upper) == 2 and upper in names.values():
        return upper
    return _alpha3().get(upper)


@cache
def _alpha3() -> dict[str, str]:
    return {
        "POL": "PL", "DEU": "DE", "GBR": "GB", "USA": "US", "CZE": "CZ", "SVK": "SK", "FRA": "FR",
        "ESP": "ES", "ITA": "IT", "NLD": "NL", "BEL": "BE", "AUT": "AT", "HUN": "HU", "LTU": "LT",
        "LVA": "LV", "EST": "EE", "UKR": "UA", "SWE": "SE", "DNK": "DK", "NOR": "NO", "FIN": "FI",
        "IRL": "IE", "PRT": "PT", "ROU": "RO", "BGR": "BG", "HRV": "HR", "SVN": "SI", "GRC": "GR",
        "CHE": "CH", "LUX": "LU",
    }


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes, the ones of the past included: old orders have them."""
    return frozenset(list_currencies())
