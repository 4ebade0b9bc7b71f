"""Amazon's own models as a witness, and by hand what stands in no model.

The models are Swagger 2.0, one file for each part of the API; they are put into the form that
``vendor_spec`` reads. Login with Amazon and the file store are described in guides only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft7Validator
from oms_connector.testing import Request

from tests.contract.vendor_spec import SHARED, VendorSpec

FOLDER = SHARED / "specs" / "amazon"
FILES = {
    "/orders/2026-01-01/": "orders_2026-01-01.json", "/orders/v0/": "ordersV0.json",
    "/listings/": "listingsItems_2021-08-01.json", "/feeds/": "feeds_2021-06-30.json",
    "/reports/": "reports_2021-06-30.json", "/sellers/": "sellers.json",
}
VERBS = ("get", "put", "post", "delete", "patch")
KEPT = ("type", "enum", "format", "items", "minItems", "maxItems", "maximum", "minimum")


def is_here() -> bool:
    """Whether the vendor's files are beside the project."""
    return all((FOLDER / name).exists() for name in FILES.values())


def in_request(request: Request) -> list[str]:
    """What is wrong with a request; empty when the vendor would take it."""
    parts = urlsplit(request.url)
    if parts.netloc == "api.amazon.com":
        return _in_login(request)
    if parts.netloc.endswith(".amazonaws.com"):
        return _in_store(request)
    found = [] if request.headers.get("x-amz-access-token") else ["nothing says who asks"]
    if not request.headers.get("user-agent", "").count("Language="):
        found.append("the application does not name itself")
    name = next((file for start, file in FILES.items() if parts.path.startswith(start)), None)
    if name is None:
        return [*found, f"{parts.path}: there is no such operation"]
    params: dict[str, list[str]] = {}
    for key, one in request.pairs:
        params.setdefault(key, []).append(one)
    return found + _spec(FOLDER / name).in_request(
        request.method, parts.path, params=params, headers=request.headers,
        body=request.body or None)


def _in_login(request: Request) -> list[str]:
    form = parse_qs(request.body.decode())
    wanted = {"grant_type", "refresh_token", "client_id", "client_secret"}
    kind = request.headers.get("content-type", "")
    return [
        *([f"the form has {sorted(form)}"] if set(form) != wanted else []),
        *([f"it is sent as {kind}"] if "x-www-form-urlencoded" not in kind else []),
        *(["it shows an access token"] if "x-amz-access-token" in request.headers else []),
    ]


def _in_store(request: Request) -> list[str]:
    if request.method == "PUT" and "json" in request.headers.get("content-type", ""):
        schema = json.loads((FOLDER / "listings-feed-schema-v2.json").read_text("utf-8"))
        return [one.message for one in Draft7Validator(schema).iter_errors(
            json.loads(request.body))]
    return []


@lru_cache(maxsize=8)
def _spec(path: Path) -> VendorSpec:
    return VendorSpec(_turned(json.loads(path.read_text("utf-8"))))


def _turned(old: Mapping[str, Any]) -> dict[str, Any]:
    """A Swagger 2.0 document as OpenAPI 3.0, as far as requests and answers go."""
    paths = {}
    for path, item in old["paths"].items():
        shared = item.get("parameters", [])
        paths[path] = {verb: _operation(item[verb], shared, old) for verb in VERBS if verb in item}
    document = {
        "openapi": "3.0.0", "info": {"title": "Amazon", "version": "1"},
        "servers": [{"url": "https://x"}], "paths": paths,
        "components": {"schemas": old["definitions"]},
    }
    turned: dict[str, Any] = json.loads(
        json.dumps(document).replace("#/definitions/", "#/components/schemas/"))
    return turned


def _operation(old: Mapping[str, Any], shared: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    named = document.get("parameters", {})
    listed = [named[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
              for one in [*shared, *old.get("parameters", [])]]
    operation: dict[str, Any] = {
        "parameters": [_parameter(one) for one in listed if one["in"] != "body"],
        "responses": {
            status: {"description": "", "content": {"application/json": {
                "schema": one["schema"]}}} if "schema" in one else {"description": ""}
            for status, one in old["responses"].items()},
    }
    for one in listed:
        if one["in"] == "body":
            operation["requestBody"] = {
                "required": one.get("required", False),
                "content": {"application/json": {"schema": one["schema"]}}}
    return operation


def _parameter(old: Mapping[str, Any]) -> dict[str, Any]:
    new = {"name": old["name"], "in": old["in"], "required": old.get("required", False),
           "schema": {name: old[name] for name in KEPT if name in old}}
    if old.get("type") == "array":  # by commas, where nothing else is said
        new |= {"style": "form", "explode": old.get("collectionFormat") == "multi"}
    return new
