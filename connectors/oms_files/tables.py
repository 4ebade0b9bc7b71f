"""Every format becomes the same thing: named columns and rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Row = tuple[int, list[str], str]
"""Its number in the file (the first row after nothing is 1), its cells, what is wrong with it."""

SEPARATOR = "\x1f"
"""Parts cells where a row is kept as one text (the ASCII unit separator)."""


@dataclass(slots=True)
class Table:
    """``columns`` may grow while the rows are read (JSON and XML records differ); rows read
    earlier are then shorter. ``found`` is what was detected: format, encoding, delimiter."""

    columns: list[str]
    rows: Iterator[Row]
    found: dict[str, Any] = field(default_factory=dict)


class Columns:
    """Column names in the order of their first appearance, with a cap."""

    def __init__(self, limit: int, too_many: Exception) -> None:
        self.names: list[str] = []
        self._index: dict[str, int] = {}
        self._limit = limit
        self._too_many = too_many

    def row(self, values: dict[str, str]) -> list[str]:
        """Cells for a record, adding the columns it is the first to have."""
        for name in values:
            if name not in self._index:
                if len(self.names) >= self._limit:
                    raise self._too_many
                self._index[name] = len(self.names)
                self.names.append(name)
        cells = [""] * len(self.names)
        for name, value in values.items():
            cells[self._index[name]] = value
        return cells


def unique_names(header: list[str]) -> list[str]:
    """Column names from a header row: trimmed, numbered when empty or repeated."""
    names: list[str] = []
    seen: set[str] = set()
    for place, cell in enumerate(header, 1):
        name = " ".join(cell.split()) or f"#{place}"
        again = 2
        candidate = name
        while candidate in seen:
            candidate = f"{name} ({again})"
            again += 1
        seen.add(candidate)
        names.append(candidate)
    return names
