"""Labels that would collect money that is not owed, or not any more.

No label is bought that collects more than is due. What a courier collects is frozen in a label when
it is written down. Who pays afterwards would pay twice at the door, so such a parcel waits until
its label was bought anew. A label that collects less than is owed harms nobody: another one may
collect the rest.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, case, exists, func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Shipment, ShipmentLine

WAITING = ("packing", "packed")


def too_much() -> ColumnElement[bool]:
    """The condition that the label of a shipment collects more than the orders in it still owe."""
    inside = (select(OrderLine.order_id)
              .join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
              .where(ShipmentLine.shipment_id == Shipment.id).correlate(Shipment))
    owed = select(func.coalesce(func.sum(case(
        (Order.total > Order.paid_total, Order.total - Order.paid_total), else_=0)), 0)).where(
            Order.id.in_(inside)).scalar_subquery()
    return LabelBooking.request["cod"].as_integer() > owed


def due(session: Session, order_ids: Collection[int], shipment_id: int | None) -> int:
    """What a label of these orders may collect, minor units: what they still owe, less what other
    labels of theirs will collect. ``shipment_id``: the shipment that the label is for, if begun.
    """
    owed = session.scalar(select(func.coalesce(func.sum(Order.total - Order.paid_total), 0)).where(
        Order.id.in_(order_ids), Order.total > Order.paid_total))
    # What is delivered was collected: from then on payments tell of it.
    others = session.execute(
        select(LabelBooking.shipment_id, LabelBooking.request)
        .outerjoin(Shipment, Shipment.id == LabelBooking.shipment_id)
        .where(LabelBooking.order_id.in_(order_ids), LabelBooking.state.in_(bookings.LIVE),
               ~LabelBooking.is_return, func.coalesce(Shipment.state, "") != "delivered"))
    asked = sum(request.get("cod") or 0 for of, request in others
                if shipment_id is None or of != shipment_id)
    return max(0, int(owed or 0) - asked)


def refuse_too_much(cod: int | None, due_: int) -> None:
    """See that a label collects no more than is due, both in minor units.

    Raises:
        Invalid: it would, or less than nothing.
    """
    if cod is None or 0 <= cod <= due_:
        return
    if cod < 0:
        raise Invalid("An amount cannot be below zero.", "cod")
    if due_:
        raise Invalid("A label may collect no more than is still due.", "cod")
    raise Invalid("Nothing is due of this order: its label may collect nothing.", "cod")


def _found() -> Select[int]:
    # Few parcels wait here, while labels are kept for ever: what waits is looked at first.
    return select(Shipment.id).where(Shipment.state.in_(WAITING), exists().where(
        LabelBooking.shipment_id == Shipment.id, LabelBooking.state.in_(bookings.LIVE),
        ~LabelBooking.is_return, too_much()))


def among(session: Session, shipment_ids: Collection[int]) -> set[int]:
    """Those of these shipments that wait here and whose label collects too much: one statement."""
    if not shipment_ids:
        return set()
    return set(session.scalars(_found().where(Shipment.id.in_(shipment_ids))))


def waiting() -> ColumnElement[bool]:
    """The same as a condition on shipments."""
    return Shipment.id.in_(_found())


def count(session: Session, most: int) -> int:
    """How many parcels wait because of that, counted up to ``most``."""
    return int(session.scalar(
        select(func.count()).select_from(_found().limit(most).subquery())) or 0)
