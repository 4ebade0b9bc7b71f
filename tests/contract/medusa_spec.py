"""What Medusa 2.21 takes, route by route: is every request what its own validators let through?

The vendor's OpenAPI file that is at hand is of 2.0 and lacks half of these routes, so they stand
here by hand, as a running 2.21 was seen to take and to refuse them. Beyond what Medusa itself
refuses, these are violations too, because it swallows them in silence: parameters that the route
does not know, and fields that its rows do not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from oms_connector.testing import Request

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
MAP = {"type": "object", "additionalProperties": True}
PAGES = frozenset({"limit", "offset", "order", "fields"})
SPAN = frozenset({"updated_at[$gte]", "updated_at[$lte]", "id[]"})
FIELDS = frozenset({"fields"})
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ORDER = r"/orders/order_\w+"
MADE = rf"{ORDER}/fulfillments/ful_\w+"
EDIT = r"/order-edits/order_\w+"


def _object(*needed: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(needed),
            "additionalProperties": False}


def _list(items: Any, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


ITEMS = _object("id", "quantity", id=TEXT, quantity={"type": "integer", "minimum": 1})
LINK = {"type": "string", "pattern": "^(#?|https?://.+)$"}
LABEL = _object("tracking_number", "tracking_url", "label_url", tracking_number=TEXT,
                tracking_url=LINK, label_url=LINK)
LEVEL = _object("inventory_item_id", "location_id", "stocked_quantity", inventory_item_id=TEXT,
                location_id=TEXT, stocked_quantity=COUNT)
PRICE = _object("amount", "currency_code", id=TEXT, amount={"type": "number", "minimum": 0},
                currency_code={"type": "string", "pattern": "^[a-z]{3}$"}, rules=MAP,
                min_quantity=COUNT, max_quantity=COUNT)
VARIANT = _object("id", id=TEXT, prices=_list(PRICE))

ORDER_ROOTS = frozenset({
    "id", "display_id", "custom_display_id", "status", "created_at", "updated_at", "canceled_at",
    "currency_code", "email", "metadata", "total", "credit_line_total", "payment_status",
    "fulfillment_status", "customer_id", "sales_channel", "items", "shipping_address",
    "billing_address", "shipping_methods", "credit_lines", "customer", "payment_collections",
    "fulfillments"})
RETURN_ROOTS = frozenset({"id", "order_id", "display_id", "status", "created_at", "updated_at",
                          "requested_at", "items"})
VARIANT_ROOTS = frozenset({"id", "title", "sku", "barcode", "ean", "manage_inventory",
                           "product_id", "product", "inventory_items", "prices"})
NAMED = frozenset({"id", "name"})


@dataclass(frozen=True)
class Route:
    """What one operation takes; ``body`` is None where none belongs, ``roots`` are its fields."""

    query: frozenset[str]
    body: Mapping[str, Any] | None = None
    roots: frozenset[str] = frozenset()


ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/orders"): Route(PAGES | SPAN, roots=ORDER_ROOTS),
    ("GET", "/returns"): Route(PAGES | SPAN, roots=RETURN_ROOTS),
    ("GET", "/product-variants"): Route(PAGES | {"id[]"}, roots=VARIANT_ROOTS),
    ("GET", "/stores"): Route(PAGES, roots=NAMED | {"supported_currencies"}),
    ("GET", "/sales-channels"): Route(PAGES, roots=NAMED),
    ("GET", "/stock-locations"): Route(PAGES, roots=NAMED),
    ("GET", "/shipping-options"): Route(PAGES, roots=NAMED),
    ("GET", "/payments/payment-providers"): Route(PAGES, roots=frozenset({"id"})),
    ("GET", "/price-preferences"): Route(PAGES | {"attribute", "value"}),
    ("GET", f"{ORDER}/changes"): Route(FIELDS),
    ("POST", f"{ORDER}/cancel"): Route(FIELDS, roots=ORDER_ROOTS),
    ("POST", f"{ORDER}/archive"): Route(FIELDS, roots=ORDER_ROOTS),
    ("POST", f"{ORDER}/complete"): Route(FIELDS, _object(), ORDER_ROOTS),
    ("POST", f"{ORDER}/fulfillments"): Route(FIELDS, _object(
        "items", items=_list(ITEMS, 1), location_id=TEXT, shipping_option_id=TEXT,
        no_notification={"type": "boolean"}, metadata=MAP), ORDER_ROOTS),
    ("POST", f"{MADE}/cancel"): Route(FIELDS, _object(
        no_notification={"type": "boolean"}), ORDER_ROOTS),
    ("POST", f"{MADE}/mark-as-delivered"): Route(FIELDS, _object(
        no_notification={"type": "boolean"}), ORDER_ROOTS),
    ("POST", f"{MADE}/shipments"): Route(FIELDS, _object(
        "items", items=_list(ITEMS), labels=_list(LABEL), metadata=MAP), ORDER_ROOTS),
    ("POST", "/order-edits"): Route(frozenset(), _object(
        "order_id", order_id=TEXT, description=TEXT, internal_note=TEXT, metadata=MAP)),
    ("POST", rf"{EDIT}/items/item/ordli_\w+"): Route(frozenset(), _object(
        "quantity", quantity=COUNT, internal_note=TEXT)),
    ("POST", f"{EDIT}/confirm"): Route(frozenset()), ("DELETE", EDIT): Route(frozenset()),
    ("POST", r"/products/prod_\w+/variants/batch"): Route(FIELDS, _object(
        update=_list(VARIANT, 1)), VARIANT_ROOTS),
    ("POST", "/inventory-items/location-levels/batch"): Route(frozenset(), _object(
        create=_list(LEVEL), update=_list(LEVEL))),
}


def violations(request: Request) -> Sequence[str]:
    """How a request breaks what Medusa takes; empty when it does not."""
    if request.path == "/health":
        return [] if request.method == "GET" else ["/health is only looked at"]
    path = request.path.removeprefix("/admin")
    route = next((found for (method, pattern), found in ROUTES.items()
                  if method == request.method and re.fullmatch(pattern, path)), None)
    if not request.path.startswith("/admin/") or route is None:
        return [f"there is no {request.method} {request.path}"]
    found = [*_in_query(request, route), *_in_body(request, route)]
    if not request.headers.get("authorization", "").startswith("Basic "):
        found.append("nobody says who asks")
    return found


def _in_query(request: Request, route: Route) -> Iterator[str]:
    for name, told in request.pairs:
        if name not in route.query:
            yield f"{name} is not a parameter"
        elif name in ("limit", "offset") and not told.isdigit():
            yield f"{name} is {told!r}"
        elif name.startswith("updated_at") and not MOMENT.fullmatch(told):
            yield f"{name} is no moment: {told!r}"
        elif name == "order" and ("," in told or told.lstrip("-") not in ("id", "updated_at")):
            yield f"order is {told!r}"  # two fields are an error of status 500
        elif name == "fields":
            yield from _in_fields(told, route)


def _in_fields(told: str, route: Route) -> Iterator[str]:
    """Rows have these fields; of one that they do not have nothing is said."""
    for one in told.split(","):
        if route.roots and one.lstrip("*").partition(".")[0] not in route.roots:
            yield f"fields has {one!r}"


def _in_body(request: Request, route: Route) -> Iterator[str]:
    if route.body is None:
        if request.body:
            yield "a body where none belongs"
        return
    if request.headers.get("content-type") != "application/json":
        yield "the body is not called JSON"
    try:
        document = request.json()
    except ValueError:
        yield "the body is no JSON"
        return
    for error in Draft202012Validator(route.body).iter_errors(document):
        yield f"body.{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
