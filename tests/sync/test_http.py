"""The door to the network: what it lets through, and what each failure is called."""

from __future__ import annotations

import json
import socket
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited

from oms_web.adapters import http as adapter
from oms_web.adapters.calls import Recorder
from oms_web.adapters.http import AccountHttp, ForbiddenAddress, check_address, retry_after
from oms_web.adapters.pace import Pacer
from tests.serving import serving

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1",
    "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
]


def resolving(monkeypatch, *addresses):
    """Let every host name have these addresses."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [
        (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
        for a in addresses
    ])


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(monkeypatch, address):
    resolving(monkeypatch, address)
    with pytest.raises(ForbiddenAddress):
        check_address("shop.example", 443, loopback=False)


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    resolving(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(ForbiddenAddress):
        check_address("shop.example", 443, loopback=False)


def test_public_addresses_and_allowed_loopback_pass(monkeypatch):
    resolving(monkeypatch, "93.184.216.34")
    assert check_address("shop.example", 443, loopback=False) == "93.184.216.34"
    resolving(monkeypatch, "127.0.0.1")
    assert check_address("localhost", 80, loopback=True) == "127.0.0.1"


def test_the_connection_goes_to_the_checked_address(monkeypatch):
    """The name is asked for once; what it says the second time does not matter."""
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    seen = []

    class Recorder(httpx2.BaseTransport):
        def handle_request(self, request):
            seen.append((request.url.host, request.headers["host"]))
            return httpx2.Response(200, content=b"{}")

    http = AccountHttp("http://shop.example:8080", {}, loopback=True)
    http._client = httpx2.Client(transport=Recorder())
    http.request("GET", "/orders")
    assert seen == [("127.0.0.1", "shop.example:8080")]
    assert len(asked) == 1


def client(handler) -> AccountHttp:
    return AccountHttp("https://shop.example/base", {"Authorization": "Bearer hush"},
                       loopback=False, transport=httpx2.MockTransport(handler))


def answering(status, **headers):
    return client(lambda _request: httpx2.Response(status, headers=headers, content=b"{}"))


def failing(error):
    def handler(request):
        raise error("boom", request=request)
    return client(handler)


def test_base_address_and_credentials_are_put_in():
    seen = []

    def handler(request):
        seen.append(request)
        return httpx2.Response(200, json={"ok": True})

    answer = client(handler).request("GET", "/orders", params={"after": 3})
    assert answer.json() == {"ok": True}
    assert str(seen[0].url) == "https://shop.example/base/orders?after=3"
    assert seen[0].headers["authorization"] == "Bearer hush"


def test_statuses_become_what_the_engine_will_do():
    with pytest.raises(AccessRefused):
        answering(401).request("GET", "/x")
    with pytest.raises(RateLimited) as limited:
        answering(429, **{"retry-after": "7"}).request("GET", "/x")
    assert limited.value.retry_after == 7
    with pytest.raises(RateLimited) as absurd:
        answering(429, **{"retry-after": "99999999"}).request("GET", "/x")
    assert absurd.value.retry_after == 3600
    with pytest.raises(RateLimited) as silent:
        answering(429).request("GET", "/x")
    assert silent.value.retry_after is None
    assert answering(503).request("GET", "/x").status == 503


def test_a_redirect_is_an_answer_not_followed():
    answer = answering(302, location="http://10.0.0.1/").request("GET", "/x")
    assert answer.status == 302


@pytest.mark.parametrize(("error", "method", "kind"), [
    (httpx2.ConnectError, "POST", ChannelDown),
    (httpx2.ConnectTimeout, "POST", ChannelDown),
    (httpx2.ReadTimeout, "GET", ChannelDown),
    (httpx2.ReadTimeout, "POST", OutcomeUnknown),
    (httpx2.RemoteProtocolError, "PUT", OutcomeUnknown),
])
def test_a_write_without_an_answer_is_unknown(error, method, kind):
    with pytest.raises(kind):
        failing(error).request(method, "/x")


def test_nothing_secret_is_logged(caplog):
    with caplog.at_level("DEBUG", logger="oms.http"):
        answering(200).request("GET", "/orders", params={"token": "sesame"})
    assert "hush" not in caplog.text
    assert "sesame" not in caplog.text


# What connectors are promised beyond a plain request.

def listening(status=200, **more):
    """A client, and the requests that it made."""
    seen = []

    def handler(request):
        seen.append(request)
        return httpx2.Response(status, json={"ok": True})

    http = AccountHttp("https://shop.example/base/", {"Authorization": "Bearer hush"},
                       loopback=False, transport=httpx2.MockTransport(handler), **more)
    return http, seen


def test_lists_become_repeated_names_and_none_is_left_out():
    http, seen = listening()
    http.request("GET", "orders?fixed=1", params={
        "status": ["new", "paid"], "after": None, "since": "2026-11-23T09:30:00+00:00",
        "full": True, "note": "a b&c",
    })
    assert str(seen[0].url) == (
        "https://shop.example/base/orders?fixed=1&status=new&status=paid"
        "&since=2026-11-23T09%3A30%3A00%2B00%3A00&full=true&note=a%20b%26c"
    )


def test_without_params_the_path_keeps_what_it_asks():
    http, seen = listening()
    http.request("GET", "/orders?page=2", params={})
    assert seen[0].url.query == b"page=2"


def test_an_absolute_address_of_the_same_host_is_taken_as_it_is():
    http, seen = listening()
    http.request("GET", "https://shop.example/other?page=2")
    assert str(seen[0].url) == "https://shop.example/other?page=2"
    assert seen[0].headers["authorization"] == "Bearer hush"


@pytest.mark.parametrize("address", [
    "https://evil.example/x", "https://shop.example.evil.example/x", "http://shop.example/x",
    "https://shop.example:8443/x", "https://shop.example@evil.example/x",
    "https://me:secret@shop.example/x", "HTTPS://evil.example/x", "https://[::1]/x",
    "https:///x", "https://127.0.0.1/x",
])
def test_an_absolute_address_elsewhere_gets_nothing(address):
    http, seen = listening()
    with pytest.raises(ForbiddenAddress):
        http.request("GET", address)
    assert seen == []


@pytest.mark.parametrize(("address", "is_below"), [
    ("https://a.files.example/x?signed=1", True), ("https://a.b.files.example:443/x", True),
    ("https://files.example/x", False), ("https://.files.example/x", False),
    ("https://evilfiles.example/x", False), ("https://a.files.example.evil.example/x", False),
    ("http://a.files.example/x", False), ("https://a.files.example:8443/x", False),
    ("https://me@a.files.example/x", False), ("https://evil.example/.files.example", False),
    ("https://a.example/x", False),
])
def test_a_domain_of_further_hosts_is_open_to_unsigned_requests_only(address, is_below):
    seen = []

    def answered(request):
        seen.append(request)
        return httpx2.Response(200)

    http = AccountHttp(
        "https://shop.example", {"Authorization": "Bearer hush"}, loopback=False,
        transport=httpx2.MockTransport(answered),
        hosts=("https://*.files.example", "https://*.example"))
    with pytest.raises(ForbiddenAddress):
        http.request("GET", address)
    assert seen == []
    if not is_below:
        with pytest.raises(ForbiddenAddress):
            http.request("GET", address, signed=False)
        assert seen == []
        return
    http.request("GET", address, signed=False)
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize("path", ["//evil.example/x", "@evil.example/x", "\\evil.example\\x",
                                  "ftp://evil.example/x", "javascript:x"])
def test_whatever_else_a_path_looks_like_it_stays_under_the_base(path):
    http, seen = listening()
    http.request("GET", path)
    assert seen[0].url.host == "shop.example"
    assert seen[0].url.path.startswith("/base/")


def test_a_shop_entered_without_encryption_may_name_itself_with_it():
    http = AccountHttp("http://shop.example", {}, loopback=False, transport=httpx2.MockTransport(
        lambda request: httpx2.Response(200, content=str(request.url).encode())))
    assert http.request("GET", "https://shop.example/x").body == b"https://shop.example/x"


def test_an_absolute_address_is_resolved_and_checked_as_well(monkeypatch):
    resolving(monkeypatch, "10.0.0.1")
    http = AccountHttp("https://shop.example", {}, loopback=True)
    with pytest.raises(ForbiddenAddress):
        http.request("GET", "https://shop.example/x")


@pytest.mark.parametrize("base", ["", "shop.example", "ftp://shop.example", "https://[shop",
                                  "https://shop.example:99999", "https://sklep\u00f3w..example"])
def test_an_address_that_is_none_is_a_channel_that_is_down(base):
    http = AccountHttp(base, {}, loopback=False, transport=httpx2.MockTransport(
        lambda _request: httpx2.Response(200)))
    with pytest.raises(ChannelDown):
        http.request("GET", "/x")


# Thirty ways to write an address of one's own network (bar 28).
OWN_NETWORK = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "0", "0.0.0.0", "10.0.0.1", "10.1", "0x0a000001", "172.16.0.1", "192.168.1.1",
    "3232235777", "169.254.169.254", "2852039166", "100.64.0.1", "192.0.0.8", "198.18.0.1",
    "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]",
    "[fd00:ec2::254]", "localhost",
]


@pytest.fixture
def tried(monkeypatch):
    """Where anybody tried to connect to."""
    found = []

    def connect(_self, address):
        found.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


@pytest.mark.parametrize("host", OWN_NETWORK)
def test_no_address_of_the_own_network_is_connected_to(tried, host):
    for url in (f"http://{host}/", f"https://{host}:8443/x", f"http://me:pass@{host}/"):
        http = AccountHttp(url, {}, loopback=False)
        with pytest.raises(ChannelDown):
            http.request("GET", "/")
        http.close()
    assert tried == []


@pytest.mark.parametrize("host", OWN_NETWORK)
def test_nor_is_one_that_a_channel_names(tried, host):
    """By a redirect, or as the address of a next page."""
    http = answering(302, location=f"http://{host}/")
    assert http.request("GET", "/x").status == 302
    for url in (f"http://{host}/", f"https://{host}/", f"https://shop.example@{host}/"):
        with pytest.raises(ForbiddenAddress):
            http.request("GET", url)
    assert tried == []


def test_the_control_an_allowed_address_is_connected_to(tried):
    http = AccountHttp("http://127.0.0.1:1/", {}, loopback=True)
    with pytest.raises(ChannelDown, match="not reachable"):
        http.request("GET", "/")
    assert tried == [("127.0.0.1", 1)]


def test_what_is_not_signed_carries_no_credentials():
    http, seen = listening()
    http.request("POST", "/token", body=b"grant_type=x", signed=False,
                 headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert "authorization" not in seen[0].headers
    assert seen[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_connector_may_know_better_whether_a_request_is_safe():
    with pytest.raises(ChannelDown):  # a GraphQL query is a POST that reads
        failing(httpx2.ReadTimeout).request("POST", "/graphql", safe=True)
    with pytest.raises(OutcomeUnknown):  # and there are shops whose GET writes
        failing(httpx2.ReadTimeout).request("GET", "/set.php", safe=False)


@pytest.mark.parametrize(("method", "kind"), [("GET", ChannelDown), ("POST", OutcomeUnknown)])
def test_an_answer_without_end_is_given_up(monkeypatch, method, kind):
    def endless():
        while True:
            yield b"x" * 1024

    http = client(lambda _request: httpx2.Response(200, content=endless()))
    monkeypatch.setattr(adapter, "MAX_BODY", 10_000)
    with pytest.raises(kind, match="larger"):
        http.request(method, "/x")
    monkeypatch.setattr(adapter, "MAX_BODY", 1 << 30)
    monkeypatch.setattr(adapter, "WHOLE_ANSWER", 0.0)
    with pytest.raises(kind, match="does not end"):
        http.request(method, "/x")


def test_retry_after_is_a_number_or_a_date():
    date = "Tue, 24 Nov 2026 10:00:00 GMT"
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after": "-3"}) == 0
    assert retry_after({"retry-after": "Tue, 24 Nov 2026 10:00:30 GMT", "date": date}) == 30
    assert retry_after({"retry-after": "Fri, 24 Nov 2028 10:00:30 GMT", "date": date}) == 3600
    assert retry_after({"retry-after": "nan"}) is None
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_retry_after_holds_for_every_later_request_of_its_bucket():
    pacer = Pacer()
    made = {"status": 429}

    def handler(_request):
        return httpx2.Response(made["status"], headers={"retry-after": "60"})

    def one_more():
        return AccountHttp("https://shop.example", {}, loopback=False, pace=pacer.of(1, "c", ()),
                           transport=httpx2.MockTransport(handler))

    with pytest.raises(RateLimited):
        one_more().request("GET", "/x")
    made["status"] = 200
    with pytest.raises(RateLimited) as told:
        one_more().request("GET", "/x")
    assert 55 < told.value.retry_after <= 60


def test_maintenance_with_a_date_pauses_too_and_is_returned():
    pacer = Pacer()
    http = AccountHttp("https://shop.example", {}, loopback=False, pace=pacer.of(1, "c", ()),
                       transport=httpx2.MockTransport(lambda _request: httpx2.Response(
                           503, headers={"retry-after": "60"})))
    assert http.request("GET", "/x").status == 503
    with pytest.raises(RateLimited):
        http.request("GET", "/x")


# What is written down.

def test_each_call_is_told_to_the_sink():
    calls = []
    http, _ = listening(sink=calls.append, name="My shop", secrets={"token": "sesame"})
    http.request("GET", "/orders/sesame", params={"q": "sesame"})
    [call] = calls
    assert (call.account, call.method, call.path, call.status, call.size, call.outcome) == (
        "My shop", "GET", "/base/orders/***", 200, 11, "answered")
    assert call.ms >= 0


def test_a_failed_call_is_told_with_the_kind_of_failure():
    calls = []
    http = failing(httpx2.ReadTimeout)
    http._sink = calls.append
    with pytest.raises(OutcomeUnknown):
        http.request("POST", "/x")
    assert (calls[0].status, calls[0].outcome) == (None, "OutcomeUnknown")


def test_recordings_hold_everything_but_secrets(tmp_path):
    secret = "s3same/+"
    http, _ = listening(recorder=Recorder(tmp_path), name="My shop/..",
                        secrets={"client_secret": secret})
    http.request("POST", f"/t/{secret}", params={"api_key": "k", "q": secret}, json={
        "refresh_token": "r", "note": f"so {secret} it is", "lines": [{"password": "p", "n": 1}],
    })
    http.request("POST", "/token", headers={"Content-Type": "application/x-www-form-urlencoded"},
                 body=b"grant_type=refresh_token&refresh_token=r&client_secret=s3same%2F%2B")
    files = sorted(tmp_path.rglob("*.json"))
    assert [file.parent.parent for file in files] == [tmp_path, tmp_path]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    text = "".join(file.read_text() for file in files)
    for hidden in (secret, "s3same%2F%2B", "hush", '"r"', '"p"', "=k", "token=r"):
        assert hidden not in text
    kept = json.loads(files[0].read_text())
    assert kept["request"]["body"]["lines"] == [{"password": "***", "n": 1}]
    assert kept["request"]["body"]["note"] == "so *** it is"
    assert kept["answer"]["body"] == {"ok": True}


def test_a_recording_that_cannot_be_written_harms_no_call(tmp_path):
    (tmp_path / "file").write_text("")
    http, seen = listening(recorder=Recorder(tmp_path / "file"))
    assert http.request("GET", "/x").status == 200
    assert len(seen) == 1


def test_a_real_connection_reaches_the_checked_address_under_its_own_name():
    """Not a mock: the address is pinned, the name of the shop goes along."""
    seen = []

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers["Host"], self.headers["Authorization"]))
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    port = server.server_address[1]
    http = AccountHttp(f"http://me:password@localhost:{port}/base", {}, loopback=True)
    with serving(server):
        answer = http.request("GET", "x", params={"a": 1})
        assert (answer.status, answer.body) == (302, b"{}")
        assert seen == [("/base/x?a=1", f"localhost:{port}", None)]
        http.close()


def test_whom_the_machine_trusts_is_read_once_for_many_clients(monkeypatch):
    """A client is made for every task; a third of a short one went into reading certificates."""
    made, real = [], httpx2.create_ssl_context

    def create(**values):
        made.append(real(**values))
        return made[-1]

    monkeypatch.setattr(httpx2, "create_ssl_context", create)
    adapter._authorities.cache_clear()
    for _ in range(3):
        AccountHttp("https://shop.example", {}, loopback=False).close()
    [trusted] = made
    assert trusted.check_hostname
    assert trusted.verify_mode is ssl.CERT_REQUIRED
