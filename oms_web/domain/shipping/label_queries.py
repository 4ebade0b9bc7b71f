"""Looking labels up: what is to buy, what went wrong, what was bought, what waits for a courier."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from oms_web.core.clock import day_bounds, local_day
from oms_web.core.paging import Page, seal, unseal_as
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import bookings, collecting, journeys, service
from oms_web.domain.shipping.label_models import (
    CALLED_IN_VAIN,
    COMPLAINS,
    HandOver,
    LabelBooking,
)
from oms_web.domain.shipping.models import Parcel, Shipment

TODO, REFUSED, UNKNOWN, UNPRINTED, WAITING, TODAY = VIEWS = (
    "todo", "refused", "unknown", "unprinted", "waiting", "today")
MOST = 999
MOST_HANDED = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A label, or a shipment that has none (``booking`` is None), or none for some of its boxes
    (``is_partly``).
    """

    id: int
    order_id: int
    name: str
    city: str
    method: str
    ship_by: datetime | None
    booking: LabelBooking | None
    is_partly: bool = False


def listed(session: Session, view: str, now: datetime, after: str | None = None, limit: int = 50
           ) -> Page[Row]:
    """A page of a view: what is to do oldest first, what is done newest first."""
    if view == TODO:
        bought = exists().where(LabelBooking.shipment_id == Shipment.id, ~LabelBooking.is_return,
                                LabelBooking.state == bookings.CONFIRMED)
        query: Select[*tuple[Any, ...]] = select(Shipment.id, Order, null(), bought).join(
            Order, Order.id == Shipment.order_id).where(*_todo())
        key, newest = Shipment.id, False
    else:
        query = select(LabelBooking.id, Order, LabelBooking).join(
            Order, Order.id == LabelBooking.order_id).where(*_booked(view, now))
        key, newest = LabelBooking.id, view == TODAY
    if after:
        (last,) = unseal_as(after, int)
        query = query.where(key < last if newest else key > last)
    found = session.execute(query.order_by(key.desc() if newest else key).limit(limit + 1)).all()
    rows = [_row(*one) for one in found[:limit]]
    return Page(rows, seal(rows[-1].id) if len(found) > limit else None)


def _row(id_: int, order: Order, booking: LabelBooking | None, is_partly: bool = False) -> Row:
    return Row(id_, order.id, *_buyer(order), order.delivery_method, order.ship_by, booking,
               is_partly)


def _buyer(order: Order) -> tuple[str, str]:
    """Who gets it, and where."""
    to = order.ship_to or {}
    return (str(to.get("name") or to.get("company") or order.buyer_name),
            str(to.get("city") or order.pickup_point or ""))


def ahead(session: Session) -> int:
    """Orders that wait to be picked or packed and have no label, nor one on its way, counted up to
    ``MOST``: theirs are bought later.
    """
    has = exists().where(LabelBooking.order_id == Order.id, ~LabelBooking.is_return,
                         LabelBooking.state.in_(bookings.LIVE))
    return int(session.scalar(select(func.count()).select_from(
        select(Order.id).where(Order.queue.in_(("pick", "pack")), ~Order.is_labelled, ~has)
        .limit(MOST).subquery())) or 0)


def _todo() -> list[ColumnElement[bool]]:
    """Packed or being packed, not every box has a number, and no label is on its way. A label that
    was bought is for fewer boxes.
    """
    bare = exists().where(Parcel.shipment_id == Shipment.id, Parcel.tracking == "")
    coming = select(LabelBooking.shipment_id).where(
        LabelBooking.state.in_(bookings.LIVE), LabelBooking.state != bookings.CONFIRMED,
        ~LabelBooking.is_return, LabelBooking.shipment_id.is_not(None))
    return [Shipment.state.in_(service.LIVE), bare, Shipment.id.not_in(coming),
            Order.phase.in_((phases.OPEN, phases.PACKING))]


def _booked(view: str, now: datetime) -> list[ColumnElement[bool]]:
    if view == TODAY:
        begins, _ = day_bounds(local_day(now))
        # Nothing is made of the state but for planners: they are to go by the moment.
        return [func.coalesce(LabelBooking.state, "") == bookings.CONFIRMED,
                LabelBooking.confirmed_at >= begins]
    if view == REFUSED:
        later = aliased(LabelBooking)
        return [LabelBooking.state == bookings.REFUSED,
                ~exists().where(later.order_id == LabelBooking.order_id,
                                later.id > LabelBooking.id, _for_the_same(later)),
                Order.phase.in_((phases.OPEN, phases.PACKING, phases.SHIPPED))]
    if view == UNKNOWN:
        return [LabelBooking.state == bookings.UNKNOWN]
    if view == UNPRINTED:
        return _unprinted()
    return [LabelBooking.state.in_((bookings.INTENDED, bookings.SENT, bookings.PENDING))]


def _for_the_same(later: type[LabelBooking]) -> ColumnElement[bool]:
    """Whether a later label is for the parcel of a refused one: one that knows no shipment is for
    any of its order; of return labels each case has its own.
    """
    return and_(later.is_return == LabelBooking.is_return,
                func.coalesce(later.case_id, 0) == func.coalesce(LabelBooking.case_id, 0),
                or_(later.shipment_id == LabelBooking.shipment_id, later.shipment_id.is_(None),
                    LabelBooking.shipment_id.is_(None)))


