"""A route of the API as data: address, scope, what it takes and gives. The document is made of it.

    @get("/orders/{order_id}", "orders:read", act="orders.see", gives=OrderAnswer)
    def order(call: Call, order_id: int) -> OrderAnswer:
        \"\"\"One order.\"\"\"

Reading calls get a snapshot, changing ones a transaction; both carry the key's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, get_origin

from flask import Flask, Response, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from oms_web.api import access
from oms_web.api.problems import Problem
from oms_web.api.shapes import BIGGEST
from oms_web.core.work import Work
from oms_web.domain.users import api_calls
from oms_web.domain.users.models import ApiKey
from oms_web.domain.users.scopes import SCOPES
from oms_web.wiring import Oms

PREFIX = "/api/v1"
JSON = "application/json"
MOST_BYTES = 1024 * 1024
REPEAT = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_REPEAT_KEY = re.compile(r"[\x21-\x7e]{1,80}")
_PLACE = re.compile(r"{(\w+)}")


@dataclass(slots=True)
class Call:
    """One call: what was asked, and the work to do it in. ``status`` is what is answered."""

    oms: Oms
    key: ApiKey
    work: Work
    query: Any = None
    body: Any = None
    repeat_key: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """A route. ``gives`` is the shape of the answer, or a media type of bytes."""

    name: str
    method: str
    path: str
    scope: str
    act: str
    run: Callable[..., Any]
    gives: type[BaseModel] | str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    statuses: tuple[int, ...] = (200,)
    words: str = field(default="")

    @property
    def tag(self) -> str:
        """The resource it belongs to."""
        return self.path.split("/")[1]

    @property
    def summary(self) -> str:
        """Its first sentence."""
        return self.words.partition("\n")[0].strip().rstrip(".")

    @property
    def description(self) -> str:
        """All that is said of it."""
        return " ".join(self.words.split())

    @property
    def places(self) -> list[str]:
        """The names in its address."""
        return _PLACE.findall(self.path)

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def rule(self) -> str:
        """Its address as Flask writes it. A SKU may contain slashes."""
        return _PLACE.sub(
            lambda m: f"<int(min=1, max={BIGGEST}):{m[1]}>" if m[1].endswith("_id")
            else f"<path:{m[1]}>", self.path)


OPERATIONS: list[Operation] = []


def operation(method: str, path: str, scope: str, *, act: str, gives: type[BaseModel] | str,
              **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a route.

    Raises:
        LookupError: the act does not belong to the scope.
    """
    if act not in SCOPES[scope]:
        raise LookupError(f"the act {act!r} is not part of the scope {scope!r}")

    def mark(run: Callable[..., Any]) -> Callable[..., Any]:
        OPERATIONS.append(Operation(
            run.__name__, method, path, scope, act, run, gives, words=run.__doc__ or "", **more))
        return run

    return mark


def get(path: str, scope: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A route that only looks."""
    return operation("GET", path, scope, **more)


def post(path: str, scope: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A route that does something."""
    return operation("POST", path, scope, **more)


def put(path: str, scope: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A route that makes something so, however often it is said."""
    return operation("PUT", path, scope, **more)


def attach(app: Flask, blueprint: Any, one: Operation) -> None:
    """Serve an operation."""

    @wraps(one.run)
    def view(**places: Any) -> Response:
        return _change(one, places) if one.changes else _look(one, places)

    view.scope = one.scope  # type: ignore[attr-defined]  # a view carries its scope
    view.operation = one  # type: ignore[attr-defined]  # and what it is
    blueprint.add_url_rule(one.rule, one.name, view, methods=[one.method],
                           provide_automatic_options=False)


def _look(one: Operation, places: dict[str, Any]) -> Response:
    oms = access.oms()
    query = _query(one)
    with oms.works.reading(access.actor()) as work:
        call = Call(oms, g.api_key, work, query)
        found = one.run(call, **places)
        if isinstance(found, Response):
            return found
        return _response(found.model_dump_json(), call.status)


def _change(one: Operation, places: dict[str, Any]) -> Response:
    repeat_key = _repeat_key(one)
    content = _content(one)
    query, body = _query(one), _body(one, content)
    if not repeat_key:
        with access.oms().works.writing(access.actor()) as work:
            told = _carry_out(one, places, work, query, body, "")
        return _response(told.answer, told.status)
    asked = api_calls.digest(request.method.encode(), request.full_path.encode(), content)
    key: ApiKey = g.api_key
    with (
        access.node().calls.once(key.id, repeat_key),
        access.oms().works.writing(access.actor()) as work,
    ):
        before = api_calls.known(work, key.id, repeat_key, asked)
        told = before or _carry_out(one, places, work, query, body, repeat_key)
        if before is None:
            api_calls.keep(work, key.id, repeat_key, asked, told)
    response = _response(told.answer, told.status)
    if before is not None:
        response.headers[REPLAYED] = "true"
    return response


def _carry_out(one: Operation, places: dict[str, Any], work: Work, query: Any, body: Any,
               repeat_key: str) -> api_calls.Told:
    call = Call(access.oms(), g.api_key, work, query, body, repeat_key, one.statuses[0])
    found = one.run(call, **places)
    return api_calls.Told(call.status, found.model_dump_json())


def _response(content: str, status: int) -> Response:
    return Response(content, status, mimetype=JSON)


def _repeat_key(one: Operation) -> str:
    """The caller's own name for this call; POST cannot do without."""
    sent = request.headers.get(REPEAT, "")
    if not sent and one.method != "POST":
        return ""
    if not _REPEAT_KEY.fullmatch(sent):
        raise Problem("malformed", f"Send {REPEAT}: 1 to 80 visible ASCII characters that are new "
                                   "for every call and the same when it is repeated.")
    return sent


def _content(one: Operation) -> bytes:
    request.max_content_length = MOST_BYTES
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    content = request.get_data(cache=False)
    if one.body is not None and content and request.mimetype != JSON:
        raise Problem("media-type", f"Send the body as {JSON}.")
    return content


def _body(one: Operation, content: bytes) -> BaseModel | None:
    if one.body is None:
        if content.strip() not in (b"", b"{}"):
            raise Problem("malformed", "This call takes no body.")
        return None
    try:
        return one.body.model_validate_json(content or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise Problem("malformed", f"The body is not JSON: {first['ctx']['error']}.") from None
        raise


def _query(one: Operation) -> BaseModel | None:
    sent = request.args.to_dict(flat=False)
    if one.query is None:
        if sent:
            raise Problem("malformed", "This address takes no parameters.")
        return None
    fields = one.query.model_fields
    return one.query.model_validate({
        name: values if len(values) > 1 or (
            name in fields and get_origin(fields[name].annotation) is list
        ) else values[0]
        for name, values in sent.items()
    })
