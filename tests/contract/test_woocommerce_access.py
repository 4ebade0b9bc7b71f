"""Which setting is wrong, how the key travels, how fast, the shop's own lists, and doorbells."""

from __future__ import annotations

from base64 import b64decode

import pytest
from oms_connector import AccessRefused, ChannelDown, NotSupported, WebhookRefused
from oms_connector.addresses import is_safe
from oms_connector.testing.faults import closed_politely, error_503, unauthorized
from oms_woocommerce import WooCommerceConnector
from oms_woocommerce.bell import TOPICS
from oms_woocommerce.calls import shop_url

from tests.contract.woocommerce_standin import There, delivery
from tests.contract.woocommerce_wire import KEY

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
    def test_the_shops_name_with_its_currency_and_zone(self, there):
        assert there.connector().verify() == "Sklep Ewy (PLN, Europe/Warsaw)"

    def test_nothing_is_changed_by_looking(self, there):
        there.connector().verify()
        assert [call.request.method for call in there.line.calls if not call.harmless] == []

    def test_a_wrong_key(self, there):
        there.shop.is_open = False
        field, said = wrong(there)
        assert field == "consumer_key"
        assert "Authorization" in said

    def test_a_key_that_may_only_read(self, there):
        there.shop.may_write = False
        field, said = wrong(there)
        assert field == "consumer_key"
        assert "Read/Write" in said

    def test_links_that_are_plain(self, there):
        there.shop.plain = True
        field, said = wrong(there)
        assert field == "url"
        assert "Permalinks" in said

    def test_no_wordpress_at_all(self, there):
        there.shop.bare = True
        field, said = wrong(there)
        assert field == "url"
        assert "Permalinks" not in said

    def test_another_address(self, there):
        there.shop.moved = "https://www.sklep.example"
        field, said = wrong(there)
        assert field == "url"
        assert "https://www.sklep.example." in said

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wall_in_front_of_the_shop(self, there, status):
        there.shop.walled = status
        assert wrong(there)[0] == "url"

    def test_a_wordpress_without_woocommerce(self, there):
        plain = there.standin.wire._index
        there.standin.wire._index = lambda: {**plain(), "namespaces": ["wp/v2"]}
        field, said = wrong(there)
        assert field == "url"
        assert "WooCommerce is not active" in said

    def test_a_user_without_rights(self, there):
        there.fault(2, lambda request, answer: type(answer())(
            403, {}, b'{"code": "woocommerce_rest_cannot_view", "message": "Brak praw."}'))
        field, said = wrong(there)
        assert field == "consumer_key"
        assert "Brak praw." in said

    @pytest.mark.parametrize("number", [1, 2, 3, 4])
    @pytest.mark.parametrize("strike", [error_503, closed_politely])
    def test_a_shop_that_is_closed_now_says_nothing_about_the_settings(
            self, there, strike, number):
        there.fault(number, strike)
        with pytest.raises(ChannelDown):
            there.connector().verify()

    def test_a_refusal_of_the_front_page_is_not_blamed_on_the_key(self, there):
        there.fault(1, unauthorized)
        assert wrong(there)[0] == "url"


class TestKey:
    def test_it_travels_in_a_header_and_never_in_an_address(self, there):
        there.connector().verify()
        for call in there.line.calls:
            assert "ck_" not in call.request.url
            assert "cs_" not in call.request.url
        told = there.line.calls[-1].request.headers["authorization"].removeprefix("Basic ")
        assert b64decode(told).decode() == ":".join(KEY)

    def test_over_http_nothing_is_sent(self, there):
        assert wrong(there, url="http://sklep.example")[0] == "url"
        for act in (lambda c: c.pull_orders(None, 10), lambda c: c.fetch_orders(["1"]),
                    lambda c: c.unsubscribe(["1"])):
            with pytest.raises(AccessRefused, match="https://"):
                act(there.connector(url="http://sklep.example"))
        assert there.line.calls == []

    @pytest.mark.parametrize(("address", "safe"), [
        ("https://sklep.example", True), ("http://127.0.0.1:8080", True),
        ("http://localhost/sklep", True), ("http://[::1]:81", True),
        ("http://127.0.0.1.x.y", False),
        ("http://sklep.example", False), ("http://10.0.0.7", False), ("ftp://localhost.x", False),
    ])
    def test_only_this_machine_is_spoken_to_in_the_clear(self, address, safe):
        assert is_safe(address) is safe

    @pytest.mark.parametrize("typed", [
        "https://a.example/sklep", " https://a.example/sklep/ ", "https://a.example/sklep/wp-admin",
        "https://a.example/sklep/wp-json/wc/v3/"])
    def test_what_people_copy_with_the_address_is_cut_off(self, typed):
        assert shop_url({"url": typed}) == "https://a.example/sklep"
        assert WooCommerceConnector.base_url({"url": typed}) == "https://a.example/sklep"

    def test_without_a_key_there_is_no_header(self):
        assert WooCommerceConnector.auth_headers({}) == {}

    def test_a_firewall_is_no_wrong_key(self, there):
        there.shop.walled = 403
        with pytest.raises(ChannelDown, match="firewall"):
            there.connector().pull_orders(None, 10)

    def test_sixty_requests_a_minute_and_a_few_at_once(self, there):
        began = there.clock.now
        for _ in range(65):
            there.connector().words("statuses")
        assert (there.clock.now - began).total_seconds() == pytest.approx(60)


