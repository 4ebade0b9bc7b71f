"""Returns: what buyers asked to send back, of their own or within a claim or an exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from oms_connector import Page, Return, ReturnLine, Unreadable
from oms_connector.reading import Puzzling, child, children, shown, text, value, whole

from oms_medusa import mapping, parties, pulling, words
from oms_medusa.calls import Api
from oms_medusa.pulling import Stream
from oms_medusa.reading import as_text, moment, stamp, unreadable

OPEN = "open"
"""Begun in the panel and not asked for yet: a draft."""
STATES: Mapping[str, Literal["announced", "arrived", "closed", "refused"]] = {
    # What a return's refund was, or whether there was one, Medusa does not say: what was received
    # is settled as far as its returns know.
    "requested": "announced", "partially_received": "arrived", "received": "closed",
    "canceled": "refused",
}
# The order of a return is read by itself: asked for together, Medusa 2.21 answers with status 500.
RETURNS = Stream("/returns", "returns", ",".join((
    "id", "order_id", "display_id", "status", "created_at", "updated_at", "requested_at",
    "*items", "*items.reason", "*items.item")))
ORDERS = Stream("/orders", "orders", ",".join((
    "id", "display_id", "custom_display_id", "currency_code", "sales_channel.id",
    "sales_channel.name", "*billing_address", "*shipping_address", "*customer")))


def pull(api: Api, way: mapping.Ways, now: datetime, cursor: Mapping[str, Any] | None, limit: int
         ) -> Page[Return]:
    """New and changed returns, drafts left out."""
    rows, place, more = pulling.following(api, RETURNS, cursor, now, limit)
    asked = [row for row in rows if value(row, "status") != OPEN]
    refs = [ref for row in asked if isinstance(ref := value(row, "order_id"), str)]
    orders = {value(row, "id"): row for row in pulling.by_id(api, ORDERS, refs)}
    return Page(_read(asked, orders, way), place, more)


def _read(rows: Sequence[Any], orders: Mapping[Any, Any], way: mapping.Ways
          ) -> list[Return | Unreadable]:
    """A return whose order is not shown is kept as unreadable, not passed over."""
    found = [(row, orders.get(value(row, "order_id"))) for row in rows]
    return [read(row, order) for row, order in found
            if order is None or mapping.is_wanted(order, way)]


def read(row: Any, order: Any) -> Return | Unreadable:
    """A return of an order."""
    try:
        status = text(row, "status")
        if status not in STATES:
            raise Puzzling(words.NEW_STATUS, "status", status)
        lines = [_line(entry) for entry in children(row, "items") if whole(entry, "quantity")]
        return Return(
            external_id=text(row, "id"),
            order_ref=text(order, "id"),
            number=shown(order, "custom_display_id") or str(whole(order, "display_id")),
            created_at=moment(row, "created_at"),
            revision=stamp(moment(row, "updated_at")),
            currency=text(order, "currency_code").upper(),
            lines=lines,
            state=STATES[status],
            raw_status=status,
            buyer_name=parties.buyer(order),
            reason=next(filter(None, (one.reason for one in lines)), ""),
            raw=as_text(row),
        )
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def _line(entry: Any) -> ReturnLine:
    item = child(entry, "item")
    why = (shown(child(entry, "reason"), "label"), shown(entry, "note"))
    return ReturnLine(
        line_ref=text(entry, "item_id"),
        offer_ref=shown(item, "variant_id"),
        sku=shown(item, "variant_sku"),
        title=shown(item, "product_title") or shown(item, "title"),
        quantity=whole(entry, "quantity"),
        reason=": ".join(filter(None, why)),
    )
