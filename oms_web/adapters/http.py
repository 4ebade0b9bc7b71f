"""The one door to the network: time limits, pace, tokens, no redirects, no secrets in logs.

``AccountHttp`` keeps the promises of ``oms_connector.Http``. Where a request may go is decided in
``addresses``, when in ``pace``, what is written down of it in ``calls``.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import SplitResult

import httpx2
from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    OutcomeUnknown,
    RateLimited,
    Response,
)

from oms_web.adapters.addresses import ForbiddenAddress, check_address, port_of, resolve
from oms_web.adapters.calls import (
    HIDDEN,
    Call,
    Hiding,
    Recorder,
    Sink,
    hiding_of,
    log,
    write_line,
)
from oms_web.adapters.pace import LONGEST_PAUSE, Pace, Pacer

__all__ = ["AccountHttp", "ForbiddenAddress", "check_address"]

# The library logs whole addresses, with whatever a connector put into the query.
for _chatty in ("httpx2", "httpcore2"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

TIMEOUT = httpx2.Timeout(20.0, connect=5.0)
WHOLE_ANSWER = 120.0
"""Seconds; a channel that sends a byte a second never runs into a limit between two bytes."""
MAX_BODY = 64 * 1024 * 1024
AUTHORITIES_FOR = 3600.0
"""Seconds for which what the machine trusts is not read again."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Nothing was sent yet when one of these is raised.
_BEFORE_SENDING = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout,
                   httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
# What a person reads of a failure; the exact kind stays in the log as the error's cause.
_IN_WORDS = {
    "ConnectError": "nobody answers there", "ConnectTimeout": "no connection in time",
    "PoolTimeout": "too many requests at once", "ReadTimeout": "it took too long",
    "WriteTimeout": "it took too long", "RemoteProtocolError": "the connection broke off",
    "ReadError": "the connection broke off", "WriteError": "the connection broke off",
}


@lru_cache(maxsize=1)
def _authorities(_hour: int) -> ssl.SSLContext:
    """Whom the machine trusts: 30 ms of reading, for a client that often asks one thing only."""
    return httpx2.create_ssl_context(trust_env=False)


def _why(error: Exception) -> str:
    name = type(error).__name__
    return str(error) if isinstance(error, _Endless) else _IN_WORDS.get(name, name)


