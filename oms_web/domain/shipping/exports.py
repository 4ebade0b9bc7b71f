"""Shipments as a table."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.shipping import queries, service
from oms_web.domain.shipping.queries import Asked

SHIPMENTS = (
    Column("number", "Number", "int"), Column("order", "Order", "int"), Column("state", "State"),
    Column("carrier", "Courier"), Column("tracking", "Tracking number"),
    Column("parcels", "Parcels", "int"), Column("units", "Units", "int"),
    Column("recipient", "Recipient"), Column("city", "Town"), Column("country", "Country"),
    Column("ship_by", "Ship by", "moment"), Column("packed_at", "Packed", "moment"),
    Column("packed_by", "Packed by"), Column("shipped_at", "Sent", "moment"),
    Column("delivered_at", "Delivered", "moment"),
)
EVERYTHING = Asked((service.PACKING, service.PACKED, service.SHIPPED, service.DELIVERED,
                    service.UNDELIVERED, service.CANCELLED))


def shipments(asked: Asked = EVERYTHING) -> Sheet:
    """Shipments as they are filtered, in the order of the list; several numbers in one cell."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        found = queries.listed(session, asked, after, PAGE)
        table = [
            (row.id, row.order_id, row.state, row.carrier,
             " ".join(parcel.tracking for parcel in row.parcels if parcel.tracking),
             len(row.parcels), row.units, row.name, row.city, row.country, row.ship_by,
             row.packed_at, row.packed_by, row.shipped_at, row.delivered_at)
            for row in found.rows
        ]
        return table, found.after

    return Sheet("shipments", SHIPMENTS, page)
