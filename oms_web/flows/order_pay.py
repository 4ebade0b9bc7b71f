"""Somebody saw the money: a bank transfer, cash, a card at the till. The order goes on by itself.

A slip is taken back and money that was given back is recorded; both are rows of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refunds
from oms_web.domain.payments import service as payments

MAX_AMOUNT = 10**12


def record(
    work: Work, order_id: int, amount: int, method: str, at: datetime, reference: str, *,
    more_is_meant: bool = True,
) -> bool:
    """Record a payment; False when this very one was recorded before.

    Args:
        amount: minor units of the order's currency.
        reference: what makes it one of a kind: the form's hidden key.
        more_is_meant: False refuses more than is due, for where a finger may slip.

    Raises:
        Invalid: not an amount above zero, a moment in the future, or more than is due.
        NotAllowedNow: the order is a draft; confirm it first.
    """
    _check(work, amount, at)
    order = _lock(work, order_id)
    if not more_is_meant and amount > max(lineage.due(work.session, order), 0) \
            and not payments.is_known(work.session, reference):
        raise Invalid("This is more than is due. Mend the amount, or say that it is meant.",
                      "surplus")
    if not payments.record_by_hand(work, order, amount, _tidy(method), at, reference):
        return False
    _go_on(work, order)
    return True


def take_back(work: Work, order_id: int, payment_id: int, reason: str) -> bool:
    """Take back a payment recorded by hand: it was never there. False when it was taken back.

    Raises:
        Invalid: no reason.
        NotFound: not a payment of this order, or one a channel told of.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Invalid("Say why the payment is taken back.", "reason")
    order = _lock(work, order_id)
    payment = payments.by_hand(work.session, order_id, payment_id)
    if payments.is_undone(work.session, payment):
        return False
    refunds.refuse_if_pending(order, payment.amount)
    payments.take_back(work, order, payment, reason)
    _go_on(work, order)
    return True


def give_back(
    work: Work, order_id: int, amount: int, method: str, at: datetime, reference: str
) -> bool:
    """Record money that went back to the buyer; False when this was recorded before.

    Raises:
        Invalid: not above zero, more than was paid, or a moment in the future.
        NotAllowedNow: the order is a draft.
    """
    _check(work, amount, at)
    order = _lock(work, order_id)
    if amount > order.paid_total and not payments.is_known(work.session, reference):
        raise Invalid("No more can go back than was paid.", "amount")
    if not payments.is_known(work.session, reference):
        refunds.refuse_if_pending(order, amount)
    if not payments.give_back(work, order, amount, _tidy(method), at, reference):
        return False
    _go_on(work, order)
    return True


def _check(work: Work, amount: int, at: datetime) -> None:
    if not 0 < amount < MAX_AMOUNT:
        raise Invalid("The amount must be above zero.", "amount")
    if at > work.now + timedelta(days=1):
        raise Invalid("This moment is still to come.", "at")


def _lock(work: Work, order_id: int) -> Order:
    order = orders.lock_order(work.session, order_id)
    if order.phase == phases.DRAFT:
        raise NotAllowedNow("This order is a draft. Confirm it first.")
    return order


def _tidy(method: str) -> str:
    return " ".join(method.split())[:80]


def _go_on(work: Work, order: Order) -> None:
    orders.refile(work, [order.id])
