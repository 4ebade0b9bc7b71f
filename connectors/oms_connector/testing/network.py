"""The kit's ``http``: what ``oms_connector.Http`` promises, into a stand-in instead of a network.

Statuses and failures become the same errors as in the app; a test of the app holds the two against
each other. Waiting for a bucket turns the kit's clock and takes no time. What went over the line is
kept, so that checks can look at it.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from oms_connector import (
    AccessRefused,
    ChannelDown,
    Connector,
    Limit,
    OutcomeUnknown,
    RateLimited,
    RefreshesTokens,
    Response,
    Tokens,
)
from oms_connector.testing.facts import Request
from oms_connector.testing.guard import Guard
from oms_connector.testing.standin import Clock, StandIn
from oms_connector.testing.verdict import Broken

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PORTS = {"http": 80, "https": 443}
LONGEST_PAUSE = 3600.0
MOST_CALLS = 10_000
"""Requests of one check; whoever makes more goes round in circles."""


class NotSent(Exception):
    """A fault: the request never left."""


class Lost(Exception):
    """A fault: the request left, and its answer never came."""


@dataclass(slots=True)
class Call:
    """One request as it was made. ``harmless``: it says that it changes nothing."""

    at: datetime
    request: Request
    harmless: bool
    bucket: str
    cost: float
    response: Response | None = None
    violations: Sequence[str] = ()


Strike = Callable[[Request, Callable[[], Response]], Response]
"""A fault: gets the request and a way to have it answered; may raise ``NotSent`` or ``Lost``."""


@dataclass(slots=True)
class Line:
    """The line between connectors and one stand-in: all their calls, and what is wrong with it.

    ``faults``: number of the request from now on (1 is the next) -> fault. ``every``: a fault of
    every request.
    """

    standin: StandIn
    clock: Clock
    guard: Guard
    calls: list[Call] = field(default_factory=list)
    faults: dict[int, Strike] = field(default_factory=dict)
    every: Strike | None = None
    looks: bool = False
    """Whether each request is held against the vendor's specification."""
    _levels: dict[Limit, tuple[float, datetime]] = field(default_factory=dict)
    _paused: dict[str, datetime] = field(default_factory=dict)

    def pass_on(self, call: Call) -> Response:
        """Have a request answered, as far as the faults let it through."""
        self.calls.append(call)
        if len(self.calls) > MOST_CALLS:
            raise Broken(f"more than {MOST_CALLS} requests: the connector does not come to an end")
        self.faults = {number - 1: strike for number, strike in self.faults.items()}
        strike = self.faults.pop(0, self.every)

        def answer() -> Response:
            with self.guard.off():
                response = self.standin.exchange(call.request)
                if self.looks:
                    call.violations = self.standin.violations(call.request, response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, headers, response.body)

        call.response = strike(call.request, answer) if strike else answer()
        return call.response

    def take(self, limits: Sequence[Limit], bucket: str, cost: float) -> None:
        """Wait, on the kit's clock, until a request may be sent; draw it from its buckets."""
        drawn = [limit for limit in limits if limit.bucket in {"", bucket}]
        until = max(self._paused.get(name, self.clock.now) for name in ("", bucket))
        self.clock.now = max(self.clock.now, until)
        wait = max((self._short(limit, cost) / limit.per_second for limit in drawn), default=0.0)
        self.clock.forward(max(wait, 0.0))
        for limit in drawn:
            self._levels[limit] = (self._level(limit) - cost, self.clock.now)

    def pause(self, seconds: float, bucket: str) -> None:
        """Let nothing of a bucket through for so long."""
        span = min(max(seconds, 0.0), LONGEST_PAUSE)
        later = Clock(self.clock.now)
        later.forward(span)
        self._paused[bucket] = max(later.now, self._paused.get(bucket, later.now))

    def _short(self, limit: Limit, cost: float) -> float:
        return min(cost, limit.burst) - self._level(limit)

    def _level(self, limit: Limit) -> float:
        level, at = self._levels.get(limit, (limit.burst, self.clock.now))
        passed = max(0.0, (self.clock.now - at).total_seconds())
        return min(limit.burst, level + passed * limit.per_second)


