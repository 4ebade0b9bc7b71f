"""Orders go on walks through a warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.work import Work
from oms_web.domain.fulfilment import carts, service
from oms_web.domain.fulfilment.service import Errand
from oms_web.domain.orders import lineage, waiting
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_orders
from oms_web.domain.shipping import service as shipping
from oms_web.domain.stock.models import Location


@dataclass(slots=True)
class Started:
    """The lists that were made (none when no order could go on one), and who was refused and why.
    """

    list_ids: list[int] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    refused: list[tuple[int, OmsError]] = field(default_factory=list)

    @property
    def list_id(self) -> int | None:
        """The first list, if there is any."""
        return self.list_ids[0] if self.list_ids else None


def start(
    work: Work, warehouse_id: int, order_ids: Sequence[int], method: str = carts.CART, *,
    cart_slots: int = service.MOST_ORDERS, wave: Mapping[str, Any] | None = None,
) -> Started:
    """Put orders on new walks through a warehouse; those that cannot go are said, not dropped.

    What travels with an order is picked with it, into the same basket.

    Args:
        method: a key of ``carts.METHODS``.
        cart_slots: orders that one cart holds.
        wave: which filter the orders were taken by, for people to read.

    Raises:
        Invalid: no order, more than one walk can hold, or no such method.
    """
    wanted = list(dict.fromkeys(order_ids))
    if not wanted:
        raise Invalid("Choose at least one order.", "order")
    if len(wanted) > service.MOST_ORDERS:
        raise Invalid("A pick list has at most %(most)s orders.", "order", most=service.MOST_ORDERS)
    wanted = [*wanted, *sorted(set(lineage.together(work.session, *wanted)).difference(wanted))]
    if method not in carts.METHODS:
        raise Invalid("Choose how to pick.", "method")
    found = _locked(work, wanted)
    made = Started()
    errands = _errands(work, warehouse_id, wanted, found, made)
    boxes = {one.id: one.together_id for one in found.values() if one.together_id is not None}
    for walk in carts.deal(made.orders, method, cart_slots, boxes):
        baskets = dict(walk.slots)
        mine = [errand for errand in errands if errand.order_id in baskets]
        made.list_ids.append(
            service.make_list(work, warehouse_id, mine, baskets, method, wave).id)
    return made


def _locked(work: Work, wanted: list[int]) -> dict[int, Order]:
    """The orders; nobody else puts them on a walk until the end of the transaction."""
    return {order.id: order for order in lock_orders(work.session, wanted) if order.id in wanted}


def _errands(
    work: Work, warehouse_id: int, wanted: list[int], found: dict[int, Order], made: Started
) -> list[Errand]:
    listed = service.on_open_lists(work.session, wanted, warehouse_id)
    errands: list[Errand] = []
    for order_id in wanted:
        refusal = _refusal(work, found.get(order_id), listed.get(order_id))
        mine = [] if refusal else [
            Errand(order_id, part.line_id, part.variant_id, part.location_id, part.quantity)
            for parts in shipping.open_parts(work.session, order_id).values() for part in parts
        ]
        mine = _in_warehouse(work, warehouse_id, mine)
        if not refusal and not mine:
            refusal = NotAllowedNow("Nothing of this order lies in this warehouse.")
        if refusal:
            made.refused.append((order_id, refusal))
        else:
            made.orders.append(order_id)
            errands += mine
    return errands


def _refusal(work: Work, order: Order | None, list_id: int | None) -> OmsError | None:
    if order is None:
        return NotAllowedNow("There is no such order.")
    if order.queue != "pick":
        return waiting.refusal(work.session, order)
    if list_id is not None:
        return NotAllowedNow("This order is on pick list %(list)s already.", list=list_id)
    return None


def _in_warehouse(work: Work, warehouse_id: int, errands: list[Errand]) -> list[Errand]:
    places = set(work.session.scalars(
        select(Location.id).where(Location.id.in_({e.location_id for e in errands}),
                                  Location.warehouse_id == warehouse_id)
    )) if errands else set()
    return [errand for errand in errands if errand.location_id in places]
