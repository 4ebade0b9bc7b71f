"""Goods come in from a supplier: scanned or typed into a draft, then posted to the ledger."""

from __future__ import annotations

from sqlalchemy import func, select

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.catalog import editing
from oms_web.domain.catalog.models import Variant
from oms_web.domain.catalog.records import check_number
from oms_web.domain.stock import documents, service
from oms_web.domain.stock.costing import average_cost
from oms_web.domain.stock.models import SUPPLIER, Balance

KIND = documents.RECEIPT


def start(
    work: Work, warehouse_id: int, *, partner: str = "", reference: str = "", note: str = ""
) -> int:
    """Begin a receipt; its id. ``reference`` is the supplier's document."""
    return documents.start(work, KIND, warehouse_id, partner=partner, reference=reference,
                           note=note)


def add(
    work: Work, document_id: int, variant_id: int, units: int = 1,
    location_id: int | None = None, unit_cost: int | None = None,
) -> int:
    """Count units as received, on top of those counted before; how many there are now.

    Without a bin they go where the SKU lies already, else to the warehouse's first bin.

    Raises:
        NotAllowedNow: the receipt is posted or cancelled.
        Invalid: a bundle, or no believable number.
    """
    document = documents.lock(work.session, document_id, KIND, "draft")
    documents.stocked_variant(work.session, variant_id)
    place = _place(work, document.warehouse_id, variant_id, location_id)
    line = documents.line_at(work.session, document_id, variant_id, place)
    done = documents.check_units((line.done if line else 0) + units)
    values: dict[str, int | None] = {"done": done}
    if unit_cost is not None:
        values["unit_cost"] = check_number(unit_cost, "cost")
    documents.put_line(work.session, document_id, variant_id, place, values)
    return done


def set_line(
    work: Work, document_id: int, line_id: int, units: int, location_id: int,
    unit_cost: int | None = None,
) -> None:
    """Correct a line of the draft; no units take it out."""
    document = documents.lock(work.session, document_id, KIND, "draft")
    line = next((x for x in documents.lines(work.session, document_id) if x.id == line_id), None)
    if line is None:
        return
    documents.check_units(units)
    place = documents.bin_of(work.session, location_id, document.warehouse_id).id
    if units == 0 or place != line.location_id:
        documents.drop_line(work.session, document_id, line_id)
    if units:
        other = documents.line_at(work.session, document_id, line.variant_id, place)
        merged = units + other.done if other and other.id != line_id else units
        documents.put_line(work.session, document_id, line.variant_id, place, {
            "done": merged, "unit_cost": check_number(unit_cost, "cost"),
        })


def post(work: Work, document_id: int) -> int:
    """Put the received units on the shelves; how many. A posted receipt again is quiet.

    Raises:
        NotAllowedNow: nothing was received, or the receipt is cancelled.
    """
    document = documents.lock(work.session, document_id, KIND, "draft", "posted")
    if document.state == "posted":
        return 0
    lines = [line for line in documents.lines(work.session, document_id) if line.done]
    if not lines:
        raise NotAllowedNow("Nothing has been received yet.")
    _renew_costs(work, lines)
    service.move_units(work, [
        service.MoveWanted(line.variant_id, SUPPLIER, line.location_id, line.done,
                           f"receipt:{document_id}:{line.id}", "receipt", document_id=document_id)
        for line in lines
    ])
    units = sum(line.done for line in lines)
    documents.finish(work, document, "posted", units=units)
    return units


def cancel(work: Work, document_id: int) -> None:
    """Give a draft up."""
    documents.cancel(work, document_id, KIND)


def _place(work: Work, warehouse_id: int, variant_id: int, location_id: int | None) -> int:
    if location_id is not None:
        return documents.bin_of(work.session, location_id, warehouse_id).id
    return documents.usual_bin(work.session, warehouse_id, variant_id)


def _renew_costs(work: Work, lines: list[documents.Line]) -> None:
    """The cost of each SKU becomes the weighted average of what there was and what came in."""
    priced = [(line, line.unit_cost) for line in lines if line.unit_cost is not None]
    if not priced:
        return
    ids = {line.variant_id for line, _ in priced}
    on_hand = {id_: int(units) for id_, units in work.session.execute(
        select(Balance.variant_id, func.sum(Balance.on_hand))
        .where(Balance.variant_id.in_(ids)).group_by(Balance.variant_id)
    )}
    known = {id_: cost for id_, cost in work.session.execute(
        select(Variant.id, Variant.cost).where(Variant.id.in_(ids))
    )}
    costs: dict[int, int] = {}
    for line, unit_cost in priced:
        units = on_hand.get(line.variant_id, 0)
        costs[line.variant_id] = average_cost(
            units, costs.get(line.variant_id, known[line.variant_id]), line.done, unit_cost
        )
        on_hand[line.variant_id] = units + line.done
    editing.set_costs(work, costs)
