"""Tables of the till."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class Till(Base):
    """A drawer for money in a shop; it sells what lies in its warehouse."""

    __tablename__ = "till"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(40), unique=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    archived_at: Mapped[datetime | None]


class Shift(Base):
    """From counting the drawer in the morning to counting it at the end; one at a time per till.

    ``change_money`` was in the drawer at the start; ``expected`` and ``counted`` are the cash in
    it at the end, written once it is closed. Minor units of ``currency``.
    """

    __tablename__ = "till_shift"

    id: Mapped[Key]
    till_id: Mapped[int] = mapped_column(ForeignKey("till.id"))
    currency: Mapped[Currency]
    change_money: Mapped[Minor]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(120))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(120))
    expected: Mapped[Minor | None]
    counted: Mapped[Minor | None]
    note: Mapped[str] = mapped_column(String(300), default="")

    __table_args__ = (
        CheckConstraint("change_money >= 0", name="change_money_not_negative"),
        CheckConstraint("counted >= 0", name="counted_not_negative"),
        Index("ix_till_shift_open", "till_id", unique=True,
              sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
        Index("ix_till_shift_till", "till_id", "id"),
    )


class Basket(Base):
    """What a buyer at the counter has put down so far; a till may have several waiting.

    ``lines`` are those of ``basket.py``, ``discount`` is one on everything. ``seen`` holds the
    keys of the newest scans, so that one that is sent again counts once. Only what is not sold is
    changed.
    """

    __tablename__ = "till_basket"

    id: Mapped[Key]
    till_id: Mapped[int] = mapped_column(ForeignKey("till.id"))
    name: Mapped[str] = mapped_column(String(60), default="")
    lines: Mapped[list[Any]]
    discount: Mapped[list[Any]] = mapped_column(default=list)
    seen: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_till_basket_open", "till_id", "id",
              sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
    )


class Sale(Base):
    """A basket that was paid and handed over, as one order.

    ``basket_id`` and ``key`` (the form's) are each there once: pressing twice sells once.
    ``given`` is what the buyer put down; what exceeds ``total`` was change.
    """

    __tablename__ = "till_sale"

    id: Mapped[Key]
    till_id: Mapped[int] = mapped_column(ForeignKey("till.id"))
    shift_id: Mapped[int] = mapped_column(ForeignKey("till_shift.id"))
    basket_id: Mapped[int] = mapped_column(ForeignKey("till_basket.id"), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), unique=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    method: Mapped[str] = mapped_column(String(10))
    currency: Mapped[Currency]
    total: Mapped[Minor]
    given: Mapped[Minor]
    at: Mapped[datetime]
    sold_by: Mapped[str] = mapped_column(String(120))
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None] = mapped_column(String(120))
    void_reason: Mapped[str] = mapped_column(String(300), default="")

    __table_args__ = (
        CheckConstraint("total >= 0", name="total_not_negative"),
        CheckConstraint("given >= total", name="given_is_enough"),
        Index("ix_till_sale_shift", "shift_id", "id"),
        Index("ix_till_sale_till", "till_id", "id"),
    )
