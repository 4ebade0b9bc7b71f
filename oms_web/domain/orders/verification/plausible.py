"""Whether an address and a phone number can be meant so: by their form, no register is asked. Pure.

A town is compared with its postcode by the first digit only: in Poland it names the postal region,
and each of the large towns below lies in one. That finds a wrong town, not a wrong street. Names
that several places share (Leszno, Konin, Zamość) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.core.text import squeeze
from oms_web.domain.orders import addresses

# First digit of the postcode -> large towns of that region, as ``squeeze`` writes them.
_REGIONS = {
    "0": "warszawa plock ostroleka pruszkow",
    "1": "olsztyn bialystok lomza suwalki elk",
    "2": "lublin kielce radom",
    "3": "krakow rzeszow nowysacz przemysl",
    "4": "katowice opole czestochowa sosnowiec gliwice zabrze bytom bielskobiala rybnik tychy "
         "rudaslaska dabrowagornicza chorzow",
    "5": "wroclaw walbrzych legnica jeleniagora",
    "6": "poznan zielonagora gorzowwielkopolski kalisz gniezno",
    "7": "szczecin koszalin slupsk stargard swinoujscie",
    "8": "gdansk gdynia sopot bydgoszcz torun elblag wloclawek grudziadz inowroclaw",
    "9": "lodz kutno skierniewice piotrkowtrybunalski",
}
_REGION_OF = {town: digit for digit, towns in _REGIONS.items() for town in towns.split()}
# There a house may have a name in place of a number.
_NAMED_HOUSES = frozenset(("GB", "IE"))
_WITH_PREFIX = re.compile(r"(?:\+|00)(\d+)")
_POLISH = re.compile(r"(?:(?:\+|00)48|48(?=\d{9}$))?([1-9]\d{8})")
_MADE_UP = ("123456789", "987654321", "012345678")


def house_missing(address: Mapping[str, Any]) -> bool:
    """Whether a street has no number; a village without streets writes it after its own name."""
    street = str(address.get("street") or "")
    return bool(street) and address.get("country") not in _NAMED_HOUSES \
        and not any(ch.isdigit() for ch in street)


def postcode_odd(address: Mapping[str, Any]) -> bool:
    """Whether a postcode has a form that its country does not know. An empty one is no matter
    of form.
    """
    try:
        addresses.clean_postcode(str(address.get("postcode") or ""),
                                 str(address.get("country") or "PL"))
    except Invalid:
        return True
    return False


def town_elsewhere(address: Mapping[str, Any]) -> bool:
    """Whether a Polish postcode lies in another region than the large town beside it."""
    postcode = str(address.get("postcode") or "").strip()
    region = _REGION_OF.get(squeeze(str(address.get("city") or "")))
    return region is not None and address.get("country") in ("PL", "", None) \
        and not postcode_odd(address) and postcode[:1] not in ("", region)


def phone_odd(phone: str, country: str) -> bool:
    """Whether nobody can be called there: a wrong number of digits, or digits that are made up.

    Polish numbers have nine digits and none of them begins with 0; with a country's prefix a
    number has 8 to 15 (ITU-T E.164).
    """
    bare = re.sub(r"[\s().\-/]", "", phone)
    digits = re.sub(r"\D", "", bare)[-9:]
    if len(set(digits)) == 1 or digits in _MADE_UP:
        return True
    polish = _POLISH.fullmatch(bare)
    if country in ("PL", "") and not bare.startswith(("+", "00")):
        return polish is None
    if bare.startswith(("+48", "0048")):
        return polish is None
    foreign = _WITH_PREFIX.fullmatch(bare)
    if foreign is None:
        return not re.fullmatch(r"\d{6,15}", bare)
    return not 8 <= len(foreign[1]) <= 15
