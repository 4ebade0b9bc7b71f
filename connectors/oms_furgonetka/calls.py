"""Requests to Furgonetka, and what its refusals mean.

The version is in the media type. What takes time is a *command*: it is put under a UUID of ours,
and asked for under it; the same UUID twice is ``commandExists``, one never put
``commandNotExists``.
Refusals are ``{"errors": [{"path", "code", "message"}]}``; messages are not repeated, they may
name people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    NotFound,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.asking import json_object
from oms_connector.reading import children, value

from oms_furgonetka import words

MEDIA = "application/vnd.furgonetka.v1+json"
HEADERS = {"Accept": MEDIA, "X-Language": "pl_PL"}
OURS = UUID("6c1b0f6e-3f0a-4a55-9a53-0b1d1b0f8d11")
"""The namespace of our commands' UUIDs."""
EXISTS, UNKNOWN = "commandExists", "commandNotExists"
DONE = frozenset(("successful", "partial_success"))
FAILED = frozenset(("error", "cancelled", "canceled"))
_CODE = re.compile(r"[A-Za-z0-9_. -]{1,60}")
_PLACES = {"street": "street", "postcode": "postcode", "city": "city", "country_code": "country",
           "name": "name", "company": "company", "email": "email", "phone": "phone"}
_PARCEL = {"width": "width_mm", "height": "height_mm", "depth": "length_mm", "weight": "weight_g"}


def command_id(kind: str, key: str) -> str:
    """The UUID of the command for a key of ours: always the same."""
    return str(uuid5(OURS, f"{kind}:{key}"))


def get(http: Http, path: str) -> Mapping[str, Any]:
    """The decoded answer of a reading, an object.

    Raises:
        ChannelDown: Furgonetka fails, or what it answers cannot be used.
        Refused, AccessRefused: it said no.
    """
    response = http.request("GET", path, headers=HEADERS)
    if response.status >= 300:
        raise refusal(response, ChannelDown)
    return json_object(response, ChannelDown, words.NO_JSON)


def command(http: Http, path: str) -> Mapping[str, Any] | None:
    """How far a command is; None if it was never put. Errors as for ``get``."""
    try:
        return get(http, path)
    except Refused as refused:
        if refused.code == UNKNOWN or isinstance(refused, NotFound):
            return None
        raise


def ask(http: Http, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decoded answer to a question that is put as a POST. Errors as for ``get``."""
    response = _send(http, "POST", path, document, safe=True)
    if response.status >= 300:
        raise refusal(response, ChannelDown)
    return json_object(response, ChannelDown, words.NO_JSON)


def post(http: Http, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have something made; the decoded answer.

    Raises:
        OutcomeUnknown: it may have been made.
        Refused, AccessRefused: it was not.
    """
    response = _send(http, "POST", path, document)
    if response.status >= 300:
        raise refusal(response, OutcomeUnknown)
    return json_object(response, OutcomeUnknown, words.NO_JSON)


def put_command(http: Http, path: str, document: Mapping[str, Any]) -> None:
    """Give a command; given twice it is one. Errors as for ``post``."""
    response = _send(http, "PUT", path, document)
    if response.status >= 300:
        error = refusal(response, OutcomeUnknown)
        if not (isinstance(error, Refused) and error.code == EXISTS):
            raise error
    elif response.status != 204:
        json_object(response, OutcomeUnknown, words.NO_JSON)


def _send(http: Http, method: str, path: str, document: Mapping[str, Any],
          safe: bool | None = None) -> Response:
    return http.request(method, path, body=json.dumps(document).encode(), safe=safe,
                        headers={**HEADERS, "Content-Type": MEDIA})


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means.

    Args:
        failing: what it is called when Furgonetka fails rather than refuses.
    """
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    if response.status < 400 or response.status >= 500:
        return failing(words.STATUS % {"status": response.status})
    if response.status == 403:
        return AccessRefused(words.NO_RIGHTS, "username")
    if response.status == 404:
        return NotFound(words.NOT_THERE)
    if not isinstance(body, dict):  # something in between answered
        return failing(words.STATUS % {"status": response.status})
    code, path = first_error(body)
    field = booking_field(path)
    template = words.SAYS if field else words.REFUSES
    return Refused(template % {"why": code}, code, field)


def first_error(document: Any) -> tuple[str, str]:
    """Code and path of the first error in an answer or a command."""
    errors: Sequence[Any] = value(document, "errors") or ()
    first = errors[0] if isinstance(errors, list) and errors else {}
    code = str(value(first, "code") or "")
    return code if _CODE.fullmatch(code) else "error", str(value(first, "path") or "")


def booking_field(path: str) -> str:
    """The booking's field that a field of the package was made of; empty if it was none."""
    parts = [part for part in re.split(r"[/.\[\]]+", path) if part]
    head, rest = (parts[0], parts[1:]) if parts else ("", [])
    if head in ("receiver", "sender", "pickup") and rest:
        if rest[0] == "point":
            return "point"
        who = "receiver" if head == "receiver" else "sender"
        return f"{who}.{_PLACES[rest[0]]}" if rest[0] in _PLACES else who
    if head == "parcels":
        place = next((part for part in rest if part.isdecimal()), "0")
        name = next((_PARCEL[part] for part in rest if part in _PARCEL), "")
        return f"packages.{place}.{name}" if name else "packages"
    if head == "additional_services":
        return {"cod": "cod", "insurance": "insured"}.get(next(iter(rest), ""), "options")
    return {"service_id": "service", "user_reference_number": "key"}.get(head, "")


def parcels(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The boxes of a package."""
    return [one for one in children(document, "parcels") if isinstance(one, dict)]
