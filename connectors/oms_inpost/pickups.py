"""Dispatch orders: a courier comes for the parcels. A shipment is in one of them at most.

Source: "Dispatch Order" and "Dispatch Point" of the ShipX documentation.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import Address, Http, OutcomeUnknown, Pickup, Refused
from oms_connector.guessing import polish_phone
from oms_connector.reading import children, value

from oms_inpost import calls, words
from oms_inpost.form import postal

WARSAW = ZoneInfo("Europe/Warsaw")


def order(http: Http, root: str, pickup: Pickup) -> str:
    """Order a courier; the id of the order. The key is written into its comment.

    Raises:
        Refused: these parcels are in another order, or InPost says no.
        OutcomeUnknown: it may have been ordered.
    """
    known = calls.get(http, f"{root}/dispatch_orders", {"shipment_id": pickup.references[0]})
    for one in children(known, "items"):
        if pickup.key in _comments(one):
            return str(value(one, "id"))
        if _holds(one, pickup.references[0]):
            raise Refused(words.IN_OTHER_PICKUP, "already_exists")
    document: dict[str, Any] = {
        "shipments": list(pickup.references),
        "comment": pickup.key,
        "office_hours": _hours(pickup),
    }
    made = calls.send(http, "POST", f"{root}/dispatch_orders",
                      document | _where(http, root, pickup.address))
    if not value(made, "id"):
        raise OutcomeUnknown(words.NO_ID)
    return str(made["id"])


def _where(http: Http, root: str, address: Address) -> dict[str, Any]:
    """The place: one that InPost knows already, for each address sent makes a new one."""
    wanted = postal(address)
    for point in children(calls.get(http, f"{root}/dispatch_points"), "items"):
        if all(str(value(point, "address", name) or "").casefold() == wanted[name].casefold()
               for name in ("street", "building_number", "post_code")):
            return {"dispatch_point_id": value(point, "id")}
    return {"address": wanted, "name": address.company or address.name,
            "phone": polish_phone(address.phone), "email": address.email}


def _hours(pickup: Pickup) -> str:
    begin, end = (moment.astimezone(WARSAW) for moment in (pickup.ready_from, pickup.until))
    return f"{begin:%H:%M} - {end:%H:%M}"


def _comments(document: Any) -> str:
    """All comments of an order: ``comment``, or a list of them."""
    several = [value(one, "comment") for one in children(document, "comments")]
    return " ".join(str(one) for one in [value(document, "comment"), *several] if one)


def _holds(document: Any, reference: str) -> bool:
    return any(str(value(one, "id")) == reference for one in children(document, "shipments"))
