"""Which setting is wrong, how the key travels, the shop's own lists, and doorbells."""

from __future__ import annotations

from base64 import b64decode

import pytest
from oms_connector import AccessRefused, ChannelDown, NotFound, Refused, Response, WebhookRefused
from oms_connector.addresses import is_safe
from oms_connector.testing.faults import closed_politely, error_503, unauthorized
from oms_medusa import MedusaConnector
from oms_medusa.calls import refusal, shop_url

from tests.contract.medusa_standin import There, delivery
from tests.contract.medusa_wire import KEY

SECRET = "kit-webhook-secret"


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


def wrong(there, **settings):
    """The field that is said to be wrong, and the words."""
    with pytest.raises(AccessRefused) as refused:
        there.connector(**settings).verify()
    return refused.value.field, str(refused.value)


class TestVerify:
    def test_the_shops_name_with_its_currency_and_location(self, there):
        assert there.connector().verify() == "Sklep Ewy (PLN, Magazyn)"
        assert [call.request.method for call in there.line.calls if not call.harmless] == []

    def test_a_wrong_key(self, there):
        there.shop.is_open = False
        assert wrong(there)[0] == "api_key"

    def test_a_publishable_key(self, there):
        there.secrets["api_key"] = "pk_0a1b2c3d"
        field, said = wrong(there)
        assert (field, "sk_" in said or "secret" in said) == ("api_key", True)

    def test_no_medusa_there(self, there):
        there.shop.bare = True
        assert wrong(there)[0] == "url"

    def test_a_wall_in_front_of_it(self, there):
        there.fault(1, unauthorized)
        assert wrong(there)[0] == "url"

    def test_another_address(self, there):
        there.shop.moved = "https://api.sklep.example"
        field, said = wrong(there)
        assert field == "url"
        assert "https://api.sklep.example." in said

    def test_a_page_that_asks_to_come_again_is_no_wrong_setting(self, there):
        for strike in (closed_politely, error_503):
            there.fault(1, strike)
            with pytest.raises(ChannelDown):
                there.connector().verify()

    def test_a_sales_channel_by_name_or_id(self, there):
        for told in ("sklep ewy", " Sklep Ewy ", "sc_0000MAIN", ""):
            assert there.connector(sales_channel=told).verify()
        field, said = wrong(there, sales_channel="Allegro")
        assert field == "sales_channel"
        assert "Sklep Ewy" in said

    def test_one_of_several_locations_has_to_be_named(self, there):
        there.shop.locations.append({"id": "sloc_2", "name": "Poznań"})
        field, said = wrong(there)
        assert (field, "Magazyn, Poznań" in said) == ("location", True)
        assert there.connector(location="poznań").verify() == "Sklep Ewy (PLN, Poznań)"
        assert wrong(there, location="Łódź")[0] == "location"

    def test_a_shop_without_a_location(self, there):
        there.shop.locations.clear()
        assert wrong(there)[0] == "location"


class TestTheWay:
    @pytest.mark.parametrize("typed", [
        "https://api.sklep.example", "https://api.sklep.example/", "https://api.sklep.example/app",
        "https://api.sklep.example/admin/",
    ])
    def test_what_people_copy_behind_the_address(self, typed):
        assert shop_url({"url": typed}) == "https://api.sklep.example"

    def test_the_key_is_the_name_of_a_basic_sign(self):
        told = MedusaConnector.auth_headers({"api_key": f" {KEY} "})["Authorization"]
        assert b64decode(told.removeprefix("Basic ")).decode() == f"{KEY}:"
        assert MedusaConnector.auth_headers({}) == {}

    @pytest.mark.parametrize(("url", "safe"), [
        ("https://sklep.example", True), ("http://sklep.example", False),
        ("http://localhost:9000", True), ("http://127.0.0.1:9000", True),
        ("http://localhost.evil.example", False),
    ])
    def test_a_key_is_not_sent_in_the_clear(self, there, url, safe):
        assert is_safe(url) is safe
        if not safe:
            assert wrong(there, url=url)[0] == "url"
            assert there.line.calls == []

    @pytest.mark.parametrize(("status", "body", "kind"), [
        (404, b'{"type": "not_found", "message": "Order id not found"}', NotFound),
        (404, b"<!DOCTYPE html>", Refused), (400, b'{"type": "invalid_data"}', Refused),
        (409, b'{"type": "conflict", "message": "..."}', ChannelDown),
        (403, b'{"type": "forbidden", "message": "no"}', AccessRefused),
        (403, b"<html>", ChannelDown), (500, b'{"type": "unknown_error"}', ChannelDown),
    ])
    def test_refusals_by_what_is_to_be_done_about_them(self, status, body, kind):
        assert isinstance(refusal(Response(status, {}, body), ChannelDown), kind)


def test_the_shops_own_lists(there):
    connector = there.connector()
    assert [word.ref for word in connector.words("statuses")] == [
        "completed", "archived", "delivered"]
    assert [(word.ref, word.name) for word in connector.words("payments")] == [
        ("pp_stripe_stripe", "stripe"), ("pp_system_default", "system")]
    assert [word.name for word in connector.words("deliveries")] == ["Kurier DPD"]
    assert [word.name for word in connector.words("warehouses")] == ["Magazyn"]
    assert connector.words("carriers") == []


class TestBell:
    def heard(self, there, told, secret=SECRET):
        rung = delivery(told, secret)
        headers = {name.lower(): value for name, value in rung.headers.items()}
        return there.connector().hear(rung.body, headers)

    def test_an_order(self, there):
        [ring] = self.heard(there, {"name": "order.placed", "order_id": "order_1",
                                    "event_id": "evt_1"})
        assert (ring.kind, ring.ref, ring.event_id) == ("order", "order_1", "evt_1")

    def test_a_ping_rings_nothing(self, there):
        assert self.heard(there, {"name": "ping"}) == []

    @pytest.mark.parametrize("told", [{}, {"order_id": "order_1"}, {"order_id": 7, "event_id": 1}])
    def test_nonsense(self, there, told):
        with pytest.raises(WebhookRefused):
            self.heard(there, told)

    def test_another_secret(self, there):
        with pytest.raises(WebhookRefused):
            self.heard(there, {"name": "ping"}, "another")
