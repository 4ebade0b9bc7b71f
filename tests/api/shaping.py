"""Requests made from our own OpenAPI document: of the right shape, then spoiled in one place."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

JSON = "application/json"
NO_NUL = r"^[^\x00]*$"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))
# What a careless program sends where something else is due.
WRONG = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(2**63 - 2, 2**70), st.just(-(2**63)),
    st.floats(allow_nan=False), st.just(""), st.just("\0"), st.just("\ud800"),
    st.just("x" * 30_000),
    st.just("٣.٥"), st.just("1e400"), st.just([]), st.just({}), st.just([[[[]]]]),
    st.just("0001-01-01T00:00:00Z"), st.just("2026-11-24T11:00:00"), st.just("NaN"), TEXT,
)


@dataclass
class Asked:
    """A request. ``raw`` stands for the body where it is no JSON of ours; ``spoiled`` says where
    it is wrong.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    spoiled: str = ""

    @property
    def address(self) -> str:
        return f"/api/v1{self.path}" + (f"?{urlencode(self.query, errors='replace')}"
                                        if self.query else "")

    @property
    def content(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body).encode()


class Shapes:
    """Makes values of the schemas of one document. ``known``: values worth trying, by name."""

    def __init__(self, document: dict[str, Any], known: dict[str, list[Any]]) -> None:
        self.document = document
        self.known = known

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Address, method and description of every operation."""
        for path, methods in self.document["paths"].items():
            for method, said in methods.items():
                yield path, method.upper(), said

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        """Checks values against a schema of the document."""
        return Draft202012Validator({**schema, "components": self.document["components"]})

    def body_schema(self, said: dict[str, Any]) -> dict[str, Any] | None:
        """The schema of an operation's body."""
        return said["requestBody"]["content"][JSON]["schema"] if "requestBody" in said else None

    # Values ------------------------------------------------------------------------------------

    def value(self, schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
        """A value that a schema allows, now and then a known one."""
        if "$ref" in schema:
            return self.value(self._resolved(schema["$ref"]), name)
        made = self._made(schema, name)
        if name not in self.known:
            return made
        known = st.sampled_from(self.known[name])
        return st.integers(0, 4).flatmap(lambda n: known if n else made)

    def _resolved(self, ref: str) -> dict[str, Any]:
        found: Any = self.document
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def _made(self, schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
        if "anyOf" in schema:
            return st.one_of([self.value(one, name) for one in schema["anyOf"]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = schema["type"]
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            least = schema.get("minItems", 0)
            return st.lists(self.value(schema["items"], name), min_size=least,
                            max_size=max(least, min(schema["maxItems"], 3)))
        return {
            "string": lambda: self._text(schema), "boolean": st.booleans, "null": st.none,
            "integer": lambda: st.integers(schema.get("minimum"), schema.get("maximum")),
        }[kind]()

    def _object(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        fields = schema.get("properties")
        if fields is None:
            [inside] = schema["patternProperties"].values()
            return st.dictionaries(st.sampled_from(self.known["sku"]), self.value(inside),
                                   max_size=2)
        needed = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: self.value(said, name) for name, said in fields.items() if name in needed},
            optional={name: self.value(said, name) for name, said in fields.items()
                      if name not in needed},
        )

    def _text(self, schema: dict[str, Any]) -> st.SearchStrategy[str]:
        if schema.get("format") == "date-time":
            return st.builds(lambda day, at: f"{day}T{at:%H:%M:%S}Z", DAYS, st.times())
        if schema.get("format") == "date":
            return DAYS.map(str)
        if "pattern" in schema and schema["pattern"] != NO_NUL:
            return st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True)
        least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
        return st.one_of(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=least,
                    max_size=min(most, max(least, 8))),
            st.just("ż" * most),
        )

    # Requests ----------------------------------------------------------------------------------

    def good(self, path: str, method: str, said: dict[str, Any]) -> st.SearchStrategy[Asked]:
        """A request of the right shape; what it is about may be missing or impossible all the same.
        """
        places = {one["name"]: self.value(one["schema"], one["name"])
                  for one in said["parameters"] if one["in"] == "path"}
        queries = {one["name"]: self.value(one["schema"], one["name"])
                   for one in said["parameters"] if one["in"] == "query"}
        schema = self.body_schema(said)

        @st.composite
        def asked(draw: Any) -> Asked:
            found = path
            for name, values in places.items():
                found = found.replace("{" + name + "}", quote(str(draw(values)), safe="/"))
            chosen = draw(st.lists(st.sampled_from(sorted(queries)), unique=True, max_size=4)) \
                if queries else []
            query = [(name, _plain(one)) for name in chosen for one in _listed(draw(queries[name]))]
            headers = {}
            if any(one["in"] == "header" for one in said["parameters"]):
                headers["Idempotency-Key"] = draw(st.from_regex(r"[!-~]{1,80}", fullmatch=True))
            return Asked(method, found, query, draw(self.value(schema)) if schema else None,
                         headers)

        return asked()

    def spoiled(self, path: str, method: str, said: dict[str, Any]) -> st.SearchStrategy[Asked]:
        """A request that is wrong in one place, or wrong altogether."""
        @st.composite
        def asked(draw: Any) -> Asked:
            one = draw(self.good(path, method, said))
            ways = ["query", "header", "path"] + (["body"] * 5 + ["raw"] if one.body else [])
            one.spoiled = way = draw(st.sampled_from(ways))
            if way == "query":
                names = [p["name"] for p in said["parameters"] if p["in"] == "query"] + ["colour"]
                one.query.append((draw(st.sampled_from(names)), _plain(draw(WRONG))))
            elif way == "header":
                one.headers["Idempotency-Key"] = draw(st.sampled_from(["", " ", "x" * 81, "\x7f"]))
            elif way == "path":
                parts = one.path.split("/")
                place = draw(st.integers(1, len(parts) - 1))
                parts[place] = quote(_plain(draw(WRONG))[:200], errors="replace")
                one.path = "/".join(parts)
            elif way == "raw":
                one.raw = draw(st.sampled_from([
                    b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a":1}{', b"[" * 5000, b'"x"', b"1",
                    b"NaN"]))
            else:
                one.body = draw(self._spoil(one.body))
            return one

        return asked()

    def _spoil(self, body: Any) -> st.SearchStrategy[Any]:
        places = list(_places(body))

        @st.composite
        def spoiled(draw: Any) -> Any:
            made = copy.deepcopy(body)
            inside = made
            *way, last = draw(st.sampled_from([*places, ["colour"]]))
            for part in way:
                inside = inside[part]
            if draw(st.booleans()) or isinstance(inside, list) or last not in inside:
                inside[last] = draw(WRONG)
            else:
                del inside[last]
            return made

        return spoiled()


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[list[Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) \
        if isinstance(value, list) else ()
    for name, inside in pairs:
        yield [*way, name]
        yield from _places(inside, (*way, name))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
