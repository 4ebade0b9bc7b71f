"""Opening an Amazon account: what is typed in, tokens that end, and who is let in where."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import parse_qs

import httpx2
import pytest
from oms_amazon import AmazonConnector, access
from oms_amazon.calls import _DECLARED, LIMITS, SEARCH
from oms_amazon.pushing import FEW
from oms_connector import AccessRefused, ChannelDown, RateLimited, Response, StockItem
from oms_connector.testing import Request, network

from oms_web.adapters import addresses
from oms_web.adapters.http import AccountHttp, ForbiddenAddress
from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import accounts, tokens
from oms_web.sync.pull import pull
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected
from tests.contract.amazon_bench import opened
from tests.contract.amazon_shop import MONDAY
from tests.contract.amazon_wire import CLIENT, GRANT, STORE
from tests.sync.isolated import lending

SECRETS = {"client_secret": CLIENT[1], "refresh_token": GRANT}


@pytest.fixture
def there():
    with opened() as there:
        yield there
        assert there.violations == []


def refused(there, secrets=None, **settings):
    with opened(**settings) as other:
        with pytest.raises(AccessRefused) as raised:
            other.call(lambda c: c.verify(), secrets)
        return raised.value


class TestTypedIn:
    def test_a_refresh_token_that_was_typed_gives_the_first_access_token(self, there):
        secrets = dict(SECRETS)
        assert there.call(lambda c: c.verify(), secrets) == "Kubki i spółka (PL, DE)"
        first = there.bench.line.calls[0].request
        assert first.url == "https://api.amazon.com/auth/o2/token"
        assert parse_qs(first.body.decode())["grant_type"] == ["refresh_token"]
        assert len(there.calls("POST /auth/o2/token")) == 1

    @pytest.mark.parametrize(("settings", "field", "says"), [
        ({"marketplaces": ""}, "marketplaces", "at least one"),
        ({"marketplaces": "PL, XX"}, "marketplaces", "XX"),
        ({"marketplaces": "PL, US"}, "marketplaces", "regions"),
        ({"marketplaces": "PL, SE"}, "marketplaces", "SE"),
        ({"seller_id": "A2SOMEBODYELSE"}, "seller_id", "denied"),
    ])
    def test_what_is_wrong_is_named(self, there, settings, field, says):
        refusal = refused(there, **settings)
        assert refusal.field == field
        assert says in str(refusal)

    @pytest.mark.parametrize(("secrets", "field"), [
        ({"client_secret": CLIENT[1]}, "refresh_token"),
        ({"refresh_token": GRANT}, "client_secret"),
        ({**SECRETS, "client_secret": "ended after 180 days"}, "client_secret"),
        ({**SECRETS, "refresh_token": "Atzr|of another year"}, "refresh_token"),
    ])
    def test_secrets_that_are_missing_or_over_are_named(self, there, secrets, field):
        assert refused(there, secrets).field == field

    @pytest.mark.parametrize(("typed", "host"), [
        ("PL, DE", "https://sellingpartnerapi-eu.amazon.com"),
        ("pl", "https://sellingpartnerapi-eu.amazon.com"),
        ("UK", "https://sellingpartnerapi-eu.amazon.com"),
        ("US;CA", "https://sellingpartnerapi-na.amazon.com"),
        ("JP", "https://sellingpartnerapi-fe.amazon.com"),
    ])
    def test_the_api_is_the_regions(self, typed, host):
        assert AmazonConnector.base_url({"marketplaces": typed}) == host
        assert AmazonConnector.base_url({"marketplaces": typed, "environment": "sandbox"}) == \
            host.replace("https://", "https://sandbox.")


class TestTokens:
    def test_a_token_is_renewed_well_before_its_hour_is_over(self, there):
        tokens = there.call(lambda c: c.refresh())
        assert tokens.expires_at == MONDAY + timedelta(minutes=50)
        assert tokens.refresh_token == GRANT

    def test_one_that_ended_all_the_same_is_renewed_once_and_the_call_made_again(self, there):
        there.standin.expire_tokens()
        assert there.call(lambda c: c.fetch_orders(["405-1000000-0000000"])) == [None]
        assert len(there.calls("GET /orders")) == 2
        assert len(there.calls("POST /auth/o2/token")) == 1

    def test_a_grant_that_was_taken_back_asks_for_a_person(self, there):
        there.standin.revoke()
        with pytest.raises(AccessRefused, match="roles"):
            there.call(lambda c: c.pull_orders(None, 3))
        with pytest.raises(AccessRefused) as raised:
            there.call(lambda c: c.refresh())
        assert raised.value.field == "refresh_token"

    def test_login_that_fails_is_no_refusal(self, there):
        there.bench.line.every = lambda request, answer: Response(503, {}, b"")
        with pytest.raises(ChannelDown):
            there.call(lambda c: c.refresh())


class TestPace:
    def test_each_operation_has_the_bucket_of_its_model(self):
        named = {limit.bucket: (limit.per_second, limit.burst) for limit in LIMITS}
        assert named["search"] == (0.0056, 20)
        assert named["feed"] == (0.0083, 15)
        assert "" not in named

    def test_where_this_account_may_ask_less_often_it_waits(self, there):
        there.wire.rate = "0.001"
        began = there.bench.clock.now
        for _ in range(2):
            there.call(lambda c: c.pull_orders(None, 3))
        assert there.bench.clock.now - began >= timedelta(seconds=1000)

    def test_what_is_as_declared_costs_no_wait(self, there):
        there.wire.rate = "0.0056"
        began = there.bench.clock.now
        for _ in range(3):
            there.call(lambda c: c.pull_orders(None, 3))
        assert there.bench.clock.now == began

    def test_too_fast_without_a_word_of_how_long_waits_until_one_is_refilled(self, there):
        there.bench.line.faults = {1: lambda request, answer: Response(429, {}, b"")}
        began = there.bench.clock.now
        with pytest.raises(RateLimited):
            there.call(lambda c: c.pull_orders(None, 3))
        there.call(lambda c: c.pull_orders(None, 3))
        waited = (there.bench.clock.now - began).total_seconds()
        assert waited >= 1 / _DECLARED[SEARCH] - 1


class TestThroughTheEnginesClient:
    """Tokens and documents go to Amazon's other hosts, without the account's token."""

    def client(self, seen):
        def answered(request):
            seen.append(request)
            return httpx2.Response(200, json={"access_token": "fresh", "expires_in": 3600})

        return AccountHttp(
            AmazonConnector.base_url({"marketplaces": "PL"}), {"x-amz-access-token": "hush"},
            loopback=False, hosts=AmazonConnector.manifest.hosts,
            transport=httpx2.MockTransport(answered))

    def test_login_and_the_file_store_see_no_access_token(self):
        seen = []
        http = self.client(seen)
        assert access.refresh(http, {"client_id": CLIENT[0]}, SECRETS, MONDAY).access_token == \
            "fresh"
        http.request("GET", f"{STORE}/doc?X-Amz-Signature=abc", signed=False)
        assert [one.url.host for one in seen] == [
            "api.amazon.com", "tortuga-prod-eu.s3-eu-west-1.amazonaws.com"]
        assert all("x-amz-access-token" not in one.headers for one in seen)

    @pytest.mark.parametrize("address", [
        "https://tortuga.s3.amazonaws.com.evil.example/x", "http://tortuga.s3.amazonaws.com/x",
        "https://evilamazonaws.com/x", "https://169.254.169.254/latest/meta-data",
    ])
    def test_an_address_that_only_looks_like_it_gets_nothing(self, address):
        seen = []
        with pytest.raises(ForbiddenAddress):
            self.client(seen).request("GET", address, signed=False)
        base, hosts = "https://sellingpartnerapi-eu.amazon.com", AmazonConnector.manifest.hosts
        with pytest.raises(ChannelDown):
            network.resolve(base, address, None, hosts)
        assert seen == []

    @pytest.mark.parametrize("address", [f"{STORE}/a?b=c", "https://s3.amazonaws.com/x"])
    def test_the_kit_and_the_app_agree_on_the_store(self, address):
        base, hosts = "https://sellingpartnerapi-eu.amazon.com", AmazonConnector.manifest.hosts
        assert network.resolve(base, address, None, hosts) == address
        assert addresses.resolve(base, address, None, hosts).geturl() == address


class TestInTheApp:
    """Typed in, tested, read, sent: with the app's own client and storage."""

    @pytest.fixture(params=["here", "in a process of its own"])
    def engine(self, oms, there, request):
        def answered(asked):
            headers = {name.lower(): one for name, one in asked.headers.items()}
            got = there.standin.exchange(
                Request(asked.method, str(asked.url), headers, asked.content))
            return httpx2.Response(got.status, headers=got.headers, content=got.body)

        oms.works.ports["http"] = lambda base, headers, name, **more: AccountHttp(
            base, headers, loopback=False, name=name, hosts=more["hosts"],
            transport=httpx2.MockTransport(answered), renewal=more["renewal"],
            secrets=more["secrets"])
        there.bench.clock.now = oms.works.clock()
        with ExitStack() as stack:
            if request.param != "here":
                stack.enter_context(lending(oms))
            yield Engine(oms.works, Registry({"amazon": AmazonConnector}))

    def test_a_typed_refresh_token_is_all_it_needs(self, engine, there):
        with engine.works.writing(SYSTEM) as work:
            account = accounts.connect(work, AmazonConnector, "Amazon",
                                       there.standin.settings, SECRETS).id
        there.shop.now = engine.works.clock() - timedelta(days=2)
        there.shop.order(("KIT 0/x", 2))
        assert accounts.verify(engine, account, SYSTEM) == "Kubki i spółka (PL, DE)"
        assert pull(engine, account, "orders").added == 1
        with engine.works.reading(SYSTEM) as work:
            kept = tokens.open_secrets(work, work.session.get_one(ChannelAccount, account))
        assert (kept["access_token"], kept["refresh_token"]) == (there.wire.token, GRANT)
        assert there.wire.given == 2

        refs = [there.shop.listing(f"S{number}") for number in range(FEW + 1)]
        with connected(engine, account) as (_, connector):
            results = connector.push_stock([
                StockItem(ref, ref.partition("/")[2], 7, 1, ref) for ref in refs])
            there.shop.work()
            told = connector.results(results[0].handle)
        assert {ref: one.outcome for ref, one in told.items()} == dict.fromkeys(refs, "applied")
