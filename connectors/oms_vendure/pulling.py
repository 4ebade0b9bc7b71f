"""The stream of orders: windows of what was placed or called off since the newest known moments.

What is particular about it, as seen on a running shop: an order's ``updatedAt`` moves while it is a
cart and when units are called off, and stands still when it is placed, paid, sent, refunded or
modified. So new orders are found by ``orderPlacedAt``, cancellations by ``updatedAt``, and
everything else by asking for open orders again (``updated_misses``).

A window is open towards now and is read by id: both moments only grow, so no order leaves it while
its pages are read. What enters it meanwhile is newer than its beginning and comes in the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_connector import ChannelDown, Order, OrderRef, Page, Unreadable
from oms_connector.reading import Puzzling, as_text, value

from oms_vendure import documents, mapping, words
from oms_vendure.calls import ROWS, Api, Torn, rows_of
from oms_vendure.reading import moment_or_none, stamp
from oms_vendure.terms import Terms

HISTORY = timedelta(days=60)
"""How far back a new account is read."""
OVERLAP = timedelta(seconds=120)
"""An order is stamped before its transaction ends, and a payment may be made within it."""
SECOND = timedelta(seconds=1)
"""SQLite keeps ``updatedAt`` to the second, and as text without its milliseconds."""
MOST = 100
ASCENDING = {"id": "ASC"}
# An aggregate is the sum of sellers' orders, which are there as well.
COUNTED = {"orderPlacedAt": {"isNull": False}, "type": {"notEq": "Aggregate"}}
BROKEN = "_broken"

# Our name for a moment -> its field, and what the newest of them is asked for by.
STAMPS = {"placed": ("orderPlacedAt", "newestPlaced"), "changed": ("updatedAt", "newestChanged")}

Cursor = Mapping[str, Any]


def pull(api: Api, terms: Terms, now: datetime, cursor: Cursor | None, limit: int
         ) -> Page[Order | OrderRef]:
    """What was placed or called off after a cursor; without one, in the last 60 days."""
    rows, data, following, more = window(api, terms, now, cursor, limit, tuple(STAMPS))
    return Page(read(rows, terms.after(data)), following, more)


def window(api: Api, terms: Terms, now: datetime, cursor: Cursor | None, limit: int,
           names: Sequence[str]) -> tuple[list[Any], Any, dict[str, Any], bool]:
    """A page of orders whose stamps (``names`` of ``STAMPS``) have moved since a cursor.

    The cursor: the newest moment known of each. Between the pages of a window also ``skip``, and
    ``then``, what was newest when it was opened.

    Returns:
        The rows, what was asked for beside them, the cursor behind them, whether there is more.
    """
    begin = (now - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
    place = dict(cursor or dict.fromkeys(names, stamp(begin)))
    known = {name: place[name] for name in names}
    skip = int(place.get("skip", 0))
    rows, total, data = _listed(api, terms, _since(known, OVERLAP), skip, limit)
    newest = _newest(data, known)
    then = dict(place.get("then") or newest)
    if rows and skip + len(rows) < total:
        return rows, data, {**known, "skip": skip + len(rows), "then": then}, True
    return rows, data, then, newest != then


def sweep(api: Api, terms: Terms, since: datetime, until: datetime, cursor: Cursor | None,
          limit: int) -> Page[Order | OrderRef]:
    """Orders placed or called off in a span."""
    skip = int((cursor or {}).get("skip", 0))
    start = stamp(since.replace(microsecond=0))
    rows, total, data = _listed(
        api, terms, _since(dict.fromkeys(STAMPS, start), SECOND), skip, limit)
    chosen = [row for row in rows if value(row, BROKEN) or _is_within(row, start, stamp(until))]
    more = bool(rows) and skip + len(rows) < total
    return Page(read(chosen, terms.after(data)), {"skip": skip + len(rows)}, more)


def fetch(api: Api, terms: Terms, refs: Sequence[str]) -> list[Order | Unreadable | None]:
    """Orders by id, whatever became of them; None where there is no such order."""
    found: dict[str, Order | Unreadable] = {}
    wanted = [one for one in dict.fromkeys(refs) if one]
    for start in range(0, len(wanted), MOST):
        chosen = wanted[start:start + MOST]
        rows, total, data = _listed(api, terms, {"id": {"in": chosen}}, 0, len(chosen))
        if len(rows) < total:
            raise ChannelDown(words.SHORT)
        placed = [row for row in rows if value(row, BROKEN) or mapping.is_placed(row)]
        for row, item in zip(placed, read(placed, terms.after(data)), strict=True):
            found[str(value(row, "id"))] = item
    return [found.get(one) for one in refs]


def read(rows: Sequence[Any], terms: Terms) -> list[Any]:
    """Rows in the SDK's terms."""
    return [_broken(row) if value(row, BROKEN) else mapping.order(row, terms) for row in rows]


