"""Which setting is wrong, how the key travels, what refusals mean, the shop's own lists."""

from __future__ import annotations

from base64 import b64decode

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.addresses import is_safe
from oms_connector.testing.faults import closed_politely, error_503, unauthorized
from oms_prestashop import PrestaShopConnector
from oms_prestashop.calls import NotSaved, refusal, shop_url

from tests.contract.prestashop_standin import There
from tests.contract.prestashop_wire import KEY


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
    def test_the_shops_name_with_its_currency_zone_and_version(self, there):
        assert there.connector().verify() == "Sklep Ewy (PLN, Europe/Warsaw, PrestaShop 8.1.2)"
        assert [call for call in there.line.calls if not call.harmless] == []

    def test_a_wrong_key(self, there):
        there.shop.is_open = False
        field, said = wrong(there)
        assert field == "key"
        assert "CGI" in said

    def test_a_key_that_was_cut_off_while_copying_is_not_sent(self, there):
        there.secrets["key"] = KEY[:-1]
        assert wrong(there) == ("key", "A webservice key has 32 characters.")
        assert there.line.calls == []

    def test_permissions_that_are_missing_are_named_as_the_back_office_calls_them(self, there):
        there.shop.rights = {"orders": {"get"}, "taxes": {"all"}, "order_histories": {"post"},
                             "stock_availables": {"put", "delete"}}
        field, said = wrong(there)
        assert field == "key"
        assert "View (GET): orders, taxes; Modify (PUT): stock_availables; " \
            "Add (POST): order_histories." in said

    def test_a_shop_before_8_is_not_asked_for_what_it_does_not_have(self, there):
        there.shop.old = True
        assert there.connector().verify().endswith("PrestaShop 1.7.6.5)")

    def test_a_webservice_that_is_switched_off_is_no_passing_fault(self, there):
        there.shop.is_on = False
        field, said = wrong(there)
        assert field == "url"
        assert "switched off" in said

    @pytest.mark.parametrize(("switch", "field"), [("bare", "url"), ("walled", "url")])
    def test_another_address_or_a_wall(self, there, switch, field):
        setattr(there.shop, switch, 403)
        assert wrong(there)[0] == field

    def test_a_shop_that_has_moved_says_where(self, there):
        there.shop.moved = "https://www.sklep.example"
        field, said = wrong(there)
        assert field == "url"
        assert "https://www.sklep.example." in said

    def test_a_shop_number_that_is_not_there_leads_to_a_page_for_people(self, there):
        assert there.connector(id_shop="1").verify()
        assert wrong(there, id_shop="7")[0] == "id_shop"

    def test_a_status_that_is_not_there(self, there):
        assert wrong(there, sent_status="W drodze")[0] == "sent_status"
        for name in ("wysłane", " 4 "):
            assert there.connector(sent_status=name).verify()

    @pytest.mark.parametrize("number", [1, 2, 3])
    @pytest.mark.parametrize("strike", [error_503, closed_politely])
    def test_a_shop_that_is_closed_now_says_nothing_about_the_settings(
            self, there, strike, number):
        there.fault(number, strike)
        with pytest.raises(ChannelDown):
            there.connector().verify()

    def test_a_key_without_a_right_in_the_middle_of_work_stops_the_account(self, there):
        there.fault(1, unauthorized)
        with pytest.raises(AccessRefused):
            there.connector().pull_orders(None, 10)


