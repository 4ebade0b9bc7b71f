"""Users, their sessions, failed sign-ins and lists; programs' keys and the calls they made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class User(Base):
    """``email`` is stored lower case. ``role`` is a key of ``permissions.ROLES``."""

    __tablename__ = "user_account"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(5), default="pl")
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    single_keys: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]


class UserSession(Base):
    """A signed-in browser. Only the SHA-256 of its cookie is stored."""

    __tablename__ = "user_session"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")


class SignInFailure(Base):
    """A failed sign-in, kept to slow down guessing (per e-mail and per address)."""

    __tablename__ = "sign_in_failure"

    id: Mapped[Key]
    at: Mapped[datetime]
    email: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(60))

    __table_args__ = (
        Index("ix_sign_in_failure_email", "email", "at"),
        Index("ix_sign_in_failure_address", "address", "at"),
    )


class ListView(Base):
    """A view of a list, kept under a name: what it is narrowed to, how it is sorted and drawn.

    ``audience``: ``own`` (the owner alone), ``all``, or a role. ``query`` is the address, name ->
    values. ``columns`` and ``density`` are empty where the reader's own count.
    """

    __tablename__ = "list_view"

    id: Mapped[Key]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    audience: Mapped[str] = mapped_column(String(20), default="own")
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[dict[str, Any]]
    columns: Mapped[list[Any]] = mapped_column(default=list)
    density: Mapped[str] = mapped_column(String(12), default="")
    changed_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]


class ListChoice(Base):
    """How one person has a list: columns, density, and the order of the tabs over it.

    ``places`` and ``hidden`` hold keys of tabs: a ready-made view's name, or the number of a kept
    one. ``first`` is the view that opens when nothing is asked for; empty: the usual one.
    """

    __tablename__ = "list_choice"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    columns: Mapped[list[Any]] = mapped_column(default=list)
    density: Mapped[str] = mapped_column(String(12), default="")
    places: Mapped[list[Any]] = mapped_column(default=list)
    hidden: Mapped[list[Any]] = mapped_column(default=list)
    first: Mapped[str] = mapped_column(String(20), default="")


class ApiKey(Base):
    """What a program calls the API with. Only the SHA-256 of the key is stored.

    ``prefix`` is its beginning, by which people tell keys apart. ``scopes`` are keys of
    ``scopes.SCOPES``. The orders it sends in belong to the channel account ``account_id``.
    """

    __tablename__ = "api_key"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    account_id: Mapped[int | None]  # opaque here: users know no channels
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(120))


class ApiCall(Base):
    """A changing call that was carried out, and its answer: the same again is only told again.

    ``repeat_key`` is the caller's ``Idempotency-Key``; ``digest`` the SHA-256 of what was asked.
    Written in the transaction that made the change.
    """

    __tablename__ = "api_call"

    id: Mapped[Key]
    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    repeat_key: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("key_id", "repeat_key"),
        Index("ix_api_call_at", "at"),
    )