def whole_list(api: Api, kind: documents.Kind, options: Mapping[str, Any]
               ) -> tuple[list[Any], int, Any]:
    """A page of a list, how many there are in all, and what was asked for beside it.

    Where one row fails, Vendure answers with no row at all; then each is asked for by itself, and
    the one that fails stands as a row with nothing but its id and the reason.

    Raises:
        ChannelDown: not now, or an answer that cannot be used.
    """
    try:
        data = api.read(kind.listed, {"options": options}, "page")
        rows, total = rows_of(data["page"])
    except Torn:
        ids, total = rows_of(api.read(kind.ids, {"options": options}, "page")["page"])
        rows = [_single(api, kind, str(value(one, "id"))) for one in ids]
        data = api.read(f"query Beside {{ {kind.beside} }}")
    if not rows and int(options.get("skip", 0)) < total and int(options.get("take", 1)):
        raise ChannelDown(words.SHORT)
    return rows, total, data


def _single(api: Api, kind: documents.Kind, number: str) -> Any:
    try:
        found = api.read(kind.single, {"id": number}).get("one")
    except Torn as error:
        return {"id": number, BROKEN: str(error)}
    return found or {"id": number, BROKEN: words.NO_ORDER}


def _listed(api: Api, terms: Terms, wanted: Mapping[str, Any], skip: int, limit: int
            ) -> tuple[list[Any], int, Any]:
    take = max(1, min(limit, MOST))
    return whole_list(api, documents.orders(terms.own), {
        "filter": wanted, "sort": ASCENDING, "skip": skip, "take": take})


def _since(known: Mapping[str, str], overlap: timedelta) -> dict[str, Any]:
    return {**COUNTED, "_or": [
        {STAMPS[name][0]: {"after": stamp(parsed(since) - overlap)}}
        for name, since in known.items()]}


def _newest(data: Any, known: Mapping[str, str]) -> dict[str, str]:
    """The newest moments there are, or those that were known where a shop says older ones."""
    found = dict(known)
    for name in known:
        field, alias = STAMPS[name]
        for row in value(value(data, alias), ROWS) or ():
            found[name] = max([found[name], *_stamps(row, field)])
    return found


def _is_within(row: Any, since: str, until: str) -> bool:
    stamps = _stamps(row, "orderPlacedAt", "updatedAt")
    return not stamps or any(since <= one <= until for one in stamps)


def _stamps(row: Any, *fields: str) -> list[str]:
    """The moments of a row that can be read."""
    found: list[str] = []
    for field in fields:
        try:
            when = moment_or_none(row, field)
        except Puzzling:
            continue
        found += [stamp(when)] if when else []
    return found


def _broken(row: Any) -> Unreadable:
    return Unreadable(row["id"], as_text(row), words.BROKEN_ROW % {"why": row[BROKEN]})


def parsed(written: str) -> datetime:
    """A moment that ``stamp`` wrote."""
    return datetime.fromisoformat(written)
