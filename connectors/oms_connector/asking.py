"""Requests with JSON answers: one that may fail freely, and one of which it matters if it arrived.

For connectors whose API has no habits of its own; what a refusal means stays theirs to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oms_connector.context import Http, Response
from oms_connector.errors import ChannelDown, ChannelError, OutcomeUnknown
from oms_connector.marking import N_

Refusal = Callable[[Response, Any], ChannelError]
"""What an answer of 400 or more means; gets its decoded body, None where it is no JSON."""

STATUS = N_("The other side answered with status %(status)s")
CLOSED = N_("The other side is closed for the moment")
NO_JSON = N_("The other side answered something that is no JSON")
LACKS = N_("The answer lacks %(names)s")


def read(
    http: Http, path: str, refusal: Refusal, *, method: str = "GET",
    params: Mapping[str, Any] | None = None, json: Any = None,
    headers: Mapping[str, str] | None = None, needs: Sequence[str] = (),
) -> Any:
    """The decoded answer of something that changes nothing when it is asked twice.

    Args:
        needs: names that the answer, an object, must have.

    Raises:
        ChannelDown: no answer that can be used.
        ChannelError: whatever ``refusal`` makes of it.
    """
    response = http.request(method, path, params=params, json=json, safe=True,
                            headers={"Accept": "application/json", **(headers or {})})
    if response.status >= 500:
        raise ChannelDown(STATUS % {"status": response.status})
    return _understood(response, refusal, ChannelDown, needs)


def write(
    http: Http, method: str, path: str, refusal: Refusal, *, json: Any = None,
    body: bytes | None = None, headers: Mapping[str, str] | None = None,
    needs: Sequence[str] = (),
) -> Any:
    """Have something done; the decoded answer.

    Raises:
        OutcomeUnknown: it may have been done.
        ChannelDown: it was not.
        ChannelError: whatever ``refusal`` makes of it.
    """
    response = http.request(method, path, json=json, body=body,
                            headers={"Accept": "application/json", **(headers or {})})
    if response.status == 503:
        raise ChannelDown(CLOSED)
    if response.status >= 500:
        raise OutcomeUnknown(STATUS % {"status": response.status})
    return _understood(response, refusal, OutcomeUnknown, needs)


def json_object(response: Response, unreadable: type[ChannelError], says: str = NO_JSON
                ) -> Mapping[str, Any]:
    """The decoded body of an answer, which has to be an object.

    Args:
        unreadable: what it is called if it is none, and ``says`` in which words.
    """
    try:
        found = response.json()
    except ChannelDown:
        found = None
    if not isinstance(found, dict):
        raise unreadable(says)
    return found


def _understood(
    response: Response, refusal: Refusal, unreadable: type[ChannelError], needs: Sequence[str]
) -> Any:
    try:
        found = response.json()
    except ChannelDown:
        found = None
    if response.status >= 400:
        raise refusal(response, found)
    if found is None:
        raise unreadable(NO_JSON)
    if needs and (not isinstance(found, dict) or any(found.get(one) is None for one in needs)):
        raise unreadable(LACKS % {"names": ", ".join(needs)})
    return found
