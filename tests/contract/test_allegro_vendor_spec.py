"""The witness itself: it sees what is wrong with a request, and knows Allegro's own file."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress

import pytest
from oms_allegro.calls import PUBLIC, Api
from oms_connector import Response

from tests.contract.allegro_wire import SPEC, There
from tests.contract.vendor_spec import VendorSpec, Witness, load_spec, shared

FILE = {
    "openapi": "3.0.0", "info": {"title": "A shop", "version": "1"},
    "servers": [{"url": "https://{where}/v1", "variables": {"where": {"default": "x"}}}],
    "security": [{"key": []}],
    "paths": {
        "/orders": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                    {"name": "state", "in": "query",
                     "schema": {"type": "array", "items": {"enum": ["new", "old"]}}},
                ],
                "responses": {"200": {"description": "", "content": {
                    "application/vnd.shop+json": {"schema": {"$ref": "#/components/schemas/L"}}}}},
            },
        },
        "/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}],
            "put": {
                "requestBody": {"required": True, "content": {"application/vnd.shop+json": {
                    "schema": {"$ref": "#/components/schemas/Change"}}}},
                "responses": {"204": {"description": ""}, "409": {"description": ""}},
            },
        },
        "/orders/{id}/paper": {"put": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}],
            "requestBody": {"content": {"application/pdf": {
                "schema": {"type": "string", "format": "binary"}}}},
            "responses": {"200": {"description": ""}}, "security": [],
        }},
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {
            "L": {"type": "object", "required": ["orders"],
                  "properties": {"orders": {"type": "array", "items": {"type": "object",
                                 "properties": {"id": {"type": "integer"}}}}}},
            "Change": {"allOf": [
                {"type": "object", "properties": {"note": {"type": "string", "maxLength": 5}}},
                {"$ref": "#/components/schemas/Lines"},
            ]},
            "Lines": {"type": "object", "required": ["lines"], "properties": {
                "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                "extra": {"type": "object", "additionalProperties": {"type": "string"}}}},
            "Line": {
                "type": "object", "required": ["kind"],
                "properties": {"kind": {"type": "string"}},
                "discriminator": {"propertyName": "kind",
                                  "mapping": {"unit": "#/components/schemas/Unit"}},
            },
            "Unit": {"allOf": [{"$ref": "#/components/schemas/Line"},
                               {"type": "object", "properties": {"count": {"type": "integer"}}}]},
        },
    },
}
KIND = "application/vnd.shop+json"
GOOD = {"X-Key": "k", "Accept": KIND}
SENDING = {**GOOD, "Content-Type": KIND}


@pytest.fixture(scope="module")
def spec():
    return VendorSpec(FILE)


def body(**document):
    return json.dumps({"lines": [], **document}).encode()


class TestRequests:
    @pytest.mark.parametrize("asked", [
        {}, {"limit": 100}, {"state": ["new", "old"]}, {"limit": 1, "state": ["new"]},
    ])
    def test_a_right_request_is_taken(self, spec, asked):
        assert spec.in_request("GET", "/orders", params=asked, headers=GOOD) == []

    def test_a_right_document_is_taken(self, spec):
        document = body(note="12345", extra={"any": "thing"},
                        lines=[{"kind": "unit", "count": 2}, {"kind": "other"}])
        assert spec.in_request("PUT", "/orders/7", headers=SENDING, body=document) == []

    @pytest.mark.parametrize(("method", "path", "more", "complaint"), [
        ("GET", "/ordres", {}, "no such operation"),
        ("POST", "/orders", {}, "no such operation"),
        ("GET", "/orders", {"params": {"limit": 101}}, "limit"),
        ("GET", "/orders", {"params": {"limit": "many"}}, "limit"),
        ("GET", "/orders", {"params": {"state": ["new", "lost"]}}, "lost"),
        ("GET", "/orders", {"params": {"limti": 5}}, "limti is not known"),
        ("GET", "/orders", {"headers": {**GOOD, "Accept": "application/json"}}, "no answer"),
        ("GET", "/orders", {"headers": {"Accept": KIND}}, "who asks"),
        ("PUT", "/orders/x", {"body": body()}, "id"),
        ("PUT", "/orders/7", {}, "body"),
        ("PUT", "/orders/7", {"body": b"{"}, "body"),
        ("PUT", "/orders/7", {"body": b"{}"}, "lines"),
        ("PUT", "/orders/7", {"body": body(note="123456")}, "too long"),
        ("PUT", "/orders/7", {"body": body(nots="1")}, "body.nots is not known"),
        ("PUT", "/orders/7", {"body": body(lines=[{"kind": "unit", "cuont": 1}])},
         "body.lines[0].cuont is not known"),
        ("PUT", "/orders/7", {"body": body(lines=[{"kind": "other", "count": 1}])},
         "body.lines[0].count is not known"),
        ("PUT", "/orders/7", {"body": body(), "headers": {**SENDING,
                                                          "Content-Type": "application/json"}},
         "application/json"),
    ])
    def test_a_wrong_request_is_seen(self, spec, method, path, more, complaint):
        found = spec.in_request(method, path, **{"headers": SENDING, **more})
        assert found
        assert any(complaint in one for one in found), found

    def test_a_file_and_a_door_without_a_key(self, spec):
        headers = {"Content-Type": "application/pdf"}
        assert spec.in_request("PUT", "/orders/7/paper", headers=headers, body=b"%PDF") == []

    def test_a_path_under_another(self):
        under = VendorSpec(FILE, "/shop/v1/")
        assert under.in_request("GET", "/shop/v1/orders", headers=GOOD) == []
        assert under.in_request("PUT", "/shop/v1/orders/7", headers=SENDING, body=body()) == []
        assert under.in_request("GET", "/orders", headers=GOOD)


class TestAnswers:
    @pytest.mark.parametrize(("status", "document", "is_right"), [
        (200, {"orders": [{"id": 7}]}, True), (200, {"orders": [{"id": None}]}, True),
        (200, {"orders": [{"id": "7"}]}, False), (200, {}, False), (201, {}, False),
        (404, {"any": "thing"}, True),
    ])
    def test_a_stand_in_is_held_to_the_file_too(self, spec, status, document, is_right):
        answer = Response(status, {"content-type": KIND}, json.dumps(document).encode())
        assert (spec.in_response("GET", "/orders", answer) == []) == is_right

    def test_an_empty_answer_where_one_is_promised(self, spec):
        assert spec.in_response("PUT", "/orders/7", Response(204, {}, b"")) == []
        assert spec.in_response("PUT", "/nowhere", Response(204, {}, b""))


class TestFiles:
    @pytest.mark.parametrize("name", ["shop.json", "shop.yaml", "shop.json.gz"])
    def test_files_as_vendors_give_them(self, tmp_path, name):
        text = json.dumps(FILE).encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
        assert load_spec(path).in_request("GET", "/orders", headers=GOOD) == []
        assert load_spec(path) is load_spec(path)


class TestWitness:
    def test_it_passes_on_what_it_sees(self, spec):
        class Echo:
            def request(self, method, path, **more):
                return Response(200, {"content-type": KIND}, b'{"orders": 7}')

        witness = Witness(Echo(), spec, signs=lambda: {"X-Key": "k"},
                          skips=lambda path: path == "/login")
        assert witness.request("GET", "/orders", params={"limit": 5},
                               headers={"Accept": KIND}).json() == {"orders": 7}
        (only,) = witness.violations
        assert only.startswith("GET /orders -> 200: ")
        witness.request("GET", "/orders?limit=500", headers={"Accept": KIND})
        assert "500 is greater" in witness.violations[1]
        witness.request("GET", "/orders", headers={"Accept": KIND}, signed=False)
        assert any("who asks" in one for one in witness.violations)
        seen = len(witness.violations)
        witness.request("POST", "/login")
        assert len(witness.violations) == seen
        assert witness.seen == ["GET /orders"] * 3


class TestAllegro:
    """A connector that asks wrongly is found out by the vendor's own file."""

    @pytest.fixture
    def api(self):
        shared(*SPEC)
        there = There()
        there.wire.faults = []
        return there, Api(there.http)

    @pytest.mark.parametrize(("act", "complaint"), [
        (lambda api: api.get("/order/events", params={"limit": 1001}), "1000"),
        (lambda api: api.get("/order/events", params={"limit": 5, "since": "7"}), "since"),
        (lambda api: api.get("/order/events", accept="application/json",
                             params={"limit": 5}), "no answer can be application/json"),
        (lambda api: api.get("/order/customer-returns", params={"limit": 5}), "beta"),
        (lambda api: api.get("/order/checkout-forms", params={
            "limit": 101, "offset": 0, "updatedAt.gte": "2026-01-01T00:00:00Z",
            "updatedAt.lte": "2026-01-01T00:00:00Z"}), "100"),
        (lambda api: api.get("/order/checkout-forms", params={
            "limit": 5, "offset": 0, "updatedAt.gte": "yesterday", "updatedAt.lte": "z"}),
         "updatedAt.gte"),
        (lambda api: api.send("PUT", "/sale/offer-quantity-change-commands/7", {
            "modification": {"changeType": "FIXED", "value": 2.5},
            "offerCriteria": [{"type": "CONTAINS_OFFERS", "offers": [{"id": "1"}]}]}), "2.5"),
        (lambda api: api.send("PUT", "/sale/offer-publication-commands/7", {
            "publication": {"action": "STOP"}, "offerCriteria": []}), "STOP"),
        (lambda api: api.send("PUT", "/sale/offer-price-change-commands/7", {
            "modification": {"type": "FIXED_PRICE", "value": {}}, "offerCriteria": []}),
         "body.modification.value is not known"),
    ])
    def test_a_faulty_double_is_found_out(self, api, act, complaint):
        there, calls = api
        there.shop.offer("KUBEK")
        with suppress(Exception):  # what the stand-in makes of it does not matter here
            act(calls)
        assert any(complaint in one for one in there.violations), there.violations

    def test_a_forgotten_token_is_found_out(self, api):
        there, _ = api
        there.secrets.pop("access_token")
        with pytest.raises(Exception, match="token"):
            there.http.request("GET", "/me", headers={"Accept": PUBLIC})
        assert there.violations == ["GET /me: nothing says who asks"]
