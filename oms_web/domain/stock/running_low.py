"""SKUs that run low: fewer units are free than their minimum. Said once, until there are enough.

Looked at a moment after free units, a minimum or the SKU itself changed, by a task. The rows of the
variants are locked first, so of two that look at once the second sees what the first one saw, or
something newer: what is said last is true.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock.models import LowStock
from oms_web.domain.stock.service import free_units


def look(work: Work, variant_ids: Collection[int]) -> list[int]:
    """Keep in step which of these variants run low; those that do so only now (and were told of).

    A bundle lies nowhere: its parts run low. What is out of use never does.
    """
    session = work.session
    rows = session.execute(
        select(Variant.id, Variant.minimum, Variant.is_bundle, Variant.archived_at)
        .where(Variant.id.in_(sorted(variant_ids))).order_by(Variant.id)
        .with_for_update(key_share=True)
    ).all()
    minima = {row.id: row.minimum for row in rows
              if row.minimum > 0 and not row.is_bundle and row.archived_at is None}
    free = free_units(session, minima)
    low = {id_ for id_, minimum in minima.items() if free[id_] < minimum}
    known = set(session.scalars(
        select(LowStock.variant_id).where(LowStock.variant_id.in_(sorted(variant_ids)))))
    enough, fresh = known - low, sorted(low - known)
    if enough:
        session.execute(delete(LowStock).where(LowStock.variant_id.in_(sorted(enough))))
    if fresh:
        session.execute(upsert(session, LowStock).on_conflict_do_nothing(),
                        [{"variant_id": id_, "since": work.now} for id_ in fresh])
        audit.record_many(work, [
            audit.entry(work, "stock.low", "variant", id_,
                        {"free": [None, free[id_]], "minimum": [None, minima[id_]]})
            for id_ in fresh])
    return fresh


def count(session: Session, most: int) -> tuple[int, datetime | None]:
    """How many SKUs run low, counted to ``most`` + 1 at most, and since when the first of them."""
    some = select(LowStock.since).order_by(LowStock.since).limit(most + 1).subquery()
    n, since = session.execute(select(func.count(), func.min(some.c.since))).one()
    return n, since
