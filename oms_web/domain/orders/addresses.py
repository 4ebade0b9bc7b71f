"""An address and a buyer as a person types them: tidied, checked, refused field by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oms_web.core import countries
from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.text import EMAIL, tidy
from oms_web.domain.orders.checks import tax_id_valid

LENGTHS = {"name": 200, "company": 200, "street": 200, "postcode": 20, "city": 120, "region": 120,
           "country": 2, "phone": 40, "email": 200}
FIELDS = tuple(LENGTHS)
_POLISH_CODE = re.compile(r"(\d{2})[- ]?(\d{3})")
_MIN_DIGITS, _MAX_DIGITS = 7, 15
_POLISH_DIGITS = 9


def clean_postcode(text: str, country: str) -> str:
    """A postcode as the post writes it; ``50066`` in Poland becomes ``50-066``.

    Raises:
        Invalid: a Polish one that is not five digits, or one that another country of the Union
            does not write so.
    """
    code = tidy(text).upper()
    if country != "PL" or not code:
        countries.check_postcode(code, country)
        return code
    found = _POLISH_CODE.fullmatch(code)
    if found is None:
        raise Invalid("A Polish postcode has five digits: 00-000.", "postcode")
    return f"{found[1]}-{found[2]}"


def clean_phone(text: str, country: str) -> str:
    """A phone number, as typed but tidied.

    Raises:
        Invalid: too few or too many digits, or letters.
    """
    phone = tidy(text)
    if not phone:
        return ""
    digits = sum(ch.isdigit() for ch in phone)
    if any(ch.isalpha() for ch in phone) or not _MIN_DIGITS <= digits <= _MAX_DIGITS:
        raise Invalid("A phone number has 7 to 15 digits.", "phone")
    if country == "PL" and not phone.startswith(("+", "00")) and digits != _POLISH_DIGITS:
        raise Invalid("A Polish phone number has 9 digits, this one has %(n)s.", "phone", n=digits)
    return phone


def clean_email(text: str) -> str:
    """An e-mail address, tidied.

    Raises:
        Invalid: it cannot be one.
    """
    email = text.strip()
    if email and not EMAIL.fullmatch(email):
        raise Invalid("An e-mail address looks like name@example.com.", "email")
    return email


def clean_tax_id(text: str, country: str) -> str:
    """A tax number without spaces and dashes.

    Raises:
        Invalid: it cannot exist; a Polish NIP is checked by its last digit.
    """
    number = "".join(ch for ch in text.upper() if ch.isalnum())
    if number and not tax_id_valid(number, country):
        digits = sum(ch.isdigit() for ch in number)
        if country in ("", "PL") and digits != 10:
            raise Invalid("A NIP has 10 digits, this one has %(n)s.", "tax_id", n=digits)
        raise Invalid("This tax number is not valid. Check each digit.", "tax_id")
    return number


def clean_address(values: Mapping[str, Any], *, pickup_point: str = "") -> dict[str, str]:
    """An address ready to be stored.

    A parcel to a pick-up point needs no street, else name or company, street, town and country
    must be there; in most of the Union the postcode too.

    Raises:
        InvalidForm: naming every field that is wrong.
    """
    found = {name: tidy(str(values.get(name) or ""))[:limit] for name, limit in LENGTHS.items()}
    found["country"] = found["country"].upper()
    problems: dict[str, OmsError] = {}
    for name, clean in (
        ("country", lambda: countries.check(found["country"])),
        ("postcode", lambda: clean_postcode(found["postcode"], found["country"])),
        ("phone", lambda: clean_phone(found["phone"], found["country"])),
        ("email", lambda: clean_email(found["email"])),
    ):
        try:
            found[name] = clean()
        except Invalid as problem:
            problems[name] = problem
    if not found["name"] and not found["company"]:
        problems["name"] = Invalid("Give a name or a company.")
    needed = ["country"] if pickup_point else ["street", "city", "country"]
    if not pickup_point and found["country"] in ("", *countries.WITH_POSTCODE):
        needed.append("postcode")
    for name in needed:
        if not found[name]:
            problems[name] = Invalid("Fill this in.")
    if problems:
        raise InvalidForm(problems)
    return found


def clean_buyer(values: Mapping[str, Any], country: str) -> dict[str, str]:
    """Name, company, e-mail, phone and tax number of a buyer, ready to be stored.

    Raises:
        InvalidForm: naming every field that is wrong.
    """
    found = {
        "buyer_name": tidy(str(values.get("buyer_name") or ""))[:200],
        "buyer_company": tidy(str(values.get("buyer_company") or ""))[:200],
        "buyer_email": "", "buyer_phone": "", "tax_id": "",
    }
    problems: dict[str, OmsError] = {}
    for name, clean in (
        ("buyer_email", lambda text: clean_email(text)),
        ("buyer_phone", lambda text: clean_phone(text, country)),
        ("tax_id", lambda text: clean_tax_id(text, country)),
    ):
        try:
            found[name] = clean(str(values.get(name) or ""))
        except Invalid as problem:
            problems[name] = problem
    if not found["buyer_name"] and not found["buyer_company"]:
        problems["buyer_name"] = Invalid("Give a name or a company.")
    if problems:
        raise InvalidForm(problems)
    return found
