"""The ways in which one request can fail, for whatever lies above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    OutcomeUnknown,
    RateLimited,
    Response,
)
from oms_connector.testing.facts import Request
from oms_connector.testing.network import Lost, NotSent, Strike

Answer = Callable[[], Response]
PAGE = b"<!doctype html><html><body><h1>We will be back soon</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to fail. ``read``: the errors a read may end in because of it."""

    name: str
    strike: Strike
    read: tuple[type[ChannelError], ...] = (ChannelDown,)


def refused(request: Request, answer: Answer) -> Response:
    """Nobody listens there."""
    raise NotSent


def silent(request: Request, answer: Answer) -> Response:
    """It was sent, nothing was done, and no answer came."""
    raise Lost


def done_silently(request: Request, answer: Answer) -> Response:
    """Everything was done, and the answer got lost: a time-out, or a line cut in the middle."""
    answer()
    raise Lost


def truncated(request: Request, answer: Answer) -> Response:
    """The second half of the body is missing, and nothing says so."""
    whole = answer()
    return Response(whole.status, whole.headers, whole.body[: len(whole.body) // 2])


def emptied(request: Request, answer: Answer) -> Response:
    """Done, answered with success, and the body is empty."""
    whole = answer()
    return Response(whole.status, whole.headers, b"")


def _says(status: int, body: bytes, kind: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": kind} | named, body)


def error_500(request: Request, answer: Answer) -> Response:
    """It fell over after it had done what was asked."""
    answer()
    return _says(500, b'{"error": "internal"}', "application/json")


def error_502(request: Request, answer: Answer) -> Response:
    """A proxy lost the answer to what was done."""
    answer()
    return _says(502, PAGE, "text/html")


def error_503(request: Request, answer: Answer) -> Response:
    """Closed for maintenance, with the right status."""
    return _says(503, PAGE, "text/html", retry_after="30")


def closed_politely(request: Request, answer: Answer) -> Response:
    """Closed for maintenance, with a page for people and status 200."""
    return _says(200, PAGE, "text/html; charset=utf-8")


def unauthorized(request: Request, answer: Answer) -> Response:
    """The key is not accepted."""
    return _says(401, b'{"error": "unauthorized"}', "application/json")


def slow_down(request: Request, answer: Answer) -> Response:
    """Too many calls: come back in seven seconds."""
    return _says(429, b"{}", "application/json", retry_after="7")


def slow_down_silently(request: Request, answer: Answer) -> Response:
    """Too many calls, and no word about when to come back."""
    return _says(429, b"", "text/plain")


def slow_down_absurdly(request: Request, answer: Answer) -> Response:
    """Too many calls: come back in thirty years."""
    return _says(429, b"{}", "application/json", retry_after="999999999")


REFUSED = Way("connection refused", refused)
SILENT = Way("time-out before anything was done", silent)
DONE_SILENTLY = Way("time-out after it was done", done_silently)
TRUNCATED = Way("half a body", truncated)
EMPTIED = Way("an empty body with success", emptied)
ERROR_500 = Way("500 after it was done", error_500)
ERROR_502 = Way("502 after it was done", error_502)
ERROR_503 = Way("503", error_503)
CLOSED_POLITELY = Way("a page for people with status 200", closed_politely)
UNAUTHORIZED = Way("401", unauthorized, (AccessRefused,))
SLOW_DOWN = Way("429 with Retry-After", slow_down, (RateLimited,))
SLOW_DOWN_SILENTLY = Way("429 without Retry-After", slow_down_silently, (RateLimited,))
SLOW_DOWN_ABSURDLY = Way("429 with an absurd Retry-After", slow_down_absurdly, (RateLimited,))

READS = (REFUSED, SILENT, DONE_SILENTLY, TRUNCATED, EMPTIED, ERROR_500, ERROR_502, ERROR_503,
         CLOSED_POLITELY)
WRITES = (REFUSED, SILENT, TRUNCATED, ERROR_500, ERROR_502, ERROR_503, CLOSED_POLITELY)
"""The lost answer of a write is a check of its own."""
TOO_FAST = (SLOW_DOWN, SLOW_DOWN_SILENTLY, SLOW_DOWN_ABSURDLY)

PASSING = (ChannelDown, OutcomeUnknown, RateLimited)
"""Errors after which the engine comes again by itself."""
