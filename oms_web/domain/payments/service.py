"""Payments of orders: recorded once each, and what they make of the order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage, refunding
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.reserving import judge_payment
from oms_web.domain.orders.verification import kinds
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.payments.models import Payment

DESK, BANK, COURIER = "desk", "bank", "cod"
"""Who tells of a payment: a person, the bank's statement, a courier's report."""
UNDO = "undo:"
"""How the reference of a row begins that takes a payment back, before the payment's own."""
TILL = "till:"
"""How the references of payments at a till begin: its drawer was counted with them."""
EXCHANGED = "exchange:"
"""How the references of payments begin that came over from the order whose goods come back."""
MORE = ":more:"
"""What stands between the reference of a payment that came in pieces and what had come by then."""
MARK = "refund:"
"""How the references of payments begin that a refund of ours has made (``refunds.py``)."""


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


def record_told(
    work: Work, order: Order, rows: Sequence[Mapping[str, Any]], paid: bool | None
) -> bool:
    """Take over what a channel says of the money; False when it is nothing new.

    Args:
        rows: the payments it shows; or one ``stated`` row of the whole total, if it only says that
            all is paid.
        paid: whether it says that all is paid; None if it says nothing of it.
    """
    present = work.session.scalar(
        select(Payment).where(Payment.order_id == order.id, Payment.stated))
    if rows and rows[0]["stated"]:
        return _top_up(work, order, rows[0], present)
    gone = present if rows or paid is False else None
    if gone is not None:
        work.session.delete(gone)
        audit.record(work, "payments.withdraw", "order", order.id, {"paid": [gone.amount, None]})
    new = record_new(work, order, rows)
    if gone is not None and not new:
        settle(work, order)
    return bool(new) or gone is not None


def _top_up(
    work: Work, order: Order, told: Mapping[str, Any], present: Payment | None
) -> bool:
    """All is paid: what is missing to the channel's total was paid as well. It never falls.

    What we gave back ourselves since does not make it less: by a refund, or as a person wrote down.
    """
    is_undo = Payment.reference.startswith(UNDO, autoescape=True)
    gave_back = (Payment.source == DESK) & (
        ((Payment.amount < 0) & ~is_undo) | ((Payment.amount > 0) & is_undo))
    shown = work.session.scalar(
        select(func.coalesce(func.sum(Payment.amount), 0))
        .where(Payment.order_id == order.id, Payment.stated.is_(False), ~gave_back)
    )
    missing = told["amount"] - int(shown or 0)
    if present is None:
        return missing > 0 and bool(record_new(work, order, [{**told, "amount": missing}]))
    if missing <= present.amount:
        return False
    more, present.amount = missing - present.amount, missing
    settle(work, order)
    audit.record(work, "payments.record", "order", order.id, {"paid": [None, more]})
    return True


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
        "source": DESK, "reference": reference, "stated": False,
    }]))


def by_hand(session: Session, order_id: int, payment_id: int) -> Payment:
    """A payment of this order that a person recorded.

    Raises:
        NotFound: this order has no such payment, or a channel or a file told of it.
    """
    found = session.get(Payment, payment_id)
    if found is None or found.order_id != order_id or not may_be_taken_back(found):
        raise NotFound("This order has no payment recorded by hand with this number.")
    return found


def may_be_taken_back(payment: Payment) -> bool:
    """Whether a person recorded it: what a channel says of money is the channel's to mend, what was
    paid at a till is the till's, or its drawer would not agree, what a refund paid stays gone, or
    it could go back twice, and what an exchange carried over is missing at the order it came from.
    """
    return payment.source == DESK and not payment.reference.startswith(
        (UNDO, TILL, EXCHANGED, MARK))


def takes_back(payment: Payment) -> bool:
    """Whether it is the row by which a payment recorded by hand was taken back."""
    return payment.source == DESK and payment.reference.startswith(UNDO)


