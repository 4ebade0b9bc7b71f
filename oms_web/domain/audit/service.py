"""Writing the audit trail, in the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from oms_web.core.work import Work
from oms_web.domain.audit.models import AuditEntry


def entry(
    work: Work,
    act: str,
    subject: str,
    subject_id: int | None,
    change: Mapping[str, Any] | None = None,
    *,
    order_id: int | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """A row for ``record_many``: what was done (``orders.hold``), to what, from what to what."""
    return {
        "at": work.now,
        "actor_kind": work.actor.kind,
        "actor_id": work.actor.id,
        "actor_name": work.actor.name,
        "act": act,
        "subject": subject,
        "subject_id": subject_id,
        "order_id": order_id if order_id is not None or subject != "order" else subject_id,
        "change": dict(change or {}),
        "note": note,
    }


def record_many(work: Work, entries: Sequence[dict[str, Any]]) -> None:
    """Write many entries with one statement."""
    if entries:
        work.session.execute(insert(AuditEntry.__table__), list(entries))


def record(
    work: Work,
    act: str,
    subject: str,
    subject_id: int | None,
    change: Mapping[str, Any] | None = None,
    *,
    order_id: int | None = None,
    note: str | None = None,
) -> None:
    """Write one entry."""
    record_many(work, [entry(work, act, subject, subject_id, change, order_id=order_id, note=note)])


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The fields whose values differ, as ``{field: [before, after]}``."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
