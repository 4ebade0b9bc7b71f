"""How an account is opened: Login with Amazon for a private application, and whether it works.

Source: developer-docs.amazon.com, "Self-authorization" and "Connect to the SP-API". A seller makes
a private application, authorises it for the own account and copies the refresh token that is shown.
It is good for many uses and gives access tokens of an hour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from oms_connector import AccessRefused, ChannelDown, Http, Refused, Response, Tokens
from oms_connector.reading import Puzzling, child, children, value

from oms_amazon import offers, places, words
from oms_amazon.calls import SELLER, Api
from oms_amazon.reading import text_or_empty

LOGIN = "https://api.amazon.com"
FILES = "https://*.amazonaws.com"
"""Documents go to and come from a file store of Amazon's, at addresses good for five minutes."""
EARLY = timedelta(minutes=10)
"""An access token is renewed so long before it ends: a request may wait for its turn first, and
what Amazon says to a token that has ended cannot be told from what it says to one without rights.
"""


def refresh(http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str], now: datetime
            ) -> Tokens:
    """A fresh access token.

    Raises:
        AccessRefused: ``field`` says what is missing or not accepted (any more).
        ChannelDown: Login with Amazon fails.
    """
    client, secret = str(settings.get("client_id") or ""), secrets.get("client_secret", "")
    if not (client.strip() and secret.strip()):
        raise AccessRefused(words.NO_CLIENT, "client_id" if secret else "client_secret")
    if not secrets.get("refresh_token", "").strip():
        raise AccessRefused(words.NO_TOKEN, "refresh_token")
    form = {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"].strip(),
            "client_id": client.strip(), "client_secret": secret.strip()}
    try:
        # A token that nobody received is forgotten; the next one is as good.
        answer = http.request(
            "POST", f"{LOGIN}/auth/o2/token", body=urlencode(form).encode(), signed=False,
            safe=True, headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
                                "Accept": "application/json"})
    except AccessRefused as refused:
        raise AccessRefused(words.CLIENT_REFUSED, "client_secret") from refused
    body = _granted(answer)
    seconds = body.get("expires_in")
    lasts = timedelta(seconds=seconds if isinstance(seconds, int) else 3600)
    return Tokens(
        access_token=body["access_token"],
        refresh_token=str(body.get("refresh_token") or ""),
        expires_at=now + max(lasts - EARLY, timedelta(minutes=1)),
    )


def verify(api: Api, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The seller's name in the first marketplace, and the marketplaces.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
    """
    wanted = places.chosen(settings)
    if not secrets.get("refresh_token"):
        raise AccessRefused(words.NO_TOKEN, "refresh_token")
    told = api.get("/sellers/v1/marketplaceParticipations", "payload", bucket=SELLER)
    try:
        sold = {text_or_empty(child(one, "marketplace"), "id"): text_or_empty(one, "storeName")
                for one in children(told, "payload")
                if value(one, "participation", "isParticipating") is True}
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    for place in wanted:
        if place.id not in sold:
            raise AccessRefused(words.NOT_SOLD_THERE % {"code": place.code}, "marketplaces")
    try:
        offers.search(api, str(settings.get("seller_id") or ""), wanted[0], {"pageSize": 1})
    except AccessRefused as refused:
        raise AccessRefused(str(refused), "seller_id") from refused
    except Refused as refused:
        raise AccessRefused(words.WRONG_SELLER % {"why": refused}, "seller_id") from refused
    return f"{sold[wanted[0].id] or 'Amazon'} ({', '.join(place.code for place in wanted)})"


def _granted(answer: Response) -> Mapping[str, Any]:
    """The answer of Login with Amazon, with a token in it (RFC 6749, 5)."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    if 400 <= answer.status < 500:
        if body.get("error") == "invalid_client":
            raise AccessRefused(words.CLIENT_REFUSED, "client_secret")
        if body.get("error") in ("invalid_grant", "unauthorized_client", "invalid_request"):
            raise AccessRefused(words.TOKEN_REFUSED, "refresh_token")
    if answer.status >= 300:
        raise ChannelDown(words.STATUS % {"status": answer.status})
    if not isinstance(body.get("access_token"), str) or not body["access_token"]:
        raise ChannelDown(words.LACKS % {"names": "access_token"})
    return body
