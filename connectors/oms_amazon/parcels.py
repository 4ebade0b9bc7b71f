"""Telling Amazon that goods left, parcel by parcel.

Each parcel has a number of ours within its order, by which Amazon knows it again; it must be
digits, written as text. What an order has already is looked at first, whoever told it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from oms_connector import (
    ChannelDown,
    NotFound,
    OutcomeUnknown,
    ParcelInfo,
    RateLimited,
    Refused,
    Shipment,
)
from oms_connector.reading import Puzzling, child, children, text, value

from oms_amazon import mapping, sums, words
from oms_amazon.calls import CONFIRM, Api
from oms_amazon.pulling import get_order
from oms_amazon.reading import stamp, text_or_empty, whole, whole_or_none

OTHER = "Other"
# Codes must be as Amazon writes them; for all else there is "Other" with a name. Source: the lists
# in Seller Central and in the vendor's order fulfilment schema.
CARRIERS = ("DHL", "DPD", "GLS", "UPS", "FedEx", "TNT", "USPS", "Royal Mail", "Deutsche Post",
            "PostNL", "La Poste", "Chronopost", "Correos", "SEUR", "Poste Italiane", "Aramex")
ALSO = {"dhlexpress": "DHL", "dhlparcel": "DHL", "dpdpolska": "DPD", "glspoland": "GLS",
        "upsstandard": "UPS"}
DATA = ("FULFILLMENT", "PACKAGES")


def push_shipment(api: Api, shipment: Shipment, now: datetime) -> str:
    """Tell of the parcels that the order does not have yet; their numbers.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: it is not ours to send, or Amazon does not accept it.
    """
    order = get_order(api, shipment.external_id, *DATA)
    if order is None:
        raise NotFound(words.NO_ORDER)
    try:
        _must_be_ours(order)
        known = {text_or_empty(one, "trackingNumber"): text_or_empty(one, "packageReferenceId")
                 for one in children(order, "packages")}
        parcels = [one for one in shipment.parcels if one.tracking] or list(shipment.parcels[:1])
        parcels = parcels or [ParcelInfo("", "")]
        fresh = [one for place, one in enumerate(parcels)
                 if not (one.tracking and one.tracking in known)
                 and reference(shipment.key, place) not in known.values()]
        shares = share(_units(order, shipment, len(parcels)), len(parcels)) if fresh else []
    except Puzzling as puzzle:
        raise Refused(str(puzzle), field=puzzle.field) from puzzle
    told = 0
    for place, (parcel, units) in enumerate(zip(parcels, shares, strict=False)):
        number = reference(shipment.key, place)
        if parcel not in fresh:
            continue
        try:
            _confirm(api, order, number, parcel, units, min(shipment.shipped_at, now))
        except (ChannelDown, RateLimited) as error:
            if not told or isinstance(error, RateLimited):
                raise  # said again, it goes on where it stopped
            raise OutcomeUnknown(str(error)) from error
        told += 1
    return ",".join(known.get(one.tracking) or reference(shipment.key, place)
                    for place, one in enumerate(parcels[:len(shares) or None]))


def reference(key: str, place: int) -> str:
    """The number of a parcel within its order: the same for the same key and place."""
    return str(int.from_bytes(sha256(f"{key}/{place}".encode()).digest()[:4], "big") % 10**9 + 1)


def share(units: Mapping[str, int], parcels: int) -> list[dict[str, int]]:
    """Units of each line in each parcel: all but one of them in the first.

    Amazon wants to know what is in each parcel, and we know that only of all together. Parcels
    beyond the number of units are left out: Amazon has no place for them.
    """
    rest = dict(units)
    others: list[dict[str, int]] = []
    for ref in sorted(rest, key=lambda one: -rest[one]):
        while len(others) < parcels - 1 and rest[ref] > 0 and sum(rest.values()) > 1:
            rest[ref] -= 1
            others.append({ref: 1})
    return [{ref: count for ref, count in rest.items() if count}, *others]


def carrier_code(name: str) -> str:
    """Amazon's code of a carrier; the last resort where it has none that is known here."""
    folded = _fold(name)
    return {_fold(code): code for code in CARRIERS}.get(folded) or ALSO.get(folded) or OTHER


def _must_be_ours(order: Any) -> None:
    if mapping.sender(order) == "channel":
        raise Refused(words.AMAZON_SENDS)
    state = mapping.state_of(order)
    if state in ("cancelled", "unpaid"):
        raise Refused(words.NOT_TO_SEND % {"status": text(child(order, "fulfillment"),
                                                          "fulfillmentStatus")})


def _units(order: Any, shipment: Shipment, parcels: int) -> dict[str, int]:
    """Units of each line that left: those of the shipment, else all that Amazon waits for, with
    those that it was told of for these very parcels: what is said again must come out the same.
    """
    if shipment.lines:
        return {ref: count for ref, count in shipment.lines.items() if count > 0}
    units = {text(entry, "orderItemId"): _left(entry) for entry in children(order, "orderItems")}
    ours = {reference(shipment.key, place) for place in range(parcels)}
    for package in children(order, "packages"):
        if text_or_empty(package, "packageReferenceId") in ours:
            for one in children(package, "packageItems"):
                units[text(one, "orderItemId")] += whole(one, "quantity")
    if not any(units.values()):
        raise Refused(words.NOTHING_LEFT)
    return {ref: count for ref, count in units.items() if count}


def _left(entry: Any) -> int:
    told = whole_or_none(child(entry, "fulfillment"), "quantityUnfulfilled")
    return whole(entry, "quantityOrdered") if told is None else told


def _confirm(api: Api, order: Any, number: str, parcel: ParcelInfo, units: Mapping[str, int],
             shipped_at: datetime) -> None:
    code = carrier_code(parcel.carrier)
    package: dict[str, Any] = {
        "packageReferenceId": number, "carrierCode": code, "trackingNumber": parcel.tracking,
        "shipDate": stamp(shipped_at),
        "orderItems": [{"orderItemId": ref, "quantity": count} for ref, count in units.items()],
    }
    if code == OTHER:
        package["carrierName"] = parcel.carrier.strip() or "-"
    path = f"/orders/v0/orders/{quote(str(value(order, 'orderId')))}/shipmentConfirmation"
    api.send("POST", path, {"marketplaceId": sums.marketplace(order), "packageDetail": package},
             bucket=CONFIRM)


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
