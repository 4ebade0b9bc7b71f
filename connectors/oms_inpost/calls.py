"""Requests to ShipX, and what its refusals mean.

A refusal is ``{"status", "error", "message", "details"}``: a key, a sentence, and for
``validation_failed`` a tree of the form's fields with keys at its leaves ("Form validation" in the
documentation). Sentences are not repeated, they may name people; keys are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

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

from oms_inpost import words

HEADERS = {"Accept": "application/json", "Accept-Language": "keys"}
_KEY = re.compile(r"[a-z0-9_ ]{1,60}")
_SAID: Mapping[str, str] = {
    "required": words.MISSING, "blank": words.MISSING, "empty": words.MISSING,
    "invalid": words.MALFORMED, "invalid_format": words.MALFORMED, "too_short": words.TOO_SHORT,
    "too_long": words.TOO_LONG, "too_big": words.TOO_BIG, "too_small": words.TOO_SMALL,
    "does_not_exist": words.NO_SUCH_POINT, "not_found": words.NO_SUCH_POINT,
    "incorrect_name": words.NO_SUCH_POINT,
    "unavailable_for_target_point": words.NOT_AT_POINT,
}
_FIELDS = (
    (re.compile(r"(receiver|sender)\.address\.post_code.*"), r"\1.postcode"),
    (re.compile(r"(receiver|sender)\.address\.country_code.*"), r"\1.country"),
    (re.compile(r"(receiver|sender)\.address\.city.*"), r"\1.city"),
    (re.compile(r"(receiver|sender)\.address.*"), r"\1.street"),
    (re.compile(r"(receiver|sender)\.(first_name|last_name|name).*"), r"\1.name"),
    (re.compile(r"(receiver|sender)\.company_name.*"), r"\1.company"),
    (re.compile(r"(receiver|sender)\.(email|phone).*"), r"\1.\2"),
    (re.compile(r"(receiver|sender).*"), r"\1.name"),
    (re.compile(r"(custom_attributes\.)?target_point.*"), "point"),
    (re.compile(r"custom_attributes\.(sending_method|dropoff_point).*"), r"options.\1"),
    (re.compile(r"parcels\.(\d+)\.weight.*"), r"packages.\1.weight_g"),
    (re.compile(r"parcels\.(\d+)\.dimensions\.(length|width|height).*"), r"packages.\1.\2_mm"),
    (re.compile(r"parcels\.(\d+)\.template.*"), r"packages.\1.size"),
    (re.compile(r"parcels\.(\d+).*"), r"packages.\1.length_mm"),
    (re.compile(r"parcels.*"), "packages"),
    (re.compile(r"cod.*"), "cod"), (re.compile(r"insurance.*"), "insured"),
    (re.compile(r"reference.*"), "note"), (re.compile(r"service.*"), "service"),
    (re.compile(r"external_customer_id.*"), "key"),
)
"""The form's fields, and the booking's that they were made of."""


def get(http: Http, path: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The decoded answer of a reading, an object.

    Raises:
        ChannelDown: ShipX fails, or what it answers cannot be used.
        Refused, AccessRefused: it said no.
    """
    return json_object(_ask(http, path, params), ChannelDown, words.NO_JSON)


def fetch(http: Http, path: str, params: Mapping[str, Any]) -> bytes:
    """The bytes of a file. Errors as for ``get``."""
    return _ask(http, path, params).body


def send(http: Http, method: str, path: str, document: Mapping[str, Any] | None = None
         ) -> Mapping[str, Any]:
    """Have something done; the decoded answer, empty if there is none.

    Raises:
        OutcomeUnknown: it may have been done.
        Refused, AccessRefused: it was not.
    """
    response = http.request(method, path, json=document, headers=HEADERS)
    if response.status >= 300:
        raise refusal(response, OutcomeUnknown)
    return json_object(response, OutcomeUnknown, words.NO_JSON) if response.status != 204 else {}


def _ask(http: Http, path: str, params: Mapping[str, Any] | None) -> Response:
    response = http.request("GET", path, params=params, headers=HEADERS)
    if response.status >= 300:
        raise refusal(response, ChannelDown)
    return response


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means.

    Args:
        failing: what it is called when ShipX fails rather than refuses.
    """
    try:
        found = json.loads(response.body)
    except ValueError:
        found = None
    body = found if isinstance(found, dict) else {}
    code = str(body.get("error") or "")
    if response.status < 400 or response.status >= 500 or not _KEY.fullmatch(code):
        return failing(words.STATUS % {"status": response.status})
    if response.status == 403:
        return AccessRefused(words.NOT_OURS, "organization")
    if response.status == 404:
        return NotFound(words.NOT_THERE, code)
    field, why = next(leaves(body.get("details")), ("", ""))
    if field:
        template = _SAID.get(why, words.SAYS)
        return Refused(template % {"why": why}, code, booking_field(field))
    return Refused(words.REFUSES % {"why": code}, code)


def leaves(details: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The keys in a tree of errors, each with the path of the field it is about.

    Lists are both of errors (texts) and of a form's parts (objects); where there are several parts
    their place counts.
    """
    if isinstance(details, dict):
        for name, inner in details.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(details, list):
        for place, inner in enumerate(details):
            numbered = isinstance(inner, dict) and path == "parcels"
            yield from leaves(inner, f"{path}.{place}" if numbered else path)
    elif details is not None and path:
        said = str(details)
        yield path, said if _KEY.fullmatch(said) else "invalid"


def booking_field(path: str) -> str:
    """The booking's field that a field of the form was made of; empty if it was none."""
    for pattern, field in _FIELDS:
        if pattern.fullmatch(path):
            return pattern.sub(field, path)
    return ""
