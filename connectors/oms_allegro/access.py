"""How an account is connected: OAuth by code or by device, and registering this installation.

Source: developer.allegro.pl, "Authentication and authorization". Tokens are fetched from the
address where people log in, which is not the API's. An access token is good for twelve hours, a
refresh token for three months and for one use.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from oms_connector import (
    AccessRefused,
    ChannelDown,
    DeviceCode,
    Http,
    OutcomeUnknown,
    Refused,
    Response,
    Tokens,
)

from oms_allegro import words
from oms_allegro.calls import refusal

PRODUCTION, SANDBOX = "production", "sandbox"
# Where people log in, and the API.
LOGIN = {PRODUCTION: "https://allegro.pl", SANDBOX: "https://allegro.pl.allegrosandbox.pl"}
API = {PRODUCTION: "https://api.allegro.pl",
       SANDBOX: "https://api.allegro.pl.allegrosandbox.pl"}
SCOPES = (
    "allegro:api:profile:read", "allegro:api:orders:read", "allegro:api:orders:write",
    "allegro:api:sale:offers:read", "allegro:api:sale:offers:write",
)
SHIPPING_SCOPES = ("allegro:api:shipments:read", "allegro:api:shipments:write")
"""Asked for only where parcels are sent with Allegro: not every application may ask for them."""
REFUND_SCOPES = ("allegro:api:payments:read", "allegro:api:payments:write")
"""Asked for unless the seller does not want it, as not every application may have them."""
MESSAGE_SCOPES = ("allegro:api:messaging",)
"""Asked for only where messages are read and written."""
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"
WAITING = ("authorization_pending", "slow_down")
LONGEST_NAME = 50


def environment(settings: Mapping[str, Any]) -> str:
    """``production`` or ``sandbox``."""
    return SANDBOX if settings.get("environment") == SANDBOX else PRODUCTION


@dataclass(frozen=True, slots=True)
class Door:
    """The way to an account's tokens. ``client``: the application's id and secret; ``scopes``:
    what the seller is asked to agree to.
    """

    http: Http
    login: str
    client: tuple[str, str]
    now: datetime
    scopes: Sequence[str] = SCOPES

    def authorize_url(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Where the seller says yes."""
        return f"{self.login}/auth/oauth/authorize?" + urlencode({
            "response_type": "code", "client_id": self._id(), "redirect_uri": redirect_uri,
            "state": state, "code_challenge_method": "S256", "code_challenge": challenge,
            "scope": " ".join(self.scopes), "prompt": "confirm",
        })

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Tokens for a code, which is good for ten seconds."""
        return self._tokens({
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        })

    def refresh(self, token: str) -> Tokens:
        """Tokens for a refresh token, which is used up by that."""
        if not token:
            raise AccessRefused(words.NOT_CONNECTED)
        return self._tokens({"grant_type": "refresh_token", "refresh_token": token})

    def start_device(self) -> DeviceCode:
        """Ask for a code that the seller types on Allegro's page."""
        answer = self._ask("/auth/oauth/device",
                           {"client_id": self._id(), "scope": " ".join(self.scopes)})
        body = _body(answer, "user_code", "device_code", "verification_uri")
        return DeviceCode(
            user_code=str(body["user_code"]), device_code=str(body["device_code"]),
            url=str(body.get("verification_uri_complete") or body["verification_uri"]),
            interval_s=max(1, _seconds(body.get("interval"), 5)),
            expires_at=self.now + timedelta(seconds=_seconds(body.get("expires_in"), 3600)),
        )

    def poll_device(self, device_code: str) -> Tokens | None:
        """Tokens once the seller has agreed; None until then."""
        answer = self._ask("/auth/oauth/token",
                           {"grant_type": DEVICE_GRANT, "device_code": device_code})
        if answer.status == 400 and _oauth_error(answer)[0] in WAITING:
            return None
        return self._read_tokens(answer)

    def _id(self) -> str:
        if not self.client[0]:
            raise AccessRefused(words.NO_CLIENT, "client_id")
        return self.client[0]

    def _ask(self, path: str, form: Mapping[str, str]) -> Response:
        name = b64encode(f"{self._id()}:{self.client[1]}".encode()).decode()
        try:
            return self.http.request(
                "POST", f"{self.login}{path}", body=urlencode(form).encode(), signed=False,
                headers={"Authorization": f"Basic {name}", "Content-Type": FORM,
                         "Accept": "application/json"},
            )
        except AccessRefused as refused:
            raise AccessRefused(words.CLIENT_REFUSED, "client_secret") from refused

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        return self._read_tokens(self._ask("/auth/oauth/token", form))

    def _read_tokens(self, answer: Response) -> Tokens:
        body = _body(answer, "access_token")
        seconds = _seconds(body.get("expires_in"), 0)
        return Tokens(
            access_token=str(body["access_token"]),
            refresh_token=str(body.get("refresh_token") or ""),
            expires_at=self.now + timedelta(seconds=seconds) if seconds else None,
            scopes=str(body.get("scope") or "").split(),
        )


