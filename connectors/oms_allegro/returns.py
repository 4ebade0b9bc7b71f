"""What buyers send back. The interface is in beta and says so in its media type.

The list can tell which returns are new, but not which have changed. So those of the last days are
read each time, and those of the last weeks every half an hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from oms_connector import Page, ParcelInfo, Return, ReturnLine, Unreadable
from oms_connector.reading import (
    Puzzling,
    as_text,
    child,
    children,
    choice,
    moment,
    text,
    unreadable,
    value,
    whole,
)

from oms_allegro.calls import BETA, Api
from oms_allegro.reading import text_or_empty

PAGE = 1000
AGAIN = timedelta(minutes=30)
RECENT = timedelta(days=3)
SPAN = timedelta(days=45)
"""A buyer has 14 days to send back and Allegro's sellers 14 more to give the money back."""

State = Literal["announced", "sent", "arrived", "closed", "refused"]
STATES: Mapping[str, State] = {
    "CREATED": "announced", "DISPATCHED": "sent", "IN_TRANSIT": "sent", "DELIVERED": "arrived",
    "WAREHOUSE_DELIVERED": "arrived", "WAREHOUSE_VERIFICATION": "arrived",
    "FINISHED": "closed", "FINISHED_APT": "closed", "COMMISSION_REFUND_CLAIMED": "closed",
    "COMMISSION_REFUNDED": "closed", "REJECTED": "refused",
}


def pull(
    api: Api, now: datetime, cursor: Mapping[str, Any] | None, limit: int
) -> Page[Return]:
    """New and changed returns.

    The cursor: ``whole``, when those of the last weeks were last begun to be read; and between two
    pages ``gte``, ``lte`` and ``offset``. The span is fixed for that reading, so what is announced
    meanwhile moves nothing in it.
    """
    place = dict(cursor or {})
    if "offset" not in place:
        whole_again = _is_due(place, now)
        place = {
            "gte": _stamp(now - (SPAN if whole_again else RECENT)), "lte": _stamp(now), "offset": 0,
            "whole": now.replace(second=0, microsecond=0).isoformat() if whole_again
            else place["whole"],
        }
    size = max(1, min(limit, PAGE))
    found = children(api.get(
        "/order/customer-returns", "customerReturns", accept=BETA, bucket="returns", params={
            "createdAt.gte": place["gte"], "createdAt.lte": place["lte"], "limit": size,
            "offset": place["offset"],
        }), "customerReturns")
    items = [read(entry) for entry in found]
    if len(found) < size:
        return Page(items, {"whole": place["whole"]}, False)
    return Page(items, place | {"offset": place["offset"] + size}, True)


def read(entry: Any) -> Return | Unreadable:
    """A return; an ``Unreadable`` when something in it makes no sense."""
    try:
        items = children(entry, "items")
        rejection = child(entry, "rejection")
        return Return(
            external_id=text(entry, "id"),
            order_ref=text_or_empty(entry, "orderId"),
            number=text_or_empty(entry, "referenceNumber"),
            created_at=moment(entry, "createdAt"),
            currency=next((text_or_empty(child(item, "price"), "currency") for item in items), ""),
            lines=[_line(item) for item in items],
            state=choice(STATES, text(entry, "status"), "status"),
            raw_status=text(entry, "status"),
            buyer_name=text_or_empty(child(entry, "buyer"), "login"),
            reason=text_or_empty(rejection, "reason") or text_or_empty(rejection, "code"),
            parcels=[_parcel(one) for one in children(entry, "parcels")
                     if value(one, "waybill") or value(one, "transportingWaybill")],
            raw=as_text(_without_account(entry)),
        )
    except Puzzling as puzzle:
        kept = _without_account(entry) if isinstance(entry, dict) else entry
        return unreadable(kept, puzzle)


def _line(item: Any) -> ReturnLine:
    """A position. Allegro names the offer, not the line of the order."""
    reason = child(item, "reason")
    told = (text_or_empty(reason, "type"), text_or_empty(reason, "userComment"))
    return ReturnLine(
        line_ref="", offer_ref=text_or_empty(item, "offerId"),
        title=text_or_empty(item, "name"), quantity=whole(item, "quantity"),
        reason=": ".join(part for part in told if part),
    )


def _parcel(one: Any) -> ParcelInfo:
    """A parcel by the number of the carrier that really brings it, where two have a hand in it."""
    if text_or_empty(one, "transportingWaybill"):
        return ParcelInfo(text_or_empty(one, "transportingCarrierId"),
                          text_or_empty(one, "transportingWaybill"))
    return ParcelInfo(text_or_empty(one, "carrierId"), text_or_empty(one, "waybill"))


def _without_account(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A return without the buyer's bank account, which nobody here needs."""
    return {**entry, "refund": None} if value(entry, "refund") else entry


def _is_due(place: Mapping[str, Any], now: datetime) -> bool:
    return "whole" not in place or now - datetime.fromisoformat(place["whole"]) >= AGAIN


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
