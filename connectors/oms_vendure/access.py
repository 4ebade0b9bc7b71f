"""How one is let in, and whether the settings work.

Two ways: an API key (since Vendure 3.6), or a user who logs in for a session token. Sessions last a
year and are prolonged while they are used; one that has ended is told of within an answer of
success (see ``calls``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import AccessRefused, ChannelDown, Response, Tokens, bearer
from oms_connector.reading import shown, value

from oms_vendure import documents, words
from oms_vendure.calls import Api, NoRight, data_of, is_forbidden
from oms_vendure.pulling import COUNTED
from oms_vendure.terms import Terms

TOKEN = "vendure-auth-token"  # noqa: S105 - the name of a header
DEFAULT = "__default_channel__"
FIRST = {"options": {"take": 1}}


def headers(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """The API key, else the token of a session; nothing before there is one."""
    if key := secrets.get("api_key", "").strip():
        return {"vendure-api-key": key}
    return bearer(secrets)


def log_in(api: Api, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> Tokens:
    """A new session for the user.

    Raises:
        AccessRefused: user and password are not accepted, or give no token; ``field`` says which
            setting is wrong.
    """
    if secrets.get("api_key"):
        raise AccessRefused(words.KEY_REFUSED, "api_key")
    username = str(settings.get("username") or "").strip()
    password = secrets.get("password", "")
    if not username or not password:
        raise AccessRefused(words.NO_SECRETS, "username" if password else "api_key")
    response = api.ask(documents.LOGIN, {"username": username, "password": password},
                       safe=True, signed=False)
    said = value(value(data_of(response, ChannelDown, ("login",)), "login"), "__typename")
    if said == "NativeAuthStrategyError":
        raise AccessRefused(words.NO_LOGIN, "api_key")
    if said != "CurrentUser":
        raise AccessRefused(words.LOGIN_REFUSED, "password")
    token = response.headers.get(TOKEN, "")
    if not token:
        raise AccessRefused(words.NO_TOKEN, "api_key")
    return Tokens(token)


def verify(api: Api, terms: Terms) -> str:
    """The shop's name, with its channel and currency.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
        ChannelDown: nobody knows, now.
    """
    _look(api)
    if api.field == "password":
        api.log_in_again()  # what was typed now, not the session of what was typed before
    channel = api.read(documents.CHANNEL, {}, "channel")["channel"]
    orders = documents.orders(terms.own)
    _may(words.READ_ORDERS, lambda: api.read(orders.listed, {"options": {
        "take": 1, "filter": COUNTED}}, "page"))
    _may(words.READ_CATALOG, lambda: api.read(documents.offers(terms.own).listed, FIRST, "page"))
    _may(words.UPDATE_CATALOG, lambda: api.try_write(documents.MAY_SELL))
    _may(words.UPDATE_ORDERS, lambda: api.try_write(documents.MAY_SEND))
    code = shown(channel, "code")
    notes = ["" if code == DEFAULT else code, shown(channel, "defaultCurrencyCode")]
    name = shown(value(channel, "seller"), "name") or "Vendure"
    return f"{name} ({', '.join(filter(None, notes))})"


def _look(api: Api) -> None:
    """See that there is a Vendure at this address."""
    try:
        response = api.ask(documents.KNOWN, {}, safe=True, signed=False)
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.BLOCKED, "url") from refused
    if 300 <= response.status < 400:
        raise AccessRefused(words.MOVED % {"url": _elsewhere(response)}, "url")
    if response.status in (403, 404, 405):
        raise AccessRefused(words.BLOCKED if response.status == 403 else words.NO_API, "url")
    if not is_forbidden(response):  # which it is, as nobody said who asks
        data_of(response, ChannelDown, ())


def _elsewhere(response: Response) -> str:
    return response.headers.get("location", "")[:200]


def _may(what: str, act: Any) -> None:
    try:
        act()
    except NoRight as refused:
        raise AccessRefused(words.NO_RIGHT_TO % {"what": what}, refused.field) from refused
