"""WooCommerce's own description of its routes as a witness: is every request what it says it takes?

The vendor's files are the answers of a running shop to OPTIONS. Beyond what WordPress itself
refuses, these are violations too, because it swallows them in silence: parameters and fields that
the route does not know, fields that may only be read, names that are repeated (PHP takes the last),
and moments with a zone where they are said to be GMT. Routes without a file have their names here
by hand, from the vendor's documentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from oms_connector.testing import Request

from tests.contract.vendor_spec import SHARED

FOLDER = SHARED / "specs" / "woocommerce"
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?")
WHOLE = {"type": "integer"}
TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
PAGES = {"page": {"type": "integer", "minimum": 1},
         "per_page": {"type": "integer", "minimum": 1, "maximum": 100}}
Args = Mapping[str, Mapping[str, Any]]
REFUND_LINES = {"type": "array", "items": {"type": "object", "properties": {
    "id": WHOLE, "quantity": WHOLE, "refund_total": {"type": "number"},
    "refund_tax": {"type": "array", "items": {"type": "object", "properties": {
        "id": WHOLE, "refund_total": {"type": "number"}}}}}}}


@dataclass(frozen=True)
class Route:
    """What one operation takes. ``batch``: the fields of one item."""

    query: Args
    body: Args | None = None
    batch: Args | None = None


@lru_cache(maxsize=1)
def routes(folder: Path = FOLDER) -> Mapping[tuple[str, str], Route]:
    """Method and pattern -> what the route takes."""
    orders, products = _file(folder, "orders"), _file(folder, "products")
    refunds, hooks = _file(folder, "refunds"), _file(folder, "webhooks")
    order, product = r"/wc/v3/orders/\d+", r"/wc/v3/products/\d+"
    dp = {"dp": orders["GET"]["dp"]}
    listed = {name: products["GET"][name] for name in ("page", "per_page", "order", "orderby")}
    item = {"id": WHOLE, **_file(folder, "products_batch")["POST"]}
    made = {**refunds["schema"], "line_items": REFUND_LINES}
    hook = {**hooks["POST"]}
    optional = {name: {**one, "required": False} for name, one in hook.items()}
    tracking = r"/wc-shipment-tracking/v3/orders/\d+/shipment-trackings"
    return {
        ("GET", "/wc/v3/orders"): Route(orders["GET"]),
        ("GET", order): Route(dp), ("PUT", order): Route({}, orders["POST"]),
        ("GET", f"{order}/refunds"): Route(refunds["GET"]),
        ("POST", f"{order}/refunds"): Route({}, made), ("GET", "/wc/v3/refunds"): Route(
            refunds["GET"]),
        ("GET", f"{order}/notes"): Route({"type": {"enum": ["any", "customer", "internal"],
                                                   **TEXT}}),
        ("POST", f"{order}/notes"): Route({}, {"note": {**TEXT, "required": True},
                                               "customer_note": FLAG}),
        ("GET", "/wc/v3/products"): Route(products["GET"]), ("GET", product): Route({}),
        ("GET", f"{product}/variations"): Route(listed),
        ("POST", "/wc/v3/products/batch"): Route({}, batch=item),
        ("POST", f"{product}/variations/batch"): Route({}, batch=item),
        ("GET", "/wc/v3/webhooks"): Route(hooks["GET"]),
        ("POST", "/wc/v3/webhooks"): Route({}, hook),
        ("PUT", r"/wc/v3/webhooks/\d+"): Route({}, optional),
        ("DELETE", r"/wc/v3/webhooks/\d+"): Route({"force": FLAG}),
        ("GET", "/"): Route({"_fields": TEXT}),
        ("GET", "/wc/v3/data/currencies/current"): Route({}),
        ("GET", "/wc/v3/reports/orders/totals"): Route({}),
        ("GET", "/wc/v3/payment_gateways"): Route({}), ("GET", "/wc/v3/shipping/zones"): Route({}),
        ("GET", r"/wc/v3/shipping/zones/\d+/methods"): Route({}),
        ("GET", tracking): Route({}), ("POST", tracking): Route({}, {
            "tracking_provider": TEXT, "custom_tracking_provider": TEXT, "date_shipped": TEXT,
            "custom_tracking_link": TEXT, "tracking_number": {**TEXT, "required": True}}),
    }


def violations(request: Request) -> Sequence[str]:
    """How a request breaks what the vendor says of its route; empty when it does not."""
    path = request.path.removeprefix("/wp-json")
    if not request.path.startswith("/wp-json"):
        return [] if request.query.get("rest_route") else [f"{request.path} is no route"]
    route = next((found for (method, pattern), found in routes().items()
                  if method == request.method and re.fullmatch(pattern, path)), None)
    if route is None:
        return [f"there is no {request.method} {path}"]
    found = list(_in_query(request, route.query))
    if path != "/" and not request.headers.get("authorization", "").startswith("Basic "):
        found.append("nobody says who asks")
    return found + list(_in_body(request, route))


def _in_query(request: Request, args: Args) -> Iterator[str]:
    names = [name for name, _ in request.pairs]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"{name} is repeated"
    for name, told in request.pairs:
        if name not in args:
            yield f"{name} is not a parameter"
            continue
        yield from _wrong(name, _from_text(told, args[name]), args[name])
        written = MOMENT.fullmatch(told) if args[name].get("format") == "date-time" else None
        if written and written[2] and request.query.get("dates_are_gmt"):
            yield f"{name} has a zone, and WordPress turns it into the shop's time"


def _in_body(request: Request, route: Route) -> Iterator[str]:
    if route.body is None and route.batch is None:
        if request.body:
            yield "a body where none belongs"
        return
    try:
        body = json.loads(request.body)
    except ValueError:
        yield "the body is no JSON"
        return
    if "json" not in request.headers.get("content-type", ""):
        yield "the body is not called JSON"
    if route.batch is None:
        yield from _fields("body", body, route.body or {})
        return
    for act in sorted(set(body) - {"create", "update", "delete"}):
        yield f"body.{act} is not known"
    if sum(map(len, body.values())) > 100:
        yield "more than 100 items in a batch"
    for number, item in enumerate(body.get("update", ())):
        yield from _fields(f"body.update[{number}]", item, route.batch)


def _fields(place: str, document: Any, args: Args) -> Iterator[str]:
    if not isinstance(document, dict):
        yield f"{place} is no object"
        return
    for name, schema in args.items():
        if schema.get("required") is True and name not in document:
            yield f"{place}.{name} is missing"
    for name, told in document.items():
        if name not in args:
            yield f"{place}.{name} is not known"
        elif args[name].get("readonly"):
            yield f"{place}.{name} may only be read"
        else:
            yield from _wrong(f"{place}.{name}", told, args[name])


def _wrong(place: str, told: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    kinds = ["string" if kind == "date-time" else kind for kind in kinds if kind != "mixed"]
    if kinds and not any(_is(kind, told) for kind in kinds):
        yield f"{place} is {told!r}, not {' or '.join(kinds)}"
        return
    if "enum" in schema and told not in schema["enum"]:
        yield f"{place} is {told!r}, none of {schema['enum']}"
    if schema.get("format") == "date-time" and not MOMENT.fullmatch(str(told)):
        yield f"{place} is no moment: {told!r}"
    if "minimum" in schema and told < schema["minimum"]:
        yield f"{place} is below {schema['minimum']}"
    if "maximum" in schema and told > schema["maximum"]:
        yield f"{place} is above {schema['maximum']}"
    if isinstance(told, list) and "items" in schema:
        for number, one in enumerate(told):
            yield from _wrong(f"{place}[{number}]", one, schema["items"])
    if isinstance(told, dict) and "properties" in schema:
        yield from _fields(place, told, schema["properties"])


def _is(kind: str, told: Any) -> bool:
    is_flag = isinstance(told, bool)
    return {"integer": isinstance(told, int) and not is_flag,
            "number": isinstance(told, int | float) and not is_flag,
            "string": isinstance(told, str), "boolean": is_flag, "null": told is None,
            "array": isinstance(told, list), "object": isinstance(told, dict)}[kind]


def _from_text(told: str, schema: Mapping[str, Any]) -> Any:
    """What a parameter of the address stands for; the text itself where it is nothing of it."""
    kind = schema.get("type")
    if kind == "array":
        return [_from_text(one, schema.get("items", {})) for one in told.split(",")]
    if kind == "integer" and re.fullmatch(r"-?\d+", told):
        return int(told)
    return {"true": True, "false": False, "1": True, "0": False}.get(told, told) \
        if kind == "boolean" else told


def _file(folder: Path, name: str) -> dict[str, Any]:
    document = json.loads((folder / f"{name}.options.json").read_text("utf-8"))
    found = {method: endpoint["args"] for endpoint in document["endpoints"]
             for method in endpoint["methods"]}
    return {**found, "schema": document["schema"]["properties"]}
