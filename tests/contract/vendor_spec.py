"""A vendor's own OpenAPI file as a witness: is every request what the vendor says it takes?

``VendorSpec`` finds what is wrong with a request or an answer; ``Witness`` stands between a
connector and a stand-in of its channel and writes that down. Beyond what openapi-core checks,
these are violations too, because vendors swallow them in silence or refuse them with a riddle:
query parameters and body fields that the file does not know, media types that the operation cannot
answer with, and a missing sign of who asks.

Vendors' files have flaws that are mended while loading: path parameters that are not marked as
required, media types of JSON that do not say so, addresses with variables. Vendors also answer null
where their file allows none; that is not counted.
"""

from __future__ import annotations

import gzip
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from oms_connector import Response
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

SHARED = Path(__file__).parents[2].parent / "shared"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
HOST = "http://vendor.test"


def shared(*parts: str) -> Path:
    """A vendor's file beside the project; the test is skipped where it is not there."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"vendors' files are not part of the project: {'/'.join(parts)} is not here")
    return path


@lru_cache(maxsize=8)
def load_spec(path: Path, base: str = "") -> VendorSpec:
    """A vendor's file (YAML or JSON, perhaps gzipped), read once in a test run.

    Args:
        base: the path under which the connector finds the file's paths (``/wp-json``).
    """
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = raw.decode("utf-8-sig")
    is_json = text.lstrip().startswith("{")
    document = json.loads(text) if is_json else yaml.load(text, Loader=yaml.CSafeLoader)
    return VendorSpec(document, base)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as openapi-core wants it."""

    host_url: str
    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer as openapi-core wants it."""

    status_code: int
    headers: Headers
    content_type: str
    data: bytes


class VendorSpec:
    """What one vendor says about its interface; all its paths lie under ``base``."""

    def __init__(self, document: Mapping[str, Any], base: str = "") -> None:
        self.document = _mended(json.loads(json.dumps(document, default=str)), base)
        self._base = base.rstrip("/")
        self._paths = _patterns(self._base, self.document["paths"])
        kinds = set(re.findall(r"[\w.-]+/[\w.-]+\+json", json.dumps(self.document)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._core = OpenAPI.from_dict(self.document, config=Config(
                spec_validator_cls=None,
                extra_media_type_deserializers=dict.fromkeys(kinds, json.loads),
            ))

    def in_request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None, body: bytes | None = None,
    ) -> list[str]:
        """What is wrong with a request; empty when the vendor would take it."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: there is no such operation"]
        sent = {name.lower(): str(one) for name, one in (headers or {}).items()}
        query = [(name, one) for name, one in _pairs(params)]
        found = [
            *self._core_errors(method, path, query, sent, body),
            *self._unknown_query(operation, query),
            *self._unacceptable(operation, sent),
            *self._unsigned(operation, sent, query),
            *self._unknown_fields(operation, sent, body),
        ]
        return [f"{method} {path}: {one}" for one in found]

    def in_response(self, method: str, path: str, response: Response) -> list[str]:
        """What is wrong with an answer of a stand-in; refusals need not be in the vendor's file."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: there is no such operation"]
        told = operation["responses"]
        status = str(response.status)
        if status not in told and "default" not in told and f"{status[0]}XX" not in told:
            return [] if response.status >= 300 else [f"{method} {path}: no answer {status}"]
        if not response.body or response.status >= 300:
            return []
        kind = response.headers.get("content-type", "").partition(";")[0]
        body = response.body
        if "json" in kind:
            body = json.dumps(_without_nulls(json.loads(body))).encode()
        answered = _Answered(response.status, Headers(dict(response.headers)), kind, body)
        asked = self._asked(method, path, [], {}, None)
        return [f"{method} {path} -> {status}: {one}" for one in
                _told(self._core.iter_response_errors(asked, answered))]

    def _core_errors(
        self, method: str, path: str, query: Sequence[tuple[str, str]],
        headers: Mapping[str, str], body: bytes | None,
    ) -> Iterator[str]:
        asked = self._asked(method, path, query, headers, body)
        yield from _told(self._core.iter_request_errors(asked))

    def _asked(
        self, method: str, path: str, query: Sequence[tuple[str, str]],
        headers: Mapping[str, str], body: bytes | None,
    ) -> _Asked:
        kind = headers.get("content-type", "").partition(";")[0]
        return _Asked(HOST, path, method.lower(), RequestParameters(
            query=ImmutableMultiDict(list(query)), header=Headers(dict(headers)),
            cookie=ImmutableMultiDict(), path={},
        ), kind, body or None)

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, template in self._paths:
            item = self.document["paths"][template]
            if method.lower() in item and pattern.fullmatch(path):
                shared_ones = item.get("parameters", [])
                own = item[method.lower()]
                return {**own, "parameters": [*shared_ones, *own.get("parameters", [])]}
        return None

    def _unknown_query(
        self, operation: Mapping[str, Any], query: Sequence[tuple[str, str]]
    ) -> Iterator[str]:
        known = [one for one in map(self._deref, operation["parameters"]) if one["in"] == "query"]
        names = {one["name"] for one in known} | {f"{one['name']}[]" for one in known}
        deep = tuple(f"{one['name']}[" for one in known if one.get("style") == "deepObject")
        for name in dict.fromkeys(name for name, _ in query):
            if name not in names and not (deep and name.startswith(deep)):
                yield f"the query parameter {name} is not known"

    def _unacceptable(
        self, operation: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Iterator[str]:
        offered = {
            kind.partition(";")[0]
            for status, answer in operation["responses"].items() if status.startswith("2")
            for kind in self._deref(answer).get("content", {})
        }
        accepted = [one.partition(";")[0].strip() for one in
                    headers.get("accept", "*/*").split(",")]
        if offered and not any(_meets(one, kind) for one in accepted for kind in offered):
            yield f"no answer can be {headers['accept']}; there is {', '.join(sorted(offered))}"

    def _unsigned(
        self, operation: Mapping[str, Any], headers: Mapping[str, str],
        query: Sequence[tuple[str, str]],
    ) -> Iterator[str]:
        wanted = operation.get("x-security", self.document.get("x-security", []))
        if not wanted or {} in wanted:
            return
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        names = {name for name, _ in query}
        if not any(all(_shows(self._deref(schemes.get(name, {})), headers, names) for name in one)
                   for one in wanted):
            yield "nothing says who asks"

    def _unknown_fields(
        self, operation: Mapping[str, Any], headers: Mapping[str, str], body: bytes | None
    ) -> Iterator[str]:
        content = self._deref(operation.get("requestBody", {})).get("content", {})
        kind = headers.get("content-type", "").partition(";")[0]
        if not body or "json" not in kind or kind not in content:
            return
        try:
            document = json.loads(body)
        except ValueError:
            return  # openapi-core has said so
        yield from self._undeclared(document, content[kind].get("schema", {}), "body")

    def _undeclared(self, document: Any, schema: Any, where: str) -> Iterator[str]:
        """Fields of a document that no part of its schema declares."""
        if isinstance(document, list):
            parts = list(self._parts(schema, document))
            items = next((part["items"] for part in parts if "items" in part), {})
            for place, one in enumerate(document):
                yield from self._undeclared(one, items, f"{where}[{place}]")
        if not isinstance(document, dict):
            return
        parts = list(self._parts(schema, document))
        declared: dict[str, Any] = {}
        for part in parts:
            declared |= part.get("properties", {})
        is_open = not declared or any(part.get("additionalProperties") for part in parts)
        for name, one in document.items():
            if name in declared:
                yield from self._undeclared(one, declared[name], f"{where}.{name}")
            elif not is_open:
                yield f"{where}.{name} is not known"

    def _parts(self, schema: Any, document: Any, seen: tuple[int, ...] = ()) -> Iterator[Any]:
        """A schema and all that it is made of for this document."""
        schema = self._deref(schema)
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen = (*seen, id(schema))
        yield schema
        for word in ("allOf", "anyOf", "oneOf"):
            for one in schema.get(word, ()):
                yield from self._parts(one, document, seen)
        chosen = self._chosen(schema, document)
        if chosen is not None:
            yield from self._parts(chosen, document, seen)

    def _chosen(self, schema: Mapping[str, Any], document: Any) -> Any:
        """What a discriminator without ``oneOf`` points to."""
        told = schema.get("discriminator", {})
        if not told or not isinstance(document, dict):
            return None
        target = told.get("mapping", {}).get(document.get(told["propertyName"]))
        return {"$ref": target} if target else None

    def _deref(self, found: Any) -> Any:
        while isinstance(found, dict) and "$ref" in found:
            current: Any = self.document
            for key in found["$ref"].removeprefix("#/").split("/"):
                current = current[key.replace("~1", "/").replace("~0", "~")]
            found = current
        return found


@dataclass
class Witness:
    """Stands between a connector and a stand-in, as ``oms_connector.Http``; notes what is wrong.

    Args:
        inner: the stand-in's ``request``, called with the same arguments.
        spec: the vendor's file.
        signs: the headers that authenticate a signed request.
        skips: paths that the file does not describe (fetching tokens).
        excuses: what the file says wrongly about answers; a complaint with such words in it is
            left out.
    """

    inner: Any
    spec: VendorSpec
    signs: Callable[[], Mapping[str, str]] = dict
    skips: Callable[[str], bool] = lambda _path: False
    excuses: Sequence[str] = ()
    violations: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def request(self, method: str, path: str, **more: Any) -> Response:
        """Pass a request on, and write down what the vendor would say to it and to the answer."""
        if not self.skips(path):
            parts = urlsplit(path)
            signed = self.signs() if more.get("signed", True) else {}
            body = more.get("body")
            headers = {**signed, **(more.get("headers") or {})}
            if more.get("json") is not None:
                body = json.dumps(more["json"]).encode()
                headers = {"Content-Type": "application/json", **headers}
            params = [*parse_qsl(parts.query), *_pairs(more.get("params"))]
            self.seen.append(f"{method.upper()} {parts.path}")
            self.violations += self.spec.in_request(
                method.upper(), parts.path, params=_grouped(params), headers=headers, body=body)
        response: Response = self.inner.request(method, path, **more)
        if not self.skips(path):
            self.violations += [
                one for one in
                self.spec.in_response(method.upper(), urlsplit(path).path, response)
                if not any(excuse in one for excuse in self.excuses)
            ]
        return response

    def pause(self, seconds: float, bucket: str = "") -> None:
        """Nothing to wait for."""


def _mended(document: dict[str, Any], base: str) -> dict[str, Any]:
    """The document without its known flaws, and without what is checked here instead."""
    document["servers"] = [{"url": base or "/"}]
    for one in [document, *_places(document)]:
        if "security" in one:  # checked by _unsigned: openapi-core does not know OAuth
            one["x-security"] = one.pop("security")
        if one is not document:
            one.pop("servers", None)
        for parameter in one.get("parameters", []):
            if parameter.get("in") == "path":
                parameter["required"] = True
    return document


def _places(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All paths and all their operations."""
    for item in document["paths"].values():
        yield item
        yield from (item[method] for method in METHODS if method in item)


