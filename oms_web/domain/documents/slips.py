"""What packing slips say: a slip per parcel, read with few statements for any number of orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.money import line_total
from oms_web.domain.catalog import barcodes
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents.drafting import language_for
from oms_web.domain.orders import lineage
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine


@dataclass(frozen=True, slots=True)
class SlipPart:
    """Units of a part inside a bundle line."""

    title: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class SlipLine:
    """One row; ``price`` is per unit in micro, ``value`` in minor units."""

    title: str
    sku: str
    ean: str
    quantity: int
    price: int
    value: int
    parts: Sequence[SlipPart] = ()


@dataclass(frozen=True, slots=True)
class Slip:
    """One sheet for one parcel. ``collect`` (minor units) is what the courier takes in cash."""

    order_number: str
    channel_number: str
    channel: str
    placed_on: date
    language: str
    currency: str
    ship_to: Mapping[str, Any]
    delivery_method: str
    pickup_point: str
    collect: int
    note: str
    buyer: str
    lines: Sequence[SlipLine] = ()
    parcel: int = 1
    parcels: int = 1
    tracking: str = ""

    @property
    def units(self) -> int:
        """Whole units over all lines."""
        return sum(line.quantity for line in self.lines)


@dataclass(slots=True)
class _Read:
    """Rows of many orders, by order or line."""

    lines: dict[int, list[OrderLine]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    variants: dict[int, tuple[str, str]] = field(default_factory=dict)
    codes: dict[int, list[str]] = field(default_factory=dict)
    shipments: dict[int, list[Shipment]] = field(default_factory=lambda: defaultdict(list))
    packed: dict[int, dict[int, dict[int, int]]] = field(default_factory=dict)
    parcels: dict[int, list[Parcel]] = field(default_factory=lambda: defaultdict(list))
    paid: dict[int, int] = field(default_factory=dict)


def slips(session: Session, order_ids: Sequence[int], language: str | None = None, *,
          whole: bool = False) -> dict[int, list[Slip]]:
    """The slips of orders: by shipment and parcel where there are any, else one per order.

    Args:
        language: ``pl`` or ``en``; None takes each buyer's own.
        whole: One slip an order with all its goods, whatever parcels they came in.

    Returns:
        Slips by order, in the order asked for; an order that does not exist is left out.
    """
    rows = session.execute(
        select(Order, ChannelAccount.name)
        .outerjoin(ChannelAccount, ChannelAccount.id == Order.account_id)
        .where(Order.id.in_(order_ids))
    ).all()
    read = _read(session, [order.id for order, _ in rows])
    if whole:
        read.shipments.clear()
    read.paid = {order.id: lineage.paid_of(session, order) for order, _ in rows}
    found = {
        order.id: list(_of_order(order, channel or "", read, language)) for order, channel in rows
    }
    return {order_id: found[order_id] for order_id in order_ids if order_id in found}


def _read(session: Session, order_ids: Sequence[int]) -> _Read:
    read = _Read()
    for line in session.scalars(
        select(OrderLine).where(OrderLine.order_id.in_(order_ids)).order_by(OrderLine.position)
    ):
        read.lines[line.order_id].append(line)
    line_ids = [line.id for lines in read.lines.values() for line in lines]
    for line_id, variant_id, quantity in session.execute(
        select(OrderLinePart.line_id, OrderLinePart.variant_id, OrderLinePart.quantity)
        .where(OrderLinePart.line_id.in_(line_ids))
        .order_by(OrderLinePart.line_id, OrderLinePart.variant_id)
    ):
        read.parts[line_id].append((variant_id, quantity))
    wanted = {variant for parts in read.parts.values() for variant, _ in parts}
    for variant_id, title, sku in session.execute(
        select(Variant.id, Variant.title, Variant.sku).where(Variant.id.in_(wanted))
    ):
        read.variants[variant_id] = title, sku
    read.codes = barcodes.of(session, {
        line.variant_id for lines in read.lines.values() for line in lines if line.variant_id
    })
    _read_shipments(session, order_ids, read)
    return read


def _read_shipments(session: Session, order_ids: Sequence[int], read: _Read) -> None:
    for order_id, shipment in session.execute(
        select(OrderLine.order_id, Shipment).distinct()
        .join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(OrderLine.order_id.in_(order_ids), Shipment.state != "cancelled")
        .order_by(Shipment.id)
    ):
        read.shipments[order_id].append(shipment)
    ids = {s.id for found in read.shipments.values() for s in found}
    if not ids:
        return
    for shipment_id, line_id, variant_id, quantity in session.execute(
        select(ShipmentLine.shipment_id, ShipmentLine.line_id, ShipmentLine.variant_id,
               ShipmentLine.quantity).where(ShipmentLine.shipment_id.in_(ids))
    ):
        units = read.packed.setdefault(shipment_id, {}).setdefault(line_id, {})
        units[variant_id] = units.get(variant_id, 0) + quantity
    for parcel in session.scalars(
        select(Parcel).where(Parcel.shipment_id.in_(ids)).order_by(Parcel.position)
    ):
        read.parcels[parcel.shipment_id].append(parcel)


def _of_order(order: Order, channel: str, read: _Read, language: str | None) -> Iterable[Slip]:
    lines = read.lines[order.id]
    bare = Slip(
        order_number=str(order.id), channel_number=order.external_number, channel=channel,
        placed_on=local_day(order.placed_at), language=language or language_for(order.country),
        currency=order.currency, ship_to=order.ship_to or {},
        delivery_method=order.delivery_method, pickup_point=order.pickup_point,
        collect=max(order.total - read.paid[order.id], 0) if order.payment_kind == "cod" else 0,
        note=order.buyer_note, buyer=order.buyer_name,
    )
    shipments = [s for s in read.shipments[order.id] if read.packed.get(s.id)]
    if not shipments:
        whole = [_row(order, line, line.quantity - line.cancelled, read) for line in lines]
        yield replace(bare, lines=[row for row in whole if row.quantity])
        return
    nothing_yet: list[Parcel | None] = [None]
    sheets = [(shipment, parcel) for shipment in shipments
              for parcel in read.parcels[shipment.id] or nothing_yet]
    for number, (shipment, parcel) in enumerate(sheets, start=1):
        rows = [_row(order, line, _units(line, read.packed[shipment.id][line.id], read), read)
                for line in lines if line.id in read.packed[shipment.id]]
        yield replace(bare, lines=rows, parcel=number, parcels=len(sheets),
                      tracking=parcel.tracking if parcel else "")


def _units(line: OrderLine, packed: Mapping[int, int], read: _Read) -> int:
    """Whole units of a line that its packed variants make up."""
    parts = read.parts.get(line.id)
    if not parts:
        return sum(packed.values())
    return min(packed.get(variant, 0) // each for variant, each in parts)


def _row(order: Order, line: OrderLine, quantity: int, read: _Read) -> SlipLine:
    parts = [
        SlipPart(*read.variants.get(variant, ("", "")), quantity * each)
        for variant, each in read.parts.get(line.id, [])
    ]
    codes = read.codes.get(line.variant_id or 0)
    value = line.total if quantity == line.quantity \
        else line_total(line.unit_price, quantity, order.currency)
    return SlipLine(line.title, line.sku, codes[0] if codes else line.ean, quantity,
                    line.unit_price, value, parts)
