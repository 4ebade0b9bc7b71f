"""Records of JSON: an array, an array somewhere inside an object, one object, or JSON lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ijson

from oms_files import encodings, words
from oms_files.limits import LIMITS, MIB, Limits
from oms_files.tables import Columns, Table
from oms_files.trees import rows_of
from oms_files.unpack import Counted, Package

_LOOK_EVENTS = 200_000
_OPENS = ("start_map", "start_array")
_CLOSES = ("end_map", "end_array")
_ERRORS = (ijson.JSONError, ValueError, RecursionError)


def open_json(
    package: Package, member: str, form: dict[str, Any], limits: Limits = LIMITS
) -> Table:
    """The table in a JSON file. ``form``: ``type`` (``json``, ``jsonl``), ``records``, ``lines``.

    ``records`` is the path to the array (empty: the file is the array); ``.`` means that the whole
    file is one record.
    """
    found = records(package, member, form, limits)
    columns = Columns(limits.columns,
                      words.refusal(words.TOO_MANY_COLUMNS, limit=limits.columns))
    return Table(columns.names, rows_of(found, form.get("lines", ""), columns, limits),
                 {"type": form.get("type", "json")})


def records(
    package: Package, member: str, form: dict[str, Any], limits: Limits = LIMITS
) -> Iterator[tuple[int, Any]]:
    """The records as plain data, each with its number; memory holds one at a time."""
    read = _json_lines if form.get("type") == "jsonl" else _streamed
    return read(package, member, form.get("records", ""), limits)


def _streamed(
    package: Package, member: str, path: str, limits: Limits
) -> Iterator[tuple[int, Any]]:
    wanted = [] if path == "." else [*path.split("."), "item"] if path else ["item"]
    source = _open_utf8(package, member)
    source.budget = limits.chunk_bytes
    builder = _Builder(wanted)
    number = 0
    for event, value in _events(source, limits):
        if builder.take(event, value):
            number += 1
            source.reset(number)
            yield number, builder.record
    if not number:
        raise words.refusal(words.NO_RECORDS, "format.records", path=path or "[]")


def _events(source: Counted, limits: Limits) -> Iterator[tuple[str, Any]]:
    """Parser events. The library's own builder and paths cost memory by the square of the depth,
    so both are done here, where the depth has a cap."""
    depth = 0
    try:
        for event, value in ijson.basic_parse(source, buf_size=1 << 16):
            if event in _OPENS:
                depth += 1
                if depth > limits.depth:
                    raise words.refusal(words.TOO_DEEP, limit=limits.depth)
            elif event in _CLOSES:
                depth -= 1
            yield event, value
    except _ERRORS as error:
        raise words.refusal(words.NOT_THIS_FORMAT, format="JSON", why=error) from error
    finally:
        source.close()


class _Builder:
    """Puts together the values at one path: names of keys, ``item`` for a place in an array."""

    def __init__(self, wanted: list[str]) -> None:
        self._wanted = wanted
        self.path: list[str] = []
        self._open: list[Any] = []
        self.record: Any = None

    def take(self, event: str, value: Any) -> bool:
        """Take an event; True when a record is complete."""
        if event == "map_key":
            self.path[-1] = value
            return False
        if event in _OPENS:
            made: Any = {} if event == "start_map" else []
            if self._open:
                self._put(made)
                self._open.append(made)
            elif self.path == self._wanted:
                self.record = made
                self._open.append(made)
            self.path.append("" if event == "start_map" else "item")
            return False
        if event in _CLOSES:
            self.path.pop()
            if self._open:
                self._open.pop()
                return not self._open
            return False
        if self._open:
            self._put(value)
        elif self.path == self._wanted:
            self.record = value
            return True
        return False

    def _put(self, value: Any) -> None:
        container = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            container[self.path[-1]] = value


def _json_lines(
    package: Package, member: str, _path: str, limits: Limits
) -> Iterator[tuple[int, Any]]:
    with io.BufferedReader(_open_utf8(package, member), MIB) as stream:
        number = 0
        while line := stream.readline(limits.chunk_bytes):
            number += 1
            if len(line) >= limits.chunk_bytes:
                raise words.refusal(words.LONG_LINE, row=number, limit=limits.chunk_bytes // MIB)
            if not line.strip():
                continue
            try:
                yield number, json.loads(line, parse_float=Decimal)
            except _ERRORS as error:
                raise words.refusal(words.NOT_THIS_FORMAT, format="JSON lines",
                                    why=f"{number}: {error}") from error


def _open_utf8(package: Package, member: str) -> Counted:
    """The bytes after a byte order mark. JSON is UTF-8 by its standard (RFC 8259, 8.1)."""
    stream = package.open(member)
    head = stream.read(3)
    if encodings.by_mark(head) == "utf-8":
        return stream
    stream.close()
    return package.open(member)


def find_records(package: Package, member: str, limits: Limits = LIMITS) -> tuple[str, str]:
    """A guess for a profile: the type (``json`` or ``jsonl``) and the path to the records.

    The records are the first array of objects; a file without one is a single record.
    """
    if _has_object_lines(package, member, limits):
        return "jsonl", ""
    source = _open_utf8(package, member)
    source.budget = limits.chunk_bytes
    walker = _Builder(["\0"])
    for seen, (event, value) in enumerate(_events(source, limits)):
        if event == "start_map" and walker.path[-1:] == ["item"]:
            return "json", ".".join(walker.path[:-1])
        walker.take(event, value)
        if seen > _LOOK_EVENTS:
            break
    return "json", "."


def _has_object_lines(package: Package, member: str, limits: Limits) -> bool:
    """Whether the first two lines that are not blank are objects each."""
    found = 0
    with io.BufferedReader(_open_utf8(package, member), MIB) as stream:
        while found < 2 and (line := stream.readline(limits.chunk_bytes)):
            if line.strip():
                if not line.lstrip().startswith(b"{") or not line.rstrip().endswith(b"}"):
                    return False
                found += 1
    return found == 2
