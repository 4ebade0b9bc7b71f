"""What PrestaShop's webservice takes: fields of resources, filters, and what may be written.

The fields were read from the synopses of a running 8.1.2; ``test_prestashop_vendor_spec`` holds
this table against the vendor's own files where they are at hand. Only fields that are used here are
named, all of them where a thing is written whole. Beyond what PrestaShop refuses, these are
violations too, because it swallows them in silence: fields left out of a PUT, which it empties;
answers without ``display``, which lack every zero; dates without ``date``, which 8.1 refuses and 9
does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from oms_connector.testing import Request

NAMES = {"order_slip": "order_slips"}
FORMATS = {
    "id": r"\d+", "int": r"-?\d+", "bool": r"[01]", "text": r"[^<>={}]*",
    "price": r"\d{1,10}(\.\d{1,9})?", "signed": r"-?\d{1,10}(\.\d{1,9})?",
    "float": r"-?\d+(\.\d+)?", "tracking": r"[~:#,%&_=()\[\].? +\-@/a-zA-Z0-9]*",
    "date": r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?",
}
DATES = frozenset({"date_add", "date_upd"})


@dataclass(frozen=True)
class Resource:
    """``fields``: name -> format, with ``!`` where it is required. ``deep``: associations."""

    node: str
    fields: Mapping[str, str]
    deep: Mapping[str, frozenset[str]] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    """Fields that cannot be filtered or sorted by."""

    @property
    def names(self) -> frozenset[str]:
        """All its fields."""
        return frozenset({"id", *self.fields})


def _resource(node: str, fields: str, writes: str = "", fixed: str = "", **deep: str) -> Resource:
    named = (one.partition(":") for one in fields.split())
    return Resource(node, {name: form or "text" for name, _, form in named},
                    {name: frozenset(parts.split()) for name, parts in deep.items()},
                    frozenset(writes.split()), frozenset(fixed.split()))


RESOURCES: Mapping[str, Resource] = {
    "addresses": _resource(
        "address", "id_country id_state alias company lastname firstname vat_number address1 "
        "address2 postcode city other phone phone_mobile dni"),
    "carriers": _resource("carrier", "name id_reference deleted external_module_name"),
    "combinations": _resource(
        "combination", "id_product:id! reference ean13 price:signed", writes="PATCH",
        product_option_values="id"),
    "configurations": _resource("configuration", "name value id_shop"),
    "countries": _resource("country", "iso_code name"),
    "currencies": _resource("currency", "iso_code name", fixed="name"),
    "customers": _resource("customer", "email firstname lastname company siret is_guest"),
    "messages": _resource("message", "id_order message private"),
    "order_carriers": _resource(
        "order_carrier", "id_order:id! id_carrier:id! id_order_invoice:id weight:float "
        "shipping_cost_tax_excl:float shipping_cost_tax_incl:float tracking_number:tracking "
        "date_add:date", writes="PUT POST"),
    "order_cart_rules": _resource("order_cart_rule", "id_order name"),
    "order_details": _resource(
        "order_detail", "id_order product_id product_attribute_id product_name product_quantity "
        "product_reference product_ean13 unit_price_tax_incl total_price_tax_incl", taxes="id"),
    "order_histories": _resource(
        "order_history", "id_employee:id id_order_state:id! id_order:id! date_add:date",
        writes="POST"),
    "order_payments": _resource(
        "order_payment", "order_reference amount payment_method transaction_id date_add"),
    "order_slip": _resource(
        "order_slip", "id_order total_products_tax_incl total_shipping_tax_incl date_add date_upd",
        order_slip_details="id id_order_detail product_quantity amount_tax_incl"),
    "order_states": _resource(
        "order_state", "name paid shipped deleted unremovable module_name"),
    "orders": _resource(
        "order", "id_address_delivery id_address_invoice id_currency id_customer id_carrier "
        "current_state module date_add date_upd payment gift gift_message reference "
        "total_discounts_tax_incl total_paid_tax_incl total_paid_real total_shipping_tax_incl "
        "total_wrapping_tax_incl delivery_date", order_rows="id"),
    "product_option_values": _resource("product_option_value", "name"),
    "products": _resource(
        "product", "name reference ean13 active available_for_order state price:price!",
        writes="PATCH", combinations="id"),
    "states": _resource("state", "name"),
    "stock_availables": _resource(
        "stock_available", "id_product:id! id_product_attribute:id! id_shop:id id_shop_group:id "
        "quantity:int! depends_on_stock:bool! out_of_stock:int! location:text", writes="PUT"),
    "taxes": _resource("tax", "rate name"),
}


def violations(request: Request) -> Sequence[str]:
    """How a request breaks what PrestaShop says of a resource; empty when it does not."""
    found = [] if request.headers.get("authorization", "").startswith("Basic ") \
        else ["nobody says who asks"]
    name = request.path.partition("/api/")[2]
    if not name and request.method == "GET":
        return found
    resource = RESOURCES.get(name)
    if resource is None:
        return [*found, f"there is no resource {name}"]
    if request.method != "GET" and request.method not in resource.writes:
        return [*found, f"there is no {request.method} of {name}"]
    return [*found, *_in_query(request, resource), *_in_body(request, resource)]


def _in_query(request: Request, resource: Resource) -> Iterator[str]:
    query = request.query
    names = [name for name, _ in request.pairs]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"{name} is repeated"
    if "display" not in query:
        yield "without display zeros are left out"
    extra = {found[1] for name in query if (found := re.fullmatch(r"price\[(\w+)\]\[\w+\]", name))}
    for name, told in query.items():
        yield from _parameter(name, told, request, resource, extra)


def _parameter(name: str, told: str, request: Request, resource: Resource, extra: set[str]
               ) -> Iterator[str]:
    of = re.fullmatch(r"filter\[(\w+)\]", name)
    if of:
        yield from _filter(of[1], told, resource, request.query)
    elif name == "display":
        yield from _display(told, resource, extra)
    elif name == "sort":
        yield from _sort(told, resource, request.query)
    elif name == "limit":
        if not re.fullmatch(r"\d+(,\d+)?", told):
            yield f"limit is {told}"
    elif name == "sendemail":
        if request.method != "POST" or resource.node != "order_history":
            yield "sendemail where no mail hangs on anything"
    elif name not in ("date", "output_format", "id_shop") and not name.startswith("price["):
        yield f"{name} is not a parameter"


def _filter(name: str, told: str, resource: Resource, query: Mapping[str, str]) -> Iterator[str]:
    if name not in resource.names and not (name in DATES and query.get("date")):
        yield f"filter: {resource.node} has no {name}"
    if name in resource.fixed:
        yield f"filter: {name} cannot be filtered by"
    if name in DATES and not query.get("date"):
        yield f"filter: {name} without date=1"
    if not re.fullmatch(r"[<>!]?\[[^\[\]]+\]", told):
        yield f"filter: {name} is malformed: {told}"


def _display(told: str, resource: Resource, extra: set[str]) -> Iterator[str]:
    if told == "full":
        return
    if not re.fullmatch(r"\[.+\]", told):
        yield f"display is malformed: {told}"
        return
    for name, inner in re.findall(r"(\w+)(?:\[([\w,]+)\])?", told[1:-1]):
        if inner:
            unknown = set(inner.split(",")) - {"id"} - resource.deep.get(name, set())
            if name not in resource.deep or unknown:
                yield f"display: {resource.node} has no {name}[{inner}]"
        elif name not in resource.names | extra:
            yield f"display: {resource.node} has no {name}"


def _sort(told: str, resource: Resource, query: Mapping[str, str]) -> Iterator[str]:
    for one in told.strip("[]").split(","):
        name, _, way = one.rpartition("_")
        if way not in ("ASC", "DESC") or name in resource.fixed or (
                name not in resource.names) or (name in DATES and not query.get("date")):
            yield f"sort by {one}"


def _in_body(request: Request, resource: Resource) -> Iterator[str]:
    if request.method == "GET":
        if request.body:
            yield "a body where none belongs"
        return
    if "xml" not in request.headers.get("content-type", ""):
        yield "the body is not called XML"
    try:
        nodes = list(ElementTree.fromstring(request.body))
    except ElementTree.ParseError:
        yield "the body is no XML"
        return
    numbers = [node.findtext("id") for node in nodes]
    if len(set(numbers)) < len(numbers) and request.method != "POST":
        yield "id is duplicate"
    for node in nodes:
        yield from _in_node(node, request.method, resource)


def _in_node(node: ElementTree.Element, method: str, resource: Resource) -> Iterator[str]:
    if node.tag != resource.node:
        yield f"<{node.tag}> is no {resource.node}"
    told = {one.tag: one.text or "" for one in node}
    if ("id" in told) == (method == "POST"):
        yield f"id in a {method}: {told.get('id')}"
    for name, form in resource.fields.items():
        if name not in told and (method == "PUT" or (method == "POST" and "!" in form)):
            yield f"{name} is missing, and would be emptied"
    for name, one in told.items():
        form = "id" if name == "id" else resource.fields.get(name)
        if form is None:
            yield f"{resource.node} has no {name}"
        elif (one or "!" in form) and not re.fullmatch(FORMATS[form.rstrip("!")], one):
            yield f"{name} is no {form}: {one!r}"
