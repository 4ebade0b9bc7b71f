"""Cursors, quarantine and file imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class Feed(Base):
    """How far one stream of one account (``orders``, ``offers``) has been read.

    The cursor is saved in the transaction that stores the page it came with. ``failures`` in a row,
    the first at ``failing_since``, the last at ``failed_at``.
    """

    __tablename__ = "feed"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    name: Mapped[str] = mapped_column(String(20))
    cursor: Mapped[dict[str, Any] | None]
    due_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ok_at: Mapped[datetime | None]
    last_item_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("account_id", "name"),
        Index("ix_feed_due", "due_at"),
    )


class Comparison(Base):
    """A span of a channel's orders, listed there and looked up here, one by one.

    ``theirs``: orders the channel listed. ``ours``: those of them that are here after it.
    ``unread``: those in quarantine. ``late``: those the channel's own journal had not named
    before. ``changed``: those that were here in another version. ``differ``: those of ours that
    are, after it, not what the channel listed (its sums, states, lines). ``asked_by``: who wanted
    the span read again; empty for what the clock compares.
    """

    __tablename__ = "comparison"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    at: Mapped[datetime]
    since: Mapped[datetime]
    until: Mapped[datetime]
    theirs: Mapped[int]
    ours: Mapped[int]
    unread: Mapped[int]
    late: Mapped[int]
    changed: Mapped[int]
    differ: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[str] = mapped_column(String(120), default="")

    __table_args__ = (Index("ix_comparison_account", "account_id", "id"),)

    @property
    def missing(self) -> int:
        """Orders that are neither here nor in quarantine."""
        return self.theirs - self.ours - self.unread


class ChannelPace(Base):
    """How much of its limits an account had used, as the worker saw it at ``at``.

    ``limits``: one entry a limit, see ``quota.py``. Kept for people to look at; what counts is in
    the worker's memory.
    """

    __tablename__ = "channel_pace"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    at: Mapped[datetime]
    limits: Mapped[list[Any]]


class ConnectorCheck(Base):
    """How a connector did when the kit was last run on it here (``oms connectors check``).

    ``level``: ``bronze``, ``silver``, ``gold``, empty for less. ``broken``: (number, why) of the
    promises that it does not keep.
    """

    __tablename__ = "connector_check"

    connector: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(8))
    kept: Mapped[int]
    not_applicable: Mapped[int]
    broken: Mapped[list[Any]]
    at: Mapped[datetime]


class ChannelRing(Base):
    """A channel said that something happened to ``ref``; ``answered_at`` is when we asked what.

    The same event rings once, however often it is delivered.
    """

    __tablename__ = "channel_ring"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    event_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))
    ref: Mapped[str] = mapped_column(String(160))
    heard_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("account_id", "event_id"),
        Index(
            "ix_channel_ring_open",
            "account_id",
            "id",
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )


class Receipt(Base):
    """An order that is stored here and still to be acknowledged to its channel's inbox.

    ``due_at`` is set ahead before each telling, so a death in the middle is told again.
    """

    __tablename__ = "channel_receipt"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(120), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)


class Grant(Base):
    """A seller is about to say yes on the channel's own page: what we keep until they did.

    ``kind``: ``code`` or ``device``. ``sealed`` holds what only we may know (PKCE verifier, device
    code); of the state that travels through the browser only the hash is kept.
    """

    __tablename__ = "channel_grant"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    state_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    redirect_uri: Mapped[str] = mapped_column(String(300), default="")
    user_code: Mapped[str] = mapped_column(String(40), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    interval_s: Mapped[int] = mapped_column(default=5)
    asked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class Quarantine(Base):
    """Something from outside that could not be read or kept: its raw text, the reason, the tries.

    ``state``: ``waiting`` (may be tried again), ``solved``, ``dropped`` (by a person).
    """

    __tablename__ = "quarantine"

    id: Mapped[Key]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    kind: Mapped[str] = mapped_column(String(12))
    external_id: Mapped[str] = mapped_column(String(160))
    raw: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(String(80), default="")
    origin: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    attempts: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("account_id", "kind", "external_id"),
        Index("ix_quarantine_state", "state", "id"),
    )


class ImportProfile(Base):
    """How a file is read: format, columns, rules. Edited by the seller in the browser."""

    __tablename__ = "import_profile"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    spec: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ImportRun(Base):
    """One file taken in with one profile. ``cursor`` makes it resumable after any death.

    ``state``: ``waiting``, ``running``, ``done``, ``failed``. Counts are of whole records.
    """

    __tablename__ = "import_run"

    id: Mapped[Key]
    profile_id: Mapped[int] = mapped_column(ForeignKey("import_profile.id"))
    file: Mapped[str] = mapped_column(String(200))
    original_name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    cursor: Mapped[dict[str, Any] | None]
    total: Mapped[int] = mapped_column(default=0)
    read: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    quarantined: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    started_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("profile_id", "digest"),)
