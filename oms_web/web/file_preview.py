"""The first rows of a file and the records they become, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from oms_connector import (
    FileKind,
    FileSample,
    Order,
    ProductRecord,
    Refused,
    Skipped,
    StockRecord,
    Unreadable,
)

from oms_web.core.errors import NotFound
from oms_web.core.money import to_minor
from oms_web.sync.file_profiles import reader
from oms_web.sync.file_store import SUFFIX
from oms_web.web.door import oms

ROWS = 40
SHOWN = 12
LINES = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """One record in a line: ``kind`` sale, return, write_off, product, stock, skipped, wrong."""

    kind: str
    name: str
    text: str = ""
    more: int = 0
    at: datetime | None = None
    note: str = ""
    minor: int | None = None
    currency: str = "PLN"


@dataclass(frozen=True, slots=True)
class Preview:
    """What the editor shows beside a profile. ``refused`` is why the file cannot be read."""

    columns: Sequence[Any] = ()
    rows: Sequence[Sequence[str]] = ()
    records: Sequence[Shown] = ()
    more: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)
    wrong: int = 0
    refused: str = ""
    refused_field: str = ""
    format: str = ""

    @property
    def column_names(self) -> list[str]:
        """For the lists to choose from."""
        return [column.name for column in self.columns]


def preview(file: str, spec: Mapping[str, Any], kind: str) -> Preview:
    """Read the beginning of a stored file with a profile, finished or not.

    Raises:
        NotFound: there is no such file, or it is not one that was brought in to be imported.
    """
    if not file.endswith(SUFFIX):
        raise NotFound("There is no such file.")
    path = oms().importer.store.path(file)
    try:
        sample = reader(oms().registry).sample(path, spec, cast(FileKind, kind), ROWS)
    except Refused as error:
        return Preview(refused=str(error), refused_field=error.field)
    return _of(sample)


def _of(sample: FileSample) -> Preview:
    records = [_shown(record) for record in sample.records]
    # A problem with a row has a row; one with the profile has none and stands at its field.
    problems = {p.field: p.message for p in reversed(sample.problems) if p.row is None}
    return Preview(
        sample.columns, sample.rows[:SHOWN], records[:SHOWN], max(0, len(records) - SHOWN),
        problems, sum(record.kind == "wrong" for record in records), format=sample.format,
    )


def _shown(record: Any) -> Shown:
    if isinstance(record, Order):
        return _order(record)
    if isinstance(record, ProductRecord):
        currency = record.currency or "PLN"
        return Shown("product", record.sku, " ".join(filter(None, (record.name, record.option))),
                     note=", ".join(record.eans), currency=currency,
                     minor=None if record.price is None else to_minor(record.price, currency))
    if isinstance(record, StockRecord):
        where = " ".join(filter(None, (record.warehouse, record.location)))
        return Shown("stock", record.sku, str(record.quantity), note=where)
    if isinstance(record, Skipped):
        return Shown("skipped", record.external_id, more=record.rows, note=record.reason)
    if isinstance(record, Unreadable):
        return Shown("wrong", record.external_id, note=record.reason)
    raise TypeError(f"a file gave {type(record).__name__}")


def _order(order: Order) -> Shown:
    lines = [f"{line.sku or line.ean or line.title} ×{line.quantity}"
             for line in order.lines[:LINES]]
    amount = sum((line.unit_price * line.quantity for line in order.lines), Decimal(0))
    total = amount + order.shipping - order.discount if order.total is None else order.total
    who = " ".join(filter(None, (order.buyer_name or order.ship_to.name or order.buyer_company,
                                 order.ship_to.country)))
    return Shown(order.kind, order.external_id, ", ".join(lines),
                 max(0, len(order.lines) - LINES), order.placed_at, who,
                 to_minor(total, order.currency), order.currency)
