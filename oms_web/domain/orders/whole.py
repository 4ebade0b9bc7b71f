"""Orders with everything that belongs to them, many at once: for those who cannot ask again.

The number of statements is the same for one order and for two hundred.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage
from oms_web.domain.orders.models import (
    ChannelOrder,
    Hold,
    Order,
    OrderLine,
    OrderLink,
    OrderSplit,
    Status,
)
from oms_web.domain.orders.queries import tag_names

_Noun = TypeVar("_Noun", ChannelAccount, Status)


@dataclass(frozen=True, slots=True)
class Whole:
    """An order and its parts. ``external_ids`` are the channel's; ``skus`` those we send.

    ``together``: who shares its parcel. ``parts``: the other orders of its purchase.
    """

    order: Order
    lines: Sequence[OrderLine]
    holds: Sequence[Hold]
    tags: Sequence[str]
    external_ids: Sequence[str]
    account: ChannelAccount | None
    status: Status | None
    skus: dict[int, str]
    together: Sequence[int] = ()
    parts: Sequence[int] = ()
    split_from: int | None = None


def wholes(session: Session, ids: Sequence[int]) -> list[Whole]:
    """These orders, in this order; numbers that no order has are left out."""
    if not ids:
        return []
    orders = {order.id: order for order in session.scalars(select(Order).where(Order.id.in_(ids)))}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in session.scalars(
        select(OrderLine).where(OrderLine.order_id.in_(ids))
        .order_by(OrderLine.order_id, OrderLine.position)
    ):
        lines[line.order_id].append(line)
    holds: dict[int, list[Hold]] = defaultdict(list)
    for hold in session.scalars(
        select(Hold).where(Hold.order_id.in_(ids), Hold.released_at.is_(None)).order_by(Hold.id)
    ):
        holds[hold.order_id].append(hold)
    external: dict[int, list[str]] = defaultdict(list)
    for order_id, external_id in session.execute(
        select(OrderLink.order_id, ChannelOrder.external_id)
        .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
        .where(OrderLink.order_id.in_(ids)).order_by(OrderLink.order_id, ChannelOrder.id)
    ):
        external[order_id].append(external_id)
    tags = tag_names(session, ids)
    accounts = _by_id(session, ChannelAccount, {order.account_id for order in orders.values()})
    statuses = _by_id(session, Status, {order.status_id for order in orders.values()})
    skus = catalog.skus(session, {
        line.variant_id for some in lines.values() for line in some if line.variant_id is not None
    })
    kin = lineage.relations(session, ids)
    split_from = dict(session.execute(
        select(OrderSplit.order_id, OrderSplit.from_id).where(OrderSplit.order_id.in_(ids))).all())
    alone = lineage.Relations()
    return [
        Whole(order, lines[id_], holds[id_], tags.get(id_, ()), external[id_],
              accounts.get(order.account_id), statuses.get(order.status_id), skus,
              kin.get(id_, alone).together, kin.get(id_, alone).parts, split_from.get(id_))
        for id_ in ids if (order := orders.get(id_)) is not None
    ]


def _by_id(session: Session, model: type[_Noun], ids: set[int | None]) -> dict[int | None, _Noun]:
    known = sorted(id_ for id_ in ids if id_ is not None)
    if not known:
        return {}
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(known)))}


def whole(session: Session, order_id: int) -> Whole:
    """One order.

    Raises:
        NotFound: there is none.
    """
    found = wholes(session, [order_id])
    if not found:
        raise NotFound("There is no such order.")
    return found[0]


def by_external_id(session: Session, account_id: int, external_id: str) -> list[int]:
    """The numbers of the orders that stand for a channel's order."""
    return list(session.scalars(
        select(OrderLink.order_id)
        .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
        .where(ChannelOrder.account_id == account_id, ChannelOrder.external_id == external_id)
        .order_by(OrderLink.order_id)
    ))
