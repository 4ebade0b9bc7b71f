"""Faults of the line: statuses, headers, half answers, cut connections, webhooks.

Each takes what passes its point and a ``Blow``, and returns what comes out instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from oms_demo.market.blow import Blow

ABSURD_WAITS = ("999999999", "-5", "soon", "nan", "", "Wed, 01 Jan 2098 00:00:00 GMT")
SLOWEST = 25.0
"""Seconds: longer than any sensible program waits."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. ``length`` is what the header claims where it is not the truth."""

    status: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    length: int | None = None


class HungUp(Exception):
    """The connection is cut without an answer. Whoever serves the application closes it."""


def _told(status: str, code: str, message: str, **headers: str) -> Reply:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Reply(status, [("Content-Type", "application/json"),
                          *((name.replace("_", "-"), value) for name, value in headers.items())],
                 body)


def _page(status: str, title: str) -> Reply:
    body = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>Wracamy niedługo.</p>"
    return Reply(status, [("Content-Type", "text/html; charset=utf-8")], body.encode())


def slow_down(_environ: Any, blow: Blow) -> Reply:
    """429 with a sensible wait."""
    return _told("429 Too Many Requests", "too_many_calls", "Too many calls.",
                 Retry_After=str(blow.dice.randint(1, 20)))


def slow_down_silently(_environ: Any, _blow: Blow) -> Reply:
    """429 that does not say how long to wait."""
    return _told("429 Too Many Requests", "too_many_calls", "Too many calls.")


def slow_down_absurdly(_environ: Any, blow: Blow) -> Reply:
    """429 with a wait of thirty years, of minus five seconds, or of no number at all."""
    return _told("429 Too Many Requests", "too_many_calls", "Too many calls.",
                 Retry_After=blow.dice.choice(ABSURD_WAITS))


def token_expired(_environ: Any, _blow: Blow) -> Reply:
    """401 for a token that was good a moment ago, in the middle of whatever was going on."""
    return _told("401 Unauthorized", "bad_token", "The token has expired.")


def broken(_environ: Any, _blow: Blow) -> Reply:
    """500 before anything was done."""
    return _page("500 Internal Server Error", "Błąd serwera")


def bad_gateway(_environ: Any, _blow: Blow) -> Reply:
    """502 from something that stands before the marketplace."""
    return _page("502 Bad Gateway", "Bad gateway")


def closed(_environ: Any, _blow: Blow) -> Reply:
    """503 with a page for people."""
    return _page("503 Service Unavailable", "Przerwa techniczna")


def closed_politely(_environ: Any, _blow: Blow) -> Reply:
    """The same page, but it says 200."""
    return _page("200 OK", "Przerwa techniczna")


def hang_up(_passing: Any, _blow: Blow) -> Reply:
    """The connection is cut: before the act at one point, after it at the other."""
    raise HungUp


def slow(environ: Any, blow: Blow) -> Any:
    """Up to twenty-five seconds go by first."""
    blow.sleep(blow.dice.uniform(0.5, SLOWEST))
    return environ


def broken_after(_reply: Reply, _blow: Blow) -> Reply:
    """It was done, and the answer is 500 all the same."""
    return _page("500 Internal Server Error", "Błąd serwera")


def half_body(reply: Reply, _blow: Blow) -> Reply | None:
    """The whole length is promised, half of it comes, then the connection ends."""
    return replace(reply, body=reply.body[:len(reply.body) // 2], length=len(reply.body)) \
        if len(reply.body) > 1 else None


def truncated(reply: Reply, _blow: Blow) -> Reply | None:
    """Half of the JSON, with a length to match."""
    return replace(reply, body=reply.body[:len(reply.body) // 2]) if len(reply.body) > 1 else None


def wrong_length(reply: Reply, blow: Blow) -> Reply | None:
    """The header promises a little less than there is: whoever believes it loses the end."""
    short = min(len(reply.body) - 1, blow.dice.randint(1, 9))
    return replace(reply, length=len(reply.body) - short) if short > 0 else None


def lost_ring(_posts: Any, _blow: Blow) -> list[Any]:
    """Nobody rings."""
    return []


def doubled_ring(posts: Sequence[Any], _blow: Blow) -> list[Any]:
    """The bell rings twice for one thing."""
    return [*posts, *posts]


def forged_ring(posts: Sequence[Any], _blow: Blow) -> list[Any]:
    """Somebody else rings as well, with a signature that is not ours."""
    return [*posts, *(replace(post, secret="not-the-secret") for post in posts)]  # noqa: S106
