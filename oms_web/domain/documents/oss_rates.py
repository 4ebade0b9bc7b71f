"""Standard VAT rates of the countries of the Union, by the day they hold from. Data.

Source: the member states' rates as the Commission's database of taxes lists them (Taxes in Europe
Database, VAT). A change is one more row; issued documents keep the rate they have.
"""

from __future__ import annotations

from datetime import date

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
