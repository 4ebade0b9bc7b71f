"""The stream of orders: the journal of events names checkout forms, a list of them is swept.

The journal loses, repeats and shuffles events (github.com/allegro/allegro-api, issues 8623, 10716,
2700) and keeps them for 60 days; so it is there for speed, and the sweep for completeness. A form
is read as it is now, whatever the event says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from oms_connector import (
    CursorExpired,
    NotFound,
    NotSupported,
    Order,
    OrderRef,
    Page,
    Refused,
    Unreadable,
)
from oms_connector.reading import children, value

from oms_allegro import mapping, merging, words
from oms_allegro.calls import Api

PAGE = 100
HISTORY = timedelta(days=60)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Cursor = Mapping[str, Any]


def pull(api: Api, now: datetime, cursor: Cursor | None, limit: int) -> Page[Order | OrderRef]:
    """What the journal names after a cursor; without one, first all forms of its 60 days.

    The cursor: ``event``, the last one seen, and ``read``, a moment up to which nothing is missing.
    While those forms are read, ``place`` is the place among them; the journal goes on from where
    it ended before.

    Raises:
        CursorExpired: events after the cursor may have gone from the journal.
    """
    if cursor is None:
        cursor = {**_end_of_journal(api, now), "place": {"from": _stamp(now - HISTORY)}}
    if "place" in cursor:
        return _history(api, cursor, limit)
    since = str(cursor.get("event") or "")
    if now - datetime.fromisoformat(cursor["read"]) > HISTORY:
        raise CursorExpired(words.HISTORY_GONE)
    size = _size(limit)
    events = _events(api, since, size)
    more = len(events) >= size
    last = events[-1] if events else {}
    # With more to come, only what was handed over is known to be complete.
    read = value(last, "occurredAt") if more else None
    return Page(
        _named(api, events),
        {"event": str(value(last, "id") or since), "read": read or now.isoformat()}, more,
    )


def sweep(
    api: Api, since: datetime, until: datetime, cursor: Cursor | None, limit: int
) -> Page[Order | OrderRef]:
    """Forms changed in a span, by the moment of their last change.

    A form that changes while the span is read leaves it, and all behind it move up. So a page does
    not start at an offset within the span but at the last form of the page before: at its moment,
    and among the forms of that moment at the place where it stood. Is another one there now, all
    of that moment are read again.
    """
    return _listed(api, cursor or {"from": _stamp(since)}, _stamp(until), limit)


def fetch(api: Api, refs: Sequence[str]) -> list[Order | Unreadable | None]:
    """Orders by id; None where there is no such form (any more)."""
    found = {ref: get_form(api, ref) for ref in dict.fromkeys(refs)}
    orders = {ref: read_forms(api, [form])[0] for ref, form in found.items() if form is not None}
    return [orders.get(ref) for ref in refs]


def get_form(api: Api, ref: str) -> Any:
    """A checkout form as it is now; None where there is none (any more)."""
    if not _UUID.fullmatch(ref):
        return None
    try:
        return api.get(f"/order/checkout-forms/{ref}", "id", "status", "lineItems")
    except NotFound:
        return None


def read_forms(api: Api, forms: Sequence[Any]) -> list[Order | Unreadable]:
    """Forms in the SDK's terms, with the forms that they took over."""
    return [mapping.order(form, merging.replaced_by(api, form, get_form)) for form in forms]


def _history(api: Api, cursor: Cursor, limit: int) -> Page[Order | OrderRef]:
    """A page of what was there before the journal is followed; the journal comes behind it."""
    # No end: by Allegro's clock it may be later than by ours.
    page = _listed(api, cursor["place"], None, limit)
    follow = {"event": cursor["event"], "read": cursor["read"]}
    if not page.more:
        return Page(page.items, follow, True)
    return Page(page.items, {**follow, "place": page.cursor}, True)


def _listed(api: Api, place: Cursor, until: str | None, limit: int) -> Page[Order | OrderRef]:
    # One more than wanted: the first of a page is the one that was handed over already.
    size = min(PAGE, _size(limit) + 1)
    forms = _list(api, place["from"], until, int(place.get("offset", 0)), size)
    fresh = forms
    if "last" in place:
        if value(forms[0] if forms else None, "id") == place["last"]:
            fresh = forms[1:]
        else:
            place = {"from": place["from"]}
            fresh = forms = _list(api, place["from"], until, 0, size)
    return Page(read_forms(api, fresh), _next(place, forms), len(forms) >= size)


def _end_of_journal(api: Api, now: datetime) -> dict[str, str]:
    """Where the journal ends; its beginning if it is empty, or if its end has gone already."""
    latest = value(api.get("/order/event-stats"), "latestEvent")
    event, at = value(latest, "id"), value(latest, "occurredAt")
    known = bool(event) and (not at or now - datetime.fromisoformat(at) < HISTORY)
    return {"event": str(event) if known else "", "read": now.isoformat()}


def _events(api: Api, since: str, size: int) -> Sequence[Any]:
    params: dict[str, Any] = {"limit": size}
    if since:
        params["from"] = since
    try:
        return children(api.get("/order/events", "events", params=params), "events")
    except NotSupported:
        raise
    except Refused as refused:
        if not since:
            raise
        # We ask for nothing else that could be wrong.
        raise CursorExpired(str(refused)) from refused


def _named(api: Api, events: Sequence[Any]) -> list[Order | Unreadable]:
    """The forms that events name, each once. Kinds that are new to us count like any other."""
    named: dict[str, set[str]] = {}
    for event in events:
        ref = value(event, "order", "checkoutForm", "id")
        if isinstance(ref, str) and ref:
            named.setdefault(ref, set()).add(str(value(event, "type")))
    items: list[Order | Unreadable] = []
    for ref, types in named.items():
        form = get_form(api, ref)
        if form is not None:
            items += read_forms(api, [form])
        elif mapping.READY in types:
            items.append(Unreadable(ref, "", words.GONE))
        # else: bought, then paid together with another purchase under a new id; this one is gone.
    return items


def _list(api: Api, since: str, until: str | None, offset: int, size: int) -> list[Any]:
    params = {"updatedAt.gte": since, "sort": "updatedAt", "limit": size, "offset": offset}
    if until:
        params["updatedAt.lte"] = until
    answer = api.get("/order/checkout-forms", "checkoutForms", params=params)
    return list(children(answer, "checkoutForms"))


def _next(place: Cursor, forms: Sequence[Any]) -> dict[str, Any]:
    """Where the last form of a page stands: its moment, and its place among those of the moment."""
    if not forms:
        return dict(place)
    last = forms[-1]
    moment = value(last, "updatedAt") or place["from"]
    count = sum(value(form, "updatedAt") == moment for form in forms)
    first_of_moment = value(forms[0], "updatedAt") == moment and moment == place["from"]
    offset = count - 1 + (int(place.get("offset", 0)) if first_of_moment else 0)
    return {"from": moment, "offset": offset, "last": value(last, "id")}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _size(limit: int) -> int:
    return max(1, min(limit, PAGE))
