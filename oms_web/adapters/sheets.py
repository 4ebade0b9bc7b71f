"""Spreadsheets: any ``core.sheet.Sheet`` as CSV or XLSX, in constant memory.

How others use it: offer a ``Sheet`` in your noun's ``exports.py``; on the web answer with
``web.exports.send(sheet, format)``, in the shell add it to ``cli/exports.py``.

* CSV: UTF-8 with a byte order mark, commas, CRLF, dots in numbers, ISO 8601 moments with their
  offset. For programs (the shell) the columns' keys are the headings and states have their names in
  the code; what a person takes from a screen has the headings and words of that screen.
* XLSX is for people: real numbers and dates in the shop's zone, translated headings, a frozen and
  filtered first row. Past Excel's row limit a further worksheet is begun.

No cell is ever a formula. In XLSX texts are written as strings. In CSV a text that a spreadsheet
would take for a formula gets an apostrophe in front (``guard``); ``unguard`` takes it off again.
Texts that began that way themselves get one more, so nothing is lost on the way back.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from oms_web.core.actor import Actor
from oms_web.core.clock import SHOP_ZONE
from oms_web.core.sheet import Column, Sheet
from oms_web.core.work import Works

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Batches = Iterable[Sequence[Sequence[Any]]]

# What begins a formula in Excel, LibreOffice or Google Sheets, also in full-width letters.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_EXCEL_ROWS = 1_048_576
_EXCEL_CHARS = 32_767
_CHUNK = 256 * 1024
_WIDTHS = {"text": 24, "int": 10, "money": 13, "price": 13, "moment": 17, "day": 11, "flag": 7}
_NUMBER_FORMATS = {
    "int": "#,##0", "money": "#,##0.00", "price": "#,##0.00####", "moment": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
}


def guard(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text that ``guard`` was given."""
    return text[1:] if _GUARDED.match(text) else text


def batches(works: Works, actor: Actor, sheet: Sheet) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a sheet, page by page, each page read in a short transaction of its own."""
    after: Any = None
    while True:
        with works.reading(actor) as work:
            rows, after = sheet.page(work.session, after)
        if rows:
            yield rows
        if after is None:
            return


def in_words(
    sheet: Sheet, rows: Batches, words: Mapping[str, Mapping[str, str]]
) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows with names of ours said in words: column key -> name -> word."""
    told = [words.get(column.key) for column in sheet.columns]
    for batch in rows:
        yield [
            [value if say is None else say.get(value, value)
             for say, value in zip(told, row, strict=True)]
            for row in batch
        ]


def write_csv(
    sheet: Sheet, rows: Batches, titles: Callable[[str], str] | None = None
) -> Iterator[bytes]:
    """The sheet as CSV, a chunk per page of rows; without ``titles`` headed by the keys."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([titles(column.title) if titles else column.key for column in sheet.columns])
    yield b"\xef\xbb\xbf" + out.getvalue().encode()
    for batch in rows:
        out.seek(0)
        out.truncate()
        writer.writerows([_csv_cell(value) for value in row] for row in batch)
        yield out.getvalue().encode()


def _csv_cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(SHOP_ZONE).isoformat(timespec="seconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


def write_xlsx(
    sheet: Sheet, rows: Batches, titles: Callable[[str], str] = str
) -> Iterator[bytes]:
    """The sheet as an XLSX workbook: written to a temporary file, then given out in chunks."""
    with tempfile.TemporaryDirectory(prefix="oms-sheet-") as folder:
        file = Path(folder) / "sheet.xlsx"
        _write_workbook(file, folder, sheet, rows, titles)
        with file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                yield chunk


def _write_workbook(
    file: Path, folder: str, sheet: Sheet, rows: Batches, titles: Callable[[str], str]
) -> None:
    with xlsxwriter.Workbook(str(file), {"constant_memory": True, "tmpdir": folder}) as book:
        bold = book.add_format({"bold": True})
        formats = {kind: book.add_format({"num_format": f}) for kind, f in _NUMBER_FORMATS.items()}
        page, at = None, _EXCEL_ROWS
        headings = [titles(column.title) for column in sheet.columns]
        for row in _with_heading(rows):
            if at >= _EXCEL_ROWS:
                page, at = book.add_worksheet(), 1
                _write_heading(page, sheet.columns, headings, formats, bold)
            if row is None:
                continue
            for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
                _write_cell(page, at, place, column, value, formats)
            at += 1


def _with_heading(rows: Batches) -> Iterator[Sequence[Any] | None]:
    """The rows one by one, after a None that makes even an empty sheet have its heading."""
    yield None
    for batch in rows:
        yield from batch


def _write_heading(
    page: Any, columns: Sequence[Column], headings: Sequence[str], formats: Any, bold: Any
) -> None:
    for place, (column, heading) in enumerate(zip(columns, headings, strict=True)):
        page.set_column(place, place, _WIDTHS[column.kind], formats.get(column.kind))
        page.write_string(0, place, heading, bold)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, _EXCEL_ROWS - 1, len(columns) - 1)


def _write_cell(
    page: Any, row: int, place: int, column: Column, value: Any, formats: dict[str, Any]
) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_boolean(row, place, value)
    elif isinstance(value, int | Decimal):
        page.write_number(row, place, value, formats.get(column.kind))
    elif isinstance(value, datetime):
        local = value.astimezone(SHOP_ZONE).replace(tzinfo=None)
        page.write_datetime(row, place, local, formats["moment"])
    elif isinstance(value, date):
        page.write_datetime(row, place, value, formats["day"])
    else:
        page.write_string(row, place, str(value)[:_EXCEL_CHARS])
