"""From an issued document to Fakturownia's, and from its answer to ours. Pure.

Source: github.com/fakturownia/API, README.md (fields of an invoice, corrections) and KSeF.md (whose
number is of which kind, what is wanted of buyers).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import (
    BookChange,
    BookDocument,
    BookKind,
    BookLine,
    BookParty,
    Entered,
    Refused,
)
from oms_connector.reading import cents, decimal, text, value, whole

from oms_fakturownia import counting, words

TAKES: Sequence[BookKind] = ("invoice", "correction", "proforma")
KINDS = {"domestic": "vat", "oss": "vat", "services_eu": "vat", "reverse": "vat", "wdt": "wdt",
         "export": "export_products"}
INVOICES = frozenset(KINDS.values())
LANGUAGES = {"pl": "pl", "en": "en", "de": "de", "fr": "fr", "cs": "cz", "sk": "sk", "es": "es",
             "it": "it", "nl": "nl", "hu": "hu", "sl": "sl", "hr": "hr", "et": "et"}
UNION = frozenset((
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "EL", "HU", "IE", "IT",
    "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "XI"))
"""Prefixes of VAT numbers within the Union (Greece writes EL, Northern Ireland XI)."""


def kind_of(document: BookDocument) -> str:
    """Fakturownia's word for its kind."""
    return document.kind if document.kind != "invoice" else KINDS[document.treatment]


def invoice(document: BookDocument, original: int | None, department: str) -> dict[str, Any]:
    """What is sent; ``original`` is the id there of the invoice that a correction corrects.

    Raises:
        Refused: Fakturownia would count it otherwise or has no place for something it says.
    """
    if document.receipt:
        raise Refused(words.RECEIPT, "receipt", "receipt")
    positions, way = _counted(document)
    said = {
        "kind": kind_of(document), "number": document.number, "oid": document.number,
        "oid_unique": "yes", "issue_date": document.issue_date.isoformat(),
        "sell_date": document.sale_date.isoformat(), "currency": document.currency,
        "lang": LANGUAGES.get(document.language, "en"), "positions": positions,
        "calculating_strategy": {
            "position": "keep_gross", "sum": way,
            "invoice_form_price_kind": "gross" if document.method == "gross_rate" else "net"},
        "split_payment": "1" if document.split_payment else "0",
        **_seller(document.seller, department), **_buyer(document.buyer), **_payment(document),
        **_taxed(document), **_exchange(document),
    }
    if document.remark:
        said["description"] = document.remark
    if original is not None:
        said |= {"invoice_id": original, "from_invoice_id": original,
                 "correction_reason": document.reason}
    return said


Rows = list[tuple[dict[str, Any], counting.Position]]


def _counted(document: BookDocument) -> tuple[list[dict[str, Any]], str]:
    """The positions and the way of summing them that give the document's own sums."""
    ways = [_corrected(document, _by_difference), _corrected(document, _out_and_in)] \
        if document.kind == "correction" else [_lines(document)]
    if not ways[0]:
        raise Refused(words.NO_LINES, "lines", "lines")
    for rows in ways:
        positions = [position for _, position in rows]
        for _, gross in positions:
            if gross != cents(gross):
                raise Refused(words.CENTS % {"amount": gross, "currency": document.currency},
                              "amount", "lines")
        if way := counting.strategy(document, positions):
            return [row for row, _ in rows], way
    raise counting.refusal(document, [position for _, position in ways[0]])


def _lines(document: BookDocument) -> Rows:
    rows: Rows = []
    for line in document.lines:
        gross = counting.gross_of(line, document.method)
        rows.append((_row(line, line.quantity, gross), (line.rate, gross)))
    return rows


Steps = Sequence[tuple[BookLine, BookLine]]


def _corrected(document: BookDocument, steps: Callable[[BookChange], Steps]) -> Rows:
    """Differences, each with how it was and how it is."""
    rows: Rows = []
    for change in document.changes:
        for before, after in steps(change):
            was, is_ = (counting.gross_of(one, document.method) for one in (before, after))
            row = _row(after, after.quantity - before.quantity, is_ - was) | {
                "kind": "correction",
                "correction_before_attributes": _row(before, before.quantity, was) | {
                    "kind": "correction_before"},
                "correction_after_attributes": _row(after, after.quantity, is_) | {
                    "kind": "correction_after"}}
            rows.append((row, (after.rate, is_ - was)))
    return rows


def _by_difference(change: BookChange) -> Steps:
    """One position. A position has one rate: where that is what changes, one goes, another comes.
    """
    same = change.before.rate == change.after.rate
    return [(change.before, change.after)] if same else _out_and_in(change)


