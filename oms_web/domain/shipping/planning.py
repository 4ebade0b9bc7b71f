"""What a carrier is to be told of a parcel: from an order, its shipment and the seller's rules.

Weights are grams, measures millimetres, amounts minor units. What is found here is frozen into the
booking (``label_models.LabelBooking.request``) and sent as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.domain.catalog.models import Variant
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import bookings, boxes, choosing, collecting, sending
from oms_web.domain.shipping.label_models import LabelBooking, Packaging
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine

ADDRESS = ("name", "company", "street", "postcode", "city", "region", "country", "phone", "email")
LONGEST_NOTE = 40
IN_HAND = ("packing", "packed", "shipped")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose instead of what the rules say; empty or None: as the rules say."""

    account_id: int | None = None
    service: str = ""
    size: str = ""
    point: str | None = None
    weight_g: int | None = None
    packaging_id: int | None = None
    cod: int | None = None
    insured: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be booked. ``choice`` says which rule it comes from, and why no other."""

    order: Order
    shipment: Shipment | None
    facts: choosing.Facts
    choice: choosing.Choice
    weights_g: tuple[int, ...]
    packaging: Packaging | None
    cod: int | None
    insured: int | None
    owners: tuple[int, ...] = field(default=())


def plan(session: Session, order: Order, shipment: Shipment | None) -> Plan:
    """What the seller's rules say of an order, or of a shipment of it."""
    owners = tuple(boxes.owners(session, shipment)) if shipment else (order.id,)
    mine = list(session.scalars(select(Order).where(Order.id.in_(owners)).order_by(Order.id)))
    goods = goods_weight(session, order, shipment)
    rough = goods + _packaging_g(session, sending.packaging(session, None)) if goods else \
        order.weight_g or sending.settings(session).default_g
    cod = to_collect(session, mine, shipment)
    facts = choosing.Facts(order.account_id, order.delivery_method, order.country, rough,
                           sum(one.items_total for one in mine),
                           any(one.payment_kind == "cod" for one in mine))
    choice = choosing.choose(facts, sending.rules(session))
    chosen = next((one.packaging_id for one in mine if one.packaging_id), None)
    box = sending.packaging(session, chosen or (choice.rule.packaging_id if choice.rule else None))
    insured = facts.value if sending.settings(session).insures else None
    return Plan(order, shipment, facts, choice, _weights(session, order, shipment, goods, box), box,
                cod, insured, owners)


def goods_weight(session: Session, order: Order, shipment: Shipment | None) -> int:
    """What the goods weigh; 0 when that is not known of all of them."""
    if shipment is not None:
        rows = session.execute(
            select(Variant.weight_g, func.sum(ShipmentLine.quantity))
            .join(Variant, Variant.id == ShipmentLine.variant_id)
            .where(ShipmentLine.shipment_id == shipment.id).group_by(Variant.id, Variant.weight_g))
    else:
        rows = session.execute(
            select(Variant.weight_g, OrderLine.quantity - OrderLine.cancelled)
            .select_from(OrderLine).outerjoin(Variant, Variant.id == OrderLine.variant_id)
            .where(OrderLine.order_id == order.id, OrderLine.quantity > OrderLine.cancelled))
    found = [(grams, int(units)) for grams, units in rows]
    return sum((grams or 0) * units for grams, units in found) \
        if all(grams for grams, _ in found) else 0


def packaging_g(session: Session, shipment: Shipment) -> int:
    """What a box of a shipment weighs empty, as its label says: what somebody chose for an order in
    it, else what the rule of its service names, else the usual one.
    """
    order = session.get_one(Order, shipment.order_id)
    return _packaging_g(session, plan(session, order, shipment).packaging)


def _packaging_g(session: Session, box: Packaging | None) -> int:
    if box is not None:
        return box.weight_g
    company = session.get(Company, 1)
    return company.packaging_g if company else 0


def _weights(session: Session, order: Order, shipment: Shipment | None, goods: int,
             box: Packaging | None) -> tuple[int, ...]:
    """Each box: what a scale or a person said of it, else its goods and the packaging."""
    parcels: Sequence[Parcel | None] = list(session.scalars(
        select(Parcel).where(Parcel.shipment_id == shipment.id).order_by(Parcel.position))) \
        if shipment else [None]
    whole = order.weight_g if order.weight_g and len(parcels) == 1 else None
    empty = _packaging_g(session, box)
    share = goods // len(parcels) + empty if goods else sending.settings(session).default_g

    def grams(parcel: Parcel | None) -> int:
        if parcel is not None and parcel.weighed_by and parcel.weight_g:
            return parcel.weight_g
        inside = parcel.weight_g if parcel else None  # estimated from its goods alone
        return whole or (inside + empty if inside else max(1, share))

    return tuple(grams(one) for one in parcels)


