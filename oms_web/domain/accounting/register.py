"""Issued documents as rows of the VAT register of sales. Pure; amounts are grosze.

What a row says is laid down in the regulation on the contents of VAT records (rozporządzenie z 15
października 2019 r. w sprawie szczegółowego zakresu danych zawartych w deklaracjach podatkowych i w
ewidencji, par. 10) and in the notes of the schema JPK_V7M(3). Worked example: docs/accounting.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from oms_web.domain.documents import kinds, vat
from oms_web.domain.documents.correcting import ON_THE_INVOICE, OTHERWISE
from oms_web.domain.documents.dating import fifteenth_after
from oms_web.domain.documents.snapshot import party_name
from oms_web.domain.einvoices.nodes import one_line
from oms_web.domain.einvoices.parties import polish_nip, union_code
from oms_web.domain.einvoices.treatments import EXPORT, OSS, SERVICES, WDT, treatment_of

HOME = "PLN"
NONE = "BRAK"
IN_KSEF, OFFLINE, OUTSIDE_KSEF, NO_INVOICE = "NrKSeF", "OFF", "BFK", "DI"
"""Where the invoice is: exactly one of them on each row."""
RECEIPT_INVOICE, FISCAL_REPORT = "FP", "RO"

# Rate -> fields of the net sum and of the VAT.
_TAXED = {"23": ("K_19", "K_20"), "22": ("K_19", "K_20"), "8": ("K_17", "K_18"),
          "7": ("K_17", "K_18"), "5": ("K_15", "K_16")}
VAT_FIELDS = ("K_16", "K_18", "K_20")

# What is doubtful about a row. The first two keep the file from being made.
NO_RATE, NO_PLACE = "no_rate", "no_place"
NOT_IN_KSEF, REFUSED, ONE_STOP, ANOTHER_MONTH = "not_in_ksef", "refused", "one_stop", "month"
BLOCKING = (NO_RATE, NO_PLACE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is, as far as KSeF is concerned. ``doubt`` says what is wrong with it."""

    mark: str
    number: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``amounts`` are by field (``K_19`` ...); ``document_id`` is None for a report."""

    number: str
    buyer: str
    tax_number: str
    tax_country: str
    issue_date: date
    sale_date: date
    place: Place
    amounts: Mapping[str, int]
    document_id: int | None = None
    document_type: str = ""
    codes: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def vat(self) -> int:
        """The VAT that the month owes because of it; an invoice to a receipt owes none of its own,
        since the fiscal report has it.
        """
        if self.document_type == RECEIPT_INVOICE:
            return 0
        return sum(self.amounts.get(name, 0) for name in VAT_FIELDS)


@dataclass(frozen=True, slots=True)
class Report:
    """A month's fiscal report of a cash register. ``sums``: rate -> net and VAT in grosze."""

    number: str
    day: date
    sums: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def tax_day(said: Mapping[str, Any]) -> date:
    """The day whose month a document belongs to.

    The sale's (ustawa o VAT, art. 19a ust. 1), the payment's for an advance (ust. 8); for goods to
    a company in the Union the invoice's, but no later than the 15th of the next month (art. 20
    ust. 1); for a correction the invoice's own day when it was wrong from the start, else the
    correction's (art. 29a ust. 13 and 17-18).
    """
    if said["kind"] == kinds.CORRECTION and said["effect"] != ON_THE_INVOICE:
        return date.fromisoformat(said["issue_date"])
    return first_day(said)[0]


def first_day(said: Mapping[str, Any]) -> tuple[date, date]:
    """When the tax of the sale arose at first, and when its invoice was issued: the days that the
    exchange rate hangs on, for a correction too (art. 31b ust. 1).
    """
    of = said["corrected"] if said["kind"] == kinds.CORRECTION else said
    issued = date.fromisoformat(of["issue_date"])
    sold = date.fromisoformat(of.get("sale_date") or of["issue_date"])
    if treatment_of(said) == WDT:
        return min(issued, fifteenth_after(sold)), issued
    return sold, issued


def row(document_id: int, said: Mapping[str, Any], place: Place, rate: Decimal | None) -> Row:
    """A document as a row.

    Args:
        rate: Zlotys for one of the document's currency on the day that counts; None where that is
            not known.
    """
    treatment = treatment_of(said)
    rate = own_rate(said) or rate
    amounts, unplaced = _amounts(said, treatment, rate)
    buyer = said["buyer"]
    number, country = _tax_number(buyer)
    return Row(
        number=one_line(said["number"], 256), buyer=one_line(party_name(buyer), 512) or NONE,
        tax_number=number, tax_country=country,
        issue_date=date.fromisoformat(said["issue_date"]),
        sale_date=date.fromisoformat(said["sale_date"]), place=place, amounts=amounts,
        document_id=document_id, document_type=RECEIPT_INVOICE if said.get("receipt") else "",
        codes=tuple(sorted({line["gtu"] for line in _lines(said) if line.get("gtu")})),
        procedures=("WSTO_EE",) if treatment == OSS else (),
        doubts=_doubts(said, treatment, place, unplaced, rate),
    )


