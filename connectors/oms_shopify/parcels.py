"""Telling Shopify that parcels left.

What is to be sent stands in fulfilment orders, one for each location; what was sent in fulfilments
with tracking. Nothing here takes a key, so what is there is looked at first: parcels are known
again by their numbers, and those without a number by their units and moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from oms_connector import (
    ChannelDown,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Shipment,
)
from oms_connector.reading import Puzzling, child, children, moment, shown, value, whole

from oms_shopify import words
from oms_shopify.calls import Api
from oms_shopify.changes import FULFIL, RETRACK
from oms_shopify.queries import WORK
from oms_shopify.reading import gid, nodes, ref

# Of the companies that Shopify makes tracking links for, those that a seller in Europe meets. The
# name must be written just so; any other name is taken too, without a link.
CARRIERS = (
    "BPost", "BRT", "Chronopost", "Colissimo", "Correos", "CTT", "Deutsche Post", "DHL",
    "DHL eCommerce", "DHL Express", "DPD", "Evri", "FedEx", "GLS", "Hermes", "Inpost",
    "Mondial Relay", "Packeta", "Poste Italiane", "PostNL", "PostNord SE", "TNT", "UPS", "Venipak",
)
LIVE = "SUCCESS"
OVER = frozenset({"CLOSED", "CANCELLED"})
SKEW = timedelta(minutes=10)
"""Shopify's clock and ours may differ by so much."""


def push_shipment(api: Api, shipment: Shipment, *, notify: bool) -> str:
    """Tell of the units and tracking numbers that the order does not have yet.

    Raises:
        NotFound: there is no such order.
        OutcomeUnknown: perhaps only a part of it was told.
        Refused: the order was called off, or Shopify does not let it leave now.
    """
    row = get_order(api, shipment.external_id)
    if value(row, "cancelledAt"):
        raise Refused(words.CALLED_OFF)
    try:
        made = _told_already(row, shipment)
        rest = _rest(row, shipment, made)
        if not rest and made:
            return _missing_numbers(api, made, shipment, notify)
        orders = _openings(row, rest)
        if not orders:
            return _without_units(api, row, shipment, notify)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    told: list[str] = []
    for work in orders:
        try:
            payload = api.do(FULFIL, {"fulfillment": {
                "lineItemsByFulfillmentOrder": work, "notifyCustomer": notify,
                **({"trackingInfo": tracking(shipment)} if _numbers(shipment) else {})}},
                "fulfillmentCreate", "fulfillment")
            told.append(ref(payload["fulfillment"]))
        except (ChannelDown, RateLimited) as error:
            if not told or isinstance(error, RateLimited):
                raise  # said again, it goes on where it stopped
            raise OutcomeUnknown(str(error)) from error
        except Puzzling as puzzle:
            raise OutcomeUnknown(str(puzzle)) from puzzle
    return ",".join(told)


def get_order(api: Api, external_id: str) -> Any:
    """What is to be sent of an order, and what was.

    Raises:
        NotFound: there is none.
    """
    if not external_id.isdigit():
        raise NotFound(words.NO_ORDER)
    told = api.ask(WORK, {"id": gid("Order", external_id)})
    if "order" not in told:
        raise ChannelDown(words.LACKS % {"names": "order"})
    if told["order"] is None:
        raise NotFound(words.NO_ORDER)
    return told["order"]


def tracking(shipment: Shipment, known: Sequence[Any] = ()) -> dict[str, Any]:
    """Tracking numbers, those that are there already included."""
    rows = [(shown(one, "number"), shown(one, "url"), shown(one, "company")) for one in known]
    numbers = {number for number, _, _ in rows}
    rows += [(one.tracking, one.url, company_of(one.carrier)) for one in shipment.parcels
             if one.tracking and one.tracking not in numbers]
    found: dict[str, Any] = {"numbers": [number for number, _, _ in rows]}
    company = next((said for _, _, said in reversed(rows) if said), "")
    if company:
        found["company"] = company
    if all(url for _, url, _ in rows):
        found["urls"] = [url for _, url, _ in rows]
    return found


def company_of(carrier: str) -> str:
    """A carrier as Shopify writes it, so that it makes a link of the number."""
    return next((one for one in CARRIERS if one.casefold() == carrier.casefold()), carrier)


