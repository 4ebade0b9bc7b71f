"""Tables of e-invoices: how the seller is known to KSeF, what was sent there, what came from it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class EInvoiceSettings(Base):
    """How the company is known to KSeF; one row (id 1).

    ``environment``: see ``settings.ENVIRONMENTS``; ``address`` only for a rehearsal. ``login`` is
    ``certificate`` or ``token``. ``buyers``: ``companies`` or ``all``. Sealed: ``token``,
    ``certificate`` and ``offline`` (certificate and key), ``access`` (what a login gave) and
    ``session`` (the open session and its key). What went wrong last is ``trouble``; ``down_since``
    is since when KSeF does not answer, ``paused_until`` how long it asked us to wait.
    ``notices_asked_at`` and ``notices_read_at``: when Latarnia was last asked, and last answered.
    """

    __tablename__ = "einvoice_settings"

    id: Mapped[Key]
    environment: Mapped[str] = mapped_column(String(10), default="off")
    address: Mapped[str] = mapped_column(String(200), default="")
    nip: Mapped[str] = mapped_column(String(10), default="")
    login: Mapped[str] = mapped_column(String(11), default="certificate")
    buyers: Mapped[str] = mapped_column(String(9), default="companies")
    reads_incoming: Mapped[bool] = mapped_column(default=True)
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)
    certificate_name: Mapped[str] = mapped_column(String(200), default="")
    certificate_until: Mapped[datetime | None]
    offline: Mapped[bytes | None] = mapped_column(LargeBinary)
    offline_serial: Mapped[str] = mapped_column(String(64), default="")
    offline_until: Mapped[datetime | None]
    access: Mapped[bytes | None] = mapped_column(LargeBinary)
    session: Mapped[bytes | None] = mapped_column(LargeBinary)
    trouble: Mapped[str | None] = mapped_column(String(500))
    trouble_at: Mapped[datetime | None]
    down_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    incoming_mark: Mapped[datetime | None]
    incoming_at: Mapped[datetime | None]
    notices_asked_at: Mapped[datetime | None]
    notices_read_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)


class EInvoice(Base):
    """One document on its way into KSeF; see ``states`` for ``state``.

    ``file`` is the XML, byte for byte as made; ``hash`` is its SHA-256 in Base64. ``session``
    and ``reference`` are KSeF's, ``ksef_number`` is what it gave. ``is_offline``: it was issued
    while KSeF could not be reached; ``offline_link`` is the address behind KOD II, if there was a
    certificate. ``replaces`` is the hash of an offline invoice that KSeF rejected and this one
    mends. ``due_at``: when something is to be done about it; ``deadline``: the last day for KSeF to
    have it; None while an announced event leaves it open (``announced.term``). ``code`` and
    ``words`` are KSeF's last.
    """

    __tablename__ = "einvoice"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(7))
    nip: Mapped[str] = mapped_column(String(10))
    environment: Mapped[str] = mapped_column(String(10))
    issue_date: Mapped[date]
    deadline: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(8))
    file: Mapped[str | None] = mapped_column(String(80))
    hash: Mapped[str | None] = mapped_column(String(44), index=True)
    replaces: Mapped[str | None] = mapped_column(String(44))
    is_batch: Mapped[bool] = mapped_column(default=False)
    session: Mapped[str | None] = mapped_column(String(40))
    reference: Mapped[str | None] = mapped_column(String(40))
    ksef_number: Mapped[str | None] = mapped_column(String(40), unique=True)
    upo_file: Mapped[str | None] = mapped_column(String(80))
    is_offline: Mapped[bool] = mapped_column(default=False)
    offline_link: Mapped[str | None] = mapped_column(Text)
    code: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    polls: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_einvoice_due", "due_at", sqlite_where=condition("due_at IS NOT NULL"),
              postgresql_where=condition("due_at IS NOT NULL")),
        Index("ix_einvoice_state", "state", "deadline"),
        Index("ix_einvoice_session", "session"),
    )


class EInvoiceNotice(Base):
    """An event that the Ministry announced of an environment of KSeF; see ``announced``."""

    __tablename__ = "einvoice_notice"

    environment: Mapped[str] = mapped_column(String(10), primary_key=True)
    event: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(13))
    begins: Mapped[datetime]
    ends: Mapped[datetime | None]
    title: Mapped[str] = mapped_column(String(300), default="")
    text: Mapped[str] = mapped_column(Text, default="")


class IncomingInvoice(Base):
    """An invoice that somebody issued to the company, as KSeF lists it; ``file`` once fetched."""

    __tablename__ = "incoming_invoice"

    id: Mapped[Key]
    ksef_number: Mapped[str] = mapped_column(String(40), unique=True)
    number: Mapped[str] = mapped_column(String(256))
    kind: Mapped[str] = mapped_column(String(12))
    seller_nip: Mapped[str] = mapped_column(String(20))
    seller_name: Mapped[str] = mapped_column(String(512), default="")
    issue_date: Mapped[date]
    stored_at: Mapped[datetime]
    currency: Mapped[Currency]
    net: Mapped[Minor]
    vat: Mapped[Minor]
    gross: Mapped[Minor]
    hash: Mapped[str] = mapped_column(String(44))
    file: Mapped[str | None] = mapped_column(String(80))
    seen_at: Mapped[datetime]

    __table_args__ = (Index("ix_incoming_invoice_list", "issue_date", "id"),)
