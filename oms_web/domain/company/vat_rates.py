"""VAT rates of the countries of the Union, by the day they hold from, and which can be meant. Data.

Sources: of Poland ustawa o VAT, art. 41 ust. 1-2a and art. 146ef; the standard rates of the others
as the Commission's database of taxes lists them (Taxes in Europe Database, VAT). A change is one
more row; issued documents keep the rate they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from oms_web.core.errors import Invalid

HOME = "PL"
WORDS = ("zw", "np", "oo")
"""Rates that are words: exempt, outside the scope of Polish VAT, accounted for by the buyer."""

# holds from -> rates, the newest last
POLISH_RATES: tuple[tuple[date, tuple[str, ...]], ...] = (
    (date(2011, 1, 1), ("23", "8", "5", "0")),
)
# country -> (holds from, rate), the newest last
STANDARD_RATES: dict[str, tuple[tuple[date, str], ...]] = {
    "AT": ((date(2021, 7, 1), "20"),),
    "BE": ((date(2021, 7, 1), "21"),),
    "BG": ((date(2021, 7, 1), "20"),),
    "CY": ((date(2021, 7, 1), "19"),),
    "CZ": ((date(2021, 7, 1), "21"),),
    "DE": ((date(2021, 7, 1), "19"),),
    "DK": ((date(2021, 7, 1), "25"),),
    "EE": ((date(2021, 7, 1), "20"), (date(2024, 1, 1), "22"), (date(2025, 7, 1), "24")),
    "ES": ((date(2021, 7, 1), "21"),),
    "FI": ((date(2021, 7, 1), "24"), (date(2024, 9, 1), "25.5")),
    "FR": ((date(2021, 7, 1), "20"),),
    "GR": ((date(2021, 7, 1), "24"),),
    "HR": ((date(2021, 7, 1), "25"),),
    "HU": ((date(2021, 7, 1), "27"),),
    "IE": ((date(2021, 7, 1), "23"),),
    "IT": ((date(2021, 7, 1), "22"),),
    "LT": ((date(2021, 7, 1), "21"),),
    "LU": ((date(2021, 7, 1), "17"), (date(2023, 1, 1), "16"), (date(2024, 1, 1), "17")),
    "LV": ((date(2021, 7, 1), "21"),),
    "MT": ((date(2021, 7, 1), "18"),),
    "NL": ((date(2021, 7, 1), "21"),),
    "PL": ((date(2021, 7, 1), "23"),),
    "PT": ((date(2021, 7, 1), "23"),),
    "RO": ((date(2021, 7, 1), "19"), (date(2025, 8, 1), "21")),
    "SE": ((date(2021, 7, 1), "25"),),
    "SI": ((date(2021, 7, 1), "22"),),
    "SK": ((date(2021, 7, 1), "20"), (date(2025, 1, 1), "23")),
}


def standard_rate(country: str, day: date) -> str:
    """The standard rate of a country on a day; empty where none is known."""
    held = [rate for begins, rate in STANDARD_RATES.get(country, ()) if begins <= day]
    return held[-1] if held else ""


def polish_rates(day: date) -> Sequence[str]:
    """The rates of Poland on a day."""
    held = [rates for begins, rates in POLISH_RATES if begins <= day]
    return held[-1] if held else ()


def check_in_force(rate: str, country: str, day: date, name: str = "vat_rate") -> str:
    """A tidied rate that goods can be taxed by in a country on a day.

    Of Poland all rates are known. Elsewhere in the Union a rate may be any up to the standard one,
    since a reduced rate is a lower one (directive 2006/112/EC, art. 96-98); which goods are taxed
    so is for the seller to say. Of other countries nothing is known.

    Raises:
        Invalid: there is no such rate there.
    """
    if rate in WORDS:
        return rate
    if country == HOME:
        if rate not in polish_rates(day):
            raise Invalid("On %(day)s Poland has no VAT rate of %(rate)s%%.", name, rate=rate,
                          day=day)
        return rate
    standard = standard_rate(country, day)
    if standard and Decimal(rate) > Decimal(standard):
        raise Invalid("On %(day)s the standard VAT rate of %(country)s is %(standard)s%%, and "
                      "%(rate)s%% is more.", name, country=country, standard=standard, rate=rate,
                      day=day)
    return rate
