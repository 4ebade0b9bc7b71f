"""The stand-ins of carriers find what is planted in an envelope."""

from __future__ import annotations

import pytest
from oms_connector import Response
from oms_connector.soap import envelope
from oms_connector.testing import Clock, Request

from tests.contract.soap_standin import SoapStandIn

NS = "https://carrier.example/soap"
GOOD = {"a": "1", "b": {"@id": "7", "c": ["x", "y"]}}


class Planted(SoapStandIn):
    namespace = NS
    action = f"{NS}#"
    schema = {"book": (r"a \d+", "b B", "d? yes"), "B": (r"@id \d", "@mark? x", "c+ [a-z]")}


def found(content, **change):
    said = {"namespace": NS, "operation": "book", "is_qualified": False, "method": "POST",
            "action": f'"{NS}#book"', "type": "text/xml; charset=utf-8"} | change
    body = envelope(said["namespace"], said["operation"], content,
                    is_qualified=said["is_qualified"])
    request = Request(said["method"], "https://carrier.example/", {
        "content-type": said["type"], "soapaction": said["action"]}, body)
    return Planted(Clock()).violations(request, Response(200, {}, b""))


@pytest.mark.parametrize(("content", "change"), [
    ({"b": GOOD["b"], "a": "1"}, {}), ({"a": "1"}, {}), (GOOD | {"e": "1"}, {}),
    (GOOD | {"a": "x"}, {}), (GOOD | {"a": ["1", "2"]}, {}), (GOOD | {"d": "no"}, {}),
    (GOOD | {"a": {"x": "1"}}, {}), (GOOD | {"b": {"c": "x"}}, {}),
    (GOOD | {"b": {"@id": "x", "c": "x"}}, {}),
    (GOOD | {"b": {"@id": "7", "@no": "1", "c": "x"}}, {}),
    (GOOD | {"b": {"@id": "7"}}, {}),
    (GOOD, {"namespace": "https://other.example"}), (GOOD, {"is_qualified": True}),
    (GOOD, {"operation": "other"}), (GOOD, {"action": "book"}), (GOOD, {"method": "GET"}),
    (GOOD, {"type": "application/soap+xml"}),
])
def test_one_thing_wrong_is_found(content, change):
    assert found(GOOD) == []
    assert found(content, **change)
