"""Amazon's marketplaces, and where the API of each region is.

Source: developer-docs.amazon.com, "Marketplace IDs" and "SP-API endpoints". A token opens all
marketplaces of one region.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector import AccessRefused

from oms_amazon import words

EUROPE, AMERICAS, FAR_EAST = "eu", "na", "fe"
PRODUCTION, SANDBOX = "production", "sandbox"


@dataclass(frozen=True, slots=True)
class Place:
    """A marketplace. ``code``: what sellers call it; ``site``: where buyers find it."""

    code: str
    id: str
    currency: str
    site: str
    region: str = EUROPE


PLACES = tuple(Place(*row) for row in (
    ("PL", "A1C3SOZRARQ6R3", "PLN", "amazon.pl"),
    ("DE", "A1PA6795UKMFR9", "EUR", "amazon.de"),
    ("FR", "A13V1IB3VIYZZH", "EUR", "amazon.fr"),
    ("IT", "APJ6JRA9NG5V4", "EUR", "amazon.it"),
    ("ES", "A1RKKUPIHCS9HS", "EUR", "amazon.es"),
    ("NL", "A1805IZSGTT6HS", "EUR", "amazon.nl"),
    ("BE", "AMEN7PMS3EDWL", "EUR", "amazon.com.be"),
    ("IE", "A28R8C7NBKEWEA", "EUR", "amazon.ie"),
    ("SE", "A2NODRKZP88ZB9", "SEK", "amazon.se"),
    ("GB", "A1F83G8C2ARO7P", "GBP", "amazon.co.uk"),
    ("TR", "A33AVAJ2PDY3EV", "TRY", "amazon.com.tr"),
    ("AE", "A2VIGQ35RCS4UG", "AED", "amazon.ae"),
    ("SA", "A17E79C6D8DWNP", "SAR", "amazon.sa"),
    ("EG", "ARBP9OOSHTCHU", "EGP", "amazon.eg"),
    ("ZA", "AE08WJ6YKNBMC", "ZAR", "amazon.co.za"),
    ("IN", "A21TJRUUN4KGV", "INR", "amazon.in"),
    ("US", "ATVPDKIKX0DER", "USD", "amazon.com", AMERICAS),
    ("CA", "A2EUQ1WTGCTBG2", "CAD", "amazon.ca", AMERICAS),
    ("MX", "A1AM78C64UM0Y8", "MXN", "amazon.com.mx", AMERICAS),
    ("BR", "A2Q3Y263D00KWC", "BRL", "amazon.com.br", AMERICAS),
    ("JP", "A1VC38T7YXB528", "JPY", "amazon.co.jp", FAR_EAST),
    ("AU", "A39IBJ37TRP1C6", "AUD", "amazon.com.au", FAR_EAST),
    ("SG", "A19VAU5U5O7RUS", "SGD", "amazon.sg", FAR_EAST),
))
BY_CODE = {place.code: place for place in PLACES} | {
    "UK": next(place for place in PLACES if place.code == "GB")}
BY_ID = {place.id: place for place in PLACES}
HOME = "PL"


def codes(settings: Mapping[str, Any]) -> list[str]:
    """The country codes as they were typed, each once."""
    typed = re.findall(r"[A-Za-z]+", str(settings.get("marketplaces") or ""))
    return list(dict.fromkeys(code.upper() for code in typed))


def chosen(settings: Mapping[str, Any]) -> Sequence[Place]:
    """The account's marketplaces, each once.

    Raises:
        AccessRefused: there are none, one is not known, or they are of different regions.
    """
    typed = codes(settings)
    if not typed:
        raise AccessRefused(words.NO_PLACES, "marketplaces")
    strange = next((code for code in typed if code not in BY_CODE), None)
    if strange is not None:
        raise AccessRefused(words.UNKNOWN_PLACE % {"code": strange}, "marketplaces")
    found = list(dict.fromkeys(BY_CODE[code] for code in typed))
    if len({place.region for place in found}) > 1:
        raise AccessRefused(words.TWO_REGIONS % {"codes": ", ".join(typed)}, "marketplaces")
    return found


def base_url(settings: Mapping[str, Any]) -> str:
    """The API of the region that the first known marketplace is of."""
    known = [BY_CODE[code] for code in codes(settings) if code in BY_CODE]
    region = known[0].region if known else EUROPE
    sandbox = "sandbox." if settings.get("environment") == SANDBOX else ""
    return f"https://{sandbox}sellingpartnerapi-{region}.amazon.com"
