"""What happened since: the trail forwards, for programs that follow it.

A reader that goes on from the last entry it saw misses nothing and gets nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal, literal_column, select
from sqlalchemy.orm import Session

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.audit.queries import first_id_since
from oms_web.domain.audit.sealing import SETTLE

REACH = 5000
BLINK = timedelta(seconds=1)
"""Between taking a number and being seen to write there is less than this."""
_QUIET: ColumnElement[bool] = literal_column(
    "(select pg_snapshot_xmin(s) = pg_snapshot_xmax(s) from pg_current_snapshot() as s)")
BEGINNING = 0


@dataclass(frozen=True, slots=True)
class News:
    """Entries, oldest first. ``seen``: go on from there. ``more``: there is more at once."""

    entries: list[AuditEntry]
    seen: int
    more: bool


def since(
    session: Session, seen: int, subjects: Collection[str], now: datetime, limit: int = 50
) -> News:
    """The entries after ``seen`` about some kinds of things; looks at ``REACH`` at most."""
    last = _safe_until(session, seen, now)
    entries = list(session.scalars(
        select(AuditEntry)
        .where(AuditEntry.id > seen, AuditEntry.id <= last, AuditEntry.subject.in_(subjects))
        .order_by(AuditEntry.id).limit(limit + 1)
    ))
    if len(entries) > limit:
        return News(entries[:limit], entries[limit - 1].id, True)
    beyond = session.scalar(select(AuditEntry.id).where(AuditEntry.id > last).limit(1))
    return News(entries, max(seen, last), last > seen and beyond is not None)


def _safe_until(session: Session, seen: int, now: datetime) -> int:
    """The last entry behind which none can appear any more.

    SQLite has one writer: entries appear in the order of their numbers. PostgreSQL gives numbers
    before a transaction ends, so a gap may be filled yet, unless what took the number was rolled
    back. It is waited for as long as its neighbour is young, and no longer than somebody writes:
    where no transaction was writing when we looked, nobody is left who could fill it.
    """
    reach = (
        select(AuditEntry.id, AuditEntry.at).where(AuditEntry.id > seen)
        .order_by(AuditEntry.id).limit(REACH).subquery()
    )
    postgres = session.get_bind().dialect.name == "postgresql"
    count, last, quiet = session.execute(
        select(func.count(), func.max(reach.c.id), _QUIET if postgres else literal(True))).one()
    if not count:
        return seen
    if not postgres or last - seen == count:
        return last
    young = now - (BLINK if quiet else SETTLE)
    before = func.coalesce(func.lag(reach.c.id).over(order_by=reach.c.id), seen)
    steps = select(reach.c.id, reach.c.at, before.label("before")).subquery()
    open_gap = session.scalar(
        select(func.min(steps.c.before))
        .where(steps.c.id > steps.c.before + 1, steps.c.at > young)
    )
    return last if open_gap is None else open_gap


def begin_at(session: Session, moment: datetime) -> int:
    """What to have seen in order to get everything that happened from a moment on."""
    newest = session.scalar(select(func.max(AuditEntry.id))) or 0
    return first_id_since(session, moment, newest) - 1
