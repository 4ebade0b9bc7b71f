"""What a hand-over protocol says: the parcels that a courier takes, for both to sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.orders import lineage
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.models import Parcel, Shipment

MOST = 500


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A parcel; ``collect`` (minor units) is what the courier takes in cash for its shipment."""

    order_number: str
    tracking: str
    carrier: str
    name: str
    city: str
    weight_g: int | None
    collect: int
    currency: str


@dataclass(frozen=True, slots=True)
class Handover:
    """The parcels of one sheet, by courier. ``number``: of the hand-over; None where the sheet is
    of parcels that somebody ticked.
    """

    made_at: datetime
    made_by: str
    parcels: Sequence[HandedOver]
    number: int | None = None

    @property
    def carriers(self) -> str:
        """The couriers' names."""
        return ", ".join(dict.fromkeys(one.carrier for one in self.parcels if one.carrier))


def handover(session: Session, shipment_ids: Sequence[int], made_at: datetime, made_by: str,
             number: int | None = None) -> Handover:
    """The protocol of shipments; one without a described parcel counts as one parcel."""
    rows = session.execute(
        select(Shipment, Order).join(Order, Order.id == Shipment.order_id)
        .where(Shipment.id.in_(shipment_ids[:MOST])).order_by(Shipment.carrier, Shipment.id)
    ).all()
    described: dict[int, list[Parcel]] = {}
    for one in session.scalars(
        select(Parcel).where(Parcel.shipment_id.in_([shipment.id for shipment, _ in rows]))
        .order_by(Parcel.shipment_id, Parcel.position)
    ):
        described.setdefault(one.shipment_id, []).append(one)
    found = []
    for shipment, order in rows:
        owed = max(order.total - lineage.paid_of(session, order), 0) \
            if order.payment_kind == "cod" else 0
        nothing: list[Parcel | None] = [None]
        for at, parcel in enumerate(described.get(shipment.id) or nothing):
            to = order.ship_to or {}
            found.append(HandedOver(
                str(order.id), parcel.tracking if parcel else "",
                (parcel.carrier if parcel else "") or shipment.carrier,
                str(to.get("company") or to.get("name") or order.buyer_name),
                str(to.get("city") or ""), parcel.weight_g if parcel else None,
                0 if at else owed, order.currency,
            ))
    return Handover(made_at, made_by, found, number)
