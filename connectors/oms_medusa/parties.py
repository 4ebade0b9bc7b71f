"""Who bought, where it goes, who gets the invoice, and what shops write beside it. Pure.

Medusa has no field for a tax number, a parcel locker, a note or the wish for an invoice. Shops keep
them in ``metadata`` of the order, an address or the customer; carriers' modules keep the locker in
``data`` of the shipping method. Only keys that can mean nothing else are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from oms_connector import Address
from oms_connector.guessing import carrier_in, is_point_code, is_tax_number, is_yes
from oms_connector.reading import child, children, shown, value

TAX_KEYS = frozenset({"nip", "vat", "vat_id", "vat_number", "tax_id", "tax_number", "eu_vat",
                      "eu_vat_number", "billing_nip", "company_nip", "vatid", "taxid", "vat_no"})
INVOICE_KEYS = frozenset({"invoice", "wants_invoice", "want_invoice", "invoice_requested",
                          "faktura", "chce_fakture", "needs_invoice", "request_invoice"})
NOTE_KEYS = ("customer_note", "order_note", "buyer_note", "note", "notes", "comment",
             "delivery_instructions")
POINT_LIKE = re.compile(r"paczkomat|locker|parcel_?machine|pickup_?point|delivery_?point|"
                        r"service_?point|access_?point|target_?point|punkt_?odbioru|parcel_?shop")
POINT_FIELDS = ("code", "name", "id", "point_id", "point_code")


def ship_to(row: Any) -> Address:
    """Where the goods go; the buyer's own address where no other is told."""
    there = child(row, "shipping_address") or child(row, "billing_address")
    return _address(there, shown(there, "phone") or shown(child(row, "customer"), "phone"), "")


def bill_to(row: Any) -> Address | None:
    """Whom the invoice is for; None where the shop asked for no address."""
    billing = child(row, "billing_address")
    if not any(shown(billing, name) for name in ("address_1", "city", "company", "last_name")):
        return None
    return _address(billing, shown(billing, "phone"), shown(row, "email"))


def buyer(row: Any) -> str:
    """The buyer's name: as it stands on the invoice, in the account, on the parcel."""
    people = (child(row, "billing_address"), child(row, "customer"), child(row, "shipping_address"))
    return next(filter(None, map(full_name, people)), "")


def full_name(person: Any) -> str:
    """First and last name."""
    return " ".join(filter(None, (shown(person, "first_name"), shown(person, "last_name"))))


def phone(row: Any) -> str:
    """The buyer's telephone."""
    people = (child(row, "customer"), child(row, "billing_address"), child(row, "shipping_address"))
    return next(filter(None, (shown(one, "phone") for one in people)), "")


def company(row: Any) -> str:
    """The buyer's firm."""
    return shown(child(row, "billing_address"), "company") or \
        shown(child(row, "customer"), "company_name")


def tax_id(row: Any) -> str:
    """The buyer's tax number; empty where none is told."""
    return next((str(told).strip() for key, told in _kept(row) if key in TAX_KEYS
                 and is_tax_number(told)), "")


def wants_invoice(row: Any) -> bool:
    """Whether the buyer ticked that an invoice is wanted, or gave a tax number."""
    return bool(tax_id(row)) or any(
        is_yes(told) for key, told in _kept(row) if key in INVOICE_KEYS)


def note(row: Any) -> str:
    """What the buyer wrote to the seller."""
    written = dict(reversed(list(_pairs(value(row, "metadata")))))
    return next((told.strip() for key in NOTE_KEYS
                 if isinstance(told := written.get(key), str) and told.strip()), "")


def delivery(row: Any) -> str:
    """The delivery method, as the buyer saw it."""
    return next(filter(None, (shown(one, "name") for one in children(row, "shipping_methods"))), "")


def carrier(row: Any) -> str:
    """The carrier that the delivery method speaks of; empty when unsure."""
    said = " ".join(shown(one, "name") for one in children(row, "shipping_methods"))
    return carrier_in(said)


def pickup_point(row: Any) -> str:
    """The code of the parcel locker or the shop where the buyer fetches it."""
    kept = [pair for one in children(row, "shipping_methods") for name in ("data", "metadata")
            for pair in _pairs(value(one, name))]
    return next((found for key, told in [*kept, *_kept(row)] if POINT_LIKE.search(key)
                 if (found := _point(told))), "")


def _point(told: Any) -> str:
    """A code, alone or in a description of the point."""
    if isinstance(told, dict):
        return next((found for name in POINT_FIELDS if (found := _point(told.get(name)))), "")
    code = str(told).strip().upper() if isinstance(told, str | int) else ""
    return code if is_point_code(code) else ""


def _kept(row: Any) -> Iterator[tuple[str, Any]]:
    """What stands in ``metadata``, nearest to the order first."""
    for document in (row, child(row, "billing_address"), child(row, "shipping_address"),
                     child(row, "customer")):
        yield from _pairs(value(document, "metadata"))


def _pairs(kept: Any) -> Iterator[tuple[str, Any]]:
    """Keys as words with underscores: ``vatNumber`` and ``vat-number`` are ``vat_number``."""
    if isinstance(kept, dict):
        for key, told in kept.items():
            yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", key).lower(), told


def _address(person: Any, phone_: str, email: str) -> Address:
    return Address(
        name=full_name(person),
        company=shown(person, "company"),
        street=" ".join(filter(None, (shown(person, "address_1"), shown(person, "address_2")))),
        postcode=shown(person, "postal_code"),
        city=shown(person, "city"),
        region=shown(person, "province"),
        country=shown(person, "country_code").upper(),
        phone=phone_,
        email=email,
    )
