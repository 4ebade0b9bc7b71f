"""Requests to the Selling Partner API, how fast they may be made, and what refusals mean.

Two kinds: of a reading it does not matter whether it arrived, of a writing it does. The engine's
client answers 401 and 429 itself; Amazon says 403 where others say 401.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    Limit,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Response,
)
from oms_connector.reading import missing

from oms_amazon import words

AGENT = "oms/1.0 (Language=Python)"
"""Amazon wants each application to name itself."""
RATE = "x-amzn-ratelimit-limit"
# "Usage plans and rate limits": each operation has a bucket of its own for each account of each
# application. The defaults stand in the vendor's models; Amazon may give an account others, and
# says so in a header.
SEARCH, ORDER, CONFIRM = "search", "order", "confirm"
LISTINGS, ITEM, PATCH = "listings", "item", "patch"
DOCUMENT, FEED, FEED_STATE, FEED_RESULT = "document", "feed", "feed-state", "feed-result"
REPORT, REPORTS, REPORT_RESULT = "report", "reports", "report-result"
SELLER = "seller"
LIMITS = (
    Limit(0.0056, 20, SEARCH), Limit(0.5, 30, ORDER), Limit(2, 10, CONFIRM),
    Limit(5, 5, LISTINGS), Limit(5, 10, ITEM), Limit(5, 5, PATCH),
    Limit(0.5, 15, DOCUMENT), Limit(0.0083, 15, FEED), Limit(2, 15, FEED_STATE),
    Limit(0.0222, 10, FEED_RESULT),
    Limit(0.0167, 15, REPORT), Limit(0.0222, 10, REPORTS), Limit(0.0167, 15, REPORT_RESULT),
    Limit(0.016, 15, SELLER),
)
_DECLARED = {limit.bucket: limit.per_second for limit in LIMITS}


class Api:
    """The API of one account. A refresh token that was typed in has given no access token yet."""

    def __init__(self, http: Http, *, has_token: bool) -> None:
        self._http = http
        self._has_token = has_token

    def get(self, path: str, *needs: str, bucket: str, params: Mapping[str, Any] | None = None
            ) -> Any:
        """The decoded answer, an object that has the ``needs`` in it. Lists are joined by commas.

        Raises:
            ChannelDown: Amazon fails, or what it answers cannot be used.
            Refused: it said no.
        """
        return _read(self._ask("GET", path, bucket, params=params), needs, ChannelDown)

    def prepare(self, path: str, body: Any, *needs: str, bucket: str) -> Any:
        """Post something that changes nothing for anybody else. Errors as for ``get``."""
        answer = self._ask("POST", path, bucket, body=body, safe=True)
        return _read(answer, needs, ChannelDown)

    def send(self, method: str, path: str, body: Any, *needs: str, bucket: str,
             params: Mapping[str, Any] | None = None) -> Any:
        """Change something; the decoded answer, None where an empty one is the right one.

        Raises:
            OutcomeUnknown: it may have been done.
            Refused: it said no.
        """
        answer = self._ask(method, path, bucket, params=params, body=body)
        if needs or answer.status >= 300:
            return _read(answer, needs, OutcomeUnknown)
        if answer.body:  # a page for people, by its looks
            raise OutcomeUnknown(words.NO_JSON)
        return None

    def store(self, url: str, body: bytes, kind: str) -> None:
        """Put a file at an address that Amazon gave for it. It means nothing yet.

        Raises:
            ChannelDown: it is not there.
        """
        answer = self._http.request("PUT", url, body=body, headers={"Content-Type": kind},
                                    signed=False, safe=True)
        if answer.status >= 300 or answer.body:
            raise ChannelDown(words.NOT_STORED % {"status": answer.status})

    def fetch(self, url: str) -> bytes:
        """The file at an address that Amazon gave for it.

        Raises:
            ChannelDown: it cannot be had (any more).
        """
        answer = self._http.request("GET", url, signed=False)
        if answer.status >= 300:
            raise ChannelDown(words.NOT_STORED % {"status": answer.status})
        return answer.body

    def _ask(self, method: str, path: str, bucket: str, **more: Any) -> Response:
        if not self._has_token:
            self._http.renew()
            self._has_token = True
        answer = self._once(method, path, bucket, **more)
        if answer.status == 403 and _has_ended(answer):
            self._http.renew()
            answer = self._once(method, path, bucket, **more)
        return answer

    def _once(self, method: str, path: str, bucket: str, *, body: Any = None,
              params: Mapping[str, Any] | None = None, safe: bool | None = None) -> Response:
        joined = {name: ",".join(map(str, one)) if isinstance(one, list | tuple) else one
                  for name, one in (params or {}).items()}
        try:
            answer = self._http.request(
                method, path, params=joined, json=body, bucket=bucket, safe=safe,
                headers={"Accept": "application/json", "User-Agent": AGENT})
        except RateLimited as limited:
            if limited.retry_after is None:  # Amazon does not say how long: until one is refilled
                self._http.pause(1 / _DECLARED[bucket], bucket)
            raise
        self._heed(answer, bucket)
        return answer

    def _heed(self, answer: Response, bucket: str) -> None:
        """Where this account may ask less often than others, wait as it is told to."""
        try:
            rate = float(answer.headers.get(RATE, ""))
        except ValueError:
            return
        if 0 < rate < _DECLARED[bucket] * 0.99:
            self._http.pause(1 / rate, bucket)


def _read(answer: Response, needs: Sequence[str], failing: type[ChannelError]) -> Any:
    """The decoded answer.

    Args:
        failing: what it is called when it cannot be used, and Amazon did not refuse.
    """
    if answer.status >= 300:
        raise refusal(answer, failing)
    try:
        found = json.loads(answer.body)
    except ValueError:
        raise failing(words.NO_JSON) from None  # it is not quoted: it may name people
    if lacks := missing(found, needs):
        raise failing(words.LACKS % {"names": ", ".join(lacks)})
    return found


def refusal(answer: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means, with Amazon's own reason and code."""
    code, message, details = _reason(answer)
    if answer.status < 400 or answer.status >= 500:
        return failing(words.STATUS % {"status": answer.status})
    if answer.status == 403:
        if _has_ended(answer):
            return ChannelDown(words.TOKEN_ENDED)
        return AccessRefused(words.NO_RIGHTS % {"why": message})
    if answer.status == 404:
        return NotFound(message, code)
    return Refused(f"{message} {details}".strip()[:500], code)


def _has_ended(answer: Response) -> bool:
    """Whether a refusal speaks of a token whose hour is over."""
    _, message, details = _reason(answer)
    return "expired" in f"{message} {details}".lower()


def _reason(answer: Response) -> tuple[str, str, str]:
    """Code, message and details of a refusal; a stand-in for a message that is missing."""
    try:
        listed = json.loads(answer.body)["errors"]
        first = listed[0] if isinstance(listed, list) and isinstance(listed[0], dict) else {}
    except (ValueError, KeyError, IndexError, TypeError):
        first = {}
    told = {name: one[:500] if isinstance(one := first.get(name), str) else ""
            for name in ("code", "message", "details")}
    return told["code"], told["message"] or words.STATUS % {"status": answer.status}, \
        told["details"]
