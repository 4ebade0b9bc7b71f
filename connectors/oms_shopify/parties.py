"""Who bought, where it goes, who gets the invoice, and what shops write beside it. Pure.

Shopify has fields for tax numbers of some countries only, and none for a parcel locker or the wish
for an invoice. Apps and themes keep them in the order's attributes, its metafields, or the second
line of an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from oms_connector import Address
from oms_connector.guessing import carrier_in, is_point_code, is_tax_number, is_yes
from oms_connector.reading import child, children, shown, value

from oms_shopify.reading import nodes

TAX_KEY = re.compile(r"(^|_)(nip|vat_?(id|number|no)|numer_vat|tax_?(id|number|no)|vatid|"
                     r"ust_?id(nr)?|dic|ic_dph|company_vat|eu_vat)($|_)")
INVOICE_KEY = re.compile(r"faktur|invoice")
TAX_FIELD = "TAX_CREDENTIAL_"
POINT_KEY = re.compile(r"paczkomat|parcel_?(machine|locker)|pickup_?point|delivery_?point|"
                       r"inpost|orlen_?(point|paczka)|punkt_odbioru|locker|dpd_?pickup|packeta")
LOCKER = re.compile(r"\b[A-Z]{3}\d{2,3}[A-Z]{0,4}\b")
COD = re.compile(r"cash on delivery|\bcod\b|pobrani|przy odbiorze|nachnahme|dob[ií]rk|ramburs",
                 re.IGNORECASE)


def ship_to(row: Any) -> Address:
    """Where the goods go; the buyer's own address where no other is told."""
    there, billing = child(row, "shippingAddress"), child(row, "billingAddress")
    return _address(there or billing,
                    phone=shown(there, "phone") or shown(row, "phone") or shown(billing, "phone"))


def bill_to(row: Any) -> Address | None:
    """Whom the invoice is for; None where the buyer told none."""
    billing = child(row, "billingAddress")
    if not billing:
        return None
    return _address(billing, phone=shown(billing, "phone"), email=shown(row, "email"))


def full_name(person: Any) -> str:
    """First and last name."""
    return " ".join(filter(None, (shown(person, "firstName"), shown(person, "lastName"))))


def tax_id(row: Any) -> str:
    """The buyer's tax number; empty where none is told."""
    for one in nodes(row, "localizedFields"):
        if shown(one, "key").startswith(TAX_FIELD) and is_tax_number(shown(one, "value")):
            return shown(one, "value")
    return next((told for key, told in _beside(row) if TAX_KEY.search(key) and is_tax_number(told)),
                "")


def wants_invoice(row: Any) -> bool:
    """Whether the buyer ticked that an invoice is wanted, or gave a tax number."""
    return bool(tax_id(row)) or any(is_yes(told) for key, told in _beside(row)
                                    if INVOICE_KEY.search(key))


def delivery(row: Any) -> str:
    """The delivery method, as the buyer saw it."""
    return next((said for one in nodes(row, "shippingLines") if (said := shown(one, "title"))), "")


def carrier(row: Any) -> str:
    """The carrier that the delivery method speaks of; empty when unsure."""
    said = " ".join(f"{shown(one, 'title')} {shown(one, 'code')}"
                    for one in nodes(row, "shippingLines"))
    return carrier_in(said)


def pickup_point(row: Any) -> str:
    """The code of the parcel locker or the shop where the buyer fetches it."""
    told = next((told for key, told in _beside(row)
                 if POINT_KEY.search(key) and is_point_code(told)), "")
    if told or carrier(row) != "InPost":
        return told
    there = child(row, "shippingAddress")
    said = [shown(there, "company"), shown(there, "address2"), shown(there, "address1")]
    said += [shown(one, name) for one in nodes(row, "shippingLines") for name in ("title", "code")]
    return next((found[0] for one in said if (found := LOCKER.search(one))), "")


def is_cod(names: list[str]) -> bool:
    """Whether one of an order's ways to pay is on delivery."""
    return any(COD.search(one) for one in names)


def _beside(row: Any) -> Iterator[tuple[str, str]]:
    """What themes and apps wrote beside the order: plain keys, texts."""
    kept = [*children(row, "customAttributes"), *nodes(row, "metafields")]
    for one in kept:
        key, told = shown(one, "key"), value(one, "value")
        if key and isinstance(told, str) and told.strip():
            yield re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_"), told.strip()


def _address(person: Any, phone: str, email: str = "") -> Address:
    return Address(
        name=full_name(person),
        company=shown(person, "company"),
        street=" ".join(filter(None, (shown(person, "address1"), shown(person, "address2")))),
        postcode=shown(person, "zip"),
        city=shown(person, "city"),
        region=shown(person, "provinceCode"),
        country=shown(person, "countryCodeV2"),
        phone=phone,
        email=email,
    )
