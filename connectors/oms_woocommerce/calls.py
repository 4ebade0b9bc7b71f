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
    Http,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.addresses import is_safe, trimmed
from oms_connector.reading import missing

from oms_woocommerce import words

ROOT = "/wp-json"
V3 = f"{ROOT}/wc/v3"
MOST = 100
"""Rows of a page, and items of a batch (``woocommerce_rest_batch_items_limit``)."""
OURS = ("woocommerce_rest_", "rest_")


def shop_url(settings: Mapping[str, Any]) -> str:
    """The shop's own address, without what people copy behind it."""
    return trimmed(settings.get("url"), ("/wc/v3", ROOT, "/wp-admin"))


class Api:
    """The API of one shop. Paths are under ``/wp-json/wc/v3`` unless they begin with another."""

    def __init__(self, http: Http, settings: Mapping[str, Any]) -> None:
        self._http = http
        self._is_safe = is_safe(shop_url(settings))

    def get(self, path: str, *needs: str, params: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer, an object that has the ``needs`` in it.

        Raises:
            ChannelDown: the shop fails, or what it answers cannot be used.
            Refused: it said no.
        """
        return with_needs(_read(self.ask("GET", path, params=params)), needs)

    def rows(self, path: str, params: Mapping[str, Any] | None = None) -> list[Any]:
        """The decoded answer, a list. Errors as for ``get``."""
        return self.page(path, params or {})[0]

    def page(self, path: str, params: Mapping[str, Any]) -> tuple[list[Any], bool]:
        """A part of a list, and whether there is more behind it. Errors as for ``get``.

        A short page is not the last one: WooCommerce leaves out what it cannot load, or the key's
        user may not see, after it has cut the page. How many there are a header says.
        """
        response = self.ask("GET", path, params=params)
        found = _read(response)
        if not isinstance(found, list):
            raise ChannelDown(words.NO_LIST)
        size = int(params.get("per_page", MOST))
        start = int(params.get("offset", (int(params.get("page", 1)) - 1) * size))
        total = response.headers.get("x-wp-total", "")
        more = int(total) > start + size if total.isdigit() else len(found) >= size
        return found, more

    def send(self, method: str, path: str, body: Any, *needs: str,
             params: Mapping[str, Any] | None = None) -> Any:
        """Change something; the decoded answer.

        Raises:
            OutcomeUnknown: it may have been done.
            Refused: it said no.
        """
        response = self.ask(method, path, params=params, body=body)
        if response.status >= 300:
            raise refusal(response, OutcomeUnknown)
        try:
            return with_needs(_json(response), needs)
        except ChannelDown as error:  # it was done, but what came back cannot be read
            raise OutcomeUnknown(str(error)) from error

    def ask(self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
            body: Any = None, safe: bool | None = None, signed: bool = True) -> Response:
        """One request, answered by whatever status.

        Raises:
            AccessRefused: the key would be sent in the clear.
        """
        if not self._is_safe:
            raise AccessRefused(words.NO_TLS, "url")
        at = path if path.startswith((ROOT, "/?")) else V3 + path
        return self._http.request(method, at, params=params, json=body, safe=safe, signed=signed,
                                  headers={"Accept": "application/json"})


def with_needs(found: Any, needs: Sequence[str]) -> Any:
    """An answer that has the ``needs`` in it.

    Raises:
        ChannelDown: it has not.
    """
    if lacks := missing(found, needs):
        raise ChannelDown(words.LACKS % {"names": ", ".join(lacks)})
    return found


def _read(response: Response) -> Any:
    if response.status >= 300:
        raise refusal(response, ChannelDown)
    return _json(response)


def _json(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        raise ChannelDown(words.NO_JSON) from None  # the page is not quoted: it may name people


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means, with the shop's own reason, code and field.

    Args:
        failing: what it is called when the shop fails rather than refuses.
    """
    code, message, field = reason(response)
    ours = code.startswith(OURS)
    if response.status < 400 or (response.status >= 500 and not code.startswith(OURS[0])):
        # A refused refund is a 500 with WooCommerce's own code; PHP's errors have none of those.
        return failing(words.STATUS % {"status": response.status})
    if response.status == 403:
        return AccessRefused(words.NO_RIGHTS % {"why": message}, "consumer_key") if ours else \
            ChannelDown(words.BLOCKED % {"status": response.status})
    if response.status == 404:
        if code == "rest_no_route":
            return NotSupported(words.NO_ROUTE, code)
        return NotFound(message, code, field) if ours else ChannelDown(words.NO_API)
    return Refused(message, code, field)


def reason(response: Response) -> tuple[str, str, str]:
    """Code, message and field of a refusal in WordPress's form; a stand-in for what is missing."""
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    data = body.get("data")
    params = data.get("params") if isinstance(data, dict) else None
    field = next(iter(params), "") if isinstance(params, dict) else ""
    told = body.get("message")
    message = told[:500] if isinstance(told, str) else ""
    return (str(body.get("code") or ""),
            message or words.STATUS % {"status": response.status}, str(field))
