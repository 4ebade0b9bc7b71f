"""Tables of the audit trail. Rows are never changed or deleted: triggers refuse it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class AuditEntry(Base):
    """One change: ``{field: [before, after]}``. ``order_id`` puts it on that order's timeline."""

    __tablename__ = "audit_entry"

    id: Mapped[Key]
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(12))
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(120))
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    order_id: Mapped[int | None]
    change: Mapped[dict[str, Any]]
    note: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_audit_entry_subject", "subject", "subject_id", "id"),
        Index("ix_audit_entry_order", "order_id", "id"),
        Index("ix_audit_entry_actor", "actor_kind", "actor_id", "id"),
    )


class AuditSeal(Base):
    """A hash over all entries up to ``through_id``, chained to the seal before.

    Entries are sealed in batches by a job: chaining each write would make every writer queue
    for the head of the chain.
    """

    __tablename__ = "audit_seal"

    id: Mapped[Key]
    at: Mapped[datetime]
    from_id: Mapped[int] = mapped_column(unique=True)  # two clocks: only one of them seals
    through_id: Mapped[int]
    entries: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
