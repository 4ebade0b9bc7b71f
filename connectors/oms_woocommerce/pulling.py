"""The stream of orders: a watermark over the moment of the last change.

What is particular about it, as seen on a running shop: ``modified_after`` means strictly after, at
a resolution of a second, so a page begins one second early and names by number what of that second
came already. The next page is never page two: an order that changes while a list is read moves to
its end, and another would slip through. "Any status" leaves out what lies in the bin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from oms_connector import NotFound, Order, OrderRef, Page, Unreadable
from oms_connector.reading import Puzzling, value

from oms_woocommerce import mapping
from oms_woocommerce.calls import MOST, Api
from oms_woocommerce.reading import moment

HISTORY = timedelta(days=60)
"""How far back a new account is read."""
OVERLAP = timedelta(seconds=120)
"""A change is stamped before it is stored: what was stamped so recently is looked for again."""
SETTLED = timedelta(seconds=2)
MOST_NAMED = 150
"""Numbers named in a request (and kept in a cursor) at most; then a second is read by number."""
MOST_KNOWN = 60
DIGITS = 6
STATUSES = ("any", "trash")

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stream:
    """A list by moments. ``field``: the moment in a row; ``ask``: the word for it in requests."""

    path: str
    field: str
    ask: str
    order: str
    more: Mapping[str, Any]


ORDERS = Stream("/orders", "date_modified_gmt", "modified_", "modified", {"dp": DIGITS})


def pull(api: Api, own: mapping.Statuses, now: datetime, cursor: Cursor | None, limit: int
         ) -> Page[Order | OrderRef]:
    """What changed after a cursor; without one, in the last 60 days.

    The cursor: ``at``, the newest moment seen, and ``known``, what was handed over of the last two
    minutes (number -> moment, marked when it was handed over twice), with ``ended``, when by our
    clock. Between two pages also the place in the list.
    """
    place = dict(cursor or {"at": stamp(now - HISTORY), "known": {}})
    if "from" not in place:
        place["from"] = stamp(parsed(place["at"]) - OVERLAP)
    rows, following = listed(api, ORDERS, place, "any", None, limit)
    known = dict(place.get("known") or {})
    fresh = _unknown(rows, known, _is_later(place, now))
    newest = max([place["at"], *filter(None, (stamp_of(row, ORDERS) for row in rows))])
    kept = {"at": newest, "known": _recent(known, newest)}
    if following:
        if "ended" in place:
            kept["ended"] = place["ended"]
        return Page(read(api, own, fresh), kept | following, True)
    return Page(read(api, own, fresh), kept | {"ended": now.isoformat()}, False)


def sweep(api: Api, own: mapping.Statuses, since: datetime, until: datetime,
          cursor: Cursor | None, limit: int) -> Page[Order | OrderRef]:
    """Orders changed in a span, then those of them that lie in the bin."""
    place = dict(cursor or {"status": STATUSES[0], "from": stamp(since)})
    status = place["status"]
    rows, following = listed(api, ORDERS, place, status, stamp(until), limit)
    items = read(api, own, rows)
    if following:
        return Page(items, {"status": status, **following}, True)
    if status == STATUSES[0]:
        return Page(items, {"status": STATUSES[1], "from": stamp(since)}, True)
    return Page(items, {"status": status, "from": stamp(until)}, False)


def fetch(api: Api, own: mapping.Statuses, refs: Sequence[str]
          ) -> list[Order | Unreadable | None]:
    """Orders by number, whatever became of them; None where there is no such order (any more)."""
    found: dict[str, Order | Unreadable] = {}
    for status in STATUSES:
        left = [ref for ref in dict.fromkeys(refs) if ref.isdigit() and ref not in found]
        for start in range(0, len(left), MOST):
            rows = api.rows("/orders", {"include": ",".join(left[start:start + MOST]),
                                        "status": status, "per_page": MOST, "dp": DIGITS})
            for row, item in zip(rows, read(api, own, rows, drafts=True), strict=True):
                found[str(value(row, "id"))] = item
    return [found.get(ref) for ref in refs]


def read(api: Api, own: mapping.Statuses, rows: Sequence[Any], *, drafts: bool = False
         ) -> list[Any]:
    """Rows in the SDK's terms, with their refunds, which the list tells only the sums of."""
    return [mapping.order(row, refunds_of(api, row), own) for row in rows
            if drafts or not mapping.is_draft(row)]


