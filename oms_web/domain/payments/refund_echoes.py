"""What channels and providers tell of money that went back: which of it echoes a refund that was
asked for here, and which is news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage
from oms_web.domain.orders.models import ChannelOrder, Order
from oms_web.domain.payments import refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refund_states import APPROVED, DONE, PAGES, PROVIDER, SENT, UNKNOWN


def hear(work: Work, order: Order, rows: Sequence[Mapping[str, Any]],
         request_id: int | None = None) -> tuple[list[Mapping[str, Any]], set[int]]:
    """The payments a channel tells that are news, without the echo of refunds of ours; and the
    cases whose refunds it settled.

    A payment below zero that has the reference, or else exactly the amount, of a refund that was
    sent is that refund: it settles one whose answer was lost, and adds nothing to one that is done.

    Args:
        request_id: a provider tells of this payment: only what went back by it can be meant, never
            a transfer or cash of the same amount.
    """
    news: list[Mapping[str, Any]] = []
    settled: set[int] = set()
    for row in rows:
        refund = _echoed(work.session, order, row, request_id) \
            if row["amount"] < 0 else None
        if refund is None:
            news.append(row)
            continue
        refund.echo = f"{row['source']}:{row['reference']}"[:240]
        if refund.state != DONE:
            before, refund.state = refund.state, DONE
            refunds.arrived(work, refund, row)
            audit.record(work, "refunds.told", "refund", refund.id, {"refund": [before, DONE]},
                         order_id=refund.order_id)
            if refund.case_id is not None:
                settled.add(refund.case_id)
    return news, settled


def _echoed(session: Session, order: Order, row: Mapping[str, Any], request_id: int | None
            ) -> Refund | None:
    family = [one.id for one in lineage.purchase(session, order)]
    name = f"{row['source']}:{row['reference']}"[:240]
    gone = Refund.state.in_((SENT, UNKNOWN, DONE))
    # What a person does on the channel's pages is often told before it is typed in here.
    may_be = or_(gone, and_(Refund.state == APPROVED, Refund.method == PAGES))
    if request_id is not None:
        may_be = and_(gone, Refund.method == PROVIDER,
                      or_(Refund.request_id == request_id, Refund.request_id.is_(None)))
    mine = session.scalars(
        select(Refund).where(Refund.purse_id.in_(family), may_be)
        .order_by(Refund.id).with_for_update()).all()
    by_name = next((one for one in mine if one.echo == name), None)
    if by_name is not None:
        return by_name
    fresh = [one for one in mine if not one.echo and one.amount == -row["amount"]]
    named = [one for one in fresh if one.reference
             and f":{row['reference']}".endswith(f":{one.reference}")]
    return next(iter(named or fresh), None)


def is_ours(session: Session, account_id: int, external_id: str, reference: str,
            amount: int | None) -> bool:
    """Whether what a channel shows as a return of an order of its is a refund that was asked for
    here.

    One whose answer is not known yet is recognised by its amount, and known by that name then.
    """
    mine = session.scalars(
        select(Refund)
        .join(ChannelOrder, ChannelOrder.id == Refund.channel_order_id)
        .where(ChannelOrder.account_id == account_id, ChannelOrder.external_id == external_id,
               Refund.state.in_((SENT, UNKNOWN, DONE)))
        .order_by(Refund.id).with_for_update(of=Refund)
        .execution_options(populate_existing=True)).all()
    if any(one.reference == reference for one in mine):
        return True
    lost = next((one for one in mine if not one.reference and one.amount == amount), None)
    if lost is not None:
        lost.reference = reference[:160]
    return lost is not None
