"""The lines of an invoice and of an order that an advance was paid for, as FA(3) has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_web.domain.documents import vat
from oms_web.domain.einvoices.nodes import YES, Node, add, add_text, amount, number, price
from oms_web.domain.einvoices.treatments import OSS, place


def invoice_lines(fa: Node, snapshot: Mapping[str, Any], treatment: str) -> None:
    """``FaWiersz`` for each line; of a correction the changed ones, as they were and as they are.

    Both of a pair have the same number (notes of the schema to ``StanPrzed``).
    """
    for position, line, was in _rows(snapshot):
        _invoice_line(fa, position, line, snapshot, treatment, was=was)


def _rows(snapshot: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any], bool]]:
    """(position, line, whether it is how it was before) in the order they are written."""
    if "before" not in snapshot:
        return [(at, line, False) for at, line in _placed(snapshot["lines"]).items()]
    # Another rate of exchange stands on every line.
    changed = set(_placed(snapshot["after"]["lines"])) if snapshot.get("former_exchange") \
        else set(snapshot["changed"])
    states = [(_placed(snapshot[state]["lines"]), was)
              for state, was in (("before", True), ("after", False))]
    return [(position, lines[position], was) for position in sorted(changed)
            for lines, was in states if position in lines]


def _placed(lines: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    return {line.get("position") or at: line for at, line in enumerate(lines, start=1)}


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
    if treatment == OSS:
        add(node, "Procedura", "WSTO_EE")
    if used := (was and snapshot.get("former_exchange")) or snapshot.get("exchange"):
        add(node, "KursWaluty", number(used["rate"]))
    if was:
        add(node, "StanPrzed", YES)


def order_lines(fa: Node, snapshot: Mapping[str, Any], treatment: str) -> None:
    """``Zamowienie`` of an advance invoice: what was ordered, net and VAT of each line.

    A correction of an advance says its own rows, as they were and as they are.
    """
    currency, ordered = snapshot["currency"], snapshot.get("ordered")
    rows = _rows(snapshot) if ordered is None else [
        (at, line, False) for at, line in _placed(ordered["lines"]).items()]
    worth = (ordered or snapshot.get("after") or snapshot)["total"]["gross"]
    if not rows:
        return
    order = add(fa, "Zamowienie")
    add(order, "WartoscZamowienia", amount(worth, currency))
    for position, line, was in rows:
        taxed = _taxed(snapshot["method"], line)
        node = add(order, "ZamowienieWiersz")
        add(node, "NrWierszaZam", str(position))
        add_text(node, "P_7Z", line["title"], 512)
        add_text(node, "IndeksZ", line.get("sku") or "", 50)
        add_text(node, "P_8AZ", line["unit"])
        add(node, "P_8BZ", number(line["quantity"]))
        add(node, "P_11NettoZ", amount(taxed.net, currency))
        add(node, "P_11VatZ", amount(taxed.vat, currency))
        _rate(node, line["rate"], treatment, "P_12Z", "P_12Z_XII")
        add_text(node, "GTUZ", line.get("gtu") or "")
        if was:
            add(node, "StanPrzedZ", YES)


def _taxed(method: str, line: Mapping[str, Any]) -> vat.Taxed:
    if all(part in line for part in ("net", "vat", "gross")):
        return vat.Taxed(line["net"], line["vat"], line["gross"])
    count = vat.tax_in_gross if method == vat.GROSS_RATE else vat.tax_on_net
    return count(line["amount"], line["rate"])


def _rate(node: Node, rate: str, treatment: str, at_home: str, foreign: str) -> None:
    found = place(rate, treatment)
    add(node, foreign if found.is_foreign else at_home, found.word)
