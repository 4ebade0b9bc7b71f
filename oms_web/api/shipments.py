"""Shipments: what left and what waits, and letting an order leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from oms_web.api.operations import Call, get, post
from oms_web.api.shapes import Answer, Asked, Next, PageQuery, Told, one_of, text
from oms_web.core import paging
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import contents, queries
from oms_web.domain.shipping.contents import Content
from oms_web.domain.shipping.queries import Listed
from oms_web.flows import ship

STATES = ("packing", "packed", "shipped", "delivered", "undelivered", "cancelled")
State = Annotated[str, one_of(STATES)]


class ShipmentQuery(PageQuery):
    """Which shipments. A number finds them whatever their state."""

    state: list[State] = Field(list(STATES), max_length=6)
    carrier: Annotated[str, text(40)] = ""
    number: Annotated[str, text(80, about="An order's number, or a tracking number.")] = ""


class ShipAsked(Asked):
    """How an order leaves."""

    carrier: Annotated[str, text(40, example="InPost")] = ""
    tracking: Annotated[str, text(80, example="520000012345678901234567")] = ""
    partly: bool = Field(False, description=(
        "Send what is reserved of an order that lacks units; the rest stays open."))


class Parcel(Answer):
    """A box."""

    carrier: str
    tracking: str


class Contents(Answer):
    """Units of a SKU for an order line. Several orders of a buyer may share a parcel."""

    order_id: int
    line_id: int
    sku: str
    quantity: int


class Shipment(Answer):
    """Goods that leave or left together."""

    id: int
    order_id: int
    state: State
    carrier: str
    packed_at: Told | None
    shipped_at: Told | None
    delivered_at: Told | None
    parcels: list[Parcel]
    contents: list[Contents]


class ShipmentPage(Answer):
    """A page of shipments."""

    items: list[Shipment]
    next: Next


class ShipmentsLeft(Answer):
    """The shipments that left by this call: none if everything had left before."""

    items: list[Shipment]


@get("/shipments", "shipments:read", act="orders.see", query=ShipmentQuery, gives=ShipmentPage)
def list_shipments(call: Call) -> ShipmentPage:
    """A page of shipments, the newest first; of packed ones alone, the oldest first."""
    asked: ShipmentQuery = call.query
    if asked.after:
        paging.unseal_as(asked.after, int)
    page = queries.listed(
        call.work.session,
        queries.Asked(tuple(asked.state), asked.carrier or None, asked.number.strip()),
        asked.after or None, asked.limit,
    )
    return ShipmentPage(items=_answers(call, page.rows), next=page.after)


@get("/shipments/{shipment_id}", "shipments:read", act="orders.see", gives=Shipment)
def get_shipment(call: Call, shipment_id: int) -> Shipment:
    """One shipment."""
    return _answers(call, [queries.one(call.work.session, shipment_id)])[0]


@post("/orders/{order_id}/shipments", "shipments:write", act="ship.do", body=ShipAsked,
      gives=ShipmentsLeft, statuses=(201, 200))
def ship_order(call: Call, order_id: int) -> ShipmentsLeft:
    """Let an order leave: its goods go out of stock, its channel is told, with the tracking number.

    What is packed leaves as it is; the rest leaves too, one shipment per warehouse. Refused while
    the order is held, not paid or lacks units.
    """
    asked: ShipAsked = call.body
    orders.lock_order(call.work.session, order_id)
    left = ship.ship_order(call.work, order_id, carrier=asked.carrier, number=asked.tracking,
                           partly=asked.partly)
    call.work.session.flush()
    call.status = 201 if left else 200
    return ShipmentsLeft(items=_answers(call, [
        queries.one(call.work.session, shipment_id) for shipment_id in left
    ]))


@post("/shipments/{shipment_id}/leave", "shipments:write", act="ship.do", gives=Shipment)
def hand_over(call: Call, shipment_id: int) -> Shipment:
    """A packed shipment was handed to the courier; said twice is quiet."""
    ship.leave(call.work, shipment_id)
    call.work.session.flush()
    return _answers(call, [queries.one(call.work.session, shipment_id)])[0]


@post("/shipments/{shipment_id}/deliver", "shipments:write", act="ship.do", gives=Shipment)
def deliver(call: Call, shipment_id: int) -> Shipment:
    """The buyer has it; said twice is quiet. The last one of an order closes the order."""
    ship.arrived(call.work, shipment_id)
    call.work.session.flush()
    return _answers(call, [queries.one(call.work.session, shipment_id)])[0]


def _answers(call: Call, rows: Sequence[Listed]) -> list[Shipment]:
    inside = contents.of(call.work.session, [row.id for row in rows])
    return [_answer(row, inside) for row in rows]


def _answer(row: Listed, inside: Mapping[int, Sequence[Content]]) -> Shipment:
    return Shipment(
        id=row.id, order_id=row.order_id, state=row.state, carrier=row.carrier,
        packed_at=row.packed_at, shipped_at=row.shipped_at, delivered_at=row.delivered_at,
        parcels=[Parcel(carrier=one.carrier or row.carrier, tracking=one.tracking)
                 for one in row.parcels],
        contents=[Contents(order_id=one.order_id, line_id=one.line_id, sku=one.sku,
                           quantity=one.quantity)
                  for one in inside.get(row.id, ())],
    )
