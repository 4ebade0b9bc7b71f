"""Orders as a table: one row per order, by number, in pages that hold nothing open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.money import from_minor
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import phases, queries
from oms_web.domain.orders.filters import Condition
from oms_web.domain.orders.models import Order, OrderLine, Status
from oms_web.domain.orders.walking import within

COLUMNS = (
    Column("number", "Order", "int"), Column("channel", "Channel"),
    Column("channel_number", "Channel's number"), Column("placed_at", "Placed", "moment"),
    Column("ship_by", "Ship by", "moment"), Column("shipped_at", "Sent", "moment"),
    Column("phase", "Phase"), Column("queue", "Queue"), Column("status", "Status"),
    Column("buyer", "Buyer"), Column("company", "Company"), Column("email", "E-mail"),
    Column("phone", "Phone"), Column("tax_id", "NIP"), Column("street", "Street"),
    Column("postcode", "Postcode"), Column("city", "Town"), Column("country", "Country"),
    Column("currency", "Currency"), Column("items", "Goods", "money"),
    Column("shipping", "Delivery", "money"), Column("discount", "Discount", "money"),
    Column("total", "Total", "money"), Column("paid", "Paid", "money"),
    Column("payment", "Payment"), Column("payment_method", "Payment method"),
    Column("courier", "Courier"), Column("delivery_method", "Delivery method"),
    Column("units", "Units", "int"), Column("skus", "SKU"), Column("tags", "Tags"),
)
MOST_SKUS = 50


def orders(conditions_of: Callable[[Session], Sequence[Condition]]) -> Sheet:
    """The sheet of orders that meet conditions, which are compiled anew for every page."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        conditions = conditions_of(session)
        among = within(conditions)
        wheres = [condition.where for condition in conditions]
        if among != frozenset(phases.PHASES):
            wheres.append(Order.phase.in_(sorted(among)))
        found = session.execute(
            select(Order, ChannelAccount.name, Status.name)
            .outerjoin(ChannelAccount, ChannelAccount.id == Order.account_id)
            .outerjoin(Status, Status.id == Order.status_id)
            .where(Order.id > (after or 0), *wheres).order_by(Order.id).limit(PAGE)
        ).all()
        ids = [order.id for order, _, _ in found]
        skus = _skus(session, ids)
        tags = queries.tag_names(session, ids)
        table = [
            _row(order, account or "", status or "", " ".join(skus.get(order.id, [])),
                 ", ".join(tags.get(order.id, ())))
            for order, account, status in found
        ]
        return table, ids[-1] if len(ids) == PAGE else None

    return Sheet("orders", COLUMNS, page)


def _skus(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """``2xKUB-BIA 1xTAL``: what each order holds, at most ``MOST_SKUS`` positions of it."""
    found: dict[int, list[str]] = {}
    for order_id, sku, quantity in session.execute(
        select(OrderLine.order_id, OrderLine.sku, OrderLine.quantity - OrderLine.cancelled)
        .where(OrderLine.order_id.in_(ids), OrderLine.position <= MOST_SKUS)
        .order_by(OrderLine.order_id, OrderLine.position)
    ):
        if quantity:
            found.setdefault(order_id, []).append(f"{quantity}x{sku or '?'}")
    return found


def _row(order: Order, account: str, status: str, skus: str, tags: str) -> tuple[Any, ...]:
    to = order.ship_to or {}
    sums = (from_minor(amount, order.currency) for amount in (
        order.items_total, order.shipping_total, order.discount_total, order.total,
        order.paid_total))
    return (
        order.id, account, order.external_number, order.placed_at, order.ship_by,
        order.shipped_at, order.phase, order.queue, status, order.buyer_name,
        order.buyer_company, order.buyer_email, order.buyer_phone, order.tax_id,
        to.get("street", ""), to.get("postcode", ""), to.get("city", ""), order.country,
        order.currency, *sums, order.payment_state, order.payment_method, order.carrier,
        order.delivery_method, order.units, skus, tags,
    )
