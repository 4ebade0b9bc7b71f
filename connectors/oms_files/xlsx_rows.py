"""Rows of a workbook, read by a child process that cannot take the app down with it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from oms_files import words
from oms_files.limits import LIMITS, Limits
from oms_files.tables import Row, Table, unique_names
from oms_files.unpack import Package

_CHILD = Path(__file__).with_name("xlsx_child.py")
_NO_WORKBOOK = 4


def open_xlsx(
    package: Package, member: str, form: dict[str, Any], work_dir: Path,
    limits: Limits = LIMITS, rows: int = 0,
) -> Table:
    """The table in a sheet. ``form``: ``sheet`` (the first if empty), ``header_row``.

    ``rows`` stops early (0: all); the sheet is opened whole either way.
    """
    path = package.as_file(member, work_dir)
    _check_sizes(path, limits)
    header_row = form.get("header_row", 1)
    lines = _child_lines(path, form.get("sheet", ""), rows + header_row if rows else 0, limits)
    about = json.loads(next(lines))
    if about["sheet"] not in about["sheets"]:
        raise words.refusal(words.NO_SHEET, "format.sheet", name=about["sheet"],
                            names=", ".join(about["sheets"]))
    cells = _cells(lines, limits)
    first = next(cells, None)
    while first and header_row and (first[0] < header_row or not any(first[1])):
        first = next(cells, None)
    if first is None:
        raise words.refusal(words.NO_HEADER, "format.header_row")
    names = unique_names(first[1]) if header_row else [f"#{i}" for i in range(1, len(first[1]) + 1)]
    if len(names) > limits.columns:
        raise words.refusal(words.TOO_MANY_COLUMNS, limit=limits.columns)
    body = cells if header_row else _chain(first, cells)
    return Table(names, body, {"type": "xlsx", **about})


def _check_sizes(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [(entry.file_size, entry.compress_size) for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise words.refusal(words.SHEET_BROKEN, why=error) from error
    unpacked = sum(size for size, _ in sizes)
    packed = sum(size for _, size in sizes)
    if len(sizes) > 10_000 or unpacked > limits.sheet_bytes:
        raise words.refusal(words.SHEET_TOO_BIG)
    if unpacked > limits.ratio_from and unpacked > limits.sheet_ratio * max(1, packed):
        raise words.refusal(words.BOMB, ratio=limits.sheet_ratio)


def _child_lines(path: Path, sheet: str, rows: int, limits: Limits) -> Iterator[str]:
    order = json.dumps({
        "path": str(path), "sheet": sheet, "rows": rows,
        "memory": limits.sheet_memory, "seconds": limits.sheet_seconds,
    })
    with tempfile.TemporaryFile("w+") as complaints:
        child = subprocess.Popen(  # noqa: S603 - our own script, with no shell
            [sys.executable, str(_CHILD), order], stdout=subprocess.PIPE, stderr=complaints,
            encoding="utf-8",
        )
        finished = False
        try:
            yield from child.stdout or ()
            finished = True
        finally:
            if not finished:
                child.kill()
            if child.stdout:
                child.stdout.close()
            code = child.wait()
        if code:
            _explain(code, complaints)


def _explain(code: int, complaints: IO[str]) -> None:
    if code == _NO_WORKBOOK:
        complaints.seek(0)
        raise words.refusal(words.SHEET_BROKEN, why=complaints.read(300))
    raise words.refusal(words.SHEET_TOO_BIG)


def _cells(lines: Iterator[str], limits: Limits) -> Iterator[Row]:
    for count, line in enumerate(lines, 1):
        if count > limits.rows:
            raise words.refusal(words.TOO_MANY_ROWS, limit=limits.rows)
        number, *cells = json.loads(line)
        if any(cells):
            yield number, cells, ""


def _chain(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest
