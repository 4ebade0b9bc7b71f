"""Signing in to KSeF: by token or by certificate, and keeping the access it gives fresh.

KSeF API 2.0, "Uwierzytelnianie": a challenge is answered, the answer is looked at, then access and
refresh tokens are handed out once.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from oms_connector import AccessRefused, ChannelDown, Refused, Response

from oms_web.core.clock import Clock
from oms_web.domain.einvoices.office import Access, Login

FRESH = timedelta(seconds=60)
TOKEN_KEY, SESSION_KEY = "KsefTokenEncryption", "SymmetricKeyEncryption"
_WAITS = (0.2, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 5.0)
_WORKING = 100
# What a person reads on the page of settings.
_REFUSED = "KSeF refused the login: %(why)s"
_SLOW = "KSeF does not get done with the login"
_NO_KEY = "KSeF names no key to encrypt with"
_UNREADABLE = "KSeF's answer cannot be read"
_NO_CERTIFICATE = "there is no certificate to sign in to KSeF with"


class Asks(Protocol):
    """Sends a request and reads the answer: ``ksef.Ksef.ask``."""

    def __call__(self, method: str, path: str, **more: Any) -> Response:
        """See ``ksef.Ksef.ask``."""


class Signing:
    """Keeps the access of one company; what ``AccountHttp`` renews its headers with."""

    def __init__(self, ask: Asks, nip: str, login: Login, access: Access | None,
                 keep: Callable[[Access], None], clock: Clock,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._ask, self._nip, self._login, self._access = ask, nip, login, access
        self._keep, self._clock, self._sleep = keep, clock, sleep

    def due(self) -> bool:
        """Whether there is no access, or it ends in a minute."""
        return self._access is None or self._access.until <= self._clock() + FRESH

    def headers(self) -> dict[str, str]:
        """What signs a request."""
        return bearer(self._access.token) if self._access else {}

    def renew(self) -> Mapping[str, str]:
        """Fresh access: by the refresh token while it lasts, else by a new login.

        Raises:
            AccessRefused: a person has to bring another token or certificate.
        """
        self._access = self._refreshed() or self._signed_in()
        self._keep(self._access)
        return self.headers()

    def _refreshed(self) -> Access | None:
        kept = self._access
        if kept is None or kept.refresh_until <= self._clock() + FRESH:
            return None
        try:
            given = read(self._ask("POST", "/auth/token/refresh", signed=False, safe=True,
                                   headers=bearer(kept.refresh)))["accessToken"]
        except (AccessRefused, Refused):
            return None
        return replace(kept, token=given["token"], until=moment(given["validUntil"]))

    def _signed_in(self) -> Access:
        challenge = read(self._ask("POST", "/auth/challenge", signed=False, safe=True))
        try:
            begun = read(self._by_token(challenge) if self._login.token
                         else self._by_certificate(challenge))
        except Refused as error:
            raise AccessRefused(_REFUSED % {"why": error}) from error
        proof = bearer(begun["authenticationToken"]["token"])
        self._await(begun["referenceNumber"], proof)
        given = read(self._ask("POST", "/auth/token/redeem", signed=False, safe=True,
                               headers=proof))
        fresh, lasting = given["accessToken"], given["refreshToken"]
        return Access(fresh["token"], moment(fresh["validUntil"]), lasting["token"],
                      moment(lasting["validUntil"]))

    def _by_token(self, challenge: Mapping[str, Any]) -> Response:
        from ksef_client.services.crypto import encrypt_ksef_token_rsa

        key = public_key(self._ask, TOKEN_KEY)
        sealed = encrypt_ksef_token_rsa(key["certificate"], self._login.token,
                                        int(challenge["timestampMs"]))
        return self._ask("POST", "/auth/ksef-token", signed=False, safe=True, json={
            "challenge": challenge["challenge"],
            "contextIdentifier": {"type": "Nip", "value": self._nip},
            "encryptedToken": base64.b64encode(sealed).decode(), "publicKeyId": key["publicKeyId"],
        })

    def _by_certificate(self, challenge: Mapping[str, Any]) -> Response:
        from ksef_client.services.auth import build_auth_token_request_xml
        from ksef_client.services.xades import sign_xades_enveloped

        pair = self._login.pair
        if pair is None:
            raise AccessRefused(_NO_CERTIFICATE)
        asked = build_auth_token_request_xml(
            challenge=challenge["challenge"], context_identifier_type="nip",
            context_identifier_value=self._nip)
        signed = sign_xades_enveloped(asked, pair.certificate, pair.key)
        return self._ask("POST", "/auth/xades-signature", signed=False, safe=True,
                         body=signed.encode(), headers={"Content-Type": "application/xml"})

    def _await(self, reference: str, proof: Mapping[str, str]) -> None:
        for wait in _WAITS:
            status = read(self._ask("GET", f"/auth/{reference}", signed=False,
                                    headers=proof))["status"]
            if status["code"] == 200:
                return
            if status["code"] != _WORKING:
                raise AccessRefused(_REFUSED % {"why": words(status)})
            self._sleep(wait)
        raise ChannelDown(_SLOW)


def public_key(ask: Asks, usage: str) -> Mapping[str, str]:
    """The Ministry's certificate for a use, the one that is valid longest.

    Raises:
        ChannelDown: KSeF names none.
    """
    found = [one for one in read(ask("GET", "/security/public-key-certificates", signed=False))
             if usage in one["usage"]]
    if not found:
        raise ChannelDown(_NO_KEY)
    return dict(max(found, key=lambda one: str(one["validTo"])))


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def read(answer: Response) -> Any:
    """The JSON of an answer.

    Raises:
        ChannelDown: it is none: something else answered in KSeF's place.
    """
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except ValueError as error:
        raise ChannelDown(_UNREADABLE) from error


def words(status: Mapping[str, Any]) -> str:
    """A status in KSeF's own words."""
    more = [str(one) for one in status.get("details") or ()]
    return "; ".join(dict.fromkeys([str(status.get("description") or ""), *more])).strip("; ")


def moment(text: str) -> datetime:
    """A moment as KSeF writes it; it has seven decimals of a second."""
    head, _, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    cut = f"{head}.{tail[:digits][:6]}{tail[digits:]}" if tail else head
    found = datetime.fromisoformat(cut.replace("Z", "+00:00"))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
