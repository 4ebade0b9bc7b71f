"""Who bought, where it goes, who gets the invoice, and which locker. Pure.

PrestaShop has fields for a tax number. It has none for a parcel locker: most carrier modules keep
it in tables of their own, which the webservice does not show; some write it into the address or
into the buyer's note, and there it is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector import Address

from oms_prestashop.reading import is_on, ref_or_empty, shown

NOWHERE = Address()
_WORD = re.compile(r"paczkomat\w*(?: inpost)?|automat\w*|locker|pick-?up ?point|dpd pickup|"
                   r"punkt\w*(?: odbioru)?", re.IGNORECASE)
_CODE = re.compile(r"[\s:#(-]*\b((?=[A-Z0-9-]*\d)[A-Z]{2}[A-Z0-9-]{2,14})\b")


@dataclass(frozen=True, slots=True)
class People:
    """The buyer as PrestaShop keeps them: the customer, two addresses, notes of the order."""

    customer: Any
    ship_to: Any
    bill_to: Any
    notes: Sequence[Any] = ()

    @property
    def buyer_ref(self) -> str:
        """The customer's number. Who buys as a guest gets a new one each time: none."""
        return "" if is_on(self.customer, "is_guest") else ref_or_empty(self.customer, "id")

    @property
    def name(self) -> str:
        """Who bought; who gets the invoice where the customer was deleted."""
        return full_name(self.customer) or full_name(self.bill_to) or full_name(self.ship_to)

    @property
    def email(self) -> str:
        """Where the shop writes to."""
        return shown(self.customer, "email")

    @property
    def phone(self) -> str:
        """Of the delivery, else of the invoice."""
        return phone(self.ship_to) or phone(self.bill_to)

    @property
    def company(self) -> str:
        """Whom the invoice is for, if it is a company."""
        return shown(self.bill_to, "company") or shown(self.customer, "company")

    @property
    def tax_id(self) -> str:
        """The buyer's tax number: of the address, or what B2B shops ask a customer for."""
        told = (shown(self.bill_to, "vat_number"), shown(self.bill_to, "dni"),
                shown(self.customer, "siret"))
        return next((one for one in told if len(re.sub(r"\D", "", one)) >= 8), "")

    @property
    def said(self) -> list[str]:
        """What the buyer wrote with the order; what employees wrote to each other is private."""
        return [told for one in self.notes
                if not is_on(one, "private") and (told := shown(one, "message"))]

    @property
    def pickup_point(self) -> str:
        """The code of a locker or a shop, where a module wrote it into the address or a note."""
        told = [shown(self.ship_to, name) for name in
                ("other", "address2", "alias", "company", "address1")]
        return next((found for one in (*told, *self.said) if (found := point(one))), "")


def address(home: Any, countries: Mapping[str, Any], regions: Mapping[str, Any]) -> Address | None:
    """A postal address; None where there is none."""
    if home is None:
        return None
    country = countries.get(ref_or_empty(home, "id_country"))
    region = regions.get(ref_or_empty(home, "id_state"))
    return Address(
        name=full_name(home),
        company=shown(home, "company"),
        street=" ".join(filter(None, (shown(home, "address1"), shown(home, "address2")))),
        postcode=shown(home, "postcode"),
        city=shown(home, "city"),
        region=shown(region, "name"),
        country=shown(country, "iso_code"),
        phone=phone(home),
    )


def full_name(person: Any) -> str:
    """First and last name."""
    return " ".join(filter(None, (shown(person, "firstname"), shown(person, "lastname"))))


def phone(home: Any) -> str:
    """A mobile number before another: couriers send texts."""
    return shown(home, "phone_mobile") or shown(home, "phone")


def point(told: str) -> str:
    """The code behind a word for a locker or a point."""
    for word in _WORD.finditer(told):
        code = _CODE.match(told, word.end())
        if code:
            return code[1]
    return ""
