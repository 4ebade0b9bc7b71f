"""What a courier charged for each parcel, kept once for ever."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base


class CourierCharge(Base):
    """A parcel on a courier's invoice. ``amount`` is net; ``booked`` what its label was to cost.

    ``weight_g`` is what the courier charged for, ``our_g`` what we booked or weighed. ``verdict``
    is a word of ``bills.VERDICTS``. ``order_id`` is empty where no parcel of ours has that number.
    """

    __tablename__ = "courier_charge"

    id: Mapped[Key]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    invoice: Mapped[str] = mapped_column(String(80), default="")
    tracking: Mapped[str] = mapped_column(String(80))
    tracking_key: Mapped[str] = mapped_column(String(80), index=True)
    day: Mapped[date | None]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    weight_g: Mapped[int | None]
    booked: Mapped[Minor | None]
    our_g: Mapped[int | None]
    verdict: Mapped[str] = mapped_column(String(10))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    taken_at: Mapped[datetime]

    __table_args__ = (Index("ix_courier_charge_verdict", "verdict", "id"),)
