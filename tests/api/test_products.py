"""Products through the API: told by SKU, what is left out stays."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from sqlalchemy import update

from oms_web.domain.catalog.models import Variant
from tests.api.calling import fields, make_caller, walked
from tests.conftest import TESTER


def test_a_price_alone_keeps_the_currency_it_was_in(caller):
    told = {"name": "Kubek", "price": "10.00", "currency": "EUR"}
    assert caller.put("/products/NEW", told).status_code == 201
    answer = caller.put("/products/NEW", {"price": "12.00"})
    assert answer.status_code == 200
    assert (answer.json["price"], answer.json["currency"]) == ("12.00", "EUR")


def test_a_new_sku_without_a_currency_is_in_zloty(caller):
    answer = caller.put("/products/NEW", {"name": "Kubek", "price": "12.00"})
    assert (answer.status_code, answer.json["currency"]) == (201, "PLN")


def test_a_currency_of_another_exponent_counts_its_own_units(caller):
    caller.put("/products/NEW", {"name": "Kubek", "price": "1200", "currency": "JPY"})
    answer = caller.put("/products/NEW", {"price": "1500"})
    assert (answer.json["price"], answer.json["currency"]) == ("1500", "JPY")


def test_a_new_sku_is_made_with_all_that_is_told_and_told_again_changes_nothing(on_both):
    told = {
        "name": "Kubek", "option": "biały", "brand": "Sowa", "category": "Kubki",
        "description": "Emalia", "vat_rate": "23", "eans": ["5900012003196"], "weight_g": 300,
        "size": {"length_mm": 100, "width_mm": 90, "height_mm": 80}, "price": "49.00",
        "cost": "12.345678", "currency": "PLN", "minimum": 5, "sell_without_stock": True,
    }
    made = on_both.put("/products/KUB", told)
    assert made.status_code == 201
    found = on_both.get("/products/KUB").json
    assert found == made.json
    size = found.pop("length_mm"), found.pop("width_mm"), found.pop("height_mm")
    assert size == tuple(told.pop("size").values())
    assert {name: found[name] for name in told} == told
    again = on_both.put("/products/KUB", told)
    assert (again.status_code, again.json) == (200, made.json)


def test_what_is_left_out_stays(caller):
    caller.put("/products/KUB", {"name": "Kubek", "weight_g": 300, "eans": ["5900012003196"]})
    answer = caller.put("/products/KUB", {"minimum": 2, "eans": ["KUB-1"]}).json
    assert (answer["name"], answer["weight_g"], answer["minimum"]) == ("Kubek", 300, 2)
    assert answer["eans"] == ["5900012003196", "KUB-1"]


def test_a_bundle_is_made_of_parts(caller):
    answer = caller.put("/products/SET", {"name": "Zestaw", "parts": {"A": 2, "B": 1}})
    assert (answer.status_code, answer.json["is_bundle"], answer.json["parts"]) == (
        201, True, {"A": 2, "B": 1})
    assert caller.get("/stock/SET").json["available"] == 3


@pytest.mark.parametrize(("body", "field"), [
    ({}, "name"), ({"name": ""}, "name"), ({"name": "x" * 301}, "name"),
    ({"name": "x", "vat_rate": "99.999"}, "vat_rate"),
    ({"name": "x", "vat_rate": "abc"}, "vat_rate"),
    ({"name": "x", "price": "-1"}, "price"), ({"name": "x", "price": 5}, "price"),
    ({"name": "x", "currency": "zł"}, "currency"), ({"name": "x", "weight_g": -1}, "weight_g"),
    ({"name": "x", "size": {"length_mm": 1}}, "size.width_mm"),
    ({"name": "x", "eans": ["5900012003190"]}, "eans"), ({"name": "x", "eans": [""]}, "eans.0"),
    ({"name": "x", "parts": {"NO": 1}}, "parts"), ({"name": "x", "parts": {"A": 0}}, "parts.A"),
    ({"name": "x", "parts": {"NEW": 1}}, "parts"), ({"name": "x", "sku": "Y"}, "sku"),
])
def test_what_is_wrong_is_named_and_nothing_is_kept(caller, body, field):
    named = fields(caller.put("/products/NEW", body))
    assert named[0] == field or (field == "size.width_mm" and named == [
        "size.width_mm", "size.height_mm"])
    assert caller.get("/products/NEW").status_code == 404


def test_a_code_of_another_sku_is_refused(caller):
    caller.put("/products/ONE", {"name": "One", "eans": ["5900012003196"]})
    refused = caller.put("/products/TWO", {"name": "Two", "eans": ["5900012003196"]})
    assert refused.status_code == 422
    assert caller.get("/products/TWO").status_code == 404


def test_a_sku_is_written_exactly_slashes_and_all(caller):
    for sku in ("a/b", "ż ó%", "A?b#c", "kub", "KUB", "+"):
        path = f"/products/{quote(sku, safe='/')}"
        assert caller.put(path, {"name": sku}).json["sku"] == sku
        assert caller.get(path).json["name"] == sku
        assert caller.get(f"/stock/{quote(sku, safe='/')}").json["sku"] == sku
    assert caller.put(f"/products/{'x' * 121}", {"name": "x"}).status_code == 422


def test_products_are_read_page_by_page_once_each(on_both):
    for number in range(5):
        on_both.put(f"/products/N{number}", {"name": f"Nowy {number}"})
    found = [one["sku"] for one in walked(on_both, "/products")]
    assert found == ["A", "B", *(f"N{number}" for number in range(5))]
    some = on_both.get("/products", sku=["N3", "A", "NO", "n1"]).json
    assert ([one["sku"] for one in some["items"]], some["next"]) == (["A", "N3"], None)


def test_archived_ones_are_told_of_only_when_asked_for(works, caller):
    with works.writing(TESTER) as work:
        work.session.execute(update(Variant).where(Variant.sku == "B").values(
            archived_at=work.now))
    assert [one["sku"] for one in walked(caller, "/products")] == ["A"]
    assert [one["sku"] for one in walked(caller, "/products", archived="true")] == ["A", "B"]
    assert caller.get("/products/B").json["archived_at"] is not None


@pytest.mark.parametrize(("query", "field"), [
    ({"limit": "many"}, "limit"), ({"after": "x"}, "after"), ({"archived": "perhaps"}, "archived"),
    ({"sku": ""}, "sku.0"), ({"name": "x"}, "name"),
])
def test_wrong_parameters_are_named(caller, query, field):
    assert fields(caller.get("/products", **query)) == [field]


def test_scopes_of_products(app, works, caller):
    reads = make_caller(app, works, ["products:read"], name="Reads")
    writes = make_caller(app, works, ["products:write"], name="Writes")
    assert reads.put("/products/NEW", {"name": "x"}).status_code == 403
    assert writes.put("/products/NEW", {"name": "x"}).status_code == 201
    assert writes.get("/products/NEW").status_code == 403
    assert reads.get("/products/NEW").status_code == 200
    assert reads.get("/products/NO").json["detail"] == "There is no such SKU."
