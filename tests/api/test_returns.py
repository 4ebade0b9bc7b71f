"""Returns through the API: read, and opened."""

from __future__ import annotations

import pytest

from tests.api.calling import fields, walked


@pytest.fixture
def line(busy):
    order = busy.caller.get(f"/orders/{busy.orders['shipped']}").json
    return order["lines"][0]["id"]


def ask(busy, body, order="shipped", **more):
    return busy.caller.post(f"/orders/{busy.orders[order]}/returns", body, **more)


def test_a_case_is_opened_once_and_read(busy, line):
    body = {"kind": "withdrawal", "lines": [{"line_id": line, "quantity": 1}]}
    made = ask(busy, body, repeat="same")
    again = ask(busy, body, repeat="same")
    assert made.status_code == 201, made.json
    assert again.json["id"] == made.json["id"], (201, made.json["id"])
    case = busy.caller.get(f"/returns/{made.json['id']}").json
    assert (case["kind"], case["goods"], case["money"], case["refunds"]) == (
        "withdrawal", "expected", "none", [])
    assert case["due_at"]
    assert [one["order_line_id"] for one in case["lines"]] == [line]


def test_cases_page_by_page_and_of_one_order(busy):
    made = [ask(busy, {"reason": "late"}, repeat=f"k{n}").json["id"] for n in range(3)]
    assert [one["id"] for one in walked(busy.caller, "/returns")] == [*made[::-1], busy.case]
    assert busy.caller.get("/returns", order=busy.orders["open"]).json["items"] == []
    assert len(busy.caller.get("/returns", order=busy.orders["shipped"]).json["items"]) == 4


@pytest.mark.parametrize(("body", "field"), [
    ({"kind": "gift"}, "kind"), ({"reason": "hate"}, "reason"), ({"wish": "pony"}, "wish"),
    ({"kind": "complaint"}, "story"), ({"lines": [{"line_id": 1}]}, "lines.0.quantity"),
    ({"lines": [{"line_id": 987654, "quantity": 1}]}, "units"), ({"more": 1}, "more"),
])
def test_what_makes_no_sense_is_named(busy, body, field):
    assert fields(ask(busy, body)) == [field]


def test_what_never_left_and_what_is_not_there(busy, line):
    refused = ask(busy, {"lines": [{"line_id": line, "quantity": 1}]}, "open")
    assert refused.status_code == 409
    assert busy.caller.get("/returns/987654").status_code == 404
    twice = ask(busy, {"lines": [{"line_id": line, "quantity": 1}] * 2})
    assert fields(twice) == ["lines"]