def refunds_of(api: Api, row: Any) -> list[Any]:
    """The refunds of an order, whole. One request, for orders that have any."""
    number = value(row, "id")
    if not value(row, "refunds") or not isinstance(number, int):
        return []
    try:
        return api.rows(f"/orders/{number}/refunds", {"per_page": MOST, "dp": DIGITS})
    except NotFound:  # the order has gone meanwhile
        return []


def listed(api: Api, stream: Stream, place: Cursor, status: str | None, until: str | None,
           limit: int) -> tuple[list[Any], dict[str, Any]]:
    """Rows from a place on, and the place behind them; no place where that was all."""
    if "place" in place:
        return _by_number(api, stream, place, status, until, limit)
    size = max(1, min(limit, MOST))
    since, named = place["from"], list(place.get("ids") or ())
    asked = _span(stream, status, parsed(since) - timedelta(seconds=1),
                  parsed(until) + timedelta(seconds=1) if until else None)
    asked |= {"orderby": stream.order, "order": "asc", "per_page": size}
    if named:
        asked["exclude"] = ",".join(map(str, named))
    rows, more = api.page(stream.path, asked)
    if not rows or not more:
        return rows, {}
    last = max(filter(None, (stamp_of(row, stream) for row in rows)), default=since)
    if last > since:
        since, named = last, []
    named += [number for row in rows if stamp_of(row, stream) in (since, "")
              if isinstance(number := value(row, "id"), int)]
    if len(named) > MOST_NAMED:
        return rows, {"from": since, "place": 0, "last": 0}
    return rows, {"from": since, "ids": named}


def _by_number(api: Api, stream: Stream, place: Cursor, status: str | None, until: str | None,
               limit: int) -> tuple[list[Any], dict[str, Any]]:
    """Rows of one second with very many of them, in the order of their numbers.

    The first row of a page is the last of the one before. Is it another one, rows have left that
    second and others moved up: all of the second are read again.
    """
    since, at = place["from"], int(place["place"])
    size = max(2, min(limit + 1, MOST))
    second = parsed(since)
    asked = _span(stream, status, second - timedelta(seconds=1), second + timedelta(seconds=1))
    asked |= {"orderby": "id", "order": "asc", "per_page": size}
    rows, more = api.page(stream.path, asked | {"offset": max(0, at - 1)})
    if at and value(rows[0] if rows else None, "id") != place["last"]:
        at = 0
        rows, more = api.page(stream.path, asked | {"offset": 0})
    fresh = rows[1:] if at else rows
    if more and fresh:
        return fresh, {"from": since, "place": at + len(fresh), "last": value(rows[-1], "id")}
    following = stamp(second + timedelta(seconds=1))
    return fresh, {} if until and following > until else {"from": following}


def _span(stream: Stream, status: str | None, after: datetime, before: datetime | None
          ) -> dict[str, Any]:
    """Both ends are exclusive. Without a zone, as WordPress would turn it into the shop's own."""
    asked: dict[str, Any] = {**stream.more, f"{stream.ask}after": stamp(after),
                             "dates_are_gmt": True}
    if before:
        asked[f"{stream.ask}before"] = stamp(before)
    if status:
        asked["status"] = status
    return asked


def _unknown(rows: Sequence[Any], known: dict[str, str], is_later: bool) -> list[Any]:
    """Rows that were not handed over twice as they are, and a note of it in ``known``.

    Twice, since an order can change again within the second in which it was read.
    """
    fresh = []
    for row in rows:
        number, changed = str(value(row, "id")), stamp_of(row, ORDERS)
        before = known.get(number)
        if changed and before == f"{changed}!":
            continue
        fresh.append(row)
        if changed:
            known[number] = f"{changed}!" if before == changed and is_later else changed
    return fresh


def _recent(known: Mapping[str, str], newest: str) -> dict[str, str]:
    oldest = stamp(parsed(newest) - OVERLAP)
    recent = sorted(((at, number) for number, at in known.items() if at >= oldest), reverse=True)
    return {number: at for at, number in recent[:MOST_KNOWN]}


def _is_later(place: Cursor, now: datetime) -> bool:
    """Whether the second in which rows were read before has passed, by the distance of our calls:
    the shop's clock may be another.
    """
    return "ended" in place and now - datetime.fromisoformat(place["ended"]) >= SETTLED


def stamp(when: datetime) -> str:
    """A moment as the shop writes it: UTC, to the second, no zone."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def parsed(written: str) -> datetime:
    """A moment that ``stamp`` wrote."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def stamp_of(row: Any, stream: Stream) -> str:
    """The moment of a row by which it is listed; empty where it cannot be read."""
    try:
        return stamp(moment(row, stream.field))
    except Puzzling:
        return ""
