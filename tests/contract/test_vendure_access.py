"""Which setting is wrong, how one is let in, what errors mean, and the shop's own lists."""

from __future__ import annotations

import pytest
from oms_connector import AccessRefused, ChannelDown, NotSupported, OutcomeUnknown, StockItem
from oms_connector.addresses import is_safe
from oms_connector.testing.faults import closed_politely, done_silently, error_503
from oms_vendure import VendureConnector
from oms_vendure.calls import shop_url

from tests.contract.vendure_standin import There
from tests.contract.vendure_wire import CHANNEL, KEY, PASSWORD, USER


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def user(there):
    """The same shop by a user who has never logged in."""
    there.secrets.clear()
    there.secrets["password"] = PASSWORD
    there.settings["username"] = USER
    return there


def wrong(there, **settings):
    """The field that is said to be wrong, and the words."""
    with pytest.raises(AccessRefused) as refused:
        there.connector(**settings).verify()
    return refused.value.field, str(refused.value)


class TestVerify:
    def test_the_shops_name_with_its_currency(self, there):
        assert there.connector().verify() == "Sklep Ewy (PLN)"

    def test_a_channel_of_several_is_named(self, there):
        there.shop.code = "detal"
        assert there.connector(channel=CHANNEL).verify() == "Sklep Ewy (detal, PLN)"

    def test_nothing_is_changed_by_looking(self, there):
        there.connector().verify()
        assert [there.named(call.request) for call in there.line.calls if not call.harmless] == []

    def test_a_wrong_key_says_that_keys_may_be_switched_off(self, there):
        there.wire.methods = {"bearer"}  # then Vendure ignores the header without a word
        field, said = wrong(there)
        assert field == "api_key"
        assert "tokenMethod" in said

    @pytest.mark.parametrize(("right", "what"), [
        ("ReadOrder", "read orders"), ("UpdateOrder", "update orders"),
        ("ReadCatalog", "read the catalog"), ("UpdateCatalog", "update the catalog")])
    def test_a_role_that_lacks_a_right(self, there, right, what):
        there.wire.rights.discard(right)
        field, said = wrong(there)
        assert field == "api_key"
        assert what in said

    def test_a_channel_that_is_not_there(self, there):
        assert wrong(there, channel="nope")[0] == "channel"

    def test_another_path_than_the_developers(self, there):
        there.line.looks = False
        assert wrong(there, path="/our-admin/")[0] == "url"

    def test_another_address(self, there):
        there.wire.moved = "https://www.sklep.example/admin-api"
        field, said = wrong(there)
        assert field == "url"
        assert "https://www.sklep.example/admin-api" in said

    @pytest.mark.parametrize("status", [401, 403, 404, 405])
    def test_a_wall_or_something_else_at_the_address(self, there, status):
        there.wire.status = status
        assert wrong(there)[0] == "url"

    @pytest.mark.parametrize("number", range(1, 7))
    @pytest.mark.parametrize("strike", [error_503, closed_politely])
    def test_a_shop_that_is_closed_now_says_nothing_about_the_settings(
            self, there, strike, number):
        there.fault(number, strike)
        with pytest.raises(ChannelDown):
            there.connector().verify()

    @pytest.mark.parametrize(("setting", "told"), [
        ("tax_field", "nip"), ("point_field", "order.x-y"), ("note_field", "cart.note"),
        ("ean_field", "e a n"), ("tax_field", "order.a } x {")])
    def test_what_is_no_name_of_a_field_never_reaches_a_document(self, there, setting, told):
        assert wrong(there, **{setting: told})[0] == setting
        assert there.calls("Page") == []

    def test_a_field_that_the_shop_does_not_have(self, there):
        there.line.looks = False
        with pytest.raises(NotSupported, match="customFields"):
            there.connector(tax_field="order.nip").verify()


class TestLogin:
    def test_the_first_call_logs_in_and_the_second_uses_its_session(self, user):
        for _ in range(2):
            user.connector().list_offers(None, 10)
        assert user.calls() == ["LogIn", "Page", "Page"]
        assert len(user.wire.sessions) == 2  # one was the stand-in's own

    def test_a_session_that_has_ended_within_a_200_is_renewed_and_kept(self, user):
        user.connector().list_offers(None, 10)
        old = user.secrets["access_token"]
        user.wire.sessions.clear()
        user.connector().list_offers(None, 10)
        assert user.calls()[2:] == ["Page", "Known", "LogIn", "Page"]
        assert user.secrets["access_token"] != old

    def test_a_write_that_met_the_end_of_a_session_is_made_once(self, user):
        mug = user.shop.variant("KUBEK", stock=3)
        user.connector().list_offers(None, 10)
        user.line.faults = {2: lambda request, answer: user.wire.sessions.clear() or answer()}
        [result] = user.connector().push_stock([StockItem(mug, "KUBEK", 8, 1, "k")])
        assert result.outcome == "applied"
        assert user.calls("Count") == ["Count", "Count"]
        assert user.shop.saleable(mug) == 8

    @pytest.mark.parametrize(("methods", "field", "said"), [
        ({"cookie"}, "api_key", "'bearer'"), ({"bearer", "native"}, "api_key", "Use an API key")])
    def test_a_shop_that_gives_no_token(self, user, methods, field, said):
        user.wire.methods = methods
        found, words = wrong(user)
        assert found == field
        assert said in words

    def test_a_wrong_password_is_refused_once_and_not_tried_again(self, user):
        user.secrets["password"] = "wrong-password"
        assert wrong(user)[0] == "password"
        assert user.calls("LogIn") == ["LogIn"]

    def test_verifying_tries_what_was_typed_and_not_the_session_of_before(self, user):
        user.connector().verify()
        user.secrets["password"] = "wrong-password"
        assert wrong(user)[0] == "password"

    @pytest.mark.parametrize(("settings", "secrets", "field"), [
        ({}, {}, "api_key"), ({}, {"password": "x"}, "username"),
        ({"username": USER}, {}, "api_key")])
    def test_without_what_is_needed_nobody_is_asked(self, there, settings, secrets, field):
        there.secrets.clear()
        there.secrets.update(secrets)
        assert wrong(there, **settings)[0] == field
        assert there.calls("LogIn") == []

    def test_a_lacking_right_is_no_reason_to_log_in_again(self, user):
        user.connector().list_offers(None, 10)
        user.wire.rights.discard("ReadOrder")
        with pytest.raises(AccessRefused, match="lacks a permission"):
            user.connector().pull_orders(None, 10)
        assert user.calls("LogIn") == ["LogIn"]


