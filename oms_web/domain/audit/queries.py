"""Looking into the audit trail: newest first, by person, act and subject."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.core.paging import Page, seal, unseal
from oms_web.domain.audit.models import AuditEntry

# How many entries one page may look through when the filter is rare: a page is quick however
# long the trail, and "further back" goes on from where it stopped.
REACH = 100_000
# Ids follow the moment of the transaction's start, but long ones are numbered late.
SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show; empty fields do not filter.

    ``actor_kind`` with ``actor_id`` is one person or channel; ``act`` is a whole name or, ending
    in a dot, a family (``orders.``); ``since`` and ``until`` bound the moment, the end excluded.
    """

    actor_kind: str = ""
    actor_id: int | None = None
    act: str = ""
    subject: str = ""
    subject_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is filtered."""
        return self == Filter()


@dataclass(frozen=True, slots=True)
class Found(Page[AuditEntry]):
    """A page of entries. ``exhausted`` is false when it stopped at ``REACH`` before it was full."""

    exhausted: bool = True


def page(session: Session, wanted: Filter, *, after: str = "", limit: int = 50) -> Found:
    """A page of entries, newest first.

    Raises:
        Invalid: ``after`` is not a token of ours.
    """
    newest = session.scalar(select(func.max(AuditEntry.id))) or 0
    top = unseal(after, 1)[0] - 1 if after else newest
    if not isinstance(top, int):
        raise Invalid("This page link is broken.", "after")
    bottom = 0
    if wanted.until:
        top = min(top, first_id_since(session, wanted.until + SLACK, newest) - 1)
    if wanted.since:
        bottom = first_id_since(session, wanted.since - SLACK, newest) - 1
    floor = max(bottom, top - REACH)
    query = filtered(wanted).where(AuditEntry.id <= top, AuditEntry.id > floor)
    rows = session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit + 1)).all()
    if len(rows) > limit:
        return Found(rows[:limit], seal(rows[limit - 1].id))
    if floor <= bottom:
        return Found(rows, None)
    return Found(rows, seal(floor + 1), exhausted=False)


def first_id_since(session: Session, moment: datetime, newest: int) -> int:
    """The lowest id whose entry is not older than a moment: found by halving, not by scanning."""
    low, high = 1, newest + 1
    while low < high:
        middle = (low + high) // 2
        at = session.scalar(
            select(AuditEntry.at).where(AuditEntry.id >= middle).order_by(AuditEntry.id).limit(1)
        )
        if at is None or at >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def filtered(wanted: Filter) -> Select[AuditEntry]:
    """The entries of a filter, in no order yet."""
    query = select(AuditEntry)
    if wanted.actor_kind:
        query = query.where(AuditEntry.actor_kind == wanted.actor_kind)
    if wanted.actor_id is not None:
        query = query.where(AuditEntry.actor_id == wanted.actor_id)
    if wanted.act.endswith("."):
        query = query.where(AuditEntry.act.startswith(wanted.act, autoescape=True))
    elif wanted.act:
        query = query.where(AuditEntry.act == wanted.act)
    if wanted.subject:
        query = query.where(AuditEntry.subject == wanted.subject)
    if wanted.subject_id is not None:
        query = query.where(AuditEntry.subject_id == wanted.subject_id)
    if wanted.since:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until:
        query = query.where(AuditEntry.at < wanted.until)
    return query


def of_order(session: Session, order_id: int, *, limit: int = 200) -> Collection[AuditEntry]:
    """The entries of an order's timeline, newest first."""
    return session.scalars(
        select(AuditEntry).where(AuditEntry.order_id == order_id)
        .order_by(AuditEntry.id.desc()).limit(limit)
    ).all()
