"""Tables of messages: templates, messages, refused addresses, how mail is sent, buyers' pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base

DUE = "due_at IS NOT NULL"
WRONG = "state IN ('failed', 'unknown')"


class MessageTemplate(Base):
    """What is said on an occasion. ``kind``: ``email`` or ``sms`` (which has no subject).

    ``plain``: an SMS goes without diacritics. ``attach``: an e-mail takes the order's newest
    document along.
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
    kind: Mapped[str] = mapped_column(String(5))
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
    reference: Mapped[str] = mapped_column(String(120), default="")
    round: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_message_order", "order_id", "id"),
        Index("ix_message_state", "state", "id"),
        Index("ix_message_due", "kind", "due_at", sqlite_where=condition(DUE),
              postgresql_where=condition(DUE)),
        Index("ix_message_wrong", "id", sqlite_where=condition(WRONG),
              postgresql_where=condition(WRONG)),
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
