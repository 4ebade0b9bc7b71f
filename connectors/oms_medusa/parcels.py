"""Telling the shop that goods left: a fulfilment is made of what was packed, then it is sent.

Nothing in the API takes a key. Ours is kept beside the fulfilment that is made, so that a second
telling goes on where the first one ended. What somebody packed in Medusa's own panel is sent as it
was packed there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    ChannelDown,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Shipment,
)
from oms_connector.reading import Puzzling, child, children, shown, text, value, whole

from oms_medusa import mapping, sums, words
from oms_medusa.calls import Api
from oms_medusa.reading import is_on, whole_or_zero

KEY = "oms_key"
NO_LINK = "#"
"""What Medusa's own panel writes where there is no address."""
FIELDS = ",".join((
    "id", "status", "updated_at", "*items", "*items.detail",
    "items.variant.inventory_items.inventory_item_id",
    "items.variant.inventory_items.required_quantity",
    "*fulfillments", "*fulfillments.items", "*fulfillments.labels", "*payment_collections",
    "*payment_collections.payments", "*payment_collections.payments.captures",
    "*payment_collections.payments.refunds",
))


def push_shipment(api: Api, shipment: Shipment) -> str:
    """Tell what left and in which parcels; the references of the fulfilments that hold it.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: the order was called off, or sent in the shop with other numbers.
    """
    row = get_order(api, shipment.external_id)
    try:
        return _push(api, row, shipment)
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle


def get_order(api: Api, external_id: str) -> Any:
    """An order as it is now.

    Raises:
        NotFound: there is none.
    """
    rows = api.page("/orders", "orders", {"fields": FIELDS, "id[]": [external_id], "limit": 1,
                                          "offset": 0})[0]
    if not rows:
        raise NotFound(words.NO_ORDER)
    return rows[0]


def live(row: Any) -> list[Any]:
    """The fulfilments of an order that were not called off."""
    return [one for one in children(row, "fulfillments") if value(one, "canceled_at") is None]


def _push(api: Api, row: Any, shipment: Shipment) -> str:
    if value(row, "status") == mapping.CANCELED:
        raise Refused(words.CALLED_OFF)
    known = {shown(label, "tracking_number"): one for one in live(row)
             for label in children(one, "labels")}
    ours = [one for one in live(row) if value(value(one, "metadata"), KEY) == shipment.key]
    numbers = [parcel.tracking for parcel in shipment.parcels if parcel.tracking]
    if not ours and numbers and all(number in known for number in numbers):
        return _refs([known[number] for number in numbers])
    held = ours or _packed(row, shipment)
    left = _unpacked(row, shipment, held)
    if not held and not left:
        raise Refused(words.SENT_THERE)
    labels = [_label(parcel.tracking, parcel.url) for parcel in shipment.parcels
              if parcel.tracking and parcel.tracking not in known]
    told = False
    try:
        for group in _groups(row, left):
            held = [*held, _make(api, row, shipment, group)]
            told = True
        for one in held:
            if value(one, "shipped_at") is None:
                _send(api, row, one, labels)
                told, labels = True, []
    except (ChannelDown, RateLimited) as error:
        if not told or isinstance(error, RateLimited):
            raise  # said again, it goes on where it stopped
        raise OutcomeUnknown(str(error)) from error
    return _refs(held)


def _packed(row: Any, shipment: Shipment) -> list[Any]:
    """Fulfilments that were packed in the panel, wait to be sent, and hold nothing else."""
    lines = _lines(row, shipment)
    found = []
    for one in live(row):
        content = _content(row, one)
        if value(one, "shipped_at") is None and content and all(
                count <= lines.get(ref, 0) for ref, count in content.items()):
            found.append(one)
            lines = {ref: count - content.get(ref, 0) for ref, count in lines.items()}
    return found


def _unpacked(row: Any, shipment: Shipment, held: Sequence[Any]) -> dict[str, int]:
    """Units of the shipment that are in no fulfilment yet."""
    packed = [_content(row, one) for one in held]
    entries = {text(entry, "id"): entry for entry in sums.sold(row)}
    left = {}
    for ref, count in _lines(row, shipment).items():
        free = whole(entries[ref], "quantity") - whole_or_zero(
            child(entries[ref], "detail"), "fulfilled_quantity")
        missing = min(count - sum(content.get(ref, 0) for content in packed), free)
        if missing > 0:
            left[ref] = missing
    return left


def _lines(row: Any, shipment: Shipment) -> dict[str, int]:
    """Line -> units that left; all that the order has where the shipment does not say."""
    entries = {text(entry, "id"): whole(entry, "quantity") for entry in sums.sold(row)}
    unknown = next((ref for ref in shipment.lines if ref not in entries), None)
    if unknown is not None:
        raise Refused(words.NO_LINE % {"ref": unknown}, field="lines")
    return dict(shipment.lines) or entries


def _groups(row: Any, left: Mapping[str, int]) -> list[dict[str, int]]:
    """What needs delivery and what does not may not be in one fulfilment."""
    needs = {text(entry, "id"): is_on(entry, "requires_shipping") for entry in sums.sold(row)}
    found = [{ref: count for ref, count in left.items() if needs[ref] is wanted}
             for wanted in (True, False)]
    return [group for group in found if group]


def _make(api: Api, row: Any, shipment: Shipment, group: Mapping[str, int]) -> Any:
    """A new fulfilment. The shop itself knows from where: it holds the units there."""
    answer = api.send("POST", f"/orders/{text(row, 'id')}/fulfillments", {
        "items": [{"id": ref, "quantity": count} for ref, count in group.items()],
        "metadata": {KEY: shipment.key},
    }, "order", params={"fields": "id,*fulfillments,*fulfillments.items"})
    before = {value(one, "id") for one in children(row, "fulfillments")}
    for one in live(answer["order"]):
        if value(one, "id") not in before and _content(row, one).keys() == group.keys():
            return one
    raise OutcomeUnknown(words.LACKS % {"names": "fulfillments"})


def _send(api: Api, row: Any, one: Any, labels: Sequence[Mapping[str, str]]) -> None:
    """What was packed leaves."""
    api.send("POST", f"/orders/{text(row, 'id')}/fulfillments/{text(one, 'id')}/shipments", {
        "items": [{"id": ref, "quantity": count} for ref, count in _content(row, one).items()],
        "labels": list(labels),
    }, "order", params={"fields": "id"})


def _content(row: Any, one: Any) -> dict[str, int]:
    """Line -> units of a fulfilment, which counts inventory items: a pair of socks is two socks."""
    needed = {(shown(entry, "id"), value(part, "inventory_item_id")):
              max(1, whole_or_zero(part, "required_quantity"))
              for entry in children(row, "items")
              for part in children(child(entry, "variant"), "inventory_items")}
    found: dict[str, int] = {}
    for part in children(one, "items"):
        ref = shown(part, "line_item_id")
        found[ref] = whole(part, "quantity") // needed.get(
            (ref, value(part, "inventory_item_id")), 1)
    return found


def _refs(fulfilments: Sequence[Any]) -> str:
    return ",".join(dict.fromkeys(text(one, "id") for one in fulfilments))


def _label(number: str, url: str) -> dict[str, str]:
    is_link = url.startswith(("http://", "https://"))
    return {"tracking_number": number, "tracking_url": url if is_link else NO_LINK,
            "label_url": NO_LINK}
