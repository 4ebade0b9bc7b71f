"""Parcels that travel towards us, and the cases they belong to.

Two kinds: a parcel of ours that nobody took and that its carrier brings back, and the one a buyer
sends by a label that we bought. What a carrier says moves goods of a case on their way, never
further: that they are *here*, only the bench knows.
"""

from __future__ import annotations

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import service as orders
from oms_web.domain.returns import intake, kinds, queries, service, tracks
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import boxes, journeys
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking


def comes_back(work: Work, shipment_id: int) -> list[int]:
    """A parcel of ours is on its way back: each order in it gets its case, or an open one of it
    that expects goods is taken along. Said again it changes nothing; the cases.

    Raises:
        NotFound: there is no such shipment.
    """
    shipment = shipping.get(work.session, shipment_id)
    parcels = [{"carrier": one.carrier, "tracking": one.tracking}
               for one in shipping.parcels_of(work.session, shipment_id) if one.tracking]
    box = parcels[0]["tracking"] if parcels else ""
    found = []
    for order_id in boxes.owners(work.session, shipment):
        order = orders.lock_order(work.session, order_id)
        known = _of_shipment(work, order_id, shipment_id)
        if known is None:
            lines = orders.order_lines(work.session, order_id)
            known, _ = service.open_case(work, order, lines, Opening(
                kinds.RETURN, source="carrier", reason_code="not_collected", box=box,
                lines=intake.in_parcel(work.session, shipment_id, lines),
                goods=tracks.ON_WAY, shipment_id=shipment_id,
                form_key=f"back:{shipment_id}:{order_id}"))
        case = service.lock(work.session, known.id)
        case.shipment_id = case.shipment_id or shipment_id
        case.box = case.box or box[:80]
        case.parcels = case.parcels or parcels
        _on_way(work, case)
        found.append(case.id)
    return found


def _of_shipment(work: Work, order_id: int, shipment_id: int) -> Return | None:
    """The case of a parcel: the one of this very shipment, whatever became of it, else an open one
    whose goods nobody has sent yet.
    """
    mine = queries.of_order(work.session, order_id)
    return next((one for one in mine if one.shipment_id == shipment_id
                 and one.reason_code == "not_collected"), None) or next(
        (one for one in mine if one.phase not in tracks.ENDED and one.goods == tracks.EXPECTED
         and one.kind != kinds.COMPLAINT and not one.parcels), None)


def follows(work: Work, booking_id: int) -> bool:
    """Let a case follow the parcel of its return label; False when that changes nothing.

    Raises:
        NotFound: the case is gone.
    """
    booking = work.session.get(LabelBooking, booking_id)
    if booking is None or booking.case_id is None:
        return False
    orders.lock_order(work.session, booking.order_id)
    case = service.lock(work.session, booking.case_id)
    number = str(booking.tracking[0]) if booking.tracking else ""
    if number and number not in {one.get("tracking") for one in case.parcels}:
        case.parcels = [*case.parcels, {"carrier": booking.carrier, "tracking": number}]
    if booking.travel in (*journeys.UNDER_WAY, journeys.EXCEPTION, journeys.DELIVERED):
        return _on_way(work, case)
    work.session.flush()
    return False


def _on_way(work: Work, case: Return) -> bool:
    if case.phase in tracks.ENDED or case.goods not in (tracks.GOODS_NONE, tracks.EXPECTED):
        work.session.flush()
        return False
    before, case.goods = case.goods, tracks.ON_WAY
    audit.record(work, "returns.track", "return", case.id, {"goods": [before, tracks.ON_WAY]},
                 order_id=case.order_id)
    service.follow(work, case)
    return True
