"""Tables of accounting: who files the register, and what cash registers reported."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, UniqueConstraint
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