class TestKey:
    def test_it_travels_as_the_user_without_a_password_and_never_in_an_address(self, there):
        there.connector().verify()
        assert all(KEY not in call.request.url for call in there.line.calls)
        told = there.line.calls[-1].request.headers["authorization"].removeprefix("Basic ")
        assert b64decode(told).decode() == f"{KEY}:"
        assert PrestaShopConnector.auth_headers({}) == {}

    def test_over_http_nothing_is_sent(self, there):
        assert wrong(there, url="http://sklep.example")[0] == "url"
        for act in (lambda c: c.pull_orders(None, 10), lambda c: c.fetch_orders(["1"])):
            with pytest.raises(AccessRefused, match="https://"):
                act(there.connector(url="http://sklep.example"))
        assert there.line.calls == []

    @pytest.mark.parametrize(("address", "safe"), [
        ("https://sklep.example", True), ("http://127.0.0.1:8080", True),
        ("http://localhost/sklep", True), ("http://[::1]:81", True),
        ("http://127.0.0.1.x.y", False), ("http://10.0.0.7", False)])
    def test_only_this_machine_is_spoken_to_in_the_clear(self, address, safe):
        assert is_safe(address) is safe

    @pytest.mark.parametrize("typed", [
        "https://a.example/sklep", " https://a.example/sklep/ ", "https://a.example/sklep/api/",
        "https://a.example/sklep/index.php"])
    def test_what_people_copy_with_the_address_is_cut_off(self, typed):
        assert shop_url({"url": typed}) == "https://a.example/sklep"

    def test_two_requests_a_second_and_some_at_once(self, there):
        began = there.clock.now
        for _ in range(40):
            there.connector().words("statuses")
        assert (there.clock.now - began).total_seconds() == pytest.approx(10)


def said(status, *errors, body=None):
    told = body if body is not None else (
        '{"errors":[' + ",".join(f'{{"code":{code},"message":"{message}"}}'
                                 for code, message in errors) + "]}")
    return Response(status, {}, told.encode())


class TestRefusals:
    @pytest.mark.parametrize(("response", "kind"), [
        (said(400, (85, "no")), Refused), (said(404, (92, "Invalid ID")), NotFound),
        (said(405, (25, "not allowed")), NotSupported), (said(405, (23, "PATCH")), NotSupported),
        (said(403, (132, "shop")), AccessRefused), (said(500, (133, "depends")), Refused),
        (said(500, (3, "[PHP Warning #2]")), OutcomeUnknown), (said(500, body=""), OutcomeUnknown),
        (said(500, (46, "Unable to save resource")), NotSaved),
        (said(503, (22, "off")), OutcomeUnknown), (said(403, body="<html>"), ChannelDown),
        (said(404, body="<html>"), ChannelDown), (said(301, body=""), OutcomeUnknown),
        (said(413, body="<html>"), Refused)])
    def test_each_says_what_is_known(self, response, kind):
        assert type(refusal(response, OutcomeUnknown)) is kind

    def test_a_reason_repeats_nothing_that_was_sent_and_no_long_lists(self):
        error = refusal(said(500, (127, "XML error : x\\nOriginal XML : <a>Wzorcowa</a>")),
                        OutcomeUnknown)
        assert "Wzorcowa" not in str(error)
        error = refusal(said(400, (27, "No such. The full list is: a, b")), OutcomeUnknown)
        assert str(error) == "The shop refuses: No such."

    def test_a_reason_names_its_field(self):
        error = refusal(said(400, (85, "Validation error: \\\"Property OrderCarrier-&gt;"
                                       "tracking_number is not valid\\\"")), OutcomeUnknown)
        assert (error.code, error.field) == ("85", "tracking_number")


class TestWords:
    def test_statuses_that_people_made_are_among_them_and_deleted_ones_are_not(self, there):
        made, gone = there.shop.state("Do grawerowania"), there.shop.state("Stary")
        there.shop.row("order_states", gone)["deleted"] = "1"
        found = {word.ref: word.name for word in there.connector().words("statuses")}
        assert found[str(made)] == "Do grawerowania"
        assert str(gone) not in found

    def test_a_carrier_keeps_its_reference_when_it_is_changed_and_goes_when_it_is_deleted(
            self, there):
        there.shop.add("carriers", {"name": "Gołąb", "id_reference": 9, "deleted": "1"})
        found = [(word.ref, word.name) for word in there.connector().words("deliveries")]
        assert found == [("2", "Kurier DPD")]
        assert there.connector().words("payments") == []

    def test_a_list_without_a_name_is_empty_and_a_named_one_without_rows_is_no_answer(self, there):
        there.fault(1, lambda request, answer: Response(200, {}, b"[]"))
        assert there.connector().words("statuses") == []
        there.fault(1, lambda request, answer: Response(200, {}, b'{"order_states": []}'))
        with pytest.raises(ChannelDown):
            there.connector().words("statuses")
