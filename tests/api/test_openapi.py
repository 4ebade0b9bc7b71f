"""The OpenAPI document: valid by its own standard, and true to the routes."""

from __future__ import annotations

import copy

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from oms_web.api.operations import OPERATIONS
from oms_web.domain.orders import taking
from tests.api.shaping import Shapes


@pytest.fixture
def document(app):
    return app.test_client().get("/api/v1/openapi.json").json


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    validate(document, cls=OpenAPIV31SpecValidator)
    broken = copy.deepcopy(document)
    broken["paths"]["/orders"]["get"]["parameters"][0].pop("schema")
    with pytest.raises(Exception, match="not valid under any"):
        validate(broken, cls=OpenAPIV31SpecValidator)


def test_every_schema_is_a_schema_and_every_reference_leads_somewhere(document):
    shapes = Shapes(document, {})
    for name, schema in document["components"]["schemas"].items():
        shapes.validator(schema).check_schema(schema)
        assert name

    def refs(value):
        if isinstance(value, dict):
            yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            for one in value.values():
                yield from refs(one)
        elif isinstance(value, list):
            for one in value:
                yield from refs(one)

    found = set(refs(document))
    assert len(found) > 20
    for ref in found:
        assert shapes._resolved(ref)


def test_every_operation_says_what_it_may_answer(document):
    listed = {(path, method.upper(), said["operationId"])
              for path, methods in document["paths"].items() for method, said in methods.items()}
    assert listed == {(one.path, one.method, one.name) for one in OPERATIONS}
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            wanted = {"400", "401", "403", "429", "500", "503"}
            wanted |= {"404"} if "{" in path else set()
            wanted |= {"404", "409", "413", "415", "422"} if method != "get" else set()
            assert wanted <= set(said["responses"]), (path, method)


def test_what_webhooks_send_is_described_too(document):
    sent = document["webhooks"]["event"]["post"]
    assert sent["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Event"}
    assert {one["name"] for one in sent["parameters"]} == {"OMS-Signature", "OMS-Event-Id"}


def test_an_order_says_where_it_may_come_from_and_whose_money_counts(document):
    shapes = document["components"]["schemas"]
    source = shapes["OrderAnswer"]["properties"]["source"]["description"]
    assert [word for word in ("channel", taking.DESK, taking.TILL, "import")
            if word not in source] == []
    assert "split" in shapes["Totals"]["properties"]["paid"]["description"]


def test_the_page_shows_every_operation_shape_and_problem(app, document):
    page = app.test_client().get("/api/v1/docs").get_data(as_text=True)
    for one in OPERATIONS:
        assert f'id="{one.name}"' in page
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page
    assert 'id="webhooks"' in page
