"""What is wrong with an order or missing, as kinds of hold with what would free them.

Pure. How strict the checks are, and what else is doubtful: ``verification``. A hold never stops an
order from being stored; it stops it from being packed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stdnum.eu import vat as eu_vat
from stdnum.pl import nip

from oms_web.core.countries import UNION

# kind -> (what is wrong, what frees it); English gettext keys, filled from the hold's detail.
KINDS: dict[str, tuple[str, str]] = {
    "unmapped": (
        "No product is linked to: %(titles)s",
        "Link the offer to a product and the order goes on by itself.",
    ),
    "address": (
        "The delivery address is not complete: %(missing)s",
        "Complete the address.",
    ),
    "totals": (
        "The channel says %(stated)s, the lines add up to %(computed)s",
        "Compare with the channel, then accept the channel's total.",
    ),
    "tax_id": (
        "The tax number %(tax_id)s is not valid",
        "Correct the number, or remove it if the buyer is not a company.",
    ),
    "payment_expired": (
        "Not paid within %(hours)s hours; the goods were let go",
        "Reserves again as soon as a payment arrives.",
    ),
    "changed": (
        "Changed on the channel, and different here: %(what)s",
        "Look at the difference, then accept it or keep what is here.",
    ),
    "refund": (
        "Cancelled and paid: %(amount)s to give back",
        "Send the money back, or let the channel do it, then say so here.",
    ),
    "house_number": (
        "The street has no house number: %(street)s",
        "Add the number, or accept the address as it is.",
    ),
    "postcode": (
        "The postcode %(postcode)s has a form that its country does not know",
        "Correct the postcode, or accept it as it is.",
    ),
    "town": (
        "The postcode %(postcode)s lies in another region than %(city)s",
        "Compare the postcode with the town.",
    ),
    "phone": (
        "Nobody can be called at the number %(phone)s",
        "Correct the number, or accept it as it is.",
    ),
    "no_phone": (
        "There is no phone number, and a parcel to the point %(point)s is announced by phone",
        "Add the number.",
    ),
    "payment": (
        "Paid %(paid)s, and the order costs %(total)s",
        "Record what is missing, give back what is too much, or accept it as it is.",
    ),
    "duplicate": (
        "It looks the same as order %(other)s, which came from elsewhere",
        "Cancel this one, or keep both.",
    ),
    "doubt": ("%(reason)s", "Look at the order, then accept it or cancel it."),
    "manual": ("%(reason)s", "Somebody must release it."),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """A reason to hold an order."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def address_gaps(address: Mapping[str, Any], pickup_point: str) -> list[str]:
    """The fields without which no parcel can be sent. A pick-up point needs no street."""
    needed = ["name"] if pickup_point else ["name", "street", "city", "country"]
    missing = [name for name in needed if not address.get(name)]
    if "name" in missing and address.get("company"):
        missing.remove("name")
    if not pickup_point and not address.get("postcode") and address.get("country") in ("PL", ""):
        missing.append("postcode")
    return missing


def tax_id_valid(number: str, country: str) -> bool:
    """Whether a tax number can exist: a Polish NIP by its check digit, an EU one by its form.

    Of a country beyond the Union no form is known, so its numbers can be as they are.
    """
    bare = number.replace(" ", "").replace("-", "").upper()
    if country and country not in UNION and bare[:2] not in (*UNION, "EL"):
        return True
    if bare[:2].isalpha() and not bare.startswith("PL"):
        return bool(eu_vat.is_valid(bare))
    if country in ("", "PL") or bare.startswith("PL"):
        return bool(nip.is_valid(bare.removeprefix("PL")))
    return bool(eu_vat.is_valid(f"{country}{bare}"))


def total_flaws(stated: str | None, computed: str) -> list[Flaw]:
    """Whether the channel's total, if it stated one, is what its lines add up to."""
    if stated is None or stated == computed:
        return []
    return [Flaw("totals", {"stated": stated, "computed": computed})]


def unmapped_flaws(titles: list[str]) -> list[Flaw]:
    """Whether there are lines that no product is linked to."""
    return [Flaw("unmapped", {"titles": ", ".join(titles[:3])})] if titles else []
