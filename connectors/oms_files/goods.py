"""Rows as products and as stock counts: one row, one record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from oms_connector import ProductRecord, Skipped, StockRecord, Unreadable

from oms_files import words
from oms_files.convert import Wrong
from oms_files.fields import PRODUCT, STOCK
from oms_files.reading import at_row, readers
from oms_files.rules import Rules
from oms_files.sources import Scope
from oms_files.tables import Row

_SIZES = ("length", "width", "height")

Made = ProductRecord | StockRecord | Unreadable | Skipped


class GoodsMaker:
    """Turns rows into records of one kind (``products``, ``stock``) by a profile."""

    def __init__(
        self, kind: str, profile: Mapping[str, Any], scope: Scope, raw: Callable[[list[Row]], str]
    ) -> None:
        self._targets = PRODUCT if kind == "products" else STOCK
        self._build = _product if kind == "products" else _stock
        self._rules = Rules(profile.get("rules", []), scope, default="take")
        self._fields = readers(profile.get("fields", {}), self._targets, profile, scope, "fields")
        self._raw = raw

    def make(self, key: str, rows: list[Row]) -> list[Made]:
        """The record of a row."""
        number, cells, problem = rows[0]
        key = self._name(key, rows)
        try:
            if problem:
                raise Wrong("%(what)s", what=problem)
            act, reason = self._rules.of(cells)
            if act == "quarantine":
                return [Unreadable(key, self._raw(rows), reason)]
            if act == "skip":
                return [Skipped(key, reason, 1)]
            told = {
                name: value for name, read in self._fields.items()
                if (value := read(cells)) is not None
            }
            for target in self._targets:
                if target.required and target.name not in told:
                    raise Wrong(words.MISSING, target.name)
            return [self._build(told)]
        except Wrong as error:
            return [Unreadable(key, self._raw(rows), at_row(error, number), error.field)]

    def _name(self, key: str, rows: list[Row]) -> str:
        """The SKU if there is one; a row number alone would be another row's in the next file."""
        try:
            sku = self._fields["sku"](rows[0][1])
        except (KeyError, Wrong):
            sku = None
        return sku or f"{key} {hashlib.sha256(self._raw(rows).encode()).hexdigest()[:8]}"


def _product(told: dict[str, Any]) -> ProductRecord:
    sizes = [told.pop(name, None) for name in _SIZES]
    for name in ("price", "cost", "opening_stock"):
        if told.get(name) is not None and told[name] < 0:
            raise Wrong(words.NEGATIVE, name, text=str(told[name]))
    if "weight" in told:
        told["weight_g"] = told.pop("weight")
    if all(sizes):
        told["size_mm"] = tuple(sizes)
    return ProductRecord(**told)


def _stock(told: dict[str, Any]) -> StockRecord:
    if told["quantity"] < 0:
        raise Wrong(words.NEGATIVE, "quantity", text=str(told["quantity"]))
    return StockRecord(**told)
