"""Who bought, where it goes, who gets the invoice, and what Polish plugins write beside it. Pure.

WooCommerce has no field for a tax number, a parcel locker or the wish for an invoice. Plugins keep
them in ``meta_data`` under keys of their own; the block checkout as ``_wc_billing/plugin/field``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from oms_connector import Address
from oms_connector.guessing import carrier_in, is_point_code, is_tax_number, is_yes
from oms_connector.reading import value

from oms_woocommerce.reading import child, children, metas, shown

TAX_KEYS = frozenset({
    "billing_nip", "nip", "billing_vat", "vat", "billing_vat_number", "vat_number",
    "billing_vat_id", "vat_id", "billing_tax_id", "tax_id", "billing_eu_vat_number",
    "eu_vat_number", "billing_company_nip", "polski_billing_nip", "nip_number", "billing_tax",
})
INVOICE_KEYS = frozenset({
    "billing_faktura", "faktura", "billing_invoice", "billing_invoice_ask", "invoice_ask",
    "invoice_request", "wants_invoice", "want_invoice", "chce_fakture", "billing_chce_fakture",
    "billing_wants_invoice", "faktura_vat",
})
# Keys of InPost (its own plugin and older ones), Furgonetka, Apaczka, Bliskapaczka, Polkurier.
POINT_KEYS = ("parcel_machine_id", "furgonetkapoint", "apaczka_delivery_point",
              "bliskapaczka_poscode", "polkurier_point_id", "paczkomat_id", "paczkomat_key",
              "paczkomat")
POINT_LIKE = re.compile(r"paczkomat|parcel_?(machine|locker)|pickup_?point|delivery_?point|"
                        r"inpost_?(point|locker)|orlen_?point|punkt_odbioru", re.IGNORECASE)
POINT_FIELDS = ("apaczka_access_point_id", "code", "id", "name", "point_id")


def ship_to(row: Any) -> Address:
    """Where the goods go; the buyer's own address where no other is told."""
    shipping, billing = child(row, "shipping"), child(row, "billing")
    there = shipping if shown(shipping, "address_1") or shown(shipping, "city") else billing
    return _address(there, phone=shown(there, "phone") or shown(billing, "phone"))


def bill_to(row: Any) -> Address | None:
    """Whom the invoice is for; None where the shop asks for no address."""
    billing = child(row, "billing")
    if not any(shown(billing, name) for name in ("address_1", "city", "company", "last_name")):
        return None
    return _address(billing, phone=shown(billing, "phone"), email=shown(billing, "email"))


def full_name(person: Any) -> str:
    """First and last name."""
    return " ".join(filter(None, (shown(person, "first_name"), shown(person, "last_name"))))


def tax_id(row: Any) -> str:
    """The buyer's tax number; empty where none is told."""
    billing = child(row, "billing")
    written = [told for key, told in [*_plain(metas(row)), *_plain(billing)] if key in TAX_KEYS]
    return next((str(told).strip() for told in written
                 if is_tax_number(told)), "")


def wants_invoice(row: Any) -> bool:
    """Whether the buyer ticked that an invoice is wanted, or gave a tax number."""
    return bool(tax_id(row)) or any(
        is_yes(told) for key, told in _plain(metas(row)) if key in INVOICE_KEYS)


def delivery(row: Any) -> str:
    """The delivery method, as the buyer saw it."""
    return next((shown(one, "method_title") for one in children(row, "shipping_lines")
                 if shown(one, "method_title")), "")


def carrier(row: Any) -> str:
    """The carrier that the delivery method speaks of; empty when unsure."""
    said = " ".join(f"{shown(one, 'method_title')} {shown(one, 'method_id')}"
                    for one in children(row, "shipping_lines"))
    return carrier_in(said)


def pickup_point(row: Any) -> str:
    """The code of the parcel locker or the shop where the buyer fetches it."""
    kept = [*_plain(metas(row))]
    for one in children(row, "shipping_lines"):
        kept += _plain(metas(one))
    known = dict(reversed(kept))
    for key in POINT_KEYS:
        if found := _point(known.get(key)):
            return found
    return next((found for key, told in kept if POINT_LIKE.search(key)
                 if (found := _point(told))), "")


def _point(told: Any) -> str:
    """A code within what a plugin keeps: a text, or a description with the code in it."""
    if isinstance(told, str) and told.lstrip().startswith("{"):
        try:
            told = json.loads(told)
        except ValueError:
            return ""
    if isinstance(told, dict):
        return next((found for name in POINT_FIELDS if (found := _point(told.get(name)))), "")
    code = str(told).strip() if isinstance(told, str | int) else ""
    return code if is_point_code(code) else ""


def _plain(kept: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys without the marks that WordPress puts before them."""
    for key, told in kept.items():
        yield key.rpartition("/")[2].lstrip("_").lower(), told


def _address(person: Any, phone: str, email: str = "") -> Address:
    return Address(
        name=full_name(person),
        company=shown(person, "company"),
        street=" ".join(filter(None, (shown(person, "address_1"), shown(person, "address_2")))),
        postcode=shown(person, "postcode"),
        city=shown(person, "city"),
        region=shown(person, "state"),
        country=shown(person, "country") if value(person, "country") else "",
        phone=phone,
        email=email,
    )
