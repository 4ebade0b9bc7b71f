"""How the account is opened: OAuth with an application's own ID and secret (client credentials).

Source: OAuthClientCredentials.yaml of the vendor. A token lasts for some hours; there is no refresh
token, a new one is asked for the same way.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from oms_connector import AccessRefused, ChannelDown, Http, Tokens

from oms_ups import words

EARLY = timedelta(minutes=5)


def refresh(http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str], now: datetime
            ) -> Tokens:
    """A fresh access token.

    Raises:
        AccessRefused: the application's ID and secret are not accepted.
        ChannelDown: UPS fails.
    """
    client = f"{str(settings.get('client_id') or '').strip()}:" \
        f"{secrets.get('client_secret', '').strip()}"
    try:  # a token that nobody received is forgotten; the next one is as good
        answer = http.request(
            "POST", "/security/v1/oauth/token", body=b"grant_type=client_credentials",
            signed=False, safe=True, headers={
                "Authorization": f"Basic {b64encode(client.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "x-merchant-id": str(settings.get("account") or "").strip()})
    except AccessRefused as refused:
        raise AccessRefused(words.CLIENT_REFUSED, "client_secret") from refused
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if 400 <= answer.status < 500 and isinstance(found, dict):
        raise AccessRefused(words.CLIENT_REFUSED, "client_secret")
    if answer.status >= 300:
        raise ChannelDown(words.STATUS % {"status": answer.status})
    token = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(token, str) or not token:
        raise ChannelDown(words.LACKS % {"names": "access_token"})
    seconds = str(found.get("expires_in") or "")
    lasts = timedelta(seconds=int(seconds) if seconds.isdecimal() else 3600)
    return Tokens(token, "", now + max(lasts - EARLY, timedelta(minutes=1)))
