"""Telling the shop how far an order is: parcels with tracking, a status, units that are called off.

WooCommerce has no field for tracking. Where the Shipment Tracking plugin is, it is told; elsewhere
a note for the buyer is written, which WooCommerce sends by mail. Nothing in the API takes a key, so
what is there is looked at first, and ours are kept beside the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from oms_connector import (
    ChannelDown,
    Conflict,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelInfo,
    RateLimited,
    Refused,
    Shipment,
)
from oms_connector.reading import Puzzling, cents, value, whole

from oms_woocommerce import mapping, sums, words
from oms_woocommerce.calls import MOST, ROOT, Api
from oms_woocommerce.pulling import DIGITS
from oms_woocommerce.reading import amount_or_zero, children, ref, shown

KEYS = "_oms_shipment_keys"
TRACKING = f"{ROOT}/wc-shipment-tracking/v3"
OVER = frozenset({"cancelled", "refunded", "trash", "failed"})
SENT = frozenset({"completed", "shipped", "delivered"})
GONE = frozenset({"cancelled", "trash", "refunded"})


def push_shipment(api: Api, shipment: Shipment) -> str:
    """Tell of the parcels that the order does not have yet, then that it was sent.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: the order was called off.
    """
    row = get_order(api, shipment.external_id)
    keys = mapping.kept(row, KEYS)
    keys = dict(keys) if isinstance(keys, dict) else {}
    if shipment.key in keys:
        return str(keys[shipment.key])
    status = value(row, "status")
    if status in OVER:
        raise Refused(words.NOT_TO_SEND % {"status": status})
    told: list[str] = []
    try:
        for parcel in shipment.parcels:
            if parcel.tracking:
                told.append(_tell(api, shipment, parcel))
        body: dict[str, Any] = {"meta_data": [
            {"key": KEYS, "value": keys | {shipment.key: ",".join(told)}}]}
        if shipment.complete and status not in SENT:
            body["status"] = "completed"
        api.send("PUT", f"/orders/{shipment.external_id}", body, "id")
    except (ChannelDown, RateLimited) as error:
        if not told or isinstance(error, RateLimited):
            raise  # said again, it goes on where it stopped
        raise OutcomeUnknown(str(error)) from error
    return ",".join(told)


def push_status(api: Api, external_id: str, status: str, revision: str) -> None:
    """Set the status of an order that is still at ``revision``.

    WooCommerce takes no revision: a change between our look and our word is not noticed.

    Raises:
        Conflict: somebody changed it meanwhile.
        NotFound: there is no such order.
        Refused: there is no such status.
    """
    row = get_order(api, external_id)
    current = mapping.revision(row)
    if revision and revision != current:
        raise Conflict(words.CHANGED, current)
    if value(row, "status") != status:
        api.send("PUT", f"/orders/{external_id}", {"status": status}, "id")


def cancel_order(api: Api, external_id: str, lines: Mapping[str, int], reason: str) -> None:
    """Call off an order, or units of it: ``lines`` says how many of each are called off in all.

    Units are called off by a refund that gives no money back and puts nothing back into stock:
    WooCommerce would do both by itself, and quantities come from here.

    Raises:
        NotFound: there is no such order.
        Refused: it was sent already, or there is no such line.
    """
    row = get_order(api, external_id)
    if value(row, "status") in GONE:
        return
    if value(row, "status") in SENT:
        raise Refused(words.SENT_ALREADY)
    try:
        entries = {ref(entry): entry for entry in children(row, "line_items")
                   if sums.is_sold(entry)}
        unknown = next((one for one in lines if one not in entries), None)
        if unknown is not None:
            raise Refused(words.NO_LINE % {"ref": unknown}, field="lines")
        refunds = api.rows(f"/orders/{external_id}/refunds", {"per_page": MOST, "dp": DIGITS}) \
            if lines else []
        gone = sums.given_back(row, refunds).units
        left = {one: whole(entry, "quantity") - max(gone.get(one, 0), lines.get(one, 0))
                for one, entry in entries.items()}
        missing = {one: count - gone.get(one, 0) for one, count in lines.items()
                   if count > gone.get(one, 0)}
        if lines and any(count > 0 for count in left.values()):
            if missing:
                _call_off(api, row, entries, missing, refunds, reason)
            return
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle
    api.send("PUT", f"/orders/{external_id}", {"status": "cancelled"}, "id")


def get_order(api: Api, external_id: str) -> Any:
    """An order as it is now.

    Raises:
        NotFound: there is none.
    """
    if not external_id.isdigit():
        raise NotFound(words.NO_ORDER)
    return api.get(f"/orders/{external_id}", "id", "status", "line_items", params={"dp": DIGITS})


def _tell(api: Api, shipment: Shipment, parcel: ParcelInfo) -> str:
    """A tracking number, unless it is there; the plugin's or the note's number of it."""
    path = f"{TRACKING}/orders/{shipment.external_id}/shipment-trackings"
    try:
        known = api.rows(path)
    except NotSupported:
        return _note(api, shipment.external_id, parcel)
    for one in known:
        if shown(one, "tracking_number") == parcel.tracking:
            return shown(one, "tracking_id")
    answer = api.send("POST", path, {
        "custom_tracking_provider": parcel.carrier, "custom_tracking_link": parcel.url,
        "tracking_number": parcel.tracking,
        "date_shipped": shipment.shipped_at.strftime("%Y-%m-%d"),
    }, "tracking_id")
    return str(answer["tracking_id"])


def _note(api: Api, external_id: str, parcel: ParcelInfo) -> str:
    path = f"/orders/{external_id}/notes"
    for one in api.rows(path, {"type": "customer"}):
        if parcel.tracking in shown(one, "note"):
            return str(value(one, "id"))
    said = f"{parcel.carrier}: {parcel.tracking}" if parcel.carrier else parcel.tracking
    answer = api.send("POST", path, {
        "note": "\n".join(filter(None, (said, parcel.url))), "customer_note": True}, "id")
    return str(answer["id"])


def _call_off(api: Api, row: Any, entries: Mapping[str, Any], missing: Mapping[str, int],
              refunds: list[Any], reason: str) -> None:
    items = [_refund_line(entries[one], count) for one, count in missing.items()]
    total = sum((item["refund_total"] + sum(tax["refund_total"] for tax in item["refund_tax"])
                 for item in items), Decimal(0))
    still = cents(amount_or_zero(row, "total")) - sum(map(sums.refunded, refunds), Decimal(0))
    api.send("POST", f"/orders/{ref(row)}/refunds", {
        "amount": str(max(min(total, still), Decimal(0))), "reason": reason,
        "api_refund": False, "api_restock": False,
        "line_items": [{**item, "refund_total": float(item["refund_total"]), "refund_tax": [
            {**tax, "refund_total": float(tax["refund_total"])} for tax in item["refund_tax"]]}
            for item in items],
    }, "id")


def _refund_line(entry: Any, count: int) -> dict[str, Any]:
    """So many units of a line with their share of its price and of each of its taxes."""
    share = Decimal(count) / whole(entry, "quantity")
    return {
        "id": int(ref(entry)), "quantity": count,
        "refund_total": cents(amount_or_zero(entry, "total") * share),
        "refund_tax": [{"id": value(tax, "id"),
                        "refund_total": cents(amount_or_zero(tax, "total") * share)}
                       for tax in children(entry, "taxes")],
    }
