"""Looking bulk changes up: the newest of somebody, a page of them, how far one is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.claims import Task
from oms_web.domain.automation.models import Batch, BatchRow

PEOPLE = "user"


def newest(session: Session, user_id: int, since: datetime, behind: int = 0) -> Batch | None:
    """The last change a person asked for that runs still or was asked since a moment.

    Args:
        behind: only changes with a higher number: the others were put away.
    """
    return session.scalar(
        select(Batch).where(Batch.asked_kind == PEOPLE, Batch.asked_id == user_id,
                            Batch.id > behind,
                            or_(Batch.asked_at >= since, Batch.ended_at.is_(None)))
        .order_by(Batch.id.desc()).limit(1))


def page(session: Session, user_id: int | None, before: int | None, size: int) -> Sequence[Batch]:
    """Changes, the newest first: of one person, or of everybody."""
    query = select(Batch).order_by(Batch.id.desc()).limit(size)
    if user_id is not None:
        query = query.where(Batch.asked_kind == PEOPLE, Batch.asked_id == user_id)
    if before is not None:
        query = query.where(Batch.id < before)
    return session.scalars(query).all()


def left(session: Session, batch_id: int) -> int:
    """How many orders of a change wait still."""
    return session.scalar(
        select(func.count()).select_from(BatchRow)
        .where(BatchRow.batch_id == batch_id, BatchRow.state == "waiting")) or 0


def can_go_back(session: Session, batch: Batch) -> bool:
    """Whether something of a change can be taken back, and was not yet."""
    if batch.state != "done" or not batch.changed or batch.undone_by is not None:
        return False
    row = exists().where(BatchRow.batch_id == batch.id, BatchRow.state == "changed",
                         cast(BatchRow.undo, String) != "[]")
    return bool(session.scalar(select(row)))


def given_up(session: Session, batch: Batch, kind: str) -> int | None:
    """The task of a change that was given up, which nobody works on any more."""
    if batch.state == "done":
        return None
    last: Any = session.execute(
        select(Task.id, Task.state).where(Task.kind == kind, Task.key == str(batch.id))
        .order_by(Task.id.desc()).limit(1)).first()
    return last.id if last is not None and last.state == "dead" else None
