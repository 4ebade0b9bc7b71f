"""Requests to payment providers, held against the vendors' own files where they are at hand."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from oms_connector import RefundAsk
from oms_connector.testing import Request
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import paid_up

from tests.contract.payu_standin import Payu
from tests.contract.przelewy24_standin import Przelewy24
from tests.contract.vendor_spec import VendorSpec, load_spec, shared

P24 = (Przelewy24, ("specs", "payments", "p24", "openapi.yml"), {
    # The file demands a field of a request that it describes nowhere.
    "'ttl' is a required property",
    # Its path parameters are written as in Swagger 2, without a schema.
    "Missing required path parameter"})
PAYU = (Payu, ("specs", "payments", "payu", "payu-europe-rest-api.yaml"), {
    # The file demands this header of requests without a body too.
    "Missing required header parameter: Content-Type",
    # Its path parameters are declared as JSON, which a path is not.
    "Path parameter error: orderId"})


def complaints(spec: VendorSpec, asked: Request) -> list[str]:
    params: dict[str, list[str]] = {}
    for name, told in parse_qsl(urlsplit(asked.url).query):
        params.setdefault(name, []).append(told)
    return spec.in_request(asked.method, asked.path, params=params, headers=asked.headers,
                           body=asked.body or None)


@pytest.mark.parametrize(("kind", "file", "excuses"), [P24, PAYU], ids=["przelewy24", "payu"])
def test_the_vendors_own_file_agrees(kind, file, excuses):
    spec = load_spec(shared(*file))
    with open_bench(kind) as bench:
        bench.call(lambda c: c.verify())
        ref = paid_up(bench, Decimal("19.99"))
        bench.call(lambda c: c.payment(ref))
        ask = RefundAsk("kit-refund-1", ref, Decimal("5.00"), "PLN", "Zwrot",
                        notify_url="https://oms.example/ring/1")
        bench.call(lambda c: c.refund(ask))
        bench.call(lambda c: c.find_refund(ask))
        calls = [call.request for call in bench.line.calls
                 if call.request.headers.get("authorization")]  # the first has no token yet
    found = [f"{one.method} {one.path}: {text}" for one in calls
             for text in complaints(spec, one)
             if not any(excuse in text for excuse in excuses)]
    assert found == []
    assert len({(one.method, one.path) for one in calls}) >= 5
    spoiled = next(one for one in calls if one.method == "POST" and b"19" in one.body
                   and b"rrency" in one.body)
    wrong = Request(spoiled.method, spoiled.url, spoiled.headers,
                    spoiled.body.replace(b"rrency", b"rency"))
    assert complaints(spec, wrong)
