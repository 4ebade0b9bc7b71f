"""Whether the settings work, and if not, which of them is wrong; and where the goods lie."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import AccessRefused, ChannelDown
from oms_connector.reading import children, shown, value

from oms_medusa import words
from oms_medusa.calls import TAILS, Api, refusal
from oms_medusa.reading import is_on

PUBLISHABLE = "pk_"
MOST = 100


def headers(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Basic authentication with the key as the user's name; nothing before there is one."""
    key = secrets.get("api_key", "").strip()
    return {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"} if key else {}


def verify(api: Api, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The shop's name, with its currency and the stock location that is counted.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
        ChannelDown: nobody knows, now.
    """
    _look(api)
    if secrets.get("api_key", "").strip().startswith(PUBLISHABLE):
        raise AccessRefused(words.PUBLISHABLE, "api_key")
    try:
        store = _store(api)
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.KEY_REFUSED,
                            "api_key") from refused
    wanted = str(settings.get("sales_channel") or "").strip()
    channels = api.rows("/sales-channels", "sales_channels", {"fields": "id,name", "limit": MOST})
    if wanted and not any(is_called(row, wanted) for row in channels):
        raise AccessRefused(
            words.NO_CHANNEL % {"name": wanted, "names": _names(channels)}, "sales_channel")
    place = location(api, settings)
    notes = ", ".join(filter(None, (default_currency(store), shown(place, "name"))))
    return f"{shown(store, 'name') or 'Medusa'} ({notes})"


def location(api: Api, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stock location whose units are counted, with its ``id`` and ``name``.

    Raises:
        AccessRefused: the settings name none that is there.
    """
    wanted = str(settings.get("location") or "").strip()
    rows = api.rows("/stock-locations", "stock_locations", {"fields": "id,name", "limit": MOST})
    found = [row for row in rows if is_called(row, wanted)] if wanted else rows
    if len(found) == 1 and isinstance(value(found[0], "id"), str):
        return dict(found[0])
    template = words.NO_LOCATION if wanted or not rows else words.MANY_LOCATIONS
    raise AccessRefused(template % {"name": wanted, "names": _names(rows)}, "location")


def currency(api: Api) -> str:
    """The currency that the shop sells in unless a buyer chooses another, in upper case."""
    return default_currency(_store(api))


def default_currency(store: Any) -> str:
    """The one that is marked, of a store's currencies."""
    codes = [(is_on(one, "is_default"), shown(one, "currency_code").upper())
             for one in children(store, "supported_currencies")]
    return next((code for is_default, code in codes if is_default), codes[0][1] if codes else "")


def is_called(row: Any, wanted: str) -> bool:
    """Whether something has this name, or this id."""
    return wanted.casefold() in (shown(row, "name").casefold(), shown(row, "id").casefold())


def _names(rows: Sequence[Any]) -> str:
    return ", ".join(filter(None, (shown(row, "name") for row in rows))) or words.NONE_YET


def _store(api: Api) -> Any:
    stores = api.get("/stores", "stores", params={
        "fields": "id,name,supported_currencies.currency_code,supported_currencies.is_default",
        "limit": 1})["stores"]
    if not isinstance(stores, list) or not stores:
        raise ChannelDown(words.LACKS % {"names": "stores"})
    return stores[0]


def _look(api: Api) -> None:
    """Whether a Medusa server is there at all; asked without the key."""
    try:
        answer = api.ask("GET", "/health", signed=False)
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.NO_MEDUSA, "url") from refused
    if 300 <= answer.status < 400:
        other = answer.headers.get("location", "").removesuffix("/health")
        for tail in TAILS:
            other = other.removesuffix(tail)
        raise AccessRefused(words.MOVED % {"url": other[:200]}, "url")
    if answer.status >= 500:
        raise refusal(answer, ChannelDown)
    if answer.status >= 400:
        raise AccessRefused(words.NO_MEDUSA, "url")
    if answer.body.strip() != b"OK":  # another program, or a page that asks to come again later
        raise ChannelDown(words.NO_MEDUSA)
