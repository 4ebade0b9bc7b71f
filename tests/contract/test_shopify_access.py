"""Which setting is wrong, how the key travels, tokens of a day, the shop's lists, and doorbells."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from oms_connector import AccessRefused, ChannelDown, Ring, WebhookRefused
from oms_connector.testing import answer
from oms_connector.testing.faults import closed_politely, error_503, unauthorized
from oms_shopify import ShopifyConnector
from oms_shopify.access import is_safe, shop_url
from oms_shopify.bell import FIELDS, TOPICS, hear

from tests.contract.shopify_standin import There, delivery
from tests.contract.shopify_wire import CLIENT, OLD_TOKEN

SECRET = CLIENT[1]
URL = "https://oms.example/hooks/7"


@pytest.fixture
def there():
    there = There()
    there.shop.variant("KUBEK")
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
        assert all(call.harmless for call in there.line.calls)

    def test_nothing_typed_at_all(self, there):
        there.secrets.clear()
        assert wrong(there, client_id="")[0] == "client_id"
        assert wrong(there)[0] == "client_secret"
        assert there.line.calls == []

    def test_a_wrong_secret(self, there):
        there.secrets.update(client_secret="shpss_wrong", access_token="")
        field, said = wrong(there)
        assert (field, "secret" in said) == ("client_id", True)

    def test_a_wrong_token(self, there):
        there.secrets.update(admin_token="shpat_wrong")
        assert wrong(there)[0] == "admin_token"

    @pytest.mark.parametrize(("switch", "field", "word"), [
        ("is_ours", "client_id", "organization"), ("is_installed", "shop", "Install app")])
    def test_an_app_that_is_not_at_home_there(self, there, switch, field, word):
        setattr(there.shop, switch, False)
        there.secrets.update(access_token="")
        found, said = wrong(there)
        assert found == field
        assert word in said

    def test_an_address_where_no_shop_is(self, there):
        there.line.every = lambda request, done: answer(404, None)
        assert wrong(there)[0] == "shop"

    def test_an_app_that_lacks_rights_names_them(self, there):
        there.shop.scopes.remove("write_inventory")
        there.shop.scopes.remove("read_returns")
        field, said = wrong(there)
        assert field == "client_id"
        assert "read_returns, write_inventory." in said
        there.secrets.update(admin_token=OLD_TOKEN)
        assert wrong(there)[0] == "admin_token"

    def test_a_plan_that_hides_buyers(self, there):
        there.shop.shows_buyers = False
        assert "plan" in wrong(there)[1]

    def test_a_location_has_to_be_named_where_there_are_several(self, there):
        there.shop.locations[72] = "Sklep"
        field, said = wrong(there)
        assert field == "location"
        assert "Magazyn, Sklep" in said
        assert there.connector(location="magazyn").verify()
        assert wrong(there, location="Piwnica")[0] == "location"

    @pytest.mark.parametrize("number", [1, 2, 3])
    @pytest.mark.parametrize("strike", [error_503, closed_politely])
    def test_a_shop_that_is_closed_now_says_nothing_about_the_settings(self, there, strike,
                                                                      number):
        there.fault(number, strike)
        with pytest.raises(ChannelDown):
            there.connector().verify()


class TestAddress:
    @pytest.mark.parametrize("typed", [
        "sklep-ewy", "sklep-ewy.myshopify.com", " https://Sklep-Ewy.myshopify.com/admin ",
        "https://sklep-ewy.myshopify.com/", "https://admin.shopify.com/store/sklep-ewy/orders",
        "http://sklep-ewy.myshopify.com"])
    def test_what_people_copy_is_understood(self, typed):
        assert shop_url({"shop": typed}) == "https://sklep-ewy.myshopify.com"
        assert ShopifyConnector.base_url({"shop": typed}) == "https://sklep-ewy.myshopify.com"
        assert is_safe({"shop": typed})

    @pytest.mark.parametrize("typed", [
        "", "sklep.example", "myshopify.com", "a.b.myshopify.com", "x.myshopify.com.evil.example",
        "https://sklep.example/sklep-ewy.myshopify.com", "https://a@evil.example"])
    def test_nothing_is_sent_to_any_other_address(self, there, typed):
        assert not is_safe({"shop": typed})
        for token in ("shpat_1000000000000001", ""):
            there.secrets.update(access_token=token)
            for act in (lambda c: c.verify(), lambda c: c.pull_orders(None, 5),
                        lambda c: c.refresh(), lambda c: c.unsubscribe(["1"])):
                with pytest.raises(AccessRefused) as refused:
                    act(there.connector(shop=typed))
                assert refused.value.field == "shop"
        assert there.line.calls == []

    def test_this_machine_may_be_spoken_to_in_the_clear(self):
        assert shop_url({"shop": "http://127.0.0.1:9906/"}) == "http://127.0.0.1:9906"
        assert is_safe({"shop": "http://localhost:9906"})


class TestTokens:
    def test_the_first_request_fetches_a_token(self, there):
        there.secrets.update(access_token="")
        there.connector().fetch_orders(["1"])
        assert there.asked() == ["/admin/oauth/access_token", "OrdersById"]
        assert there.secrets["access_token"] in there.wire.tokens

    def test_a_token_is_renewed_before_it_ends(self, there):
        tokens = there.connector().refresh()
        assert tokens.expires_at == there.clock.now + timedelta(seconds=86399, minutes=-5)
        assert tokens.refresh_token == ""

    def test_a_typed_token_is_used_and_never_renewed(self, there):
        there.secrets.update(admin_token=f" {OLD_TOKEN} ", access_token="shpat_other")
        there.connector(client_id="").verify()
        assert {call.request.headers["x-shopify-access-token"] for call in there.line.calls} == {
            OLD_TOKEN}
        there.wire.tokens.clear()
        with pytest.raises(AccessRefused) as refused:
            there.connector().fetch_orders(["1"])
        assert refused.value.field == "admin_token"
        assert "/admin/oauth/access_token" not in there.asked()

    def test_what_is_known_of_a_fetched_token_does_not_end_a_typed_one(self, there):
        there.pass_time(days=3)
        there.secrets.update(admin_token=OLD_TOKEN, expires_at="2026-11-24T09:30:00+00:00")
        there.connector().fetch_orders(["1"])
        assert there.asked() == ["OrdersById"]

    def test_neither_key_nor_token_is_ever_in_an_address(self, there):
        there.secrets.update(access_token="")
        there.connector().verify()
        for call in there.line.calls:
            assert "shp" not in call.request.url.removeprefix("https://sklep")

    def test_without_a_key_there_is_no_header(self):
        assert ShopifyConnector.auth_headers({}) == {}

    @pytest.mark.parametrize(("status", "body", "error"), [
        (500, {}, ChannelDown), (200, {}, ChannelDown), (200, None, ChannelDown),
        (400, {"error": "invalid_scope", "error_description": "No."}, AccessRefused)])
    def test_a_token_that_does_not_come(self, there, status, body, error):
        there.line.every = lambda request, done: answer(status, body)
        with pytest.raises(error):
            there.connector().refresh()
        there.line.every = unauthorized
        with pytest.raises(AccessRefused):
            there.connector().refresh()


class TestWords:
    def test_statuses_carriers_and_locations(self, there):
        there.shop.locations[72] = "Sklep"
        connector = there.connector()
        assert [one.ref for one in connector.words("statuses")] == [
            "UNFULFILLED", "IN_PROGRESS", "ON_HOLD"]
        assert "Inpost" in [one.ref for one in connector.words("carriers")]
        assert [(one.ref, one.name) for one in connector.words("warehouses")] == [
            ("71", "Magazyn"), ("72", "Sklep")]
        assert list(connector.words("payments")) == []


class TestHearing:
    def hear(self, told, secret=SECRET):
        return hear(told.body, {name.lower(): one for name, one in told.headers.items()}, secret)

    def test_an_order_rings_with_its_number_and_the_delivery(self):
        told = delivery(b'{"id": 7}', "wh-1", SECRET)
        [ring] = self.hear(told)
        assert (ring.kind, ring.ref, ring.event_id) == ("order", "7", "wh-1")
        assert ring.at is not None

    def test_a_return_rings_for_returns(self):
        assert self.hear(delivery(b'{"id": 9}', "wh-2", SECRET, "returns/approve")) == [
            Ring("return", "9", "wh-2", self.hear(delivery(b'{"id": 9}', "x", SECRET))[0].at)]

    def test_other_topics_ring_nothing(self):
        assert self.hear(delivery(b'{"id": 9}', "wh-3", SECRET, "app/uninstalled")) == []

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"no", b'{"id": "7"}', b'{"id": true}'])
    def test_nonsense_is_refused_even_when_it_is_signed(self, body):
        with pytest.raises(WebhookRefused):
            self.hear(delivery(body, "wh-4", SECRET))

    def test_our_own_secret_signs_nothing(self, there):
        """Shopify takes no secret from us: it signs with the app's."""
        assert ShopifyConnector.manifest.webhook_secret == "client_secret"
        there.secrets["webhook_secret"] = "ours"
        told = delivery(b'{"id": 7}', "wh-5", "ours")
        with pytest.raises(WebhookRefused):
            there.connector().hear(told.body, {k.lower(): v for k, v in told.headers.items()})


class TestSubscribing:
    def test_one_webhook_of_each_topic_that_tells_no_names(self, there):
        refs = there.connector().subscribe(URL, "unused")
        assert [hook["topic"] for hook in there.shop.hooks.values()] == list(TOPICS)
        assert refs == [str(number) for number in there.shop.hooks]
        told = json.loads(there.line.calls[-1].request.body)["variables"]["hook"]
        assert told == {"uri": URL, "format": "JSON", "includeFields": list(FIELDS)}

    def test_what_is_there_stays_and_what_is_missing_comes(self, there):
        first = there.connector().subscribe(URL, "unused")
        there.connector().subscribe("https://other.example/1", "unused")
        del there.shop.hooks[int(first[2])]
        second = there.connector().subscribe(URL, "unused")
        assert (second[:2], second[3:]) == (first[:2], first[3:])
        assert len(there.shop.hooks) == 2 * len(TOPICS)

    def test_a_webhook_that_shopify_gave_up_is_no_error_to_end(self, there):
        refs = there.connector().subscribe(URL, "unused")
        there.shop.hooks.clear()
        there.connector().unsubscribe([*refs, "not a number"])
