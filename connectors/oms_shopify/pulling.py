"""The stream of orders: a watermark over the moment of the last change.

Shopify searches in an index that is a little behind, so each reading begins two minutes before the
newest change seen. Within a reading its own cursor is followed: it stands at a moment and a number,
so an order that changes meanwhile moves to the end and hides no other. No list can be followed
beyond 25,000 rows; a long one begins anew at the moment reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_connector import ChannelDown, CursorExpired, Order, OrderRef, Page, Refused, Unreadable
from oms_connector.reading import Puzzling, moment, value

from oms_shopify import access, mapping, words
from oms_shopify.calls import Api, TooDear
from oms_shopify.queries import AFTER, MORE_LINES, ORDERS, ORDERS_BY_ID, Query
from oms_shopify.reading import gid, stamp

PAGE = 20
FETCHED = 6
"""Orders asked for by number at once: more would cost too much."""
HISTORY = timedelta(days=60)
"""Older orders are shown only to apps that may see all of them."""
OVERLAP = timedelta(seconds=120)
LONGEST = 20_000
SAME = 2
"""Times that the same orders are handed over before they count as known: an order can change twice
within the second that its stamp shows."""

Cursor = Mapping[str, Any]
Reader = Callable[[Any, Any], Any]


def pull(api: Api, rules: mapping.Rules, now: datetime, cursor: Cursor | None, limit: int
         ) -> Page[Order | OrderRef]:
    """What changed after a cursor; without one, in the last 60 days.

    The cursor: ``at``, the newest moment seen, ``same``, a mark of what was handed over last and
    how often, and ``read``, when that was by our clock. Between two pages also the place in the
    list.

    Raises:
        CursorExpired: orders of the time in between may not be shown any more.
    """
    place = begin(api, now, cursor)
    rows, following = listed(api, ORDERS, place, "", limit)
    newest = max([place["at"], *filter(None, map(stamp_of, rows))])
    kept: dict[str, Any] = {"at": newest}
    if following:
        before = {"read": place["read"]} if "read" in place else {}
        return Page(read(api, rules, rows), kept | before | following, True)
    rows, same = unknown(place, rows)
    return Page(read(api, rules, rows), kept | same | {"read": stamp(now)}, False)


def sweep(api: Api, rules: mapping.Rules, since: datetime, until: datetime,
          cursor: Cursor | None, limit: int) -> Page[Order | OrderRef]:
    """Orders changed in a span, both ends included."""
    place = dict(cursor or {"from": stamp(since)})
    if "from" not in place:
        return Page([], place, False)
    end = stamp(until) if until.microsecond == 0 else stamp(until + timedelta(seconds=1))
    rows, following = listed(api, ORDERS, place, f" AND updated_at:<='{end}'", limit)
    return Page(read(api, rules, rows), following or {"done": True}, bool(following))


def fetch(api: Api, rules: mapping.Rules, refs: Sequence[str]) -> list[Order | Unreadable | None]:
    """Orders by number; None where there is no such order (any more)."""
    left = [ref for ref in dict.fromkeys(refs) if ref.isdigit()]
    found: dict[str, Order | Unreadable] = {}
    size = FETCHED
    while left:
        chosen = left[:size]
        try:
            told = api.ask(ORDERS_BY_ID, {"ids": [gid("Order", one) for one in chosen]}, "nodes",
                           rows=len(chosen))["nodes"]
        except TooDear:
            if size == 1:
                raise
            size = max(1, size // 2)
            continue
        if not isinstance(told, list) or len(told) != len(chosen):
            raise ChannelDown(words.OTHER_ROWS)
        there = [(one, row) for one, row in zip(chosen, told, strict=True) if row]
        for (one, _), item in zip(there, read(api, rules, [row for _, row in there]), strict=True):
            found[one] = item
        left = left[size:]
    return [found.get(ref) for ref in refs]


def begin(api: Api, now: datetime, cursor: Cursor | None) -> dict[str, Any]:
    """Where a reading begins: a little before the newest moment of the one before.

    Raises:
        CursorExpired: orders of the time in between may not be shown any more.
    """
    start = (now - HISTORY).replace(hour=0, minute=0, second=0)
    place = dict(cursor or {"at": stamp(start)})
    was = place.get("read")
    if was and now - datetime.fromisoformat(was) > HISTORY and not access.sees_all_orders(api):
        raise CursorExpired(words.FORGOTTEN)
    if "from" in place:
        return place
    return place | {"from": stamp(datetime.fromisoformat(place["at"]) - OVERLAP)}


def listed(api: Api, query: Query, place: Cursor, more: str, limit: int, most: int = PAGE
           ) -> tuple[Sequence[Any], dict[str, Any]]:
    """Rows from a place on, oldest change first, and the place behind them; none at the end."""
    size = max(1, min(limit, most))
    after = place.get("after")
    while True:
        try:
            told = api.ask(query, {"first": size, "after": after, "query":
                           f"updated_at:>='{place['from']}'{more}"}, "orders", rows=size)["orders"]
            break
        except TooDear:
            if size == 1:
                raise
            size = max(1, size // 2)
        except Refused:
            if after is None:
                raise
            after = None  # a cursor that is not taken any more: the list begins anew
    rows, info = value(told, "nodes"), value(told, "pageInfo")
    if not isinstance(rows, list) or not isinstance(value(info, "hasNextPage"), bool):
        raise ChannelDown(words.LACKS % {"names": "orders"})
    if not info["hasNextPage"] or not rows:
        return rows, {}
    count = int(place.get("count", 0)) + len(rows)
    reached = max(filter(None, map(stamp_of, rows)), default="")
    if count >= LONGEST and reached > place["from"]:
        return rows, {"from": reached}
    return rows, {"from": place["from"], "after": info["endCursor"], "count": count}


def unknown(place: Cursor, rows: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """Rows of a reading's only page, none if just they came often enough; what to keep of that."""
    if "after" in place:
        return rows, {}
    seen = [f"{value(row, 'legacyResourceId')} {value(row, 'updatedAt')}" for row in rows]
    mark = hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]
    known, times = place.get("same") or ("", 0)
    if known != mark:
        return rows, {"same": [mark, 1]}
    return (rows if times < SAME else []), {"same": [mark, min(SAME, times + 1)]}