def _told_already(row: Any, shipment: Shipment) -> list[Any]:
    """Fulfilments that are this shipment."""
    numbers = set(_numbers(shipment))
    found = []
    for one in _live(row):
        theirs = {shown(info, "number") for info in children(one, "trackingInfo")} - {""}
        if numbers & theirs or (not numbers and not theirs and
                                moment(one, "createdAt") >= shipment.shipped_at - SKEW and
                                dict(_units(one)) == _wanted(shipment, _units(one))):
            found.append(one)
    return found


def _rest(row: Any, shipment: Shipment, made: Sequence[Any]) -> Counter[str]:
    """Line -> units that are still to be told of."""
    left: Counter[str] = Counter()
    for order in _open(row):
        for one in nodes(order, "lineItems"):
            left[ref(child(one, "lineItem"))] += whole(one, "remainingQuantity")
    if not shipment.lines:
        return +left if not made else Counter()
    done: Counter[str] = Counter()
    for one in made:
        done += _units(one)
    return +Counter({line: min(left[line], count - done[line])
                     for line, count in shipment.lines.items()})


def _openings(row: Any, rest: Counter[str]) -> list[list[dict[str, Any]]]:
    """What to fulfil of which fulfilment orders, one list for each location.

    Raises:
        Refused: all of it is on hold or scheduled.
    """
    left, blocked = Counter(rest), ""
    by_place: dict[str, list[dict[str, Any]]] = {}
    for order in _open(row):
        chosen = []
        for one in nodes(order, "lineItems"):
            line = ref(child(one, "lineItem"))
            count = min(left[line], whole(one, "remainingQuantity"))
            if count > 0:
                chosen.append({"id": value(one, "id"), "quantity": count})
                left[line] -= count
        if not chosen:
            continue
        if not may(order, "CREATE_FULFILLMENT"):
            blocked = blocked or str(value(order, "status"))
            continue
        place = str(value(order, "assignedLocation", "location", "id"))
        by_place.setdefault(place, []).append({
            "fulfillmentOrderId": value(order, "id"), "fulfillmentOrderLineItems": chosen})
    if blocked and not by_place:
        raise Refused({"ON_HOLD": words.ON_HOLD, "SCHEDULED": words.SCHEDULED}.get(
            blocked, words.ELSEWHERE), blocked)
    return list(by_place.values())


def _without_units(api: Api, row: Any, shipment: Shipment, notify: bool) -> str:
    """All units left already, told by somebody else: numbers go to the newest fulfilment."""
    live = sorted(_live(row), key=lambda one: moment(one, "createdAt"))
    if not live:
        raise Refused(words.ELSEWHERE)
    return _missing_numbers(api, live[-1:], shipment, notify)


def _missing_numbers(api: Api, made: Sequence[Any], shipment: Shipment, notify: bool) -> str:
    known = [info for one in made for info in children(one, "trackingInfo")]
    lacking = set(_numbers(shipment)) - {shown(info, "number") for info in known}
    if lacking:
        last = made[-1]
        theirs = [info for info in children(last, "trackingInfo") if shown(info, "number")]
        api.do(RETRACK, {"id": value(last, "id"), "tracking": tracking(shipment, theirs),
                         "notify": notify}, "fulfillmentTrackingInfoUpdate", "fulfillment")
    return ",".join(ref(one) for one in made)


def may(order: Any, action: str) -> bool:
    """Whether a fulfilment order supports an action now."""
    return action in [value(one, "action") for one in children(order, "supportedActions")]


def _live(row: Any) -> list[Any]:
    return [one for one in children(row, "fulfillments") if value(one, "status") == LIVE]


def _open(row: Any) -> list[Any]:
    return [one for one in nodes(row, "fulfillmentOrders") if value(one, "status") not in OVER]


def _units(made: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in nodes(made, "fulfillmentLineItems"):
        found[ref(child(one, "lineItem"))] += whole(one, "quantity")
    return found


def _wanted(shipment: Shipment, units: Mapping[str, int]) -> dict[str, int]:
    return dict(shipment.lines) if shipment.lines else dict(units)


def _numbers(shipment: Shipment) -> list[str]:
    return list(dict.fromkeys(one.tracking for one in shipment.parcels if one.tracking))
