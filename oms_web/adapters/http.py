"""The one door to the network: time limits, no redirects, no private addresses, no secrets in logs.

The host name is resolved once, every address it has is checked, and the connection goes to the
checked address, so a name that changes its mind between check and use gains nothing.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited, Response

log = logging.getLogger("oms.http")
# The library logs whole addresses, with whatever a connector put into the query.
for _chatty in ("httpx2", "httpcore2"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
MAX_BODY = 64 * 1024 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# is_global lets these through: IPv4 in IPv6 clothes (6to4, NAT64), multicast, protocol block.
_EMBEDDING = (
    ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("192.0.0.0/24"),
)


class ForbiddenAddress(ChannelDown):
    """The shop's address leads into the own network."""


def check_address(host: str, port: int, *, loopback: bool) -> str:
    """An address of ``host`` that may be connected to.

    Raises:
        ForbiddenAddress: it has an address inside a private network.
        ChannelDown: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ChannelDown(f"the address {host} is not known") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for text in addresses:
        address = ipaddress.ip_address(text)
        if address.is_loopback and loopback:
            continue
        embedded = any(address in net for net in _EMBEDDING if net.version == address.version)
        if not address.is_global or address.is_multicast or embedded:
            raise ForbiddenAddress(f"{host} leads to {text}, which is not a public address")
    return addresses[0]


class AccountHttp:
    """The client of one channel account, with its base address and its credentials."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], *, loopback: bool, name: str = "",
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = dict(headers)
        self._loopback = loopback
        self._name = name
        self._pinned = transport is None
        self._client = httpx2.Client(
            timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=transport,
        )

    def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
        json: Any = None, headers: Mapping[str, str] | None = None, body: bytes | None = None,
    ) -> Response:
        """Call ``path`` under the base address; see ``oms_connector.Http`` for the errors."""
        url = self._base + "/" + path.lstrip("/")
        started = time.monotonic()
        try:
            answer = self._send(method, url, params, json, headers, body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol) as error:
            raise ChannelDown(f"not reachable: {type(error).__name__}") from error
        except httpx2.HTTPError as error:
            if method.upper() in SAFE_METHODS:
                raise ChannelDown(f"no answer: {type(error).__name__}") from error
            raise OutcomeUnknown(f"sent, but no answer: {type(error).__name__}") from error
        finally:
            log.info("%s %s %s %.0f ms", self._name, method, urlsplit(url).path,
                     (time.monotonic() - started) * 1000)
        return self._judge(answer)

    def _send(
        self, method: str, url: str, params: Mapping[str, Any] | None, json: Any,
        headers: Mapping[str, str] | None, body: bytes | None,
    ) -> httpx2.Response:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ChannelDown("the shop's address must begin with http:// or https://")
        own = {**self._headers, **(headers or {})}
        extensions = {}
        if self._pinned:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            address = check_address(parts.hostname, port, loopback=self._loopback)
            literal = f"[{address}]" if ":" in address else address
            own["Host"] = parts.netloc.rpartition("@")[2]
            extensions = {"sni_hostname": parts.hostname}
            url = parts._replace(netloc=f"{literal}:{port}").geturl()
        with self._client.stream(
            method, url, params=params, json=json, content=body, headers=own,
            extensions=extensions,
        ) as answer:
            size = 0
            chunks = []
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > MAX_BODY:
                    raise ChannelDown("the answer is larger than 64 MB")
                chunks.append(chunk)
            answer._content = b"".join(chunks)
            return answer

    @staticmethod
    def _judge(answer: httpx2.Response) -> Response:
        if answer.status_code == 401:
            raise AccessRefused("the channel does not accept the key or token")
        if answer.status_code == 429:
            raise RateLimited("the channel asks to slow down", _seconds(answer.headers))
        return Response(answer.status_code, dict(answer.headers), answer.content)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()


def _seconds(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, within reason (an absurd one is cut to an hour)."""
    text = headers.get("retry-after", "")
    try:
        return min(max(float(text), 0.0), 3600.0)
    except ValueError:
        return None
