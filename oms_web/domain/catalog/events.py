"""What happened in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event

PRICED_BY = frozenset({"price", "currency"})
PUBLISHED_BY = frozenset({"parts", "sell_without_stock", "archived_at"})
LOW_BY = frozenset({"minimum", "parts", "archived_at"})


@dataclass(frozen=True, slots=True)
class VariantsAdded(Event):
    """SKUs or codes are new, or in use again: listings that waited for them may be matched now."""

    name: ClassVar[str] = "catalog.added"
    variant_ids: list[int]


@dataclass(frozen=True, slots=True)
class VariantsChanged(Event):
    """Something of these variants from which something follows is different now.

    ``fields`` are the names that changed in any of them. Those in ``PUBLISHED_BY`` change what
    stock is published, those in ``PRICED_BY`` the price, those in ``LOW_BY`` whether they run low;
    the rest is content.
    """

    name: ClassVar[str] = "catalog.changed"
    variant_ids: list[int]
    fields: list[str]
