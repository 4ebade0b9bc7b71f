"""How an Allegro account is connected, what its connector says of itself, what it never tells."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from oms_allegro import AllegroConnector
from oms_allegro.calls import PUBLIC
from oms_connector import (
    AccessRefused,
    ChannelDown,
    OutcomeUnknown,
    Refused,
    StockItem,
    Tokens,
)
from oms_connector import access as sdk_access
from oms_connector import spec as sdk

from oms_web.adapters.http import AccountHttp, ForbiddenAddress
from oms_web.sync.registry import load_registry
from tests.contract.allegro_wire import CLIENT, Fault, There, challenge_of, refused

CONNECTORS = Path(__file__).parents[2] / "connectors"
BACK = "https://oms.example.com/channels/back"
TOKEN = "POST https://allegro.pl/auth/oauth/token"
DEVICE = "POST https://allegro.pl/auth/oauth/device"


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


class TestManifest:
    def test_it_is_found_with_all_that_it_can_do(self):
        registry = load_registry()
        found = registry.get("allegro")
        assert found is AllegroConnector
        assert [one for one in registry.refused if one.name == "allegro"] == []
        protocols = [
            sdk.VerifiesAccess, sdk.PullsOrders, sdk.SweepsOrders, sdk.FetchesOrders,
            sdk.ListsOffers, sdk.PushesStock, sdk.PushesPrices, sdk.AnswersLater,
            sdk.PushesShipments, sdk.PushesStatus, sdk.CancelsOrders, sdk.UploadsInvoices,
            sdk.PullsReturns, sdk.KnowsWords, sdk_access.AuthorizesByCode,
            sdk_access.AuthorizesByDevice, sdk_access.RegistersClient,
            sdk_access.RefreshesTokens,
        ]
        assert [one.__name__ for one in protocols if not issubclass(found, one)] == []
        assert not issubclass(found, sdk.AcknowledgesOrders)

    def test_it_says_how_allegro_is(self):
        told = AllegroConnector.manifest.capabilities
        assert (told.history_days, told.page_max) == (60, 100)
        assert (told.stock_shape, told.zero_ok) == ("same_value", False)
        assert told.stock_batch <= 1000
        assert told.updated_misses == {"shipment"}
        assert 0 <= AllegroConnector.manifest.hue < 360
        assert len(AllegroConnector.manifest.letters) == 2

    def test_no_limit_lets_more_through_than_allegro_allows(self):
        limits = {one.bucket: one for one in AllegroConnector.manifest.limits}
        assert len(limits) == len(AllegroConnector.manifest.limits)
        a_minute = {"": 9000, "quantity": 9000, "publication": 9000, "price": 9000}
        for bucket, most in a_minute.items():
            assert limits[bucket].burst + 60 * limits[bucket].per_second <= most
        an_hour = {"quantity": 250_000, "publication": 250_000, "price": 150_000}
        for bucket, most in an_hour.items():
            assert limits[bucket].burst + 3600 * limits[bucket].per_second <= most
        a_second = {"shipments": 50, "returns": 25}
        for bucket, most in a_second.items():
            assert limits[bucket].burst + limits[bucket].per_second <= most
        assert limits[""].scope == "client"
        assert AllegroConnector.manifest.capabilities.stock_batch <= limits["quantity"].burst

    @pytest.mark.parametrize(("environment", "api", "login"), [
        ("production", "https://api.allegro.pl", "https://allegro.pl"),
        ("sandbox", "https://api.allegro.pl.allegrosandbox.pl",
         "https://allegro.pl.allegrosandbox.pl"),
        ("", "https://api.allegro.pl", "https://allegro.pl"),
    ])
    def test_each_environment_has_its_own_addresses(self, there, environment, api, login):
        settings = {"environment": environment}
        assert AllegroConnector.base_url(settings) == api
        assert login in AllegroConnector.manifest.hosts
        url = there.connector(**settings).authorize_url(BACK, "s", "c")
        assert url.startswith(f"{login}/auth/oauth/authorize?")

    def test_importing_it_does_nothing(self):
        code = ("import sys, socket; before = set(sys.modules); import oms_allegro;"
                "new = {name.split('.')[0] for name in set(sys.modules) - before};"
                "print(sorted(new & {'oms_web', 'flask', 'sqlalchemy', 'httpx2', 'requests'}))")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              env={"PYTHONPATH": str(CONNECTORS)}, check=True)
        assert done.stdout.strip() == "[]"


class TestThroughTheEnginesClient:
    """The real client lets tokens be fetched where people log in, and nothing else go there."""

    def client(self, seen):
        def answered(request):
            seen.append(request)
            return httpx2.Response(200, json={
                "id": "7", "access_token": "fresh", "refresh_token": "r2", "expires_in": "43199",
                "login": "sklep"})

        return AccountHttp(
            AllegroConnector.base_url({}), {"Authorization": "Bearer hush"}, loopback=False,
            hosts=AllegroConnector.manifest.hosts, transport=httpx2.MockTransport(answered))

    def test_tokens_come_from_the_door_and_the_rest_from_the_api(self, there):
        seen = []
        there.http = self.client(seen)
        assert there.connector().refresh().access_token == "fresh"
        assert there.connector().verify() == "sklep"
        assert there.connector(environment="sandbox").refresh().access_token == "fresh"
        assert [str(one.url) for one in seen] == [
            "https://allegro.pl/auth/oauth/token", "https://api.allegro.pl/me",
            "https://allegro.pl.allegrosandbox.pl/auth/oauth/token"]
        assert [one.headers["authorization"].split()[0] for one in seen] == [
            "Basic", "Bearer", "Basic"]
        assert seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
        assert seen[0].content == b"grant_type=refresh_token&refresh_token=refresh-1"

    def test_documents_go_out_in_allegros_own_media_type(self, there):
        seen = []
        there.http = self.client(seen)
        there.connector().push_stock([StockItem("7000000001", "S", 3, 1, "k")])
        assert seen[0].headers["content-type"] == PUBLIC
        assert seen[0].headers["accept"] == PUBLIC

    @pytest.mark.parametrize(("address", "signed"), [
        ("https://allegro.pl/me", True), ("https://evil.example/auth/oauth/token", False),
        ("http://allegro.pl/auth/oauth/token", False),
        ("https://allegro.pl.evil.example/auth/oauth/token", False),
    ])
    def test_the_accounts_token_and_anything_else_stay_here(self, address, signed):
        seen = []
        with pytest.raises(ForbiddenAddress):
            self.client(seen).request("POST", address, signed=signed)
        assert seen == []


class TestVerify:
    def test_the_accounts_own_name(self, there):
        assert there.connector().verify() == "sklep_testowy"

    def test_what_is_not_connected_names_what_is_missing(self, there):
        there.secrets.pop("access_token")
        with pytest.raises(AccessRefused, match="not connected") as told:
            there.connector(client_id="").verify()
        assert told.value.field == "client_id"
        with pytest.raises(AccessRefused) as told:
            there.connector().verify()
        assert told.value.field == ""
        assert there.wire.log == []

    def test_a_token_that_is_not_accepted_names_the_environment(self, there):
        there.wire.token = "another"
        with pytest.raises(AccessRefused, match="Connect the account again") as told:
            there.connector().verify()
        assert told.value.field == "environment"

    @pytest.mark.parametrize("body", [
        b'{"error": "access_denied", "error_description": "scope profile:read is missing"}',
        refused(403, "NO", "scope profile:read is missing").body,
    ])
    def test_a_missing_right_is_told_as_such(self, there, body):
        there.fault("GET /me", 403, body=body)
        with pytest.raises(AccessRefused, match="scope profile:read is missing") as told:
            there.connector().verify()
        assert told.value.field == ""

    def test_a_failing_allegro_is_no_wrong_setting(self, there):
        there.fault("GET /me", 503)
        with pytest.raises(ChannelDown):
            there.connector().verify()


class TestByCode:
    def test_the_sellers_way_to_allegro_and_back(self, there):
        url = there.connector().authorize_url(BACK, "state-1", "challenge-1")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT[0]
        assert asked["redirect_uri"] == BACK
        assert (asked["response_type"], asked["state"]) == ("code", "state-1")
        assert asked["code_challenge_method"] == "S256"
        assert asked["code_challenge"] == "challenge-1"
        assert "allegro:api:orders:write" in asked["scope"].split()
        assert CLIENT[1] not in url
        there.wire.codes["kod"] = challenge_of("verifier-1")
        tokens = there.connector().exchange("kod", "verifier-1", BACK)
        assert tokens == Tokens(
            there.wire.token, "refresh-2", there.shop.now + timedelta(seconds=43199),
            ["allegro:api:orders:read", "allegro:api:orders:write"],
        )

    @pytest.mark.parametrize(("code", "verifier"), [("kod", "wrong"), ("used", "verifier-1")])
    def test_a_wrong_code_is_refused(self, there, code, verifier):
        there.wire.codes["kod"] = challenge_of("verifier-1")
        with pytest.raises(AccessRefused, match=r"Invalid authorization code\. Connect"):
            there.connector().exchange(code, verifier, BACK)

    def test_without_an_application_there_is_no_way(self, there):
        for act in (lambda one: one.authorize_url(BACK, "s", "c"),
                    lambda one: one.start_device(), lambda one: one.refresh()):
            with pytest.raises(AccessRefused) as told:
                act(there.connector(client_id=""))
            assert told.value.field == "client_id"

    def test_a_wrong_secret_names_the_secret(self, there):
        there.secrets["client_secret"] = "wrong"
        for act in (lambda one: one.exchange("kod", "v", BACK),
                    lambda one: one.start_device(), lambda one: one.refresh()):
            with pytest.raises(AccessRefused, match="does not know") as told:
                act(there.connector())
            assert told.value.field == "client_secret"


class TestByDevice:
    def test_a_code_is_typed_on_another_page(self, there):
        code = there.connector().start_device()
        assert (code.user_code, code.device_code, code.interval_s) == (
            "cbt3zdu4g", "645629715", 5)
        assert code.url == "https://allegro.pl/skojarz-aplikacje?code=cbt3zdu4g"
        assert code.expires_at == there.shop.now + timedelta(hours=1)
        assert there.connector().poll_device(code.device_code) is None
        there.wire.agreed.add(code.device_code)
        tokens = there.connector().poll_device(code.device_code)
        assert tokens.access_token == there.wire.token

    def test_asked_too_often_is_not_a_refusal(self, there):
        there.fault(TOKEN, 400, body=b'{"error": "slow_down"}')
        assert there.connector().poll_device("645629715") is None

    def test_a_seller_who_says_no_is_believed(self, there):
        there.wire.denied.add("645629715")
        with pytest.raises(AccessRefused, match="refused in Allegro"):
            there.connector().poll_device("645629715")

    def test_an_old_code_is_refused(self, there):
        there.fault(TOKEN, 400, body=b'{"error": "Invalid device code"}')
        with pytest.raises(AccessRefused, match="Invalid device code"):
            there.connector().poll_device("645629715")


class TestRefresh:
    def test_a_refresh_token_is_good_for_one_use(self, there):
        tokens = there.connector().refresh()
        assert tokens.refresh_token != "refresh-1"
        with pytest.raises(AccessRefused, match="Invalid refresh token"):
            there.connector().refresh()
        there.secrets.update(access_token=tokens.access_token,
                             refresh_token=tokens.refresh_token)
        assert there.connector().verify() == "sklep_testowy"
        assert there.connector().refresh().refresh_token == "refresh-3"

    def test_without_a_refresh_token_nothing_is_asked(self, there):
        there.secrets.pop("refresh_token")
        with pytest.raises(AccessRefused, match="not connected"):
            there.connector().refresh()
        assert there.wire.log == []

    @pytest.mark.parametrize("status", [302, 500, 503])
    def test_a_failing_allegro_is_no_refusal(self, there, status):
        there.fault(TOKEN, status)
        with pytest.raises(ChannelDown):
            there.connector().refresh()

    @pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"access_token": ""}', b"[]"])
    def test_an_answer_without_a_token_may_have_used_ours_up(self, there, body):
        there.fault(TOKEN, 200, body=body)
        with pytest.raises(OutcomeUnknown):
            there.connector().refresh()

    def test_the_accounts_token_is_not_sent_to_the_door(self, there):
        seen = []
        there.wire.signs = lambda: seen.append("signed") or {"Authorization": "Bearer first"}
        there.connector().refresh()
        there.connector().start_device()
        assert seen == []


class TestRegistering:
    @pytest.fixture
    def fresh(self, there):
        """An account of an installation that Allegro does not know yet."""
        there.secrets.clear()
        there.secrets["registration_code"] = "PXGTQBZXE"
        return there

    def new(self, there, **more):
        return there.connector(**{"client_id": "", "software_statement": "3b8cacc7", **more})

    def test_an_installation_registers_itself(self, fresh):
        found = self.new(fresh).register_client("OMS sklep.example 23-11-2026", BACK)
        assert found == {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        fresh.secrets.update(found)
        assert self.new(fresh).start_device().user_code == "cbt3zdu4g"

    def test_once_is_enough(self, fresh):
        fresh.secrets.update(self.new(fresh).register_client("OMS", BACK))
        assert self.new(fresh).register_client("OMS", BACK)["client_id"] == CLIENT[0]
        assert fresh.wire.calls("POST /register") == 1

    def test_an_own_application_is_not_registered(self, there):
        found = there.connector().register_client("OMS", BACK)
        assert found == {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        assert there.wire.log == []

    def test_a_typed_application_comes_before_the_registered_one(self, fresh):
        fresh.secrets.update(client_id="registered", client_secret="x")
        url = self.new(fresh, client_id="typed").authorize_url(BACK, "s", "c")
        assert "client_id=typed" in url
        assert "client_id=registered" in self.new(fresh).authorize_url(BACK, "s", "c")

    def test_what_is_missing_is_named(self, fresh):
        with pytest.raises(AccessRefused) as told:
            self.new(fresh, software_statement="").register_client("OMS", BACK)
        assert told.value.field == "software_statement"
        fresh.secrets.clear()
        with pytest.raises(AccessRefused) as told:
            self.new(fresh).register_client("OMS", BACK)
        assert told.value.field == "registration_code"
        assert fresh.wire.log == []

    def test_a_wrong_one_time_code_is_named(self, fresh):
        fresh.secrets["registration_code"] = "OLD"
        with pytest.raises(AccessRefused, match="new one") as told:
            self.new(fresh).register_client("OMS", BACK)
        assert told.value.field == "registration_code"

    def test_a_name_that_is_taken_is_refused_with_allegros_reason(self, fresh):
        fresh.wire.names.add("OMS")
        with pytest.raises(Refused, match="już wykorzystywana") as told:
            self.new(fresh).register_client("OMS", BACK)
        assert told.value.field == "client_name"

    def test_a_long_name_is_cut_to_what_allegro_takes(self, fresh):
        self.new(fresh).register_client("O" * 80, BACK)
        assert fresh.wire.names == {"O" * 50}


class TestSecrets:
    def test_no_secret_is_in_a_log_or_an_error(self, there, caplog):
        caplog.set_level(logging.DEBUG)
        errors = []
        for fault in (Fault("GET", 403), Fault("GET", 500), Fault(TOKEN, 400),
                      Fault(TOKEN, 200, body=b"{}"), Fault(DEVICE, 400)):
            there.wire.faults = [fault]
            for act in (lambda one: one.verify(), lambda one: one.refresh(),
                        lambda one: one.start_device()):
                try:
                    act(there.connector())
                except Exception as error:
                    errors.append(repr(error))
        assert len(errors) >= 5
        told = caplog.text + "".join(errors)
        for secret in (CLIENT[1], "refresh-1", there.wire.token):
            assert secret not in told

    def test_the_engines_header_is_the_token_alone(self):
        assert AllegroConnector.auth_headers({"access_token": "t", "client_secret": "x"}) == {
            "Authorization": "Bearer t"}
        assert AllegroConnector.auth_headers({}) == {}