def _out_and_in(change: BookChange) -> Steps:
    """The line goes as it was and comes as it is: what differs is then the difference of two
    rounded sums, not the rounded difference.
    """
    steps = [(change.before, _none_of(change.before)), (_none_of(change.after), change.after)]
    return [step for step in steps if step[0] != step[1]]


def _none_of(line: BookLine) -> BookLine:
    return BookLine(line.title, 0, line.unit, line.rate, Decimal(0), line.sku, line.gtu)


def _row(line: BookLine, quantity: int, gross: Decimal) -> dict[str, Any]:
    row = {"name": line.title, "quantity": quantity, "quantity_unit": line.unit,
           "tax": line.rate, "total_price_gross": f"{gross:.2f}"}
    if line.sku:
        row["code"] = line.sku
    if line.gtu:
        row["gtu_code"] = line.gtu
    return row


def _seller(seller: BookParty, department: str) -> dict[str, Any]:
    """A department has its own data; else the document's are sent whole."""
    if department:
        return {"department_id": department}
    address = seller.address
    said = {"seller_name": address.company or address.name, "seller_tax_no": seller.tax_id,
            "seller_street": address.street, "seller_post_code": address.postcode,
            "seller_city": address.city, "seller_country": address.country,
            "seller_bank_account": seller.bank_account}
    return {name: told for name, told in said.items() if told}


def _buyer(buyer: BookParty) -> dict[str, Any]:
    """A company by its number, a person by their names (KSeF.md, "Dane nabywcy")."""
    address = buyer.address
    said: dict[str, Any] = {
        "buyer_name": address.company or address.name, "buyer_street": address.street,
        "buyer_post_code": address.postcode, "buyer_city": address.city,
        "buyer_country": address.country, "buyer_email": address.email,
        "buyer_company": bool(address.company or buyer.tax_id)}
    if said["buyer_company"]:
        number, kind = tax_number(buyer)
        said |= {"buyer_tax_no": number, "buyer_tax_no_kind": kind}
    else:
        first, _, last = address.name.strip().rpartition(" ")
        said |= {"buyer_first_name": first, "buyer_last_name": last}
    return said


def tax_number(party: BookParty) -> tuple[str, str]:
    """A tax number and whose it is: empty for a Polish NIP, ``nip_ue``, ``other``, ``empty``."""
    plain = "".join(sign for sign in party.tax_id if sign.isalnum()).upper()
    if not plain:
        return "", "empty"
    digits = plain.removeprefix("PL")
    if digits.isascii() and digits.isdigit() and len(digits) == 10 \
            and party.address.country in ("", "PL"):
        return digits, ""
    return plain, "nip_ue" if plain[:2] in UNION else "other"


def _payment(document: BookDocument) -> dict[str, Any]:
    """What was paid so far. A pro forma knows no status of its payment, only the amount."""
    payment, gross = document.payment, document.gross
    said: dict[str, Any] = {
        "payment_type": "cash_on_delivery" if payment.kind == "cod" else payment.method or "off",
        "payment_to_kind": "other_date" if payment.due else "off",
        "paid": f"{payment.paid:.2f}"}
    if payment.due:
        said["payment_to"] = payment.due.isoformat()
    if payment.paid and document.kind != "proforma":
        said["status"] = "paid" if payment.paid >= gross else "partial"
        said["paid_date"] = (payment.paid_on or document.issue_date).isoformat()
    return said


def _taxed(document: BookDocument) -> dict[str, Any]:
    """Why there is no Polish VAT, where there is none."""
    rates = {one.rate for one in document.sums}
    said: dict[str, Any] = {}
    if document.treatment == "oss":
        said["use_oss"] = "1"
    if "zw" in rates:
        if not document.exempt_basis:
            raise Refused(words.NO_BASIS, "exempt_basis", "exempt_basis")
        said["exempt_tax_kind"] = document.exempt_basis
    if "np" in rates:
        said["np_tax_kind"] = "export_service_eu" if document.treatment == "services_eu" \
            else "export_service"
    if "oo" in rates or document.treatment == "services_eu":
        said["reverse_charge"] = True
    return said


def _exchange(document: BookDocument) -> dict[str, Any]:
    found = document.exchange
    if found is None:
        return {}
    return {"exchange_currency": found.currency, "exchange_kind": "own",
            "exchange_currency_rate": str(found.rate),
            "exchange_note": f"{found.table}, {found.day.isoformat()}"}


def entered(told: Any, account: str) -> Entered:
    """A document as Fakturownia tells it.

    Raises:
        Puzzling: it tells no id, number or sums.
    """
    ref = str(whole(told, "id"))
    net, vat, gross = (decimal(value(told, name), name)
                       for name in ("price_net", "price_tax", "price_gross"))
    return Entered(ref, text(told, "number"), net, vat, gross,
                   f"https://{account}.fakturownia.pl/invoices/{ref}")
