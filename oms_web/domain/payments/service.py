"""Payments of orders: recorded once each, and what they make of the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.reserving import judge_payment
from oms_web.domain.payments.models import Payment


def record_new(work: Work, order: Order, rows: Sequence[Mapping[str, Any]]) -> int:
    """Record those payments that are not known yet (by source and reference); how many."""
    if not rows:
        return 0
    source = rows[0]["source"]
    known = set(work.session.scalars(
        select(Payment.reference).where(
            Payment.source == source, Payment.reference.in_([row["reference"] for row in rows])
        )
    ))
    fresh = [dict(row) | {"order_id": order.id} for row in rows if row["reference"] not in known]
    if not fresh:
        return 0
    work.session.execute(insert(Payment), fresh)
    settle(work, order)
    audit.record(work, "payments.record", "order", order.id,
                 {"paid": [None, sum(row["amount"] for row in fresh)]})
    return len(fresh)


def record_by_hand(
    work: Work, order: Order, amount: int, method: str, at: datetime, reference: str
) -> bool:
    """Record a payment that a person saw (transfer, cash); False if it was recorded before.

    Args:
        reference: what makes it one of a kind: the form's hidden key, so a double click counts
            once.
    """
    return bool(record_new(work, order, [{
        "at": at, "amount": amount, "currency": order.currency, "method": method,
        "source": "desk", "reference": reference,
    }]))


def settle(work: Work, order: Order) -> None:
    """Recompute how far an order is paid from its payments."""
    work.session.flush()
    paid, last = work.session.execute(
        select(func.coalesce(func.sum(Payment.amount), 0), func.max(Payment.at))
        .where(Payment.order_id == order.id)
    ).one()
    order.paid_total = int(paid)
    judge_payment(work, order)
    is_paid = order.payment_state in ("paid", "over")
    order.paid_at = (order.paid_at or last) if is_paid else None
