"""GraphQL without a schema: what a document asks for is picked out of plain values.

Enough for a stand-in: aliases, arguments, fragments, directives. A field with arguments is a
function. What a stand-in does not have fails loudly, so that it cannot be asked for unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)

MUTATION = 10.0
WRAPPERS = frozenset({"nodes", "edges", "node", "pageInfo"})


@dataclass(frozen=True)
class Asked:
    """A document, taken apart."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]

    @property
    def is_mutation(self) -> bool:
        """Whether it changes something."""
        return self.operation.operation.value == "mutation"


@lru_cache(maxsize=200)
def asked(text: str) -> Asked:
    """A document's one operation and its fragments."""
    document: DocumentNode = parse(text)
    [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    return Asked(operation, {one.name.value: one for one in document.definitions
                             if isinstance(one, FragmentDefinitionNode)})


def execute(text: str, variables: Mapping[str, Any], roots: Mapping[str, Callable[..., Any]]
            ) -> dict[str, Any]:
    """The ``data`` of an answer. A root gets its arguments, and ``idempotent`` where that is said.

    Raises:
        KeyError: the stand-in has no such field.
    """
    document = asked(text)
    data = {}
    for field in _fields(document.operation.selection_set, document, ""):
        told = _arguments(field, variables)
        for one in field.directives or ():
            told[one.name.value] = _arguments(one, variables)["key"]
        found = roots[field.name.value](**told)
        data[_key(field)] = _picked(found, field, document, variables)
    return data


def cost(text: str, variables: Mapping[str, Any]) -> float:
    """What a document is thought to cost: see ``oms_shopify.queries``."""
    document = asked(text)
    roots = _fields(document.operation.selection_set, document, "")
    base = MUTATION * len(roots) if document.is_mutation else 0.0
    return base + sum(_cost(field, document, variables) for field in roots)


def used(text: str, variables: Mapping[str, Any], data: Mapping[str, Any]) -> float:
    """What an answer is thought to have cost: the same, by the rows that really came."""
    document = asked(text)
    roots = _fields(document.operation.selection_set, document, "")
    base = MUTATION * len(roots) if document.is_mutation else 0.0
    return base + sum(_used(field, document, variables, data[_key(field)]) for field in roots)


def _used(field: FieldNode, document: Asked, variables: Mapping[str, Any], found: Any) -> float:
    if field.selection_set is None or found is None:
        return 0.0
    if isinstance(found, list):
        return sum(_used(field, document, variables, one) for one in found)
    inner = sum(_used(one, document, variables, found.get(_key(one)))
                for one in _fields(field.selection_set, document, None))
    if field.name.value in WRAPPERS and not field.arguments:
        return inner + (field.name.value in ("nodes", "node"))
    rows = len(found.get("nodes") or ()) if "first" in _arguments(field, variables) else 0
    return 1 + (inner * 2 * log(rows) / rows if rows > 1 else inner)


def roots_of(text: str) -> list[FieldNode]:
    """The root fields of a document."""
    return _fields(asked(text).operation.selection_set, asked(text), "")


def _cost(field: FieldNode, document: Asked, variables: Mapping[str, Any]) -> float:
    if field.selection_set is None:
        return 0.0
    inner = sum(_cost(one, document, variables)
                for one in _fields(field.selection_set, document, None))
    if field.name.value in WRAPPERS and not field.arguments:
        return inner
    arguments = _arguments(field, variables)
    if "first" in arguments:
        return 1 + 2 * log(max(2, int(arguments["first"]))) * (inner + 1)
    if "ids" in arguments:
        return len(arguments["ids"]) * (inner + 1)
    return inner + 1


def _picked(found: Any, field: FieldNode, document: Asked, variables: Mapping[str, Any]) -> Any:
    if found is None or field.selection_set is None:
        if isinstance(found, dict):
            raise KeyError(f"{field.name.value} wants fields of its own")
        return found
    if isinstance(found, list):
        return [_picked(one, field, document, variables) for one in found]
    row = {}
    for one in _fields(field.selection_set, document, found.get("__typename", "")):
        name = one.name.value
        if name not in found:
            raise KeyError(f"the stand-in has no {name} in {field.name.value}")
        held = found[name]
        if callable(held):
            held = held(**_arguments(one, variables))
        row[_key(one)] = _picked(held, one, document, variables)
    return row


def _fields(selections: SelectionSetNode, document: Asked, kind: str | None) -> list[FieldNode]:
    """Fields of a selection; of fragments those that fit ``kind`` (all fit None, or no kind)."""
    found: list[FieldNode] = []
    for one in selections.selections:
        if isinstance(one, FieldNode):
            found.append(one)
        elif isinstance(one, FragmentSpreadNode):
            fragment = document.fragments[one.name.value]
            found += _fields(fragment.selection_set, document, kind)
        elif isinstance(one, InlineFragmentNode):
            wanted = one.type_condition.name.value if one.type_condition else ""
            if not kind or not wanted or wanted == kind:
                found += _fields(one.selection_set, document, kind)
    return found


def _arguments(node: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for one in node.arguments or ():
        value = value_from_ast_untyped(one.value, dict(variables))
        found[one.name.value] = value
    return found


def _key(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value
