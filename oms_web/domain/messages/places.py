"""Where a message about an order goes if it goes through its channel: the thread, or the order."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import conversations, routing
from oms_web.domain.messages.service import Place
from oms_web.domain.messages.wording import CHANNEL, EMAIL
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLink


def through_channel(session: Session, order: Order, *, wants_channel: bool, kind: str = EMAIL,
                  carries_document: bool = False) -> Place | None:
    """Where a message about an order goes, if it goes through the order's channel; None: by its
    own way.
    """
    account = session.get(ChannelAccount, order.account_id) if order.account_id else None
    if account is None or routing.choose(
            kind, account.writing, wants_channel=wants_channel,
            carries_document=carries_document) != CHANNEL:
        return None
    thread = conversations.thread_of(session, order.id)
    thread_id = thread.id if thread is not None and thread.account_id == account.id else None
    order_ref = session.scalar(
        select(ChannelOrder.external_id)
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .where(OrderLink.order_id == order.id, ChannelOrder.account_id == account.id,
               ChannelOrder.superseded_by.is_(None)).order_by(ChannelOrder.id).limit(1))
    return Place(account.id, thread_id, order_ref or "") if thread_id or order_ref else None


def recipient(order: Order) -> str:
    """What the buyer of an order is called where no address is needed."""
    return (order.buyer_name or order.external_number or str(order.id))[:200]
