"""Telling the shop that goods left: a fulfilment with its tracking number, then "Shipped".

A fulfilment takes no key, and its tracking number cannot be changed later. So what is there is
looked at first, and ours are known again by their number; without a number by our key, which then
stands behind the carrier's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import (
    ChannelDown,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Shipment,
)
from oms_connector.reading import Puzzling, shown, value, whole

from oms_vendure import documents, mapping, sums, words
from oms_vendure.calls import Api
from oms_vendure.reading import children, ref

HANDLER = "manual-fulfillment"
PENDING, SHIPPED = "Pending", "Shipped"
NO_STOCK = "INSUFFICIENT_STOCK_ON_HAND_ERROR"


def push_shipment(api: Api, shipment: Shipment) -> str:
    """Make a fulfilment of what left, unless it is there, and mark it as sent; its id.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: the order was called off, or everything of it is in other parcels already.
    """
    row = get_order(api, shipment.external_id)
    try:
        parcel = _find(row, shipment)
        if parcel is not None and value(parcel, "state") in sums.SENT:
            return ref(parcel)
        if value(row, "state") == "Cancelled":
            raise Refused(words.NOT_TO_SEND)
        units = {} if parcel is not None else _units(row, shipment)
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle
    if parcel is not None:
        return _send(api, ref(parcel))
    if not units:
        raise Refused(words.ALL_SENT)
    number = str(_fulfil(api, shipment, units)["id"])
    try:
        return _send(api, number)
    except RateLimited:
        raise  # said again, it goes on where it stopped
    except ChannelDown as error:
        raise OutcomeUnknown(str(error)) from error


def get_order(api: Api, external_id: str) -> Any:
    """An order as it is now.

    Raises:
        NotFound: there is none, or it is a cart still.
    """
    row = api.read(documents.ORDER, {"id": external_id}).get("order")
    if row is None or not mapping.is_placed(row):
        raise NotFound(words.NO_ORDER)
    if not isinstance(value(row, "lines"), list):
        raise ChannelDown(words.LACKS % {"names": "lines"})
    return row


def tracking(shipment: Shipment) -> str:
    """The tracking numbers of a shipment: Vendure has room for one text."""
    return ", ".join(parcel.tracking for parcel in shipment.parcels if parcel.tracking)


def _method(shipment: Shipment) -> str:
    carriers = ", ".join(dict.fromkeys(one.carrier for one in shipment.parcels if one.carrier))
    return carriers if tracking(shipment) else f"{carriers} [{shipment.key}]".strip()


def _find(row: Any, shipment: Shipment) -> Mapping[str, Any] | None:
    """The parcel that is this one."""
    number, key = tracking(shipment), f"[{shipment.key}]"
    for parcel in children(row, "fulfillments"):
        if value(parcel, "state") == sums.GONE:
            continue
        same = shown(parcel, "trackingCode") == number if number else \
            shown(parcel, "method").endswith(key)
        if same:
            return parcel
    return None


def _units(row: Any, shipment: Shipment) -> dict[str, int]:
    """Line -> units to put into the parcel: those of the shipment that are in none yet."""
    taken = sums.parcelled_units(row)
    found: dict[str, int] = {}
    for entry in children(row, "lines"):
        line = ref(entry)
        left = whole(entry, "quantity") - taken.get(line, 0)
        count = min(left, shipment.lines.get(line, 0)) if shipment.lines else left
        if count > 0:
            found[line] = count
    return found


def _fulfil(api: Api, shipment: Shipment, units: Mapping[str, int]) -> Any:
    told = {"method": _method(shipment), "trackingCode": tracking(shipment)}
    try:
        return api.write(documents.FULFIL, {"input": {
            "lines": [{"orderLineId": line, "quantity": count} for line, count in units.items()],
            "handler": {"code": HANDLER, "arguments": [
                {"name": name, "value": text} for name, text in told.items()]},
        }}, "addFulfillmentToOrder")
    except Refused as no:
        if no.code == NO_STOCK:
            raise Refused(words.NO_STOCK, no.code) from no
        raise


def _send(api: Api, number: str) -> str:
    api.write(documents.MOVE_PARCEL, {"id": number, "state": SHIPPED},
              "transitionFulfillmentToState")
    return number
