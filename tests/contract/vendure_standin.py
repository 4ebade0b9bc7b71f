"""Vendure as a stand-in for the conformance kit, and as a place for tests of its own."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Context, Limit, Order, Response, Unreadable
from oms_connector.testing import Basket, Clock, Request, Shown, StandIn, Truth
from oms_connector.testing.guard import Guard
from oms_connector.testing.network import KitHttp, Line, Strike
from oms_vendure import VendureConnector, mapping
from oms_vendure.terms import terms

from tests.contract import vendure_spec
from tests.contract.vendure_shop import Shop
from tests.contract.vendure_wire import KEY, USER, Wire

METHODS = {"paid": "payu", "unpaid": "przelew", "cod": "pobranie"}


class Vendure(StandIn):
    """One shop with a few variants, whose user logs in. Its developer has added a state."""

    connector = VendureConnector
    page = 3
    limits = (Limit(per_second=2, burst=10),)
    carrier = "InPost"
    samples = Path(__file__).with_name("kit_samples_vendure")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = Shop(now=clock.now)
        self.wire = Wire(self.shop)
        self.token = self.wire.log_in()
        for number, price in enumerate((1999, 435, 10, 123489)):
            self.shop.variant(f"KIT-{number}", price, stock=9)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://sklep.example", "username": USER, "ready_states": "ReadyToPick"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"password": self.wire.password, "access_token": self.token}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        return self.wire.answer(request)

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        chosen = list(self.shop.variants)[:basket.lines]
        for variant in chosen:
            level = self.shop.levels[variant, "1"]
            level[0] = max(level[0], level[1] + basket.quantity * count + 1)
        return [self.shop.buy(*((one, basket.quantity) for one in chosen),
                              method=METHODS[basket.payment], takes=basket.payment == "paid")
                for _ in range(count)]

    def pay(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.settle(ref)

    def edit(self, ref: str) -> None:
        self._look_at_the_clock()
        street = self.shop.orders[ref]["shippingAddress"]["streetLine1"]
        self.shop.modify(ref, street=f"{street} A")

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.cancel(ref, shipping=True)

    def refund(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.refund(ref, 500)

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.send(ref)

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        order = self.shop.orders[ref]
        self.shop.cancel(ref, {order["lines"][0]["id"]: 1}, reason="za duże")
        entry = next(one for one in reversed(order["history"])
                     if one["type"] == "ORDER_CANCELLATION")
        return f"{ref}/{entry['id']}"

    def close_return(self, return_ref: str) -> None:
        """It is settled when it is written down."""

    def add_offers(self, count: int) -> None:
        for number in range(count):
            self.shop.variant(f"MORE-{len(self.shop.variants)}-{number}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        order, sent = self.shop.orders[ref], self.shop.sent(ref)
        units = {line["id"]: max(line["quantity"], sent.get(line["id"], 0))
                 for line in order["lines"]}
        takes_cod = order["payments"][0]["method"] == "pobranie"
        ready = order["state"] in ("PaymentSettled", "ReadyToPick", "PartiallyShipped") or (
            takes_cod and order["state"] == "PaymentAuthorized")
        state = "ready" if ready else "unpaid"
        if order["state"] == "Cancelled" and not sent:
            state = "cancelled"
        elif sent and all(sent.get(line["id"], 0) >= line["quantity"] for line in order["lines"]):
            state = "shipped"
        return Truth(
            state=state, total=Decimal(self.shop.total_of(ref)) / 100, currency="PLN",
            placed_at=order["orderPlacedAt"], units=units,
            prices={line["id"]: Decimal(line["price"]) / 100 for line in order["lines"]},
            paid=any(one["state"] == "Settled" for one in order["payments"]),
            private=[order["customer"]["emailAddress"], order["customer"]["lastName"],
                     order["shippingAddress"]["streetLine1"],
                     order["shippingAddress"]["phoneNumber"]],
        )

    def offers(self) -> Sequence[Shown]:
        return [Shown(number, one["sku"], self.shop.saleable(number),
                      Decimal(self.shop.price_of(number)) / 100)
                for number, one in self.shop.variants.items()]

    def shipments(self, ref: str) -> Sequence[str]:
        return [number for one in self.shop.orders[ref]["fulfillments"]
                if one["state"] != "Cancelled" for number in one["trackingCode"].split(", ")]

    def status(self, ref: str) -> str:
        return str(self.shop.orders[ref]["state"])

    def next_status(self, ref: str) -> str:
        return "ReadyToPick"

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.hidden[ref] = self.now + timedelta(seconds=seconds)

    def expire_tokens(self) -> None:
        self.wire.sessions.clear()

    def revoke(self) -> None:
        self.wire.sessions.clear()
        self.wire.password = "another-password-2"

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return vendure_spec.violations(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        told = replace(terms(document.get("settings") or {}),
                       precision=document.get("precision", 2))
        return mapping.order(document["order"], told)

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now


class There:
    """A shop and the way to it by an API key, every request held against the schema."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.standin = Vendure(self.clock)
        self.shop, self.wire = self.standin.shop, self.standin.wire
        self.shop.variants.clear()
        self.shop.levels.clear()
        self.line = Line(self.standin, self.clock, Guard())
        self.line.looks = True
        self.settings: dict[str, Any] = {"url": "https://sklep.example"}
        self.secrets: dict[str, str] = {"api_key": KEY}

    @property
    def violations(self) -> list[str]:
        """What the vendor would say to our requests."""
        return [f"{self.named(call.request)}: {one}" for call in self.line.calls
                for one in call.violations]

    def connector(self, **settings: Any) -> VendureConnector:
        """A connector at work, at the shop's present moment."""
        self.shop.now = self.clock.now
        told = {**self.settings, **settings}
        http = KitHttp(self.line, VendureConnector, told, self.secrets,
                       lambda same: VendureConnector(self._context(told, same)))
        return VendureConnector(self._context(told, http))

    def pass_time(self, seconds: float = 0, **span: float) -> None:
        """Time goes on, by a second if not said otherwise."""
        self.clock.forward(seconds or (0 if span else 1), **span)
        self.shop.now = self.clock.now

    def fault(self, number: int, strike: Strike) -> None:
        """Let the so-manieth request from now go wrong."""
        self.line.faults = {number: strike}

    def calls(self, name: str = "") -> list[str]:
        """The names of the documents that were sent so far."""
        made = [self.named(call.request) for call in self.line.calls]
        return [one for one in made if not name or one == name]

    def named(self, request: Request) -> str:
        """The name of a request's document."""
        return str(json.loads(request.body)["query"].split("(")[0].split("{")[0].split()[1])

    def _context(self, settings: Mapping[str, Any], http: Any) -> Context:
        return Context(settings, self.secrets, http, self.clock.now, logging.getLogger("vendure"))
