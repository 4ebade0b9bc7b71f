"""The lines of an invoice and of an order that an advance was paid for, as FA(3) has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_web.domain.documents import vat
from oms_web.domain.einvoices.nodes import YES, Node, add, add_text, amount, number, price
from oms_web.domain.einvoices.treatments import place


def invoice_lines(fa: Node, snapshot: Mapping[str, Any], treatment: str) -> None:
    """``FaWiersz`` for each line; of a correction each as it was and as it is now.

    Both of a pair have the same number (notes of the schema to ``StanPrzed``).
    """
    before: Sequence[Mapping[str, Any]] = snapshot.get("lines_before") or ()
    after: Sequence[Mapping[str, Any]] = snapshot["lines"]
    for at in range(max(len(before), len(after))):
        if at < len(before):
            _invoice_line(fa, at + 1, before[at], snapshot, treatment, was=True)
        if at < len(after):
            _invoice_line(fa, at + 1, after[at], snapshot, treatment, was=False)


def _invoice_line(fa: Node, position: int, line: Mapping[str, Any], snapshot: Mapping[str, Any],
                  treatment: str, *, was: bool) -> None:
    currency = snapshot["currency"]
    is_gross = snapshot["method"] == vat.GROSS_RATE
    node = add(fa, "FaWiersz")
    add(node, "NrWierszaFa", str(position))
    add_text(node, "P_7", line["title"], 512)
    add_text(node, "Indeks", line.get("sku") or "", 50)
    add_text(node, "P_8A", line["unit"])
    add(node, "P_8B", number(line["quantity"]))
    add(node, "P_9B" if is_gross else "P_9A", price(line["unit_price"]))
    if line.get("discount"):
        add(node, "P_10", amount(line["discount"], currency))
    add(node, "P_11A" if is_gross else "P_11", amount(line["amount"], currency))
    if snapshot["method"] == vat.NET_LINE and "vat" in line:
        add(node, "P_11Vat", amount(line["vat"], currency))
    _rate(node, line["rate"], treatment, "P_12", "P_12_XII")
    add_text(node, "GTU", line.get("gtu") or "")
    if snapshot.get("exchange"):
        add(node, "KursWaluty", number(snapshot["exchange"]["rate"]))
    if was:
        add(node, "StanPrzed", YES)


def order_lines(fa: Node, snapshot: Mapping[str, Any], treatment: str) -> None:
    """``Zamowienie`` of an advance invoice: what was ordered, net and VAT of each line."""
    currency = snapshot["currency"]
    lines: Sequence[Mapping[str, Any]] = snapshot.get("order_lines") or snapshot["lines"]
    order = add(fa, "Zamowienie")
    taxed = [_taxed(snapshot["method"], line) for line in lines]
    worth = snapshot.get("order_total") or sum(part.gross for part in taxed)
    add(order, "WartoscZamowienia", amount(worth, currency))
    for position, (line, part) in enumerate(zip(lines, taxed, strict=True), start=1):
        node = add(order, "ZamowienieWiersz")
        add(node, "NrWierszaZam", str(position))
        add_text(node, "P_7Z", line["title"], 512)
        add_text(node, "IndeksZ", line.get("sku") or "", 50)
        add_text(node, "P_8AZ", line["unit"])
        add(node, "P_8BZ", number(line["quantity"]))
        add(node, "P_11NettoZ", amount(part.net, currency))
        add(node, "P_11VatZ", amount(part.vat, currency))
        _rate(node, line["rate"], treatment, "P_12Z", "P_12Z_XII")
        add_text(node, "GTUZ", line.get("gtu") or "")


def _taxed(method: str, line: Mapping[str, Any]) -> vat.Taxed:
    count = vat.tax_in_gross if method == vat.GROSS_RATE else vat.tax_on_net
    return count(line["amount"], line["rate"])


def _rate(node: Node, rate: str, treatment: str, at_home: str, foreign: str) -> None:
    found = place(rate, treatment)
    add(node, foreign if found.is_foreign else at_home, found.word)
