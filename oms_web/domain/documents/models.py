"""Document series, their counters and the issued documents.

An issued document is a snapshot: triggers refuse to change or delete it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, exists
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class Series(Base):
    """A row of consecutive numbers. ``pattern`` has ``{n}``, ``{n:4}``, ``{year}``, ``{month}``.

    ``reset``: ``never``, ``year`` or ``month``.
    """

    __tablename__ = "document_series"

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    pattern: Mapped[str] = mapped_column(String(60))
    reset: Mapped[str] = mapped_column(String(6), default="month")
    is_default: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("kind", "name"),)


class SeriesPeriod(Base):
    """The last number given in a period. Taking a number locks this row until the commit."""

    __tablename__ = "document_series_period"

    series_id: Mapped[int] = mapped_column(ForeignKey("document_series.id"), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Document(Base):
    """``snapshot`` holds everything that is printed: parties, lines, sums per VAT rate.

    ``corrects_id``: the first invoice that a correction puts right, whichever correction came
    before. ``cause`` is unique: what is issued because of the same thing twice is issued once.
    """

    __tablename__ = "document"

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(12))
    series_id: Mapped[int] = mapped_column(ForeignKey("document_series.id"))
    period: Mapped[str] = mapped_column(String(7))
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(String(60), unique=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    cause: Mapped[str | None] = mapped_column(String(80), unique=True)
    issued_at: Mapped[datetime]
    issue_date: Mapped[date]
    sale_date: Mapped[date]
    issued_by: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(5))
    buyer: Mapped[str] = mapped_column(String(200))
    currency: Mapped[Currency]
    net: Mapped[Minor]
    vat: Mapped[Minor]
    gross: Mapped[Minor]
    snapshot: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("series_id", "period", "sequence"),
        Index("ix_document_list", "issue_date", "id"),
    )


class Annulment(Base):
    """That a document was never issued in law: KSeF has not had it and nobody was given it. It
    keeps its number and documents nothing.
    """

    __tablename__ = "document_annulment"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(255))


def is_annulled() -> ColumnElement[bool]:
    """Whether a document of the running query was annulled."""
    return exists().where(Annulment.document_id == Document.id)


class DocumentFile(Base):
    """The PDF of an issued document as it was first made; kept for good, like the document.

    ``file`` is a name in the file store. Whoever was sent the first copy and whoever prints it
    in three years hold the same bytes, whatever the templates look like by then.
    """

    __tablename__ = "document_file"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]


class ExchangeRate(Base):
    """The mean rate of a currency on a day as the National Bank of Poland published it (table A).

    ``rate`` is units of zloty for one, as exact text.
    """

    __tablename__ = "exchange_rate"

    currency: Mapped[Currency] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    table_number: Mapped[str] = mapped_column(String(40))
    rate: Mapped[str] = mapped_column(String(20))
    read_at: Mapped[datetime]
