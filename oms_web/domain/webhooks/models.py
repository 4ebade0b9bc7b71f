"""Who is told, and every try to tell them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class Webhook(Base):
    """An address that is told of events, one after the other.

    ``seen`` is the last entry of the trail it was told of, or that is of no interest to it: the
    next one comes after it, and only after it. ``kinds`` are names of ``told.SUBJECTS``. Secrets
    are sealed; ``old_secret`` signs too until ``old_until``.
    """

    __tablename__ = "webhook"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(String(500))
    kinds: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(10), default="active")
    secret: Mapped[bytes]
    old_secret: Mapped[bytes | None]
    old_until: Mapped[datetime | None]
    seen: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    changed_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One try: of an event in its turn, of one that a person sends again, or of a test.

    ``status`` is None when no answer came; then ``error`` says why. ``answer`` is the beginning
    of what was answered.
    """

    __tablename__ = "webhook_delivery"

    id: Mapped[Key]
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    kind: Mapped[str] = mapped_column(String(10))
    event_id: Mapped[int | None]
    type: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    attempt: Mapped[int]
    status: Mapped[int | None]
    ms: Mapped[int]
    delivered: Mapped[bool]
    error: Mapped[str] = mapped_column(String(300), default="")
    answer: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index("ix_webhook_delivery_webhook", "webhook_id", "id"),
        Index("ix_webhook_delivery_at", "at"),
    )
