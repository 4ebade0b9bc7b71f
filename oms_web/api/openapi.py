"""The OpenAPI 3.1 document, made from the routes and their shapes, and a page to read it on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Response, render_template
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from oms_web import __version__
from oms_web.api import problems
from oms_web.api.access import PUBLIC
from oms_web.api.operations import JSON, OPERATIONS, PREFIX, REPEAT, REPLAYED, Operation
from oms_web.api.shapes import BIGGEST
from oms_web.domain.users.scopes import SCOPES
from oms_web.domain.webhooks import signing
from oms_web.sync.webhooks import EVENT

ABOUT = (
    "Orders, products, stock, shipments, returns and documents of one shop. Money is text beside a "
    "currency, a moment RFC 3339 in UTC, a quantity an integer. Lists continue with next, sent as "
    "after. Every POST names itself with an Idempotency-Key and may be repeated for a day: it is "
    "carried out once. Whatever goes wrong is application/problem+json."
)
WEBHOOKS = (
    "Under Settings, Webhooks, the owner names addresses that are told what happens: the same "
    "events as under events, each sent by POST the moment it happens, one after the other. An "
    "answer of 200 to 299 within 15 seconds says that it was taken; anything else, and it is "
    "sent again after 5 seconds, and later and later for three days, while the events after it "
    "wait. An event may come twice: its number, in OMS-Event-Id and in the body, is the same. "
    "Verify OMS-Signature: t=SECONDS,v1=HEX, where HEX is the HMAC-SHA256 with your secret of "
    "SECONDS, a dot and the body as it came; while a secret is exchanged there are two v1. "
    "Refuse what is older than five minutes. A test has the type ping, the number 0 and the "
    "subject webhook."
)
RESOURCES = {
    "orders": "Orders from all channels, and what is done to them.",
    "products": "SKUs with all that is known of them.",
    "stock": "What there is, what is promised, what is available.",
    "shipments": "What waits for the courier and what left.",
    "returns": "Returns, exchanges, withdrawals and complaints of orders that have left.",
    "documents": "What was issued; it never changes.",
    "events": "What happened since, in order.",
    "print-agent": "What a print agent serves.",
    "print-jobs": "What a print agent is to print.",
}
_ALWAYS = ("no-key", "not-in-scope", "too-many", "fault", "unavailable", "malformed")
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457.",
    "properties": {
        "type": {"type": "string", "description": "Which kind: an address in these docs."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong this time, in English."},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": {
            "type": "object",
            "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            "required": ["field", "detail"],
        }},
        "reference": {"type": "string", "description": "How a fault of ours is found in the log."},
    },
    "required": ["type", "title", "status", "detail", "instance"],
}


def attach(blueprint: Blueprint) -> None:
    """Serve the document and the page."""

    def openapi() -> Response:
        return Response(json.dumps(document(), indent=1), mimetype=JSON)

    def docs() -> Response:
        return Response(render_template("api/docs.html", **page()))

    for name, view in (("openapi.json", openapi), ("docs", docs)):
        view.scope = PUBLIC  # type: ignore[attr-defined]  # as in operations
        blueprint.add_url_rule(f"/{name}", view.__name__, view, provide_automatic_options=False)


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    shapes, refs = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OMS", "version": __version__, "description": ABOUT},
        "servers": [{"url": PREFIX}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": words} for name, words in RESOURCES.items()],
        "paths": paths,
        "webhooks": {"event": {"post": _webhook()}},
        "components": {
            "schemas": {**shapes, "Problem": _PROBLEM},
            "responses": {name: _problem(kind) for name, kind in problems.KINDS.items()},
            "securitySchemes": {"key": {
                "type": "http", "scheme": "bearer",
                "description": "A key made under Settings, API. Scopes: " + ", ".join(SCOPES),
            }},
        },
    }


def _schemas() -> tuple[dict[str, Any], dict[Any, dict[str, Any]]]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for one in OPERATIONS:
        if one.body is not None:
            wanted[one.body, "validation"] = None
        if not isinstance(one.gives, str):
            wanted[one.gives, "serialization"] = None
    refs, found = models_json_schema(
        list(wanted), ref_template="#/components/schemas/{model}")
    return found.get("$defs", {}), refs


def _operation(one: Operation, refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name, "tags": [one.tag], "summary": one.summary,
        "description": f"{one.description} Scope: `{one.scope}`.",
        "security": [{"key": [one.scope]}],
        "parameters": [*_places(one), *_parameters(one), *_repeat(one)],
        "responses": {str(status): _success(one, refs) for status in one.statuses} | {
            str(problems.KINDS[name].status): {"$ref": f"#/components/responses/{name}"}
            for name in _refusals(one)
        },
    }
    if one.body is not None:
        found["requestBody"] = {
            "required": bool(_required(one.body)),
            "content": {JSON: {"schema": refs[one.body, "validation"]}},
        }
    return found


def _required(shape: type[BaseModel]) -> list[str]:
    return [name for name, field in shape.model_fields.items() if field.is_required()]


def _refusals(one: Operation) -> list[str]:
    found = list(_ALWAYS)
    if one.places or one.changes:
        found.append("not-found")
    if one.changes:
        found += ["not-now", "too-large", "media-type"]
    if one.changes or one.query is not None:
        found.append("invalid")
    return found


def _success(one: Operation, refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(one.gives, str):
        return {"description": "The file.", "content": {one.gives: {}}}
    headers = {"RateLimit": {"schema": {"type": "string"},
                             "description": "Calls left in this minute."}}
    if one.changes:
        headers[REPLAYED] = {"schema": {"type": "string"},
                             "description": "true: told again, carried out before."}
    return {
        "description": (one.gives.__doc__ or "").split("\n", 1)[0], "headers": headers,
        "content": {JSON: {"schema": refs[one.gives, "serialization"]}},
    }


def _webhook() -> dict[str, Any]:
    """What we send to the addresses under Settings, Webhooks."""
    return {
        "operationId": "webhook", "summary": "What happened, sent to your address",
        "description": WEBHOOKS, "security": [{}],
        "parameters": [
            {"name": signing.HEADER, "in": "header", "required": True,
             "schema": {"type": "string", "examples": ["t=1764000000,v1=5f2c..."]},
             "description": "HMAC-SHA256 of t, a dot and the body, by each secret that is valid."},
            {"name": EVENT, "in": "header", "required": True, "schema": {"type": "string"},
             "description": "The event's number: the same whenever it is sent again."},
        ],
        "requestBody": {"required": True, "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/Event"}}}},
        "responses": {
            "2XX": {"description": "Taken. The next event follows."},
            "410": {"description": "Gone for good: nothing is sent any more."},
            "default": {"description": "Not taken: sent again, with growing pauses, for 3 days."},
        },
    }


def _problem(kind: problems.Kind) -> dict[str, Any]:
    return {
        "description": f"{kind.title}. {kind.meaning}",
        "content": {problems.MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _places(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True,
         "schema": {"type": "integer", "minimum": 1, "maximum": BIGGEST}
         if name.endswith("_id") else {"type": "string", "minLength": 1}}
        for name in one.places
    ]


def _parameters(one: Operation) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = one.query.model_json_schema(ref_template="#/components/schemas/{model}")
    found = []
    for name, said in schema["properties"].items():
        said = dict(said)
        words = said.pop("description", None)
        found.append({"name": name, "in": "query", "schema": said}
                     | ({"description": words} if words else {}))
    return found


def _repeat(one: Operation) -> list[dict[str, Any]]:
    if not one.changes:
        return []
    return [{
        "name": REPEAT, "in": "header", "required": one.method == "POST",
        "schema": {"type": "string", "pattern": "^[!-~]{1,80}$"},
        "description": "New for every call, the same when it is repeated.",
    }]


# The page --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A field or parameter in a table."""

    name: str
    kind: str
    words: str
    required: bool


