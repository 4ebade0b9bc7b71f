"""Medusa as a stand-in for the conformance kit, and as a place for tests of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from oms_connector import Context, Limit, Order, Response, Unreadable
from oms_connector.testing import Basket, Clock, Delivery, Request, Shown, StandIn, Truth
from oms_connector.testing.guard import Guard
from oms_connector.testing.network import KitHttp, Line, Strike
from oms_medusa import MedusaConnector, mapping
from oms_medusa.bell import SIGNATURE
from oms_medusa.reading import decoded

from tests.contract import medusa_spec
from tests.contract.medusa_shop import Shop
from tests.contract.medusa_wire import KEY, Wire

COD = "pp_cod_courier"


class Medusa(StandIn):
    """One shop with a few products."""

    connector = MedusaConnector
    page = 3
    limits = (Limit(per_second=5, burst=20),)
    precision = timedelta(milliseconds=1)
    carrier = "InPost"
    signatures = (SIGNATURE,)
    unknown = "order_01NOBODYHASTHIS"
    samples = Path(__file__).with_name("kit_samples_medusa")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = Shop(now=clock.now)
        self.wire = Wire(self.shop)
        self.rings = 0
        for number, price in enumerate(("19.99", "4.35", "0.10", "1234.89")):
            self.shop.variant(f"KIT-{number}", price, stock=9)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://sklep.example"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"api_key": KEY, "webhook_secret": "kit-webhook-secret"}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        return self.wire.answer(request)

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        chosen = list(self.shop.variants)[:basket.lines]
        for ref in chosen:
            self.shop.count(ref, max(self.shop.free(ref), basket.quantity * count + 1))
        provider = COD if basket.payment == "cod" else "pp_stripe_stripe"
        placed = [self.shop.buy(*((one, basket.quantity) for one in chosen), provider=provider)
                  for _ in range(count)]
        if basket.payment == "paid":
            for ref in placed:
                self.shop.pay(ref)
        return placed

    def pay(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.pay(ref)

    def edit(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.orders[ref]["shipping_address"]["address_1"] += " A"
        self.shop.touch(ref)

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.cancel(ref)

    def refund(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.refund(ref)

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.ship(ref)

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        return self.shop.ask_back(ref)

    def close_return(self, return_ref: str) -> None:
        self._look_at_the_clock()
        self.shop.take_back(return_ref)
        self.shop.refund(self.shop.returns[return_ref]["order_id"], "1.00")

    def add_offers(self, count: int) -> None:
        for number in range(count):
            self.shop.variant(f"MORE-{len(self.shop.variants)}-{number}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        order = self.shop.orders[ref]
        came, back = self.shop.captured(order), self.shop.refunded(order)
        sent = all(line["shipped"] >= line["quantity"] for line in order["items"])
        is_cod = order["payments"][0]["provider_id"] == COD
        off = order["status"] == "canceled" or (0 < came <= back and not sent)
        total = self.shop.bought(order) + (order["credits"] if off else 0)
        return Truth(
            state="cancelled" if off else "shipped" if sent else
            "ready" if is_cod or came - back >= total else "unpaid",
            total=total, currency="PLN", placed_at=order["created"],
            units={line["id"]: line["quantity"] for line in order["items"]},
            prices={line["id"]: line["price"] for line in order["items"]},
            paid=None if back else came > 0,
            private=[order["email"], order["shipping_address"]["address_1"],
                     order["billing_address"]["last_name"], order["shipping_address"]["phone"]],
        )

    def offers(self) -> Sequence[Shown]:
        return [Shown(ref, one["sku"], self.shop.free(ref), self.shop.price_of(ref))
                for ref, one in self.shop.variants.items()]

    def shipments(self, ref: str) -> Sequence[str]:
        return [label["tracking_number"] for one in self.shop.orders[ref]["fulfillments"]
                for label in one["labels"]]

    def status(self, ref: str) -> str:
        return str(self.shop.orders[ref]["status"])

    def next_status(self, ref: str) -> str:
        return "completed"

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.hidden[ref] = self.now + timedelta(seconds=seconds)

    def revoke(self) -> None:
        self.shop.is_open = False

    # Doorbells

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        return delivery({"name": "order.placed", "order_id": ref,
                         "event_id": f"evt_{self.rings:026d}"}, self.secrets["webhook_secret"])

    def ping(self) -> Delivery:
        return delivery({"name": "ping"}, self.secrets["webhook_secret"])

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return medusa_spec.violations(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(decoded(json.dumps(document).encode()))

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now


def delivery(told: Mapping[str, str], secret: str) -> Delivery:
    """What the subscriber of the documentation posts."""
    body = json.dumps(told).encode()
    return Delivery(body, {"Content-Type": "application/json",
                           SIGNATURE: hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()})


class There:
    """A shop and the way to it, every request held against what Medusa takes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.standin = Medusa(self.clock)
        self.shop = self.standin.shop
        self.shop.variants.clear()
        self.line = Line(self.standin, self.clock, Guard())
        self.line.looks = True
        self.settings: dict[str, Any] = dict(self.standin.settings)
        self.secrets = dict(self.standin.secrets)

    @property
    def violations(self) -> list[str]:
        """What Medusa would say to our requests."""
        return [f"{call.request.method} {call.request.url}: {one}" for call in self.line.calls
                for one in call.violations]

    def connector(self, **settings: Any) -> MedusaConnector:
        """A connector at work, at the shop's present moment."""
        self.shop.now = self.clock.now
        told = {**self.settings, **settings}
        http = KitHttp(self.line, MedusaConnector, told, self.secrets, lambda same: self
                       .connector())
        return MedusaConnector(Context(told, self.secrets, http, self.clock.now,
                                       logging.getLogger("medusa")))

    def order(self, ref: str, **settings: Any) -> Order:
        """An order as it is read now."""
        [found] = self.connector(**settings).fetch_orders([ref])
        assert isinstance(found, Order), found
        return found

    def pass_time(self, seconds: float = 0, **span: float) -> None:
        """Time goes on, by a second if not said otherwise."""
        self.clock.forward(seconds or (0 if span else 1), **span)
        self.shop.now = self.clock.now

    def fault(self, number: int, strike: Strike) -> None:
        """Let the so-manieth request from now go wrong."""
        self.line.faults = {number: strike}

    def calls(self, start: str = "") -> list[str]:
        """Requests so far, as ``METHOD path``, that begin like this."""
        made = [f"{call.request.method} {call.request.path.removeprefix('/admin')}"
                for call in self.line.calls]
        return [one for one in made if one.startswith(start)]


