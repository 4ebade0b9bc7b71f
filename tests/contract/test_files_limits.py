"""Files that ask for more than any order list needs are refused, fast and without memory."""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from oms_connector import Refused
from oms_files import staging
from oms_files.limits import LIMITS

from tests.contract import file_maker as make

MIB = 1024 * 1024


def stage(path: Path, folder: Path, spec=make.ORDERS, **limits):
    return staging.stage(path, spec, "orders", folder, replace(LIMITS, **limits))


def gzip_of(path: Path, size: int, line: bytes) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as out:
        block = line * (MIB // len(line))
        for _ in range(size // MIB):
            out.write(block)
    return path


def refused_in_its_own_process(path: Path, spec: dict) -> tuple[str, float, int]:
    """The refusal, the seconds it took and the megabytes it took over reading a tiny file."""
    script = Path(__file__).with_name("reads_one_file.py")
    tiny = path.parent / "tiny.csv"
    tiny.write_text(make.csv_text())
    peaks = []
    for each, told in ((tiny, make.ORDERS), (path, spec)):
        done = subprocess.run([sys.executable, script, str(each), json.dumps(told)],
                              capture_output=True, text=True, check=True)
        peaks.append(json.loads(done.stdout))
    return peaks[1]["said"], peaks[1]["seconds"], (peaks[1]["peak"] - peaks[0]["peak"]) // 1024


def billion_laughs() -> str:
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)
    )
    return (f'<?xml version="1.0"?><!DOCTYPE o [<!ENTITY l0 "lol">{entities}]>'
            "<orders><order><id>&l9;</id></order></orders>")


def outside_entity() -> str:
    return ('<?xml version="1.0"?><!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            "<orders><order><id>&x;</id></order></orders>")


def sparse_workbook(path: Path) -> Path:
    """Two cells, a million rows and sixteen thousand columns apart."""
    plain = make.write_xlsx(path.parent, {"S": [["Order"], ["x"]]}, "plain.xlsx")
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as out:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b'r="A2"', b'r="XFD1048576"').replace(b'r="2"', b'r="1048576"')
            out.writestr(entry, data)
    return path


