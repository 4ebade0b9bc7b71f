"""The witness of Medusa's requests: it sees what is wrong, and agrees with the vendor's own file.

That file is of Medusa 2.0 and knows only a part of the routes; what it says otherwise than a
running 2.21 does is listed here.
"""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from oms_connector import ParcelInfo, PriceItem, Shipment, StockItem
from oms_connector.testing import Request

from tests.contract import medusa_spec
from tests.contract.medusa_shop import MONDAY
from tests.contract.medusa_standin import There
from tests.contract.vendor_spec import load_spec, shared

FILE = ("specs", "medusa", "admin-oms-subset.yaml")
SIGNED = {"authorization": "Basic c2s6", "content-type": "application/json"}
FULFIL = {"items": [{"id": "ordli_1", "quantity": 1}], "metadata": {"oms_key": "k"}}
SHIP = {"items": [{"id": "ordli_1", "quantity": 1}], "labels": [
    {"tracking_number": "1", "tracking_url": "#", "label_url": "https://x.example/1"}]}
LEVEL = {"inventory_item_id": "iitem_1", "location_id": "sloc_1", "stocked_quantity": 0}
PRICE = {"id": "price_1", "amount": 1.5, "currency_code": "pln", "rules": {"region_id": "r"}}
LEVELS, BATCH = "/inventory-items/location-levels/batch", "/products/prod_1/variants/batch"
# What 2.0's file says and 2.21 does not do.
EXCUSES = (
    "'location_id' is a required property", "'metadata' is a required property",
    "the query parameter updated_at[$",  # objects in the query, whose form the file does not say
    "Missing required query parameter: id",  # of payment providers: a filter
    "no such operation",
)


def seen(method, path, body=None, **headers):
    raw = b"" if body is None else json.dumps(body).encode()
    return list(medusa_spec.violations(Request(
        method, f"https://sklep.example/admin{path}", {**SIGNED, **headers}, raw)))


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "/orders?fields=id,*items.detail&order=updated_at&limit=50&offset=0"
            "&updated_at[$gte]=2026-11-23T09:30:00.000Z", None),
    ("GET", "/orders?id[]=order_1&id[]=order_2", None),
    ("POST", "/orders/order_1/fulfillments", FULFIL),
    ("POST", "/orders/order_1/fulfillments/ful_1/shipments", SHIP),
    ("POST", "/orders/order_1/cancel", None), ("POST", "/orders/order_1/complete", {}),
    ("POST", LEVELS, {"create": [LEVEL], "update": []}),
    ("POST", BATCH, {"update": [{"id": "variant_1", "prices": [PRICE]}]}),
    ("DELETE", "/order-edits/order_1", None),
])
def test_a_right_request_is_taken(method, path, body):
    assert seen(method, path, body) == []


@pytest.mark.parametrize(("method", "path", "body", "complaint"), [
    ("GET", "/ordres", None, "there is no GET"), ("DELETE", "/orders/order_1", None, "there is no"),
    ("GET", "/orders?update_at[$gte]=x", None, "update_at[$gte] is not a parameter"),
    ("GET", "/orders?updated_at[$gte]=yesterday", None, "is no moment"),
    ("GET", "/orders?order=updated_at,id", None, "order is 'updated_at,id'"),
    ("GET", "/orders?limit=many", None, "limit is 'many'"),
    ("GET", "/orders?fields=id,*itmes", None, "fields has '*itmes'"),
    ("GET", "/returns?fields=id,order.currency_code", None, "fields has 'order.currency_code'"),
    ("GET", "/orders", {"a": 1}, "a body where none belongs"),
    ("POST", "/orders/order_1/cancel", {}, "a body where none belongs"),
    ("POST", "/orders/order_1/fulfillments", {**FULFIL, "items": []}, "items"),
    ("POST", "/orders/order_1/fulfillments", {**FULFIL, "notify": True}, "notify"),
    ("POST", "/orders/order_1/fulfillments/ful_1/shipments",
     {**SHIP, "labels": [{**SHIP["labels"][0], "tracking_url": "ftp://x"}]}, "tracking_url"),
    ("POST", LEVELS, {"update": [{**LEVEL, "stocked_quantity": 1.5}]}, "1.5"),
    ("POST", LEVELS, {"update": [{**LEVEL, "stocked_quantity": -1}]}, "-1"),
    ("POST", LEVELS, {"udpate": []}, "udpate"), ("POST", LEVELS, None, "the body is no JSON"),
    ("POST", BATCH, {"update": [{"id": "v", "prices": [{**PRICE, "amount": "1.5"}]}]}, "'1.5'"),
    ("POST", BATCH, {"update": [{"id": "v", "prices": [{**PRICE, "currency_code": "PLN"}]}]},
     "PLN"),
])
def test_a_wrong_request_is_seen(method, path, body, complaint):
    assert any(complaint in one for one in seen(method, path, body)), seen(method, path, body)


def test_who_does_not_say_who_asks_is_seen():
    assert seen("GET", "/orders", authorization="") == ["nobody says who asks"]
    assert seen("POST", "/orders/order_1/complete", {}, **{"content-type": "text/plain"}) == [
        "the body is not called JSON"]


def scenario():
    """One call of every kind that the vendor's file knows the route of."""
    there = There()
    mug = there.shop.variant("KUBEK", stock=20)
    sold, sent, gone = (there.shop.sell((mug, 2)) for _ in range(3))
    connector = there.connector
    connector().verify()
    connector().pull_orders(None, 50)
    connector().sweep_orders(MONDAY, MONDAY, None, 50)
    connector().fetch_orders([sold, sent])
    connector().list_offers(None, 50)
    connector().push_stock([StockItem(mug, "", 4, 1, "k")])
    connector().push_prices([PriceItem(mug, "", Decimal("9.99"), "PLN", 1, "k")])
    connector().push_shipment(Shipment(sent, "k", MONDAY, [ParcelInfo("InPost", "1")]))
    connector().push_status(sent, "delivered", "")
    connector().push_status(sold, "completed", "")
    connector().cancel_order(gone, {}, "broken")
    there.shop.ask_back(sent)
    connector().pull_returns(None, 50)
    for kind in ("payments", "deliveries", "warehouses"):
        connector().words(kind)
    return there


def test_the_vendors_own_file_agrees():
    spec = load_spec(shared(*FILE))
    complaints, known = [], set()
    for call in scenario().line.calls:
        asked = call.request
        params: dict[str, list[str]] = {}
        for name, told in parse_qsl(urlsplit(asked.url).query):
            params.setdefault(name, []).append(told)
        found = spec.in_request(asked.method, asked.path, params=params, headers=asked.headers,
                                body=asked.body)
        if not any("no such operation" in one for one in found):
            known.add(f"{asked.method} {asked.path}")
        complaints += [one for one in found if not any(excuse in one for excuse in EXCUSES)]
    assert complaints == []
    assert len(known) >= 9, known
