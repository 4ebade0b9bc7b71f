"""What is known of a parcel, for whoever argues about it with its courier or a marketplace.

Who packed it and when, each scan, what it should weigh and what scales said, its label, where the
carrier saw it, what its goods were worth. Read off what was written down then; nothing is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Variant
from oms_web.domain.fulfilment.models import PackScan
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping import bookings, journeys, photos, planning, sending, service
from oms_web.domain.shipping.claim_models import CourierClaim
from oms_web.domain.shipping.label_models import LabelBooking, Packaging
from oms_web.domain.shipping.models import Parcel, Shipment

MOST_SCANS = 400


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of an order line that are in the parcel; ``value`` in minor units."""

    sku: str
    title: str
    quantity: int
    value: int


@dataclass(frozen=True, slots=True)
class Box:
    """A box. Weights are grams: ``expected_g`` of goods and packaging, ``scale_g`` of our scale
    (None: nobody weighed), ``booked_g`` told to the carrier, ``carrier_g`` what it weighed.
    """

    position: int
    tracking: str
    measures: str
    expected_g: int | None
    scale_g: int | None
    booked_g: int | None
    carrier_g: int | None
    weighed_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """What became of the parcel; ``what`` is a word of the page, ``who`` empty where nobody knows.
    """

    at: datetime
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan at the pack station; ``result`` is a word of ``PackScan``."""

    at: datetime
    actor: str
    code: str
    title: str
    result: str
    box: int


@dataclass(frozen=True, slots=True)
class Travelled:
    """A scan of the carrier's; ``state`` in our words, ``raw`` in its own."""

    at: datetime
    tracking: str
    state: str
    raw: str
    said: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What was written to the buyer, or by them."""

    at: datetime
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture in the file store; ``kind``: ``packed`` or ``returned``."""

    kind: str
    file: str
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Kit:
    """All that is known. ``more_scans`` were left out of ``scans``."""

    shipment: Shipment
    claim: CourierClaim | None
    orders: Sequence[tuple[str, str]]
    carrier: str
    label: LabelBooking | None
    sender: Mapping[str, str]
    receiver: Mapping[str, str]
    currency: str
    cod: int | None
    insured: int | None
    steps: Sequence[Step]
    goods: Sequence[Goods]
    boxes: Sequence[Box]
    scans: Sequence[Scan]
    more_scans: int
    travel: Sequence[Travelled]
    photos: Sequence[Photo]

    @property
    def value(self) -> int:
        """What the buyers paid for the goods, minor units."""
        return sum(one.value for one in self.goods)


def of_shipment(session: Session, shipment_id: int, claim: CourierClaim | None) -> Kit:
    """What is known of a shipment's boxes.

    Raises:
        NotFound: there is no such shipment.
    """
    shipment = service.get(session, shipment_id)
    owners = service.owners(session, shipment)
    orders = session.scalars(select(Order).where(Order.id.in_(owners)).order_by(Order.id)).all()
    first = next((one for one in orders if one.id == shipment.order_id), orders[0])
    label = bookings.newest_of_shipment(session, shipment_id)
    said: Mapping[str, Any] = label.request if label is not None else {}
    parcels = service.parcels_of(session, shipment_id)
    scans, more = _scans(session, shipment_id)
    return Kit(
        shipment, claim, [(str(one.id), one.external_number or "") for one in orders],
        shipment.carrier or (label.carrier if label else ""), label,
        said.get("sender") or sending.sender(session),
        said.get("receiver") or planning.receiver(first), first.currency, said.get("cod"),
        said.get("insured"), _steps(session, shipment, label), _goods(session, shipment_id),
        _boxes(session, parcels, said, planning.packaging_g(session, shipment),
               _whole_g(session, shipment, first, len(parcels))), scans, more,
        _travel(session, parcels),
        [Photo("packed", one.file, one.at, one.actor)
         for one in photos.of_shipments(session, [shipment_id]).get(shipment_id, [])])