@cache
def page() -> dict[str, Any]:
    """What the page shows: operations by resource, the shapes, the problems."""
    made = document()
    resources = [
        {"name": name, "words": words, "operations": [
            {"one": one, "parameters": [_row(p) for p in _parameters(one)],
             "body": one.body.__name__ if one.body else "",
             "gives": one.gives if isinstance(one.gives, str) else one.gives.__name__,
             "is_shape": not isinstance(one.gives, str)}
            for one in OPERATIONS if one.tag == name
        ]}
        for name, words in RESOURCES.items()
    ]
    shapes = [
        {"name": name, "words": shape.get("description", ""), "rows": _rows(shape)}
        for name, shape in sorted(made["components"]["schemas"].items())
    ]
    return {"about": ABOUT, "resources": resources, "shapes": shapes, "prefix": PREFIX,
            "webhooks": WEBHOOKS, "kinds": problems.KINDS.values(), "repeat": REPEAT,
            "version": __version__}


def _rows(shape: dict[str, Any]) -> list[Row]:
    needed = shape.get("required", ())
    return [Row(name, kind_of(said), said.get("description", ""), name in needed)
            for name, said in shape.get("properties", {}).items()]


def _row(parameter: dict[str, Any]) -> Row:
    return Row(parameter["name"], kind_of(parameter["schema"]),
               parameter.get("description", ""), parameter.get("required", False))


def kind_of(said: dict[str, Any]) -> str:
    """A schema in a few words: ``text, at most 120``, ``list of Line``, ``money or null``."""
    if "$ref" in said:
        return str(said["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in said:
        return " or ".join(dict.fromkeys(kind_of(one) for one in said["anyOf"]))
    if "enum" in said:
        return " | ".join(str(one) for one in said["enum"])
    if "const" in said:
        return str(said["const"])
    kind = said.get("type", "anything")
    if kind == "array":
        return f"list of {kind_of(said.get('items', {}))}"
    if kind == "string":
        return _text_kind(said)
    return {"object": "object", "integer": "integer", "boolean": "true or false",
            "null": "null"}.get(kind, kind)


def _text_kind(said: dict[str, Any]) -> str:
    if "format" in said:
        return {"date-time": "moment", "date": "day"}.get(said["format"], said["format"])
    if re.search(r"\[0-9\][+{]", said.get("pattern", "")):
        return "money"
    return f"text, at most {said['maxLength']}" if "maxLength" in said else "text"