def read(api: Api, rules: mapping.Rules, rows: Sequence[Any]) -> list[Any]:
    """Rows in the SDK's terms, with what the list does not hold of them."""
    return [mapping.order(with_all_lines(api, row), after(api, row), rules) for row in rows]


def after(api: Api, row: Any) -> Any:
    """Refunds and returns of an order that has any. One request."""
    number = value(row, "legacyResourceId")
    if not isinstance(number, str) or not number.isdigit():
        return None
    try:
        if not mapping.has_more(row):
            return None
    except Puzzling:
        return None
    return api.ask(AFTER, {"id": gid("Order", number)}, "order")["order"]


def with_all_lines(api: Api, row: Any) -> Any:
    """A row with the lines that did not fit into the list."""
    lines, number = value(row, "lineItems"), value(row, "legacyResourceId")
    rows = value(lines, "nodes")
    if value(lines, "pageInfo", "hasNextPage") is not True or not isinstance(rows, list) \
            or not isinstance(number, str) or not number.isdigit():
        return row
    place, rows = value(lines, "pageInfo", "endCursor"), list(rows)
    while place:
        told = api.ask(MORE_LINES, {"id": gid("Order", number), "after": place}, "order")
        got = value(told, "order", "lineItems")
        if not isinstance(value(got, "nodes"), list):
            raise ChannelDown(words.LACKS % {"names": "lineItems"})
        rows += got["nodes"]
        place = value(got, "pageInfo", "endCursor") \
            if value(got, "pageInfo", "hasNextPage") is True else None
    return {**row, "lineItems": {"nodes": rows}}


def stamp_of(row: Any) -> str:
    """The moment of a row by which it is listed; empty where it cannot be read."""
    try:
        return stamp(moment(row, "updatedAt"))
    except Puzzling:
        return ""
