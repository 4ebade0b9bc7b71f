"""The outbox: what happened, written in the transaction in which it happened.

A flow announces an event; nothing is done about it there and then. A worker later reads the
rows nobody has dispatched yet and queues one task per reaction (``oms_web/reactions.py``). So an
event is never lost and never announced for work that was rolled back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, String, insert, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the past tense. Subclasses are frozen dataclasses with JSON-able fields."""

    name: ClassVar[str]


class OutboxEvent(Base):
    """One announced event and whether its reactions were queued."""

    __tablename__ = "outbox_event"

    id: Mapped[Key]
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    dispatched_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_outbox_event_waiting",
            "id",
            sqlite_where=text("dispatched_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL"),
        ),
    )


def write_event(session: Session, event: Event, now: datetime) -> None:
    """Put the event into the outbox of the running transaction."""
    session.execute(
        insert(OutboxEvent), [{"at": now, "name": event.name, "payload": asdict(event)}]
    )