class KitHttp:
    """The ``http`` of one connector object. ``secrets`` is renewed in place, as the app does it.

    ``make`` makes a connector that shares this client, for renewing tokens.
    """

    def __init__(self, line: Line, connector: type[Connector], settings: Mapping[str, Any],
                 secrets: MutableMapping[str, str], make: Callable[[KitHttp], Connector]) -> None:
        self._line = line
        self._connector = connector
        self._settings = settings
        self._secrets = secrets
        self._make = make
        self._renewing = False

    def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
        json: Any = None, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        bucket: str = "", cost: float = 1, safe: bool | None = None, signed: bool = True,
    ) -> Response:
        """Ask the stand-in; see ``oms_connector.Http`` for the arguments and the errors."""
        method = method.upper()
        hosts = () if signed else self._connector.manifest.hosts
        url = resolve(self._connector.base_url(self._settings), path, params, hosts)
        harmless = method in SAFE_METHODS if safe is None else safe
        can_renew = signed and not self._renewing and issubclass(self._connector, RefreshesTokens)
        if can_renew and self._due():
            self._renew()
        for is_last in (not can_renew, True):
            own = self._connector.auth_headers(self._secrets) if signed else {}
            request = _request(method, url, {**own, **(headers or {})}, json, body)
            self._line.take(self._connector.manifest.limits, bucket, cost)
            answer = self._send(Call(self._line.clock.now, request, harmless, bucket, cost))
            if answer.status != 401:
                break
            if is_last:
                raise AccessRefused("the channel does not accept the key or token")
            self._renew()
        return self._judge(answer, bucket)

    def pause(self, seconds: float, bucket: str = "") -> None:
        """Send nothing of a bucket for so long."""
        self._line.pause(seconds, bucket)

    def renew(self) -> None:
        """Renew the tokens; see ``oms_connector.Http``."""
        if self._renewing or not issubclass(self._connector, RefreshesTokens):
            raise AccessRefused("the channel does not accept the key or token")
        self._renew()

    def _send(self, call: Call) -> Response:
        try:
            return self._line.pass_on(call)
        except NotSent as error:
            raise ChannelDown("not reachable") from error
        except Lost as error:
            if call.harmless:
                raise ChannelDown("no answer") from error
            raise OutcomeUnknown("sent, but no answer") from error

    def _judge(self, answer: Response, bucket: str) -> Response:
        if answer.status in (429, 503):
            seconds = retry_after(answer.headers)
            if seconds is not None:
                self._line.pause(seconds, bucket)
            if answer.status == 429:
                raise RateLimited("the channel asks to slow down", seconds)
        return answer

    def _due(self) -> bool:
        until = _moment(self._secrets.get("expires_at", ""), datetime.fromisoformat)
        return until is not None and until <= self._line.clock.now

    def _renew(self) -> None:
        self._renewing = True
        try:
            connector = self._make(self)
            assert isinstance(connector, RefreshesTokens)
            keep(self._secrets, connector.refresh())
        finally:
            self._renewing = False


def keep(secrets: MutableMapping[str, str], tokens: Tokens) -> None:
    """Put tokens among the secrets, by the names that ``Tokens`` promises."""
    until = tokens.expires_at.isoformat() if tokens.expires_at else ""
    secrets.update({name: value for name, value in tokens.extra.items() if value})
    secrets.update({"access_token": tokens.access_token, "expires_at": until})
    if tokens.refresh_token:
        secrets["refresh_token"] = tokens.refresh_token


def resolve(
    base: str, path: str, params: Mapping[str, Any] | None, also: Sequence[str] = ()
) -> str:
    """The whole address of a request: ``path`` under ``base``, or absolute at the same host.

    ``also``: further hosts, by their addresses, that an absolute address may be at.

    Raises:
        ChannelDown: no web address, or one of another host.
    """
    home = urlsplit(base)
    if home.scheme not in PORTS or not home.hostname:
        raise ChannelDown("the shop's address must begin with http:// or https://")
    is_absolute = path.lower().startswith(("http://", "https://"))
    parts = urlsplit(path if is_absolute else base.rstrip("/") + "/" + path.lstrip("/"))
    if is_absolute and not any(_same_place(urlsplit(one), parts) for one in (base, *also)):
        raise ChannelDown("the channel names an address that is not its own")
    asked = "&".join(filter(None, (parts.query, urlencode(list(_pairs(params)), quote_via=quote))))
    own = parts.netloc.rpartition("@")[2].removesuffix(f":{PORTS[parts.scheme]}")
    return parts._replace(netloc=own, query=asked, fragment="").geturl()


def _same_place(home: SplitResult, other: SplitResult) -> bool:
    if other.username or other.password:
        return False
    domain = (home.hostname or "").removeprefix("*")
    if domain != home.hostname:  # every host below it, encrypted, on the usual port
        name = other.hostname or ""
        return home.scheme == other.scheme == "https" and other.port in (None, PORTS["https"]) \
            and domain.count(".") > 1 and name.endswith(domain) and len(name) > len(domain)
    if other.hostname != home.hostname:
        return False
    ends = [(one.scheme, one.port or PORTS.get(one.scheme)) for one in (home, other)]
    # A shop that was entered with http:// names itself with https://.
    return ends[0] == ends[1] or ends == [("http", 80), ("https", 443)]


def _pairs(params: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for name, value in (params or {}).items():
        is_list = isinstance(value, Sequence | set | frozenset) \
            and not isinstance(value, str | bytes)
        for one in value if is_list else (value,):
            if one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)


def _request(method: str, url: str, headers: Mapping[str, str], json: Any, body: bytes | None
             ) -> Request:
    named = {name.lower(): value for name, value in headers.items()}
    if json is not None:
        named.setdefault("content-type", "application/json")
        body = jsonlib.dumps(json, ensure_ascii=False, allow_nan=False).encode()
    return Request(method, url, named, body or b"")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, an absurd one cut to an hour (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until = _moment(text, parsedate_to_datetime)
        now = _moment(headers.get("date", ""), parsedate_to_datetime) or datetime.now(UTC)
        if until is None:
            return None
        seconds = (until - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else None


def _moment(text: str, read: Callable[[str], datetime]) -> datetime | None:
    try:
        found = read(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
