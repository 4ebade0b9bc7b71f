"""What happened to orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class OrdersReceived(Event):
    """New orders were taken in."""

    name: ClassVar[str] = "orders.received"
    order_ids: list[int]


@dataclass(frozen=True, slots=True)
class OrderChanged(Event):
    """Something about an order is different; ``what`` names it shortly."""

    name: ClassVar[str] = "order.changed"
    order_id: int
    what: str


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    """Units of an order will not be delivered. ``by``: ``buyer``, ``seller``, ``channel``."""

    name: ClassVar[str] = "order.cancelled"
    order_id: int
    by: str
    whole: bool


@dataclass(frozen=True, slots=True)
class ShipmentLeft(Event):
    """A shipment was handed over."""

    name: ClassVar[str] = "shipment.left"
    shipment_id: int
    order_id: int
