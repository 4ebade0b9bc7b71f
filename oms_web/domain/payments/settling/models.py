"""Lines of payout reports, each kept once for ever."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class Settlement(Base):
    """``shape`` is the report it came in, ``fingerprint`` makes the line one of a kind.

    ``order_id`` is empty for what is no order's, and while nobody knows whose it is.
    """

    __tablename__ = "settlement"

    id: Mapped[Key]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    shape: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(8))
    ref: Mapped[str] = mapped_column(String(120), default="")
    day: Mapped[date]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    text: Mapped[str] = mapped_column(String(200), default="")
    payout: Mapped[str] = mapped_column(String(80), default="")
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    taken_at: Mapped[datetime]

    __table_args__ = (Index("ix_settlement_ref", "shape", "ref"),
                      Index("ix_settlement_order", "order_id", "kind"))
