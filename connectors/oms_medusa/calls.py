"""Requests to the admin API, and what its refusals mean.

Two kinds: of a reading it does not matter whether it arrived, of a writing it does. The engine's
client answers 401 and 429 itself. Medusa ignores parameters that it does not know in silence, and
answers with a page for people where it has no route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.addresses import is_safe, trimmed
from oms_connector.reading import missing, value

from oms_medusa import words
from oms_medusa.reading import decoded

ADMIN = "/admin"
TAILS = ("/app", ADMIN, "/store")
BUSY = 409


def shop_url(settings: Mapping[str, Any]) -> str:
    """The server's own address, without what people copy behind it."""
    return trimmed(settings.get("url"), TAILS)


class Api:
    """The admin API of one shop. Paths are under ``/admin``."""

    def __init__(self, http: Http, settings: Mapping[str, Any]) -> None:
        self._http = http
        self._is_safe = is_safe(shop_url(settings))

    def get(self, path: str, *needs: str, params: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer, an object that has the ``needs`` in it.

        Raises:
            ChannelDown: the shop fails, or what it answers cannot be used.
            Refused: it said no.
        """
        response = self.ask("GET", ADMIN + path, params=params)
        if response.status >= 300:
            raise refusal(response, ChannelDown)
        return with_needs(_json(response), needs)

    def page(self, path: str, name: str, params: Mapping[str, Any]) -> tuple[list[Any], bool]:
        """A part of a list, and whether there is more behind it. Errors as for ``get``."""
        found = self.get(path, name, "count", params=params)
        rows, count = found[name], found["count"]
        if not isinstance(rows, list) or not isinstance(count, int):
            raise ChannelDown(words.LACKS % {"names": name})
        return rows, count > int(params.get("offset", 0)) + len(rows) and bool(rows)

    def rows(self, path: str, name: str, params: Mapping[str, Any]) -> list[Any]:
        """A whole list, however long. Errors as for ``get``."""
        rows: list[Any] = []
        more = True
        while more:
            some, more = self.page(path, name, {"order": "id", **params, "offset": len(rows)})
            rows += some
        return rows

    def send(self, method: str, path: str, body: Any, *needs: str,
             params: Mapping[str, Any] | None = None) -> Any:
        """Change something; the decoded answer.

        Raises:
            OutcomeUnknown: it may have been done.
            Refused: it said no.
        """
        response = self.ask(method, ADMIN + path, params=params, body=body)
        if response.status >= 300:
            raise refusal(response, OutcomeUnknown)
        try:
            return with_needs(_json(response), needs)
        except ChannelDown as error:  # it was done, but what came back cannot be read
            raise OutcomeUnknown(str(error)) from error

    def ask(self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
            body: Any = None, signed: bool = True) -> Response:
        """One request, answered by whatever status.

        Raises:
            AccessRefused: the key would be sent in the clear.
        """
        if not self._is_safe:
            raise AccessRefused(words.NO_TLS, "url")
        return self._http.request(method, path, params=params, json=body, signed=signed,
                                  headers={"Accept": "application/json"})


def with_needs(found: Any, needs: Sequence[str]) -> Any:
    """An answer that has the ``needs`` in it.

    Raises:
        ChannelDown: it has not.
    """
    if lacks := missing(found, needs):
        raise ChannelDown(words.LACKS % {"names": ", ".join(lacks)})
    return found


def _json(response: Response) -> Any:
    try:
        return decoded(response.body)
    except ValueError:
        raise ChannelDown(words.NO_JSON) from None  # the page is not quoted: it may name people


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means, with the shop's own reason.

    Args:
        failing: what it is called when the shop fails rather than refuses.
    """
    kind, message = reason(response)
    if response.status < 400 or response.status >= 500:
        return failing(words.STATUS % {"status": response.status})
    if response.status == BUSY:  # another request holds the order; nothing was done
        return ChannelDown(words.BUSY)
    if response.status == 403:
        return AccessRefused(words.NO_RIGHTS % {"why": message}, "api_key") if kind else \
            ChannelDown(words.BLOCKED % {"status": response.status})
    if response.status == 404:
        return NotFound(message, kind) if kind else NotSupported(words.NO_ROUTE)
    return Refused(message, kind)


def reason(response: Response) -> tuple[str, str]:
    """Type and message of a refusal; no type where Medusa did not write it."""
    try:
        body = decoded(response.body)
    except ValueError:
        body = None
    kind, told = value(body, "type"), value(body, "message")
    message = told[:500] if isinstance(told, str) else ""
    return (kind if isinstance(kind, str) else "",
            message or words.STATUS % {"status": response.status})
