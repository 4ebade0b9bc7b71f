"""In what an order is packed, as somebody or a rule says: its label is bought with those measures.

It comes before the packaging that a rule of sending names, and before the usual one.
"""

from __future__ import annotations

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import sending


def choose(work: Work, order_id: int, packaging_id: int | None) -> bool:
    """Choose the packaging of an order, None for what rules say; False when it was so already.

    Raises:
        NotFound: there is no such packaging.
        NotAllowedNow: it is used no more, the order has left or is closed, or it has its label.
    """
    order = orders.lock_order(work.session, order_id)
    if order.packaging_id == packaging_id:
        return False
    after = sending.get_packaging(work.session, packaging_id) if packaging_id else None
    if after is not None and after.archived_at is not None:
        raise NotAllowedNow("The packaging %(name)s is not used any more.", name=after.name)
    if order.phase not in phases.HERE:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    if order.is_labelled:
        raise NotAllowedNow("Order %(number)s has its label already.", number=order_id)
    before = sending.get_packaging(work.session, order.packaging_id) if order.packaging_id else None
    order.packaging_id = packaging_id
    audit.record(work, "orders.packaging", "order", order_id, {
        "packaging": [before and before.name, after and after.name]})
    return True
