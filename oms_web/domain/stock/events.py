"""What happened to stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class StockChanged(Event):
    """Free units of these variants may be different now; ``more``: some of them rose."""

    name: ClassVar[str] = "stock.changed"
    variant_ids: list[int]
    more: bool = False
