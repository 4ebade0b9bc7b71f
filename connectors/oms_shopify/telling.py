"""Telling Shopify how far an order is, and what of it will not be sent.

Shopify has no statuses that people make: its fulfilment orders are open, in progress or on hold.
Cancelling is done a moment later, by a job. No money is given back from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import ChannelDown, Conflict, NotFound, NotSupported, Refused
from oms_connector.reading import Puzzling, children, value, whole

from oms_shopify import mapping, words
from oms_shopify.calls import Api
from oms_shopify.changes import CANCEL, HOLD, OPEN, PROGRESS, RELEASE, TAKE_OUT
from oms_shopify.parcels import LIVE, OVER, get_order, may
from oms_shopify.pushing import key_of
from oms_shopify.queries import CALL_OFF
from oms_shopify.reading import gid, nodes, ref

UNFULFILLED, IN_PROGRESS, ON_HOLD = "UNFULFILLED", "IN_PROGRESS", "ON_HOLD"
STATUSES = {UNFULFILLED: words.UNFULFILLED, IN_PROGRESS: words.IN_PROGRESS, ON_HOLD: words.HELD}
GOALS = {UNFULFILLED: "OPEN", IN_PROGRESS: "IN_PROGRESS", ON_HOLD: "ON_HOLD"}


def push_status(api: Api, external_id: str, status: str, revision: str) -> None:
    """Move what is still to be sent of an order that is at ``revision``.

    Shopify takes no revision: a change between our look and our word is not noticed.

    Raises:
        Conflict: somebody changed it meanwhile.
        NotFound: there is no such order.
        Refused: there is no such status, or the order cannot have it now.
    """
    if status not in STATUSES:
        raise Refused(words.NO_STATUS % {"status": status}, field="status")
    row = get_order(api, external_id)
    try:
        current = mapping.revision(row)
        if revision and revision != current:
            raise Conflict(words.CHANGED, current)
        orders = [one for one in nodes(row, "fulfillmentOrders")
                  if value(one, "status") not in OVER]
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    goal, moved = GOALS[status], False
    for order in orders:
        moved = value(order, "status") == goal or _move(api, order, goal) or moved
    if not moved:
        raise Refused(words.NOT_NOW, field="status")


def cancel_order(api: Api, external_id: str, lines: Mapping[str, int], reason: str) -> None:
    """Call off an order, or units of it: ``lines`` says how many of each are called off in all.

    Units are taken out by a refund that gives no money back and puts nothing back into stock:
    quantities come from here. So is what is left of an order of which a part was sent.

    Raises:
        NotFound: there is no such order.
        Refused: it was sent already, or has not so many units.
    """
    row = _order(api, external_id)
    if value(row, "cancelledAt"):
        return
    try:
        was_sent = any(value(one, "status") == LIVE for one in children(row, "fulfillments"))
        entries = {ref(one): one for one in nodes(row, "lineItems")}
        open_ = {line: whole(one, "unfulfilledQuantity") for line, one in entries.items()}
        gone = {line: whole(one, "quantity") - whole(one, "currentQuantity")
                for line, one in entries.items()}
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    if was_sent and not any(open_.values()):
        raise Refused(words.SENT_ALREADY)
    missing = {line: count - gone.get(line, 0) for line, count in lines.items()} if lines else open_
    missing = {line: count for line, count in missing.items() if count > 0}
    for line, count in missing.items():
        if count > open_.get(line, 0):
            raise Refused(words.NO_LINE % {"ref": line}, field="lines")
    if not was_sent and missing == {line: n for line, n in open_.items() if n}:
        api.do(CANCEL, {"id": gid("Order", external_id), "note": reason[:255]}, "orderCancel",
               errors="orderCancelUserErrors")
    elif missing:
        if value(row, "lineItems", "pageInfo", "hasNextPage") is True:
            raise NotSupported(words.MANY_LINES)
        _take_out(api, row, external_id, missing, gone, reason)


def _order(api: Api, external_id: str) -> Any:
    if not external_id.isdigit():
        raise NotFound(words.NO_ORDER)
    told = api.ask(CALL_OFF, {"id": gid("Order", external_id)})
    if "order" not in told:
        raise ChannelDown(words.LACKS % {"names": "order"})
    if told["order"] is None:
        raise NotFound(words.NO_ORDER)
    return told["order"]


def _take_out(api: Api, row: Any, external_id: str, missing: Mapping[str, int],
              gone: Mapping[str, int], reason: str) -> None:
    wanted = [f"{line} {gone.get(line, 0) + count}" for line, count in sorted(missing.items())]
    api.do(TAKE_OUT, {"key": key_of("take out", external_id, *wanted), "input": {
        "orderId": gid("Order", external_id), "note": reason[:255], "notify": False,
        "currency": value(row, "presentmentCurrencyCode"),
        "refundLineItems": [{"lineItemId": gid("LineItem", line), "quantity": count,
                             "restockType": "NO_RESTOCK"} for line, count in missing.items()],
        "transactions": []}}, "refundCreate", "refund")


def _move(api: Api, order: Any, goal: str) -> bool:
    """Move a fulfilment order, if Shopify lets it be moved there now."""
    at = {"id": value(order, "id")}
    if goal == "IN_PROGRESS" and may(order, "REPORT_PROGRESS"):
        api.do(PROGRESS, at, "fulfillmentOrderReportProgress", "fulfillmentOrder")
    elif goal == "ON_HOLD" and may(order, "HOLD"):
        api.do(HOLD, {**at, "hold": {"reason": "OTHER", "notifyMerchant": False}},
               "fulfillmentOrderHold", "fulfillmentOrder")
    elif goal == "OPEN" and may(order, "RELEASE_HOLD"):
        api.do(RELEASE, at, "fulfillmentOrderReleaseHold", "fulfillmentOrder")
    elif goal == "OPEN" and may(order, "MARK_AS_OPEN"):
        api.do(OPEN, at, "fulfillmentOrderOpen", "fulfillmentOrder")
    else:
        return False
    return True
