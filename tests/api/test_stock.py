"""Stock through the API: how much there is, and putting the ledger right."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from oms_web.domain.stock.models import Move, Warehouse
from tests import factories as make
from tests.api.calling import fields, make_caller, order_body, walked
from tests.conftest import TESTER


def moves(works):
    with works.reading(TESTER) as work:
        return work.session.scalar(select(func.count()).select_from(Move))


@pytest.fixture
def gdynia(works, shop):
    """A second warehouse with two bins."""
    with works.writing(TESTER) as work:
        return make.warehouse(work, "GDY", 1, ["G-01", "G-02"]).id


def test_what_there_is_and_what_is_promised(on_both):
    on_both.post("/orders", order_body())
    assert on_both.get("/stock/A").json == {
        "sku": "A", "title": on_both.get("/stock/A").json["title"], "is_bundle": False,
        "on_hand": 10, "reserved": 2, "unsellable": 0, "available": 8, "incoming": 0,
        "warehouses": [{"warehouse": "LDZ", "on_hand": 10, "reserved": 2, "unsellable": 0,
                        "available": 8}],
    }


def test_stock_is_read_page_by_page_once_each(on_both):
    for number in range(4):
        on_both.put(f"/products/N{number}", {"name": f"Nowy {number}"})
    assert [one["sku"] for one in walked(on_both, "/stock")] == ["A", "B", "N0", "N1", "N2", "N3"]
    some = on_both.get("/stock", sku=["N2", "a", "B"]).json["items"]
    assert [one["sku"] for one in some] == ["B", "N2"]


def test_units_are_added_and_taken_away(on_both):
    more = on_both.post("/stock/corrections", {"sku": "A", "change": 5, "note": "Found"})
    assert (more.status_code, more.json["on_hand"]) == (201, 15)
    fewer = on_both.post("/stock/corrections", {"sku": "A", "change": -15, "reason": "damaged"})
    assert (fewer.status_code, fewer.json["on_hand"]) == (201, 0)


def test_the_same_correction_moves_nothing_twice_for_ever(works, caller, monkeypatch):
    from datetime import timedelta

    body = {"sku": "A", "change": 5}
    assert caller.post("/stock/corrections", body, "c1").json["on_hand"] == 15
    later = works.clock() + timedelta(days=30)
    monkeypatch.setattr(works, "clock", lambda: later)
    assert caller.post("/stock/corrections", body, "c1").json["on_hand"] == 15


def test_orders_lose_units_that_are_gone(caller):
    made = caller.post("/orders", order_body()).json
    assert caller.put("/stock/A", {"on_hand": 1}).json["reserved"] in (0, 1)
    after = caller.get(f"/orders/{made['id']}").json
    assert (after["queue"], after["lines"][0]["reserved"] < 2) == ("short", True)


def test_saying_what_is_there_already_moves_nothing(works, caller):
    before = moves(works)
    answer = caller.put("/stock/A", {"on_hand": 10})
    assert (answer.status_code, answer.json["on_hand"], moves(works)) == (200, 10, before)


def test_a_place_may_be_named(gdynia, caller):
    named = {"warehouse": "GDY", "bin": "G-02"}
    assert caller.put("/stock/A", {"on_hand": 4, **named}).json["on_hand"] == 14
    more = caller.post("/stock/corrections", {"sku": "A", "change": 1, "warehouse": "GDY"}).json
    assert [(one["warehouse"], one["on_hand"]) for one in more["warehouses"]] == [
        ("LDZ", 10), ("GDY", 5)]
    caller.put("/stock/A", {"on_hand": 1, "warehouse": "GDY", "bin": "G-01"})
    assert fields(caller.put("/stock/A", {"on_hand": 9, "warehouse": "GDY"})) == ["bin"]


def test_a_bundle_has_no_units_of_its_own(caller):
    caller.put("/products/SET", {"name": "Zestaw", "parts": {"A": 2}})
    assert caller.put("/stock/SET", {"on_hand": 4}).status_code == 422
    assert caller.get("/stock/SET").json["available"] == 5


@pytest.mark.parametrize(("body", "field"), [
    ({"change": 1}, "sku"), ({"sku": "A"}, "change"), ({"sku": "A", "change": 0}, "change"),
    ({"sku": "A", "change": -11}, "change"), ({"sku": "A", "change": 1_000_001}, "change"),
    ({"sku": "A", "change": 1, "reason": "whim"}, "reason"),
    ({"sku": "A", "change": 5, "reason": "damaged"}, "reason"),
    ({"sku": "A", "change": 1, "warehouse": "NO"}, "warehouse"),
    ({"sku": "A", "change": 1, "bin": "NO"}, "bin"),
    ({"sku": "A", "change": True}, "change"),
])
def test_what_is_wrong_is_named_and_nothing_moves(works, caller, body, field):
    before = moves(works)
    assert fields(caller.post("/stock/corrections", body)) == [field]
    assert moves(works) == before


@pytest.mark.parametrize(("body", "field"), [
    ({}, "on_hand"), ({"on_hand": -1}, "on_hand"), ({"on_hand": "4"}, "on_hand"),
    ({"on_hand": 10_000_001}, "on_hand"), ({"on_hand": 1, "warehouse": "NO"}, "warehouse"),
    ({"on_hand": 12, "reason": "damaged"}, "reason"),
])
def test_a_level_must_make_sense(caller, body, field):
    assert fields(caller.put("/stock/A", body)) == [field]


def test_a_sku_that_is_not_there(caller):
    assert caller.get("/stock/NO").status_code == 404
    assert caller.put("/stock/NO", {"on_hand": 1}).status_code == 404
    assert caller.post("/stock/corrections", {"sku": "NO", "change": 1}).status_code == 404


def test_without_a_warehouse_units_have_no_place(app, works):
    with works.writing(TESTER) as work:
        make.company(work)
        make.variant(work, "A")
        assert work.session.scalar(select(Warehouse.id)) is None
    caller = make_caller(app, works)
    assert fields(caller.put("/stock/A", {"on_hand": 1})) == ["warehouse"]


def test_scopes_of_stock(app, works, caller):
    reads = make_caller(app, works, ["stock:read"], name="Reads")
    writes = make_caller(app, works, ["stock:write"], name="Writes")
    assert reads.put("/stock/A", {"on_hand": 1}).status_code == 403
    assert reads.post("/stock/corrections", {"sku": "A", "change": 1}).status_code == 403
    assert writes.put("/stock/A", {"on_hand": 1}).status_code == 200
    assert writes.get("/stock").status_code == 403
