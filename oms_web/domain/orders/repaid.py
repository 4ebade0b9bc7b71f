"""Units that were paid back before they left, and were or may be cancelled then.

As long as such a unit is not cancelled, the order's total contains it, and what went back for it
makes the order worth less (``Order.refunded_total``). Once it is cancelled the total says so by
itself: counted both times, the same money would look as if it were still to go back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import CheckConstraint, ForeignKey, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from oms_web.core.columns import Key, Minor
from oms_web.core.db import Base
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.models import Order, OrderLine


class RepaidUnit(Base):
    """One unit of a line that was paid back before it left.

    ``amount`` went back for it, minor units; ``off`` of that counts in ``Order.refunded_total`` no
    more, since the unit is cancelled. ``refund_id``: as the higher noun numbers it.
    """

    __tablename__ = "order_repaid_unit"

    id: Mapped[Key]
    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    refund_id: Mapped[int] = mapped_column(index=True)
    amount: Mapped[Minor]
    off: Mapped[Minor] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("off >= 0 AND off <= amount", name="off_went_back"),)


def reckon(session: Session, family: Sequence[Order], lines: Collection[int] = ()) -> int:
    """Bring what makes a purchase worth less in line with what of it is cancelled.

    Of a unit that was paid back and is cancelled, no more is taken off than looks paid too much: a
    unit that was cancelled and settled before is not the one that was paid back now.

    Args:
        lines: those of which units were cancelled or paid back just now; of others, what is
            cancelled no more counts again.

    Returns:
        How many units were counted off.
    """
    rows = session.execute(
        select(RepaidUnit, OrderLine.order_id, OrderLine.cancelled)
        .join(OrderLine, OrderLine.id == RepaidUnit.line_id)
        .where(OrderLine.order_id.in_([one.id for one in family]))
        .order_by(RepaidUnit.line_id, RepaidUnit.id)).all()
    if not rows:
        return 0
    by_id = {one.id: one for one in family}
    seen: Counter[int] = Counter()
    gone: list[tuple[RepaidUnit, Order]] = []
    for row, order_id, cancelled in rows:
        seen[row.line_id] += 1
        if seen[row.line_id] <= cancelled:
            if row.line_id in lines:
                gone.append((row, by_id[order_id]))
        elif row.off:
            by_id[order_id].refunded_total += row.off
            row.off = 0
    counted = 0
    for row, order in gone:
        left = some = min(row.amount - row.off, max(0, -lineage.due_of(family)),
                          sum(one.refunded_total for one in family))
        for one in (order, *family):
            part = min(left, one.refunded_total)
            one.refunded_total -= part
            left -= part
        row.off += some
        counted += some > 0
    session.flush()
    return counted


def keep_even(session: Session, order: Order, lines: Collection[int]) -> None:
    """Units of lines of an order were cancelled: what had gone back for them counts no more.

    A refund and a cancellation share the discount out each in its own way. A grosz for each unit,
    by which the total fell more than went back, is no money that a buyer waits for: the discount
    takes it on.
    """
    family = lineage.purchase(session, order)
    units = reckon(session, family, lines)
    off = -lineage.due_of(family)
    if 0 < off <= min(units, order.discount_total) and order.phase != phases.CANCELLED:
        order.discount_total -= off
        order.total += off
        session.flush()


def write(session: Session, refund_id: int, line_id: int, amounts: Sequence[int]) -> None:
    """Write down that units of a line that had not left were paid back.

    Args:
        amounts: what went back for each of them, minor units.
    """
    session.add_all(RepaidUnit(line_id=line_id, refund_id=refund_id, amount=amount)
                    for amount in amounts)


def unite(session: Session, line_id: int, other_id: int) -> None:
    """A line becomes part of another one, and with it what was paid back of it."""
    session.execute(update(RepaidUnit).where(RepaidUnit.line_id == line_id)
                    .values(line_id=other_id))


def counted_off(session: Session, order_id: int) -> int:
    """What went back for units of an order that are cancelled now, minor units."""
    return int(session.scalar(
        select(func.coalesce(func.sum(RepaidUnit.off), 0))
        .join(OrderLine, OrderLine.id == RepaidUnit.line_id)
        .where(OrderLine.order_id == order_id)) or 0)
