"""The palette: groups of hits within the reader's rights, few questions, and what was seen last."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks.counting import counted
from tests.floor import EANS, Floor
from tests.screens.test_orders import HTMX, body, text_of


@pytest.fixture
def floor(works):
    return Floor(works, cups=(500, 500))


def groups(client, q) -> dict[str, list[str]]:
    """Group -> the addresses in it."""
    part = body(client.get("/find", query_string={"q": q}, headers=HTMX))
    assert "<html" not in part
    part = part.replace("&amp;", "&")
    return {key: re.findall(r'<a [^>]*href="([^"]+)"', rest) for key, rest in re.findall(
        r'aria-labelledby="hits-(\w+)">(.*?)</div>', part, re.DOTALL)}


def test_it_finds_orders_products_screens_acts_and_views(floor, browser_as):
    number = floor.order("8F3C-b2", {"KUB": 1}, number="8F3C-b2", buyer_name="Żaneta Łoś")
    boss = browser_as("manager")
    assert groups(boss, "zaneta")["orders"] == [f"/orders/{number}"]
    assert groups(boss, "8f3cb2")["orders"] == [f"/orders/{number}"]
    assert groups(boss, EANS["KUB"])["products"] == groups(boss, "kub")["products"][:1]
    assert groups(boss, "ledger") == {"screens": ["/stock/ledger"]}
    assert groups(boss, "ADD ORD")["acts"] == ["/orders/new"]
    assert groups(boss, "ship tod")["views"] == ["/orders?ship=today"]
    boss.post("/orders/views", data={"back": "/orders?courier=DPD", "name": "Zażółć"})
    assert groups(boss, "zazolc")["views"] == ["/orders?courier=DPD&view=1"]
    assert groups(boss, "nothing at all") == {}
    whole = boss.get("/find", query_string={"q": str(number)})
    assert "<html" in body(whole)
    assert "Żaneta Łoś" in text_of(whole)
    assert " data-sure" in body(boss.get(f"/find?q={number}", headers=HTMX))


def test_each_role_finds_what_it_may_see(floor, browser_as):
    number = floor.order("A", {"KUB": 1}, buyer_name="Ewa Kubacka")
    packer, reader = browser_as("warehouse"), browser_as("reader")
    packer.get(f"/orders/{number}")
    assert set(groups(packer, "kub")) == {"products"}
    assert groups(packer, str(number)) == {}
    assert groups(packer, "add") == groups(reader, "add") == {}
    assert set(groups(reader, "kub")) == {"orders", "products"}
    assert 'action="/find"' in body(packer.get("/stock"))


def test_typing_costs_few_questions_however_many_fit(floor, browser_as, oms):
    boss = browser_as("manager")

    def cost(q) -> int:
        groups(boss, q)
        with counted(oms.engine) as found:
            groups(boss, q)
        return len(found)

    floor.order("A", {"KUB": 1}, buyer_name="Anna Nowak")
    alone = cost("anna")
    for n in range(40):
        floor.order(f"N{n}", {"KUB": 1}, buyer_name=f"Anna {n}")
    assert cost("anna") <= alone
    assert alone <= 17
    assert len(groups(boss, "anna")["orders"]) == 6


def test_with_nothing_typed_it_offers_what_was_looked_at_last(floor, browser_as):
    boss = browser_as("manager")
    one, two = (floor.order(name, {"KUB": 1}) for name in "AB")
    for path in (f"/orders/{one}", "/products/1", f"/orders/{two}", f"/orders/{one}", "/orders/9"):
        boss.get(path)
    assert groups(boss, "") == {"recent": [f"/orders/{one}", f"/orders/{two}", "/products/1"]}
