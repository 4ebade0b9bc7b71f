"""Who bought, where it goes, who gets the invoice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import Address
from oms_connector.reading import child, children, value

from oms_allegro.reading import text_or_empty

# A buyer may have several tax numbers; an invoice carries one, the home country's first.
TAX_IDS = ("PL_NIP", "VAT_EU", "CZ_DIC", "SK_IC_DPH", "HU_ADOSZAM", "CZ_ICO", "SK_ICO", "OTHER")


def buyer_name(form: Any) -> str:
    """The buyer's own name; the login where Allegro does not tell it."""
    buyer = child(form, "buyer")
    return _full_name(buyer) or text_or_empty(buyer, "login")


def ship_to(form: Any) -> Address:
    """Where the goods go. Before the buyer has filled in the form there is no address yet."""
    address = child(child(form, "delivery"), "address")
    if not address:
        return Address()
    return Address(
        name=_full_name(address),
        company=text_or_empty(address, "companyName"),
        street=text_or_empty(address, "street"),
        postcode=text_or_empty(address, "zipCode"),
        city=text_or_empty(address, "city"),
        country=text_or_empty(address, "countryCode"),
        phone=text_or_empty(address, "phoneNumber"),
    )


def bill_to(form: Any) -> Address | None:
    """Whom the invoice is for; None where the buyer named nobody."""
    address = child(child(form, "invoice"), "address")
    if not address:
        return None
    return Address(
        name=_full_name(child(address, "naturalPerson")),
        company=text_or_empty(child(address, "company"), "name"),
        street=text_or_empty(address, "street"),
        postcode=text_or_empty(address, "zipCode"),
        city=text_or_empty(address, "city"),
        country=text_or_empty(address, "countryCode"),
    )


def company(form: Any) -> str:
    """The company that buys: the one on the invoice, else the buyer's."""
    invoice = child(child(child(form, "invoice"), "address"), "company")
    return text_or_empty(invoice, "name") or text_or_empty(child(form, "buyer"), "companyName")


def tax_id(form: Any) -> str:
    """The tax number for the invoice; ``taxId`` is the older place of it."""
    buyer = child(child(child(form, "invoice"), "address"), "company")
    told = {text_or_empty(one, "type"): text_or_empty(one, "value")
            for one in children(buyer, "ids")}
    ranked = [told[kind] for kind in TAX_IDS if told.get(kind)]
    return ranked[0] if ranked else text_or_empty(buyer, "taxId")


def without_identity(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """A form without the buyer's personal identity number, which nobody here needs."""
    if not value(form, "buyer", "personalIdentity"):
        return form
    return {**form, "buyer": {**child(form, "buyer"), "personalIdentity": None}}


def _full_name(person: Any) -> str:
    parts = (text_or_empty(person, "firstName"), text_or_empty(person, "lastName"))
    return " ".join(part for part in parts if part)