class TestWords:
    def test_statuses_of_plugins_are_among_them(self, there):
        there.shop.statuses.append("do-grawerowania")
        assert "do-grawerowania" in {word.ref for word in there.connector().words("statuses")}

    def test_ways_to_pay_and_to_deliver(self, there):
        payments = {word.ref: word.name for word in there.connector().words("payments")}
        assert payments == {"payu": "PayU", "cod": "cod"}
        deliveries = {word.ref: word.name for word in there.connector().words("deliveries")}
        assert deliveries == {"flat_rate:3": "Kurier DPD (Polska)",
                              "local_pickup:4": "Odbiór (Polska)"}
        assert there.connector().words("carriers") == []

    def test_a_part_that_the_shop_lacks(self, there):
        there.line.looks = False
        with pytest.raises(NotSupported):
            there.connector()._api.rows("/nothing")


class TestHearing:
    def heard(self, there, told, **headers):
        named = {name.lower(): value for name, value in told.headers.items()} | headers
        return there.connector().hear(told.body, named)

    def test_an_order_rings(self, there):
        told = delivery(b'{"id":727,"status":"processing"}', "d1", SECRET)
        (ring,) = self.heard(there, told)
        assert (ring.kind, ring.ref, ring.event_id) == ("order", "727", "d1")

    def test_a_deleted_order_rings_with_its_number_only(self, there):
        (ring,) = self.heard(there, delivery(b'{"id":727}', "d2", SECRET, "order.deleted"))
        assert ring.ref == "727"

    def test_a_product_rings_as_an_offer_and_a_coupon_as_nothing(self, there):
        (ring,) = self.heard(there, delivery(b'{"id":5}', "d", SECRET, "product.updated"))
        assert (ring.kind, ring.ref) == ("offer", "5")
        assert self.heard(there, delivery(b'{"id":5}', "d", SECRET, "coupon.updated")) == []

    def test_the_ping_is_an_unsigned_form_and_rings_nothing(self, there):
        assert self.heard(there, there.standin.ping()) == []

    @pytest.mark.parametrize("body", [
        b"", b"webhook_id=", b"webhook_id=1&id=727", b"webhook_id=1\n", b"x=1", b'{"id":727}',
        b"webhook_id=" + b"1" * 40])
    def test_nothing_else_that_is_unsigned_is_let_in(self, there, body):
        with pytest.raises(WebhookRefused):
            there.connector().hear(body, {"content-type": "application/x-www-form-urlencoded"})

    def test_a_signed_ping_with_a_wrong_signature_is_refused(self, there):
        with pytest.raises(WebhookRefused):
            there.connector().hear(b"webhook_id=1", {"x-wc-webhook-signature": "x" * 44})

    def test_without_a_secret_not_even_a_ping_is_heard(self, there):
        there.secrets["webhook_secret"] = ""
        with pytest.raises(WebhookRefused):
            self.heard(there, there.standin.ping())

    @pytest.mark.parametrize("body", [b"[]", b"nonsense", b'{"id":"7"}', b'{"id":true}', b"{}"])
    def test_a_signed_riddle_is_refused(self, there, body):
        with pytest.raises(WebhookRefused):
            self.heard(there, delivery(body, "d", SECRET))

    def test_without_a_number_the_body_tells_repetitions(self, there):
        told = delivery(b'{"id":727}', "", SECRET)
        events = {self.heard(there, told)[0].event_id for _ in range(2)}
        assert len(events) == 1
        assert events.pop()


class TestSubscribing:
    URL = "https://oms.example/hooks/7"

    def test_one_of_each_topic_however_often_it_is_asked(self, there):
        first = there.connector().subscribe(self.URL, "one")
        again = there.connector().subscribe(self.URL, "two")
        assert first == again
        assert [hook["topic"] for hook in there.shop.hooks.values()] == list(TOPICS)
        assert {hook["secret"] for hook in there.shop.hooks.values()} == {"two"}

    def test_one_that_was_switched_off_is_switched_on_and_one_too_many_ended(self, there):
        first, *_ = there.connector().subscribe(self.URL, "one")
        hook = there.shop.hooks[int(first)]
        hook["status"] = "disabled"  # five deliveries failed
        double = there.shop._next()
        there.shop.hooks[double] = {**hook, "id": double}
        there.connector().subscribe(self.URL, "two")
        assert hook["status"] == "active"
        assert double not in there.shop.hooks

    def test_webhooks_of_others_are_left_alone(self, there):
        for number in range(130):
            there.shop.hooks[number + 1] = {"id": number + 1, "topic": "order.updated",
                                            "delivery_url": f"https://other.example/{number}"}
        refs = there.connector().subscribe(self.URL, "one")
        there.connector().subscribe(self.URL, "one")
        assert len(there.shop.hooks) == 134
        there.connector().unsubscribe([*refs, "999999", "abc", ""])
        assert len(there.shop.hooks) == 130
