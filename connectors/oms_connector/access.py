"""How an account is connected when a typed key is not enough: OAuth in its three ways.

The app owns the browser, the state, the PKCE verifier and the storage of tokens; a connector only
knows its channel's addresses and words. What is returned as ``Tokens`` or as a client's data is
kept in the account's secrets and handed back as ``context.secrets``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens an account. In ``context.secrets``: ``access_token``, ``refresh_token``,
    ``expires_at`` (ISO 8601) and whatever ``extra`` holds.
    """

    access_token: str
    refresh_token: str = ""
    expires_at: datetime | None = None
    scopes: Sequence[str] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the seller types at ``url``; ``device_code`` is ours, for asking whether they did."""

    user_code: str
    url: str
    device_code: str
    interval_s: int
    expires_at: datetime


@runtime_checkable
class AuthorizesByCode(Protocol):
    """The seller says yes on the channel's own page and comes back with a code (RFC 6749, 4.1)."""

    def authorize_url(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Where the seller is sent. ``challenge`` is the S256 challenge of PKCE (RFC 7636)."""

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Tokens for the code. Raises ``AccessRefused``."""


@runtime_checkable
class AuthorizesByDevice(Protocol):
    """The seller types a short code on another page (RFC 8628): no address of ours is needed."""

    def start_device(self) -> DeviceCode:
        """Ask for a code."""

    def poll_device(self, device_code: str) -> Tokens | None:
        """Tokens once the seller has agreed, None until then. Raises ``AccessRefused``."""


@runtime_checkable
class RegistersClient(Protocol):
    """Each installation registers itself as an application (RFC 7591)."""

    def register_client(self, name: str, redirect_uri: str) -> Mapping[str, str]:
        """What the channel knows this installation by, to be kept among the secrets."""


@runtime_checkable
class RefreshesTokens(Protocol):
    """Tokens expire and are renewed. The engine does it under a lock and stores before use."""

    def refresh(self) -> Tokens:
        """Fresh tokens for ``context.secrets``. Raises ``AccessRefused`` when they are revoked."""


def bearer(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """The header of the access token (RFC 6750, 2.1); none before there is one."""
    token = secrets.get("access_token", "")
    return {"Authorization": f"Bearer {token}"} if token else {}
