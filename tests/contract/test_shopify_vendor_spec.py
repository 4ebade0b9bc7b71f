"""The witness itself: it sees what is wrong with a request, by the vendor's schema and without."""

from __future__ import annotations

import json

import pytest
from graphql import parse, validate
from oms_connector import Response
from oms_connector.testing import Request
from oms_shopify import changes, queries
from oms_shopify.queries import Query

from tests.contract import shopify_graph, shopify_spec
from tests.contract.vendor_spec import shared

URL = f"https://sklep-ewy.myshopify.com{shopify_spec.GRAPHQL}"
SIGNED = {"x-shopify-access-token": "shpat_1", "content-type": "application/json"}
NOTHING = Response(200, {}, b"{}")
DOCUMENTS = {name: one for module in (queries, changes) for name, one in vars(module).items()
             if isinstance(one, Query)}
QUANTITY = {"inventoryItemId": "gid://shopify/InventoryItem/1", "quantity": 1,
            "locationId": "gid://shopify/Location/1", "changeFromQuantity": None}
STOCK = {"key": "k", "input": {"name": "available", "reason": "correction",
                               "quantities": [QUANTITY]}}


@pytest.fixture(params=["by the schema", "by hand"])
def _witness(request, monkeypatch):
    if request.param == "by hand":
        monkeypatch.setattr(shopify_spec, "FILE", shopify_spec.FILE.with_name("absent"))
    else:
        shared("specs", "shopify")
    shopify_spec._in_document.cache_clear()
    yield
    shopify_spec._in_document.cache_clear()


def seen(text, variables, url=URL, method="POST", **headers):
    body = json.dumps({"query": text, "variables": variables}).encode()
    return list(shopify_spec.violations(Request(method, url, {**SIGNED, **headers}, body), NOTHING))


def test_every_document_is_valid_and_known():
    shared("specs", "shopify")
    assert len(DOCUMENTS) == 31
    for name, one in DOCUMENTS.items():
        assert validate(shopify_spec.schema(), parse(one.text)) == [], name
    assert {shopify_spec.digest(one.text) for one in DOCUMENTS.values()} == shopify_spec.KNOWN


def test_the_fields_listed_by_hand_are_the_vendors():
    shared("specs", "shopify")
    for name, fields in shopify_spec.INPUTS.items():
        theirs = shopify_spec.schema().type_map[name].fields
        assert set(fields) <= set(theirs), name
        assert {one for one, field in theirs.items()
                if str(field.type).endswith("!")} == {one for one, must in fields.items() if must}


def test_no_document_can_cost_more_than_a_thousand():
    rows = {"ORDERS": 20, "ORDERS_BY_ID": 6, "STOCK_OF": 100, "PRICE_OF": 100, "VARIANTS": 100}
    for name, one in DOCUMENTS.items():
        count = rows.get(name, 5)
        most = shopify_graph.cost(one.text, {"first": count, "ids": ["gid"] * count})
        assert most <= 1000, (name, most)
        assert one.cost(count if one.each else 0) <= 1000, name


def test_costs_are_those_that_were_seen():
    """Published: 25 for 250 variants with their items (community.shopify.dev, 23101)."""
    text = "{ product(id: 1) { variants(first: 250) { nodes { inventoryItem { id tracked } } } } }"
    assert round(shopify_graph.cost(text, {})) == 24


@pytest.mark.usefixtures("_witness")
class TestWitness:
    def test_right_requests_are_taken(self):
        assert seen(changes.SET_STOCK.text, STOCK) == []
        assert seen(queries.ORDERS.text, {"first": 5, "after": None, "query": "x"}) == []
        assert seen(queries.LOCATIONS.text, {}) == []

    @pytest.mark.parametrize(("document", "variables"), [
        ("ORDERS", {"first": "5", "query": "x"}), ("ORDERS", {"first": 5}),
        ("ORDERS", {"first": 5, "query": "x", "extra": 1}),
        ("ORDERS_BY_ID", {"ids": [None]}), ("ORDERS_BY_ID", {"ids": ["gid"] * 251}),
        ("ORDERS_BY_ID", {"ids": ["gid"] * 7}),
        ("SET_STOCK", {**STOCK, "key": ""}),
        ("SET_STOCK", {"key": "k", "input": {"name": "available", "quantities": [QUANTITY]}}),
        ("SET_STOCK", {"key": "k", "input": {**STOCK["input"], "ignoreCompareQuantity": True}}),
        ("SET_STOCK", {"key": "k", "input": {**STOCK["input"], "quantities": [
            {name: one for name, one in QUANTITY.items() if name != "changeFromQuantity"}]}}),
        ("RETRACK", {"id": "gid", "tracking": {"numer": "1"}, "notify": True}),
        ("HOLD", {"id": "gid", "hold": {}}),
    ])
    def test_wrong_variables_are_seen(self, document, variables):
        assert seen(DOCUMENTS[document].text, variables)

    @pytest.mark.parametrize("text", [
        "{ shop { nam } }", "{ orders(first: 1, sortKey: CHANGED_AT) { nodes { id } } }",
        "mutation { orderCancel(orderId: 1) { job { id } } }"])
    def test_wrong_documents_are_seen(self, text):
        assert seen(text, {})

    def test_a_change_without_its_key_is_seen(self):
        text = changes.SET_STOCK.text.replace(" @idempotent(key: $key)", "")
        assert any("idempotency" in one for one in seen(text, STOCK))

    @pytest.mark.parametrize(("url", "method", "headers"), [
        (URL.replace("2026-10", "2026-07"), "POST", {}), (URL, "GET", {}),
        (URL + "?a=1", "POST", {}), (URL, "POST", {"x-shopify-access-token": ""}),
        (URL, "POST", {"content-type": "text/plain"})])
    def test_wrong_calls_are_seen(self, url, method, headers):
        assert seen(queries.LOCATIONS.text, {}, url, method, **headers)

    @pytest.mark.parametrize("body", [
        b"grant_type=client_credentials", b"grant_type=password&client_id=a&client_secret=b"])
    def test_a_wrong_way_to_ask_for_a_token_is_seen(self, body):
        at = URL.replace(shopify_spec.GRAPHQL, shopify_spec.TOKEN)
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert shopify_spec.violations(Request("POST", at, form, body), NOTHING)


def test_a_stand_in_that_says_what_shopify_cannot_is_seen():
    shared("specs", "shopify")
    body = json.dumps({"query": queries.SHOP.text, "variables": {}}).encode()
    for shop in ({"name": None, "currencyCode": "PLN", "ianaTimezone": "x"},
                 {"name": "a", "currencyCode": "ZŁ", "ianaTimezone": "x"},
                 {"name": 7, "currencyCode": "PLN", "ianaTimezone": "x"}):
        told = {"data": {"shop": shop, "currentAppInstallation": {"accessScopes": []}}}
        found = shopify_spec.violations(Request("POST", URL, SIGNED, body),
                                        Response(200, {}, json.dumps(told).encode()))
        assert any("the stand-in says" in one for one in found), shop
