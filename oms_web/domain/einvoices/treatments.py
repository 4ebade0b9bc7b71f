"""Where a VAT rate stands in FA(3): the word of its line and the field of its sum. Pure.

From the notes of the FA(3) schema (Fa/P_13_1 to P_13_11 and FaWiersz/P_12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.domain.documents import vat
from oms_web.domain.einvoices.parties import union_code

DOMESTIC, WDT, EXPORT, OSS, SERVICES = "domestic", "wdt", "export", "oss", "services_eu"

_TAXED = {"23": "1", "22": "1", "8": "2", "7": "2", "5": "3", "4": "4", "3": "4"}
_NOUGHT = {
    DOMESTIC: ("0 KR", "6_1"), WDT: ("0 WDT", "6_2"), EXPORT: ("0 EX", "6_3"),
}
_WORDS = {vat.EXEMPT: ("zw", "7"), vat.OUTSIDE: ("np I", "8"), vat.REVERSE: ("oo", "10")}


@dataclass(frozen=True, slots=True)
class Place:
    """``word`` is P_12 (or P_12_XII when ``is_foreign``); ``field`` follows ``P_13_``.

    ``has_vat``: the field has a ``P_14_`` beside it; ``has_home``: and that in zloty.
    """

    word: str
    field: str
    has_vat: bool = False
    has_home: bool = False
    is_foreign: bool = False


def place(rate: str, treatment: str) -> Place:
    """Where a stored rate goes.

    Raises:
        Invalid: FA(3) has no such rate.
    """
    if treatment == OSS and rate not in _WORDS:
        return Place(rate, "5", has_vat=True, is_foreign=True)
    if rate in _TAXED:
        return Place(rate, _TAXED[rate], has_vat=True, has_home=True)
    if rate == "0":
        word, field = _NOUGHT.get(treatment, _NOUGHT[DOMESTIC])
        return Place(word, field)
    if rate == vat.OUTSIDE and treatment == SERVICES:
        return Place("np II", "9")
    if rate in _WORDS:
        word, field = _WORDS[rate]
        return Place(word, field)
    raise Invalid("KSeF knows no VAT rate %(rate)s%%.", "rate", rate=rate)


def treatment_of(snapshot: Mapping[str, Any]) -> str:
    """How VAT is dealt with on a document; read off its parties and rates where it does not say.

    A rate of another country is one of the Union's one-stop shop; 0% to a company elsewhere in the
    Union is an intra-Community supply, and beyond the Union an export.
    """
    if said := str(snapshot.get("treatment") or ""):
        return said
    home = str(snapshot["seller"]["address"].get("country") or "PL")
    abroad = str(snapshot["buyer"].get("country") or home)
    if abroad == home:
        return DOMESTIC
    rates = {row["rate"] for row in snapshot["rates"]}
    if not union_code(abroad):
        return EXPORT
    if snapshot["buyer"].get("tax_id"):
        return WDT
    return OSS if rates - set(_TAXED) - set(_WORDS) - {"0"} else DOMESTIC
