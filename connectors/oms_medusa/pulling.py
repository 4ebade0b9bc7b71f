"""Streams by the moment of the last change: orders, and returns in the same way.

A page begins with the moment at which the one before ended and names what came of that moment, so
an order that changes while pages are read is neither skipped nor needed twice. Medusa orders rows
by one field only; rows of one and the same millisecond come in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_connector import Order, OrderRef, Page, Unreadable
from oms_connector.reading import Puzzling, value

from oms_medusa import mapping
from oms_medusa.calls import Api
from oms_medusa.reading import moment, stamp

HISTORY = timedelta(days=60)
"""How far back a new account is read."""
OVERLAP = timedelta(seconds=60)
"""A change is stamped before it is stored: what was stamped so recently is looked for again."""
MOST = 50
MOST_NAMED = 60
"""Ids kept in a cursor at most; then the rows of that moment are read in the order of their ids."""

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stream:
    """A list by ``updated_at``. ``name``: where its rows stand in the answer."""

    path: str
    name: str
    fields: str


ORDERS = Stream("/orders", "orders", mapping.FIELDS)


def pull(api: Api, way: mapping.Ways, now: datetime, cursor: Cursor | None, limit: int
         ) -> Page[Order | OrderRef]:
    """What changed after a cursor; without one, in the last 60 days."""
    rows, place, more = following(api, ORDERS, cursor, now, limit)
    return Page(read(rows, way), place, more)


def sweep(api: Api, way: mapping.Ways, since: datetime, until: datetime, cursor: Cursor | None,
          limit: int) -> Page[Order | OrderRef]:
    """Orders whose last change lies in a span, its ends included."""
    place = dict(cursor or {"from": stamp(since)})
    rows, place = listed(api, ORDERS, place, stamp(until), limit)
    return Page(read(rows, way), place or {"from": stamp(until)}, bool(place))


def fetch(api: Api, way: mapping.Ways, refs: Sequence[str]) -> list[Order | Unreadable | None]:
    """Orders by id, whatever became of them; None where there is no such order."""
    found: dict[str, Any] = {}
    for start in range(0, len(refs), MOST):
        rows = by_id(api, ORDERS, refs[start:start + MOST])
        found |= {str(value(row, "id")): mapping.order(row, way) for row in rows}
    return [found.get(ref) for ref in refs]


def by_id(api: Api, stream: Stream, refs: Sequence[str]) -> list[Any]:
    """Rows with these ids, at most ``MOST`` of them."""
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        return []
    return api.page(stream.path, stream.name, {
        "fields": stream.fields, "id[]": wanted, "limit": MOST, "offset": 0})[0]


def read(rows: Sequence[Any], way: mapping.Ways) -> list[Any]:
    """Rows in the SDK's terms, those of other sales channels left out."""
    return [mapping.order(row, way) for row in rows if mapping.is_wanted(row, way)]


def following(api: Api, stream: Stream, cursor: Cursor | None, now: datetime, limit: int
              ) -> tuple[list[Any], dict[str, Any], bool]:
    """Rows after a cursor, the next cursor, and whether there are more rows at once.

    The cursor: ``at``, the newest moment seen; between two pages the place in the list too.
    """
    place = dict(cursor or {"at": stamp(now - HISTORY)})
    if "from" not in place:
        place["from"] = stamp(datetime.fromisoformat(place["at"]) - OVERLAP)
    rows, further = listed(api, stream, place, None, limit)
    newest = max([place["at"], *map(stamp_of, rows)])
    return rows, {"at": newest, **further}, bool(further)


def listed(api: Api, stream: Stream, place: Cursor, until: str | None, limit: int
           ) -> tuple[list[Any], dict[str, Any]]:
    """Rows from a place on, and the place behind them; no place where that was all."""
    size = max(1, min(limit, MOST))
    if "place" in place:
        return _by_id(api, stream, place, until, size)
    since, named = place["from"], list(place.get("ids") or ())
    rows, more = _page(api, stream, since, until, {
        "order": "updated_at", "limit": size + len(named), "offset": 0})
    fresh = [row for row in rows if value(row, "id") not in named]
    if not more:
        return fresh, {}
    last = max(filter(None, map(stamp_of, rows)), default=since)
    if last > since:
        since, named = last, []
    named += [number for row in fresh
              if stamp_of(row) in (since, "") and isinstance(number := value(row, "id"), str)]
    if len(named) > MOST_NAMED:
        return fresh, {"from": since, "place": 0, "last": ""}
    return fresh, {"from": since, "ids": named}


def _by_id(api: Api, stream: Stream, place: Cursor, until: str | None, size: int
           ) -> tuple[list[Any], dict[str, Any]]:
    """Rows of one millisecond with very many of them, in the order of their ids.

    The first row of a page is the last of the one before. Is it another one, rows have left that
    moment and others moved up: all of the moment are read again.
    """
    since, at = place["from"], int(place["place"])
    asked = {"order": "id", "limit": size + 1}
    rows, more = _page(api, stream, since, since, {**asked, "offset": max(0, at - 1)})
    if at and value(rows[0] if rows else None, "id") != place["last"]:
        at = 0
        rows, more = _page(api, stream, since, since, {**asked, "offset": 0})
    fresh = rows[1:] if at else rows
    if more and fresh:
        return fresh, {"from": since, "place": at + len(fresh), "last": value(rows[-1], "id")}
    after = stamp(datetime.fromisoformat(since) + timedelta(milliseconds=1))
    return fresh, {} if until and after > until else {"from": after}


def _page(api: Api, stream: Stream, since: str, until: str | None, asked: Mapping[str, Any]
          ) -> tuple[list[Any], bool]:
    span = {"updated_at[$gte]": since}
    if until:
        span["updated_at[$lte]"] = until
    return api.page(stream.path, stream.name, {"fields": stream.fields, **span, **asked})


def stamp_of(row: Any) -> str:
    """The moment of a row's last change; empty where it cannot be read."""
    try:
        return stamp(moment(row, "updated_at"))
    except Puzzling:
        return ""
