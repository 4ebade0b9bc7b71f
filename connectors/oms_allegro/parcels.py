"""Telling Allegro how far an order is: parcels with tracking, a status, a cancellation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from oms_connector import (
    ChannelDown,
    Conflict,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelInfo,
    Refused,
    Shipment,
    Word,
)
from oms_connector.reading import children, value, whole

from oms_allegro import mapping, words
from oms_allegro.calls import Api
from oms_allegro.journal import get_form
from oms_allegro.reading import text_or_empty

LONGEST_NUMBER = 64
LONGEST_NAME = 30
OTHER = "OTHER"
BUCKET = "shipments"
# RETURNED is not among them: Allegro sets it itself.
STATUSES = {
    "NEW": words.NEW, "PROCESSING": words.PROCESSING,
    "READY_FOR_SHIPMENT": words.READY_FOR_SHIPMENT, "READY_FOR_PICKUP": words.READY_FOR_PICKUP,
    "SENT": words.SENT, "PICKED_UP": words.PICKED_UP, "CANCELLED": words.CANCELLED,
    "SUSPENDED": words.SUSPENDED,
}
ON_THE_WAY = ("SENT", "PICKED_UP", "RETURNED")
# What carriers are called elsewhere, folded, and what Allegro may call them; the first that it has.
ALSO: Mapping[str, tuple[str, ...]] = {
    "paczkomaty": ("INPOST",), "paczkomatyinpost": ("INPOST",), "inpostpaczkomaty": ("INPOST",),
    "inpostkurier": ("INPOST",), "kurierinpost": ("INPOST",),
    "orlen": ("ORLEN", "RUCH", "PACZKA_W_RUCHU"),
    "orlenpaczka": ("ORLEN", "RUCH", "PACZKA_W_RUCHU"),
    "paczkawruchu": ("ORLEN", "RUCH", "PACZKA_W_RUCHU"),
    "pocztex": ("POCZTA_POLSKA",), "poczta": ("POCZTA_POLSKA",),
    "dhlparcel": ("DHL",), "dhlexpress": ("DHL",), "dpdpolska": ("DPD",), "dpdpickup": ("DPD",),
    "allegroone": ("ALLEGRO",),
}


def push_shipment(api: Api, shipment: Shipment) -> str:
    """Tell of the parcels that the order does not have yet, then that it was sent.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: it is not ours to send, or a number is not accepted.
    """
    form = _form(api, shipment.external_id)
    path = _path(shipment.external_id)
    parcels = [parcel for parcel in shipment.parcels if parcel.tracking]
    for parcel in parcels:
        if len(parcel.tracking) > LONGEST_NUMBER:
            raise Refused(words.LONG_NUMBER % {"most": LONGEST_NUMBER}, field="tracking")
    known = _numbers(api, path) if parcels else {}
    fresh = [parcel for parcel in parcels if parcel.tracking not in known]
    carriers = list_carriers(api) if fresh else []
    told = len(known)
    try:
        for parcel in fresh:
            known[parcel.tracking] = _add(api, path, _waybill(parcel, carriers, shipment.lines))
        if shipment.complete and _status(form) not in ON_THE_WAY:
            _set(api, path, "SENT")
    except ChannelDown as error:
        if len(known) == told:
            raise
        raise OutcomeUnknown(str(error)) from error  # a part of it was told already
    return ",".join(dict.fromkeys(known[parcel.tracking] for parcel in parcels))


def push_status(api: Api, external_id: str, status: str, revision: str) -> None:
    """Set the seller's status of an order that is still at ``revision``.

    Raises:
        Conflict: the buyer changed it meanwhile.
        NotFound: there is no such order.
        Refused: not a status that can be set.
    """
    if status not in STATUSES:
        raise Refused(words.NOT_SETTABLE % {"status": status}, field="status")
    form = _form(api, external_id)
    current = mapping.revision(form)
    if revision and revision != current:
        raise Conflict(words.CHANGED, current)
    if _status(form) == status:
        return
    try:
        _set(api, _path(external_id), status, value(form, "revision"))
    except Conflict as conflict:
        now = get_form(api, external_id)
        raise Conflict(str(conflict), mapping.revision(now) if now else "") from conflict


def cancel_order(api: Api, external_id: str, lines: Mapping[str, int]) -> None:
    """Mark an order as not to be delivered. Buyers do not see that; the money is given back apart.

    Raises:
        NotFound: there is no such order.
        NotSupported: only a part of it is to be cancelled.
    """
    form = _form(api, external_id)
    whole_order = {value(line, "id"): whole(line, "quantity")
                   for line in children(form, "lineItems")}
    if lines and any(lines.get(ref, 0) < count for ref, count in whole_order.items()):
        raise NotSupported(words.NO_PARTS)
    if value(form, "status") != "CANCELLED" and _status(form) != "CANCELLED":
        _set(api, _path(external_id), "CANCELLED")


def list_carriers(api: Api) -> list[Word]:
    """The carriers that Allegro knows; the last resort, "other", included."""
    answer = api.get("/order/carriers", "carriers", bucket=BUCKET)
    return [
        Word(text_or_empty(entry, "id"),
             text_or_empty(entry, "name") or text_or_empty(entry, "id"))
        for entry in children(answer, "carriers") if text_or_empty(entry, "id")
    ]


def carrier_id(name: str, carriers: Sequence[Word]) -> str:
    """Allegro's id of a carrier that we call so: by its id, its name, or another of its names."""
    known = {_fold(word.ref): word.ref for word in carriers}
    known |= {_fold(word.name): word.ref for word in carriers if _fold(word.name) not in known}
    folded = _fold(name)
    wanted = (folded, *map(_fold, ALSO.get(folded, ())))
    return next((known[one] for one in wanted if one in known), OTHER)