def report_row(report: Report) -> Row:
    """A fiscal report as a row: what was sold to people without an invoice."""
    amounts: dict[str, int] = {}
    for rate, (net, tax) in report.sums.items():
        _add(amounts, rate, "domestic", net, tax)
    return Row(report.number, NONE, NONE, "", report.day, report.day, Place(NO_INVOICE),
               {name: value for name, value in amounts.items() if value},
               document_type=FISCAL_REPORT)


def place_of(state: str | None, ksef_number: str | None, *, is_offline: bool) -> Place:
    """Where a document is, from what KSeF's row says of it (``einvoices.states``); None: it does
    not go there.
    """
    if state is None:
        return Place(OUTSIDE_KSEF)
    if ksef_number:
        return Place(IN_KSEF, ksef_number)
    if is_offline:
        return Place(OFFLINE)
    return Place(OUTSIDE_KSEF, doubt=REFUSED if state == "rejected" else NOT_IN_KSEF)


def own_rate(said: Mapping[str, Any]) -> Decimal | None:
    """Zlotys for one of a document's currency, where it says so itself."""
    if said["currency"] == HOME:
        return Decimal(1)
    own = said.get("exchange")
    return Decimal(own["rate"]) if own and own["currency"] == HOME else None


# Amounts ----------------------------------------------------------------------------------------


def _amounts(said: Mapping[str, Any], treatment: str, rate: Decimal | None
             ) -> tuple[dict[str, int], bool]:
    """Amounts by field, and whether some rate has none."""
    amounts: dict[str, int] = {}
    unplaced = False
    for one in said["rates"]:
        net, tax = (
            0 if rate is None else vat.in_home_currency(one[part], said["currency"], HOME, rate)
            for part in ("net", "vat"))
        net, tax = one.get("net_home", net), one.get("vat_home", tax)
        unplaced |= not _add(amounts, one["rate"], treatment, net, tax)
    return amounts, unplaced


def _add(amounts: dict[str, int], rate: str, treatment: str, net: int, tax: int) -> bool:
    if treatment == OSS and rate not in (vat.EXEMPT, vat.OUTSIDE, vat.REVERSE):
        fields: tuple[str, ...] = ("K_11",)
    elif rate in _TAXED:
        fields = _TAXED[rate]
    elif rate == "0":
        fields = ({WDT: "K_21", EXPORT: "K_22"}.get(treatment, "K_13"),)
    elif rate == vat.OUTSIDE:
        # K_12 says how much of K_11 are services to companies in the Union (art. 100).
        for name in ("K_11", "K_12") if treatment == SERVICES else ("K_11",):
            amounts[name] = amounts.get(name, 0) + net
        return True
    elif rate == vat.EXEMPT:
        fields = ("K_10",)
    else:
        return False
    for name, value in zip(fields, (net, tax), strict=False):
        amounts[name] = amounts.get(name, 0) + value
    return True


# What else a row says ---------------------------------------------------------------------------


def _lines(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lines whose codes count: of an advance those of the order it is for."""
    ordered = said.get("ordered") or {}
    return [*said["lines"], *ordered.get("lines", ())]


def _tax_number(buyer: Mapping[str, Any]) -> tuple[str, str]:
    """The number without its letters, and the country that gave it where it is not Poland."""
    country = str(buyer.get("country") or "PL")
    bare = re.sub(r"[^0-9A-Z+*]", "", str(buyer.get("tax_id") or "").upper())
    if not bare:
        return NONE, ""
    if country == "PL":
        return polish_nip(bare) or bare[:50], ""
    letters = union_code(country)
    return (bare.removeprefix(letters) or bare)[:50], letters or country


def _doubts(said: Mapping[str, Any], treatment: str, place: Place, unplaced: bool,
            rate: Decimal | None) -> tuple[str, ...]:
    found = [place.doubt] if place.doubt else []
    if rate is None:
        found.append(NO_RATE)
    if unplaced:
        found.append(NO_PLACE)
    if treatment == OSS:
        found.append(ONE_STOP)
    if said["kind"] == kinds.CORRECTION and said["effect"] == OTHERWISE:
        found.append(ANOTHER_MONTH)
    return tuple(found)