def to_collect(session: Session, orders: Sequence[Order], shipment: Shipment | None) -> int | None:
    """What the courier collects: what is owed by buyers who pay on delivery, asked for once."""
    mine = {one.id: one for one in orders if one.payment_kind == "cod"}
    elsewhere: Iterable[LabelBooking] = session.scalars(
        select(LabelBooking).where(
            LabelBooking.order_id.in_(mine), LabelBooking.state.in_(bookings.LIVE),
            ~LabelBooking.is_return)) if mine else []
    for booking in elsewhere:
        if booking.request.get("cod") and (shipment is None or booking.shipment_id != shipment.id):
            mine.pop(booking.order_id, None)
    owed = sum(max(0, one.total - one.paid_total) for one in mine.values())
    return min(owed, collecting.due(session, mine, shipment.id if shipment else None)) or None


def request(session: Session, made: Plan, wanted: Wanted, key: str, *, is_return: bool = False
            ) -> dict[str, Any]:
    """The whole booking, as it is frozen and sent."""
    rule = made.choice.rule
    account_id = wanted.account_id or (rule.account_id if rule else None)
    service = wanted.service or (rule.service if rule else "")
    box = sending.packaging(session, wanted.packaging_id) if wanted.packaging_id else made.packaging
    known = sending.service(session, account_id or 0, service)
    by_rule = rule is not None and rule.service == service
    size = wanted.size or (rule.size if rule and by_rule else "")
    point = made.order.pickup_point if wanted.point is None else wanted.point.strip()
    ours, theirs = sending.sender(session), receiver(made.order)
    weights = (wanted.weight_g,) if wanted.weight_g else made.weights_g
    measures = (box.length_mm, box.width_mm, box.height_mm) if box else (0, 0, 0)
    sizes = sending.sizes_of(known) if known else []
    cod = wanted.cod if wanted.cod is not None else made.cod
    return {
        "key": key, "service": service,
        "sender": theirs if is_return else ours, "receiver": ours if is_return else theirs,
        "packages": [
            {"weight_g": grams, "length_mm": measures[0], "width_mm": measures[1],
             "height_mm": measures[2],
             "size": size or (choosing.smallest(sizes, measures, grams) if sizes else "")}
            for grams in weights],
        "currency": made.order.currency,
        "point": point if known is None or known.needs_point else "",
        "cod": None if is_return else cod or None,
        "insured": None if is_return else (
            wanted.insured if wanted.insured is not None else made.insured) or None,
        "note": note(session, made), "contents": sending.settings(session).contents[:60],
        "is_return": is_return,
    }


def due(session: Session, made: Plan) -> int:
    """What the label may collect at most, minor units."""
    return collecting.due(session, made.owners, made.shipment.id if made.shipment else None)


def refuse_amounts(session: Session, made: Plan, asked: Mapping[str, Any]) -> None:
    """See that a booking collects what is due at most, and that no amount is below zero.

    Raises:
        Invalid: it does not, at the field.
    """
    if (asked["insured"] or 0) < 0:
        raise Invalid("An amount cannot be below zero.", "insured")
    collecting.refuse_too_much(asked["cod"], due(session, made))


def in_hand(session: Session, order_id: int) -> list[LabelBooking]:
    """The labels that an order has or will have, if there is none to buy any more; else empty."""
    begun = boxes.of_order(session, order_id, *IN_HAND)
    found = [bookings.live_of_shipment(session, one.id) for one in begun] if begun else \
        [bookings.live_before_packing(session, [order_id])]
    return [one for one in found if one is not None] if all(found) else []


def note(session: Session, made: Plan) -> str:
    """What is printed on the label: the numbers of the orders in it."""
    return ", ".join(f"#{number}" for number in made.owners)[:LONGEST_NOTE]


def receiver(order: Order) -> dict[str, str]:
    """The buyer's address with the contacts that couriers ask for."""
    given: Mapping[str, Any] = order.ship_to or {}
    found = {name: str(given.get(name) or "") for name in ADDRESS}
    found["name"] = found["name"] or order.buyer_name
    found["phone"] = found["phone"] or order.buyer_phone
    found["email"] = found["email"] or order.buyer_email
    found["country"] = found["country"] or order.country or "PL"
    return found