def _waybill(
    parcel: ParcelInfo, carriers: Sequence[Word], lines: Mapping[str, int]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "carrierId": carrier_id(parcel.carrier, carriers), "waybill": parcel.tracking,
    }
    if body["carrierId"] == OTHER:
        body["carrierName"] = (parcel.carrier.strip() or "-")[:LONGEST_NAME]
    if lines:
        body["lineItems"] = [{"id": ref} for ref in lines]
    return body


def _add(api: Api, path: str, waybill: Mapping[str, Any]) -> str:
    try:
        answer = api.send("POST", f"{path}/shipments", waybill, "id", bucket=BUCKET)
    except Conflict as conflict:
        known = _numbers(api, path)
        if waybill["waybill"] not in known:
            raise Refused(words.TAKEN_NUMBER % {"why": conflict}, "conflict",
                          "tracking") from conflict
        return known[waybill["waybill"]]
    return str(answer["id"])


def _numbers(api: Api, path: str) -> dict[str, str]:
    """The tracking numbers that an order has, whoever added them: number -> Allegro's id."""
    answer = api.get(f"{path}/shipments", bucket=BUCKET)
    return {text_or_empty(entry, "waybill"): text_or_empty(entry, "id")
            for entry in children(answer, "shipments")}


def _form(api: Api, external_id: str) -> Any:
    form = get_form(api, external_id)
    if form is None:
        raise NotFound(words.STATUS % {"status": 404})
    if mapping.is_sent_by_allegro(form):
        raise Refused(words.ALLEGRO_SENDS)
    return form


def _status(form: Any) -> str:
    return str(value(form, "fulfillment", "status") or "NEW")


def _set(api: Api, path: str, status: str, revision: str | None = None) -> None:
    params = {"checkoutForm.revision": revision} if revision else None
    api.send("PUT", f"{path}/fulfillment", {"status": status}, params=params)


def _path(external_id: str) -> str:
    return f"/order/checkout-forms/{quote(external_id, safe='')}"


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