def _steps(session: Session, shipment: Shipment, label: LabelBooking | None) -> list[Step]:
    """From packing to the buyer's door, with who did it by the trail; what its carrier reported is
    the carrier's word. A parcel that nobody packed at the station has no packing of its own.
    """
    who = {act: name if kind == "user" else "" for act, kind, name in session.execute(
        select(AuditEntry.act, AuditEntry.actor_kind, AuditEntry.actor_name)
        .where(AuditEntry.subject == "shipment", AuditEntry.subject_id == shipment.id)
        .order_by(AuditEntry.id))}
    began = shipment.created_at if shipment.packed_at or shipment.station else None
    carrier = shipment.carrier or (label.carrier if label is not None else "")
    rows = (
        (began, "packing_began", who.get("shipping.start", "")),
        (shipment.packed_at, "packed_at", shipment.packed_by),
        (label.confirmed_at if label is not None else None, "label_bought",
         label.by_name if label is not None else ""),
        (shipment.shipped_at, "left_at", who.get("shipping.shipped", "")),
        (shipment.delivered_at, "delivered_at", who.get("shipping.delivered", "") or carrier),
    )
    return [Step(at, what, name) for at, what, name in rows if at is not None]


def _whole_g(session: Session, shipment: Shipment, order: Order, boxes: int) -> int | None:
    """What a shipment in one box should weigh, by what was said of its order, else by its goods."""
    if boxes != 1:
        return None
    goods = planning.goods_weight(session, order, shipment)
    return order.weight_g or (goods + planning.packaging_g(session, shipment) if goods else None)


def _goods(session: Session, shipment_id: int) -> list[Goods]:
    units = service.planned_units(session, shipment_id)
    return [Goods(line.sku, line.title, units[line.id],
                  line.total * units[line.id] // line.quantity)
            for line in session.scalars(select(OrderLine).where(OrderLine.id.in_(units))
                                        .order_by(OrderLine.order_id, OrderLine.position))]


def _boxes(session: Session, parcels: Sequence[Parcel], said: Mapping[str, Any], empty_g: int,
           whole_g: int | None) -> list[Box]:
    """The boxes; what nobody weighed is expected to weigh its goods and the packaging.

    Args:
        whole_g: what the only box should weigh, if that is known.
    """
    kept = {box.id: box for box in session.scalars(select(Packaging).where(
        Packaging.id.in_({one.packaging_id for one in parcels if one.packaging_id})))}
    booked = list(said.get("packages") or ())
    found = []
    for at, one in enumerate(parcels):
        told = booked[at] if at < len(booked) else {}
        box = kept.get(one.packaging_id or 0)
        sides = (box.length_mm, box.width_mm, box.height_mm) if box else (
            told.get("length_mm"), told.get("width_mm"), told.get("height_mm"))
        estimate = one.weight_g + empty_g if one.weight_g and not one.weighed_by else None
        found.append(Box(
            one.position, one.tracking, " × ".join(map(str, sides)) if all(sides) else "",
            one.expected_g or whole_g or estimate, one.weight_g if one.weighed_by else None,
            told.get("weight_g"), one.carrier_g, one.weighed_by, one.weight_reason))
    return found


def _scans(session: Session, shipment_id: int) -> tuple[list[Scan], int]:
    mine = PackScan.shipment_id == shipment_id
    rows = session.execute(
        select(PackScan, Variant.title).outerjoin(Variant, Variant.id == PackScan.variant_id)
        .where(mine).order_by(PackScan.id).limit(MOST_SCANS)).all()
    more = 0 if len(rows) < MOST_SCANS else \
        (session.scalar(select(func.count()).where(mine)) or 0) - len(rows)
    return [Scan(one.at, one.actor, one.code, title or "", one.result, one.parcel)
            for one, title in rows], more


def _travel(session: Session, parcels: Sequence[Parcel]) -> list[Travelled]:
    numbers = {one.id: one.tracking for one in parcels}
    found = journeys.events(session, list(numbers)) if numbers else {}
    return sorted((
        Travelled(event.at, numbers[parcel], event.state, event.raw,
                  ", ".join(filter(None, (event.description, event.place))))
        for parcel, events in found.items() for event in events), key=lambda one: one.at)
