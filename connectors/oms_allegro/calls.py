"""Requests to the REST API, and what its refusals mean.

Two kinds: of a reading it does not matter whether it arrived, of a writing it does. The engine's
client answers 401 and 429 itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Conflict,
    Http,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.reading import missing

from oms_allegro import words

PUBLIC = "application/vnd.allegro.public.v1+json"
FILE = "application/octet-stream"
BETA = "application/vnd.allegro.beta.v1+json"


class RightsMissing(AccessRefused):
    """The token is good, but not for this: the application lacks a scope."""


class Api:
    """The API of one account."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def get(
        self, path: str, *needs: str, params: Mapping[str, Any] | None = None,
        accept: str = PUBLIC, bucket: str = "",
    ) -> Any:
        """The decoded answer, which has the ``needs`` in it.

        Raises:
            ChannelDown: Allegro fails, or what it answers cannot be used.
            Refused: it said no.
        """
        response = self._http.request(
            "GET", path, params=params, headers={"Accept": accept}, bucket=bucket)
        if response.status >= 500 or 300 <= response.status < 400:
            raise ChannelDown(words.STATUS % {"status": response.status})
        return _answer(response, needs)

    def send(
        self, method: str, path: str, body: Any, *needs: str,
        params: Mapping[str, Any] | None = None, bucket: str = "", cost: float = 1,
    ) -> Any:
        """Change something; the decoded answer, None when it is empty.

        Raises:
            OutcomeUnknown: it may have been done.
            Refused: it said no.
        """
        response = self._http.request(
            method, path, params=params, json=body, bucket=bucket, cost=cost,
            headers={"Accept": PUBLIC, "Content-Type": PUBLIC})
        return _outcome(response, needs)

    def ask(self, path: str, body: Any) -> Any:
        """The decoded answer to a question that is put as a POST. Errors as for ``get``."""
        response = self._http.request(
            "POST", path, json=body, safe=True, headers={"Accept": PUBLIC, "Content-Type": PUBLIC})
        if response.status >= 500 or 300 <= response.status < 400:
            raise ChannelDown(words.STATUS % {"status": response.status})
        return _answer(response, ())

    def file(self, path: str, body: Any) -> bytes:
        """A file that is asked for by a POST; empty where there is none. Errors as for ``get``."""
        response = self._http.request(
            "POST", path, json=body, safe=True,
            headers={"Accept": FILE, "Content-Type": PUBLIC})
        if response.status >= 500 or 300 <= response.status < 400:
            raise ChannelDown(words.STATUS % {"status": response.status})
        if response.status >= 400:
            raise refusal(response)
        return response.body

    def upload(self, path: str, body: bytes, kind: str) -> None:
        """Put a file of a media type at an address."""
        response = self._http.request(
            "PUT", path, body=body, headers={"Accept": PUBLIC, "Content-Type": kind})
        _outcome(response, ())


def _outcome(response: Response, needs: Sequence[str]) -> Any:
    if response.status >= 500 or 300 <= response.status < 400:
        raise OutcomeUnknown(words.STATUS % {"status": response.status})
    if not response.body and response.status < 300 and not needs:
        return None
    try:
        return _answer(response, needs)
    except ChannelDown as error:  # it was done, but what came back cannot be read
        raise OutcomeUnknown(str(error)) from error


def _answer(response: Response, needs: Sequence[str]) -> Any:
    if response.status >= 300:
        raise refusal(response)
    body = response.json()
    if lacks := missing(body, needs):
        raise ChannelDown(words.LACKS % {"names": ", ".join(lacks)})
    return body


def refusal(response: Response) -> ChannelError:
    """What a status from 400 to 499 means, with Allegro's own reason, code and field."""
    message, code, field, is_access = _reason(response)
    if response.status == 403 and is_access:
        return RightsMissing(words.NO_RIGHTS % {"why": message})
    if response.status == 404:
        return NotFound(message, code, field)
    if response.status == 406:
        return NotSupported(words.WITHDRAWN, code)
    if response.status == 409:
        return Conflict(message)
    return Refused(message, code, field)


def _reason(response: Response) -> tuple[str, str, str, bool]:
    """Message, code, field, and whether it speaks of the token (RFC 6749 form) itself."""
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    if "error" in body:
        told = body.get("error_description") or body["error"]
        return str(told)[:500], str(body["error"])[:80], "", True
    listed = body.get("errors")
    errors = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    messages = [message for one in errors[:3] if (message := message_of(one))]
    first = errors[0] if errors else {}
    return (
        "; ".join(messages)[:500] or words.STATUS % {"status": response.status},
        str(first.get("code") or ""), str(first.get("path") or ""), False,
    )


def message_of(error: Mapping[str, Any]) -> str:
    """What one entry of ``errors[]`` says: to the user if it can, else to the programmer."""
    return str(error.get("userMessage") or error.get("message") or error.get("details")
               or error.get("code") or "")
