"""A small shop that imports files, and what is in it afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from oms_web.core.actor import Actor
from oms_web.core.db import Base
from oms_web.domain.catalog.models import Barcode, BundlePart, Product, Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, Tag
from oms_web.domain.payments.models import Payment
from oms_web.domain.returns.models import Return, ReturnLine
from oms_web.domain.stock.models import Balance, Move, Reservation, StockDocument, StockDocumentLine
from oms_web.sync import file_profiles, file_results, file_runs
from oms_web.sync.file_import import run_import
from oms_web.sync.file_results import Summary
from oms_web.sync.file_runs import Options
from oms_web.sync.file_store import bring_in
from oms_web.sync.models import Quarantine
from oms_web.wiring import Oms
from tests import factories as make

CLERK = Actor("user", "Ala", 7)

PROFILE: Mapping[str, Any] = {
    "key": "Order",
    "dates": ["%Y-%m-%d"],
    "rules": [
        {"when": {"column": "Order", "starts_with": "C"}, "do": "return"},
        {"when": {"column": "Order", "starts_with": "W"}, "do": "write_off"},
        {"when": {"column": "Order", "starts_with": "A"}, "do": "quarantine",
         "reason": "Money without goods"},
        {"when": {"column": "SKU", "equals": "POST"}, "do": "skip_line", "reason": "Postage"},
    ],
    "fields": {"placed_at": "Date", "currency": {"constant": "PLN"},
               "state": {"constant": "delivered"}},
    "lines": {"sku": "SKU", "title": "Name", "quantity": "Qty", "unit_price": "Price"},
}
HEADER = "Order,Date,SKU,Name,Qty,Price\n"


@dataclass
class Shop:
    """An installation with a company and a warehouse."""

    oms: Oms
    folder: Path

    def file(self, text: str, name: str = "orders.csv") -> Path:
        """A file on the seller's disk."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def begin(self, path: Path, profile: str = "history", spec: Mapping[str, Any] = PROFILE,
              kind: str = "orders", options: Options = Options()) -> int:
        """Bring a file in; its run."""
        with self.oms.works.writing(CLERK) as work:
            known = {p.name: p.id for p in file_profiles.all_profiles(work.session)}
            if profile not in known and profile not in file_profiles.ready_profiles(
                    self.oms.registry):
                _, problems = file_profiles.save(work, self.oms.registry, None, profile, kind,
                                                 spec)
                assert problems == ()
            found = file_profiles.by_name(work, self.oms.registry, profile)
            stored = bring_in(self.oms.importer.store, [path], found.spec)
            return file_runs.begin(work, found, stored, options).id

    def run(self, path: Path, profile: str = "history", spec: Mapping[str, Any] = PROFILE,
            kind: str = "orders", options: Options = Options()) -> Summary:
        """Import a file to its end."""
        run_id = self.begin(path, profile, spec, kind, options)
        run_import(self.oms.importer, run_id)
        return self.summary(run_id)

    def summary(self, run_id: int) -> Summary:
        """How a run ended."""
        with self.oms.works.reading(CLERK) as work:
            return file_results.summary(work.session, run_id, self.oms.importer.templates)

    def counts(self, summary: Summary) -> tuple[int, ...]:
        """read, added, changed, same, quarantined."""
        run = summary.run
        return run.read, run.added, run.changed, run.same, run.quarantined

    def rows(self, query: Any) -> list[Any]:
        """What a query finds."""
        with self.oms.works.reading(CLERK) as work:
            return list(work.session.execute(query).all())

    def stock(self) -> dict[str, int]:
        """SKU -> units on hand."""
        return dict(self.rows(
            select(Variant.sku, Balance.on_hand).join(Balance, Balance.variant_id == Variant.id)
        ))


def shop(oms: Oms, folder: Path) -> Shop:
    """A company with one warehouse and nothing in it."""
    with oms.works.writing(CLERK) as work:
        make.company(work)
        make.warehouse(work)
    folder.mkdir(exist_ok=True)
    return Shop(oms, folder)


_CONTENT = (
    Product, Variant, Barcode, BundlePart, ChannelAccount, Order, OrderLine, ChannelOrder, Tag,
    Payment, Return, ReturnLine, Balance, Move, Reservation, StockDocument, StockDocumentLine,
    Quarantine,
)
_MOMENTS = frozenset((
    "created_at", "updated_at", "first_seen_at", "seen_at", "at", "posted_at", "first_at",
    "last_at", "closed_at", "attempts",
))


def content(oms: Oms, *, ids: bool = True) -> dict[str, list[Any]]:
    """All that an import may write, without the moments it was written at.

    Without ``ids`` the rows are told apart by what they say only; a file's orders and buyers are
    named by their account's id too.
    """
    say = repr if ids else _without_account
    found = {}
    with oms.engine.connect() as connection:
        for model in _CONTENT:
            table = model.__table__
            columns = [c for c in table.c if c.name not in _MOMENTS and (ids or not _is_key(c))]
            rows = [tuple(map(say, row)) for row in connection.execute(select(*columns))]
            found[table.name] = sorted(rows)
    return found


def _without_account(value: object) -> str:
    return re.sub(r"^'(ref|account):\d+", r"'\1:", repr(value))


def sizes(oms: Oms) -> dict[str, int]:
    """How many rows each table has, but for the trail: what ``content`` would cost too much for."""
    with oms.engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables if not table.name.startswith("audit")
        }


def _is_key(column: Any) -> bool:
    return column.primary_key or column.name.endswith("_id") or bool(column.foreign_keys) or \
        column.name in ("cause", "reference")
