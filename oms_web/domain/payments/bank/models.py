"""Lines of bank statements, each kept once for ever, and what became of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base

OFFERED, UNKNOWN, BOOKED, IGNORED = STATES = ("offered", "unknown", "booked", "ignored")
"""``offered``: somebody should say whether it is that order; ``unknown``: nobody is found;
``ignored``: a person said that it is no order's money."""


class BankEntry(Base):
    """``fingerprint`` is made of all that the line says and which of its likes on that day it is,
    so the same file, or one that overlaps it, adds nothing. ``matches`` are orders with reasons.
    """

    __tablename__ = "bank_entry"

    id: Mapped[Key]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    own_account: Mapped[str] = mapped_column(String(40), default="")
    booked_on: Mapped[date]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    title: Mapped[str] = mapped_column(Text)
    party: Mapped[str] = mapped_column(String(200), default="")
    account: Mapped[str] = mapped_column(String(40), default="")
    reference: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(10))
    matches: Mapped[list[Any]] = mapped_column(default=list)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"))
    bookings: Mapped[int] = mapped_column(default=0)
    taken_at: Mapped[datetime]
    ended_by: Mapped[str] = mapped_column(String(120), default="")

    __table_args__ = (Index("ix_bank_entry_state", "state", "id"),)
