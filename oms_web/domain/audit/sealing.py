"""The chain over the audit trail: a hash of the entries since the last seal, and of that seal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.audit.models import AuditEntry, AuditSeal

BATCH = 5000
# Keys are given before a transaction ends, so an entry may appear late among its neighbours.
SETTLE = timedelta(minutes=2)


def digest(session: Session, before: str, from_id: int, through_id: int) -> tuple[str, int]:
    """SHA-256 over the entries from ``from_id`` through ``through_id``, and how many they are."""
    state = hashlib.sha256(before.encode())
    count = 0
    for row in _rows(session, from_id, through_id):
        state.update(json.dumps(row, sort_keys=True, default=str).encode())
        count += 1
    return state.hexdigest(), count


def _rows(session: Session, from_id: int, through_id: int) -> Iterator[list[object]]:
    rows = session.execute(
        select(AuditEntry.id, AuditEntry.at, AuditEntry.actor_kind, AuditEntry.actor_id,
               AuditEntry.actor_name, AuditEntry.act, AuditEntry.subject, AuditEntry.subject_id,
               AuditEntry.order_id, AuditEntry.change, AuditEntry.note)
        .where(AuditEntry.id >= from_id, AuditEntry.id <= through_id).order_by(AuditEntry.id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        yield list(row)


def seal(work: Work) -> int:
    """Seal what is not sealed yet, at most ``BATCH`` entries; how many were."""
    session = work.session
    last = session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
    from_id = last.through_id + 1 if last else 1
    ids = session.scalars(
        select(AuditEntry.id)
        .where(AuditEntry.id >= from_id, AuditEntry.at < work.now - SETTLE)
        .order_by(AuditEntry.id).limit(BATCH)
    ).all()
    if not ids:
        return 0
    value, count = digest(session, last.digest if last else "", from_id, ids[-1])
    row = AuditSeal(at=work.now, from_id=from_id, through_id=ids[-1], entries=count, digest=value)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another clock sealed them meanwhile
        return 0
    return count


def broken_seals(session: Session) -> list[int]:
    """Seals that no longer fit the entries they cover: somebody altered the trail."""
    broken, before = [], ""
    for row in session.scalars(select(AuditSeal).order_by(AuditSeal.id)):
        value, count = digest(session, before, row.from_id, row.through_id)
        if (value, count) != (row.digest, row.entries):
            broken.append(row.id)
        before = row.digest
    return broken
