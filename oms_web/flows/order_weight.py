"""What an order's parcel weighs, as somebody says before it is packed: for the courier's label.

A parcel that exists already, alone, follows; with several boxes each is weighed by itself.
"""

from __future__ import annotations

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import service as shipping


def weigh(work: Work, order_id: int, grams: int | None) -> bool:
    """Say what the parcel of an order weighs, None for not known; False when it said so already.

    Raises:
        Invalid: no weight that a parcel can have.
        NotAllowedNow: it has left or is closed.
    """
    if grams is not None and not 0 < grams <= shipping.HEAVIEST_G:
        raise Invalid("A parcel weighs between 1 g and 1000 kg.", "grams")
    order = orders.lock_order(work.session, order_id)
    if order.phase not in phases.HERE:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    if order.weight_g == grams:
        return False
    audit.record(work, "orders.weight", "order", order_id, {"weight_g": [order.weight_g, grams]})
    order.weight_g = grams
    for shipment in shipping.of_order(work.session, order_id, *shipping.LIVE):
        parcels = shipping.parcels_of(work.session, shipment.id)
        if grams is not None and len(parcels) == 1:
            shipping.describe_parcel(work, shipment, parcels[0].position, weight_g=grams)
    return True