class Renewal(Protocol):
    """What renews an account's tokens."""

    def due(self) -> bool:
        """Whether the tokens are known to have ended."""

    def renew(self) -> Mapping[str, str]:
        """The headers that authenticate from now on. Asks the channel, through this client too.

        Raises:
            AccessRefused: a person has to reconnect the account.
            ChannelDown: not now.
        """


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take, in seconds, and how much of its answer is read.

    ``keep``: bytes of the answer; what is beyond them is not read, and is no error.
    """

    connect: float = 5.0
    read: float = 20.0
    whole: float | None = None
    keep: int | None = None


class AccountHttp:
    """The client of one channel account, with its base address and its credentials.

    ``secrets`` are blotted out of whatever is written down. ``renewal`` is None where tokens do
    not end or cannot be renewed. ``hosts``: further addresses for unsigned requests. One thread at
    a time.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], *, loopback: bool, name: str = "",
        transport: httpx2.BaseTransport | None = None, pace: Pace | None = None,
        renewal: Renewal | None = None, secrets: Mapping[str, str] | None = None,
        sink: Sink = write_line, recorder: Recorder | None = None,
        patience: Patience | None = None, hosts: Sequence[str] = (),
    ) -> None:
        self._base = base_url
        self._hosts = tuple(hosts)
        self._headers = dict(headers)
        self._loopback = loopback
        self._name = name
        self._pace = pace or Pacer().of(name, name, ())
        self._renewal = renewal
        self._renewing = False
        self._secrets = secrets if secrets is not None else {}
        self._sink = sink
        self._recorder = recorder
        self._pinned = transport is None
        self._patience = patience or Patience()
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(patience.read, connect=patience.connect) if patience
            else TIMEOUT, follow_redirects=False, trust_env=False, transport=transport,
            verify=transport is not None or _authorities(int(time.monotonic() // AUTHORITIES_FOR)),
        )

    def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
        json: Any = None, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        bucket: str = "", cost: float = 1, safe: bool | None = None, signed: bool = True,
    ) -> Response:
        """Ask the channel; see ``oms_connector.Http`` for the arguments and the errors."""
        method = method.upper()
        # What signs a request is for the account's own host alone.
        url = resolve(self._base, path, params, () if signed else self._hosts)
        harmless = method in SAFE_METHODS if safe is None else safe
        # What is asked while tokens are renewed must not renew them.
        renewal = self._renewal if signed and not self._renewing else None
        if renewal and renewal.due():
            self._renew(renewal)
        for is_last in (renewal is None, True):
            request = self._build(method, url, json, body,
                                  {**(self._headers if signed else {}), **(headers or {})})
            self._pace.take(bucket, cost)
            answer = self._logged(request, url, harmless)
            if answer.status != 401:
                break
            if is_last or renewal is None:
                raise AccessRefused("the channel does not accept the key or token")
            self._renew(renewal)
        return self._judge(answer, bucket)

    def pause(self, seconds: float, bucket: str = "") -> None:
        """Send nothing of a bucket for so long, from any thread of this process."""
        self._pace.pause(seconds, bucket)

    def renew(self) -> None:
        """Renew the tokens; see ``oms_connector.Http``."""
        if self._renewal is None or self._renewing:
            raise AccessRefused("the channel does not accept the key or token")
        self._renew(self._renewal)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def _build(self, method: str, url: SplitResult, json: Any, body: bytes | None,
               headers: Mapping[str, str]) -> httpx2.Request:
        try:
            return self._client.build_request(
                method, url.geturl(), json=json, content=body, headers=headers)
        except httpx2.InvalidURL as error:
            raise ChannelDown("the shop's address cannot be read") from error

    def _renew(self, renewal: Renewal) -> None:
        self._renewing = True
        try:
            self._headers = dict(renewal.renew())
        finally:
            self._renewing = False

    def _logged(self, request: httpx2.Request, url: SplitResult, harmless: bool) -> Response:
        started = time.monotonic()
        answer, outcome = None, "answered"
        try:
            answer = self._send(request, url, harmless)
            return answer
        except ChannelError as error:
            outcome = type(error).__name__
            raise
        finally:
            hiding = hiding_of(tuple(self._secrets.values()))
            self._sink(Call(
                self._name, request.method, hiding.text(url.path),
                answer.status if answer else None, (time.monotonic() - started) * 1000,
                len(answer.body) if answer else 0, outcome,
            ))
            if self._recorder is not None:
                self._record(hiding, request, url, answer)

    def _send(self, request: httpx2.Request, url: SplitResult, harmless: bool) -> Response:
        if self._pinned:
            self._pin(request, url)
        try:
            return self._read(request)
        except _BEFORE_SENDING as error:
            raise ChannelDown(f"not reachable: {_why(error)}") from error
        except (httpx2.TransportError, httpx2.DecodingError, _Endless) as error:
            if harmless:
                raise ChannelDown(f"no answer: {_why(error)}") from error
            raise OutcomeUnknown(f"sent, but no answer: {_why(error)}") from error

    def _pin(self, request: httpx2.Request, url: SplitResult) -> None:
        """Let the connection go to the address that was checked."""
        host = url.hostname or ""
        address = check_address(host, port_of(url), loopback=self._loopback)
        request.headers["Host"] = url.netloc.rpartition("@")[2]
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address, port=port_of(url))

    def _read(self, request: httpx2.Request) -> Response:
        patience = self._patience
        latest = time.monotonic() + (WHOLE_ANSWER if patience.whole is None else patience.whole)
        answer = self._client.send(request, stream=True)
        try:
            size, chunks = 0, []
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > MAX_BODY:
                    raise _Endless("the answer is larger than 64 MB")
                if time.monotonic() > latest:
                    raise _Endless("the answer does not end")
                chunks.append(chunk)
                if patience.keep is not None and size >= patience.keep:
                    break
        finally:
            answer.close()
        return Response(answer.status_code, dict(answer.headers), b"".join(chunks)[:patience.keep])

    def _judge(self, answer: Response, bucket: str) -> Response:
        if answer.status in (429, 503):
            seconds = retry_after(answer.headers)
            if seconds is not None:
                self._pace.pause(seconds, bucket)
            if answer.status == 429:
                raise RateLimited("the channel asks to slow down", seconds)
        return answer

    def _record(self, hiding: Hiding, request: httpx2.Request, url: SplitResult,
                answer: Response | None) -> None:
        assert self._recorder is not None
        own = {name.lower() for name in self._headers}
        sent = {name: HIDDEN if name in own else value for name, value in request.headers.items()}
        asked = {
            "method": request.method, "path": hiding.text(url.path),
            "query": hiding.query(url.query), "headers": hiding.named(sent),
            "body": hiding.body(request.content, request.headers.get("content-type", "")),
        }
        came = None if answer is None else {
            "status": answer.status, "headers": hiding.named(answer.headers),
            "body": hiding.body(answer.body, answer.headers.get("content-type", "")),
        }
        try:
            self._recorder.keep(self._name, asked, came)
        except OSError as error:
            log.warning("a call was not recorded: %s", error)


class _Endless(Exception):
    """More of an answer than anybody waits for."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, within reason (an absurd one is cut to an hour).

    It is a number or a date (RFC 9110, 10.2.3); a date counts from the answer's own ``Date``.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until, now = _moment(text), _moment(headers.get("date", "")) or datetime.now(UTC)
        if until is None:
            return None
        seconds = (until - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
