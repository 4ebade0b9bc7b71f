"""The door to the network: what it lets through, and what each failure is called."""

from __future__ import annotations

import socket

import httpx2
import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited

from oms_web.adapters.http import AccountHttp, ForbiddenAddress, check_address

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
    with pytest.raises(RateLimited) as dated:
        answering(429, **{"retry-after": "Tue, 24 Nov 2026 10:00:00 GMT"}).request("GET", "/x")
    assert dated.value.retry_after is None
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
