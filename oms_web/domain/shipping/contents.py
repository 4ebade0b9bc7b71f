"""What is in shipments, for many of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.shipping.models import ShipmentLine


@dataclass(frozen=True, slots=True)
class Content:
    """Units of a SKU for an order line; of a bundle's line each part is named."""

    line_id: int
    sku: str
    quantity: int
    order_id: int


def of(session: Session, shipment_ids: Collection[int]) -> dict[int, list[Content]]:
    """What is in each shipment, all shelves together."""
    found: dict[int, list[Content]] = defaultdict(list)
    for shipment_id, line_id, sku, units, order_id in session.execute(
        select(ShipmentLine.shipment_id, ShipmentLine.line_id, Variant.sku,
               func.sum(ShipmentLine.quantity), OrderLine.order_id)
        .join(Variant, Variant.id == ShipmentLine.variant_id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .where(ShipmentLine.shipment_id.in_(shipment_ids))
        .group_by(ShipmentLine.shipment_id, ShipmentLine.line_id, Variant.id, Variant.sku,
                  OrderLine.order_id)
        .order_by(ShipmentLine.shipment_id, ShipmentLine.line_id, Variant.sku)
    ):
        found[shipment_id].append(Content(line_id, sku, int(units), order_id))
    return found
