"""Returns as they are received. Judgement and refunds build on these rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import BigKey, Currency, Key, Micro, Minor
from oms_web.core.db import Base


class Return(Base):
    """A return (RMA). ``order_id`` is empty while nobody knows which order it belongs to.

    ``state``: ``received`` here; before that, as a channel tells it: ``announced``, ``sent``,
    ``arrived`` (there), ``closed``, ``refused``. ``revision`` sorts versions of what a channel
    told, ``refunded`` is what it gave back of the money. Nothing of that moves stock.
    """

    __tablename__ = "return_case"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(120), default="")
    order_id: Mapped[int | None] = mapped_column(ForeignKey("sales_order.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="received")
    raw_status: Mapped[str] = mapped_column(String(60), default="")
    revision: Mapped[str] = mapped_column(String(60), default="")
    buyer_name: Mapped[str] = mapped_column(String(200), default="")
    buyer_key: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    currency: Mapped[Currency]
    total: Mapped[Minor]
    refunded: Mapped[Minor | None]
    parcels: Mapped[list[Any]] = mapped_column(default=list)
    announced_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("account_id", "external_id"),)


class ReturnLine(Base):
    """Units of a variant that came back, and the place they were put in."""

    __tablename__ = "return_line"

    id: Mapped[Key]
    return_id: Mapped[int] = mapped_column(ForeignKey("return_case.id"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_line.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    sku: Mapped[str] = mapped_column(String(120), default="")
    title: Mapped[str] = mapped_column(String(420), default="")
    quantity: Mapped[int]
    unit_price: Mapped[Micro]
    total: Mapped[Minor]

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)
