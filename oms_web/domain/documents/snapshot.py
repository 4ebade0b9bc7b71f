"""What an issued invoice says, as plain JSON: everything that is printed, nothing looked up later.

Pure. Amounts are minor units, unit prices are millionths, dates are ISO text. The PDF is drawn
from this alone, so a changed address, logo or product name never changes a document.

Fields are only ever added. All kinds have ``kind``, ``lines``, ``rates`` and ``total``, which
agree with each other. A line's ``position`` is its place in the invoice and stays its name in
corrections; its ``kind`` is ``goods``, ``delivery``, ``surcharge`` or ``advance``; ``gtu`` is a
code of goods or empty. Beside them:

* ``treatment``: how the sale is taxed (``treatment.py``); ``receipt``: ``{"number"}`` of the fiscal
  receipt that an invoice belongs to (FP), else None.
* ``correction``: ``lines``, ``rates`` and ``total`` are differences. ``corrected`` names the first
  invoice, ``previous`` the correction before; ``before`` and ``after`` are whole states (``buyer``,
  ``lines``, ``rates``, ``total``); ``changed`` are the positions that differ; ``reason``, ``cause``
  (``quantity price rate data exchange mixed``), ``effect`` (1 on the day of the invoice, 2 of the
  correction, 3 another), ``form`` (``before_after`` or ``difference``). Where it corrects the rate
  of exchange, ``former_exchange`` is the wrong one and ``exchange`` the right one, and a row of
  ``rates`` has its net sum at home too (``net_home``), which no sum in the currency shows.
* ``advance``: a line per rate; ``ordered`` is what the order would be invoiced as.
* ``final``: the lines are the whole supply, as is ``whole`` (``rates``, ``total``); ``rates`` and
  ``total`` are what is left after ``advances`` (``document_id number issue_date gross rates``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from oms_web.core.money import exponent
from oms_web.domain.documents import placeholders, vat
from oms_web.domain.documents.charges import DELIVERY, GOODS, Charge
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.words import amount_in_words

SCHEMA = 1
LONGEST_REMARK = 500
"""Characters that fit under the sums; what is issued is never cut without a word."""
LONGEST_BASIS = 250
"""Of a basis of exemption; KSeF takes 256 (P_19A, TZnakowy)."""
ADDRESS_FIELDS = ("name", "company", "street", "postcode", "city", "country")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A published rate: units of home currency for one of the document's, its table and day."""

    rate: Decimal
    table: str
    day: date


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the buyer pays. ``kind`` is ``prepaid``, ``cod`` or ``credit``; ``paid`` minor units."""

    kind: str
    method: str
    paid: int
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The document's own data. ``order_number`` and the like are for the eye and the footer."""

    language: str
    currency: str
    home_currency: str
    issue_date: date
    sale_date: date
    method: str
    order_number: str
    channel_number: str = ""
    delivery_method: str = ""
    exchange: Exchange | None = None
    split_payment: bool = False
    exempt_basis: str = ""
    remark: str = ""
    issued_by: str = ""
    kind: str = "invoice"
    treatment: str = "domestic"
    receipt: str = ""


def invoice(
    terms: Terms,
    seller: Mapping[str, Any],
    buyer: Mapping[str, Any],
    recipient: Mapping[str, Any] | None,
    charges: Sequence[Charge],
    settlement: Settlement,
    design: Mapping[str, Any],
) -> dict[str, Any]:
    """An invoice without a number; ``numbered`` completes it.

    Args:
        seller: ``name tax_id address email phone website bank_account bank_name``.
        buyer: An address with ``tax_id``.
        recipient: Where the goods go, when that is somebody else.
        design: ``accent``, ``logo`` (a stored file), ``footer`` with its fields unfilled.
    """
    counted = vat.sums(terms.method, [(charge.rate, charge.amount) for charge in charges])
    total = counted.total
    paid = settlement.paid
    used = exchange_said(terms.exchange, terms.home_currency) if terms.exchange else None
    return {
        "schema": SCHEMA,
        "kind": terms.kind,
        "number": None,
        "language": terms.language,
        "currency": terms.currency,
        "issue_date": terms.issue_date.isoformat(),
        "sale_date": terms.sale_date.isoformat(),
        "issued_by": terms.issued_by,
        "method": terms.method,
        "seller": dict(seller),
        "buyer": dict(buyer),
        "recipient": dict(recipient) if recipient else None,
        "lines": _lines(terms, charges, counted.lines),
        **summed(counted, terms.currency, used),
        "in_words": amount_in_words(total.gross, terms.currency, terms.language),
        "payment": {
            "kind": settlement.kind,
            "method": settlement.method or LABELS[terms.language][settlement.kind],
            "paid": paid,
            "to_pay": max(total.gross - paid, 0),
            "due_date": settlement.due.isoformat() if settlement.due else None,
        },
        "exchange": used,
        "treatment": terms.treatment,
        "receipt": {"number": terms.receipt} if terms.receipt else None,
        "notes": _notes(terms, list(counted.rates)),
        "exempt_basis": terms.exempt_basis if vat.EXEMPT in counted.rates else "",
        "remark": terms.remark,
        "order": {"number": terms.order_number, "channel_number": terms.channel_number},
        "design": dict(design),
    }


