"""Tables of accounting: who files the register, what cash registers reported, what goes into the
books of which accounting system.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Key
from oms_web.core.db import Base


class TaxPayer(Base):
    """What a tax file says of the company beyond what the company is; one row (id 1).

    ``office`` is the code of the tax office. A person who trades is named by ``given_name``,
    ``surname`` and ``born``; of a company they are empty.
    """

    __tablename__ = "tax_payer"

    id: Mapped[Key]
    office: Mapped[str] = mapped_column(String(4), default="")
    given_name: Mapped[str] = mapped_column(String(30), default="")
    surname: Mapped[str] = mapped_column(String(81), default="")
    born: Mapped[date | None]

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)


class FiscalReport(Base):
    """The monthly report of a fiscal cash register, typed in: ``sums`` is rate -> [net, VAT] in
    grosze. One that was typed wrong is taken away and typed again; the audit trail has both.
    """

    __tablename__ = "fiscal_report"

    id: Mapped[Key]
    month: Mapped[date]
    number: Mapped[str] = mapped_column(String(60))
    day: Mapped[date]
    sums: Mapped[dict[str, Any]]
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (UniqueConstraint("month", "number"),)


class BookAccount(Base):
    """An accounting system's account that takes documents issued from a day on, pro formas too if
    the seller wants them there.
    """

    __tablename__ = "book_account"

    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    since: Mapped[date]
    proformas: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]


class BookEntry(Base):
    """One document on its way into the books of one account; see ``entry_states`` for ``state``.

    ``reference`` is the system's own id of it, ``url`` where a person sees it there. ``why``: what
    is in the way, in English. ``due_at``: when something is to be done about it. ``is_settled``:
    nothing more is told of its payment.
    """

    __tablename__ = "book_entry"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_account.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    state: Mapped[str] = mapped_column(String(8))
    reference: Mapped[str] = mapped_column(String(80), default="")
    url: Mapped[str] = mapped_column(String(300), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    is_settled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    entered_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("account_id", "document_id"),
        Index("ix_book_entry_due", "due_at", sqlite_where=condition("due_at IS NOT NULL"),
              postgresql_where=condition("due_at IS NOT NULL")),
        Index("ix_book_entry_open", "state", "id",
              sqlite_where=condition("state NOT IN ('entered', 'left_out') OR why != ''"),
              postgresql_where=condition("state NOT IN ('entered', 'left_out') OR why != ''")),
        Index("ix_book_entry_unpaid", "document_id",
              sqlite_where=condition("state = 'entered' AND NOT is_settled"),
              postgresql_where=condition("state = 'entered' AND NOT is_settled")),
    )
