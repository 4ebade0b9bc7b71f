"""Rows of CSV and TSV: any usual delimiter and encoding, quoted line ends, broken bytes."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any

from oms_files import encodings, words
from oms_files.limits import LIMITS, MIB, Limits
from oms_files.tables import Row, Table, unique_names
from oms_files.unpack import Package

DELIMITERS = (",", ";", "\t", "|")
_SNIFF_LINES = 40


def open_csv(
    package: Package, member: str, form: dict[str, Any], limits: Limits = LIMITS
) -> Table:
    """The table in a CSV file. ``form``: ``encoding delimiter quote header_row``."""
    encoding = form.get("encoding", "auto")
    if encoding == "auto":
        encoding = encodings.detect(package, member)
    elif encoding == "utf-16":
        with package.open(member) as stream:
            encoding = encodings.by_mark(stream.read(4096)) or "utf-16-le"
    quote = form.get("quote", '"')
    delimiter = form.get("delimiter", "auto")
    if delimiter == "auto":
        delimiter = _sniff(package, member, encoding, quote, limits)
    csv.field_size_limit(max(csv.field_size_limit(), limits.cell_chars))
    lines = _lines(package, member, encoding, limits)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote or None,
                        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE)
    header_row = form.get("header_row", 1)
    cells = _raw_rows(reader, limits)
    if header_row:
        columns = _header(cells, header_row)
    else:
        first = next(cells, None)
        width = len(first[1]) if first else 0
        columns = [f"#{place}" for place in range(1, width + 1)]
        cells = _put_back(first, cells)
    if len(columns) > limits.columns:
        raise words.refusal(words.TOO_MANY_COLUMNS, limit=limits.columns)
    return Table(
        columns, _checked(cells, len(columns), encoding),
        {"type": "csv", "encoding": encoding, "delimiter": delimiter},
    )


def _lines(package: Package, member: str, encoding: str, limits: Limits) -> Iterator[str]:
    """Lines of text. Bytes that do not fit become lone surrogates, to be found in their row."""
    bytes_in = io.BufferedReader(package.open(member), MIB)
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    with io.TextIOWrapper(bytes_in, encoding, errors, newline="") as text:
        first = True
        number = 0
        while line := text.readline(limits.chunk_bytes):
            number += 1
            if len(line) >= limits.chunk_bytes:
                raise words.refusal(words.LONG_LINE, row=number, limit=limits.chunk_bytes // MIB)
            if first:
                line = line.removeprefix("\ufeff")
                first = False
            yield line


def _raw_rows(reader: Any, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                raise words.refusal(words.LONG_CELL, row=number, limit=csv.field_size_limit()) \
                    from error
            raise words.refusal(words.NOT_THIS_FORMAT, format="CSV", why=error) from error
        number += 1
        if number > limits.rows:
            raise words.refusal(words.TOO_MANY_ROWS, limit=limits.rows)
        yield number, cells


def _header(cells: Iterator[tuple[int, list[str]]], header_row: int) -> list[str]:
    for number, row in cells:
        if number >= header_row and any(cell.strip() for cell in row):
            return unique_names([cell.replace("\x00", "") for cell in row])
    raise words.refusal(words.NO_HEADER, "format.header_row")


def _put_back(
    first: tuple[int, list[str]] | None, rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    if first:
        yield first
    yield from rest


def _checked(
    rows: Iterator[tuple[int, list[str]]], width: int, encoding: str
) -> Iterator[Row]:
    """Rows without blank ones; with a word about undecodable text and surplus cells."""
    for number, cells in rows:
        if not any(cells):
            continue
        problem = ""
        if len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                problem = words.EXTRA_CELLS
            else:
                cells = cells[:width]
        joined = "".join(cells)
        if not joined.isascii():
            try:
                joined.encode()
            except UnicodeEncodeError:
                problem = words.say(words.UNDECODABLE, encoding=encoding)
                cells = [_shown(cell, encoding) for cell in cells]
        yield number, cells, problem


def _shown(cell: str, encoding: str) -> str:
    """A cell with its undecodable bytes written out (``\\xb3``), so that it can be stored."""
    return cell.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _sniff(package: Package, member: str, encoding: str, quote: str, limits: Limits) -> str:
    """The delimiter that parts the first lines into the same number (above one) of cells."""
    head = []
    for line in _lines(package, member, encoding, limits):
        head.append(line)
        if len(head) >= _SNIFF_LINES:
            break
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [
                len(row) for row in csv.reader(head, delimiter=delimiter, quotechar=quote or None,
                                               quoting=csv.QUOTE_MINIMAL if quote
                                               else csv.QUOTE_NONE) if row
            ]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths), widths[0])
            if score > best_score:
                best, best_score = delimiter, score
    return best


def is_known_encoding(name: str) -> bool:
    """Whether the profile may name this encoding."""
    if name not in encodings.KNOWN:
        return False
    return name == "auto" or bool(codecs.lookup(name))
