"""The two kinds of request: one may fail freely, of the other it matters whether it arrived.

What the marketplace answers is either what was asked for, whole, or one of the SDK's errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from oms_connector import (
    ChannelDown,
    ChannelError,
    Conflict,
    CursorExpired,
    Http,
    NotFound,
    OutcomeUnknown,
    Page,
    Refused,
    Response,
)
from oms_connector.reading import missing

from oms_demo import words

Some = TypeVar("Some")


@dataclass(frozen=True, slots=True)
class Asking:
    """The marketplace, as far as one account may ask it."""

    http: Http

    def get(self, path: str, needs: Sequence[str], lists: Sequence[str] = (), **params: Any) -> Any:
        """Read.

        Args:
            needs: fields without which the answer is no answer.
            lists: those of them that are lists.

        Raises:
            ChannelDown: nothing sensible came back; asking again does no harm.
            ChannelError: the marketplace says no.
        """
        response = self.http.request("GET", path, params=params)
        if response.status >= 500:
            raise ChannelDown(words.STATUS % {"status": response.status})
        return _answer(response, needs, lists)

    def page(self, path: str, name: str, cursor: Mapping[str, Any] | None, **params: Any
             ) -> Page[Any]:
        """Read a page of a list; ``next`` continues after it."""
        page = self.get(path, (name, "next"), lists=(name,),
                        after=(cursor or {}).get("after", ""), **params)
        following = page["next"]
        if following is not None and (not isinstance(following, str) or len(following) > 1000):
            raise ChannelDown(words.STUCK)
        return Page(page[name], {"after": following or ""}, following is not None)

    def send(self, method: str, path: str, needs: Sequence[str], body: Any,
             headers: Mapping[str, str] | None = None, **params: Any) -> Any:
        """Change something; ``body`` is bytes, or goes out as JSON.

        Raises:
            ChannelDown: nothing was changed.
            OutcomeUnknown: it may have been changed; only the key makes a second time harmless.
            ChannelError: the marketplace says no.
        """
        raw = body if isinstance(body, bytes) else None
        response = self.http.request(
            method, path, params=params or None, json=None if raw is not None else body,
            headers=headers, body=raw,
        )
        if response.status == 503:
            raise ChannelDown(words.CLOSED)
        if response.status >= 500:
            raise OutcomeUnknown(words.STATUS % {"status": response.status})
        if response.status == 204:
            return None
        try:
            return _answer(response, needs)
        except ChannelDown as error:  # it was done, but what came back cannot be read
            raise OutcomeUnknown(str(error)) from error


def path_to(*parts: str) -> str:
    """A path of these parts: a number is never taken for a way through the API."""
    return "/".join(quote(part, safe="") for part in parts)


def batches(items: Sequence[Some], size: int) -> Iterator[Sequence[Some]]:
    """The items, at most so many at a time."""
    for start in range(0, len(items), size):
        yield items[start:start + size]


def _answer(response: Response, needs: Sequence[str], lists: Sequence[str] = ()) -> Any:
    """The body of an answer, or the error that its status stands for."""
    body = response.json()
    if response.status >= 300:
        raise _error(response.status, body)
    lacks = missing(body, needs)
    lacks += [name for name in lists if name not in lacks and not isinstance(body[name], list)]
    if lacks:
        raise ChannelDown(words.LACKS % {"names": ", ".join(lacks)})
    return body


def _error(status: int, body: Any) -> ChannelError:
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    message = str(told.get("message") or words.STATUS % {"status": status})
    code = str(told.get("code", ""))
    if code in ("changed", "different_number"):
        return Conflict(message, str(told.get("revision", "")))
    if status == 404:
        return NotFound(message, code)
    if status == 410:
        return CursorExpired(message)
    return Refused(message, code, str(told.get("field", "")))
