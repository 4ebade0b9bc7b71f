"""Labels that would collect money that is not owed, or not any more.

No label is bought that collects more than is due. What a courier collects is frozen in a label when
it is written down. Who pays afterwards would pay twice at the door, so such a parcel waits until
its label was bought anew. A label that collects less than is owed harms nobody: another one may
collect the rest.

What a label collects is promised from when it is written down until it is settled: by the courier's
report, by a payment of that amount that somebody recorded after the parcel was delivered, or as the
parcel comes back undelivered. Until then it is neither paid nor due. Orders of one purchase and
orders in one parcel owe together: money lies where it was recorded, and a label of several orders
stands at one of them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from oms_web.core.errors import Invalid
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments.models import Payment
from oms_web.domain.payments.service import BANK, COURIER, DESK, UNDO
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine

WAITING = ("packing", "packed")
Ids = Select[int] | BindParameter[int]


def too_much() -> ColumnElement[bool]:
    """The condition that the label of a shipment collects money, and it and the others together
    more than its orders still owe.
    """
    inside = (select(OrderLine.order_id)
              .join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
              .where(ShipmentLine.shipment_id == Shipment.id).correlate(Shipment))
    kin = _kin(inside)
    return and_(LabelBooking.request["cod"].as_integer() > 0, _promised(kin) > _owed(kin))


def due(session: Session, order_ids: Collection[int], shipment_id: int | None) -> int:
    """What a label of these orders may collect, minor units: what they still owe, less what other
    labels of theirs collect. ``shipment_id``: the shipment that the label is for, if begun.
    """
    if not order_ids:
        return 0
    mine, whole, promised = session.execute(
        _sums(), {"ids": list(order_ids), "besides": shipment_id or 0}).one()
    return max(0, min(int(mine), int(whole) - max(0, int(promised))))


@cache  # to put it together takes much longer than to ask it
def _sums() -> Select[int, int, int]:
    ids: BindParameter[int] = bindparam("ids", expanding=True)
    kin = _kin(ids)
    return select(_owed(ids), _owed(kin), _promised(kin, bindparam("besides")))


def _kin(ids: Ids) -> Select[int]:
    """These orders, those that share a parcel with them, and the other parts of their purchases."""
    of, mine, other, theirs = (aliased(OrderLine), aliased(ShipmentLine), aliased(ShipmentLine),
                               aliased(OrderLine))
    boxes = select(mine.shipment_id).join(of, of.id == mine.line_id).where(of.order_id.in_(ids))
    near = select(theirs.order_id).join(other, other.line_id == theirs.id).where(
        other.shipment_id.in_(boxes))
    one, part = aliased(Order), aliased(Order)
    purchases = select(part.purchase_id).where(or_(part.id.in_(near), part.id.in_(ids)))
    return select(one.id).where(or_(one.id.in_(near), one.id.in_(ids),
                                    one.purchase_id.in_(purchases)))


def _owed(ids: Ids) -> ColumnElement[int]:
    """What orders still owe, each purchase for itself."""
    one = aliased(Order)
    counts = case((one.phase != phases.CANCELLED, one.total), else_=0)
    purchase = func.coalesce(one.purchase_id, one.id)
    each = (select((func.sum(counts) - func.sum(one.paid_total + one.refunded_total)).label("owed"))
            .where(one.id.in_(ids)).group_by(purchase).subquery())
    return select(func.coalesce(func.sum(each.c.owed), 0)).where(each.c.owed > 0).scalar_subquery()


def _promised(ids: Ids, besides: BindParameter[int] | int = 0) -> ColumnElement[int]:
    """What labels of orders collect and nobody has settled yet; without those of a shipment. Below
    zero where couriers settled more.
    """
    label, parcel, line, of, paid = (aliased(LabelBooking), aliased(Shipment),
                                     aliased(ShipmentLine), aliased(OrderLine), aliased(Payment))
    cod = label.request["cod"].as_integer()
    boxes = select(line.shipment_id).join(of, of.id == line.line_id).where(of.order_id.in_(ids))
    written = (
        select(func.coalesce(func.sum(cod), 0)).select_from(label)
        .outerjoin(parcel, parcel.id == label.shipment_id)
        .where(or_(label.shipment_id.in_(boxes),
                   and_(label.shipment_id.is_(None), label.order_id.in_(ids))),
               label.state.in_(bookings.LIVE), ~label.is_return,
               or_(label.shipment_id.is_(None), label.shipment_id != besides),
               func.coalesce(parcel.state, "") != "cancelled", ~_came_back(parcel),
               ~_recorded(ids, parcel, cod))).scalar_subquery()
    settled = select(func.coalesce(func.sum(paid.amount), 0)).where(
        paid.order_id.in_(ids), paid.source == COURIER).scalar_subquery()
    return written - settled


def _came_back(parcel: type[Shipment]) -> ColumnElement[bool]:
    """Whether a parcel could not be delivered and will not be: what is merely in trouble by its
    carrier's last scan may still be, and collects then.
    """
    box = aliased(Parcel)
    return and_(func.coalesce(parcel.state, "") == "undelivered", ~exists().where(
        box.shipment_id == parcel.id, box.travel == "exception"))


def _recorded(ids: Ids, parcel: type[Shipment], cod: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody recorded what a courier collected for a parcel; it was not taken back."""
    typed, undo = aliased(Payment), aliased(Payment)
    undone = exists().where(undo.source == typed.source,
                            undo.reference == literal(UNDO) + typed.reference)
    return and_(parcel.state == "delivered", exists().where(
        typed.order_id.in_(ids), typed.source.in_((DESK, BANK)), typed.amount == cod,
        typed.at >= parcel.shipped_at, ~undone))


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


@cache
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
