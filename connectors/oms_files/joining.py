"""Rows of the main file with the matching row of other files put beside them.

``lookups`` in a profile: each names another file of the same archive (or sheet of the same
workbook), its key column, and the column that points to it. Its columns are then known as
``name.column``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oms_files import words
from oms_files.limits import Limits
from oms_files.opening import open_table
from oms_files.tables import SEPARATOR, Row, Table
from oms_files.unpack import Package


class Joined:
    """The main table with its lookups; ``columns`` has theirs at the end."""

    def __init__(
        self, db: sqlite3.Connection, package: Package, profile: Mapping[str, Any], main: Table,
        work_dir: Path, limits: Limits,
    ) -> None:
        self._main = main
        self.found = main.found
        self._width = len(main.columns)
        self._lookups: list[_Lookup] = []
        form = dict(profile.get("format", {}))
        for place, spec in enumerate(profile.get("lookups", [])):
            # A look-up may start from a column that an earlier one brought.
            self._lookups.append(
                _Lookup(db, place, spec, list(self.columns), package, form, work_dir, limits)
            )

    @property
    def columns(self) -> list[str]:
        """All columns. Without lookups the main table's own list, which may still grow."""
        if not self._lookups:
            return self._main.columns
        return self._main.columns[: self._width] + [
            f"{lookup.name}.{column}" for lookup in self._lookups for column in lookup.columns
        ]

    def rows(self, limit: int = 0) -> Iterator[Row]:
        """Main rows with what belongs to them; at most ``limit`` (0: all)."""
        for count, row in enumerate(self._main.rows, 1):
            if limit and count > limit:
                return
            yield self._with_lookups(row) if self._lookups else row

    def _with_lookups(self, row: Row) -> Row:
        number, cells, problem = row
        beside = [*cells[: self._width], *[""] * (self._width - len(cells))]
        for lookup in self._lookups:
            found = lookup.find(beside)
            if found is None:
                found = [""] * len(lookup.columns)
                if lookup.strict:
                    problem = problem or lookup.no_match(beside)
            beside += found
        return number, beside, problem

    def unused(self) -> Iterator[tuple[str, Row]]:
        """Rows of lookups that nobody pointed to, where the profile wants to know: key and row."""
        before = self._width
        for lookup in self._lookups:
            after = sum(len(other.columns) for other in self._lookups) - len(lookup.columns) \
                - (before - self._width)
            if lookup.reports_unused:
                for key, cells in lookup.unused():
                    problem = words.say(words.UNUSED, lookup=lookup.name, key=key)
                    yield key, (0, [""] * before + cells + [""] * after, problem)
            before += len(lookup.columns)


class _Lookup:
    """One other file, in a table of the stage."""

    def __init__(
        self, db: sqlite3.Connection, place: int, spec: Mapping[str, Any], known: list[str],
        package: Package, form: dict[str, Any], work_dir: Path, limits: Limits,
    ) -> None:
        self._db = db
        self._table = f"lookup{place}"
        self.name: str = spec["name"]
        self.strict = spec.get("missing", "quarantine") == "quarantine"
        self.reports_unused = spec.get("unused", "ignore") == "quarantine"
        field = f"lookups.{place}"
        own = {key: value for key, value in spec.items()
               if key not in ("name", "key", "column", "missing", "unused")}
        own_form = {**form, "file": "", "sheet": "", "header_row": 1, **own}
        source = open_table(package, own_form, work_dir, limits)
        self.columns = source.columns
        key_at = _place(source.columns, spec["key"], f"{field}.key")
        self._at = _place(known, spec["column"], f"{field}.column")
        self._last: tuple[str, list[str] | None] = ("", None)
        db.execute(f"CREATE TABLE {self._table} (key TEXT PRIMARY KEY, cells TEXT, used INTEGER)")
        db.execute("BEGIN")
        db.executemany(
            f"INSERT OR IGNORE INTO {self._table} VALUES (?, ?, 0)",  # noqa: S608 - our own name
            ((cells[key_at].strip(), SEPARATOR.join(cells))
             for _, cells, problem in source.rows if not problem and len(cells) > key_at),
        )
        db.execute("COMMIT")

    def find(self, cells: list[str]) -> list[str] | None:
        """The cells of the row that a main row points to."""
        key = self._key(cells)
        if key == self._last[0]:
            return self._last[1]
        row = self._db.execute(
            f"UPDATE {self._table} SET used = 1 WHERE key = ? RETURNING cells",  # noqa: S608
            (key,),
        ).fetchone()
        found = _padded(row[0], len(self.columns)) if row else None
        self._last = (key, found)
        return found

    def no_match(self, cells: list[str]) -> str:
        """What to say of a main row that points nowhere."""
        return words.say(words.NO_MATCH, lookup=self.name, key=self._key(cells) or "–")

    def unused(self) -> Iterator[tuple[str, list[str]]]:
        """Key and cells of rows that nobody pointed to, in the order of their file."""
        rows = self._db.execute(
            f"SELECT key, cells FROM {self._table} WHERE used = 0 ORDER BY rowid"  # noqa: S608
        )
        for key, cells in rows:
            yield key, _padded(cells, len(self.columns))

    def _key(self, cells: list[str]) -> str:
        return cells[self._at].strip() if self._at < len(cells) else ""


def _padded(text: str, width: int) -> list[str]:
    cells = text.split(SEPARATOR)[:width]
    return cells + [""] * (width - len(cells))


def _place(columns: list[str], name: str, field: str) -> int:
    if name not in columns:
        raise words.refusal(words.NO_COLUMN, field, column=name, columns=", ".join(columns))
    return columns.index(name)
