"""Returns, and refunds of goods that had been sent without one. A stream of orders that have them.

Shopify lists returns under their orders only. Refunds before sending call units off instead and are
told with the order (``sums``); refunds without units are money only, and no returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from oms_connector import Page, Return, ReturnLine, Unreadable
from oms_connector.reading import Puzzling, as_text, child, moment, shown, text, value, whole

from oms_shopify import parties, pulling, sums, words
from oms_shopify.calls import Api
from oms_shopify.queries import AFTER, RETURNS
from oms_shopify.reading import gid, money, nodes, number_of, ref, stamp

ORDERS_AT_ONCE = 5
"""Orders of a page: each is asked for its returns by itself."""
SPOKEN_OF = " AND (" + " OR ".join((
    *(f"return_status:{one}" for one in (
        "return_requested", "in_progress", "inspection_complete", "returned", "return_failed")),
    "financial_status:refunded", "financial_status:partially_refunded")) + ")"
State = Literal["announced", "sent", "arrived", "closed", "refused"]
STATES: Mapping[str, State] = {
    "REQUESTED": "announced", "OPEN": "announced", "CLOSED": "closed", "DECLINED": "refused",
    "CANCELED": "refused",
}


def pull(api: Api, now: datetime, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
    """New and changed returns after a cursor; without one, of the last 60 days."""
    place = pulling.begin(api, now, cursor)
    rows, following = pulling.listed(api, RETURNS, place, SPOKEN_OF, limit, ORDERS_AT_ONCE)
    newest = max([place["at"], *filter(None, map(pulling.stamp_of, rows))])
    same: dict[str, Any] = {}
    if not following:
        rows, same = pulling.unknown(place, rows)
    items: list[Return | Unreadable] = []
    for row in rows:
        number = value(row, "legacyResourceId")
        if isinstance(number, str) and number.isdigit():
            after = api.ask(AFTER, {"id": gid("Order", number)}, "order")["order"]
            items += read(after)
    return Page(items, {"at": newest, **following, **same}, bool(following))


def read(after: Any) -> list[Return | Unreadable]:
    """The returns of an order; what makes no sense is kept beside the others."""
    found: list[Return | Unreadable] = []
    for make, rows in ((_returned, value(after, "returns", "nodes")),
                       (_refunded, value(after, "refunds"))):
        for row in rows if isinstance(rows, list) else ():
            try:
                found += filter(None, [make(row, after)])
            except Puzzling as puzzle:
                found.append(Unreadable(str(value(row, "id") or "?")[:120], as_text(row),
                                        str(puzzle), puzzle.field))
    return found


def _returned(row: Any, after: Any) -> Return | None:
    status = text(row, "status")
    if status not in STATES:
        raise Puzzling(words.NEW_STATUS, "status", status)
    entries = nodes(row, "returnLineItems")
    lines = list(_lines(entries))
    if not lines:
        return None
    state = STATES[status]
    if status == "OPEN" and all(whole(one, "processedQuantity") >= whole(one, "quantity")
                                for one in entries):
        state = "arrived"
    notes = [shown(one, name) for one in entries for name in ("customerNote", "returnReasonNote")]
    return Return(
        external_id=ref(row), number=shown(row, "name"), created_at=moment(row, "createdAt"),
        state=state, raw_status=status, lines=lines,
        reason="; ".join(dict.fromkeys(filter(None, notes))),
        refunded=sum((money(one, "totalRefundedSet") for one in nodes(row, "refunds")),
                     Decimal(0)),
        raw=as_text(row), **_of(after),
    )


def _refunded(row: Any, after: Any) -> Return | None:
    """A refund of goods that had been sent, without a return; at once settled."""
    if value(row, "return") is not None:
        return None
    sent = sums.sent_at(after)
    late = [one for one in nodes(row, "refundLineItems") if sums.is_late(one, row, sent)]
    lines = [_line(child(one, "lineItem"), whole(one, "quantity"))
             for one in late if whole(one, "quantity")]
    if not lines:
        return None
    return Return(
        external_id=f"refund/{ref(row)}", number=text(after, "name"),
        created_at=moment(row, "createdAt"), state="closed", raw_status="REFUNDED", lines=lines,
        reason=shown(row, "note"), refunded=money(row, "totalRefundedSet"), refund_ref=ref(row),
        raw=as_text(row), **_of(after),
    )


def _of(after: Any) -> dict[str, Any]:
    """What all returns of an order have in common."""
    return {"order_ref": number_of(after), "currency": text(after, "presentmentCurrencyCode"),
            "revision": stamp(moment(after, "updatedAt")),
            "buyer_name": parties.full_name(child(after, "billingAddress"))}


def _lines(entries: Sequence[Any]) -> Iterator[ReturnLine]:
    for one in entries:
        known = value(one, "fulfillmentLineItem", "lineItem")
        if known is not None and whole(one, "quantity"):
            yield _line(known, whole(one, "quantity"), shown(one, "returnReasonNote"))


def _line(entry: Any, count: int, reason: str = "") -> ReturnLine:
    return ReturnLine(
        line_ref=ref(entry), title=text(entry, "name"), quantity=count, sku=shown(entry, "sku"),
        offer_ref=shown(child(entry, "variant"), "legacyResourceId"), reason=reason)
