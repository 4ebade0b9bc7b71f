"""The witness itself: it sees what is wrong with a request, in the vendor's own files."""

from __future__ import annotations

import json

import pytest
from oms_connector.testing import Request

from tests.contract import woocommerce_spec
from tests.contract.vendor_spec import shared

AT = "https://sklep.example/wp-json/wc/v3"
SIGNED = {"authorization": "Basic eDp5", "content-type": "application/json"}


@pytest.fixture(autouse=True)
def _files():
    shared("specs", "woocommerce")


def seen(method, path, body=None, **headers):
    raw = b"" if body is None else json.dumps(body).encode()
    return list(woocommerce_spec.violations(
        Request(method, AT + path, {**SIGNED, **headers}, raw)))


REFUND = {"amount": "5.00", "api_refund": False, "api_restock": False, "reason": "x",
          "line_items": [{"id": 1, "quantity": 1, "refund_total": 4.07,
                          "refund_tax": [{"id": 4, "refund_total": 0.93}]}]}


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "/orders", None),
    ("GET", "/orders?modified_after=2026-11-23T09:30:00&dates_are_gmt=true&orderby=modified"
            "&order=asc&per_page=100&exclude=1,2,3&status=any&dp=6", None),
    ("GET", "/orders/7?dp=6", None),
    ("PUT", "/orders/7", {"status": "completed", "meta_data": [{"key": "_a", "value": {"b": 1}}]}),
    ("POST", "/orders/7/refunds", REFUND),
    ("POST", "/products/batch", {}),
    ("POST", "/products/batch", {"update": [{"id": 1, "manage_stock": True,
                                             "stock_quantity": 0}]}),
    ("POST", "/webhooks", {"topic": "order.created", "delivery_url": "https://x", "secret": "y"}),
    ("PUT", "/webhooks/3", {"status": "active"}),
    ("DELETE", "/webhooks/3?force=true", None),
])
def test_a_right_request_is_taken(method, path, body):
    assert seen(method, path, body) == []


@pytest.mark.parametrize(("method", "path", "body", "complaint"), [
    ("GET", "/ordres", None, "there is no GET"),
    ("DELETE", "/orders/7", None, "there is no DELETE"),
    ("GET", "/orders?updated_after=2026-11-23T09:30:00", None, "updated_after is not a parameter"),
    ("GET", "/orders?per_page=101", None, "per_page is above 100"),
    ("GET", "/orders?page=0", None, "page is below 1"),
    ("GET", "/orders?per_page=many", None, "per_page is 'many'"),
    ("GET", "/orders?orderby=date_modified", None, "orderby is 'date_modified'"),
    ("GET", "/orders?status=any,sent", None, "status[1] is 'sent'"),
    ("GET", "/orders?include=1,x", None, "include[1] is 'x'"),
    ("GET", "/orders?include=1&include=2", None, "include is repeated"),
    ("GET", "/orders?dates_are_gmt=yes", None, "dates_are_gmt is 'yes'"),
    ("GET", "/orders?modified_after=yesterday", None, "modified_after is no moment"),
    ("GET", "/orders?modified_after=2026-11-23T09:30:00Z&dates_are_gmt=true", None, "has a zone"),
    ("GET", "/orders", {"a": 1}, "a body where none belongs"),
    ("PUT", "/orders/7", {"state": "completed"}, "body.state is not known"),
    ("PUT", "/orders/7", {"status": "sent"}, "body.status is 'sent'"),
    ("PUT", "/orders/7", {"set_paid": "yes"}, "body.set_paid is 'yes'"),
    ("PUT", "/orders/7", {"meta_data": [{"name": "_a"}]}, "meta_data[0].name is not known"),
    ("PUT", "/orders/7", {"meta_data": [{"id": 3, "key": "a"}]}, "may only be read"),
    ("PUT", "/orders/7", None, "the body is no JSON"),
    ("POST", "/orders/7/refunds", {**REFUND, "amount": 5}, "body.amount is 5"),
    ("POST", "/orders/7/refunds", {**REFUND, "refund": True}, "body.refund is not known"),
    ("POST", "/orders/7/refunds", {**REFUND, "line_items": [{"id": 1, "qty": 1}]},
     "line_items[0].qty is not known"),
    ("POST", "/products/batch", {"udpate": []}, "body.udpate is not known"),
    ("POST", "/products/batch", {"update": [{"id": 1, "stock": 3}]}, "stock is not known"),
    ("POST", "/products/batch", {"update": [{"id": 1, "stock_quantity": 1.5}]},
     "stock_quantity is 1.5"),
    ("POST", "/products/batch", {"update": [{"id": 1}] * 101}, "more than 100 items"),
    ("POST", "/webhooks", {"topic": "order.created"}, "body.delivery_url is missing"),
])
def test_a_wrong_request_is_seen(method, path, body, complaint):
    assert any(complaint in one for one in seen(method, path, body)), seen(method, path, body)


def test_who_does_not_say_who_asks_is_seen():
    assert seen("GET", "/orders", authorization="") == ["nobody says who asks"]


def test_a_body_that_is_not_called_json_is_seen():
    assert seen("PUT", "/orders/7", {"status": "completed"}, **{"content-type": "text/plain"}) == [
        "the body is not called JSON"]
