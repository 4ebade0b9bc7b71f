"""The stream of orders: a watermark over the moment of the last change, by Amazon's clock.

A search covers a span and is read by a token that is good for a day; it sees changes two minutes
late. Searches are the scarcest thing of the whole API (one in three minutes, twenty in reserve); an
order by its id is cheap. Amazon is known to leave orders out of lists and to repeat pages
(github.com/amzn/selling-partner-api-models, issues 5048, 3945, 2297), so each span begins a while
before the newest change that was seen, and the sweep looks at days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from oms_connector import (
    ChannelDown,
    CursorExpired,
    NotFound,
    Order,
    OrderRef,
    Page,
    Refused,
    Unreadable,
)
from oms_connector.reading import Puzzling, children, moment, value

from oms_amazon import mapping, words
from oms_amazon.calls import ORDER, SEARCH, Api
from oms_amazon.places import Place
from oms_amazon.reading import stamp

PATH = "/orders/2026-01-01/orders"
PAGE = 100
DATA = ("BUYER", "RECIPIENT", "PROCEEDS", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX",
        "PAYMENT")
FIRST_LOOK = timedelta(days=30)
HISTORY = timedelta(days=730)
OVERLAP = timedelta(minutes=5)
SETTLED = timedelta(minutes=15)
"""An end of a span is only said if it is surely two minutes ago, whichever clock is wrong."""
_ORDER_ID = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")

Cursor = Mapping[str, Any]


def pull(api: Api, chosen: Sequence[Place], now: datetime, cursor: Cursor | None, limit: int
         ) -> Page[Order | OrderRef]:
    """What changed after a cursor; without one, in the last 30 days.

    A span of several pages is followed by another at once: what changed while they were read is
    not in them. The cursor: ``after``, the newest change of a span that was read to its end.
    Between two pages also ``since``, where the span begins, ``newest``, the newest change in it so
    far, and ``token``; ``last``, when no other span follows.

    Raises:
        CursorExpired: Amazon does not show what changed so long ago.
    """
    first = (now - FIRST_LOOK).replace(hour=0, minute=0, second=0)
    place = dict(cursor or {"after": stamp(first)})
    after = datetime.fromisoformat(place["after"])
    if now - after > HISTORY:
        raise CursorExpired(words.HISTORY_GONE)
    since = place.get("since") or stamp(max(after - OVERLAP, now - HISTORY))
    found, token = _search(api, chosen, {"lastUpdatedAfter": since}, place.get("token"), limit)
    newest = max([place.get("newest") or place["after"], *_changes(found)])
    if token:
        following = {"after": place["after"], "since": since, "newest": newest, "token": token}
        return Page(_read(found), following | _kept(place, "last"), True)
    if "token" in place and "last" not in place:
        return Page(_read(found), {"after": newest, "last": True}, True)
    return Page(_read(found), {"after": newest}, False)


def sweep(api: Api, chosen: Sequence[Place], now: datetime, since: datetime, until: datetime,
          cursor: Cursor | None, limit: int) -> Page[Order | OrderRef]:
    """Orders changed in a span."""
    asked = {"lastUpdatedAfter": stamp(since)}
    if until < now - SETTLED:
        asked["lastUpdatedBefore"] = stamp(until + timedelta(seconds=1))
    found, token = _search(api, chosen, asked, (cursor or {}).get("token"), limit)
    within = [one for one in children(found, "orders") if not _is_outside(one, since, until)]
    return Page(_read({"orders": within}), {"token": token}, bool(token))


def fetch(api: Api, refs: Sequence[str]) -> list[Order | Unreadable | None]:
    """Orders by id, one request each; None where Amazon shows no such order (any more)."""
    found = {ref: get_order(api, ref, *DATA) for ref in dict.fromkeys(refs)}
    return [None if (one := found[ref]) is None or mapping.is_elsewhere(one)
            else mapping.order(one) for ref in refs]


def get_order(api: Api, ref: str, *data: str) -> Any:
    """An order as Amazon shows it; None where there is none."""
    if not _ORDER_ID.fullmatch(ref):
        return None
    try:
        return api.get(f"{PATH}/{quote(ref)}", "order", bucket=ORDER,
                       params={"includedData": data} if data else None)["order"]
    except NotFound:
        return None


def _search(api: Api, chosen: Sequence[Place], asked: Mapping[str, str], token: str | None,
            limit: int) -> tuple[Any, str]:
    """A page, and the token of the one behind it; empty where that was the last.

    A token that has ended is left aside: the span is read from its beginning.
    """
    params = {**asked, "marketplaceIds": [place.id for place in chosen], "includedData": DATA,
              "maxResultsPerPage": max(1, min(limit, PAGE))}
    try:
        found = api.get(PATH, "orders", bucket=SEARCH,
                        params={**params, "paginationToken": token} if token else params)
    except Refused:
        if not token:
            raise
        found = api.get(PATH, "orders", bucket=SEARCH, params=params)
    if not isinstance(found["orders"], list):
        raise ChannelDown(words.LACKS % {"names": "orders"})
    following = value(found, "pagination", "nextToken")
    return found, following if isinstance(following, str) and following != token else ""


def _changes(found: Any) -> Iterator[str]:
    """The moments of the last changes of a page's orders."""
    for one in found["orders"]:
        try:
            yield stamp(moment(one, "lastUpdatedTime"))
        except Puzzling:
            continue


def _kept(place: Cursor, *names: str) -> dict[str, Any]:
    return {name: place[name] for name in names if name in place}


def _read(found: Any) -> list[Order | OrderRef | Unreadable]:
    return [mapping.order(one) for one in children(found, "orders")
            if not mapping.is_elsewhere(one)]


def _is_outside(found: Any, since: datetime, until: datetime) -> bool:
    """Whether an order surely changed outside a span."""
    try:
        changed = moment(found, "lastUpdatedTime")
    except Puzzling:
        return False
    return not since.replace(microsecond=0) <= changed <= until