def register(
    http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str], name: str,
    redirect_uri: str,
) -> Mapping[str, str]:
    """Register this installation as an application of its own ("Dynamic Client Registration").

    Who typed the client of an own application, or is registered already, is not registered again:
    the code is good for one time, and a name can be given once.

    Raises:
        AccessRefused: the statement or the one-time code is missing or not accepted.
        Refused: the name is taken, or the address to come back to is not accepted.
    """
    known = client(settings, secrets)
    if all(known):
        return {"client_id": known[0], "client_secret": known[1]}
    statement = str(settings.get("software_statement") or "")
    code = str(secrets.get("registration_code") or "")
    if not statement:
        raise AccessRefused(words.NO_STATEMENT, "software_statement")
    if not code:
        raise AccessRefused(words.NO_CODE, "registration_code")
    answer = http.request(
        "POST", "/register", signed=False, headers={"Accept": "application/json"},
        json={"code": code, "client_name": name[:LONGEST_NAME], "redirect_uris": [redirect_uri],
              "software_statement_id": statement},
    )
    if answer.status == 403:
        raise AccessRefused(words.CODE_REFUSED, "registration_code")
    if 400 <= answer.status < 500:
        reason = refusal(answer)
        raise Refused(words.NOT_REGISTERED % {"why": reason}, getattr(reason, "code", ""),
                      getattr(reason, "field", "")) from reason
    body = _body(answer, "client_id", "client_secret")
    return {"client_id": str(body["client_id"]), "client_secret": str(body["client_secret"])}


def client(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> tuple[str, str]:
    """Id and secret of the application: the typed one, else the registered one."""
    return (str(settings.get("client_id") or secrets.get("client_id") or ""),
            str(secrets.get("client_secret") or ""))


def _body(answer: Response, *needs: str) -> Mapping[str, Any]:
    """The answer's body with the ``needs`` in it.

    Raises:
        AccessRefused: what was sent is not accepted (any more).
        ChannelDown: Allegro fails.
        OutcomeUnknown: what was asked for was done, but cannot be read.
    """
    if answer.status >= 500 or 300 <= answer.status < 400:
        raise ChannelDown(words.STATUS % {"status": answer.status})
    if answer.status >= 400:
        error, why = _oauth_error(answer)
        if error == "access_denied":
            raise AccessRefused(words.DENIED)
        if error in ("invalid_client", "unauthorized_client"):
            raise AccessRefused(words.CLIENT_REFUSED, "client_secret")
        raise AccessRefused(words.GRANT_REFUSED % {"why": f"{(why or error).rstrip('.')}."})
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    missing = [name for name in needs if not isinstance(body, dict) or not body.get(name)]
    if missing:
        raise OutcomeUnknown(words.LACKS % {"names": ", ".join(missing)})
    return dict(body)


def _oauth_error(answer: Response) -> tuple[str, str]:
    """Error and description (RFC 6749, 5.2)."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    return str(body.get("error") or answer.status), str(body.get("error_description") or "")[:300]


def _seconds(told: Any, default: int) -> int:
    """Seconds, which Allegro writes as a number or as text."""
    try:
        return int(told)
    except (TypeError, ValueError):
        return default
