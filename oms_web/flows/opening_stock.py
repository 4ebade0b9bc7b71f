"""Units that were there before the books began: received once, so that a history can be told."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert, select

from oms_web.core.keys import take_keys
from oms_web.core.work import Work
from oms_web.domain.stock import documents, reasons, service
from oms_web.domain.stock.models import Location, Move, StockDocumentLine

REASON = "opening"


def receive(
    work: Work, wanted: Mapping[int, int], *, key: str, reference: str, top_up: bool = True
) -> int:
    """Put opening units on the default shelf; how many.

    Args:
        wanted: variant -> units there should be.
        key: names the occasion; a variant that had units on it before gets none again.
        top_up: only what is missing to ``wanted`` free units is put there.
    """
    causes = {variant: f"opening:{key}:{variant}" for variant in sorted(wanted)}
    done = set(work.session.scalars(select(Move.cause).where(Move.cause.in_(causes.values()))))
    fresh = [variant for variant, cause in causes.items() if cause not in done]
    free = service.free_units(work.session, fresh) if top_up else {}
    units = {v: wanted[v] - free.get(v, 0) for v in fresh if wanted[v] > free.get(v, 0)}
    if not units:
        return 0
    place = service.default_bin(work.session)
    warehouse_id = work.session.scalar(select(Location.warehouse_id).where(Location.id == place))
    document_id = documents.start(work, documents.CORRECTION, warehouse_id or 0, reason=REASON,
                                  reference=reference)
    keys = take_keys(work.session, StockDocumentLine, len(units))
    work.session.execute(insert(StockDocumentLine.__table__), [
        {"id": id_, "document_id": document_id, "variant_id": variant, "location_id": place,
         "quantity": 0, "done": count}
        for id_, (variant, count) in zip(keys, units.items(), strict=True)
    ])
    why = reasons.REASONS[REASON]
    service.move_units(work, [
        service.MoveWanted(variant, why.place, place, count, causes[variant], why.ledger,
                           document_id=document_id)
        for variant, count in units.items()
    ])
    document = documents.lock(work.session, document_id, documents.CORRECTION, "draft")
    documents.finish(work, document, "posted", units=sum(units.values()), reason=REASON)
    return sum(units.values())
