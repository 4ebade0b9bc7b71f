"""Seller, buyer and recipient as FA(3) names them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.domain.documents.snapshot import party_name
from oms_web.domain.einvoices.nodes import NO, YES, Node, add, add_text, one_line

RECIPIENT = "2"
"""Role of a third party: who takes the goods (TRolaPodmiotu3)."""

# As the form writes countries of the Union before a VAT number (TKodyKrajowUE); Greece is EL there.
_UNION = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))
_NIP = re.compile(r"[1-9](?:\d[1-9]|[1-9]\d)\d{7}")
_VAT_NUMBER = re.compile(r"[0-9A-Z+*]{1,12}")


def polish_nip(number: str) -> str:
    """The ten digits of a Polish tax number, however it was written; "" if it is none."""
    bare = re.sub(r"[\s\-.]", "", number.upper()).removeprefix("PL")
    return bare if _NIP.fullmatch(bare) else ""


def union_code(country: str) -> str:
    """The letters before a VAT number of a country of the Union; "" beyond it."""
    code = "EL" if country == "GR" else country
    return code if code in _UNION else ""


def seller(parent: Node, party: Mapping[str, Any], *, prefixed: bool) -> None:
    """``Podmiot1``. ``prefixed``: with PL before the number, for supplies within the Union.

    Raises:
        Invalid: the company's tax number is no NIP.
    """
    nip = polish_nip(str(party["tax_id"]))
    if not nip:
        raise Invalid("Only a company with a Polish NIP sends invoices to KSeF.", "tax_id")
    node = add(parent, "Podmiot1")
    if prefixed:
        add(node, "PrefiksPodatnika", "PL")
    identity = add(node, "DaneIdentyfikacyjne")
    add(identity, "NIP", nip)
    add_text(identity, "Nazwa", str(party["name"]), 512)
    _address(node, "Adres", party["address"])


def buyer(parent: Node, party: Mapping[str, Any]) -> None:
    """``Podmiot2``: a company by its number, a consumer by name (``BrakID``)."""
    node = add(parent, "Podmiot2")
    _identity(node, party, str(party.get("tax_id") or ""))
    _address(node, "Adres", party)
    # Neither a unit of local government nor a member of a VAT group: shops cannot know, and
    # both are said only by those who are (notes of the schema to JST and GV).
    add(node, "JST", NO)
    add(node, "GV", NO)


def former_buyer(parent: Node, party: Mapping[str, Any]) -> None:
    """``Podmiot2K``: the buyer as the corrected invoice named it."""
    node = add(parent, "Podmiot2K")
    _identity(node, party, str(party.get("tax_id") or ""))
    _address(node, "Adres", party)


def recipient(parent: Node, party: Mapping[str, Any]) -> None:
    """``Podmiot3``: where the goods go, when that is somebody else."""
    node = add(parent, "Podmiot3")
    _identity(node, party, "")
    _address(node, "Adres", party)
    add(node, "Rola", RECIPIENT)


def _identity(parent: Node, party: Mapping[str, Any], number: str) -> None:
    node = add(parent, "DaneIdentyfikacyjne")
    country = str(party.get("country") or "PL")
    bare = re.sub(r"[\s\-./]", "", number.upper())
    code = union_code(country)
    inner = bare.removeprefix(code)
    if country == "PL" and polish_nip(bare):
        add(node, "NIP", polish_nip(bare))
    elif bare and code and code != "PL" and _VAT_NUMBER.fullmatch(inner):
        add(node, "KodUE", code)
        add(node, "NrVatUE", inner)
    elif bare:
        add(node, "KodKraju", country)
        add(node, "NrID", one_line(number, 50))
    else:
        add(node, "BrakID", YES)
    add_text(node, "Nazwa", party_name(party), 512)


def _address(parent: Node, name: str, address: Mapping[str, Any]) -> None:
    street = one_line(str(address.get("street") or ""), 512)
    town = one_line(f"{address.get('postcode') or ''} {address.get('city') or ''}", 512)
    first, *rest = [part for part in (street, town) if part] or [""]
    if not first:
        return
    node = add(parent, name)
    add(node, "KodKraju", str(address.get("country") or "PL"))
    add(node, "AdresL1", first)
    if rest:
        add(node, "AdresL2", rest[0])
