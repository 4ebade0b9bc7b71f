"""Shopify as a stand-in for the conformance kit, and as a place for tests of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Context, Limit, Order, Response, Unreadable
from oms_connector.testing import Basket, Clock, Delivery, Request, Shown, StandIn, Truth, answer
from oms_connector.testing.guard import Guard
from oms_connector.testing.network import KitHttp, Line, Strike
from oms_shopify import ShopifyConnector, mapping

from tests.contract import shopify_spec
from tests.contract.shopify_rows import as_payload
from tests.contract.shopify_shop import MAIN, OPEN, Sale, Shop, numbers
from tests.contract.shopify_wire import CLIENT, Wire

SHOP = "sklep-ewy.myshopify.com"


class Shopify(StandIn):
    """One shop with a few products, and one in three sizes."""

    connector = ShopifyConnector
    page = 3
    limits = (Limit(per_second=100, burst=2000),)
    refuses_stale = True
    carrier = "DPD"
    signatures = ("x-shopify-hmac-sha256",)
    samples = Path(__file__).with_name("kit_samples_shopify")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = Shop(now=clock.now)
        self.wire = Wire(self.shop)
        self.rings = 0
        for number, price in enumerate(("19.99", "4.35", "0.10", "1234.89")):
            self.shop.variant(f"KIT-{number}", price, stock=9)
        product = self.shop.next()
        for size in "SML":
            self.shop.variant(f"KIT-{size}", "79.00", stock=9, product=product, title=size)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"shop": SHOP, "client_id": CLIENT[0]}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": CLIENT[1], "access_token": "shpat_1000000000000001"}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        return self.wire.answer(request)

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        chosen = list(self.shop.variants)[:basket.lines]
        for number in chosen:
            levels = self.shop.variants[number].levels
            levels[MAIN] = max(levels[MAIN], basket.quantity * count + 1)
        gateway = "Cash on Delivery (COD)" if basket.payment == "cod" else "PayU"
        placed = [self.shop.buy(*((one, basket.quantity) for one in chosen), gateway=gateway)
                  for _ in range(count)]
        if basket.payment == "paid":
            for number in placed:
                self.shop.pay(number)
        return [str(number) for number in placed]

    def pay(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.pay(int(ref))

    def edit(self, ref: str) -> None:
        self._look_at_the_clock()
        address = self._order(ref).address
        assert address is not None
        address["address1"] += " A"
        self.shop.touch(int(ref))

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.cancel(int(ref))

    def refund(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.refund(int(ref), {one.id: one.quantity for one in self._order(ref).lines},
                         self.shop.paid(self._order(ref)))

    def given_back(self, ref: str) -> Sequence[Decimal]:
        return [one.amount for one in self._order(ref).money if one.kind == "REFUND"]

    def refuse_refunds(self) -> None:
        for order in self.shop.orders.values():
            order.gateway = "Bank Deposit"
            for one in order.money:
                one.gateway = order.gateway

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.fulfil(int(ref))

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        return str(self.shop.request_return(int(ref)))

    def close_return(self, return_ref: str) -> None:
        self._look_at_the_clock()
        self.shop.close_return(int(return_ref))

    def add_offers(self, count: int) -> None:
        for number in range(count):
            self.shop.variant(f"MORE-{len(self.shop.variants)}-{number}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        self.shop.work_off()
        order = self._order(ref)
        sent = any(one.units for one in order.parcels)
        back = {line: count for one in order.returns for line, count in one.units.items()}
        units = {str(one.id): one.quantity - one.removed + back.get(one.id, 0)
                 for one in order.lines}
        if order.cancelled or not any(units.values()):
            state = "cancelled"
        elif sent and not any(self.shop.unsent(order, one.id) for one in order.lines):
            state = "shipped"
        else:
            state = "ready" if order.money or "COD" in order.gateway else "unpaid"
        address = order.address or {}
        return Truth(
            state=state, total=self.shop.total(order), currency=order.currency,
            placed_at=order.created, units=units,
            prices={str(one.id): one.price for one in order.lines},
            paid=any(one.kind == "SALE" for one in order.money),
            private=[str(order.email), str(address["address1"]), str(address["lastName"]),
                     str(address["phone"])],
        )

    def offers(self) -> Sequence[Shown]:
        return [Shown(str(number), one.sku, one.levels[MAIN], one.price)
                for number, one in self.shop.variants.items()]

    def shipments(self, ref: str) -> Sequence[str]:
        return numbers(self._order(ref).parcels)

    def status(self, ref: str) -> str:
        works = [one for one in self._order(ref).works if one.status in OPEN]
        return {"OPEN": "UNFULFILLED"}.get(works[0].status, works[0].status)

    def next_status(self, ref: str) -> str:
        return "IN_PROGRESS"

    def subscriptions(self) -> Sequence[str]:
        return [f"{hook['topic']} {hook['uri']}" for hook in self.shop.hooks.values()]

    # Lapses and access

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.hidden[int(ref)] = self.now + timedelta(seconds=seconds)

    def forget_history(self) -> None:
        """What is older than sixty days is hidden by the clock alone."""

    def expire_tokens(self) -> None:
        self.wire.tokens.clear()

    def revoke(self) -> None:
        self.shop.is_open = False

    def slow_down(self) -> Response:
        return answer(200, self.wire.throttled())

    # Doorbells

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        row = self.wire.rows.order(self._order(ref))
        return delivery(json.dumps(as_payload(row)).encode(), f"b54557e4-{self.rings:04d}",
                        self.secrets["client_secret"])

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if not request.url.startswith(f"https://{SHOP}"):
            return ["another host"]
        return shopify_spec.violations(request, response)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(document["order"], document.get("after"))

    def _order(self, ref: str) -> Sale:
        return self.shop.orders[int(ref)]

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now


def delivery(body: bytes, event: str, secret: str, topic: str = "orders/updated") -> Delivery:
    """What Shopify posts."""
    mark = b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return Delivery(body, {
        "Content-Type": "application/json", "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": mark, "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": "2026-10", "X-Shopify-Webhook-Id": event,
        "X-Shopify-Triggered-At": "2026-11-23T09:30:00.123456789Z",
        "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    })


class There:
    """A shop and the way to it, every request and answer held against the vendor's schema."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.standin = Shopify(self.clock)
        self.shop, self.wire = self.standin.shop, self.standin.wire
        self.shop.variants.clear()
        self.line = Line(self.standin, self.clock, Guard())
        self.line.looks = True
        self.settings = dict(self.standin.settings)
        self.secrets = dict(self.standin.secrets)

    @property
    def violations(self) -> list[str]:
        """What the vendor would say to our requests, and to the stand-in's answers."""
        return [one for call in self.line.calls for one in call.violations]

    def connector(self, **settings: Any) -> ShopifyConnector:
        """A connector at work, at the shop's present moment."""
        return self._made({**self.settings, **settings}, None)

    def _made(self, told: dict[str, Any], http: KitHttp | None) -> ShopifyConnector:
        self.shop.now = self.clock.now
        http = http or KitHttp(self.line, ShopifyConnector, told, self.secrets,
                               lambda same: self._made(told, same))
        return ShopifyConnector(Context(told, self.secrets, http, self.clock.now,
                                        logging.getLogger("shopify")))

    def pass_time(self, seconds: float = 0, **span: float) -> None:
        """Time goes on, by a second if not said otherwise."""
        self.clock.forward(seconds or (0 if span else 1), **span)
        self.shop.now = self.clock.now

    def fault(self, number: int, strike: Strike) -> None:
        """Let the so-manieth request from now go wrong."""
        self.line.faults = {number: strike}

    def asked(self, start: int = 0) -> list[str]:
        """The names of the operations that were asked for."""
        found = []
        for call in self.line.calls[start:]:
            if call.request.path.endswith("graphql.json"):
                found.append(str(call.request.json()["query"]).split("(")[0].split("{")[0]
                             .split()[1])
            else:
                found.append(call.request.path)
        return found