def _patterns(base: str, paths: Mapping[str, Any]) -> list[tuple[re.Pattern[str], str]]:
    """Paths as patterns, those with fewer placeholders first."""
    ranked = sorted(paths, key=lambda path: (path.count("{"), -len(path)))
    return [(re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(base + path))), path)
            for path in ranked]


def _told(errors: Iterator[Exception]) -> Iterator[str]:
    """Errors of openapi-core in one line each, with the fields that they are about."""
    for error in errors:
        causes = list(getattr(error.__cause__, "schema_errors", ()))
        details = "; ".join(f"{'.'.join(map(str, one.absolute_path))} {one.message[:200]}"
                            for one in causes[:4])
        yield f"{str(error)[:120]} ({details})" if details else str(error)


def _pairs(params: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for name, value in (params or {}).items():
        for one in value if isinstance(value, list | tuple | set) else (value,):
            if one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)


def _without_nulls(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _without_nulls(one) for name, one in document.items() if one is not None}
    return [_without_nulls(one) for one in document] if isinstance(document, list) else document


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _meets(accepted: str, kind: str) -> bool:
    if accepted == "*/*":
        return True
    return kind.startswith(accepted[:-1]) if accepted.endswith("/*") else accepted == kind


def _shows(scheme: Mapping[str, Any], headers: Mapping[str, str], query: set[str]) -> bool:
    if scheme.get("type") != "apiKey":
        return "authorization" in headers
    return scheme["name"] in query if scheme["in"] == "query" else scheme["name"].lower() in headers
