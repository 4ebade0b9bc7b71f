"""Refusals as ``application/problem+json`` (RFC 9457): one shape for everything that goes wrong."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from oms_web.adapters.pdf import PdfUnavailable
from oms_web.core.errors import (
    Denied,
    Invalid,
    InvalidForm,
    NotAllowedNow,
    NotFound,
    OmsError,
    ShortStock,
)

log = logging.getLogger(__name__)

MEDIA = "application/problem+json"
DOCS = "/api/v1/docs"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of problem: ``name`` ends its ``type`` address, ``meaning`` stands in the docs."""

    name: str
    status: int
    title: str
    meaning: str


KINDS = {kind.name: kind for kind in (
    Kind("malformed", 400, "The request cannot be read",
         "The body is not JSON, or a header is missing or malformed."),
    Kind("no-key", 401, "No valid key",
         "The Authorization header is missing, or its key is unknown, expired or revoked."),
    Kind("not-in-scope", 403, "Not in the key's scopes",
         "The key works, but it was not given the scope that this call needs."),
    Kind("not-found", 404, "There is no such thing",
         "Nothing is known at this address or by this number."),
    Kind("method", 405, "Not this method",
         "The address is right, the method is not; the Allow header names those it takes."),
    Kind("not-now", 409, "Not possible now",
         "The state of things forbids it: the order has left, units are missing, or the same call "
         "is being carried out at this moment."),
    Kind("too-large", 413, "Too large", "A body has at most 1 MB."),
    Kind("media-type", 415, "Not JSON", "A body is sent as application/json."),
    Kind("invalid", 422, "Something in it is wrong",
         "The request was read, but values in it cannot be so; errors names each field."),
    Kind("too-many", 429, "Too many calls",
         "The key has used up its calls of this minute, or too many keys that are none came from "
         "this address; Retry-After says how long to wait."),
    Kind("fault", 500, "A fault of ours",
         "Something of ours broke. Nothing was changed; the fault is logged under the reference."),
    Kind("unavailable", 503, "Not available now",
         "The database is busy, or PDFs cannot be made at the moment. Try again later."),
)}
_BY_STATUS = {kind.status: kind for kind in KINDS.values()}


class Problem(Exception):
    """A refusal of the API itself."""

    def __init__(self, kind: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = KINDS[kind]
        self.detail = detail
        self.headers = dict(headers or {})


def answer(error: Exception) -> Response:
    """Any error as an answer; what is nobody's fault but ours is logged."""
    if isinstance(error, Problem):
        return made(error.kind, error.detail, headers=error.headers)
    if isinstance(error, OmsError):
        return _refusal(error)
    if isinstance(error, ValidationError):
        return made(KINDS["invalid"], "Some values are wrong.", _of_fields(error))
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, IntegrityError):
        log.warning("api: two changes met: %s", error.orig)
        return made(KINDS["not-now"], "Somebody changed the same thing at this very moment.")
    if isinstance(error, OperationalError | PoolTimeout):
        log.warning("api: the database is busy: %s", error)
        return made(KINDS["unavailable"], "The database is busy.", headers={"Retry-After": "5"})
    reference = secrets.token_hex(4)
    log.error("fault %s", reference, exc_info=error)
    return made(KINDS["fault"], "Nothing was changed.", reference=reference)


def made(kind: Kind, detail: str, errors: Iterable[Mapping[str, str]] = (),
         headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """An answer of a kind."""
    body: dict[str, Any] = {
        "type": f"{DOCS}#{kind.name}", "title": kind.title, "status": kind.status,
        "detail": detail, "instance": request.path, **more,
    }
    listed = list(errors)
    if listed:
        body["errors"] = listed
    response = Response(json.dumps(body), kind.status, mimetype=MEDIA)
    response.headers.update(dict(headers or {}))
    return response


def _refusal(error: OmsError) -> Response:
    if isinstance(error, InvalidForm):
        return made(KINDS["invalid"], str(error), [
            {"field": name, "detail": str(one)} for name, one in error.problems.items()
        ])
    if isinstance(error, PdfUnavailable):
        return made(KINDS["unavailable"], str(error))
    if isinstance(error, Denied):
        return made(KINDS["not-in-scope"], str(error))
    if isinstance(error, NotFound):
        return made(KINDS["not-found"], str(error))
    if isinstance(error, NotAllowedNow | ShortStock):
        return made(KINDS["not-now"], str(error))
    field = error.field if isinstance(error, Invalid) else ""
    return made(KINDS["invalid"], str(error),
                [{"field": field, "detail": str(error)}] if field else [])


def _of_fields(error: ValidationError) -> list[dict[str, str]]:
    return [
        {"field": ".".join(str(part) for part in one["loc"]),
         "detail": one["msg"].removeprefix("Value error, ")}
        for one in error.errors(include_url=False, include_context=False, include_input=False)[:50]
    ]


def _http(error: HTTPException) -> Response:
    # Two slashes or one too many lead elsewhere on screens; an address of the API is exact.
    code = 404 if isinstance(error, RequestRedirect) else error.code or 500
    kind = _BY_STATUS.get(code, KINDS["malformed"] if 400 <= code < 500 else KINDS["fault"])
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(set(error.valid_methods)))
    return made(kind, kind.meaning, headers=headers)
