"""Who bought, where it goes, who gets the invoice, and what the shop keeps in fields of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import Address
from oms_connector.guessing import carrier_in
from oms_connector.reading import child, shown, value

from oms_vendure.reading import children
from oms_vendure.terms import Terms

_ASKED = ("fullName", "company", "streetLine1", "city", "postalCode")


def ship_to(row: Any) -> Address:
    """Where the goods go."""
    person = child(row, "customer")
    return _address(child(row, "shippingAddress"), phone=shown(person, "phoneNumber"))


def bill_to(row: Any) -> Address | None:
    """Whom the invoice is for; None where that is who gets the goods."""
    billing = child(row, "billingAddress")
    if not any(shown(billing, name) for name in _ASKED):
        return None
    return _address(billing, email=shown(child(row, "customer"), "emailAddress"))


def full_name(person: Any) -> str:
    """First and last name."""
    return " ".join(filter(None, (shown(person, "firstName"), shown(person, "lastName"))))


def delivery(row: Any) -> str:
    """The delivery method, as the buyer saw it."""
    return ", ".join(filter(None, (shown(child(one, "shippingMethod"), "name")
                                   for one in children(row, "shippingLines"))))


def carrier(row: Any) -> str:
    """The carrier that the delivery method speaks of; empty when unsure."""
    said = " ".join(f"{shown(method, 'name')} {shown(method, 'code')}" for method in (
        child(one, "shippingMethod") for one in children(row, "shippingLines")))
    return carrier_in(said)


def own(row: Any, terms: Terms, setting: str) -> str:
    """What the shop keeps in a field of its own that the settings name; empty where it has none."""
    place, name = terms.own.places.get(setting, ("", ""))
    where: Mapping[str, Any] = {
        "order": row, "customer": value(row, "customer"), "address": value(row, "billingAddress"),
    }
    found = value(value(where.get(place), "customFields"), name)
    if place == "address" and not found:  # buyers with one address have that one
        found = value(value(value(row, "shippingAddress"), "customFields"), name)
    said = isinstance(found, str | int) and not isinstance(found, bool)
    return str(found).strip() if said else ""


def _address(place: Any, phone: str = "", email: str = "") -> Address:
    return Address(
        name=shown(place, "fullName"),
        company=shown(place, "company"),
        street=" ".join(filter(None, (shown(place, "streetLine1"), shown(place, "streetLine2")))),
        postcode=shown(place, "postalCode"),
        city=shown(place, "city"),
        region=shown(place, "province"),
        country=shown(place, "countryCode").upper(),
        phone=shown(place, "phoneNumber") or phone,
        email=email,
    )
