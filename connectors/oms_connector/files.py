"""What comes out of files: records, and how a file connector reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from oms_connector.data import Order, Skipped, Unreadable

FileKind = Literal["orders", "products", "stock"]


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column (or path) found in a file, with a few of its values."""

    name: str
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class FileSample:
    """The beginning of a file as a profile would read it: for the screen that edits profiles."""

    format: str
    columns: Sequence[FileColumn]
    rows: Sequence[Sequence[str]]
    records: Sequence[Any] = ()
    problems: Sequence[FileProblem] = ()


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with a profile or a record; ``field`` names the profile field to mend."""

    message: str
    field: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product variant from a file. ``parts`` (sku -> quantity) makes it a bundle."""

    sku: str
    name: str
    option: str = ""
    eans: Sequence[str] = ()
    brand: str = ""
    category: str = ""
    description: str = ""
    vat_rate: str = ""
    price: Decimal | None = None
    cost: Decimal | None = None
    currency: str = ""
    weight_g: int | None = None
    size_mm: tuple[int, int, int] | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    opening_stock: int | None = None


@dataclass(frozen=True, slots=True)
class StockRecord:
    """Units found at a place, from a file. ``location`` empty means the warehouse's default bin."""

    sku: str
    quantity: int
    warehouse: str = ""
    location: str = ""


@runtime_checkable
class ReadsFiles(Protocol):
    """Turns files into records by a profile (a JSON document that the seller edits)."""

    def profile_schema(self, kind: FileKind) -> Mapping[str, Any]:
        """What a profile for this kind of record may say: field -> meaning, for the editor."""

    def suggest(self, file: Path, kind: FileKind) -> Mapping[str, Any]:
        """A first profile guessed from the file."""

    def check(self, profile: Mapping[str, Any], kind: FileKind) -> Sequence[FileProblem]:
        """What is wrong with a profile; empty when it can be used."""

    def sample(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, rows: int
    ) -> FileSample:
        """The first rows, and the records they become."""

    def count(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, work_dir: Path
    ) -> int:
        """How many positions the file has; prepares what ``read`` needs and may take a while."""

    def read(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, start: int, work_dir: Path
    ) -> Iterable[tuple[int, Order | ProductRecord | StockRecord | Unreadable | Skipped]]:
        """Records from position ``start`` (0 is the first) on, each with its position.

        What comes from the same rows has the same position, and a file read again has the same
        positions. Memory stays flat whatever the size of the file.
        """

    def text_of(
        self, file: Path, profile: Mapping[str, Any], kind: FileKind, position: int,
        work_dir: Path,
    ) -> str:
        """The rows behind a position as text: what a person is shown when nothing came of them."""
