"""Somebody saw the money: a transfer, cash, a card at the till. The order goes on by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import filing, phases, reserving
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.events import OrderChanged
from oms_web.domain.payments import service as payments

MAX_AMOUNT = 10**12


def record(
    work: Work, order_id: int, amount: int, method: str, at: datetime, reference: str
) -> bool:
    """Record a payment; False when this very one was recorded before.

    Args:
        amount: minor units of the order's currency.
        reference: what makes it one of a kind: the form's hidden key.

    Raises:
        Invalid: not an amount above zero, or a moment in the future.
        NotAllowedNow: the order is a draft; confirm it first.
    """
    if not 0 < amount < MAX_AMOUNT:
        raise Invalid("The amount must be above zero.", "amount")
    if at > work.now + timedelta(days=1):
        raise Invalid("This moment is still to come.", "at")
    order = orders.lock_order(work.session, order_id)
    if order.phase == phases.DRAFT:
        raise NotAllowedNow("This order is a draft. Confirm it first.")
    if not payments.record_by_hand(work, order, amount, " ".join(method.split())[:80], at,
                                   reference):
        return False
    if filing.may_ship(order.payment_state):
        orders.release_holds(work, order_id, ["payment_expired"])
        if order.phase in (phases.OPEN, phases.PACKING):
            reserving.reserve_orders(work, [order_id])
    orders.refile(work, [order_id])
    work.announce(OrderChanged(order_id, "payment"))
    return True
