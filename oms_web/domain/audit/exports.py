"""The audit trail as a table, oldest first."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.audit.queries import Filter, filtered

COLUMNS = (
    Column("number", "Number", "int"), Column("at", "When", "moment"), Column("kind", "Who is it"),
    Column("by", "By"), Column("act", "What"), Column("subject", "To what"),
    Column("subject_id", "Its number", "int"), Column("order", "Order", "int"),
    Column("change", "Change"), Column("note", "Note"),
)


def trail(wanted: Filter) -> Sheet:
    """The entries of a filter; ``change`` is JSON as it is kept."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        entries = session.scalars(
            filtered(wanted).where(AuditEntry.id > (after or 0))
            .order_by(AuditEntry.id).limit(PAGE)
        ).all()
        rows = [
            (e.id, e.at, e.actor_kind, e.actor_name, e.act, e.subject, e.subject_id, e.order_id,
             json.dumps(e.change, ensure_ascii=False), e.note)
            for e in entries
        ]
        return rows, entries[-1].id if len(entries) == PAGE else None

    return Sheet("audit", COLUMNS, page)
