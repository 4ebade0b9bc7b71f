"""Payments. A payment from outside is known by its provider and its reference, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as condition
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


PENDING = "state IN ('planned', 'approved', 'sent', 'unknown')"


class Refund(Base):
    """Money that goes back to a buyer, from the plan to the proof. States: ``refund_states.py``.

    ``order_id`` is the order it is for, ``purse_id`` the one of its purchase the money lies at:
    what is pending there (``Order.refund_pending``) never exceeds what was paid. ``case_id`` is
    the case after the sale, as the higher noun numbers it. ``plan`` holds its items
    (``refund_plan.Item``). ``key`` is what makes the act one of a kind, also towards a provider.
    ``reason`` is ours; ``told`` is why less goes back than the goods cost, as the buyer reads it.
    ``echo``: under which name a channel told of this very refund afterwards. ``request_id`` is the
    provider's payment that it goes back by, ``channel_order_id`` the channel's order, once one was
    chosen.
    """

    __tablename__ = "refund"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    purse_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(index=True)
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    method: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="planned")
    key: Mapped[str] = mapped_column(String(80), unique=True)
    plan: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(String(300), default="")
    told: Mapped[str] = mapped_column(String(300), default="")
    bank_account: Mapped[str] = mapped_column(String(40), default="")
    request_id: Mapped[int | None] = mapped_column(ForeignKey("payment_request.id"))
    channel_order_id: Mapped[int | None] = mapped_column(ForeignKey("channel_order.id"))
    reference: Mapped[str] = mapped_column(String(160), default="")
    echo: Mapped[str] = mapped_column(String(240), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(String(120), default="")
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_refund_pending", "state", "id", sqlite_where=condition(PENDING),
              postgresql_where=condition(PENDING)),
    )