def _unprinted() -> list[ColumnElement[bool]]:
    """Bought, its file could not be fetched, and the parcel is still here."""
    gone = exists().where(Shipment.id == LabelBooking.shipment_id,
                          Shipment.state.not_in(service.LIVE))
    return [literal_column(COMPLAINS), LabelBooking.void_asked_at.is_(None),
            LabelBooking.files["pdf_a6"].as_string().is_(None), ~gone,
            Order.phase != phases.CANCELLED,
            LabelBooking.travel.in_(("", journeys.ANNOUNCED))]


def counts(session: Session, now: datetime, *views: str) -> dict[str, int]:
    """How many there are in each view, counted up to ``MOST``, in one statement."""
    counted = [select(func.count()).select_from(_in_view(view, now).limit(MOST).subquery())
               .scalar_subquery() for view in views]
    return dict(zip(views, session.execute(select(*counted)).one(), strict=True))


def _in_view(view: str, now: datetime) -> Select[*tuple[Any, ...]]:
    if view == TODO:
        return select(Shipment.id).join(Order, Order.id == Shipment.order_id).where(*_todo())
    return select(LabelBooking.id).join(Order, Order.id == LabelBooking.order_id).where(
        *_booked(view, now))


def newest_files(session: Session, order_ids: Collection[int]) -> dict[int, str]:
    """The PDF of the newest outgoing label of each order that has one."""
    return {order_id: files["pdf_a6"] for order_id, files in session.execute(
        select(LabelBooking.order_id, LabelBooking.files)
        .where(LabelBooking.order_id.in_(order_ids), ~LabelBooking.is_return,
               LabelBooking.state == bookings.CONFIRMED, LabelBooking.void_asked_at.is_(None))
        .order_by(LabelBooking.id)) if "pdf_a6" in files}


def costs(session: Session, order_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """(order, currency) -> what its outgoing labels cost, net in minor units, as carriers told at
    the booking; left out where one of them told no price. What is not used and was not taken back
    counts.
    """
    found: dict[tuple[int, str], int] = {}
    silent: set[int] = set()
    for order_id, price, currency in session.execute(
            select(LabelBooking.order_id, LabelBooking.price, LabelBooking.currency)
            .where(LabelBooking.order_id.in_(order_ids), ~LabelBooking.is_return,
                   (LabelBooking.state == bookings.CONFIRMED)
                   | ((LabelBooking.state == bookings.CANCELLED) & LabelBooking.kept))):
        if price is None:
            silent.add(order_id)
        else:
            found[order_id, currency] = found.get((order_id, currency), 0) + price
    return {key: price for key, price in found.items() if key[0] not in silent}


# Given to a courier -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """A labelled shipment that no hand-over has yet. ``collects``: its label asks for money that
    was paid since, so it stays here; ``cod``: what it collects, minor units; ``bare``: how many of
    its boxes have no label.
    """

    booking: LabelBooking
    shipment: Shipment
    weight_g: int
    collects: bool
    name: str
    city: str
    cod: int
    bare: int


def ready(session: Session, account_id: int, ids: Sequence[int] | None = None) -> list[Ready]:
    """An account's packed shipments with a label that wait for its courier, oldest first."""
    query = (
        select(LabelBooking, Shipment, Order)
        .join(Shipment, Shipment.id == LabelBooking.shipment_id)
        .join(Order, Order.id == LabelBooking.order_id)
        .where(LabelBooking.account_id == account_id, LabelBooking.state == bookings.CONFIRMED,
               LabelBooking.handed_over_id.is_(None), LabelBooking.void_asked_at.is_(None),
               Shipment.state == service.PACKED)
        .order_by(LabelBooking.id).limit(MOST_HANDED))
    if ids is not None:
        query = query.where(LabelBooking.id.in_(ids))
    found = session.execute(query).all()
    mine = [shipment.id for _, shipment, _ in found]
    collect = collecting.among(session, mine)
    bare = {shipment_id: count for shipment_id, count in session.execute(
        select(Parcel.shipment_id, func.count())
        .where(Parcel.shipment_id.in_(mine), Parcel.tracking == "").group_by(Parcel.shipment_id))}
    return [Ready(booking, shipment,
                  sum(one["weight_g"] for one in booking.request["packages"]),
                  shipment.id in collect, *_buyer(order), booking.request["cod"] or 0,
                  bare.get(shipment.id, 0))
            for booking, shipment, order in found]


def hand_overs(session: Session, limit: int = 20) -> list[HandOver]:
    """Those whose courier was called in vain, then the newest others."""
    vain = session.scalars(select(HandOver).where(literal_column(CALLED_IN_VAIN))
                           .order_by(HandOver.id.desc()).limit(MOST))
    others = session.scalars(select(HandOver).where(HandOver.state != "refused")
                             .order_by(HandOver.id.desc()).limit(limit))
    return [*vain, *others]


def called_in_vain(session: Session) -> int:
    """How many hand-overs wait for a courier who does not come, counted up to ``MOST``."""
    return int(session.scalar(select(func.count()).select_from(
        select(HandOver.id).where(literal_column(CALLED_IN_VAIN)).limit(MOST).subquery())) or 0)


def inside(session: Session, hand_over_id: int) -> list[LabelBooking]:
    """The labels of a hand-over."""
    return list(session.scalars(select(LabelBooking).where(
        LabelBooking.handed_over_id == hand_over_id).order_by(LabelBooking.id)))
