"""How the account is opened: an application's ID and secret, and a user's e-mail and password.

Access tokens last for a month, refresh tokens for three; each sign-in is a session, of which a user
has twenty, so a token is renewed as long as that works before the password is used again.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from oms_connector import AccessRefused, ChannelDown, Http, Tokens

from oms_furgonetka import words

EARLY = timedelta(hours=1)
GONE = "invalid_grant"


def refresh(http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str], now: datetime
            ) -> Tokens:
    """Fresh tokens, by the refresh token or by signing in.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
        ChannelDown: Furgonetka fails.
    """
    if kept := secrets.get("refresh_token", ""):
        body = _granted(http, settings, secrets,
                        {"grant_type": "refresh_token", "refresh_token": kept})
        if body.get("error") != GONE:
            return _tokens(body, now)
    body = _granted(http, settings, secrets, {
        "grant_type": "password", "scope": "api",
        "username": str(settings.get("username") or "").strip(),
        "password": secrets.get("password", "")})
    if body.get("error") == GONE:
        raise AccessRefused(words.USER_REFUSED, "password")
    return _tokens(body, now)


def _granted(http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str],
             form: Mapping[str, str]) -> Mapping[str, Any]:
    """An answer with tokens in it (RFC 6749, 5), or with ``invalid_grant``."""
    client = f"{str(settings.get('client_id') or '').strip()}:" \
        f"{secrets.get('client_secret', '').strip()}"
    try:  # a token that nobody received is forgotten; the next one is as good
        answer = http.request(
            "POST", "/oauth/token", body=urlencode(form).encode(), signed=False, safe=True,
            headers={"Authorization": f"Basic {b64encode(client.encode()).decode()}",
                     "Content-Type": "application/x-www-form-urlencoded",
                     "Accept": "application/json"})
    except AccessRefused as refused:
        raise AccessRefused(words.CLIENT_REFUSED, "client_secret") from refused
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    body = found if isinstance(found, dict) else {}
    if 400 <= answer.status < 500:
        if body.get("error") == GONE:
            return body
        if body.get("error") == "2fa_required":
            raise AccessRefused(words.TWO_STEPS, "username")
        if body.get("error") in ("invalid_client", "unauthorized_client"):
            raise AccessRefused(words.CLIENT_REFUSED, "client_secret")
    if answer.status >= 300:
        raise ChannelDown(words.STATUS % {"status": answer.status})
    if not isinstance(body.get("access_token"), str) or not body["access_token"]:
        raise ChannelDown(words.LACKS % {"names": "access_token"})
    return body


def _tokens(body: Mapping[str, Any], now: datetime) -> Tokens:
    seconds = body.get("expires_in")
    lasts = timedelta(seconds=seconds if isinstance(seconds, int) else 3600)
    return Tokens(body["access_token"], str(body.get("refresh_token") or ""),
                  now + max(lasts - EARLY, timedelta(minutes=1)))
