"""Requests to SMSAPI, and what its errors mean.

A refusal may come with status 200: an object with ``error`` (a number, newer ones a word) and
``message``. The vendor's message is not repeated: it may name the buyer's number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Response,
)

from oms_smsapi import words

SENT_BEFORE = "53"
"""An SMS of this ``idx`` was taken before: the answer to it got lost, or we are asked twice."""
NO_SUCH_ID = "301"

_TOKEN = {"101": words.REFUSED_TOKEN, "102": words.REFUSED_TOKEN, "105": words.REFUSED_ADDRESS,
          "110": words.REFUSED_RIGHT, "1000": words.REFUSED_RIGHT,
          "authorization_failed": words.REFUSED_TOKEN, "access_denied": words.REFUSED_RIGHT}
_SLOW = frozenset(("52", "202", "203", "too_many_requests"))
_FAILED = frozenset(("8", "200", "201", "999"))
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "11": (words.NO_TEXT, "text"), "12": (words.TOO_MANY_PARTS, "text"),
    "13": (words.WRONG_NUMBER, "to"), "41": (words.WRONG_NUMBER, "to"),
    "57": (words.BLACKLISTED, "to"), "74": (words.WRONG_TIME, ""), "94": (words.NO_LINK, "text"),
}


def get(http: Http, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """The decoded answer of a reading.

    Raises:
        ChannelDown: SMSAPI fails, or what it answers cannot be used.
        Refused, AccessRefused, RateLimited: it said no.
    """
    response = http.request("GET", path, params=params, headers={"Accept": "application/json"})
    if response.status >= 500:
        raise ChannelDown(words.STATUS % {"status": response.status})
    return _understood(response, ChannelDown)


def send(http: Http, path: str, values: Mapping[str, str]) -> Mapping[str, Any]:
    """Have something done; the decoded answer.

    Raises:
        OutcomeUnknown: it may have been done.
        Refused, AccessRefused, RateLimited, ChannelDown: it was not.
    """
    response = http.request(
        "POST", path, body=urlencode(values).encode("ascii"),
        headers={"Content-Type": "application/x-www-form-urlencoded",
                 "Accept": "application/json"})
    if response.status == 503:
        raise ChannelDown(words.CLOSED)
    if response.status >= 500:
        raise OutcomeUnknown(words.STATUS % {"status": response.status})
    return _understood(response, OutcomeUnknown)


def _understood(response: Response, unreadable: type[ChannelError]) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ChannelDown:
        raise unreadable(words.NO_JSON) from None
    if not isinstance(found, dict):
        raise unreadable(words.NO_JSON)
    code = found.get("error")
    if code is not None or response.status >= 400:
        raise refusal(str(code if code is not None else response.status))
    return found


def refusal(code: str) -> ChannelError:
    """What an error of SMSAPI means, by its code."""
    if code in _TOKEN:
        return AccessRefused(_TOKEN[code], "token")
    if code == "14":
        return AccessRefused(words.WRONG_SENDER, "sender")
    if code in _SLOW:
        return RateLimited(words.SLOW)
    if code == "103":  # nothing was sent, and it will be once the account is topped up
        return ChannelDown(words.NO_POINTS)
    if code in _FAILED:
        return OutcomeUnknown(words.BROKEN % {"code": code})
    words_, field = _REFUSALS.get(code, (words.CODE % {"code": code[:40]}, ""))
    return Refused(words_, code, field)
