"""The kit's ``http`` and the app's do the same: what passes the kit works in the app."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from oms_connector import (
    AccessRefused,
    Connector,
    Limit,
    Manifest,
    OutcomeUnknown,
    RateLimited,
    Response,
    Tokens,
)
from oms_connector.testing import Clock, Request, StandIn
from oms_connector.testing.bench import open_bench
from oms_connector.testing.faults import done_silently, refused, silent

from oms_web.adapters.http import AccountHttp

BASE = "https://shop.example/api"
KEY = {"Authorization": "Bearer kit-key"}


class Plain(Connector):
    """Only what a client needs to know of a connector."""

    manifest = Manifest("plain", "Plain", "Pl", "1.0")

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        return BASE

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {secrets['access_token']}"}


@dataclass
class Answers:
    """What the channel answers, one after another, and what reached it."""

    answers: list[Any]
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def next(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Any:
        kept = {name: value for name, value in headers.items()
                if name in ("authorization", "content-type", "x-own")}
        self.seen.append((method, url, kept, body))
        return self.answers[min(len(self.seen), len(self.answers)) - 1]


def by_the_app(answers: Answers, call: Callable[[Any], Response]) -> Any:
    def handle(request: httpx2.Request) -> httpx2.Response:
        found = answers.next(request.method, str(request.url), dict(request.headers),
                             request.read())
        if isinstance(found, Exception):
            raise found
        status, headers, body = found
        return httpx2.Response(status, headers=headers, content=body)

    http = AccountHttp(BASE, KEY, loopback=False, transport=httpx2.MockTransport(handle))
    return ending(lambda: call(http))


def by_the_kit(answers: Answers, call: Callable[[Any], Response]) -> Any:
    faults = {httpx2.ConnectError: refused, httpx2.ConnectTimeout: refused,
              httpx2.ReadTimeout: silent, httpx2.RemoteProtocolError: done_silently}

    class Channel(StandIn):
        connector = Plain

        def exchange(self, request: Request) -> Response:
            return Response(200, {}, b"")

    def strike(request: Request, _: Any) -> Response:
        found = answers.next(request.method, request.url, request.headers, request.body)
        if isinstance(found, Exception):
            return faults[type(found)](request, lambda: Response(200, {}, b""))
        return Response(*found)

    with open_bench(Channel) as bench:
        bench.secrets["access_token"] = "kit-key"
        bench.line.every = strike
        return ending(lambda: bench.call(lambda connector: call(connector.context.http)))


def ending(act: Callable[[], Response]) -> Any:
    """How a request ended, without the words of errors."""
    try:
        got = act()
    except Exception as error:
        kind = next(one for one in type(error).__mro__
                    if one.__module__.startswith("oms_connector"))
        return kind, getattr(error, "retry_after", None)
    return got.status, got.body, got.headers.get("x-own")


def post(http: Any) -> Response:
    return http.request("POST", "/orders", json={"a": "ą"})


def get(http: Any) -> Response:
    return http.request("GET", "orders", params={"ids": ["1", "2"], "all": True, "none": None})


CALLS: dict[str, Callable[[Any], Response]] = {
    "get": get, "post": post,
    "a POST that reads": lambda http: http.request("POST", "graphql", json={}, safe=True),
    "a GET that writes": lambda http: http.request("GET", "hit", safe=False),
    "in lower case": lambda http: http.request("get", "orders"),
}
ANSWERS: dict[str, Any] = {
    **{str(status): (status, {"x-own": "1"}, b'{"a": 1}')
       for status in (200, 201, 204, 301, 400, 401, 403, 404, 409, 410, 422, 500, 502, 503)},
    "429": (429, {}, b""), "429 in 7": (429, {"retry-after": "7"}, b""),
    "429 in -1": (429, {"retry-after": "-1"}, b""), "429 soon": (429, {"retry-after": "soon"}, b""),
    "429 in 30 years": (429, {"retry-after": "999999999"}, b""),
    "429 not a number": (429, {"retry-after": "nan"}, b""),
    "429 until": (429, {"retry-after": "Mon, 23 Nov 2026 09:31:00 GMT",
                        "date": "Mon, 23 Nov 2026 09:30:15 GMT"}, b""),
    "503 in 5": (503, {"retry-after": "5"}, b""),
    "refused": httpx2.ConnectError("no"), "no connection": httpx2.ConnectTimeout("no"),
    "no answer": httpx2.ReadTimeout("no"), "cut": httpx2.RemoteProtocolError("no"),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("call", CALLS)
def test_every_answer_ends_alike(call: str, answer: str) -> None:
    ours, theirs = Answers([ANSWERS[answer]]), Answers([ANSWERS[answer]])
    assert by_the_kit(ours, CALLS[call]) == by_the_app(theirs, CALLS[call])
    assert len(ours.seen) == len(theirs.seen) == 1


PLACES: dict[str, Callable[[Any], Response]] = {
    "under the base": lambda http: http.request("GET", "/a/b"),
    "without a slash": lambda http: http.request("GET", "a/b"),
    "with a query of its own": lambda http: http.request("GET", "a?x=1", params={"y": "ż &"}),
    "absolute": lambda http: http.request("GET", "https://shop.example/other/7"),
    "another host": lambda http: http.request("GET", "https://evil.example/api/a"),
    "the usual port, said": lambda http: http.request("GET", "https://shop.example:443/a"),
    "a name before the host": lambda http: http.request("GET", "https://a@shop.example/a"),
    "another port": lambda http: http.request("GET", "https://shop.example:8443/a"),
    "without encryption": lambda http: http.request("GET", "http://shop.example/a"),
    "own headers": lambda http: http.request("GET", "a", headers={"X-Own": "1"}),
    "own authorization": lambda http: http.request("GET", "a", headers={"Authorization": "mine"}),
    "unsigned": lambda http: http.request("GET", "a", signed=False),
    "bytes": lambda http: http.request("PUT", "a", body=b"\x00pdf",
                                       headers={"Content-Type": "application/pdf"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_same_request_reaches_the_channel(place: str) -> None:
    answer = (200, {}, b"{}")
    ours, theirs = Answers([answer]), Answers([answer])
    assert by_the_kit(ours, PLACES[place]) == by_the_app(theirs, PLACES[place])
    assert ours.seen == theirs.seen


def test_json_means_the_same() -> None:
    answer = (200, {}, b"{}")
    ours, theirs = Answers([answer]), Answers([answer])
    by_the_kit(ours, post)
    by_the_app(theirs, post)
    [(*ours_head, our_body)], [(*their_head, their_body)] = ours.seen, theirs.seen
    assert ours_head == their_head
    assert json.loads(our_body) == json.loads(their_body) == {"a": "ą"}


class Renewing(Plain):
    """Gets a new token each time; the stand-in counts them."""

    def refresh(self) -> Tokens:
        said = self.context.http.request("POST", "token", signed=False).json()
        return Tokens(said["access"], said["refresh"])


class TokenShop(StandIn):
    """Accepts the newest token only."""

    connector = Renewing

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.number = 1

    def exchange(self, request: Request) -> Response:
        if request.path.endswith("/token"):
            self.number += 1
            body = json.dumps({"access": f"t{self.number}", "refresh": f"r{self.number}"})
            return Response(200, {}, body.encode())
        good = request.headers["authorization"] == f"Bearer t{self.number}"
        return Response(200 if good else 401, {}, b"")


def test_tokens_are_renewed_once_on_401_and_when_they_are_known_to_have_ended() -> None:
    with open_bench(TokenShop) as bench:
        bench.secrets |= {"access_token": "t0", "refresh_token": "r0"}
        assert bench.call(lambda c: c.context.http.request("GET", "a")).status == 200
        assert bench.secrets["access_token"] == "t2"
        assert bench.secrets["refresh_token"] == "r2"
        assert len(bench.line.calls) == 3
        bench.secrets["expires_at"] = (bench.clock.now - timedelta(seconds=1)).isoformat()
        assert bench.call(lambda c: c.context.http.request("GET", "a")).status == 200
        assert bench.secrets["access_token"] == "t3"
        assert len(bench.line.calls) == 5


def test_who_says_that_a_token_has_ended_gets_another_once() -> None:
    with open_bench(TokenShop) as bench:
        bench.secrets |= {"access_token": "t1", "refresh_token": "r1"}

        def twice(connector: Any) -> int:
            connector.context.http.renew()
            return connector.context.http.request("GET", "a").status

        assert bench.call(twice) == 200
        assert bench.secrets["access_token"] == "t2"


@pytest.mark.parametrize("by", [by_the_app, by_the_kit])
def test_a_token_that_cannot_be_renewed_is_a_refusal(by: Any) -> None:
    answers = Answers([])
    assert by(answers, lambda http: http.renew())[0] is AccessRefused
    assert answers.seen == []


def test_pace_turns_the_kits_clock_and_pauses_are_kept() -> None:
    class Slow(Plain):
        manifest = Manifest("slow", "Slow", "Sl", "1.0", limits=(
            Limit(per_second=2, burst=4), Limit(per_second=1, burst=1, bucket="stock")))

    class SlowShop(TokenShop):
        connector = Slow

        def exchange(self, request: Request) -> Response:
            return Response(200, {}, b"")

    with open_bench(SlowShop) as bench:
        bench.secrets["access_token"] = "t"
        began = bench.clock.now

        def ask(**more: Any) -> float:
            bench.call(lambda c: c.context.http.request("GET", "a", **more))
            return (bench.clock.now - began).total_seconds()

        assert [ask() for _ in range(6)] == [0, 0, 0, 0, 0.5, 1]
        assert ask(bucket="stock") == 1.5
        assert ask(bucket="stock") == 2.5
        assert ask(cost=3) == 3.5
        bench.call(lambda c: c.context.http.pause(60, "stock"))
        assert ask() == 4
        assert ask(bucket="stock") == 63.5


def test_a_fault_at_one_request_strikes_that_one() -> None:
    with open_bench(TokenShop) as bench:
        bench.secrets["access_token"] = "t1"

        def ask() -> int:
            return bench.call(lambda c: c.context.http.request("POST", "a")).status

        bench.line.faults = {2: done_silently, 3: lambda request, answer: Response(
            429, {"retry-after": "9"}, b"")}
        assert ask() == 200
        with pytest.raises(OutcomeUnknown):
            ask()
        with pytest.raises(RateLimited) as slow:
            ask()
        assert slow.value.retry_after == 9
        assert ask() == 200
