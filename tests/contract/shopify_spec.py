"""Shopify's own schema as a witness: is every document and every variable what it says it takes?

The vendor's file (introspection of version 2026-10) is not part of this project. Where it is at
hand, documents are validated against it, variables coerced, and the stand-in's answers held
against it too. Where it is not, a document must be one that was validated before (``KNOWN`` holds
their digests, and a test with the file at hand holds those to it), and input objects must have the
fields that are listed here by hand. What the schema does not say and Shopify demands all the same
is looked at in both cases: idempotency keys, at most 250 in a list, at most 1000 points.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_client_schema,
    parse,
    print_ast,
    validate,
)
from graphql.execution.values import get_variable_values
from oms_connector import Response
from oms_connector.testing import Request

from tests.contract import shopify_graph
from tests.contract.vendor_spec import SHARED

FILE = SHARED / "specs" / "shopify" / "admin_2026-10.json.gz"
GRAPHQL = "/admin/api/2026-10/graphql.json"
TOKEN = "/admin/oauth/access_token"
IDEMPOTENT = frozenset({"inventorySetQuantities", "inventoryActivate", "refundCreate"})
MOST = 250
# What we send within input objects: field -> whether it must be there.
INPUTS: Mapping[str, Mapping[str, bool]] = {
    "InventorySetQuantitiesInput": {"name": True, "reason": True, "quantities": True},
    "FulfillmentInput": {"lineItemsByFulfillmentOrder": True, "notifyCustomer": False,
                         "trackingInfo": False},
    "FulfillmentTrackingInput": {"numbers": False, "urls": False, "company": False},
    "FulfillmentOrderHoldInput": {"reason": True, "notifyMerchant": False},
    "RefundInput": {"orderId": True, "note": False, "notify": False, "currency": False,
                    "refundLineItems": False, "transactions": False},
    "ProductVariantsBulkInput": {"id": False, "price": False},
    "WebhookSubscriptionInput": {"uri": False, "format": False, "includeFields": False},
}
KINDS: Mapping[str, type[Any]] = {"Int": int, "String": str, "ID": str, "Boolean": bool}
KNOWN = frozenset({
    "008e00a44ee53e45", "02d301e672ab451a", "06ed887e72436bc3", "176e1303dea2af3d",
    "1af61826455a5ca7", "20f8348fcdd639fb", "2953d755eb8407c8", "30e5054bc252632d",
    "3396e756d96a6615", "44dc9bcd4676423e", "4ae1461acca63608", "58692a8c87823af1",
    "5f25e8bbbf28c5f6", "652999bd2032237f", "658afe06d5df2984", "755510726e3fa6a4",
    "7c84952ad4de9c51", "7f2953256961567a", "8e5b2e502d4b94ff", "9182a8ccc574be87",
    "a784537bc9c65edd", "a933cfe057913785", "ac094aecfdba1f5d", "c60e779d3f828eb1",
    "cfee62819de10cce", "d4478297323c34d3", "dc4c555bcd8cc5a3", "e5e1e81b7bd1df11",
    "e8beed05d454165c", "f47e4329c522add8", "f818539fc8dad970",
})


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The vendor's schema, read once in a test run."""
    told = json.loads(gzip.decompress(FILE.read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


def digest(text: str) -> str:
    """A mark of a document, whatever blanks are in it."""
    return hashlib.sha256(print_ast(parse(text)).encode()).hexdigest()[:16]


def violations(request: Request, response: Response) -> Sequence[str]:
    """How a request breaks what Shopify says; empty when it does not."""
    if request.path == TOKEN:
        return list(_token(request))
    found = []
    if request.method != "POST" or request.path != GRAPHQL or request.pairs:
        found.append(f"{request.method} {request.path} is no call of this version")
        return found
    if "json" not in request.headers.get("content-type", ""):
        found.append("the body is not called JSON")
    if not request.headers.get("x-shopify-access-token"):
        found.append("nobody says who asks")
    body = request.json()
    found += [f"{name} is not taken" for name in set(body) - {"query", "variables"}]
    text, variables = body["query"], body.get("variables") or {}
    found += _in_document(text)
    found += _in_variables(text, variables)
    found += _unsaid(text, variables)
    if FILE.exists() and response.status == 200:
        found += _in_answer(text, response)
    return found


@lru_cache(maxsize=200)
def _in_document(text: str) -> tuple[str, ...]:
    if FILE.exists():
        return tuple(error.message for error in validate(schema(), parse(text)))
    return () if digest(text) in KNOWN else ("a document that was never held against the schema",)


def _in_variables(text: str, variables: Mapping[str, Any]) -> Iterator[str]:
    definitions = shopify_graph.asked(text).operation.variable_definitions or ()
    declared = {one.variable.name.value: one for one in definitions}
    yield from (f"${name} is not declared" for name in set(variables) - set(declared))
    if FILE.exists():
        coerced = get_variable_values(schema(), definitions, dict(variables))
        if isinstance(coerced, list):
            yield from (error.message for error in coerced)
        return
    for name, one in declared.items():
        yield from _by_hand(f"${name}", print_ast(one.type), variables.get(name))


def _by_hand(place: str, kind: str, told: Any) -> Iterator[str]:
    """A variable without the schema: its kind, and the fields of input objects."""
    if told is None:
        if kind.endswith("!"):
            yield f"{place} is missing"
        return
    kind = kind.removesuffix("!")
    if kind.startswith("["):
        for number, one in enumerate(told if isinstance(told, list) else [None]):
            yield from _by_hand(f"{place}[{number}]", kind[1:-1], one)
    elif kind in KINDS:
        if not isinstance(told, KINDS[kind]) or (kind == "Int" and isinstance(told, bool)):
            yield f"{place} is {told!r}, not {kind}"
    elif kind in INPUTS:
        fields = INPUTS[kind]
        yield from (f"{place}.{name} is not known" for name in set(told) - set(fields))
        yield from (f"{place}.{name} is missing" for name, needed in fields.items()
                    if needed and name not in told)
    elif not isinstance(told, str):
        yield f"{place} is {told!r}, not a word of {kind}"


def _unsaid(text: str, variables: Mapping[str, Any]) -> Iterator[str]:
    """What the schema's prose demands."""
    for field in shopify_graph.roots_of(text):
        named = {one.name.value for one in field.directives or ()}
        if field.name.value in IDEMPOTENT and "idempotent" not in named:
            yield f"{field.name.value} wants an idempotency key"
    if "key" in variables and not variables["key"]:
        yield "an empty idempotency key"
    for row in variables.get("input", {}).get("quantities", ()):
        if "changeFromQuantity" not in row:
            yield "changeFromQuantity must be said, be it null"
    for name, told in variables.items():
        if isinstance(told, list) and len(told) > MOST:
            yield f"${name} has {len(told)} entries, and {MOST} are taken"
    cost = shopify_graph.cost(text, variables)
    if cost > 1000:
        yield f"it costs {cost:.0f} points, and no query may cost more than 1000"


def _token(request: Request) -> Iterator[str]:
    told = parse_qs(request.body.decode())
    if request.method != "POST" or request.headers.get("content-type") != \
            "application/x-www-form-urlencoded":
        yield "a token is asked for by a form"
    if sorted(told) != ["client_id", "client_secret", "grant_type"] or \
            told["grant_type"] != ["client_credentials"]:
        yield f"the form holds {sorted(told)}"
    if "x-shopify-access-token" in request.headers:
        yield "a token is shown where one is asked for"


def _in_answer(text: str, response: Response) -> Iterator[str]:
    """Whether the stand-in says what the schema lets Shopify say."""
    data = json.loads(response.body).get("data")
    if data is None:
        return
    document = shopify_graph.asked(text)
    root = schema().mutation_type if document.is_mutation else schema().query_type
    yield from _fields("data", root, data, document.operation.selection_set, document)


def _fields(place: str, kind: Any, told: Any, selections: Any, document: Any) -> Iterator[str]:
    for field in shopify_graph._fields(selections, document, kind.name):
        name = field.name.value
        if name not in kind.fields:
            continue  # of another kind than this one
        yield from _value(f"{place}.{name}", kind.fields[name].type,
                          told.get(shopify_graph._key(field)), field, document)


def _value(place: str, kind: Any, told: Any, field: Any, document: Any) -> Iterator[str]:
    if isinstance(kind, GraphQLNonNull):
        if told is None:
            yield f"the stand-in says null for {place}"
            return
        kind = kind.of_type
    if told is None:
        return
    if isinstance(kind, GraphQLList):
        for one in told:
            yield from _value(place, kind.of_type, one, field, document)
    elif isinstance(kind, GraphQLObjectType):
        yield from _fields(place, kind, told, field.selection_set, document)
    elif not isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
        yield from _leaf(place, kind, told)


def _leaf(place: str, kind: Any, told: Any) -> Iterator[str]:
    if isinstance(kind, GraphQLEnumType):
        if told not in kind.values:
            yield f"the stand-in says {told!r} for {place}, no word of {kind.name}"
        return
    wanted = {"Int": int, "Boolean": bool, "Float": float}.get(kind.name, str)
    if not isinstance(told, wanted):
        yield f"the stand-in says {told!r} for {place}, not {kind.name}"
