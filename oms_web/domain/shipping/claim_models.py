"""Claims against couriers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base

UNDER_WAY = "state IN ('open', 'sent')"


class CourierClaim(Base):
    """Money that a courier is asked for, because of a parcel that it lost or damaged.

    ``state``: ``open`` (the courier does not know of it), ``sent``, ``paid`` (``paid`` says how
    much came), ``refused``, ``dropped``. ``due_on`` is the last day to tell the courier, by
    ``term`` (``claim_terms.BY_KEY``) unless a person changed it; ``answer_on`` the last day of the
    courier to answer. ``reference`` is the courier's own number of it. ``case_id``: the buyer's
    case it goes with. A shipment has one claim under way at most.
    """

    __tablename__ = "courier_claim"

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(index=True)
    carrier: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(8))
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    story: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(8), default="open")
    term: Mapped[str] = mapped_column(String(40))
    due_on: Mapped[date]
    sent_at: Mapped[datetime | None]
    answer_on: Mapped[date | None]
    reference: Mapped[str] = mapped_column(String(80), default="")
    paid: Mapped[Minor | None]
    answer: Mapped[str] = mapped_column(String(500), default="")
    by_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("uq_courier_claim_shipment", "shipment_id", unique=True,
              sqlite_where=text(UNDER_WAY), postgresql_where=text(UNDER_WAY)),
        Index("ix_courier_claim_state", "state", "id"),
    )
