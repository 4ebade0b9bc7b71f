"""Whether the settings work, and if not, which of them is wrong."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from oms_connector import AccessRefused, ChannelDown, Refused, Response
from oms_connector.reading import value

from oms_woocommerce import words
from oms_woocommerce.calls import ROOT, V3, Api, reason, refusal
from oms_woocommerce.reading import shown

INDEX = "name,url,gmt_offset,timezone_string,namespaces"


def headers(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Basic authentication with the key; nothing before there is one.

    WooCommerce takes it over https only; over http it wants signed queries, which are not sent.
    """
    key, secret = secrets.get("consumer_key", ""), secrets.get("consumer_secret", "")
    if not key:
        return {}
    name = b64encode(f"{key.strip()}:{secret.strip()}".encode()).decode()
    return {"Authorization": f"Basic {name}"}


def verify(api: Api) -> str:
    """The shop's name, with its currency and time zone.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
        ChannelDown: nobody knows, now.
    """
    index = _index(api)
    try:
        api.rows("/orders", {"per_page": 1})
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.KEY_REFUSED,
                            "consumer_key") from refused
    try:
        # A batch of nothing changes nothing; a key that may only read is refused all the same.
        answer = api.ask("POST", "/products/batch", body={}, safe=True)
        if answer.status >= 300:
            raise refusal(answer, ChannelDown)
        answer.json()
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.READ_ONLY,
                            "consumer_key") from refused
    notes = [currency(api), _zone(index)]
    return f"{shown(index, 'name') or 'WooCommerce'} ({', '.join(filter(None, notes))})"


def currency(api: Api) -> str:
    """The currency of the shop's prices."""
    return str(api.get("/data/currencies/current", "code")["code"])


def _index(api: Api) -> Any:
    try:
        answer = api.ask("GET", f"{ROOT}/", params={"_fields": INDEX}, signed=False)
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.NOT_OPEN, "url") from refused
    if 300 <= answer.status < 400:
        raise AccessRefused(words.MOVED % {"url": _other(answer)}, "url")
    if answer.status == 404:
        raise AccessRefused(words.PLAIN if _is_plain(api) else words.NO_API, "url")
    if answer.status in (401, 403):
        raise AccessRefused(words.NOT_OPEN, "url")
    if answer.status >= 400:
        raise refusal(answer, ChannelDown)
    index = answer.json()
    if V3.removeprefix(f"{ROOT}/") not in (value(index, "namespaces") or ()):
        raise AccessRefused(words.NO_WOOCOMMERCE, "url")
    return index


def _is_plain(api: Api) -> bool:
    """Whether WordPress answers where it does so without readable links."""
    try:
        answer = api.ask("GET", "/?rest_route=/", params={"_fields": INDEX}, signed=False)
        return answer.status == 200 and bool(value(answer.json(), "namespaces"))
    except (ChannelDown, Refused):
        return False


def _other(answer: Response) -> str:
    return answer.headers.get("location", reason(answer)[1]).split(ROOT)[0][:200]


def _zone(index: Any) -> str:
    """The zone's name; only its distance where the shop has chosen that."""
    name = value(index, "timezone_string")
    offset = value(index, "gmt_offset")
    if isinstance(name, str) and name:
        return name
    return f"UTC{float(offset):+g}" if isinstance(offset, int | float | str) and \
        str(offset).lstrip("+-").replace(".", "", 1).isdigit() else ""
