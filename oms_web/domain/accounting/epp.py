"""Invoices as an EPP file, the exchange format EDI++ 1.05 of InsERT's programs. Pure.

Subiekt GT and nexo, Rewizor and Rachmistrz read it (File, Import, "plik komunikacji"). A file is
lines of comma separated fields in Windows-1250: [INFO] says who sends it (24 fields), then for each
document [NAGLOWEK] with its facts (62 fields) and [ZAWARTOSC] with a row per VAT rate, the contents
for an accountant's office (purpose 0). Source: InsERT's description of EDI++ and files that Subiekt
writes; see docs/accounting.md for what was tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from oms_web.core.clock import SHOP_ZONE
from oms_web.core.money import from_minor
from oms_web.domain.documents import kinds, vat
from oms_web.domain.documents.snapshot import party_name
from oms_web.domain.documents.tax_ids import UNION
from oms_web.domain.einvoices.nodes import one_line
from oms_web.domain.einvoices.treatments import EXPORT, treatment_of

VERSION, OFFICE, CODE_PAGE, CHARSET = "1.05", 0, 1250, "cp1250"
INFO_FIELDS, HEAD_FIELDS, SUM_FIELDS = 24, 62, 18
_KINDS = {kinds.CORRECTION: "KFS"}
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends the file, and for which days."""

    name: str
    tax_id: str
    address: Mapping[str, Any]
    since: date
    until: date
    by: str
    at: datetime


def opening(sender: Sender) -> bytes:
    """The [INFO] part."""
    address = sender.address
    return _part("INFO", [[
        VERSION, OFFICE, CODE_PAGE, "OMS", _text("OMS", 20), _text(sender.name, 40),
        _text(sender.name, 80), _text(address.get("city"), 30), _text(address.get("postcode"), 6),
        _text(address.get("street"), 50), _text(sender.tax_id, 13), "MAG", _text("Główny", 40),
        None, None, 1, sender.since, sender.until, _text(sender.by, 35), sender.at, "Polska",
        "PL", None, 0,
    ]])


def document(document_id: int, said: Mapping[str, Any], rate: Decimal | None) -> bytes:
    """The parts of one invoice or correction; of a correction the differences.

    Args:
        rate: Zlotys for one of its currency; None where that is not known, 1 stands there then.
    """
    return _part("NAGLOWEK", [_head(document_id, said, rate)]) + _part(
        "ZAWARTOSC", [_sums(row, said["currency"]) for row in said["rates"]])


def _head(document_id: int, said: Mapping[str, Any], rate: Decimal | None) -> Sequence[Any]:
    currency, buyer, pay = said["currency"], said["buyer"], said["payment"]
    corrected, total = said.get("corrected") or {}, said["total"]
    country = str(buyer.get("country") or "PL")
    number, name = str(buyer.get("tax_id") or ""), party_name(buyer)
    issued = _day(said["issue_date"])
    return [
        _KINDS.get(said["kind"], "FS"), 1, 0, document_id, None, None, _text(said["number"], 30),
        _text(corrected.get("number"), 30), _day(corrected.get("issue_date")),
        _text(said["order"].get("number"), 30), None, _text(number or f"OMS-{document_id}", 20),
        _text(name, 40), _text(name, 255), _text(buyer.get("city"), 30),
        _text(buyer.get("postcode"), 6), _text(buyer.get("street"), 50), _text(number, 20),
        "Sprzedaż", None, _text(said["seller"]["address"].get("city"), 30), issued,
        _day(said["sale_date"]), None, len(said["rates"]),
        int(said["method"] != vat.GROSS_RATE), None,
        *(from_minor(total[part], currency) for part in ("net", "vat", "gross")), _NOTHING,
        None, _NOTHING, _text(pay["method"], 30), _day(pay.get("due_date")) or issued,
        from_minor(pay["paid"], currency), from_minor(total["gross"], currency), 0, 0, 1, 0,
        _text(said.get("issued_by"), 35), None, None, _NOTHING, _NOTHING, currency,
        rate or Decimal(1), _text(said.get("reason") or said.get("remark"), 255), None, None, None,
        0, int(treatment_of(said) == EXPORT), 0, None, _NOTHING, None, _NOTHING,
        "Polska" if country == "PL" else None, country, int(country in UNION and country != "PL"),
    ]


def _sums(row: Mapping[str, Any], currency: str) -> Sequence[Any]:
    """A rate: its name, its percentage, its sums twice (by prices, in the end), nothing else."""
    sums = [from_minor(row[part], currency) for part in ("net", "vat", "gross")]
    return [row["rate"], vat.percent(row["rate"]), *sums, *sums, *[_NOTHING] * 10]


def _part(name: str, rows: Sequence[Sequence[Any]]) -> bytes:
    lines = [f"[{name}]", *(",".join(map(_field, row)) for row in rows), "", ""]
    return "\r\n".join(lines).encode(CHARSET, "replace")


def _field(value: Any) -> str:
    """Numbers bare, amounts with four decimals, moments as digits, texts in quotes, None empty."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(SHOP_ZONE):%Y%m%d%H%M%S}"
    if isinstance(value, date):
        return f"{value:%Y%m%d}000000"
    return '"' + value.replace('"', '""') + '"'


def _text(value: Any, most: int) -> str | None:
    return one_line(str(value or ""), most) or None


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
