"""The channel replaced orders by a new one: a buyer paid two purchases together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import phases, refunding
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.following import hold_cancelled
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLink
from oms_web.domain.orders.service import lock_orders, refile, release_holds
from oms_web.flows.order_in.normalise import Draft


def retire_replaced(work: Work, account: ChannelAccount, drafts: Sequence[Draft]) -> None:
    """Cancel our orders for ids that ``drafts`` replace, before the new ones are reserved.

    Ids that we have never seen are noted too, so that a late message about them adds nothing.
    The rows point to themselves as superseded until ``name_successors`` knows a better one.
    """
    gone = {ref for draft in drafts for ref in draft.order.replaces}
    if not gone:
        return
    known = {
        row.external_id: row
        for row in work.session.scalars(
            select(ChannelOrder).where(ChannelOrder.account_id == account.id,
                                       ChannelOrder.external_id.in_(gone))
        )
    }
    standing = _orders_of(work, [row.id for row in known.values()])
    for ref in sorted(gone):
        row = known.get(ref)
        if row is None:
            row = ChannelOrder(account_id=account.id, external_id=ref, first_seen_at=work.now,
                               seen_at=work.now)
            work.session.add(row)
            work.session.flush()
        row.superseded_by = row.id
        for order in standing.get(row.id, ()):
            _retire(work, order)
    work.session.flush()


def name_successors(work: Work, account: ChannelAccount, drafts: Sequence[Draft]) -> None:
    """Let what was replaced point to what took it over, now that this is stored."""
    taken_over = {draft.order.external_id: draft.order.replaces
                  for draft in drafts if draft.order.replaces}
    if not taken_over:
        return
    for external_id, row_id in work.session.execute(
        select(ChannelOrder.external_id, ChannelOrder.id)
        .where(ChannelOrder.account_id == account.id, ChannelOrder.external_id.in_(taken_over))
    ).all():
        work.session.execute(
            update(ChannelOrder)
            .where(ChannelOrder.account_id == account.id,
                   ChannelOrder.external_id.in_(taken_over[external_id]),
                   ChannelOrder.id != row_id)
            .values(superseded_by=row_id)
        )


def _orders_of(work: Work, row_ids: Sequence[int]) -> dict[int, list[Order]]:
    """Our orders by the row of the channel's order they stand for, all of them locked."""
    links = work.session.execute(
        select(OrderLink.channel_order_id, OrderLink.order_id)
        .where(OrderLink.channel_order_id.in_(row_ids)).order_by(OrderLink.order_id)).all()
    locked = {order.id: order for order in lock_orders(work.session, {id_ for _, id_ in links})}
    found: dict[int, list[Order]] = {}
    for row_id, order_id in links:
        found.setdefault(row_id, []).append(locked[order_id])
    return found


def _retire(work: Work, order: Order) -> None:
    if order.phase == phases.PACKING:
        hold_cancelled(work, order, "replaced by a joint purchase")
        refile(work, [order.id])
    elif "cancel" in phases.allowed(order.phase):
        cancel_order(work, order, by="channel", reason="replaced by the channel")
        # What was paid for it pays for what takes its place.
        release_holds(work, order.id, [refunding.REFUND])
