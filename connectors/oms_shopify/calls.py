"""Requests to the Admin GraphQL API, and what its refusals mean.

Everything is a POST to one address, and nearly everything is answered with 200: being too fast,
lacking a right and failing are ``errors`` in the body, a refusal of what was asked for is in
``userErrors``. A mutation that was throttled or refused was not done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
from oms_connector.reading import missing, value

from oms_shopify import words
from oms_shopify.queries import Query

VERSION = "2026-10"
PATH = f"/admin/api/{VERSION}/graphql.json"
SPARE = 1000.0
"""Points that must be in Shopify's bucket before anything more is asked: what one query may cost at
most is reserved while it is answered."""


class TooDear(Refused):
    """The question costs more than any may: it can be asked in smaller parts."""


class NoShop(ChannelDown):
    """There is nothing at the address: a typing error, or a shop that was given up."""


class Api:
    """The API of one shop. ``is_safe``: whether a token may be sent to its address.

    ``has_token``: whether there is one yet; if not, one is fetched before the first request.
    """

    def __init__(self, http: Http, *, is_safe: bool, has_token: bool) -> None:
        self._http = http
        self._is_safe = is_safe
        self._has_token = has_token

    def ask(self, query: Query, variables: Mapping[str, Any] | None = None, *needs: str,
            rows: int = 0) -> Any:
        """The data of a query, which has the ``needs`` in it.

        Args:
            rows: of how many things it asks, for its cost.

        Raises:
            TooDear: ``rows`` are too many.
            ChannelDown: Shopify fails, or what it answers cannot be used.
            RateLimited, AccessRefused, Refused: it said no.
        """
        return _data(self._send(query, variables, rows, safe=True), needs, ChannelDown)

    def tell(self, query: Query, variables: Mapping[str, Any], root: str, *needs: str) -> Any:
        """Change something; what ``root`` answers, its ``userErrors`` too.

        Raises:
            OutcomeUnknown: it may have been done.
            RateLimited, AccessRefused, Refused: it was not.
        """
        body = self._send(query, variables, 0, safe=False)
        data = _data(body, (root,), OutcomeUnknown)
        payload = data[root]
        if lacks := missing(payload, needs):
            raise OutcomeUnknown(words.LACKS % {"names": ", ".join(lacks)})
        return payload

    def do(self, query: Query, variables: Mapping[str, Any], root: str, *needs: str,
           errors: str = "userErrors") -> Any:
        """Change something that is done wholly or not at all. Errors as for ``tell``."""
        payload = self.tell(query, variables, root, errors)
        if payload[errors]:
            raise refused(payload[errors][0])
        absent = [name for name in needs if value(payload, name) is None]
        if absent:
            raise OutcomeUnknown(words.LACKS % {"names": ", ".join(absent)})
        return payload

    def _send(self, query: Query, variables: Mapping[str, Any] | None, rows: int, *, safe: bool
              ) -> Any:
        if not self._is_safe:
            raise AccessRefused(words.NOT_A_SHOP, "shop")
        if not self._has_token:
            self._http.renew()
            self._has_token = True
        failing = ChannelDown if safe else OutcomeUnknown
        response = self._http.request(
            "POST", PATH, json={"query": query.text, "variables": dict(variables or {})},
            headers={"Accept": "application/json"}, cost=query.cost(rows), safe=safe)
        if response.status != 200:
            raise refusal(response, failing)
        body = decoded(response)
        if not isinstance(body, dict):
            raise failing(words.NO_JSON)
        self._keep_pace(body)
        errors = body.get("errors")
        if errors:
            raise _error(errors if isinstance(errors, list) else [errors], body, failing)
        return body

    def _keep_pace(self, body: Any) -> None:
        """Wait until Shopify's own bucket holds enough for any query."""
        status = value(body, "extensions", "cost", "throttleStatus")
        left, rate = value(status, "currentlyAvailable"), value(status, "restoreRate")
        if _is_number(left) and _is_number(rate) and left < SPARE and rate > 0:
            self._http.pause((SPARE - left) / rate)


def decoded(response: Response) -> Any:
    """The body; None where it is no JSON. A page is not quoted: it may name people."""
    try:
        return json.loads(response.body)
    except ValueError:
        return None


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status other than 200 means.

    Args:
        failing: what it is called when Shopify fails rather than refuses.
    """
    said = value(decoded(response), "errors")
    if response.status in (402, 423):
        return ChannelDown(words.FROZEN % {"status": response.status})
    if response.status == 430:
        return RateLimited(words.TOO_FAST)
    if response.status == 403 and isinstance(said, str):
        return AccessRefused(words.NO_RIGHTS % {"why": said[:300]}, "client_id")
    if response.status == 404:
        return NoShop(words.NO_SHOP)
    if 400 <= response.status < 500 and isinstance(said, str):
        return Refused(said[:300])
    return failing(words.STATUS % {"status": response.status})


def refused(error: Any) -> Refused:
    """A ``userError`` as an error of ours."""
    field = value(error, "field")
    return Refused(
        str(value(error, "message") or value(error, "code") or "?")[:300],
        str(value(error, "code") or ""),
        str(field[-1]) if isinstance(field, list) and field else "")


def _error(errors: list[Any], body: Any, failing: type[ChannelError]) -> ChannelError:
    """The gravest of the errors that stand beside the data: half an answer is none."""
    codes = {str(value(one, "extensions", "code") or ""): one for one in errors}
    if "THROTTLED" in codes:
        return RateLimited(words.TOO_FAST, _wait(body))
    if "MAX_COST_EXCEEDED" in codes:
        return TooDear(words.TOO_DEAR, "MAX_COST_EXCEEDED")
    if "ACCESS_DENIED" in codes:
        said = _message(codes["ACCESS_DENIED"])
        if "protected" in said.lower() or "personally identifiable" in said.lower() \
                or "not approved" in said.lower():
            return AccessRefused(words.NO_BUYERS, "client_id")
        return AccessRefused(words.NO_RIGHTS % {"why": said}, "client_id")
    if "SHOP_INACTIVE" in codes:
        return ChannelDown(words.FROZEN % {"status": "SHOP_INACTIVE"})
    first = errors[0]
    code = str(value(first, "extensions", "code") or "")
    if not code or code in ("INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"):
        return failing(words.STATUS % {"status": code or "200 (errors)"})
    return Refused(_message(first), code)


def _message(error: Any) -> str:
    return str(value(error, "message") or "?")[:300]


def _wait(body: Any) -> float | None:
    """Seconds until the question could be paid for; None where Shopify does not say."""
    cost = value(body, "extensions", "cost")
    asked, left, rate = (value(cost, "requestedQueryCost"),
                         value(cost, "throttleStatus", "currentlyAvailable"),
                         value(cost, "throttleStatus", "restoreRate"))
    if not (_is_number(asked) and _is_number(left) and _is_number(rate)) or rate <= 0:
        return None
    return float(max(1.0, (asked - left) / rate))


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _data(body: Any, needs: tuple[str, ...], failing: type[ChannelError]) -> Any:
    data = value(body, "data")
    absent = [name for name in needs if value(data, name) is None]
    if not isinstance(data, dict) or absent:
        raise failing(words.LACKS % {"names": ", ".join(absent) or "data"})
    return data
