"""What selling costs: a table that the seller edits, with the day from which each row counts.

Rows are never changed, only followed by newer ones, so the profit of an old order stays what it
was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Currency, Key, Minor
from oms_web.core.db import Base
from oms_web.core.errors import Invalid
from oms_web.core.text import fold, tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit

CHANNEL, PAYMENT, COURIER, PACKING = KINDS = ("channel", "payment", "courier", "packing")
"""What a fee is for: the marketplace's commission, the payment, the parcel, its packing."""
MOST_BP = 10_000


class FeeRate(Base):
    """``percent_bp`` (hundredths of a percent) of what the buyer pays; ``fixed`` for each order.

    ``account_id`` empty: every channel; ``method`` (a payment's or a courier's name) empty: every
    one. The most particular row counts, of those the newest that was valid on the order's day.
    """

    __tablename__ = "fee_rate"

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_account.id"))
    method: Mapped[str] = mapped_column(String(80), default="")
    percent_bp: Mapped[int] = mapped_column(default=0)
    fixed: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[Currency]
    valid_from: Mapped[date]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (
        CheckConstraint("percent_bp >= 0 AND percent_bp <= 10000", name="percent_within"),
        CheckConstraint("fixed >= 0", name="fixed_positive"),
    )


@dataclass(frozen=True, slots=True)
class Sale:
    """What a fee depends on. ``total`` in minor units."""

    account_id: int | None
    payment: str
    courier: str
    total: int
    currency: str
    day: date


def every(session: Session) -> Sequence[FeeRate]:
    """All rows, the newest of each kind first."""
    return session.scalars(select(FeeRate).order_by(
        FeeRate.kind, FeeRate.valid_from.desc(), FeeRate.id.desc())).all()


def add(work: Work, kind: str, account_id: int | None, method: str, percent_bp: int, fixed: int,
        currency: str, valid_from: date) -> FeeRate:
    """Add a row; older ones count until its day.

    Raises:
        Invalid: naming the field.
    """
    if kind not in KINDS:
        raise Invalid("Choose what the fee is for.", "kind")
    if not 0 <= percent_bp <= MOST_BP:
        raise Invalid("A percentage is between 0 and 100.", "percent")
    if fixed < 0:
        raise Invalid("A fee cannot be below zero.", "fixed")
    row = FeeRate(kind=kind, account_id=account_id, method=tidy(method)[:80],
                  percent_bp=percent_bp, fixed=fixed, currency=currency, valid_from=valid_from,
                  created_at=work.now, created_by=work.actor.name)
    work.session.add(row)
    work.session.flush()
    audit.record(work, "fees.add", "fee_rate", row.id, {
        "percent_bp": [None, percent_bp], "fixed": [None, fixed]})
    return row


def fee(rates: Iterable[FeeRate], kind: str, sale: Sale) -> int:
    """What a sale costs of one kind, minor units, rounded half up. Pure."""
    method = sale.courier if kind == COURIER else sale.payment if kind == PAYMENT else ""
    fits = [one for one in rates if one.kind == kind and one.valid_from <= sale.day
            and one.currency == sale.currency and one.account_id in (None, sale.account_id)
            and (not one.method or fold(one.method) == fold(method))]
    if not fits:
        return 0
    best = max(fits, key=lambda one: (one.account_id is not None, bool(one.method),
                                      one.valid_from, one.id))
    return (max(sale.total, 0) * best.percent_bp + 5_000) // 10_000 + best.fixed
