"""Small files in every format, and the connector that reads them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from oms_connector import Context
from oms_files import FilesConnector

ORDERS: Mapping[str, Any] = {
    "key": "Order",
    "dates": ["%Y-%m-%d"],
    "fields": {"placed_at": "Date", "currency": {"constant": "PLN"}},
    "lines": {"sku": "SKU", "quantity": "Qty", "unit_price": "Price"},
}
"""The least profile that reads ``HEADER``."""

HEADER = ["Order", "Date", "SKU", "Qty", "Price"]
ROWS = [
    ["A1", "2026-03-01", "KUB", "2", "12.50"],
    ["A1", "2026-03-01", "TAL", "1", "3.10"],
    ["A2", "2026-03-02", "KUB", "1", "12.50"],
]


def connector() -> FilesConnector:
    """The connector as the app makes it: reading files takes nothing from its context."""
    return FilesConnector(_NO_CONTEXT)


_NO_CONTEXT: Context = None  # type: ignore[assignment]


def profile(**over: Any) -> dict[str, Any]:
    """``ORDERS`` with some parts replaced."""
    return {**ORDERS, **over}


def csv_text(rows: Sequence[Sequence[str]] = ROWS, header: Sequence[str] = HEADER,
             delimiter: str = ",") -> str:
    """Unquoted CSV."""
    return "".join(delimiter.join(row) + "\n" for row in [header, *rows])


def write(folder: Path, content: str | bytes, name: str = "orders.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_gz(folder: Path, content: str | bytes, name: str = "orders.csv.gz") -> Path:
    """A gzip of this content."""
    return write(folder, gzip.compress(content.encode() if isinstance(content, str) else content),
                 name)


def write_zip(folder: Path, members: Mapping[str, str | bytes], name: str = "orders.zip") -> Path:
    """A ZIP of several files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return write(folder, out.getvalue(), name)


def write_xlsx(folder: Path, sheets: Mapping[str, Sequence[Sequence[Any]]],
               name: str = "orders.xlsx") -> Path:
    """A workbook; numbers and dates become real cells."""
    path = folder / name
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for at, row in enumerate(rows):
                for place, cell in enumerate(row):
                    sheet.write(at, place, cell)
    return path


def read(path: Path, spec: Mapping[str, Any], folder: Path, kind: str = "orders",
         start: int = 0) -> list[Any]:
    """All records of a file."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return [record for _, record in connector().read(path, spec, kind, start, work)]


def brief(records: Sequence[Any]) -> list[Any]:
    """Orders as (id, kind, [(sku, quantity, price)]), other things as they are."""
    return [
        (r.external_id, r.kind, [(ln.sku, ln.quantity, str(ln.unit_price)) for ln in r.lines])
        if hasattr(r, "lines") else r
        for r in records
    ]


def as_json(value: Any) -> str:
    """JSON with Polish letters as they are."""
    return json.dumps(value, ensure_ascii=False)
