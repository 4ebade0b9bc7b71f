"""What happened to orders that others act on. What else happens is in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class ParcelClosed(Event):
    """A shipment was packed at a station where papers come out by themselves."""

    name: ClassVar[str] = "parcel.closed"
    shipment_id: int
    closing: int


@dataclass(frozen=True, slots=True)
class ShipmentLeft(Event):
    """A shipment was handed over. ``tell_at``: when its channel is told, not earlier (ISO, UTC)."""

    name: ClassVar[str] = "shipment.left"
    shipment_id: int
    order_id: int
    tell_at: str = ""