def numbered(snapshot: Mapping[str, Any], number: str) -> dict[str, Any]:
    """The snapshot with its number, and the footer's fields filled in."""
    seller, buyer, order = snapshot["seller"], snapshot["buyer"], snapshot["order"]
    values = {
        "company": seller["name"], "tax_id": seller["tax_id"], "website": seller["website"],
        "email": seller["email"], "phone": seller["phone"], "order_number": order["number"],
        "channel_number": order["channel_number"], "document_number": number,
        "buyer": party_name(buyer),
    }
    design = {**snapshot["design"],
              "footer": placeholders.fill(snapshot["design"]["footer"], values)}
    return {**snapshot, "number": number, "design": design}


def party_name(address: Mapping[str, Any]) -> str:
    """Whom an address belongs to: the company, else the person."""
    return str(address.get("company") or address.get("name") or "")


def summed(counted: vat.Sums, currency: str, exchange: Mapping[str, Any] | None
           ) -> dict[str, Any]:
    """``rates`` and ``total`` of a document; with the VAT at home where a rate is named."""

    def home(amount: int) -> dict[str, int]:
        if exchange is None:
            return {}
        return {"vat_home": vat.in_home_currency(amount, currency, exchange["currency"],
                                                 Decimal(exchange["rate"]))}

    rates = [{"rate": rate, "net": taxed.net, "vat": taxed.vat, "gross": taxed.gross,
              **home(taxed.vat)} for rate, taxed in counted.rates.items()]
    return {"rates": rates, "total": added(rates)}


def exchange_said(used: Exchange, home: str) -> dict[str, str]:
    """How a document names a rate of exchange."""
    return {"currency": home, "rate": str(used.rate), "table": used.table,
            "day": used.day.isoformat()}


def added(rates: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The bottom row under rows per rate: the sum of what stands above it."""
    names = ["net", "vat", "gross"]
    if any("vat_home" in row for row in rates):
        names.append("vat_home")
    return {name: sum(row.get(name, 0) for row in rates) for name in names}


def needs_exchange(method: str, charges: Sequence[Charge], currency: str, home: str) -> bool:
    """Whether VAT must also be said in the home currency (art. 106e ust. 11)."""
    if currency == home:
        return False
    lines = [(charge.rate, charge.amount) for charge in charges]
    return vat.sums(method, lines).total.vat != 0


def _lines(terms: Terms, charges: Sequence[Charge], taxed: Sequence[vat.Taxed]
           ) -> list[dict[str, Any]]:
    words = LABELS[terms.language]
    found = []
    for index, charge in enumerate(charges):
        title, unit = charge.title, words["pieces"]
        if charge.kind != GOODS:
            title, unit = words[charge.kind], words["service"]
        if charge.kind == DELIVERY and terms.delivery_method:
            title = f"{title}: {terms.delivery_method}"
        price = charge.unit_price
        if price is None:
            before = charge.amount + charge.discount
            price = before * 10 ** (6 - exponent(terms.currency)) // charge.quantity
        line = {
            "title": title, "sku": charge.sku, "quantity": charge.quantity, "unit": unit,
            "unit_price": price, "discount": charge.discount, "rate": charge.rate,
            "amount": charge.amount, "line_id": charge.line_id, "position": index + 1,
            "kind": charge.kind, "gtu": charge.gtu,
        }
        if taxed:
            line |= {"vat": taxed[index].vat, "gross": taxed[index].gross}
        found.append(line)
    return found


def _notes(terms: Terms, rates: Sequence[str]) -> list[str]:
    """Keys of the words that the law wants on such a document."""
    notes = []
    if terms.split_payment:
        notes.append("split_payment")
    if vat.REVERSE in rates or terms.treatment == "services_eu":
        notes.append("reverse_charge")
    return notes
