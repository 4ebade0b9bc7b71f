"""The stream of orders: which of them changed, by the moment of their last change.

Lists are read by place, not by page: behind (second, number) come the rest of that second and all
later ones. An order that changes meanwhile moves to the end and hides no other. Only numbers are
listed; whole orders are fetched by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_connector import ChannelDown, Order, OrderRef, Page
from oms_connector.reading import Puzzling, value

from oms_prestashop import clock as stamps
from oms_prestashop import shop, words
from oms_prestashop.calls import Api
from oms_prestashop.clock import Clock
from oms_prestashop.reading import ref

HISTORY = timedelta(days=60)
"""How far back a new account is read."""
OVERLAP = timedelta(seconds=120)
"""What was stamped so recently is looked for again: it may have been stored late."""
SETTLED = timedelta(seconds=3)
"""A thing that was changed so recently may change again within the second of its stamp."""
MOST_KNOWN = 60

Cursor = Mapping[str, Any]


def pull(api: Api, now: datetime, cursor: Cursor | None, limit: int) -> Page[Order | OrderRef]:
    """Orders that changed after a cursor; without one, in the last 60 days.

    The cursor: ``at``, the newest stamp seen, and ``known``, what was handed over of the last two
    minutes. Between two pages also the place in the list.
    """
    clock = shop.load(api).clock
    place = begun(clock, now, cursor)
    rows, following = listed(api, "orders", "[id,date_upd]", place, stamps.END, limit)
    known = dict(place.get("known") or {})
    fresh = [row for row in rows if known.get(ref_of(row)) != stamp_of(row)]
    newest = max([place["at"], *map(stamp_of, rows)])
    known |= {ref_of(row): stamp_of(row) for row in rows
              if _is_settled(clock, row, api.now(now))}
    kept = {"at": newest, "known": _recent(known, clock.before(newest, OVERLAP))}
    items = [OrderRef(ref_of(row), clock.revision(stamp_of(row))) for row in fresh]
    return Page(items, {**kept, **following}, bool(following))


def sweep(api: Api, since: datetime, until: datetime, cursor: Cursor | None, limit: int
          ) -> Page[Order | OrderRef]:
    """Orders changed in a span."""
    clock = shop.load(api).clock
    place = dict(cursor or {"from": clock.since(since), "last": 0})
    rows, following = listed(api, "orders", "[id,date_upd]", place, clock.until(until), limit)
    items = [OrderRef(ref_of(row), clock.revision(stamp_of(row))) for row in rows]
    return Page(items, following or {"from": stamps.END, "last": 0}, bool(following))


def begun(clock: Clock, now: datetime, cursor: Cursor | None) -> dict[str, Any]:
    """The place to read from: the one of the cursor, or a while before its newest stamp."""
    place = dict(cursor or {"at": clock.since(now - HISTORY)})
    if "from" not in place:
        place |= {"from": clock.before(place["at"], OVERLAP), "last": 0}
    return place


def listed(api: Api, resource: str, display: str, place: Cursor, until: str, limit: int
           ) -> tuple[list[Any], dict[str, Any]]:
    """Rows behind a place, by stamp and number, and the place behind them; {} where that was all.

    ``place``: ``from`` is a stamp; of that second those with a number above ``last``.
    """
    start, last, size = place["from"], int(place["last"]), max(1, limit)
    if start > until:
        return [], {}
    rows: list[Any] = []
    low = start
    if last:
        rows = _asked(api, resource, display, start, start, size, last)
        low = stamps.later(start)
    if len(rows) < size and low <= until:
        rows += _asked(api, resource, display, low, until, size - len(rows))
    if len(rows) < size:
        return rows, {}
    return rows, {"from": stamp_of(rows[-1]), "last": int(ref_of(rows[-1]))}


def _asked(api: Api, resource: str, display: str, low: str, high: str, size: int, last: int = 0
           ) -> list[Any]:
    """Rows of a span, both ends included. Without ``date`` PrestaShop 8 refuses the filter."""
    asked = {"filter[date_upd]": f"[{low},{high}]", "date": 1, "sort": "[date_upd_ASC,id_ASC]",
             "limit": f"0,{size}"}
    if last:
        asked["filter[id]"] = f">[{last}]"
    return api.rows(resource, display, asked, needs=("id", "date_upd"))


def ref_of(row: Any) -> str:
    """The number of a listed row.

    Raises:
        ChannelDown: it has none, so nothing can be read behind it.
    """
    try:
        return ref(row)
    except Puzzling as puzzle:
        raise ChannelDown(words.LACKS % {"names": "id"}) from puzzle


def stamp_of(row: Any) -> str:
    """The stamp by which a row is listed.

    Raises:
        ChannelDown: it has none, so nothing can be read behind it.
    """
    written = str(value(row, "date_upd"))
    try:
        stamps.parsed(written)
    except ValueError:
        raise ChannelDown(words.LACKS % {"names": "date_upd"}) from None
    return written


def _is_settled(clock: Clock, row: Any, now: datetime) -> bool:
    """Whether a change can no longer be followed by another with the same stamp."""
    shown = stamps.parsed(stamp_of(row))
    return not clock.is_twice(shown) and shown + SETTLED < clock.shows(now)


def _recent(known: Mapping[str, str], oldest: str) -> dict[str, str]:
    recent: Sequence[tuple[str, str]] = sorted(
        ((at, number) for number, at in known.items() if at >= oldest), reverse=True)
    return {number: at for at, number in recent[:MOST_KNOWN]}