def undone(payments: Iterable[Payment]) -> set[int]:
    """The ids of those payments that another of them takes back."""
    return {int(one.reference.removeprefix(UNDO)) for one in payments
            if one.source == DESK and one.reference.startswith(UNDO)}


def came_in(session: Session, order_ids: Iterable[int]) -> list[tuple[int, str]]:
    """(amount, method) of what buyers paid for orders. What was taken back again stands there with
    the opposite sign; money that was given back is no part of it.
    """
    is_undo = Payment.reference.startswith(UNDO, autoescape=True)
    return [(amount, method) for amount, method in session.execute(
        select(Payment.amount, Payment.method).where(
            Payment.order_id.in_(sorted(order_ids)),
            or_((Payment.amount > 0) & ~is_undo, (Payment.amount < 0) & is_undo)))]


def is_known(session: Session, reference: str) -> bool:
    """Whether a payment recorded by hand with this reference is there already."""
    return session.scalar(select(Payment.id).where(
        Payment.source == DESK, Payment.reference == reference)) is not None


def amount_of(session: Session, source: str, reference: str) -> int | None:
    """A payment's amount, minor units; None where there is none of this reference."""
    return session.scalar(select(Payment.amount).where(
        Payment.source == source, Payment.reference == reference))


def came_by(session: Session, source: str, reference: str) -> int:
    """What is recorded as come by one payment of a provider, in one piece or in several."""
    return int(session.scalar(
        select(func.coalesce(func.sum(Payment.amount), 0)).where(
            Payment.source == source, (Payment.reference == reference)
            | Payment.reference.startswith(f"{reference}{MORE}", autoescape=True))) or 0)


def named(session: Session, source: str, prefix: str) -> tuple[int, int]:
    """How many payments have a reference that begins like this, and their sum in minor units."""
    rows, total = session.execute(
        select(func.count(), func.coalesce(func.sum(Payment.amount), 0))
        .where(Payment.source == source,
               Payment.reference.startswith(prefix, autoescape=True))).one()
    return rows, int(total)


def is_undone(session: Session, payment: Payment) -> bool:
    """Whether it was taken back already."""
    return is_known(session, f"{UNDO}{payment.id}")


def take_back(work: Work, order: Order, payment: Payment, reason: str) -> None:
    """Write the row that takes a payment back, once. Nothing is deleted."""
    _write(work, order, -payment.amount, payment.method, work.now, f"{UNDO}{payment.id}")
    audit.record(work, "payments.undo", "order", order.id, {"amount": [payment.amount, None]},
                 note=reason)


def give_back(
    work: Work, order: Order, amount: int, method: str, at: datetime, reference: str
) -> bool:
    """Write down money that went back to the buyer; False if it was written before."""
    if is_known(work.session, reference):
        return False
    _write(work, order, -amount, method, at, reference)
    audit.record(work, "payments.give_back", "order", order.id, {"amount": [None, amount]})
    return True


def _write(
    work: Work, order: Order, amount: int, method: str, at: datetime, reference: str
) -> None:
    work.session.add(Payment(
        order_id=order.id, at=at, amount=amount, currency=order.currency, method=method,
        source=DESK, reference=reference))
    settle(work, order)


def settle(work: Work, order: Order) -> None:
    """Recompute how far an order is paid from its payments.

    Money for a cancelled order has to be given back: it is held until that is done.
    """
    work.session.flush()
    paid, last = work.session.execute(
        select(func.coalesce(func.sum(Payment.amount), 0), func.max(Payment.at))
        .where(Payment.order_id == order.id)
    ).one()
    order.paid_total = int(paid)
    judge_payment(work, order)
    family = lineage.purchase(work.session, order)
    for one in family:
        is_paid = one.payment_state in ("paid", "over")
        one.paid_at = (one.paid_at or last) if is_paid else None
        if one.phase in verification.TO_SHIP:
            verification.look_again(work, one, {kinds.PAYMENT})
    refunding.judge(work, order)
