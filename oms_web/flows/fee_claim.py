"""Claim the marketplace's commission back for what an order's buyer was paid back."""

from __future__ import annotations

from collections.abc import Collection

from oms_web.core.work import Work
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import fee_claims, refunds
from oms_web.domain.payments.fee_claims import FeeClaim
from oms_web.domain.returns import settings


def claim(work: Work, order_id: int, connectors: Collection[str]) -> list[FeeClaim]:
    """Claim all that was paid back and is not claimed; said again it claims nothing.

    Args:
        connectors: the kinds of channels that give their commission back.

    Raises:
        NotFound: there is no such order.
    """
    return fee_claims.claim(work, orders.lock_order(work.session, order_id), connectors)


def after_refund(work: Work, refund_id: int, connectors: Collection[str]) -> list[FeeClaim]:
    """Money of a refund has gone: claim the commission if the seller wants that by itself."""
    if not settings.current(work.session).claim_fees:
        return []
    refund = refunds.get(work.session, refund_id)
    order = orders.lock_order(work.session, refund.order_id)
    return fee_claims.claim(work, order, connectors, once=True)


def withdraw(work: Work, claim_id: int) -> bool:
    """Take a claim back; False if that was done.

    Raises:
        NotFound: there is none.
        NotAllowedNow: it was decided, or nobody knows whether it was made.
    """
    orders.lock_order(work.session, fee_claims.get(work.session, claim_id).order_id)
    return fee_claims.withdraw(work, claim_id)
