"""Give an amount back without goods: a price that was too high, a scratch, goodwill.

It is planned here and approved as the refund of a case is (``flows/return_refund.act``). Then a
channel or a provider is asked; a transfer is made by hand or by a file for the bank, and confirmed
afterwards.
"""

from __future__ import annotations

from collections.abc import Collection

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_routes, refunds
from oms_web.domain.payments import refund_states as states
from oms_web.domain.payments.models import Refund

BY_HAND = tuple(way for way in states.METHODS if way not in (*states.ASKED_FOR, states.CREDIT))
"""Ways that a person carries out; a credit comes only of vouchers and exchanges."""


def ways(work: Work, order_id: int, connectors: Collection[str] = ()) -> tuple[str, ...]:
    """How money of an order can go back, the way it came first: the same wherever it is asked.

    Args:
        connectors: the kinds of channels that can be asked to give money back.
    """
    order = orders.get_order(work.session, order_id)
    return (*_asked_for(work, order, connectors), *BY_HAND)


def _asked_for(work: Work, order: Order, connectors: Collection[str]) -> tuple[str, ...]:
    """Who can be asked to give money of an order back: the channel, the provider that it came by.
    """
    found = []
    if refund_routes.by_channel(work.session, order, connectors) is not None:
        found.append(states.CHANNEL)
    if refund_routes.by_provider(work.session, order, 1) is not None:
        found.append(states.PROVIDER)
    return tuple(found)


def ask(work: Work, order_id: int, amount: int, method: str, key: str, reason: str,
        account: str = "", connectors: Collection[str] = ()) -> tuple[Refund, bool]:
    """Set an amount aside; the refund, which somebody has to approve, and whether it is new.

    Args:
        amount: minor units of the order's currency.
        account: the buyer's bank account, for a transfer.
        connectors: the kinds of channels that can be asked to give money back.

    Raises:
        Invalid: naming the field: no amount, more than was paid, no reason, no account.
        NotAllowedNow: the order is a draft.
    """
    order = orders.lock_order(work.session, order_id)
    if order.phase == phases.DRAFT:
        raise NotAllowedNow("This order is a draft. Confirm it first.")
    if not reason.strip():
        raise Invalid("Say why the money goes back.", "reason")
    if method not in ways(work, order_id, connectors):
        raise Invalid("Choose how the money goes back.", "method")
    if method == states.TRANSFER and not account:
        raise Invalid("A transfer needs the buyer's account number.", "account")
    refund, fresh = refunds.ask(work, order, refunds.Asked(
        key[:80], amount, method, reason=reason, bank_account=account))
    if fresh:
        orders.refile(work, [order.id, refund.purse_id])
    return refund, fresh