class TestKey:
    def test_it_travels_in_a_header_of_its_own(self, there):
        there.connector().list_offers(None, 10)
        headers = there.line.calls[-1].request.headers
        assert headers["vendure-api-key"] == KEY
        assert "authorization" not in headers

    def test_the_channels_token_goes_with_each_request(self, there):
        there.connector(channel=CHANNEL).fetch_orders(["1"])
        assert there.line.calls[-1].request.headers["vendure-token"] == CHANNEL

    def test_over_http_nothing_is_sent(self, there):
        assert wrong(there, url="http://sklep.example")[0] == "url"
        with pytest.raises(AccessRefused, match="https://"):
            there.connector(url="http://sklep.example").pull_orders(None, 10)
        assert there.line.calls == []

    @pytest.mark.parametrize(("address", "safe"), [
        ("https://sklep.example", True), ("http://127.0.0.1:3000", True),
        ("http://localhost:3000", True), ("http://127.0.0.1.x.y", False),
        ("http://sklep.example", False), ("http://10.0.0.7", False)])
    def test_only_this_machine_is_spoken_to_in_the_clear(self, address, safe):
        assert is_safe(address) is safe

    @pytest.mark.parametrize("typed", [
        "https://a.example/v", " https://a.example/v/ ", "https://a.example/v/admin-api/",
        "https://a.example/v/dashboard", "https://a.example/v/shop-api"])
    def test_what_people_copy_with_the_address_is_cut_off(self, typed):
        assert shop_url({"url": typed}) == "https://a.example/v"
        assert VendureConnector.base_url({"url": typed}) == "https://a.example/v"

    def test_without_anything_there_is_no_header(self):
        assert VendureConnector.auth_headers({}) == {}


class TestErrors:
    def test_an_error_of_the_database_is_not_quoted(self, there):
        mug = there.shop.variant("KUBEK")
        number = there.shop.buy((mug, 1))
        there.shop.broken.add(number)
        with pytest.raises(ChannelDown) as down:
            there.connector().push_status(number, "ReadyToPick", "")
        assert "Ewa" not in str(down.value)

    def test_a_write_that_failed_so_is_unknown(self, there):
        mug = there.shop.variant("KUBEK", stock=1)
        there.fault(2, lambda request, answer: type(answer())(
            200, {}, b'{"data": null, "errors": [{"message": "SqliteError: locked"}]}'))
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock([StockItem(mug, "KUBEK", 8, 1, "k")])

    def test_a_firewall_is_no_wrong_key(self, there):
        there.wire.status = 403
        with pytest.raises(ChannelDown, match="403"):
            there.connector().pull_orders(None, 10)

    def test_a_read_whose_answer_is_lost_changed_nothing(self, there):
        there.fault(1, done_silently)
        with pytest.raises(ChannelDown):
            there.connector().pull_orders(None, 10)

    def test_two_requests_a_second_and_a_few_at_once(self, there):
        began = there.clock.now
        for _ in range(20):
            there.connector().words("statuses")
        assert (there.clock.now - began).total_seconds() == pytest.approx(5)


class TestWords:
    def test_states_of_the_shops_own_process_are_among_them(self, there):
        refs = [word.ref for word in there.connector().words("statuses")]
        assert "ReadyToPick" in refs
        assert "AddingItems" not in refs

    def test_ways_to_pay_to_deliver_and_places(self, there):
        def named(kind):
            return {word.ref: word.name for word in there.connector().words(kind)}

        assert named("payments") == {"payu": "PayU", "pobranie": "Za pobraniem"}
        assert named("deliveries") == {"kurier": "Kurier DPD"}
        assert named("warehouses") == {"1": "Default Stock Location"}
        assert named("carriers") == {}

    def test_a_role_that_may_not_see_them_sees_none(self, there):
        there.wire.rights.discard("ReadSettings")
        assert there.connector().words("payments") == []
        there.wire.keys.clear()
        with pytest.raises(AccessRefused):
            there.connector().words("payments")
