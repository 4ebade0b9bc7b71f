"""Tables of messages: templates, messages, threads of channels, refused addresses, how mail is
sent, buyers' pages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base

DUE = "due_at IS NOT NULL"
WRONG = "state IN ('failed', 'unknown')"
WAITS = "waiting_since IS NOT NULL"


class MessageTemplate(Base):
    """What is said on an occasion. ``kind``: ``email`` or ``sms`` (which has no subject).

    ``plain``: an SMS goes without diacritics. ``attach``: an e-mail takes the order's newest
    document along. ``through_channel``: where the order's channel takes messages, it goes through
    it and not by e-mail (``routing.py``). ``moment``: empty for orders, ``case`` for any case, else
    the turn of a case that it is about (``case_moments.py``); ``by_itself``: it is then sent when a
    case takes that turn.
    """

    __tablename__ = "message_template"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(5))
    subject_pl: Mapped[str] = mapped_column(String(200), default="")
    text_pl: Mapped[str] = mapped_column(Text, default="")
    subject_en: Mapped[str] = mapped_column(String(200), default="")
    text_en: Mapped[str] = mapped_column(Text, default="")
    plain: Mapped[bool] = mapped_column(default=False)
    attach: Mapped[bool] = mapped_column(default=False)
    through_channel: Mapped[bool] = mapped_column(default=False)
    moment: Mapped[str] = mapped_column(String(10), default="")
    by_itself: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class MessageVariant(Base):
    """Other words of a template for the orders of one channel."""

    __tablename__ = "message_variant"

    template_id: Mapped[int] = mapped_column(ForeignKey("message_template.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    subject_pl: Mapped[str] = mapped_column(String(200), default="")
    text_pl: Mapped[str] = mapped_column(Text, default="")
    subject_en: Mapped[str] = mapped_column(String(200), default="")
    text_en: Mapped[str] = mapped_column(Text, default="")


class Message(Base):
    """One message to one buyer, with the words it was sent with.

    ``kind``: ``email``, ``sms``, or ``channel``: it goes to ``account_id``, into ``thread_id`` or,
    without one, about the order ``order_ref`` there. ``doubtful``: it may be there already and is
    looked for before it is sent (again). ``account_id`` of an SMS is its gateway.
    ``key`` is template, order and occasion: one row for each, for ever; None for a test. ``state``:
    ``waiting``, ``sending`` (until ``due_at``; if nothing was heard by then, nobody knows what
    became of it), ``sent``, ``delivered`` (a gateway said so), ``failed`` (for good, with ``why``),
    ``unknown`` (the answer was lost: a person decides), ``dropped`` (called off before it was
    sent). ``due_at`` is when it is tried or asked after next. ``reference`` is the gateway's.
    ``round`` grows when it is sent anew although it is known that it did not arrive; ``asked_at``
    is when that was asked for, ``tried_at`` the first try since.
    """

    __tablename__ = "message"

    id: Mapped[Key]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("message_template.id"))
    name: Mapped[str] = mapped_column(String(80))
    key: Mapped[str | None] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(7))
    recipient: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(5))
    subject: Mapped[str] = mapped_column(String(400), default="")
    text: Mapped[str] = mapped_column(Text)
    documents: Mapped[list[Any]] = mapped_column(default=list)
    by_kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None]
    by_name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    why: Mapped[list[Any] | None]
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("message_thread.id"))
    order_ref: Mapped[str] = mapped_column(String(120), default="")
    reference: Mapped[str] = mapped_column(String(160), default="")
    doubtful: Mapped[bool] = mapped_column(default=False)
    round: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_message_order", "order_id", "id"),
        Index("ix_message_state", "state", "id"),
        Index("ix_message_thread", "thread_id", "id",
              sqlite_where=condition("thread_id IS NOT NULL"),
              postgresql_where=condition("thread_id IS NOT NULL")),
        Index("ix_message_due", "kind", "due_at", sqlite_where=condition(DUE),
              postgresql_where=condition(DUE)),
        Index("ix_message_wrong", "id", sqlite_where=condition(WRONG),
              postgresql_where=condition(WRONG)),
    )


class Thread(Base):
    """What a buyer and we write to each other on a channel.

    ``order_ref`` is the channel's id of the order that was named last, ``order_id`` the order that
    a person said it belongs to. ``waiting_since`` is when the first message came that nobody has
    answered; None while none waits. ``unread_there``: the channel is to be told that it was read.
    """

    __tablename__ = "message_thread"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    external_id: Mapped[str] = mapped_column(String(160))
    buyer: Mapped[str] = mapped_column(String(120), default="")
    subject: Mapped[str] = mapped_column(String(200), default="")
    order_ref: Mapped[str] = mapped_column(String(120), default="")
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    last_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    unread_there: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        Index("ix_message_thread_waiting", "waiting_since", "id",
              sqlite_where=condition(WAITS), postgresql_where=condition(WAITS)),
        Index("ix_message_thread_last", "last_at", "id"),
    )


class ThreadMessage(Base):
    """One message of a thread, as its channel told it. ``ours``: the seller wrote it.

    ``waits``: nobody has answered it yet. ``message_id`` is the message of ours that it is, where
    it was sent from here. ``files``: name and address of each that came with it.
    """

    __tablename__ = "thread_message"

    id: Mapped[Key]
    thread_id: Mapped[int] = mapped_column(ForeignKey("message_thread.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    external_id: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]
    ours: Mapped[bool]
    author: Mapped[str] = mapped_column(String(120), default="")
    text: Mapped[str] = mapped_column(Text)
    order_ref: Mapped[str] = mapped_column(String(120), default="")
    files: Mapped[list[Any]] = mapped_column(default=list)
    waits: Mapped[bool] = mapped_column(default=False)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), unique=True)
    came_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        Index("ix_thread_message_thread", "thread_id", "at", "id"),
        Index("ix_thread_message_order", "account_id", "order_ref",
              sqlite_where=condition("order_ref <> ''"),
              postgresql_where=condition("order_ref <> ''")),
    )


class RefusedAddress(Base):
    """An address that its own server says does not exist: nothing more is sent there."""

    __tablename__ = "refused_address"

    address: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(300))


class MessageSettings(Base):
    """How mail is sent, and how long buyers' pages are open: one row (id 1).

    ``security``: ``starttls``, ``tls`` or ``none``. ``secret`` is the password, sealed.
    ``trouble`` is why nothing could be sent at the last try; empty when it went well.
    """

    __tablename__ = "message_settings"

    id: Mapped[Key]
    host: Mapped[str] = mapped_column(String(200), default="")
    port: Mapped[int] = mapped_column(default=587)
    security: Mapped[str] = mapped_column(String(8), default="starttls")
    username: Mapped[str] = mapped_column(String(200), default="")
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    from_name: Mapped[str] = mapped_column(String(120), default="")
    from_address: Mapped[str] = mapped_column(String(200), default="")
    reply_to: Mapped[str] = mapped_column(String(200), default="")
    public_url: Mapped[str] = mapped_column(String(200), default="")
    page_days: Mapped[int] = mapped_column(default=60)
    trouble: Mapped[list[Any] | None]
    trouble_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)


class OrderPage(Base):
    """The key to a buyer's page of an order: found by ``token_hash``, shown to us by ``sealed``."""

    __tablename__ = "order_page"

    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