def stuffed_workbook(path: Path) -> Path:
    """A sheet that unpacks to two million rows."""
    plain = make.write_xlsx(path.parent, {"S": [["Order"], ["x"]]}, "plain.xlsx")
    row = b'<row r="3"><c r="A3" t="inlineStr"><is><t>x</t></is></c></row>'
    with zipfile.ZipFile(plain) as source, \
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                head, _, tail = data.partition(b"</sheetData>")
                data = head + row * (120 * MIB // len(row)) + b"</sheetData>" + tail
            out.writestr(entry.filename, data)
    return path


XML_FORM = {"type": "xml", "records": "orders.order"}

BOMBS = {
    "gzip": (lambda f: gzip_of(f / "b.csv.gz", 120 * MIB, b"A1,2026-03-01,,1,2\n" * 8), {},
             "200 times"),
    "gzip of zeros": (lambda f: gzip_of(f / "b.csv.gz", 120 * MIB, b"\0"), {}, "longer than 8"),
    "laughs": (lambda f: make.write(f, billion_laughs(), "b.xml"), XML_FORM, "not a XML"),
    "outside": (lambda f: make.write(f, outside_entity(), "b.xml"), XML_FORM, "not a XML"),
    "deep xml": (lambda f: make.write(f, "<orders>" + "<a>" * 200_000, "b.xml"), XML_FORM,
                 "deeper than 40"),
    "deep json": (lambda f: make.write(f, '[{"a":' + "[" * 200_000, "b.json"), {},
                  "deeper than 40"),
    "long line": (lambda f: make.write(f, b"x" * (40 * MIB), "b.csv"), {}, "larger|longer"),
    "long text": (lambda f: make.write(f, b"<orders><order><id>" + b"x" * (40 * MIB), "b.xml"),
                  XML_FORM, "larger than 8 MB"),
    "long json": (lambda f: make.write(f, b'[{"id": "' + b"x" * (40 * MIB), "b.json"), {},
                  "larger than 8 MB"),
    "sparse sheet": (lambda f: sparse_workbook(f / "b.xlsx"), {}, "too much memory"),
    "stuffed sheet": (lambda f: stuffed_workbook(f / "b.xlsx"), {}, "100 times"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_two_seconds_and_a_hundred_megabytes(tmp_path, name):
    build, form, says = BOMBS[name]
    path = build(tmp_path)
    said, seconds, megabytes = refused_in_its_own_process(path, make.profile(format=form))
    assert any(part in said for part in says.split("|")), said
    assert seconds < 2
    assert megabytes < 100


def test_entities_are_refused_even_harmless_ones(tmp_path):
    """Expat has a brake of its own against bombs; what it lets through is refused here."""
    text = ('<?xml version="1.0"?><!DOCTYPE o [<!ENTITY l "PLN">]>'
            "<orders><order><id>&l;</id></order></orders>")
    with pytest.raises(Refused, match="not a XML file"):
        stage(make.write(tmp_path, text, "e.xml"), tmp_path, make.profile(format=XML_FORM))


def test_caps_on_bytes_rows_columns_and_members(tmp_path):
    plain = make.write(tmp_path, make.csv_text())
    wide = make.write(tmp_path, ",".join(f"c{n}" for n in range(60)) + "\n", "wide.csv")
    many = make.write_zip(tmp_path, {f"{n}.csv": "x" for n in range(9)}, "many.zip")
    for path, caps, says in (
        (plain, {"file_bytes": 20}, "larger than"),
        (make.write_gz(tmp_path, make.csv_text()), {"unpacked_bytes": 20}, "unpacks to more"),
        (plain, {"rows": 2}, "more than 2 rows"),
        (wide, {"columns": 50}, "more than 50 columns"),
        (many, {"members": 5}, "more than 5 files"),
    ):
        with pytest.raises(Refused, match=says):
            stage(path, tmp_path, **caps)


def test_a_refused_file_leaves_nothing_behind(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(Refused):
        stage(make.write(tmp_path, make.csv_text()), work, rows=1)
    assert list(work.iterdir()) == []


def test_an_unclosed_quotation_mark_is_named_before_it_swallows_the_file(tmp_path):
    text = 'Order,Date\nA1,"never closed\n' + "A2,2026-03-01\n" * 100_000
    with pytest.raises(Refused, match="quotation mark is never closed"):
        stage(make.write(tmp_path, text), tmp_path)


def test_names_inside_an_archive_are_never_used_as_paths(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../outside.csv.gz", gzip.compress(make.csv_text().encode()))
    path = make.write(tmp_path, out.getvalue(), "t.zip")
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    assert stage(path, work).total == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "t.zip"]


def test_any_number_of_scattered_orders_stay_out_of_memory(tmp_path):
    """Rows of an order lie far apart; memory must not depend on how many there are."""
    peaks = []
    for orders in (3_000, 30_000):
        path = tmp_path / f"{orders}.csv"
        with path.open("w") as out:
            out.write(",".join(make.HEADER) + "\n")
            for turn in range(3):
                for number in range(orders):
                    out.write(f"A{number},2026-03-01,S{turn},1,2.50\n")
        script = Path(__file__).with_name("reads_one_file.py")
        done = subprocess.run(
            [sys.executable, script, str(path), json.dumps(make.ORDERS)],
            capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        assert told["said"] == f"{orders} orders, {3 * orders} lines"
        peaks.append(told["peak"])
    assert peaks[1] - peaks[0] < 8 * 1024, "kilobytes"


def test_time_is_measured_at_all(tmp_path):
    """Control of the bomb tests: the child reports its own peak and time."""
    path = make.write(tmp_path, make.csv_text())
    began = time.monotonic()
    said, seconds, _ = refused_in_its_own_process(path, dict(make.ORDERS))
    assert said == "2 orders, 3 lines"
    assert 0 < seconds < time.monotonic() - began
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
