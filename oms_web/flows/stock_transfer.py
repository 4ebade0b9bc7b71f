"""Units go from one warehouse to another by road, or from one bin to the next at once.

Between warehouses: a draft says what shall go, ``send`` takes it off the shelves (free units only),
on the road it is nobody's to sell but seen as incoming, ``receive`` puts it on the other shelves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import NotNullable, select

from oms_web.core.errors import Invalid, NotAllowedNow, ShortStock
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.stock import documents, service
from oms_web.domain.stock.allocation import Take
from oms_web.domain.stock.models import COUNT, TRANSIT, Balance, Move, Reservation

KIND = documents.TRANSFER


def start(work: Work, from_id: int, to_id: int, *, reference: str = "", note: str = "") -> int:
    """Begin a transfer between two warehouses; its id.

    Raises:
        Invalid: both are the same.
    """
    if from_id == to_id:
        raise Invalid("Choose two different warehouses.", "to_warehouse_id")
    return documents.start(work, KIND, from_id, to_warehouse_id=to_id, reference=reference,
                           note=note)


def add(
    work: Work, document_id: int, variant_id: int, units: int = 1, location_id: int | None = None
) -> int:
    """Put units on the draft, on top of those there are; how many there are now."""
    document = documents.lock(work.session, document_id, KIND, "draft")
    documents.stocked_variant(work.session, variant_id)
    if location_id is None:
        place = documents.usual_bin(work.session, document.warehouse_id, variant_id)
    else:
        place = documents.bin_of(work.session, location_id, document.warehouse_id).id
    line = documents.line_at(work.session, document_id, variant_id, place)
    quantity = documents.check_units((line.quantity if line else 0) + units)
    documents.put_line(work.session, document_id, variant_id, place, {"quantity": quantity})
    return quantity


def set_line(work: Work, document_id: int, line_id: int, units: int) -> None:
    """Correct a line of the draft; no units take it out."""
    documents.lock(work.session, document_id, KIND, "draft")
    documents.check_units(units)
    if units == 0:
        documents.drop_line(work.session, document_id, line_id)
    elif any(line.id == line_id for line in documents.lines(work.session, document_id)):
        documents.set_line(work.session, line_id, quantity=units)


def send(work: Work, document_id: int) -> int:
    """Take the units off their shelves; how many. A sent transfer again is quiet.

    Raises:
        NotAllowedNow: nothing is on it, or it is received or cancelled.
        ShortStock: a bin has fewer free units than shall go; says which.
    """
    document = documents.lock(work.session, document_id, KIND, "draft", "sent")
    if document.state == "sent":
        return 0
    lines = [line for line in documents.lines(work.session, document_id) if line.quantity]
    if not lines:
        raise NotAllowedNow("There is nothing on this transfer yet.")
    _refuse_short(work, lines)
    service.move_units(work, [
        service.MoveWanted(line.variant_id, line.location_id, TRANSIT, line.quantity,
                           f"transfer:{document_id}:sent:{line.id}", "transfer",
                           document_id=document_id)
        for line in lines
    ])
    units = sum(line.quantity for line in lines)
    documents.finish(work, document, "sent", units=units)
    return units


def receive(
    work: Work, document_id: int, counts: Mapping[int, int], location_id: int | None = None
) -> bool:
    """Put arrived units on the shelves of the other warehouse; True once all have arrived.

    Args:
        counts: line -> units that have arrived *altogether*, so the same told again moves nothing.
        location_id: the bin they go to; without one, where each SKU lies already.

    Raises:
        Invalid: more than were sent, or fewer than arrived before.
        NotAllowedNow: the transfer is not on the road.
    """
    document = documents.lock(work.session, document_id, KIND, "sent", "posted")
    to_id = document.to_warehouse_id or 0
    if location_id is not None:
        documents.bin_of(work.session, location_id, to_id)
    moves = []
    lines = documents.lines(work.session, document_id)
    for line in lines:
        arrived = counts.get(line.id, line.done)
        if not line.done <= arrived <= line.quantity:
            raise Invalid("From %(done)s to %(sent)s units can have arrived.", f"line-{line.id}",
                          done=line.done, sent=line.quantity)
        if arrived == line.done:
            continue
        place = location_id or documents.usual_bin(work.session, to_id, line.variant_id)
        moves.append(service.MoveWanted(
            line.variant_id, TRANSIT, place, arrived - line.done,
            f"transfer:{document_id}:received:{line.id}:{line.done}", "transfer",
            document_id=document_id,
        ))
        documents.set_line(work.session, line.id, done=arrived)
    if moves:
        if document.state == "posted":
            raise NotAllowedNow("This document is posted: it cannot be changed any more.")
        service.move_units(work, moves)
    complete = all(counts.get(line.id, line.done) == line.quantity for line in lines)
    if complete and document.state == "sent":
        documents.finish(work, document, "posted", units=sum(line.quantity for line in lines))
    return complete


def close(work: Work, document_id: int, note: str) -> int:
    """Give up what never arrived: the ledger loses it, with a word why; how many units.

    Raises:
        Invalid: no word was given.
        NotAllowedNow: the transfer is not on the road.
    """
    documents.lock(work.session, document_id, KIND, "sent")
    if not note.strip():
        raise Invalid("Say what happened to the missing units.", "note")
    return _end(work, document_id, note, lambda line: COUNT, "correction")


def bring_back(work: Work, document_id: int) -> int:
    """What is still on the road goes back to the bins it came from; how many units."""
    return _end(work, document_id, "", lambda line: line.location_id, "transfer")


def _end(
    work: Work, document_id: int, note: str, place: Callable[[documents.Line], int], reason: str
) -> int:
    document = documents.lock(work.session, document_id, KIND, "sent")
    lines = documents.lines(work.session, document_id)
    missing = [line for line in lines if line.done < line.quantity]
    service.move_units(work, [
        service.MoveWanted(line.variant_id, TRANSIT, place(line), line.quantity - line.done,
                           f"transfer:{document_id}:ended:{line.id}", reason,
                           document_id=document_id, note=note.strip() or None)
        for line in missing
    ])
    units = sum(line.quantity - line.done for line in missing)
    if note.strip():
        document.note = f"{document.note}\n{note.strip()}".strip()
    documents.finish(work, document, "posted", missing=units)
    return units


def cancel(work: Work, document_id: int) -> None:
    """Give a draft up."""
    documents.cancel(work, document_id, KIND)


def move_between_bins(
    work: Work, variant_id: int, from_id: int, to_id: int, units: int, *, key: str
) -> None:
    """Carry units to another bin of the same warehouse. Promises follow when free units are few.

    Args:
        key: makes this act one of a kind; the same key again moves nothing.

    Raises:
        Invalid: the same bin, another warehouse, or more units than there are.
        NotAllowedNow: promised units are on a pick list that sends pickers to the old bin, or
            would go to a bin that nothing is sold from.
    """
    cause = f"bin:{key}"
    if work.session.scalar(select(Move.id).where(Move.cause == cause)):
        return
    documents.check_units(units, "units", least=1)
    documents.stocked_variant(work.session, variant_id)
    source = documents.bin_of(work.session, from_id)
    target = documents.bin_of(work.session, to_id, source.warehouse_id)
    if source.id == target.id:
        raise Invalid("Choose another bin.", "to_id")
    held = work.session.execute(
        select(Balance.on_hand, Balance.reserved)
        .where(Balance.variant_id == variant_id, Balance.location_id == from_id).with_for_update()
    ).one_or_none()
    on_hand, reserved = held if held else (0, 0)
    if units > on_hand:
        raise Invalid("There are only %(units)s units in this bin.", "units", units=on_hand)
    promised = max(0, units - (on_hand - reserved))
    following = _following(work, variant_id, from_id, promised, target.sellable)
    ends = _expiries(work, following)
    service.release(work, following, announce=False)
    service.move_units(work, [service.MoveWanted(variant_id, from_id, to_id, units, cause,
                                                 "transfer")])
    _promise_again(work, following, to_id, ends)
    audit.record(work, "stock.move", "variant", variant_id,
                 {"bin": [source.code, target.code], "units": [None, units]})


def _following(
    work: Work, variant_id: int, from_id: int, units: int, sellable: bool
) -> list[tuple[service.Promise, int]]:
    """The promises that have to go along, those on no pick list."""
    if units == 0:
        return []
    if not sellable:
        raise NotAllowedNow("%(units)s of these units are reserved for orders.", units=units)
    picked = set(work.session.scalars(
        select(PickTask.line_id).join(PickList, PickList.id == PickTask.pick_list_id)
        .where(PickTask.variant_id == variant_id, PickTask.location_id == from_id,
               PickList.state != "cancelled")
    ))
    following = []
    for promise in service.promises_at(work.session, (variant_id, from_id)):
        if promise.demand_id in picked or units == 0:
            continue
        some = min(units, promise.quantity)
        following.append((promise, some))
        units -= some
    if units:
        raise NotAllowedNow("%(units)s of these units are being picked for orders.", units=units)
    return following


def _expiries(
    work: Work, following: Sequence[tuple[service.Promise, int]]
) -> dict[int, datetime]:
    """When those of the promises end that do: reservation -> moment."""
    rows = work.session.execute(
        select(Reservation.id, NotNullable(Reservation.expires_at))
        .where(Reservation.id.in_([promise.id for promise, _ in following]),
               Reservation.expires_at.is_not(None))
    )
    return {id_: moment for id_, moment in rows}


def _promise_again(
    work: Work, following: Sequence[tuple[service.Promise, int]], to_id: int,
    ends: Mapping[int, datetime],
) -> None:
    """Promise the carried units from their new bin, for as long as they were promised."""
    for kind in sorted({promise.demand_kind for promise, _ in following}):
        mine = [(promise, units) for promise, units in following if promise.demand_kind == kind]
        service.reserve(
            work, kind,
            [Take(promise.demand_id, promise.variant_id, to_id, units) for promise, units in mine],
            {promise.demand_id: ends[promise.id] for promise, _ in mine if promise.id in ends},
            announce=False,
        )


def _refuse_short(work: Work, lines: Sequence[documents.Line]) -> None:
    """Name the first SKU that has too few free units, before anything moves."""
    rows = work.session.execute(
        select(Balance.variant_id, Balance.location_id, Balance.on_hand - Balance.reserved)
        .where(Balance.variant_id.in_([line.variant_id for line in lines]))
    )
    free = {(variant_id, location_id): units for variant_id, location_id, units in rows}
    for line in lines:
        units = free.get((line.variant_id, line.location_id), 0)
        if units < line.quantity:
            sku = catalog.skus(work.session, [line.variant_id])[line.variant_id]
            raise ShortStock("%(sku)s: %(wanted)s units shall go, %(free)s are free in this bin.",
                             sku=sku, wanted=line.quantity, free=units)
