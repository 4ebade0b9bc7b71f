"""Shipments through the API: letting orders leave, and what left."""

from __future__ import annotations

import pytest

from tests.api.calling import fields, make_caller, order_body, walked


def line(**values):
    return {"sku": "A", "title": "Kubek", "quantity": 1, "unit_price": "20.00"} | values


def test_an_order_leaves_with_its_tracking_number_and_only_once(on_both):
    made = on_both.post("/orders", order_body()).json
    path = f"/orders/{made['id']}/shipments"
    answer = on_both.post(path, {"carrier": "InPost", "tracking": "520000012345678901234567"})
    assert answer.status_code == 201
    [left] = answer.json["items"]
    assert (left["order_id"], left["state"], left["carrier"]) == (made["id"], "shipped", "InPost")
    assert left["parcels"] == [{"carrier": "InPost", "tracking": "520000012345678901234567"}]
    assert left["contents"] == [
        {"order_id": made["id"], "line_id": made["lines"][0]["id"], "sku": "A", "quantity": 2}]
    assert left["shipped_at"]
    assert on_both.get(f"/orders/{made['id']}").json["phase"] == "shipped"
    assert on_both.get("/stock/A").json["on_hand"] == 8
    again = on_both.post(path, {"carrier": "InPost"})
    assert (again.status_code, again.json) == (200, {"items": []})


def test_what_lacks_units_leaves_only_if_that_is_said(caller):
    made = caller.post("/orders", order_body(lines=[line(sku="B", quantity=5)])).json
    path = f"/orders/{made['id']}/shipments"
    refused = caller.post(path, {})
    assert refused.status_code == 409
    assert "2 units are not reserved yet" in refused.json["detail"]
    [left] = caller.post(path, {"partly": True}).json["items"]
    assert [one["quantity"] for one in left["contents"]] == [3]
    assert caller.get(f"/orders/{made['id']}").json["queue"] == "short"
    assert caller.post(path, {"partly": True}).status_code == 409


@pytest.mark.parametrize("name", ["held", "unpaid", "gone"])
def test_what_may_not_leave_stays(busy, name):
    answer = busy.caller.post(f"/orders/{busy.orders[name]}/shipments", {})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")


@pytest.mark.parametrize(("body", "field"), [
    ({"carrier": 5}, "carrier"), ({"tracking": "x" * 81}, "tracking"),
    ({"partly": "yes"}, "partly"), ({"weight": 1}, "weight"),
])
def test_how_it_leaves_must_make_sense(busy, body, field):
    assert fields(busy.caller.post(f"/orders/{busy.orders['open']}/shipments", body)) == [field]


def test_a_packed_one_is_handed_over_and_delivered_and_said_twice_is_quiet(busy):
    path = f"/shipments/{busy.shipments['packed']}"
    assert busy.caller.get(path).json["state"] == "packed"
    assert busy.caller.post(f"{path}/deliver").status_code == 409
    for act, state in (("leave", "shipped"), ("leave", "shipped"), ("deliver", "delivered"),
                       ("deliver", "delivered"), ("leave", "delivered")):
        answer = busy.caller.post(f"{path}/{act}")
        assert (answer.status_code, answer.json["state"]) == (200, state)
    assert busy.caller.get(f"/orders/{busy.orders['packed']}").json["phase"] == "done"


def test_shipments_are_read_page_by_page_once_each(on_both):
    ids = []
    for number in range(5):
        made = on_both.post("/orders", order_body(f"W-{number}", lines=[line()])).json
        ids += [one["id"] for one in on_both.post(
            f"/orders/{made['id']}/shipments", {"carrier": "DPD"}).json["items"]]
    assert [one["id"] for one in walked(on_both, "/shipments")] == ids[::-1]
    assert [one["id"] for one in walked(on_both, "/shipments", state="shipped")] == ids[::-1]
    assert walked(on_both, "/shipments", state="packed") == []


def test_what_waits_comes_oldest_first(busy):
    [one] = walked(busy.caller, "/shipments", state="packed")
    assert one["id"] == busy.shipments["packed"]


@pytest.mark.parametrize(("query", "names"), [
    ({"number": "BUSY"}, set()), ({"carrier": "InPost"}, {"shipped", "packed"}),
    ({"carrier": "DPD"}, set()), ({"state": ["packed", "shipped"]}, {"shipped", "packed"}),
    ({"state": "delivered"}, set()), ({"number": "99999999999999999999"}, set()),
])
def test_filters(busy, query, names):
    found = {one["id"] for one in busy.caller.get("/shipments", **query).json["items"]}
    assert found == {busy.shipments[name] for name in names}


def test_one_is_found_by_its_orders_number_whatever_its_state(busy):
    answer = busy.caller.get("/shipments", number=busy.orders["shipped"], state="packed")
    assert [one["id"] for one in answer.json["items"]] == [busy.shipments["shipped"]]


@pytest.mark.parametrize(("query", "field"), [
    ({"state": "lost"}, "state.0"), ({"limit": -1}, "limit"), ({"after": "x"}, "after"),
    ({"carrier": "x" * 41}, "carrier"), ({"colour": "red"}, "colour"),
])
def test_wrong_filters_are_named(caller, query, field):
    assert fields(caller.get("/shipments", **query)) == [field]


def test_what_is_not_there(caller):
    assert caller.get("/shipments/987654").status_code == 404
    assert caller.post("/shipments/987654/leave").status_code == 404
    assert caller.post("/shipments/987654/deliver").status_code == 404


def test_scopes_of_shipments(app, works, busy):
    reads = make_caller(app, works, ["shipments:read"], name="Reads")
    writes = make_caller(app, works, ["shipments:write"], name="Writes")
    path = f"/shipments/{busy.shipments['packed']}"
    assert reads.get(path).status_code == 200
    assert reads.post(f"{path}/leave").status_code == 403
    assert reads.post(f"/orders/{busy.orders['open']}/shipments").status_code == 403
    assert writes.get(path).status_code == 403
    assert writes.post(f"{path}/leave").status_code == 200
