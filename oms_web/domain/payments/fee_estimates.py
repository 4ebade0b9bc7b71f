"""What a claim for a marketplace's commission should bring, before the marketplace says so."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments import fees, profit
from oms_web.domain.payments.fee_claims import FeeClaim
from oms_web.domain.payments.fees import Sale
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.payments.settling.reports import FEE


def share(commission: int, line: int, units: int, of: int, total: int) -> int | None:
    """The part of an order's commission that some units of a line bear, rounded half up. Pure.

    Args:
        commission: of the whole order, minor units.
        line: what all units of the line cost, minor units.
        units: how many of them are claimed.
        of: how many there are.
        total: what the order costs, minor units.

    Returns:
        None where nothing tells it: no commission is known, or nothing was paid.
    """
    if commission <= 0 or total <= 0 or of <= 0:
        return None
    return min(commission, (2 * commission * line * units + of * total) // (2 * of * total))


def expected(session: Session, claims: Sequence[tuple[FeeClaim, Order]]) -> dict[int, int]:
    """Claim -> what should come back, gross in minor units; a claim of which nobody knows is left
    out. The channel's report counts where it tells of the order, else the seller's table of fees,
    which is net.
    """
    ids = {order.id for _, order in claims}
    if not ids:
        return {}
    told = dict(session.execute(
        select(Settlement.order_id, func.sum(-Settlement.amount))
        .where(Settlement.order_id.in_(ids), Settlement.kind == FEE, Settlement.amount < 0)
        .group_by(Settlement.order_id)).all())
    rates = fees.every(session)
    lines = {line: (int(total), many) for line, total, many in session.execute(
        select(OrderLine.id, OrderLine.total, OrderLine.quantity)
        .where(OrderLine.id.in_({claim.order_line_id for claim, _ in claims})))}
    found = {}
    for claim, order in claims:
        whole = int(told.get(order.id) or 0) or profit.gross(fees.fee(rates, fees.CHANNEL, Sale(
            order.account_id, order.payment_method, order.carrier, order.total, order.currency,
            local_day(order.placed_at))), "")
        total, many = lines[claim.order_line_id]
        part = share(whole, total, claim.quantity, many, order.total)
        if part is not None:
            found[claim.id] = part
    return found
