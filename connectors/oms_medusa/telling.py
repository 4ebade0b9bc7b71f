"""Telling the shop that units are not delivered, or how far an order is.

A whole order is called off as in Medusa's own panel: money that was captured is paid back, what was
held for it is free again. Units are taken out by an edit of the order; what was paid too much for
them then stands in the panel as outstanding, for a person to pay back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import ChannelDown, Conflict, OutcomeUnknown, Refused
from oms_connector.reading import Puzzling, children, shown, text, value, whole

from oms_medusa import mapping, parcels, sums, words
from oms_medusa.calls import Api
from oms_medusa.mapping import ARCHIVED, CANCELED, COMPLETED

MARK = "OMS"
"""Stands in the note of our edits: so a second telling knows what the first one did."""
DELIVERED = "delivered"
STATUSES = {COMPLETED: words.COMPLETED, ARCHIVED: words.ARCHIVED, DELIVERED: words.DELIVERED}


def cancel_order(api: Api, external_id: str, lines: Mapping[str, int], reason: str) -> None:
    """Call off an order, or units of it: ``lines`` says how many of each are called off in all.

    Raises:
        NotFound: there is no such order.
        Refused: it was sent already, or there is no such line.
        ChannelDown: somebody is editing it in the shop at this moment.
    """
    row = parcels.get_order(api, external_id)
    if value(row, "status") == CANCELED:
        return
    try:
        left = {text(entry, "id"): whole(entry, "quantity") for entry in sums.sold(row)}
        done = _taken_out(api, external_id) if lines else {}
        unknown = next((ref for ref in lines if ref not in left and ref not in done), None)
        if unknown is not None:
            raise Refused(words.NO_LINE % {"ref": unknown}, field="lines")
        missing = {ref: count - done.get(ref, 0) for ref, count in lines.items()
                   if count > done.get(ref, 0) and ref in left}
        if lines and not missing:
            return
        if lines and any(count > missing.get(ref, 0) for ref, count in left.items()):
            _edit(api, external_id, {ref: max(0, left[ref] - count)
                                     for ref, count in missing.items()}, reason)
        else:
            _cancel(api, row)
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle


def push_status(api: Api, external_id: str, status: str, revision: str) -> None:
    """Complete or archive an order that is still at ``revision``, or note that it was delivered.

    Medusa takes no revision: a change between our look and our word is not noticed.

    Raises:
        Conflict: it was changed meanwhile.
        NotFound: there is no such order.
        Refused: there is no such status, or nothing was sent that could be delivered.
    """
    if status not in STATUSES:
        raise Refused(words.NO_STATUS % {"status": status}, field="status")
    row = parcels.get_order(api, external_id)
    if status == value(row, "status"):
        return
    try:
        current = mapping.revision(row)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    if revision and revision != current:
        raise Conflict(words.CHANGED, current)
    if status != DELIVERED:
        act = "complete" if status == COMPLETED else "archive"
        api.send("POST", f"/orders/{external_id}/{act}", {} if act == "complete" else None,
                 "order", params={"fields": "id,status"})
        return
    sent = [one for one in parcels.live(row) if value(one, "shipped_at") is not None]
    if not sent:
        raise Refused(words.NOT_SENT)
    for one in sent:
        if value(one, "delivered_at") is None:
            api.send("POST", f"/orders/{external_id}/fulfillments/{text(one, 'id')}"
                     "/mark-as-delivered", {}, "order", params={"fields": "id"})


def _cancel(api: Api, row: Any) -> None:
    """Call all of it off; what was only packed is unpacked first, as Medusa wants it."""
    packed = parcels.live(row)
    if any(value(one, "shipped_at") is not None for one in packed):
        raise Refused(words.SENT_ALREADY)
    at, told = f"/orders/{text(row, 'id')}", False
    try:
        for one in packed:
            api.send("POST", f"{at}/fulfillments/{text(one, 'id')}/cancel", {}, "order",
                     params={"fields": "id"})
            told = True
        api.send("POST", f"{at}/cancel", None, "order", params={"fields": "id,status"})
    except ChannelDown as error:
        if not told:
            raise
        raise OutcomeUnknown(str(error)) from error


def _edit(api: Api, external_id: str, quantities: Mapping[str, int], reason: str) -> None:
    """Set the quantities of lines in one confirmed edit; one of ours that was left open is ended.

    Until it is confirmed, nothing of it counts: a failure on the way has changed nothing.
    """
    _clear(api, external_id)
    at = f"/order-edits/{external_id}"
    try:
        api.send("POST", "/order-edits", {"order_id": external_id, "internal_note": MARK,
                                          "description": reason[:300]}, "order_change")
        for ref, count in quantities.items():
            api.send("POST", f"{at}/items/item/{ref}", {"quantity": count}, "order_preview")
    except OutcomeUnknown as error:
        raise ChannelDown(str(error)) from error
    api.send("POST", f"{at}/confirm", None, "order_preview")


def _clear(api: Api, external_id: str) -> None:
    """End an edit of ours that was never confirmed.

    Raises:
        ChannelDown: there is somebody else's.
    """
    for change in _changes(api, external_id):
        if value(change, "status") not in ("pending", "requested"):
            continue
        if shown(change, "internal_note") != MARK or shown(change, "change_type") != "edit":
            raise ChannelDown(words.BEING_EDITED)
        try:
            api.send("DELETE", f"/order-edits/{external_id}", None)
        except OutcomeUnknown as error:
            raise ChannelDown(str(error)) from error


def _taken_out(api: Api, external_id: str) -> dict[str, int]:
    """Line -> units that our confirmed edits took out so far."""
    found: dict[str, int] = {}
    for change in _changes(api, external_id):
        if shown(change, "internal_note") != MARK or value(change, "status") != "confirmed":
            continue
        for action in children(change, "actions"):
            details = value(action, "details")
            if value(action, "action") == "ITEM_UPDATE" and value(details, "reference_id"):
                ref = text(details, "reference_id")
                found[ref] = found.get(ref, 0) - whole(details, "quantity_diff")
    return found


def _changes(api: Api, external_id: str) -> list[Any]:
    found = api.get(f"/orders/{external_id}/changes", "order_changes")["order_changes"]
    if not isinstance(found, list):
        raise ChannelDown(words.LACKS % {"names": "order_changes"})
    return found
