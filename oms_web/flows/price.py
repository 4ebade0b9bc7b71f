"""Carriers are asked what an order's parcel would cost."""

from __future__ import annotations

from collections.abc import Sequence

from oms_web.core.claims import enqueue
from oms_web.core.work import Work
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import boxes, planning, prices, service
from oms_web.domain.shipping.planning import Wanted

TASK = "ask_price"


def compare(work: Work, order_id: int, wanted: Wanted, account_ids: Sequence[int]) -> str:
    """Queue the question to each of these accounts; the mark under which answers are found.

    Raises:
        NotFound: there is no such order.
    """
    order = orders.get_order(work.session, order_id)
    begun = boxes.of_order(work.session, order_id, *service.LIVE)
    made = planning.plan(work.session, order, begun[0] if begun else None)
    request = planning.request(work.session, made, wanted, "")
    for answer_id in prices.want(work, order_id, request, account_ids):
        enqueue(work.session, TASK, str(answer_id), {"answer_id": answer_id}, now=work.now)
    return prices.digest(request)
