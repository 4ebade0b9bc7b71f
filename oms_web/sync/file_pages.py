"""Records of a file in pages, each to be stored in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oms_connector import FileKind, Order, ReadsFiles

RECORDS = 200
LINES = 2_000


@dataclass(slots=True)
class Source:
    """A file with the profile it is read by. ``account_id`` is known once it is needed."""

    reads: ReadsFiles
    path: Path
    spec: Mapping[str, Any]
    kind: FileKind
    work_dir: Path
    run_id: int
    profile_id: int
    account_id: int | None = None

    def count(self) -> int:
        """How many positions there are."""
        return self.reads.count(self.path, self.spec, self.kind, self.work_dir)

    def read(self, start: int = 0) -> Iterable[tuple[int, Any]]:
        """Records from a position on."""
        return self.reads.read(self.path, self.spec, self.kind, start, self.work_dir)

    def text_of(self, position: int) -> str:
        """The rows behind a position."""
        return self.reads.text_of(self.path, self.spec, self.kind, position, self.work_dir)


@dataclass(frozen=True, slots=True)
class FilePage:
    """Records with their positions; ``after`` is the position to go on from."""

    items: list[tuple[int, Any]]
    after: int


@dataclass(slots=True)
class StoredPage:
    """What became of a page."""

    read: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    quarantined: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    bundles: bool = False

    def counts(self) -> dict[str, int]:
        """What is added to the run's counts."""
        return {"read": self.read, "added": self.added, "changed": self.changed,
                "same": self.same, "quarantined": self.quarantined}


def pages(found: Iterable[tuple[int, Any]]) -> Iterator[FilePage]:
    """Pages that end between positions, never within one.

    The same file gives the same pages from any page's end on: opening stock counts on that.
    """
    items: list[tuple[int, Any]] = []
    lines = 0
    for position, record in found:
        if items and position != items[-1][0] and (len(items) >= RECORDS or lines >= LINES):
            yield FilePage(items, items[-1][0] + 1)
            items, lines = [], 0
        items.append((position, record))
        lines += len(record.lines) if isinstance(record, Order) else 1
    if items:
        yield FilePage(items, items[-1][0] + 1)
