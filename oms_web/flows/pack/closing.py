"""A complete parcel closes: when its notes are read, when it was weighed, when all is well."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.fulfilment import closing, weighing
from oms_web.domain.fulfilment import scan as scans
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.orders.events import ParcelClosed
from oms_web.domain.orders.models import Note, OrderLine
from oms_web.domain.orders.reserving import line_parts
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import bench, planning, weights
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.events import ShipmentPacked
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.flows.pack import trouble

_STEP_SAYS = {
    closing.NOTE: "Confirm the note first.",
    closing.WEIGHT: "Weigh the parcel first.",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a scale's reading came to. ``off``: nothing was kept, a reason is wanted."""

    position: int
    measured_g: int
    expected_g: int | None
    off: bool = False
    closed: bool = False


def next_step(session: Session, shipment: Shipment) -> str:
    """What stands before the closing of a parcel: a step of ``closing``, or nothing."""
    needs = bench.needs(session, shipment.id)
    if not scans.complete(needs):
        return ""
    return closing.next_step(
        True, fulfilment.unread_notes(session, shipping.owners(session, shipment), shipment.id),
        len(unweighed(session, shipment.id)), weighs(session))


def weighs(session: Session) -> bool:
    """Whether this shop weighs its parcels."""
    return bool(session.scalar(select(Company.weighs).where(Company.id == 1)))


def unweighed(session: Session, shipment_id: int) -> list[Parcel]:
    """The boxes no scale was read for, first to last."""
    return [one for one in shipping.parcels_of(session, shipment_id) if not one.weighed_by]


def close_when_ready(work: Work, shipment: Shipment) -> bool:
    """Close a parcel unless something stands before it; whether it closed."""
    if not scans.complete(bench.needs(work.session, shipment.id)):
        return False
    shipping.drop_empty_parcels(work, shipment, inside(work, shipment))
    if next_step(work.session, shipment):
        return False
    seal(work, shipment)
    return True


def close(work: Work, shipment_id: int) -> bool:
    """Close a parcel that is complete; False when it is closed already.

    Raises:
        NotAllowedNow: something is not in it yet, a note is not confirmed, it was not weighed, or
            its order may not go on.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE)
    if shipment.state == shipping.PACKED:
        return False
    _untroubled(work, shipment)
    if not scans.complete(bench.needs(work.session, shipment_id)):
        raise NotAllowedNow("Not everything is in the parcel yet.")
    if not close_when_ready(work, shipment):
        raise NotAllowedNow(_STEP_SAYS[next_step(work.session, shipment)])
    return True


def _untroubled(work: Work, shipment: Shipment) -> None:
    shipping.lock_owners(work, shipment)
    if trouble.find(work.session, shipment) is not None:
        raise NotAllowedNow("Something happened to this order. Look at it first.")


def confirm_note(work: Work, shipment_id: int, note_id: int) -> bool:
    """The packer has read a note; whether the parcel closed by that. Again, it changes nothing.

    Raises:
        NotFound: no such note on this order.
        NotAllowedNow: the parcel is closed, or its order may not go on.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE)
    note = work.session.get(Note, note_id)
    inside_it = shipping.owners(work.session, shipment)
    if note is None or note.order_id not in inside_it or not note.for_packer:
        raise NotFound("There is no such note.")
    if shipment.state == shipping.PACKED:
        return False
    _untroubled(work, shipment)
    if fulfilment.confirm_note(work, note_id, shipment_id):
        audit.record(work, "packing.note", "shipment", shipment_id, order_id=note.order_id,
                     note=note.text[:200])
    return close_when_ready(work, shipment)


def weigh(work: Work, shipment_id: int, measured_g: int, reason: str = "") -> Weighed:
    """A scale was read for the next box without a weight.

    A weight that is off is kept only with a reason, which is written down.

    Args:
        reason: a key of ``weighing.REASONS``, or words.

    Raises:
        NotAllowedNow: the parcel is closed or not complete, a note comes first, all its boxes are
            weighed, or its order may not go on.
        Invalid: no weight a parcel can have.
    """
    shipment = shipping.lock(work.session, shipment_id, shipping.PACKING)
    _untroubled(work, shipment)
    if not 0 < measured_g <= weighing.HEAVIEST_G:
        raise Invalid("A parcel weighs between 1 g and 1000 kg.", "weight")
    if not scans.complete(bench.needs(work.session, shipment_id)):
        raise NotAllowedNow("Not everything is in the parcel yet.")
    within = inside(work, shipment)
    shipping.drop_empty_parcels(work, shipment, within)
    step = next_step(work.session, shipment)
    if step == closing.NOTE:
        raise NotAllowedNow(_STEP_SAYS[step])
    box = next(iter(unweighed(work.session, shipment_id)), None)
    if box is None:
        raise NotAllowedNow("Every box of this parcel is weighed.")
    company = work.session.get(Company, 1) or Company(packaging_g=0, tolerance_g=0, tolerance_pct=0)
    expected = weights.expected(work.session, within[box.position],
                                planning.packaging_g(work.session, shipment))
    tolerance = weighing.Tolerance(company.tolerance_g, company.tolerance_pct)
    reason = " ".join(reason.split())[:weighing.LONGEST_REASON]
    off = weighing.is_off(expected, measured_g, tolerance)
    if off and not reason:
        return Weighed(box.position, measured_g, expected, off=True)
    box.weight_g, box.expected_g, box.weighed_by = measured_g, expected, work.actor.name
    box.weight_reason = reason if off else ""
    audit.record(work, "packing.weigh", "shipment", shipment_id, {
        "weight": [None, measured_g], "expected_g": [None, expected],
        **({"reason": [None, reason]} if off else {}),
    }, order_id=shipment.order_id)
    work.session.flush()
    closed = close_when_ready(work, shipment)
    return Weighed(box.position, measured_g, expected, closed=closed)


def seal(work: Work, shipment: Shipment) -> None:
    """The parcel is complete: weigh it up, write who packed it, move its orders on."""
    within = inside(work, shipment)
    shipping.drop_empty_parcels(work, shipment, within)
    weights.estimate(work, shipment, within)
    shipment.packed_by, shipment.packed_at = work.actor.name, work.now
    shipping.set_state(work, shipment, shipping.PACKED, note=shipment.station)
    shipping.tell_orders(work, shipment)
    work.announce(ShipmentPacked(shipment.id))
    if printers.prints_by_itself(work.session, shipment.station):
        work.announce(ParcelClosed(shipment.id, int(work.now.timestamp())))


def inside(work: Work, shipment: Shipment) -> dict[int, Counter[int]]:
    """What went into each parcel, bundles as their parts: position -> variant -> units.

    With a single parcel everything is in it, scanned or not.
    """
    session = work.session
    lines = shipping.lines_of(session, shipment.id)
    boxes = shipping.parcels_of(session, shipment.id)
    if len(boxes) == 1:
        everything: Counter[int] = Counter()
        for line in lines:
            everything[line.variant_id] += line.quantity
        return {boxes[0].position: everything}
    made_of = line_parts(session, [
        session.get_one(OrderLine, line_id) for line_id in {line.line_id for line in lines}
    ])
    sets = {
        session.get_one(OrderLine, line_id).variant_id: parts for line_id, parts in made_of.items()
        if len(parts) > 1 or parts[0][1] > 1
    }
    found: dict[int, Counter[int]] = {}
    for position, scanned in fulfilment.scanned_into(session, shipment.id).items():
        found[position] = Counter()
        for variant, times in scanned.items():
            for part, per_unit in sets.get(variant, ((variant, 1),)):
                found[position][part] += per_unit * times
    return found
