"""Requests to UPS, and what its refusals mean.

A refusal is ``{"response": {"errors": [{"code", "message"}]}}``. Messages are not repeated; what
they speak of tells the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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
from oms_connector.reading import value

from oms_ups import words

VERSION = "v2409"
_WHO = ((re.compile(r"ship\s*to|consignee|recipient", re.IGNORECASE), "receiver"),
        (re.compile(r"shipper|ship\s*from", re.IGNORECASE), "sender"))
_WHAT = (("phone", "phone"), ("postal", "postcode"), ("city", "city"), ("country", "country"),
         ("address", "street"), ("email", "email"), ("name", "name"))
_ALONE = (("weight", "packages.0.weight_g"), ("dimension", "packages.0.length_mm"),
          ("length", "packages.0.length_mm"), ("declared value", "insured"),
          ("cod", "cod"), ("service", "service"))


def get(http: Http, path: str, params: Mapping[str, Any] | None = None, source: str = "oms"
        ) -> Mapping[str, Any]:
    """The decoded answer of a reading. ``source`` names us in the header that tracking wants.

    Raises:
        ChannelDown: UPS fails, or what it answers cannot be used.
        Refused, AccessRefused: it said no.
    """
    response = http.request("GET", path, params=params, headers={
        "Accept": "application/json", "transId": "oms-tracking", "transactionSrc": source})
    return _understood(response, ChannelDown)


def ask(http: Http, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decoded answer to a question that is put as a POST. Errors as for ``get``."""
    return _understood(http.request("POST", path, json=document, safe=True,
                                    headers={"Accept": "application/json"}), ChannelDown)


def send(http: Http, method: str, path: str, document: Mapping[str, Any] | None = None
         ) -> Mapping[str, Any]:
    """Have something done; the decoded answer.

    Raises:
        OutcomeUnknown: it may have been done.
        Refused, AccessRefused: it was not.
    """
    return _understood(http.request(method, path, json=document,
                                    headers={"Accept": "application/json"}), OutcomeUnknown)


def _understood(response: Response, failing: type[ChannelError]) -> Mapping[str, Any]:
    if response.status >= 300:
        raise refusal(response, failing)
    found = _decoded(response)
    if found is None:
        raise failing(words.NO_JSON)
    return found


def _decoded(response: Response) -> Mapping[str, Any] | None:
    try:
        found = json.loads(response.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means.

    Args:
        failing: what it is called when UPS fails rather than refuses.
    """
    body = _decoded(response)
    if response.status < 400 or response.status >= 500 or body is None:
        return failing(words.STATUS % {"status": response.status})
    errors = value(body, "response", "errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    code = re.sub(r"[^A-Za-z0-9.]", "", str(value(first, "code") or response.status))[:20]
    if response.status == 403:
        return AccessRefused(words.NO_RIGHTS, "account")
    if response.status == 404:
        return NotFound(words.NOT_THERE, code)
    return Refused(words.REFUSES % {"code": code}, code,
                   field_in(str(value(first, "message") or "")))


def field_in(message: str) -> str:
    """The booking's field that a message speaks of; empty when unsure."""
    said = message.casefold()
    who = next((name for pattern, name in _WHO if pattern.search(said)), "")
    if who:
        return next((f"{who}.{field}" for word, field in _WHAT if word in said), "")
    return next((field for word, field in _ALONE if word in said), "")
