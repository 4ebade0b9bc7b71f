"""Payments. A payment from outside is known by its provider and its reference, once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class Payment(Base):
    """``amount`` is positive for money in, negative for money given back.

    ``stated``: a channel said that all is paid and showed no payment. Such a row stands for what
    is missing to the total, and gives way to the payments once the channel shows them.
    """

    __tablename__ = "payment"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    at: Mapped[datetime]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    method: Mapped[str] = mapped_column(String(80), default="")
    source: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(160))
    stated: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (UniqueConstraint("source", "reference"),)
