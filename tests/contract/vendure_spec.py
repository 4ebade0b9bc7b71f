"""Is every request what Vendure takes? Held against its own schema, where that is at hand.

Elsewhere the part of it that ``vendure_schema.graphql`` knows is the measure. Beyond GraphQL's own
rules these are violations too: a field that is marked as deprecated, a request that does not say
who asks, and a write that is not a mutation by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values
from oms_connector.testing import Request

from tests.contract.vendor_spec import SHARED

OURS = Path(__file__).with_name("vendure_schema.graphql")
VENDORS = SHARED / "specs" / "vendure" / "admin-api-3.7.3.graphql"
UNSIGNED = {"LogIn", "Known"}


@lru_cache(maxsize=2)
def schema(path: Path) -> GraphQLSchema:
    """A schema from a file, read once in a test run."""
    return build_schema(path.read_text("utf-8"), assume_valid_sdl=path == VENDORS)


def measure() -> GraphQLSchema:
    """The vendor's own schema, or ours."""
    return schema(VENDORS if VENDORS.exists() else OURS)


def violations(request: Request) -> list[str]:
    """What is wrong with a request; empty when Vendure would take it."""
    return list(_violations(request, measure()))


def _violations(request: Request, held: GraphQLSchema) -> Iterator[str]:
    if request.method != "POST" or request.path != "/admin-api":
        yield f"there is no {request.method} {request.path}"
        return
    if "json" not in request.headers.get("content-type", ""):
        yield "the body is not called JSON"
    try:
        told = request.json()
        document, errors = _parsed(told["query"], held)
    except (ValueError, KeyError, GraphQLError) as error:
        yield f"the body is no GraphQL: {error}"
        return
    yield from (str(error) for error in errors)
    yield from (f"{name} is not known" for name in sorted(set(told) - {"query", "variables"}))
    operation = next(one for one in document.definitions
                     if isinstance(one, OperationDefinitionNode))
    if not errors:
        yield from _in_variables(operation, told.get("variables") or {}, held)
    name = operation.name.value if operation.name else ""
    signed = {"authorization", "vendure-api-key"} & set(request.headers)
    if not signed and name not in UNSIGNED:
        yield "nobody says who asks"
    is_write = operation.operation == OperationType.MUTATION
    if is_write and len(operation.selection_set.selections) > 1:
        yield "a mutation of several things"


@lru_cache(maxsize=200)
def _parsed(text: str, held: GraphQLSchema) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    document = parse(text)
    return document, tuple(validate(held, document, [*specified_rules, NoDeprecatedCustomRule]))


def _in_variables(operation: OperationDefinitionNode, told: dict[str, object],
                  held: GraphQLSchema) -> Iterator[str]:
    defined = operation.variable_definitions or ()
    found = get_variable_values(held, defined, told)
    if isinstance(found, list):
        yield from (str(error) for error in found)
    known = {one.variable.name.value for one in defined}
    yield from (f"${name} is not in the document" for name in sorted(set(told) - known))
