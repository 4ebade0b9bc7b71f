"""A file on the way to records: its rows in a SQLite file, findable by the order they belong to.

The rows of an order may lie anywhere in a file. Neither the rows nor the orders are held in
memory: rows are written in file order, runs of neighbouring rows with the same key are noted, and
a group is the runs of one key, ordered by the first. Reading from a position in the middle, after
a crash or on another day, costs one look-up.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oms_connector import FileKind

from oms_files import words
from oms_files.convert import Wrong
from oms_files.joining import Joined
from oms_files.limits import LIMITS, Limits
from oms_files.opening import open_table
from oms_files.sources import Scope, Take, require, taker
from oms_files.tables import SEPARATOR, Row, Table
from oms_files.unpack import Package

_BATCH = 5_000
_TABLES = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
CREATE TABLE row (seq INTEGER PRIMARY KEY, number INTEGER, cells TEXT, problem TEXT);
CREATE TABLE run (id INTEGER PRIMARY KEY, key TEXT, first INTEGER, last INTEGER);
CREATE TABLE about (text TEXT);
"""
_GROUPS = """
CREATE INDEX run_key ON run (key);
CREATE TABLE grp (pos INTEGER PRIMARY KEY, key TEXT);
INSERT INTO grp (key) SELECT key FROM run GROUP BY key ORDER BY min(id);
CREATE TABLE span (id INTEGER PRIMARY KEY, pos INTEGER, first INTEGER, last INTEGER);
INSERT INTO span (pos, first, last)
    SELECT grp.pos, run.first, run.last FROM grp JOIN run ON run.key = grp.key
    ORDER BY grp.pos, run.id;
CREATE INDEX span_pos ON span (pos);
DROP TABLE run;
"""

Group = tuple[int, str, list[Row]]


class Stage:
    """A staged file: ``columns``, ``found`` (format as detected), ``total`` records, ``rows``."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        about = json.loads(self._db.execute("SELECT text FROM about").fetchone()[0])
        self.columns: list[str] = about["columns"]
        self.found: dict[str, Any] = about["found"]
        self.total: int = about["total"]
        self.rows: int = about["rows"]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def groups(self, start: int = 0) -> Iterator[Group]:
        """Groups from position ``start`` (0 is the first) on."""
        found = self._db.execute(
            "SELECT span.pos, grp.key, row.number, row.cells, row.problem "
            "FROM span JOIN grp ON grp.pos = span.pos "
            "JOIN row ON row.seq BETWEEN span.first AND span.last "
            "WHERE span.pos > ? ORDER BY span.id, row.seq", (start,),
        )
        position, key = 0, ""
        rows: list[Row] = []
        for pos, name, number, cells, problem in found:
            if pos != position and rows:
                yield position - 1, key, rows
                rows = []
            position, key = pos, name
            rows.append((number, self._cells(cells), problem))
        if rows:
            yield position - 1, key, rows

    def group(self, position: int) -> Group | None:
        """The group at a position."""
        return next(self.groups(position), None)

    def raw(self, rows: list[Row]) -> str:
        """Rows as CSV under their header: what a person sees and what can be read again."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(cells for _, cells, _ in rows)
        return out.getvalue()

    def _cells(self, text: str) -> list[str]:
        cells = text.split(SEPARATOR)
        missing = len(self.columns) - len(cells)
        return cells + [""] * missing if missing > 0 else cells


def stage(
    file: Path, profile: Mapping[str, Any], kind: FileKind, work_dir: Path,
    limits: Limits = LIMITS, rows: int = 0,
) -> Stage:
    """The staged file, made now or found from before. ``rows`` stops early (for a preview)."""
    target = work_dir / f"{_name(file, profile, kind, rows)}.stage"
    if not target.exists():
        handle, aside = tempfile.mkstemp(".part", dir=work_dir)
        os.close(handle)
        try:
            with contextlib.closing(sqlite3.connect(aside, isolation_level=None)) as db:
                _fill(db, file, profile, kind, work_dir, limits, rows)
            os.replace(aside, target)
        finally:
            Path(aside).unlink(missing_ok=True)
    return Stage(target)


