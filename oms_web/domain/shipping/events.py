"""What happened to shipments that others act on a moment later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class PackingBegan(Event):
    """A shipment was begun: its label may be bought, so that it is there at the last scan."""

    name: ClassVar[str] = "shipment.begun"
    shipment_id: int


@dataclass(frozen=True, slots=True)
class ShipmentPacked(Event):
    """A shipment is packed: it needs its label now."""

    name: ClassVar[str] = "shipment.packed"
    shipment_id: int
