"""Labels of shipments: bought, fetched as the carrier drew them, and where the parcels are."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field

from oms_web.api.operations import Call, get, post
from oms_web.api.shapes import Answer, Money, Told, money, one_of
from oms_web.core.errors import NotFound
from oms_web.domain.shipping import bookings, journeys, service
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.flows import label

PDF, ZPL = "application/pdf", "text/plain"
State = Annotated[str, one_of(bookings.STATES)]
Travel = Annotated[str, one_of(("", *journeys.STATES))]


class Label(Answer):
    """A label of a shipment. ``unknown``: the carrier's answer was lost, and it is being asked."""

    id: int
    order_id: int
    shipment_id: int | None
    state: State
    carrier: str
    service: str
    tracking: list[str]
    price: Money | None = Field(description="Net, where the carrier tells it.")
    currency: str
    why: str = Field(description="What the carrier said, where it refused or fails.")
    ready: bool = Field(description="Whether the file can be fetched.")
    created_at: Told
    confirmed_at: Told | None


class Scan(Answer):
    """An entry of a parcel's journey. ``raw`` is the carrier's own code."""

    at: Told
    state: Travel
    raw: str
    description: str
    place: str


class Tracked(Answer):
    """A box and its journey, the newest scan first."""

    carrier: str
    tracking: str
    state: Travel
    scans: list[Scan]


class Tracking(Answer):
    """Where the boxes of a shipment are."""

    shipment_id: int
    parcels: list[Tracked]


@post("/shipments/{shipment_id}/label", "shipments:write", act="ship.do", gives=Label,
      statuses=(202, 200))
def buy_label(call: Call, shipment_id: int) -> Label:
    """Have the label of a shipment bought, by the seller's rules of sending.

    It is written down at once and bought a moment later; ask for it until ``ready``. A label that
    is there or on its way is answered with 200: it is bought once, however often this is called.
    """
    known = bookings.live_of_shipment(call.work.session, shipment_id)
    booking = label.book_shipment(call.work, shipment_id)
    call.work.session.flush()
    call.status = 200 if known is not None else 202
    return _answer(booking)


@get("/shipments/{shipment_id}/label", "shipments:read", act="orders.see", gives=Label)
def get_label(call: Call, shipment_id: int) -> Label:
    """The label of a shipment."""
    return _answer(_label(call, shipment_id))


@get("/shipments/{shipment_id}/label/pdf", "shipments:read", act="orders.see", gives=PDF)
def get_label_pdf(call: Call, shipment_id: int) -> Response:
    """The label as PDF: as often as it is wanted, the same parcel."""
    return _file(call, shipment_id, "pdf_a6", PDF)


@get("/shipments/{shipment_id}/label/zpl", "shipments:read", act="orders.see", gives=ZPL)
def get_label_zpl(call: Call, shipment_id: int) -> Response:
    """The label for a label printer, where the shop fetches labels as ZPL too."""
    return _file(call, shipment_id, "zpl", ZPL)


@get("/shipments/{shipment_id}/tracking", "shipments:read", act="orders.see", gives=Tracking)
def get_tracking(call: Call, shipment_id: int) -> Tracking:
    """Where the boxes of a shipment are, as their carrier last told."""
    shipment = service.get(call.work.session, shipment_id)
    boxes = service.parcels_of(call.work.session, shipment_id)
    scans = journeys.events(call.work.session, [box.id for box in boxes])
    return Tracking(shipment_id=shipment_id, parcels=[
        Tracked(carrier=box.carrier or shipment.carrier, tracking=box.tracking, state=box.travel,
                scans=[Scan(at=one.at, state=one.state, raw=one.raw, description=one.description,
                            place=one.place) for one in scans.get(box.id, ())])
        for box in boxes])


def _label(call: Call, shipment_id: int) -> LabelBooking:
    service.get(call.work.session, shipment_id)
    found = bookings.newest_of_shipment(call.work.session, shipment_id)
    if found is None:
        raise NotFound("There is no such label.")
    return found


def _file(call: Call, shipment_id: int, kind: str, mime: str) -> Response:
    booking = _label(call, shipment_id)
    if kind not in booking.files or bookings.is_taken_back(booking):
        raise NotFound("This label is not there in this form.")
    path = call.oms.works.ports["files"].path(booking.files[kind])
    return Response(path.read_bytes(), mimetype=mime)


def _answer(one: LabelBooking) -> Label:
    return Label(
        id=one.id, order_id=one.order_id, shipment_id=one.shipment_id, state=one.state,
        carrier=one.carrier, service=one.service, tracking=list(one.tracking),
        price=None if one.price is None else money(one.price, one.currency),
        currency=one.currency, why=one.why, ready="pdf_a6" in one.files,
        created_at=one.created_at, confirmed_at=one.confirmed_at)
