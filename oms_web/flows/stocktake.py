"""What is really on the shelves is counted, and the ledger is put right by the difference.

Counting does not stop the warehouse. Each count is compared with what the ledger says *at that
moment*, less what pickers have taken off the shelf for orders that have not left. So what is sold,
received or picked after the count changes nothing about the difference that was found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.orders.losing import lose_units
from oms_web.domain.orders.reserving import KIND as LINE
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.stock import documents, recounts, service
from oms_web.domain.stock.models import (
    COUNT,
    Balance,
    Location,
    Move,
    Reservation,
    StockDocumentLine,
)

KIND = documents.STOCKTAKE

Place = tuple[int, int]  # (variant, bin) or (order line, variant)


@dataclass(frozen=True, slots=True)
class Counted:
    """A line after a count: what was found, what should be there, what moved meanwhile."""

    line_id: int
    done: int
    expected: int
    moved: int

    @property
    def difference(self) -> int:
        """Units too many (plus) or missing (minus)."""
        return self.done - self.expected


def start(work: Work, warehouse_id: int, note: str = "") -> int:
    """Begin a stocktake in a warehouse; its id. Bins join it as they are counted."""
    return documents.start(work, KIND, warehouse_id, note=note)


def count(
    work: Work, document_id: int, location_id: int, variant_id: int, units: int = 1,
    *, afresh: bool = False,
) -> Counted:
    """Note units found in a bin: on top of those found before, or ``afresh`` instead of them.

    Raises:
        NotAllowedNow: the stocktake is posted or cancelled.
        Invalid: a bundle, or no believable number.
        NotFound: the bin is not in this warehouse.
    """
    document = documents.lock(work.session, document_id, KIND, "draft")
    documents.stocked_variant(work.session, variant_id)
    documents.bin_of(work.session, location_id, document.warehouse_id)
    before = documents.line_at(work.session, document_id, variant_id, location_id)
    if before is None or afresh:
        done, head = units, _head(work.session)
    else:
        done, head = before.done + units, before.last_move_id or 0
    documents.check_units(done, "units")
    expected = expected_at(work.session, location_id, [variant_id])[variant_id]
    line_id = documents.put_line(work.session, document_id, variant_id, location_id, {
        "quantity": expected, "done": done, "last_move_id": head,
    })
    moved = moved_since(work.session, (variant_id, location_id), head)
    return Counted(line_id, done, expected, moved)


def bins_holding(session: Session, warehouse_id: int, variant_id: int) -> list[tuple[int, str]]:
    """The bins of a warehouse where a SKU lies by the ledger: (bin, code), in walking order."""
    rows = session.execute(
        select(Location.id, Location.code).join(Balance, Balance.location_id == Location.id)
        .where(Balance.variant_id == variant_id, Balance.on_hand > 0,
               Location.warehouse_id == warehouse_id, Location.kind == "bin", Location.active)
        .order_by(Location.path_order, Location.code)
    )
    return [(place, code) for place, code in rows]


def drop(work: Work, document_id: int, line_id: int) -> None:
    """Forget what was counted of one SKU in one bin."""
    documents.lock(work.session, document_id, KIND, "draft")
    documents.drop_line(work.session, document_id, line_id)


def count_rest_as_none(work: Work, document_id: int, location_id: int) -> int:
    """Whatever should lie in this bin and was not found is counted as none; how many SKUs."""
    document = documents.lock(work.session, document_id, KIND, "draft")
    documents.bin_of(work.session, location_id, document.warehouse_id)
    rest = uncounted(work.session, document_id, location_id)
    expected = expected_at(work.session, location_id, rest)
    head = _head(work.session)
    for variant_id in rest:
        documents.put_line(work.session, document_id, variant_id, location_id, {
            "quantity": expected[variant_id], "done": 0, "last_move_id": head,
        })
    return len(rest)


def uncounted(session: Session, document_id: int, location_id: int) -> list[int]:
    """SKUs that the ledger has in a bin and nobody counted there yet."""
    counted = {line.variant_id for line in documents.lines(session, document_id)
               if line.location_id == location_id}
    there = session.scalars(
        select(Balance.variant_id)
        .where(Balance.location_id == location_id, Balance.on_hand > 0)
        .order_by(Balance.variant_id)
    )
    return [variant_id for variant_id in there if variant_id not in counted]


def post(work: Work, document_id: int) -> tuple[int, set[int]]:
    """Write the differences into the ledger. A posted stocktake again is quiet.

    Returns:
        How many places differed, and the orders that lost reserved units by it.

    Raises:
        NotAllowedNow: nothing was counted; or so much left a place since it was counted that the
            difference cannot be right: it has to be counted again.
    """
    document = documents.lock(work.session, document_id, KIND, "draft", "posted")
    if document.state == "posted":
        return 0, set()
    lines = documents.lines(work.session, document_id)
    if not lines:
        raise NotAllowedNow("Nothing has been counted yet.")
    _refuse_impossible(work.session, lines)
    differing = [line for line in lines if line.done != line.quantity]
    surplus = [_move(line, COUNT, line.location_id, document_id)
               for line in differing if line.done > line.quantity]
    missing = [_move(line, line.location_id, COUNT, document_id)
               for line in differing if line.done < line.quantity]
    recounts.counted(work, {(line.variant_id, line.location_id) for line in lines})
    service.move_units(work, surplus)
    lost = lose_units(work, missing, _in_baskets(work.session, missing)) if missing else set()
    replanning.follow(work, lost)
    documents.finish(
        work, document, "posted", counted=len(lines), differing=len(differing),
        surplus=sum(move.quantity for move in surplus),
        missing=sum(move.quantity for move in missing),
    )
    return len(differing), lost


def cancel(work: Work, document_id: int) -> None:
    """Throw the counts away."""
    documents.cancel(work, document_id, KIND)


def expected_at(
    session: Session, location_id: int, variant_ids: Collection[int]
) -> dict[int, int]:
    """What should lie in a bin now: the ledger less what was picked and has not left yet."""
    ids = list(variant_ids)
    rows = session.execute(
        select(Balance.variant_id, Balance.on_hand)
        .where(Balance.location_id == location_id, Balance.variant_id.in_(ids))
    )
    held = {variant_id: on_hand for variant_id, on_hand in rows}
    away: dict[int, int] = defaultdict(int)
    for (_, variant_id), units in off_shelf(session, location_id, ids).items():
        away[variant_id] += units
    return {id_: max(0, held.get(id_, 0) - away[id_]) for id_ in ids}


def off_shelf(
    session: Session, location_id: int, variant_ids: Collection[int]
) -> dict[tuple[int, int], int]:
    """Units that the ledger has in a bin but that lie in a basket or a parcel already.

    By (order line, variant): the more of what was picked and has not left, and what is packed;
    never more than what is promised here (cancelled units were put back or will be).
    """
    ids = list(variant_ids)
    picked = _per_line(session.execute(
        select(PickTask.line_id, PickTask.variant_id, func.sum(PickTask.picked))
        .join(PickList, PickList.id == PickTask.pick_list_id)
        .join(Reservation, (Reservation.demand_kind == LINE)
              & (Reservation.demand_id == PickTask.line_id)
              & (Reservation.variant_id == PickTask.variant_id)
              & (Reservation.location_id == PickTask.location_id))
        .where(PickTask.location_id == location_id, PickTask.variant_id.in_(ids),
               PickList.state != "cancelled")
        .group_by(PickTask.line_id, PickTask.variant_id)
    ))
    left = _shipped(session, location_id, ids, gone=True)
    packed = _shipped(session, location_id, ids, gone=False)
    promised = _per_line(session.execute(
        select(Reservation.demand_id, Reservation.variant_id, Reservation.quantity)
        .where(Reservation.demand_kind == LINE, Reservation.location_id == location_id,
               Reservation.variant_id.in_(ids))
    ))
    baskets = {
        key: min(units, max(picked.get(key, 0) - left.get(key, 0), packed.get(key, 0)))
        for key, units in promised.items()
    }
    return {key: units for key, units in baskets.items() if units > 0}


def _shipped(
    session: Session, location_id: int, variant_ids: Collection[int], *, gone: bool
) -> dict[Place, int]:
    """Units in parcels: those that left, or those that are packed and still here."""
    units = ShipmentLine.quantity if gone else ShipmentLine.packed
    left = Shipment.state.in_(("shipped", "delivered", "undelivered"))
    here = Shipment.state.in_(("packing", "packed"))
    return _per_line(session.execute(
        select(ShipmentLine.line_id, ShipmentLine.variant_id, func.sum(units))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Reservation, (Reservation.demand_kind == LINE)
              & (Reservation.demand_id == ShipmentLine.line_id)
              & (Reservation.variant_id == ShipmentLine.variant_id)
              & (Reservation.location_id == ShipmentLine.location_id))
        .where(ShipmentLine.location_id == location_id, ShipmentLine.variant_id.in_(variant_ids),
               left if gone else here)
        .group_by(ShipmentLine.line_id, ShipmentLine.variant_id)
    ))


def _per_line(rows: Iterable[Any]) -> dict[Place, int]:
    return {(line_id, variant_id): int(units or 0) for line_id, variant_id, units in rows}


def moved_since(session: Session, place: Place, move_id: int) -> int:
    """How many units came to (plus) or left (minus) a place after a point in the ledger."""
    variant_id, location_id = place
    delta = case((Move.to_id == location_id, Move.quantity), else_=-Move.quantity)
    return int(session.scalar(
        select(func.coalesce(func.sum(delta), 0))
        .where(Move.variant_id == variant_id, Move.id > move_id,
               or_(Move.to_id == location_id, Move.from_id == location_id))
    ) or 0)


def moved_meanwhile(
    session: Session, document_id: int, location_id: int | None = None
) -> dict[int, int]:
    """What came to or left the places of lines since each was begun: line -> units, if any."""
    line = StockDocumentLine
    delta = case((Move.to_id == line.location_id, Move.quantity), else_=-Move.quantity)
    query = (
        select(line.id, func.sum(delta))
        .join(Move, (Move.variant_id == line.variant_id) & (Move.id > line.last_move_id)
              & or_(Move.to_id == line.location_id, Move.from_id == line.location_id))
        .where(line.document_id == document_id).group_by(line.id)
    )
    if location_id is not None:
        query = query.where(line.location_id == location_id)
    return {line_id: int(units) for line_id, units in session.execute(query) if units}


def _head(session: Session) -> int:
    return session.scalar(select(func.max(Move.id))) or 0


def _in_baskets(session: Session, moves: Iterable[service.MoveWanted]) -> set[int]:
    """The order lines whose units are off the shelf already: their promises give way last."""
    by_bin: dict[int, list[int]] = defaultdict(list)
    for move in moves:
        by_bin[move.from_id].append(move.variant_id)
    return {
        line_id for location_id, ids in by_bin.items()
        for line_id, _ in off_shelf(session, location_id, ids)
    }


def _move(
    line: documents.Line, from_id: int, to_id: int, document_id: int
) -> service.MoveWanted:
    return service.MoveWanted(
        line.variant_id, from_id, to_id, abs(line.done - line.quantity),
        f"count:{document_id}:{line.id}", "count", document_id=document_id,
    )


def _refuse_impossible(session: Session, lines: list[documents.Line]) -> None:
    ids = {line.variant_id for line in lines}
    rows = session.execute(
        select(Balance.variant_id, Balance.location_id, Balance.on_hand)
        .where(Balance.variant_id.in_(ids))
    )
    held = {(variant_id, location_id): on_hand for variant_id, location_id, on_hand in rows}
    for line in lines:
        if held.get((line.variant_id, line.location_id), 0) + line.done - line.quantity < 0:
            sku = catalog.skus(session, [line.variant_id])[line.variant_id]
            raise NotAllowedNow(
                "%(sku)s: more units left this bin since you counted than you found. "
                "Count it again.", sku=sku,
            )