def _name(file: Path, profile: Mapping[str, Any], kind: FileKind, rows: int) -> str:
    """Changes with the file and with whatever decides how its rows fall into groups."""
    found = file.stat()
    told = [str(file), found.st_size, found.st_mtime_ns, kind, rows, profile.get("format"),
            profile.get("lookups"), profile.get("key")]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _fill(
    db: sqlite3.Connection, file: Path, profile: Mapping[str, Any], kind: FileKind,
    work_dir: Path, limits: Limits, rows: int,
) -> None:
    db.executescript(_TABLES)
    package = Package(file, limits)
    form = dict(profile.get("format", {}))
    table = open_table(package, form, work_dir, limits, rows)
    joined = Joined(db, package, profile, table, work_dir, limits)
    writer = _Writer(db, _KeyOf(profile, kind, joined))
    db.execute("BEGIN")
    for row in joined.rows(rows):
        writer.write(row)
    for key, row in joined.unused():
        writer.write(row, key)
    writer.flush()
    db.execute("COMMIT")
    db.executescript(_GROUPS)
    total = db.execute("SELECT count(*) FROM grp").fetchone()[0]
    db.execute("INSERT INTO about VALUES (?)", [json.dumps({
        "columns": joined.columns, "found": joined.found, "total": total, "rows": writer.seq,
    })])


class _KeyOf:
    """The key of a row; made anew when a record brings columns nobody had before."""

    def __init__(self, profile: Mapping[str, Any], kind: FileKind, table: Table | Joined) -> None:
        self._source = profile.get("key") if kind == "orders" else None
        self._table = table
        self._width = -1
        self._take: Take | None = None

    def __call__(self, row: Row) -> tuple[str, str]:
        """The key and what is wrong with it; a row without one stands alone."""
        number, cells, _ = row
        if not self._source:
            return f"row {number}", ""
        if self._width != len(self._table.columns):
            self._width = len(self._table.columns)
            scope = scope_of(self._table)
            require(self._source, scope, "key")
            self._take = taker(self._source, scope, "key")
        try:
            key = self._take(cells) if self._take else ""
        except Wrong as error:
            return f"row {number}", str(error)
        if not key:
            return self._alone(row), words.NO_KEY
        if len(key) > 120:
            return self._alone(row), words.say(words.TOO_LONG, field="key", limit=120)
        return key, ""

    def _alone(self, row: Row) -> str:
        mark = hashlib.sha256(SEPARATOR.join(row[1]).encode()).hexdigest()[:8]
        return f"row {row[0]} {mark}"


def scope_of(table: Table | Joined | Stage, decimal: str = ".") -> Scope:
    """The columns of a table, as sources look them up."""
    kind = table.found["type"]
    if decimal == "," and kind != "csv":
        decimal = "sheet"
    columns = {name: place for place, name in enumerate(table.columns)}
    return Scope(columns, decimal, kind in ("json", "jsonl", "xml"))


class _Writer:
    """Writes rows in batches and notes where runs of one key begin and end."""

    def __init__(self, db: sqlite3.Connection, key_of: _KeyOf) -> None:
        self._db = db
        self._key_of = key_of
        self._rows: list[tuple[int, int, str, str]] = []
        self._runs: list[tuple[str, int, int]] = []
        self._run_key = ""
        self._run_start = 0
        self.seq = 0

    def write(self, row: Row, key: str = "") -> None:
        """Add a row; ``key`` where it is not taken from the row."""
        number, cells, problem = row
        if not key:
            key, wrong = self._key_of(row)
            problem = problem or wrong
        if key != self._run_key:
            self._end_run()
            self._run_key, self._run_start = key, self.seq + 1
        self.seq += 1
        self._rows.append((self.seq, number, _pack(cells), problem))
        if len(self._rows) >= _BATCH:
            self._write_out()

    def flush(self) -> None:
        """Everything is written."""
        self._end_run()
        self._run_key = ""
        self._write_out()

    def _end_run(self) -> None:
        if self._run_key:
            self._runs.append((self._run_key, self._run_start, self.seq))

    def _write_out(self) -> None:
        self._db.executemany("INSERT INTO row VALUES (?, ?, ?, ?)", self._rows)
        self._db.executemany("INSERT INTO run (key, first, last) VALUES (?, ?, ?)", self._runs)
        self._rows.clear()
        self._runs.clear()


def _pack(cells: list[str]) -> str:
    text = SEPARATOR.join(cells)
    if "\x00" in text or text.count(SEPARATOR) >= max(1, len(cells)):
        text = SEPARATOR.join(
            cell.replace(SEPARATOR, " ").replace("\x00", "") for cell in cells
        )
    return text
