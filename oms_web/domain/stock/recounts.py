"""Places that are to be counted, because somebody did not find there what the ledger says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import NotNullable, delete, func, select, tuple_
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock.models import Location, Recount


@dataclass(frozen=True, slots=True)
class ToCount:
    """A place to count, as screens show it. ``missing``: units somebody did not find."""

    location_id: int
    warehouse_id: int
    bin: str
    variant_id: int
    sku: str
    title: str
    missing: int
    at: datetime
    actor: str


def ask(work: Work, location_id: int, variant_id: int, missing: int) -> None:
    """Mark a place: it is to be counted. Marked again, it says the newest finding."""
    row = work.session.get(Recount, (location_id, variant_id))
    if row is None:
        row = Recount(location_id=location_id, variant_id=variant_id)
        work.session.add(row)
    row.at, row.actor, row.missing = work.now, work.actor.name, missing
    work.session.flush()
    audit.record(work, "stock.recount", "location", location_id,
                 {"variant_id": [None, variant_id], "missing": [None, missing]})


def counted(work: Work, places: Collection[tuple[int, int]]) -> None:
    """These places, (variant, bin), were counted: nobody needs to go there any more."""
    if places:
        work.session.execute(
            delete(Recount)
            .where(tuple_(Recount.variant_id, Recount.location_id).in_(sorted(places)))
            .execution_options(synchronize_session=False))


def count(session: Session) -> int:
    """How many places wait to be counted."""
    return session.scalar(select(func.count()).select_from(Recount)) or 0


def waiting(session: Session, warehouse_id: int | None = None, limit: int = 100) -> list[ToCount]:
    """Places to count in walking order; of one warehouse, or of all."""
    query = (
        select(Location.id, NotNullable(Location.warehouse_id), Location.code, Variant.id,
               Variant.sku, Variant.title, Recount.missing, Recount.at, Recount.actor)
        .join(Location, Location.id == Recount.location_id)
        .join(Variant, Variant.id == Recount.variant_id)
        .order_by(Location.warehouse_id, Location.path_order, Location.code, Variant.sku)
        .limit(limit)
    )
    if warehouse_id is not None:
        query = query.where(Location.warehouse_id == warehouse_id)
    return [ToCount(*row) for row in session.execute(query)]
