"""The company: what it is called, where it is, how its documents look, the terms of its desk."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from sqlalchemy.orm import Session
from stdnum import iban
from stdnum.eu import vat as eu_vat
from stdnum.pl import nip

from oms_web.core import countries
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import EMAIL
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company import vat_rates
from oms_web.domain.company.models import Company

Check = Callable[[str, Any, str], Any]

ADDRESS = ("street", "postcode", "city", "country")
TEXTS = {
    "name": 120, "legal_name": 200, "email": 200, "phone": 40, "website": 200, "bank_name": 120,
    "footer_pl": 600, "footer_en": 600, "exempt_basis": 200,
}
CURRENCIES = ("PLN", "EUR", "CZK", "RON", "HUF", "BGN", "GBP", "USD", "SEK", "DKK", "NOK", "CHF",
              "UAH")
INVOICE_DATA = ("off", "foreign", "companies")
MAX_PAYMENT_HOURS = 24 * 60
MAX_RECALL_SECONDS = 120
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WEBSITE = re.compile(r"(?:https?://)?[^\s:/@]+\.[^\s:/@]+(?::\d+)?(?:/\S*)?")
_POSTCODE_PL = re.compile(r"\d{2}-\d{3}")


def get_company(session: Session) -> Company:
    """The company of this installation.

    Raises:
        NotFound: none has been set up yet.
    """
    company = session.get(Company, 1)
    if company is None:
        raise NotFound("The company has not been set up yet.")
    return company


def home_of(company: Company | None) -> str:
    """The country a company sells from, as a code."""
    return str(company.address.get("country") or vat_rates.HOME) if company else vat_rates.HOME


def set_up(work: Work, name: str, *, currency: str = "PLN", language: str = "pl",
           is_demo: bool = False) -> Company:
    """Make the company of a new installation; the one that is there is returned as it is."""
    company = work.session.get(Company, 1)
    if company is None:
        company = Company(id=1, name=name, address={"country": "PL"}, currency=currency,
                          language=language, is_demo=is_demo, created_at=work.now)
        work.session.add(company)
        work.session.flush()
        audit.record(work, "company.set_up", "company", 1, {"name": [None, name]})
    return company


def change(work: Work, values: Mapping[str, Any]) -> list[str]:
    """Change what is given of the company; the names of what really changed.

    ``values`` are raw: column names, and ``street postcode city country`` of the address.

    Raises:
        InvalidForm: naming each field that cannot be so.
    """
    company = get_company(work.session)
    clean, problems = checked(values)
    if problems:
        raise InvalidForm(problems)
    address = {part: clean.pop(part) for part in ADDRESS if part in clean}
    if address:
        clean["address"] = {**company.address, **address}
    before = {name: getattr(company, name) for name in clean}
    difference = audit.changes(before, clean)
    for name in difference:
        setattr(company, name, clean[name])
    if difference:
        audit.record(work, "company.change", "company", 1, difference)
    return sorted(difference)


def set_logo(work: Work, picture: bytes | None) -> None:
    """Put a logo (a PNG that has been drawn anew) on documents, or take it off."""
    company = get_company(work.session)
    name = work.ports["files"].put(picture, ".png") if picture else None
    if name != company.logo_file:
        audit.record(work, "company.logo", "company", 1, {"logo": [company.logo_file, name]})
        company.logo_file = name


def checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, OmsError]]:
    """The values as they will be stored, and what is wrong, by field."""
    clean: dict[str, Any] = {}
    problems: dict[str, OmsError] = {}
    country = str(values.get("country") or "PL").strip().upper()
    for name, value in values.items():
        try:
            clean[name] = _CHECKS.get(name, _text)(name, value, country)
        except Invalid as error:
            problems[name] = error
    return clean, problems


def _text(name: str, value: Any, _country: str) -> str:
    text = str(value or "").strip()
    limit = TEXTS.get(name, 200)
    if len(text) > limit:
        raise Invalid("At most %(limit)s characters.", name, limit=limit)
    return text


def _name(name: str, value: Any, country: str) -> str:
    text = _text(name, value, country)
    if not text:
        raise Invalid("Fill this in.", name)
    return text


def _country(name: str, value: Any, _: str) -> str:
    text = str(value or "").strip().upper()
    if not text:
        raise Invalid("Two letters, like PL.", name)
    return countries.check(text, name)


def _postcode(name: str, value: Any, country: str) -> str:
    text = _text(name, value, country)
    if country == "PL" and text:
        digits = text.replace("-", "").replace(" ", "")
        text = f"{digits[:2]}-{digits[2:]}"
        if not _POSTCODE_PL.fullmatch(text):
            raise Invalid("A postcode looks like 00-950.", name)
    else:
        countries.check_postcode(text.upper(), country, name)
    return text


def _email(name: str, value: Any, country: str) -> str:
    text = _text(name, value, country)
    if text and not EMAIL.fullmatch(text):
        raise Invalid("An e-mail address looks like name@example.com.", name)
    return text


def _website(name: str, value: Any, country: str) -> str:
    """It becomes a link on documents: a page of the web, and nothing that a browser would run."""
    text = _text(name, value, country)
    if text and not _WEBSITE.fullmatch(text):
        raise Invalid("A website looks like www.example.com or https://example.com.", name)
    return text


def _tax_id(name: str, value: Any, country: str) -> str:
    bare = re.sub(r"[\s-]", "", str(value or "")).upper()
    if not bare:
        return ""
    if country != "PL" and not bare.startswith("PL"):
        if not eu_vat.is_valid(bare if bare[:2].isalpha() else country + bare):
            raise Invalid("This is not a tax number of %(country)s.", name, country=country)
        return bare
    digits = bare.removeprefix("PL")
    if not digits.isdigit() or len(digits) != 10:
        raise Invalid("A NIP has 10 digits, here are %(n)s.", name,
                      n=sum(ch.isdigit() for ch in digits))
    if not nip.is_valid(digits):
        raise Invalid("The check digit of this NIP is wrong: compare it again.", name)
    return digits


def _bank_account(name: str, value: Any, country: str) -> str:
    bare = re.sub(r"[\s-]", "", str(value or "")).upper()
    if not bare:
        return ""
    number = f"PL{bare}" if bare.isdigit() and country == "PL" else bare
    if not iban.is_valid(number):
        raise Invalid("This account number is not valid: a digit is wrong or missing.", name)
    return number


def _currency(name: str, value: Any, _: str) -> str:
    text = str(value or "").strip().upper()
    if text not in CURRENCIES:
        raise Invalid("Choose a currency.", name)
    return text


def _invoice_data(name: str, value: Any, _: str) -> str:
    if value not in INVOICE_DATA:
        raise Invalid("Choose one of the list.", name)
    return str(value)


def _language(name: str, value: Any, _: str) -> str:
    if value not in ("pl", "en"):
        raise Invalid("Choose a language.", name)
    return str(value)


def _hours(name: str, value: Any, _: str) -> int:
    hours = value if isinstance(value, int) else 0
    if not 1 <= hours <= MAX_PAYMENT_HOURS:
        raise Invalid("Between 1 and %(limit)s hours.", name, limit=MAX_PAYMENT_HOURS)
    return hours


def _whole(least: int, most: int) -> Check:
    """A check for a whole number between two."""
    def check(name: str, value: Any, _: str) -> int:
        if not isinstance(value, int) or not least <= value <= most:
            raise Invalid("Between %(least)s and %(most)s.", name, least=least, most=most)
        return value

    return check


def _cut_off(name: str, value: Any, _: str) -> str:
    if isinstance(value, time):
        return value.strftime("%H:%M")
    found = _TIME.fullmatch(str(value or "").strip())
    if not found:
        raise Invalid("A time looks like 15:00.", name)
    return f"{int(found[1]):02d}:{found[2]}"


def _accent(name: str, value: Any, _: str) -> str:
    text = str(value or "").strip()
    if not _HEX.fullmatch(text):
        raise Invalid("A colour looks like #3350D4.", name)
    return text.upper()


def _yes(_name_: str, value: Any, _: str) -> bool:
    return bool(value)


_CHECKS: dict[str, Check] = {
    "name": _name, "country": _country, "postcode": _postcode, "website": _website,
    "email": _email,
    "tax_id": _tax_id, "bank_account": _bank_account, "currency": _currency, "language": _language,
    "payment_hours": _hours, "cut_off": _cut_off, "accent": _accent, "slip_prices": _yes,
    "eu_vat": _yes, "oss": _yes, "invoice_data": _invoice_data,
    "recall_seconds": _whole(0, MAX_RECALL_SECONDS),
    "weighs": _yes, "cart_slots": _whole(1, 100), "packaging_g": _whole(0, 20_000),
    "tolerance_g": _whole(0, 10_000), "tolerance_pct": _whole(0, 100),
    "photo_days": _whole(1, 730),
}
