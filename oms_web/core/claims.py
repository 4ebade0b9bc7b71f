"""Tasks: what is due, who does it, and how it ended.

A task is a row; who does it is decided by a conditional UPDATE with a lease, so any number of
workers and schedulers may look at the same table. ``fence`` grows with every claim: a worker that
was paused past its lease cannot finish a task that somebody else has taken since.
States: ``waiting`` -> ``running`` -> ``done`` | back to ``waiting`` with a date | ``dead``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, Text, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base, rows_changed

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
_BACKOFF = (5, 15, 60, 300, 900, 3600, 3 * 3600)
_PATIENT_MOST = 1800


class LostClaim(Exception):
    """The lease ran out and somebody else works on the task now."""


class Task(Base):
    """``key`` keeps two unfinished tasks for the same thing from existing at once."""

    __tablename__ = "task"

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(200))
    args: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    not_before: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None]
    progress: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[int | None]

    __table_args__ = (
        Index(
            "uq_task_open_key",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index(
            "ix_task_due",
            "not_before",
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_task_finished", "state", "finished_at"),
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """A task in somebody's hands."""

    id: int
    kind: str
    key: str
    args: dict[str, Any]
    attempts: int
    fence: int


def enqueue(
    session: Session,
    kind: str,
    key: str,
    args: dict[str, Any],
    *,
    now: datetime,
    delay: timedelta = timedelta(0),
    asked_by: int | None = None,
) -> int | None:
    """Add a task unless one with the same kind and key is still unfinished.

    Returns:
        The new task's id, or None when an unfinished one already stands for it.
    """
    row = {
        "kind": kind, "key": key, "args": args, "state": "waiting", "not_before": now + delay,
        "created_at": now, "asked_by": asked_by,
    }
    try:
        with session.begin_nested():
            return session.execute(insert(Task).returning(Task.id), [row]).scalar_one()
    except IntegrityError:
        return None


def claim(
    session: Session, worker: str, now: datetime, kinds: Sequence[str] | None = None
) -> Claim | None:
    """Take the most overdue task, or None. A running task whose lease ran out is taken over."""
    due = (
        select(Task.id)
        .where(
            or_(
                (Task.state == "waiting") & (Task.not_before <= now),
                (Task.state == "running") & (Task.lease_until < now),
            )
        )
        .order_by(Task.not_before)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if kinds is not None:
        due = due.where(Task.kind.in_(kinds))
    row = session.execute(
        update(Task)
        .where(Task.id == due.scalar_subquery())
        .values(
            state="running", worker=worker, lease_until=now + LEASE,
            attempts=Task.attempts + 1, fence=Task.fence + 1,
        )
        .returning(Task.id, Task.kind, Task.key, Task.args, Task.attempts, Task.fence)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return Claim(*row) if row else None


def beat(session: Session, held: Claim, now: datetime, progress: int, total: int) -> bool:
    """Keep the lease alive and note progress; False when the task is no longer ours."""
    return _mine(
        session, held, lease_until=now + LEASE, progress=progress, progress_total=total
    )


def finish(session: Session, held: Claim, now: datetime, result: dict[str, Any] | None) -> bool:
    """Close the task as done; False when somebody else holds it since (nothing is changed)."""
    return _mine(session, held, state="done", finished_at=now, result=result, error=None,
                 lease_until=None)


def fail(
    session: Session, held: Claim, now: datetime, error: str, *, final: bool = False,
    patient: bool = False, wait: float | None = None,
) -> bool:
    """Put the task back with a later date, or declare it dead after ``MAX_ATTEMPTS``.

    Args:
        patient: what stands in the way will pass by itself: never give up.
        wait: seconds before which it is pointless to try again, if that is known.
    """
    if final or (held.attempts >= MAX_ATTEMPTS and not patient):
        return _mine(session, held, state="dead", finished_at=now, error=error, lease_until=None)
    backoff = _BACKOFF[min(held.attempts - 1, len(_BACKOFF) - 1)]
    seconds = max(wait or 0, min(backoff, _PATIENT_MOST) if patient else backoff)
    return _mine(session, held, state="waiting", error=error, lease_until=None,
                 not_before=now + timedelta(seconds=seconds))


def stop(session: Session, task_id: int, now: datetime, why: str) -> bool:
    """Give a task up; whoever works on it notices at the next beat. False when it has ended."""
    done = rows_changed(
        session, update(Task)
        .where(Task.id == task_id, Task.state.in_(("waiting", "running")))
        .values(state="dead", finished_at=now, error=why, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    return done == 1


def retry(session: Session, task_id: int, now: datetime) -> bool:
    """Let a dead task be done from the beginning; False when it is not dead, or a new one stands
    for the same thing already."""
    try:
        with session.begin_nested():
            done = rows_changed(
                session, update(Task)
                .where(Task.id == task_id, Task.state == "dead")
                .values(state="waiting", not_before=now, attempts=0, error=None,
                        finished_at=None, progress=0)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        return False
    return done == 1


def _mine(session: Session, held: Claim, **values: Any) -> bool:
    done = rows_changed(
        session, update(Task)
        .where(Task.id == held.id, Task.fence == held.fence, Task.state == "running")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return done == 1
