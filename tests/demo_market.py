"""The demo marketplace in a test's own folder, and the product's HTTP client on top of it.

No socket is opened: requests go through the real client into the WSGI application.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from flask import Flask
from oms_connector import Context
from oms_demo import DemoConnector
from oms_demo.market.app import make_app
from oms_demo.market.faults_wire import HungUp
from oms_demo.market.limits import Pace
from oms_demo.market.market import Market
from oms_demo.market.orders import Basket
from oms_demo.market.people import person

from oms_web.adapters.http import TIMEOUT, AccountHttp

URL = "http://127.0.0.1:8001"
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
UNHURRIED = Pace(burst=1_000_000, per_second=1_000_000)


class Clock:
    """A clock turned by hand."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@dataclass
class Street(httpx2.BaseTransport):
    """The way to the marketplace. ``faults``: path ending -> what comes back instead of it.

    A fault is an answer, an exception to raise, or a function of the real answer. What the
    marketplace's own weather does to an answer arrives as it would through a real wire: a cut
    connection, fewer bytes than promised, an answer that nobody waits for any more.
    """

    app: Flask
    faults: dict[str, Any] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        for ending, fault in self.faults.items():
            if request.url.path.endswith(ending):
                if isinstance(fault, Exception):
                    raise fault
                return fault if isinstance(fault, httpx2.Response) else fault(self._pass(request))
        return self._pass(request)

    def _pass(self, request: httpx2.Request) -> httpx2.Response:
        market: Market = self.app.extensions["market"]
        asked_at = market.weather.true_clock()
        try:
            answer = httpx2.WSGITransport(app=self.app).handle_request(request)
        except HungUp:
            raise httpx2.ReadError("connection reset", request=request) from None
        body = answer.read()
        if (market.weather.true_clock() - asked_at).total_seconds() > TIMEOUT.read:
            raise httpx2.ReadTimeout("nobody answered", request=request)
        promised = int(answer.headers.get("content-length", len(body)))
        if len(body) < promised:
            raise httpx2.RemoteProtocolError("the answer ended early", request=request)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body[:promised])


@dataclass
class OpenMarket:
    """A marketplace with its clock and the way to it."""

    clock: Clock
    app: Flask
    street: Street

    @property
    def market(self) -> Market:
        """The marketplace itself."""
        return self.app.extensions["market"]

    @property
    def token(self) -> str:
        """The seller's token."""
        return self.app.config["SELLER_TOKEN"]

    def http(self, base_url: str, headers: Mapping[str, str], name: str = "", **_: Any
             ) -> AccountHttp:
        """The ``http`` port of an installation whose only channel is this marketplace."""
        return AccountHttp(base_url, headers, loopback=True, name=name, transport=self.street)

    def connector(self, token: str | None = None) -> DemoConnector:
        """A connector as the engine would make it."""
        settings, secrets = {"url": URL}, {"token": self.token if token is None else token}
        http = self.http(DemoConnector.base_url(settings), DemoConnector.auth_headers(secrets))
        return DemoConnector(Context(settings, secrets, http, self.clock(),
                                     logging.getLogger("test")))

    def offer(self, sku: str) -> str:
        """The number of the offer with this SKU."""
        with self.market.store.transaction() as db:
            return db.execute("SELECT ref FROM offer WHERE sku = ?", (sku,)).fetchone()["ref"]

    def stock(self, sku: str) -> int:
        """How many units buyers see."""
        with self.market.store.transaction() as db:
            return db.execute("SELECT stock FROM offer WHERE sku = ?", (sku,)).fetchone()["stock"]

    def order(self, ref: str) -> Mapping[str, Any]:
        """An order's row."""
        with self.market.store.transaction() as db:
            return dict(db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone())

    def buy(self, sku: str = "KRZ-JES", quantity: int = 1, **more: Any) -> str:
        """An order of one product; its number."""
        values = {"lines": [(self.offer(sku), quantity)], "delivery": "courier",
                  "buyer": person(1, 7, "PL").as_dict(), "payment_method": "BLIK"} | more
        return self.market.buy(Basket(**values))


def open_market(folder: Path, clock: Clock | None = None, **options: Any) -> OpenMarket:
    """Open a marketplace in ``folder``; options as for ``make_app``. Waiting turns the clock."""
    clock = clock or Clock()

    def wait(seconds: float) -> None:
        clock.turn(seconds=seconds)

    app = make_app(folder, clock, **{"pace": UNHURRIED, "sleep": wait} | options)
    return OpenMarket(clock, app, Street(app))
