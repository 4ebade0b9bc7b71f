"""Exports: no live formulas, nothing lost on the way back, constant memory, real types in XLSX."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from oms_web.adapters import sheets
from oms_web.core.actor import SYSTEM
from oms_web.core.sheet import Column, Sheet

COLUMNS = (
    Column("sku", "SKU"), Column("units", "Units", "int"), Column("price", "Price", "money"),
    Column("at", "At", "moment"), Column("day", "Day", "day"), Column("active", "Active", "flag"),
)
ROW = ("KUB-1", -3, Decimal("1148.50"), datetime(2026, 11, 22, 23, 30, tzinfo=UTC),
       date(2026, 11, 22), True)


def sheet_of(*rows):
    return Sheet("test", COLUMNS, lambda session, after: (rows, None))


def csv_rows(*rows):
    text = b"".join(sheets.write_csv(sheet_of(), [rows])).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def xlsx(*rows):
    content = b"".join(sheets.write_xlsx(sheet_of(), [rows], str.upper))
    return content, CalamineWorkbook.from_filelike(io.BytesIO(content))


@pytest.mark.parametrize("text", [
    "=1+1", "+48600100200", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''=1", "＝1",
])
def test_no_text_reaches_a_spreadsheet_as_a_formula(text):
    guarded = sheets.guard(text)
    assert guarded[0] == "'"
    assert sheets.unguard(guarded) == text
    assert csv_rows((text, *ROW[1:]))[1][0] == guarded


@pytest.mark.parametrize("text", ["", "KUB-1", "a=b", "5-3", "'t Hooft", "5900012003196"])
def test_harmless_texts_are_left_alone(text):
    assert sheets.guard(text) == sheets.unguard(text) == text


@given(st.text())
def test_any_text_comes_back_as_it_was(text):
    assert sheets.unguard(sheets.guard(text)) == text


def test_csv_is_for_programs():
    assert csv_rows(ROW, (None,) * 6) == [
        ["sku", "units", "price", "at", "day", "active"],
        ["KUB-1", "-3", "1148.50", "2026-11-23T00:30:00+01:00", "2026-11-22", "1"],
        ["", "", "", "", "", ""],
    ]


def test_xlsx_is_for_people():
    content, book = xlsx(ROW, ("=HYPERLINK(\"http://x\")", 5, None, None, None, False),
                         ("http://example.org", 1, None, None, None, None))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0] == ["SKU", "UNITS", "PRICE", "AT", "DAY", "ACTIVE"]
    local = datetime.fromisoformat("2026-11-23T00:30:00")  # the shop's clock, one hour ahead
    assert rows[1] == ["KUB-1", -3, 1148.5, local, date(2026, 11, 22), True]
    assert rows[2][0] == '=HYPERLINK("http://x")'
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        page = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in page
        assert not [name for name in parts.namelist() if "rels" in name and "sheet1" in name]


def test_an_empty_list_still_has_its_heading():
    assert csv_rows()[0][0] == "sku"
    assert xlsx()[1].get_sheet_by_index(0).to_python() == [
        ["SKU", "UNITS", "PRICE", "AT", "DAY", "ACTIVE"]]


def test_past_the_row_limit_a_further_worksheet_is_begun(monkeypatch):
    monkeypatch.setattr(sheets, "_EXCEL_ROWS", 3)
    book = xlsx(*[(f"S{n}", n, None, None, None, None) for n in range(5)])[1]
    first, second, third = (book.get_sheet_by_index(n).to_python() for n in range(3))
    assert [row[0] for row in first + second + third] == [
        "SKU", "S0", "S1", "SKU", "S2", "S3", "SKU", "S4"]


def test_pages_are_read_one_by_one_until_the_end(works):
    asked = []

    def page(session, after):
        asked.append(after)
        start = after or 0
        return [(f"S{n}", n, None, None, None, None) for n in range(start, start + 2)], \
            start + 2 if start < 4 else None

    found = [row[1] for batch in sheets.batches(works, SYSTEM, Sheet("t", COLUMNS, page))
             for row in batch]
    assert found == [0, 1, 2, 3, 4, 5]
    assert asked == [None, 2, 4]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_stays_flat(kind):
    def peak(pages):
        rows = ([(f"SKU-{p}-{n}", n, Decimal(n), ROW[3], ROW[4], None) for n in range(500)]
                for p in range(pages))
        write = sheets.write_csv if kind == "csv" else sheets.write_xlsx
        tracemalloc.start()
        for _ in write(sheet_of(), rows):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(12) < peak(3) * 1.5
