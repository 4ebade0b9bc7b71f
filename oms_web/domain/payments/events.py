"""What happened to money that others act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class RefundDone(Event):
    """Money of a refund has gone back."""

    name: ClassVar[str] = "refund.done"
    refund_id: int
    order_id: int
