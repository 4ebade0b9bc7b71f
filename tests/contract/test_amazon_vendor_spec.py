"""The witness itself: it sees what is wrong with a request, in the vendor's own models."""

from __future__ import annotations

import json

import pytest
from oms_connector.testing import Request

from tests.contract import amazon_spec
from tests.contract.vendor_spec import shared

AT = "https://sellingpartnerapi-eu.amazon.com"
SIGNED = {"x-amz-access-token": "t", "user-agent": "oms/1.0 (Language=Python)",
          "accept": "application/json", "content-type": "application/json"}
PACKAGE = {"packageReferenceId": "7", "carrierCode": "DPD", "trackingNumber": "T",
           "shipDate": "2026-11-23T09:30:00Z",
           "orderItems": [{"orderItemId": "1", "quantity": 1}]}
CONFIRM = "/orders/v0/orders/405-1-1/shipmentConfirmation"
PATCH = {"productType": "MUG", "patches": [{"op": "merge", "path": "/attributes/x", "value": [{}]}]}


@pytest.fixture(autouse=True)
def _files():
    shared("specs", "amazon")


def seen(method, path, body=None, **headers):
    raw = b"" if body is None else json.dumps(body).encode()
    return amazon_spec.in_request(Request(method, AT + path, {**SIGNED, **headers}, raw))


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "/orders/2026-01-01/orders?lastUpdatedAfter=2026-11-23T09:30:00Z"
            "&marketplaceIds=A1,A2&includedData=BUYER,TAX&maxResultsPerPage=100", None),
    ("POST", CONFIRM, {"marketplaceId": "A1", "packageDetail": PACKAGE}),
    ("PATCH", "/listings/2021-08-01/items/A2/KUB%2FEK?marketplaceIds=A1", PATCH),
    ("GET", "/listings/2021-08-01/items/A2?marketplaceIds=A1&pageSize=20&sortBy=createdDate", None),
    ("POST", "/feeds/2021-06-30/documents", {"contentType": "application/pdf"}),
])
def test_a_right_request_is_taken(method, path, body):
    assert seen(method, path, body) == []


@pytest.mark.parametrize(("method", "path", "body", "complaint"), [
    ("GET", "/orders/v0/ordres", None, "no such operation"),
    ("GET", "/mfn/v0/x", None, "no such operation"),
    ("GET", "/orders/2026-01-01/orders?updatedAfter=2026-11-23", None, "updatedAfter is not known"),
    ("GET", "/orders/2026-01-01/orders?includedData=BUYERS", None, "BUYERS"),
    ("GET", "/orders/2026-01-01/orders?maxResultsPerPage=many", None, "maxResultsPerPage"),
    ("POST", CONFIRM, {"packageDetail": PACKAGE}, "marketplaceId"),
    ("POST", CONFIRM, {"marketplaceId": "A1", "packageDetail": {
        name: one for name, one in PACKAGE.items() if name != "carrierCode"}}, "carrierCode"),
    ("POST", CONFIRM, {"marketplaceId": "A1", "packageDetail": {**PACKAGE, "carrier": "DPD"}},
     "body.packageDetail.carrier is not known"),
    ("PATCH", "/listings/2021-08-01/items/A2/K?marketplaceIds=A1",
     {**PATCH, "patches": [{"op": "set", "path": "/attributes/x"}]}, "set"),
    ("PATCH", "/listings/2021-08-01/items/A2/K", PATCH, "marketplaceIds"),
    ("GET", "/listings/2021-08-01/items/A2?marketplaceIds=A1&sortBy=sale", None, "sale"),
])
def test_a_wrong_request_is_seen(method, path, body, complaint):
    found = seen(method, path, body)
    assert any(complaint in one for one in found), found


def test_who_asks_without_a_token_or_a_name_is_seen():
    path = "/orders/2026-01-01/orders/405-1-1"
    assert any("who asks" in one for one in seen("GET", path, **{"x-amz-access-token": ""}))
    assert any("name itself" in one for one in seen("GET", path, **{"user-agent": "python"}))


def test_a_feed_is_held_against_its_own_schema():
    def put(document):
        return amazon_spec.in_request(Request(
            "PUT", "https://x.s3.amazonaws.com/d", {"content-type": "application/json"},
            json.dumps(document).encode()))

    message = {"messageId": 1, "sku": "K", "operationType": "PATCH", **PATCH}
    header = {"sellerId": "A2", "version": "2.0"}
    assert put({"header": header, "messages": [message]}) == []
    assert put({"header": {**header, "version": "1.0"}, "messages": [message]})
    assert put({"header": header, "messages": [{**message, "productType": ""}]})
    assert put({"header": header, "messages": []})


def test_login_is_asked_as_the_guide_says():
    def post(body, **headers):
        return amazon_spec.in_request(Request(
            "POST", "https://api.amazon.com/auth/o2/token",
            {"content-type": "application/x-www-form-urlencoded", **headers}, body))

    right = b"grant_type=refresh_token&refresh_token=a&client_id=b&client_secret=c"
    assert post(right) == []
    assert post(right + b"&scope=x")
    assert post(right, **{"x-amz-access-token": "t"})
    assert post(right, **{"content-type": "application/json"})
