"""What happened to documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class DocumentIssued(Event):
    """A numbered document exists from now on; it will not change."""

    name: ClassVar[str] = "document.issued"
    document_id: int
    order_id: int
    kind: str
    number: str
