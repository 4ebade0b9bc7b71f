"""The month's register of sales as JPK_V7M(3). Pure.

The Ministry's schema JPK_V7M (3) 1-0E, http://crd.gov.pl/wzor/2025/12/19/14090/, for months from
February 2026 on. The file has the register only: the declaration needs purchases, which are not
kept here, so the accountant's program makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from lxml import etree

from oms_web.core.money import from_minor
from oms_web.domain.accounting.register import FISCAL_REPORT, HOME, IN_KSEF, Row

NAMESPACE = "http://crd.gov.pl/wzor/2025/12/19/14090/"
TYPES = "http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/09/13/eD/DefinicjeTypy/"
FIRST_MONTH = date(2026, 2, 1)

# In the order in which the schema wants them.
FIELDS = ("K_10", "K_11", "K_12", "K_13", "K_15", "K_16", "K_17", "K_18", "K_19", "K_20", "K_21",
          "K_22")
_PAIRS = {"K_15": "K_16", "K_17": "K_18", "K_19": "K_20"}

Node = Any


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose register it is. A person has ``given_name``, ``surname`` and ``born``."""

    nip: str
    name: str
    email: str
    office: str
    phone: str = ""
    given_name: str = ""
    surname: str = ""
    born: date | None = None


def write(payer: Payer, month: date, rows: Sequence[Row], made_at: datetime, *,
          again: bool = False, system: str = "OMS") -> bytes:
    """The bytes of a month's file.

    Args:
        month: Its first day.
        again: It replaces one that was sent before.
    """
    root = etree.Element(_name("JPK"), nsmap={None: NAMESPACE, "etd": TYPES})
    _head(root, payer, month, made_at, again, system)
    _payer(root, payer)
    register = _put(root, "Ewidencja")
    for at, row in enumerate(rows, start=1):
        _row(register, at, row)
    sales = _put(register, "SprzedazCtrl")
    _put(sales, "LiczbaWierszySprzedazy", str(len(rows)))
    _put(sales, "PodatekNalezny", _amount(sum(row.vat for row in rows)))
    purchases = _put(register, "ZakupCtrl")
    _put(purchases, "LiczbaWierszyZakupow", "0")
    _put(purchases, "PodatekNaliczony", _amount(0))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _head(root: Node, payer: Payer, month: date, made_at: datetime, again: bool, system: str
          ) -> None:
    head = _put(root, "Naglowek")
    _put(head, "KodFormularza", "JPK_VAT", kodSystemowy="JPK_V7M (3)", wersjaSchemy="1-0E")
    _put(head, "WariantFormularza", "3")
    _put(head, "DataWytworzeniaJPK", made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _put(head, "NazwaSystemu", system)
    _put(head, "CelZlozenia", "2" if again else "1", poz="P_7")
    _put(head, "KodUrzedu", payer.office)
    _put(head, "Rok", str(month.year))
    _put(head, "Miesiac", str(month.month))


def _payer(root: Node, payer: Payer) -> None:
    node = _put(root, "Podmiot1", rola="Podatnik")
    if payer.born is not None:
        inner = _put(node, "OsobaFizyczna")
        for name, text in (("NIP", payer.nip), ("ImiePierwsze", payer.given_name),
                           ("Nazwisko", payer.surname), ("DataUrodzenia", payer.born.isoformat())):
            etree.SubElement(inner, f"{{{TYPES}}}{name}").text = text
    else:
        inner = _put(node, "OsobaNiefizyczna")
        _put(inner, "NIP", payer.nip)
        _put(inner, "PelnaNazwa", payer.name[:240])
    _put(inner, "Email", payer.email)
    if payer.phone:
        _put(inner, "Telefon", payer.phone[:16].strip())


def _row(register: Node, at: int, row: Row) -> None:
    node = _put(register, "SprzedazWiersz")
    _put(node, "LpSprzedazy", str(at))
    if row.tax_country:
        _put(node, "KodKrajuNadaniaTIN", row.tax_country)
    _put(node, "NrKontrahenta", row.tax_number)
    _put(node, "NazwaKontrahenta", row.buyer)
    _put(node, "DowodSprzedazy", row.number)
    _put(node, "DataWystawienia", row.issue_date.isoformat())
    if row.sale_date != row.issue_date and row.document_type != FISCAL_REPORT:
        _put(node, "DataSprzedazy", row.sale_date.isoformat())
    _put(node, row.place.mark, row.place.number if row.place.mark == IN_KSEF else "1")
    if row.document_type:
        _put(node, "TypDokumentu", row.document_type)
    for name in (*row.codes, *row.procedures):
        _put(node, name, "1")
    for name in FIELDS:
        is_partner = any(name == tax and net in row.amounts for net, tax in _PAIRS.items())
        if name in row.amounts or is_partner:
            _put(node, name, _amount(row.amounts.get(name, 0)))


def _amount(minor: int) -> str:
    return f"{from_minor(minor, HOME):.2f}"


def _put(parent: Node, name: str, text: str | None = None, **attributes: str) -> Node:
    node = etree.SubElement(parent, _name(name), attributes)
    node.text = text
    return node


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
