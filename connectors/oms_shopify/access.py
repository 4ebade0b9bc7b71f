"""How a shop is connected, and which setting is wrong if it is not.

Two kinds of apps: made in the Dev Dashboard, which exchange Client ID and secret for a token of 24
hours (RFC 6749, 4.4), and made in the shop's own admin before 2026, with a token that does not end.
Source: shopify.dev, "Get API access tokens for Dev Dashboard apps".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from oms_connector import AccessRefused, ChannelDown, ChannelError, Http, Response, Tokens
from oms_connector.addresses import is_loopback
from oms_connector.reading import child, children, shown, value

from oms_shopify import places, words
from oms_shopify.calls import Api, NoShop, decoded, refusal
from oms_shopify.queries import PROBE, SCOPES, SHOP

TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105 - an address
FORM = "application/x-www-form-urlencoded"
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
NEEDED = (
    "write_orders", "write_products", "write_inventory", "read_locations", "read_returns",
    "write_merchant_managed_fulfillment_orders",
)
ALL_ORDERS = "read_all_orders"
REFUSALS: Mapping[str, tuple[str, str]] = {
    "app_not_installed": (words.NOT_INSTALLED, "shop"),
    "shop_not_permitted": (words.NOT_YOURS, "client_id"),
    "application_cannot_be_found": (words.KEY_REFUSED, "client_id"),
    "invalid_client": (words.KEY_REFUSED, "client_secret"),
    "invalid_request": (words.KEY_REFUSED, "client_secret"),
}
EARLY = timedelta(minutes=5)
"""A token is renewed so long before it ends."""


def shop_url(settings: Mapping[str, Any]) -> str:
    """The shop's own address at Shopify, from whatever people copy of it."""
    typed = str(settings.get("shop") or "").strip().rstrip("/")
    parts = urlsplit(typed if "://" in typed else f"https://{typed}")
    host = (parts.hostname or "").lower()
    if host == "admin.shopify.com" and (found := re.match(r"/store/([\w-]+)", parts.path)):
        host = f"{found[1].lower()}.myshopify.com"
    elif NAME.fullmatch(host) and host != "localhost":
        host = f"{host}.myshopify.com"
    port = f":{parts.port}" if is_loopback(host) and parts.port else ""
    scheme = parts.scheme if is_loopback(host) else "https"
    return f"{scheme}://{host}{port}" if host else ""


def is_safe(settings: Mapping[str, Any]) -> bool:
    """Whether a token may be sent there: to Shopify, encrypted, or within this machine."""
    host = urlsplit(shop_url(settings)).hostname or ""
    name, _, rest = host.partition(".")
    return is_loopback(host) or (rest == "myshopify.com" and NAME.fullmatch(name) is not None)


def headers(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """The token, typed or fetched; nothing before there is one."""
    token = typed_token(secrets) or secrets.get("access_token", "")
    return {"X-Shopify-Access-Token": token} if token else {}


def typed_token(secrets: Mapping[str, str]) -> str:
    """The token of an app that was made in the shop's own admin."""
    return secrets.get("admin_token", "").strip()


def refresh(http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str], now: datetime
            ) -> Tokens:
    """A token for another 24 hours.

    Raises:
        AccessRefused: ``field`` says what is wrong; a typed token cannot be renewed.
        ChannelDown: nobody knows, now.
    """
    if typed_token(secrets):
        if secrets.get("expires_at"):  # of a token that was fetched before this one was typed
            return Tokens(typed_token(secrets))
        raise AccessRefused(words.TOKEN_REFUSED, "admin_token")
    client = str(settings.get("client_id") or "").strip()
    secret = secrets.get("client_secret", "").strip()
    if not client or not secret:
        raise AccessRefused(words.NO_KEY, "client_secret" if client else "client_id")
    if not is_safe(settings):
        raise AccessRefused(words.NOT_A_SHOP, "shop")
    body = urlencode({"grant_type": "client_credentials", "client_id": client,
                      "client_secret": secret}).encode()
    try:
        # Asking twice gives two tokens that both work.
        answer = http.request("POST", TOKEN_PATH, body=body, signed=False, safe=True,
                              headers={"Content-Type": FORM, "Accept": "application/json"})
    except AccessRefused as refused:
        raise AccessRefused(words.KEY_REFUSED, "client_secret") from refused
    if answer.status != 200:
        raise _no_token(answer)
    told = decoded(answer)
    token, seconds = value(told, "access_token"), value(told, "expires_in")
    if not isinstance(token, str) or not token:
        raise ChannelDown(words.LACKS % {"names": "access_token"})
    ends = now + timedelta(seconds=seconds) - EARLY if isinstance(seconds, int) else None
    return Tokens(token, expires_at=ends, scopes=str(value(told, "scope") or "").split(","))


def verify(api: Api, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The shop's name, with its currency and time zone.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
        ChannelDown: nobody knows, now.
    """
    key = "admin_token" if typed_token(secrets) else "client_id"
    if not typed_token(secrets) and not (settings.get("client_id")
                                         and secrets.get("client_secret")):
        raise AccessRefused(words.NO_KEY, "client_secret" if settings.get("client_id") else key)
    try:
        told = api.ask(SHOP, None, "shop", "currentAppInstallation")
        lacking = sorted(set(NEEDED) - granted(told))
        if lacking:
            raise AccessRefused(words.SCOPES % {"names": ", ".join(lacking)}, key)
        api.ask(PROBE, None, "orders")
    except NoShop as nothing:
        raise AccessRefused(str(nothing), "shop") from nothing
    except AccessRefused as refused:
        where = refused.field if refused.field not in ("", "client_id") else key
        said = words.TOKEN_REFUSED if not refused.field else str(refused)
        raise AccessRefused(said, where) from refused
    places.find(api, settings)
    shop = child(told, "shop")
    notes = [shown(shop, "currencyCode"), shown(shop, "ianaTimezone")]
    return f"{shown(shop, 'name') or 'Shopify'} ({', '.join(filter(None, notes))})"


def sees_all_orders(api: Api) -> bool:
    """Whether orders older than 60 days are shown to this app."""
    return ALL_ORDERS in granted(api.ask(SCOPES, None, "currentAppInstallation"))


def granted(told: Any) -> set[str]:
    """The app's rights; who may write may read."""
    found = {str(value(one, "handle"))
             for one in children(child(told, "currentAppInstallation"), "accessScopes")}
    return found | {one.replace("write_", "read_", 1) for one in found}


def _no_token(answer: Response) -> ChannelError:
    """What a refused token means (RFC 6749, 5.2, and Shopify's own words)."""
    told = decoded(answer)
    error = str(value(told, "error") or "")
    if error in REFUSALS:
        return AccessRefused(*REFUSALS[error])
    if answer.status == 404:
        return AccessRefused(words.NO_SHOP, "shop")
    if answer.status == 400 and error:
        why = str(value(told, "error_description") or error)[:200]
        return AccessRefused(words.GRANT_REFUSED % {"why": why}, "client_id")
    return refusal(answer, ChannelDown)
