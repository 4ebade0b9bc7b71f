"""An issued document as the bytes of a structured invoice, FA(3). Pure.

The form is the Ministry's schema FA(3), version 1-0E
(http://crd.gov.pl/wzor/2025/06/25/13775/); what stands where is said in its notes and in ustawa o
VAT, art. 106e and 106j. Sums are the document's own, never counted anew. KSeF knows an invoice by
the hash of these bytes, so they are made once and kept (``service.freeze``).

Worked examples: docs/ksef.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from oms_web.core.errors import Invalid
from oms_web.domain.documents import vat
from oms_web.domain.documents.snapshot import party_name
from oms_web.domain.einvoices import parties
from oms_web.domain.einvoices.lines import invoice_lines, order_lines
from oms_web.domain.einvoices.nodes import (
    NO,
    YES,
    Node,
    add,
    add_text,
    amount,
    number,
    one_line,
    root,
)
from oms_web.domain.einvoices.payment import payment
from oms_web.domain.einvoices.treatments import WDT, Place, place, treatment_of

INVOICE, CORRECTION, ADVANCE, FINAL = "invoice", "correction", "advance", "final"
KINDS: Mapping[str, str] = {INVOICE: "VAT", CORRECTION: "KOR", ADVANCE: "ZAL", FINAL: "ROZ"}
"""Kinds of documents that go to KSeF, and what FA(3) calls them (``RodzajFaktury``)."""

FORM_CODE = {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA"}
LARGEST = 1_000_000
"""Bytes that KSeF takes of an invoice without an attachment."""

_FIELDS = ("1", "2", "3", "4", "5", "6_1", "6_2", "6_3", "7", "8", "9", "10", "11")
_CORRECTED_KINDS = {ADVANCE: "KOR_ZAL", FINAL: "KOR_ROZ"}


def spoken_of(snapshot: Mapping[str, Any]) -> list[int]:
    """The ids of the documents whose KSeF numbers it must name: what it corrects, its advances."""
    corrected = [snapshot["corrected"]] if snapshot["kind"] == CORRECTION else []
    return [one["document_id"] for one in (*corrected, *(snapshot.get("advances") or ()))]


def kind_of(snapshot: Mapping[str, Any]) -> str:
    """What FA(3) calls the document: ``VAT``, ``KOR``, ``ZAL``, ``ROZ``, ``UPR``, ``KOR_ZAL`` ...

    Raises:
        Invalid: it is no invoice.
    """
    if snapshot["kind"] == CORRECTION:
        return _CORRECTED_KINDS.get(str(snapshot["corrected"].get("kind") or ""), "KOR")
    if snapshot["kind"] == INVOICE and snapshot.get("simplified"):
        return "UPR"
    if snapshot["kind"] not in KINDS:
        raise Invalid("Only invoices and their corrections go to KSeF.")
    return KINDS[snapshot["kind"]]


def write(snapshot: Mapping[str, Any], made_at: datetime,
          numbers: Mapping[int, str] | None = None, system: str = "OMS") -> bytes:
    """The bytes of a numbered document.

    Args:
        made_at: When the file is made (``DataWytworzeniaFa``).
        numbers: The KSeF numbers of the documents that it speaks of, by their ids; those that
            are not here were issued outside KSeF.
        system: What made it.

    Raises:
        Invalid: the document says something that FA(3) cannot: a rate, a currency, no NIP.
    """
    treatment = treatment_of(snapshot)
    document = root()
    _header(document, made_at, system)
    parties.seller(document, snapshot["seller"], prefixed=treatment == WDT)
    parties.buyer(document, snapshot["buyer"])
    if snapshot.get("recipient") and party_name(snapshot["recipient"]):
        parties.recipient(document, snapshot["recipient"])
    _body(document, snapshot, treatment, numbers or {})
    if footer := str(snapshot["design"].get("footer") or "").strip():
        add_text(add(add(document, "Stopka"), "Informacje"), "StopkaFaktury", footer, 3500)
    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    if len(written) > LARGEST:
        raise Invalid("This document is larger than the 1 MB that KSeF takes.")
    return written


def _header(document: Node, made_at: datetime, system: str) -> None:
    node = add(document, "Naglowek")
    add(node, "KodFormularza", "FA", kodSystemowy=FORM_CODE["systemCode"],
        wersjaSchemy=FORM_CODE["schemaVersion"])
    add(node, "WariantFormularza", "3")
    add(node, "DataWytworzeniaFa", made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    add_text(node, "SystemInfo", system)


def _body(document: Node, snapshot: Mapping[str, Any], treatment: str,
          numbers: Mapping[int, str]) -> None:
    fa, currency, kind = add(document, "Fa"), snapshot["currency"], kind_of(snapshot)
    add(fa, "KodWaluty", currency)
    add(fa, "P_1", snapshot["issue_date"])
    add_text(fa, "P_1M", str(snapshot["seller"]["address"].get("city") or ""))
    add_text(fa, "P_2", snapshot["number"])
    if snapshot["sale_date"] != snapshot["issue_date"] or kind in ("ZAL", "KOR_ZAL"):
        add(fa, "P_6", snapshot["sale_date"])
    _sums(fa, snapshot, treatment)
    add(fa, "P_15", amount(snapshot["total"]["gross"], currency))
    if kind in ("ZAL", "KOR_ZAL") and snapshot.get("exchange"):  # else each line says it
        add(fa, "KursWalutyZ", number(snapshot["exchange"]["rate"]))
    _annotations(fa, snapshot)
    add(fa, "RodzajFaktury", kind)
    if snapshot["kind"] == CORRECTION:
        _corrected(fa, snapshot, numbers)
    if snapshot.get("receipt"):
        add(fa, "FP", YES)
    if remark := one_line(str(snapshot.get("remark") or "")):
        note = add(fa, "DodatkowyOpis")
        add(note, "Klucz", "Uwagi")
        add(note, "Wartosc", remark)
    _advances(fa, snapshot, numbers)
    if kind not in ("ZAL", "KOR_ZAL"):
        invoice_lines(fa, snapshot, treatment)
    payment(fa, snapshot)
    _order(fa, snapshot)
    if kind in ("ZAL", "KOR_ZAL"):
        order_lines(fa, snapshot, treatment)


def _sums(fa: Node, snapshot: Mapping[str, Any], treatment: str) -> None:
    """Per field what all rates that go there come to: 23% and 22% share one."""
    currency, home = snapshot["currency"], (snapshot["exchange"] or {}).get("currency", "PLN")
    fields: dict[str, tuple[Place, int, int, int | None]] = {}
    for row in snapshot["rates"]:
        to = place(row["rate"], treatment)
        _, net, tax, at_home = fields.get(to.field, (to, 0, 0, None))
        if row.get("vat_home") is not None:
            at_home = (at_home or 0) + row["vat_home"]
        fields[to.field] = to, net + row["net"], tax + row["vat"], at_home
    for field in sorted(fields, key=_FIELDS.index):
        to, net, tax, at_home = fields[field]
        add(fa, f"P_13_{field}", amount(net, currency))
        if to.has_vat:
            add(fa, f"P_14_{field}", amount(tax, currency))
        if to.has_home and at_home is not None:
            add(fa, f"P_14_{field}W", amount(at_home, home))


def _annotations(fa: Node, snapshot: Mapping[str, Any]) -> None:
    notes = snapshot["notes"]
    node = add(fa, "Adnotacje")
    add(node, "P_16", _yes("cash_method" in notes))
    add(node, "P_17", NO)
    add(node, "P_18", _yes("reverse_charge" in notes))
    add(node, "P_18A", _yes("split_payment" in notes))
    exemption = add(node, "Zwolnienie")
    if any(row["rate"] == vat.EXEMPT for row in snapshot["rates"]):
        basis = one_line(snapshot["exempt_basis"])
        if not basis:
            raise Invalid("Name the provision that exempts these goods.", "exempt_basis")
        add(exemption, "P_19", YES)
        add(exemption, _basis_field(basis), basis)
    else:
        add(exemption, "P_19N", YES)
    add(add(node, "NoweSrodkiTransportu"), "P_22N", YES)
    add(node, "P_23", NO)
    add(add(node, "PMarzy"), "P_PMarzyN", YES)


def _basis_field(basis: str) -> str:
    """A provision of the Polish act, one of the directive, or another basis."""
    words = basis.lower()
    if "dyrektyw" in words or "directive" in words or "2006/112" in words:
        return "P_19B"
    return "P_19A" if "art." in words or "ustaw" in words else "P_19C"


def _corrected(fa: Node, snapshot: Mapping[str, Any], numbers: Mapping[int, str]) -> None:
    corrected = snapshot["corrected"]
    add_text(fa, "PrzyczynaKorekty", str(snapshot.get("reason") or ""))
    if snapshot.get("effect"):
        add(fa, "TypKorekty", str(snapshot["effect"]))
    node = add(fa, "DaneFaKorygowanej")
    add(node, "DataWystFaKorygowanej", corrected["issue_date"])
    add_text(node, "NrFaKorygowanej", corrected["number"])
    if known := numbers.get(corrected["document_id"]):
        add(node, "NrKSeF", YES)
        add(node, "NrKSeFFaKorygowanej", known)
    else:
        add(node, "NrKSeFN", YES)
    former = snapshot["before"]["buyer"]
    if former != snapshot["buyer"]:
        parties.former_buyer(fa, former)
    if (rate := snapshot.get("former_exchange")) and kind_of(snapshot) == "KOR_ZAL":
        add(fa, "P_15ZK", amount(snapshot["before"]["total"]["gross"], snapshot["currency"]))
        add(fa, "KursWalutyZK", number(rate["rate"]))


def _advances(fa: Node, snapshot: Mapping[str, Any], numbers: Mapping[int, str]) -> None:
    for one in snapshot.get("advances") or ():
        node = add(fa, "FakturaZaliczkowa")
        if known := numbers.get(one["document_id"]):
            add(node, "NrKSeFFaZaliczkowej", known)
        else:
            add(node, "NrKSeFZN", YES)
            add_text(node, "NrFaZaliczkowej", one["number"])


def _order(fa: Node, snapshot: Mapping[str, Any]) -> None:
    said = snapshot["order"]
    known = one_line(str(said.get("channel_number") or said.get("number") or ""))
    if known:
        add(add(add(fa, "WarunkiTransakcji"), "Zamowienia"), "NrZamowienia", known)


def _yes(holds: bool) -> str:
    return YES if holds else NO
