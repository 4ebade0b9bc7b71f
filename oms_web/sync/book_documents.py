"""An issued document as accounting systems are told of it (``oms_connector.bookkeeping``). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from oms_connector import (
    Address,
    BookChange,
    BookDocument,
    BookExchange,
    BookKind,
    BookLine,
    BookParty,
    BookPayment,
    BookSum,
    Entered,
)
from oms_connector.bookkeeping import Treatment
from oms_connector.marking import N_

from oms_web.core.money import from_minor
from oms_web.domain.documents import kinds
from oms_web.domain.einvoices.treatments import treatment_of

KINDS: Mapping[str, BookKind] = {
    kinds.INVOICE: "invoice", kinds.CORRECTION: "correction", kinds.PROFORMA: "proforma"}
"""Advance and final invoices hang on each other in every system in its own way: by hand."""
DIFFERS = N_("There it is %(theirs)s; the document says %(ours)s. Delete it there or put it "
             "right, then try again.")
_TREATMENTS: Sequence[Treatment] = ("wdt", "export", "oss", "services_eu", "reverse")


@dataclass(frozen=True, slots=True)
class Money:
    """What is known of a document's payment by now: minor units, and the day of the last of it."""

    paid: int = 0
    paid_on: date | None = None


def told(said: Mapping[str, Any], money: Money, corrects_entry: str = "") -> BookDocument:
    """A document by its snapshot.

    Args:
        said: What is printed (``documents/snapshot.py``); its kind is one of ``KINDS``.
        money: What was paid of it by now; of a correction nothing.
        corrects_entry: The system's own id of the document that it corrects, where known.
    """
    currency = said["currency"]
    is_correction = said["kind"] == kinds.CORRECTION
    found = treatment_of(said)
    return BookDocument(
        number=said["number"], kind=KINDS[said["kind"]],
        issue_date=date.fromisoformat(said["issue_date"]),
        sale_date=date.fromisoformat(said["sale_date"]), currency=currency,
        method=said["method"], seller=_seller(said["seller"]), buyer=_buyer(said["buyer"]),
        sums=tuple(BookSum(row["rate"], *(from_minor(row[name], currency)
                                          for name in ("net", "vat", "gross")))
                   for row in said["rates"]),
        payment=_payment(said, money),
        lines=() if is_correction else tuple(_line(one, currency) for one in said["lines"]),
        changes=_changes(said, currency) if is_correction else (),
        treatment=next((one for one in _TREATMENTS if one == found), "domestic"),
        language=said["language"], order_number=str(said["order"]["number"] or ""),
        remark=said.get("remark") or "", receipt=(said.get("receipt") or {}).get("number", ""),
        corrects=said["corrected"]["number"] if is_correction else "",
        corrects_entry=corrects_entry, reason=said.get("reason") or "",
        exempt_basis=said.get("exempt_basis") or "",
        split_payment="split_payment" in said.get("notes", ()), exchange=_exchange(said),
    )


def _line(line: Mapping[str, Any], currency: str) -> BookLine:
    return BookLine(line["title"], line["quantity"], line["unit"], line["rate"],
                    from_minor(line["amount"], currency), line.get("sku") or "",
                    line.get("gtu") or "")


def _changes(said: Mapping[str, Any], currency: str) -> tuple[BookChange, ...]:
    """The lines that a correction changes; a line keeps its position for ever."""
    before, after = ({line["position"]: line for line in said[name]["lines"]}
                     for name in ("before", "after"))
    return tuple(BookChange(_line(before[at], currency), _line(after[at], currency))
                 for at in said["changed"])


def _seller(seller: Mapping[str, Any]) -> BookParty:
    home = seller["address"]
    return BookParty(
        Address(company=seller["name"], street=home.get("street") or "",
                postcode=home.get("postcode") or "", city=home.get("city") or "",
                country=home.get("country") or "PL", phone=seller.get("phone") or "",
                email=seller.get("email") or ""),
        seller.get("tax_id") or "", seller.get("bank_account") or "")


def _buyer(buyer: Mapping[str, Any]) -> BookParty:
    return BookParty(
        Address(**{name: buyer.get(name) or "" for name in (
            "name", "company", "street", "postcode", "city", "country")}),
        buyer.get("tax_id") or "")


def _payment(said: Mapping[str, Any], money: Money) -> BookPayment:
    payment = said["payment"]
    due = payment.get("due_date")
    return BookPayment(
        payment["kind"], payment["method"], from_minor(money.paid, said["currency"]),
        money.paid_on if money.paid else None, date.fromisoformat(due) if due else None)


def _exchange(said: Mapping[str, Any]) -> BookExchange | None:
    found = said.get("exchange")
    return BookExchange(found["currency"], Decimal(found["rate"]), found["table"],
                        date.fromisoformat(found["day"])) if found else None


def difference(document: BookDocument, entered: Entered) -> str:
    """How what stands in the books differs from what was issued, in English; empty when it does
    not.
    """
    ours = _short(document.number, document.net, document.vat, document.gross)
    theirs = _short(entered.number, entered.net, entered.vat, entered.gross)
    return "" if ours == theirs else DIFFERS % {"theirs": theirs, "ours": ours}


def _short(number: str, net: Decimal, vat: Decimal, gross: Decimal) -> str:
    return f"{number}: {net:.2f} + {vat:.2f} = {gross:.2f}"
