"""What money can go back by, which is what it came by: a provider's payment, or a channel's order
and what the money is for there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, OrderLink
from oms_web.domain.payments import requests
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.refund_states import REFUSED
from oms_web.domain.payments.requests import PaymentRequest

GOODS, DELIVERY, WEAR = "goods", "delivery", "wear"
"""Kinds of a plan's items that a channel is told apart (``refund_plan.Item``)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an amount is for, minor units: ``lines`` says line -> units and money; the rest of the
    amount stands behind nothing.
    """

    lines: Mapping[int, tuple[int, int]]
    delivery: int


def by_provider(session: Session, order: Order, amount: int) -> PaymentRequest | None:
    """The newest payment by a provider of which so much is left; None where there is none.

    Args:
        amount: minor units.
    """
    return next((one for one in requests.paid_by_provider(session, order)
                 if one.paid - _back(session, one) >= amount), None)


def _back(session: Session, row: PaymentRequest) -> int:
    """What goes back by a provider's payment."""
    return int(session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0))
        .where(Refund.request_id == row.id, Refund.state != REFUSED)) or 0)


def by_channel(session: Session, order: Order, connectors: Collection[str], amount: int = 1,
               plan: Iterable[Mapping[str, Any]] = ()) -> ChannelOrder | None:
    """The order of a channel by which so much can go back; None where there is none.

    The buyer paid there, as much is left of that, and the goods the money is for are of that order.

    Args:
        connectors: the kinds of channels that can be asked to give money back.
        amount: minor units.
        plan: the items of the refund.
    """
    family = [one.id for one in lineage.purchase(session, order)]
    ids = {item["line_id"] for item in plan if item.get("line_id")}
    wanted = set(session.scalars(
        select(OrderLine.channel_order_id).where(OrderLine.id.in_(ids)).distinct()))
    rows = session.scalars(
        select(ChannelOrder)
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .join(ChannelAccount, ChannelAccount.id == ChannelOrder.account_id)
        .where(OrderLink.order_id.in_(family), ChannelOrder.superseded_by.is_(None),
               ChannelAccount.connector.in_(connectors), ChannelAccount.state == "active",
               ChannelAccount.archived_at.is_(None))
        .distinct().order_by(ChannelOrder.id)).all()
    return next((one for one in rows if wanted <= {one.id}
                 and _came(session, one) - _gone(session, one) >= amount), None)


def comes_back_alone(session: Session, order: Order) -> bool:
    """Whether money can go back the way it came without the buyer saying where: a channel or a
    payment provider took it. Cash, money for the courier and transfers to us name no such way.
    """
    if order.payment_kind == "cod":
        return False
    family = [one.id for one in lineage.purchase(session, order)]
    return session.scalar(select(Payment.id).where(
        Payment.order_id.in_(family), Payment.amount > 0,
        Payment.source.startswith("account:", autoescape=True)).limit(1)) is not None


def _came(session: Session, row: ChannelOrder) -> int:
    """What the channel said that the buyer paid for its order."""
    return int(session.scalar(
        select(func.coalesce(func.sum(Payment.amount), 0))
        .where(Payment.source == f"account:{row.account_id}", Payment.amount > 0,
               Payment.reference.startswith(f"{row.external_id}:", autoescape=True))) or 0)


def _gone(session: Session, row: ChannelOrder) -> int:
    return int(session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0))
        .where(Refund.channel_order_id == row.id, Refund.state != REFUSED)) or 0)


def parts(plan: Iterable[Mapping[str, Any]], amount: int) -> Parts:
    """What an amount is for, by the items of its plan. Pure.

    Wear is taken off its line. Where the amount is less than the items (no more was paid, or a
    person typed less), delivery gives way first, then the last line.
    """
    units: dict[int, int] = {}
    money: dict[int, int] = {}
    delivery = 0
    for item in plan:
        if item["kind"] in (GOODS, WEAR):
            units[item["line_id"]] = units.get(item["line_id"], 0) + item["units"]
            money[item["line_id"]] = money.get(item["line_id"], 0) + item["amount"]
        elif item["kind"] == DELIVERY:
            delivery += item["amount"]
    left, lines = amount, {}
    for line_id, many in units.items():
        share = max(0, min(money[line_id], left))
        left -= share
        if share:
            lines[line_id] = (many, share)
    return Parts(lines, max(0, min(delivery, left)))
