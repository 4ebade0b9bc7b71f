"""Nested records (JSON, XML) as flat rows: one row for each of a record's lines.

A record ``{"id": 7, "items": [{"sku": "A"}, {"sku": "B"}]}`` read with ``lines`` = ``items`` gives
two rows with the columns ``id`` and ``items.sku``. Without lines it gives one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oms_files import words
from oms_files.limits import LIMITS, Limits
from oms_files.tables import Columns, Row

Flat = dict[str, str]


def rows_of(
    records: Iterator[tuple[int, Any]], lines: str, columns: Columns, limits: Limits
) -> Iterator[Row]:
    """Rows with the number of the record they come from."""
    count = 0
    for number, record in records:
        for values in explode(record, lines, limits.depth):
            count += 1
            if count > limits.rows:
                raise words.refusal(words.TOO_MANY_ROWS, limit=limits.rows)
            yield number, columns.row(values), ""


def explode(record: Any, lines: str, depth: int) -> Iterator[Flat]:
    """The rows of one record."""
    parts = tuple(lines.split(".")) if lines else ()
    shared: Flat = {}
    children = _flatten(record, "", shared, parts, depth)
    if not children:
        yield shared
        return
    for child in children:
        values = dict(shared)
        _flatten(child, lines + ".", values, (), depth)
        yield values


def _flatten(
    node: Any, prefix: str, into: Flat, lines: Sequence[str], depth: int
) -> Sequence[Any]:
    """Write a node's leaves into ``into``; returns what lies under the path ``lines``."""
    if depth <= 0:
        raise words.refusal(words.TOO_DEEP, limit=LIMITS.depth)
    if isinstance(node, Mapping):
        found: Sequence[Any] = ()
        for name, value in node.items():
            if lines and name == lines[0]:
                inner = _reach(value, lines[1:], f"{prefix}{name}.", into, depth)
                found = [*found, *inner]
            else:
                _flatten(value, f"{prefix}{name}.", into, (), depth - 1)
        return found
    if isinstance(node, list):
        for place, value in enumerate(node, 1):
            # The first of several keeps the plain name, so that a list of one reads like none.
            name = prefix if place == 1 else f"{prefix[:-1]} ({place})."
            _flatten(value, name, into, (), depth - 1)
        return ()
    into[prefix[:-1] or "value"] = text_of(node)
    return ()


def _reach(
    node: Any, lines: Sequence[str], prefix: str, into: Flat, depth: int
) -> Sequence[Any]:
    """The line elements at or below a node on the way to them."""
    if not lines:
        return node if isinstance(node, list) else [node]
    if isinstance(node, list):
        return [child for one in node for child in _reach(one, lines, prefix, into, depth - 1)]
    return _flatten(node, prefix, into, lines, depth - 1)


def text_of(leaf: Any) -> str:
    """A JSON leaf as text; null is empty, numbers keep their digits."""
    if leaf is None:
        return ""
    if isinstance(leaf, bool):
        return "TRUE" if leaf else "FALSE"
    return str(leaf)


_LINE_NAMES = (
    "items", "lines", "lineitems", "line_items", "line-items", "positions", "products",
    "orderitems", "order_items", "rows", "pozycje", "produkty", "towary", "item", "line",
    "product", "position", "row", "pozycja", "produkt", "towar",
)


def find_lines(record: Any) -> str:
    """A guess where a record keeps its lines: a list of objects, or a list-like name."""
    found = list(_candidates(record, ""))
    if not found:
        return ""
    return min(found)[2]


def _candidates(node: Any, prefix: str, depth: int = 0) -> Iterator[tuple[int, int, str]]:
    """(how unlike a line's the name is, depth, path) of everything that may be lines."""
    if not isinstance(node, Mapping) or depth > 4:
        return
    for name, value in node.items():
        path = f"{prefix}{name}"
        lower = str(name).lower()
        known = _LINE_NAMES.index(lower) if lower in _LINE_NAMES else len(_LINE_NAMES)
        many = isinstance(value, list) and value and isinstance(value[0], Mapping)
        if many:
            yield min(known, 1), depth, path
        elif isinstance(value, Mapping):
            inner = [key for key in value if str(key).lower() in _LINE_NAMES]
            if known < len(_LINE_NAMES) and not inner and lower.rstrip("s") == lower:
                # One line alone looks like an object, not like a list.
                yield 2, depth, path
            yield from _candidates(value, f"{path}.", depth + 1)
