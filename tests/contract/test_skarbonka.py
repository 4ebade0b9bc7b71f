"""The demo's payment provider keeps every promise of the SDK; buyers pay on a page of its own."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from oms_connector import PaymentAsk, Refused
from oms_connector.paying import is_safe_link
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import new_ask
from oms_demo.market import purse, ringing

from tests.contract.kit_skarbonka import Skarbonka
from tests.demo_market import open_market


class TestSkarbonka(ConnectorKit):
    """All checks of the kit."""

    standin = Skarbonka


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


def asked(there, amount="19.99", key="k1", notify=""):
    """A payment that is open, by the API; its reference."""
    answer = there.app.test_client().post("/api/v1/purse/payments", json={
        "key": key, "amount": amount, "currency": "PLN", "description": "<b>7</b> Sowa",
        "return_url": "https://sklep.example/o/1", "notify_url": notify},
        headers={"Authorization": f"Bearer {there.token}"})
    assert answer.status_code in (200, 201), answer.text
    return answer.json


def state(there, ref):
    with there.market.store.transaction() as db:
        return purse.state(purse.find(db, ref), there.market.clock())


def test_a_buyer_pays_on_the_page_of_the_link_and_cannot_refuse_afterwards(there):
    link = asked(there)
    page, buyer = link["url"].removeprefix("http://localhost"), there.app.test_client()
    shown = buyer.get(page).text
    assert "19,99" in shown
    assert "&lt;b&gt;7" in shown
    assert 'href="https://sklep.example/o/1"' in shown
    assert "Ustawienia" not in shown  # nothing of the back office
    for _ in range(2):
        assert buyer.post(f"{page}/pay").status_code == 303
    assert state(there, link["id"]) == "paid"
    assert buyer.post(f"{page}/refuse").status_code == 409
    assert "Dziękujemy" in buyer.get(page).text
    assert link["id"] in buyer.get("/purse").text
    assert buyer.get("/pay/SK-000404").status_code == 404


def test_what_nobody_pays_ends_after_a_week(there):
    first, second = asked(there), asked(there, key="k2")
    there.app.test_client().post(f"/pay/{first['id']}/refuse")
    there.clock.turn(days=7)
    assert (state(there, first["id"]), state(there, second["id"])) == ("refused", "cancelled")
    assert there.app.test_client().post(f"/pay/{second['id']}/pay").status_code == 409


def test_it_rings_when_money_came_and_when_it_is_back(there):
    heard = []

    def ring():
        ringing.ring_due(
            there.market, lambda post, now: heard.append(json.loads(post.body)) or 200)
        return [one["event"] for one in heard]

    elsewhere = asked(there, key="k0", notify="https://oms.example/ring/1")
    link = asked(there, notify="http://127.0.0.1:9/ring/7")
    for one in (elsewhere, link):
        there.app.test_client().post(f"/pay/{one['id']}/pay")
    assert ring() == [f"{link['id']}-paid"]  # on this machine only, and of its own payments
    with there.market.store.transaction() as db:
        now = there.market.clock()
        quick, _ = purse.give_back(db, now, link["id"], "r1", 500)
        slow, _ = purse.give_back(db, now, link["id"], "r5", 500)
    assert (quick["status"], slow["status"]) == ("pending", "pending")
    assert len(ring()) == 1
    there.clock.turn(seconds=20)
    assert ring()[1:] == [f"{link['id']}-{quick['id']}"]
    there.clock.turn(minutes=15)
    assert ring()[2:] == [f"{link['id']}-{slow['id']}"]


def test_the_same_key_with_another_amount_is_refused():
    with open_bench(Skarbonka) as bench:
        ask = new_ask(Decimal("5.00"))
        bench.call(lambda c: c.ask_payment(ask))
        other = PaymentAsk(ask.key, Decimal("6.00"), "PLN", "x")
        with pytest.raises(Refused):
            bench.call(lambda c: c.ask_payment(other))
        assert bench.standin.payments(ask.key) == [Decimal("5.00")]


@pytest.mark.parametrize(("url", "safe"), [
    ("https://pay.example/1", True), ("http://127.0.0.1:8001/pay/1", True),
    ("http://localhost/pay", True), ("http://pay.example/1", False),
    ("http://127.0.0.1.evil.example/", False), ("javascript:alert(1)", False), ("", False)])
def test_buyers_are_sent_to_encrypted_pages_or_to_this_machine(url, safe):
    assert is_safe_link(url) is safe
