"""Orders through the API: sent in once each, found again, read page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order, OrderLink
from tests.api.calling import fields, make_caller, order_body, walked
from tests.conftest import TESTER


def line(**values):
    return {"sku": "A", "title": "Kubek", "quantity": 1, "unit_price": "20.00"} | values


def count(works):
    with works.reading(TESTER) as work:
        return work.session.scalar(select(func.count()).select_from(Order))


def test_an_order_is_split_joined_and_shares_a_parcel(caller):
    whole = caller.post("/orders", order_body()).json
    number, [only] = whole["id"], whole["lines"]
    part = caller.post(f"/orders/{number}/split", {
        "lines": [{"line_id": only["id"], "units": 1}]}).json
    assert (part["split_from"], part["parts"], part["totals"]["total"]) == (
        number, [number], "20.00")
    assert caller.get(f"/orders/{number}").json["totals"]["total"] == "29.99"
    refused = caller.post(f"/orders/{number}/split", {
        "lines": [{"line_id": only["id"], "units": 1}]})
    assert refused.status_code == 409
    again = caller.post(f"/orders/{part['id']}/join").json
    assert (again["id"], again["totals"], again["lines"]) == (
        number, whole["totals"], whole["lines"])
    other = caller.post("/orders", order_body("WEB-2")).json["id"]
    assert caller.post(f"/orders/{number}/together", {}).json["together"] == [other]
    assert caller.post(f"/orders/{other}/apart").json["together"] == []


# In --------------------------------------------------------------------------------------------


def test_an_order_is_taken_in_checked_reserved_and_filed(on_both):
    answer = on_both.post("/orders", order_body(
        "W-1", number="1001", tags=["gift", "gift"], note="Ring twice",
        delivery={"method": "Kurier", "carrier": "InPost", "pickup_point": ""},
        lines=[line(quantity=2, vat_rate="23%", line_ref="a"), line(sku="B", title="Miska")]))
    assert answer.status_code == 201
    made = answer.json
    assert (made["external_ids"], made["external_number"]) == (["W-1"], "1001")
    assert (made["phase"], made["queue"], made["holds"]) == ("open", "pick", [])
    assert made["totals"] == {"items": "60.00", "shipping": "9.99", "discount": "0.00",
                              "total": "69.99", "paid": "69.99"}
    assert [(one["product_sku"], one["reserved"], one["vat_rate"], one["line_ref"])
            for one in made["lines"]] == [("A", 2, "23", "a"), ("B", 1, "", "2")]
    assert (made["tags"], made["note"]) == (["gift"], "Ring twice")
    assert made["placed_at"] == "2026-11-23T10:00:00Z"
    assert made["channel"] == {"id": on_both.account_id, "name": "Own shop"}
    assert on_both.get(f"/orders/{made['id']}").json == made
    stock = on_both.get("/stock/A").json
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (10, 2, 8)


def test_the_same_order_again_is_the_same_order(works, on_both):
    first = on_both.post("/orders", order_body())
    again = on_both.post("/orders", order_body())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["id"] == first.json["id"]
    assert len(on_both.get("/orders").json["items"]) == 1


def test_what_changed_is_taken_over(caller):
    body = order_body(revision="1", state="unpaid")
    first = caller.post("/orders", body).json
    assert (first["queue"], first["payment"]["state"]) == ("unpaid", "unpaid")
    paid = caller.post("/orders", body | {
        "revision": "2", "state": "ready", "ship_to": body["ship_to"] | {"street": "Nowa 2"},
        "payments": [{"reference": "P1", "amount": "49.99", "at": "2026-11-23T11:00:00Z"}]})
    assert paid.status_code == 200
    assert (paid.json["queue"], paid.json["ship_to"]["street"]) == ("pick", "Nowa 2")
    assert paid.json["totals"]["paid"] == "49.99"
    older = caller.post("/orders", body | {"revision": "1", "note": "late"})
    assert older.json["note"] == ""
    fewer = caller.post("/orders", body | {"revision": "3", "state": "ready", "lines": [
        line(quantity=2, cancelled=1)]})
    assert [(one["cancelled"], one["reserved"]) for one in fewer.json["lines"]] == [(1, 1)]
    gone = caller.post("/orders", body | {"revision": "4", "state": "cancelled"})
    assert gone.json["phase"] == "cancelled"
    assert caller.get("/stock/A").json["reserved"] == 0


@pytest.mark.parametrize(("values", "phase", "queue", "holds"), [
    ({"state": "unpaid"}, "open", "unpaid", []),
    ({"state": "unpaid", "payment_kind": "cod"}, "open", "pick", []),
    ({"paid": False}, "open", "unpaid", []),
    ({"state": "shipped"}, "shipped", "transit", []),
    ({"state": "delivered"}, "done", "done", []),
    ({"state": "cancelled"}, "cancelled", "cancelled", []),
    ({"lines": [line(sku="NOBODY")]}, "open", "verify", ["unmapped"]),
    ({"lines": [line(quantity=11)]}, "open", "short", []),
    ({"ship_to": {"name": "Anna"}}, "open", "verify", ["address"]),
    ({"buyer": {"name": "Jan", "tax_id": "1234567890"}}, "open", "verify", ["tax_id"]),
    ({"total": "12.00"}, "open", "verify", ["totals"]),
    ({"payments": [{"reference": "P", "amount": "9.99", "at": "2026-11-23T11:00:00Z"}]},
     "open", "unpaid", []),
])
def test_each_case_lands_where_it_belongs(caller, values, phase, queue, holds):
    answer = caller.post("/orders", order_body(**values))
    assert answer.status_code == 201
    assert (answer.json["phase"], answer.json["queue"]) == (phase, queue)
    assert [one["kind"] for one in answer.json["holds"]] == holds


@pytest.mark.parametrize(("values", "field"), [
    ({"external_id": ""}, "external_id"), ({"external_id": "x" * 121}, "external_id"),
    ({"external_id": "a\0b"}, "external_id"), ({"currency": "zł"}, "currency"),
    ({"placed_at": "yesterday"}, "placed_at"), ({"placed_at": "1989-12-31T00:00:00Z"}, "placed_at"),
    ({"lines": []}, "lines"), ({"lines": [line()] * 501}, "lines"),
    ({"lines": [line(quantity=0)]}, "lines.0.quantity"),
    ({"lines": [line(), line(quantity=1.5)]}, "lines.1.quantity"),
    ({"lines": [line(unit_price="-1")]}, "lines.0.unit_price"),
    ({"lines": [line(unit_price="1,50")]}, "lines.0.unit_price"),
    ({"lines": [line(unit_price="١.٥")]}, "lines.0.unit_price"),
    ({"lines": [line(title="")]}, "lines.0.title"),
    ({"lines": [line(vat_rate="abc")]}, "lines.0.vat_rate"),
    ({"lines": [line(cancelled=2)]}, "lines.0.cancelled"),
    ({"lines": [line(line_ref="x"), line(line_ref="x")]}, "lines"),
    ({"lines": [line(line_ref="2"), line()]}, "lines"),
    ({"lines": [line(quantity=1_000_000, unit_price="99999999.99")] * 500, "currency": "KWD"},
     "lines"),
    ({"discount": "50.00"}, "discount"), ({"shipping": "free"}, "shipping"),
    ({"state": "lost"}, "state"), ({"payment_kind": "iou"}, "payment_kind"),
    ({"payments": [{"reference": "P", "amount": "1", "at": "2026-11-23T11:00:00Z"}] * 2},
     "payments"),
    ({"ship_to": {"country": "POL"}}, "ship_to.country"), ({"tags": [""]}, "tags.0"),
    ({"buyer": {"mail": "a@b"}}, "buyer.mail"), ({"note": 5}, "note"), ({"paid": "yes"}, "paid"),
])
def test_what_is_wrong_is_named_and_nothing_is_kept(works, caller, values, field):
    assert fields(caller.post("/orders", order_body(**values))) == [field]
    assert count(works) == 0


def test_a_purchase_for_which_no_order_stands_is_refused_and_not_a_fault(works, caller):
    caller.post("/orders", order_body())
    with works.writing(TESTER) as work:
        work.session.execute(delete(OrderLink))
    answer = caller.post("/orders", order_body(note="newer"))
    assert (answer.status_code, answer.json["title"]) == (409, "Not possible now")
    assert "replaced by another" in answer.json["detail"]


def test_while_the_channel_is_paused_nothing_comes_in(works, caller):
    with works.writing(TESTER) as work:
        work.session.execute(update(ChannelAccount)
                             .where(ChannelAccount.id == caller.account_id)
                             .values(state="paused"))
    answer = caller.post("/orders", order_body())
    assert (answer.status_code, count(works)) == (409, 0)
    assert "paused" in answer.json["detail"]


def test_the_numbers_of_two_programs_do_not_meet(app, works, caller):
    other = make_caller(app, works, name="Other")
    first, second = (one.post("/orders", order_body("1")).json["id"] for one in (caller, other))
    assert first != second
    assert [one["id"] for one in other.get("/orders", external_id="1").json["items"]] == [second]


# Out -------------------------------------------------------------------------------------------


def test_all_orders_are_read_page_by_page_once_each(on_both):
    ids = [on_both.post("/orders", order_body(
        f"W-{n}", placed_at=f"2026-11-{20 + n % 3}T10:00:00Z",
        lines=[line(sku="NO")])).json["id"] for n in range(7)]
    newest = walked(on_both, "/orders")
    assert sorted(one["id"] for one in newest) == ids
    oldest = walked(on_both, "/orders", sort="oldest", limit=3)
    assert [one["id"] for one in oldest] == [one["id"] for one in reversed(newest)]


@pytest.mark.parametrize(("query", "names"), [
    ({"queue": "held"}, {"held"}), ({"queue": "unpaid"}, {"unpaid"}),
    ({"queue": ["held", "unpaid"]}, {"held", "unpaid"}), ({"queue": "short"}, {"short"}),
    ({"queue": "done"}, {"done"}), ({"queue": "cancelled"}, {"gone"}),
    ({"hold": "any"}, {"held"}), ({"hold": "manual"}, {"held"}), ({"payment": "unpaid"}, None),
    ({"courier": "InPost"}, None), ({"sku": "B"}, {"short"}), ({"tag": 99}, set()),
    ({"country": "DE"}, set()), ({"country": "abroad"}, set()), ({"channel": 99}, set()),
    ({"placed_from": "2026-11-24"}, set()), ({"placed_to": "2026-11-22"}, set()),
    ({"external_id": "BUSY-gone"}, {"gone"}), ({"external_id": "BUSY-no"}, set()),
])
def test_filters(busy, query, names):
    answer = busy.caller.get("/orders", **query)
    assert answer.status_code == 200
    found = {one["id"] for one in answer.json["items"]}
    if names is not None:
        assert found == {busy.orders[name] for name in names}
    else:
        assert found < set(busy.orders.values())


@pytest.mark.parametrize(("query", "field"), [
    ({"queue": "nowhere"}, "queue"), ({"payment": "maybe"}, "payment.0"), ({"limit": 0}, "limit"),
    ({"limit": 201}, "limit"), ({"channel": "x"}, "channel.0"), ({"sort": "up"}, "sort"),
    ({"placed_from": "2026-13-01"}, "placed_from"), ({"after": "!!"}, "after"),
    ({"tag": 2**63}, "tag.0"), ({"colour": "red"}, "colour"),
])
def test_wrong_filters_are_named(caller, query, field):
    assert fields(caller.get("/orders", **query)) == [field]


def test_an_order_that_is_not_there(caller):
    answer = caller.get("/orders/987654")
    assert (answer.status_code, answer.json["detail"]) == (404, "There is no such order.")


def test_scopes_of_orders(app, works, caller):
    reads = make_caller(app, works, ["orders:read"], name="Reads")
    writes = make_caller(app, works, ["orders:write"], name="Writes")
    assert reads.post("/orders", order_body()).status_code == 403
    made = writes.post("/orders", order_body())
    assert made.status_code == 201
    assert writes.get("/orders").status_code == 403
    assert reads.get(f"/orders/{made.json['id']}").status_code == 200


# Acts ------------------------------------------------------------------------------------------


def test_cancelled_as_a_whole_and_said_twice(caller):
    made = caller.post("/orders", order_body()).json
    path = f"/orders/{made['id']}/cancel"
    answer = caller.post(path, {"reason": "Changed their mind"})
    assert (answer.status_code, answer.json["phase"]) == (200, "cancelled")
    assert caller.get("/stock/A").json["reserved"] == 0
    again = caller.post(path, {})
    assert (again.status_code, again.json.get("phase")) == (200, "cancelled")


def test_units_are_cancelled(caller):
    made = caller.post("/orders", order_body(lines=[line(quantity=3)])).json
    path, line_id = f"/orders/{made['id']}/cancel", made["lines"][0]["id"]
    two = caller.post(path, {"lines": [{"line_id": line_id, "units": 1}] * 2}).json
    assert [(one["cancelled"], one["reserved"]) for one in two["lines"]] == [(2, 1)]
    assert two["totals"]["items"] == "20.00"
    too_many = caller.post(path, {"lines": [{"line_id": line_id, "units": 2}]})
    assert (too_many.status_code, too_many.json["detail"]) == (
        409, "Kubek: only 1 units are still open.")
    assert fields(caller.post(path, {"lines": [{"line_id": 987654, "units": 1}]})) == ["lines"]
    assert fields(caller.post(path, {"lines": [{"line_id": line_id, "units": 0}]})) == [
        "lines.0.units"]


@pytest.mark.parametrize("act", ["cancel", "hold"])
def test_what_has_left_is_not_stopped(busy, act):
    answer = busy.caller.post(f"/orders/{busy.orders['shipped']}/{act}", {"reason": "x"})
    assert answer.status_code == 409


def test_held_until_a_day_and_let_go(works, caller):
    made = caller.post("/orders", order_body()).json
    path = f"/orders/{made['id']}"
    until = (works.clock() + timedelta(days=2)).isoformat()
    held = caller.post(f"{path}/hold", {"reason": "Wait for stock", "until": until}).json
    assert held["queue"] == "held"
    [hold] = held["holds"]
    assert (hold["kind"], hold["set_by"], hold["until"] is not None) == ("manual", "Own shop", True)
    free = caller.post(f"{path}/release")
    assert (free.status_code, free.json["holds"], free.json["queue"]) == (200, [], "pick")
    assert caller.post(f"{path}/release").status_code == 200
    assert fields(caller.post(f"{path}/hold", {"reason": "x", "until": "2020-01-01T00:00:00Z"})) \
        == ["until"]
    assert fields(caller.post(f"{path}/hold", {"reason": ""})) == ["reason"]
    assert fields(caller.post(f"{path}/hold", {"reason": "   "})) == ["reason"]
    assert caller.post(f"{path}/release", {"x": 1}).status_code == 400


def test_money_is_counted_once_by_its_reference(caller):
    made = caller.post("/orders", order_body(state="unpaid")).json
    path = f"/orders/{made['id']}/payments"
    for _ in range(2):
        part = caller.post(path, {"amount": "20.00", "reference": "bank-1"})
        assert part.json["totals"]["paid"] == "20.00"
    assert part.json["payment"]["state"] == "part"
    rest = caller.post(path, {"amount": "29.99", "reference": "bank-2", "method": "transfer",
                              "at": "2026-11-24T09:00:00Z"}).json
    assert (rest["payment"]["state"], rest["queue"]) == ("paid", "pick")


@pytest.mark.parametrize(("body", "field"), [
    ({"reference": "x"}, "amount"), ({"amount": "0", "reference": "x"}, "amount"),
    ({"amount": "0.001", "reference": "x"}, "amount"), ({"amount": 5, "reference": "x"}, "amount"),
    ({"amount": "1"}, "reference"), ({"amount": "1", "reference": ""}, "reference"),
    ({"amount": "1", "reference": "x", "at": "2099-01-01T00:00:00Z"}, "at"),
])
def test_money_must_make_sense(caller, body, field):
    made = caller.post("/orders", order_body(state="unpaid")).json
    assert fields(caller.post(f"/orders/{made['id']}/payments", body)) == [field]


def test_a_note_is_written(caller, works):
    made = caller.post("/orders", order_body()).json
    answer = caller.post(f"/orders/{made['id']}/notes", {"note": "Fragile"})
    assert (answer.status_code, answer.json["note"]) == (200, "")  # it is not the buyer's
    assert fields(caller.post(f"/orders/{made['id']}/notes", {"note": ""})) == ["note"]
    assert fields(caller.post(f"/orders/{made['id']}/notes", {"note": " \n "})) == ["note"]


@pytest.mark.parametrize(("act", "body"), [
    ("cancel", {}), ("hold", {"reason": "x"}), ("release", {}), ("notes", {"note": "x"}),
    ("payments", {"amount": "1", "reference": "x"}), ("shipments", {}),
])
def test_acts_on_what_is_not_there_or_not_allowed(app, works, caller, act, body):
    assert caller.post(f"/orders/987654/{act}", body).status_code == 404
    reads = make_caller(app, works, ["orders:read"], name="Reads")
    assert reads.post(f"/orders/987654/{act}", body).status_code == 403
