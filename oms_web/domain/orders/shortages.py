"""Which products open orders still lack units of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import CompoundSelect, Select, func, select, union_all
from sqlalchemy.orm import Session

from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart

_LACKING = OrderLine.quantity - OrderLine.cancelled - OrderLine.shipped - OrderLine.reserved


def short_variants() -> Select[int]:
    """The variants that orders in the queue ``short`` wait for; of bundles, their parts."""
    return select(_short_lines().subquery().c.variant_id)


def lacking(session: Session, variant_ids: Collection[int] | None = None) -> dict[int, int]:
    """How many units orders in the queue ``short`` still lack of each variant; of these, or all."""
    lines = _short_lines().subquery()
    query = select(lines.c.variant_id, func.sum(lines.c.units)).group_by(lines.c.variant_id)
    if variant_ids is not None:
        # The sum keeps planners from looking at all that was ever sold of the variants.
        query = query.where((lines.c.variant_id + 0).in_(list(variant_ids)))
    return {variant_id: int(units) for variant_id, units in session.execute(query)}


def _short_lines() -> CompoundSelect[*tuple[Any, ...]]:
    whole = (
        select(OrderLine.variant_id.label("variant_id"), _LACKING.label("units"))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.queue == "short", OrderLine.variant_id.is_not(None), _LACKING > 0,
               OrderLine.id.not_in(select(OrderLinePart.line_id)))
    )
    parts = (
        select(OrderLinePart.variant_id.label("variant_id"),
               (_LACKING * OrderLinePart.quantity).label("units"))
        .join(OrderLine, OrderLine.id == OrderLinePart.line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.queue == "short", _LACKING > 0)
    )
    return union_all(whole, parts)
