"""WooCommerce as a stand-in for the conformance kit, and as a place for tests of its own."""

from __future__ import annotations

import hashlib
import hmac
import logging
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Context, Limit, Order, Response, Unreadable
from oms_connector.testing import Absent, Basket, Clock, Delivery, Request, Shown, StandIn, Truth
from oms_connector.testing.guard import Guard
from oms_connector.testing.network import KitHttp, Line, Strike
from oms_woocommerce import WooCommerceConnector, mapping

from tests.contract import woocommerce_spec
from tests.contract.woocommerce_shop import Shop
from tests.contract.woocommerce_wire import KEY, Wire, as_json

STATES = {"pending": "unpaid", "on-hold": "unpaid", "processing": "ready",
          "completed": "shipped", "cancelled": "cancelled", "trash": "cancelled"}


class WooCommerce(StandIn):
    """One shop with a few products, and one in three sizes."""

    connector = WooCommerceConnector
    page = 3
    limits = (Limit(per_second=1, burst=5),)
    carrier = "InPost"
    signatures = ("x-wc-webhook-signature",)
    samples = Path(__file__).with_name("kit_samples_woocommerce")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = Shop(now=clock.now)
        self.wire = Wire(self.shop)
        self.rings = 0
        for number, price in enumerate(("19.99", "4.35", "0.10", "1234.89")):
            self.shop.product(f"KIT-{number}", price, stock=9)
        self.shop.variable("Koszulka", "KIT-S", "KIT-M", "KIT-L")

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://sklep.example"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"consumer_key": KEY[0], "consumer_secret": KEY[1],
                "webhook_secret": "kit-webhook-secret"}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        return self.wire.answer(request)

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        chosen = [number for number, one in self.shop.products.items()
                  if one["type"] != "variable"][:basket.lines]
        for number in chosen:
            self.shop.count(number, max(self.shop.products[number]["stock_quantity"],
                                        basket.quantity * count + 1))
        method = "cod" if basket.payment == "cod" else "payu"
        placed = [self.shop.buy(*((one, basket.quantity) for one in chosen), method=method)
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
        self.shop.orders[int(ref)]["shipping"]["address_1"] += " A"
        self.shop.touch(int(ref))

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.set_status(int(ref), "cancelled")

    def refund(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.set_status(int(ref), "refunded")

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.set_status(int(ref), "completed")

    def given_back(self, ref: str) -> Sequence[Decimal]:
        return [one["amount"] for one in reversed(self.shop.refunds_of(int(ref)))
                if one["refunded_payment"]]

    def refuse_refunds(self) -> None:
        for order in self.shop.orders.values():
            order["payment_method"] = "bacs"

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        return str(self.shop.refund_units(int(ref), gateway=True))

    def close_return(self, return_ref: str) -> None:
        """A refund is settled when it is made."""

    def add_offers(self, count: int) -> None:
        for number in range(count):
            self.shop.product(f"MORE-{len(self.shop.products)}-{number}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        order = self.shop.orders[int(ref)]
        status, sent = order["status"], order["completed"]
        gone = {line["meta_data"][0]["value"]: -line["quantity"]
                for refund in self.shop.refunds_of(int(ref)) for line in refund["line_items"]
                if sent is None or refund["created"] < sent}
        return Truth(
            state=STATES.get(status) or ("shipped" if sent else "cancelled"),
            total=self.shop.total_of(order), currency="PLN", placed_at=order["created"],
            units={str(line["id"]): line["quantity"] - gone.get(str(line["id"]), 0)
                   for line in order["lines"]},
            prices={str(line["id"]): Decimal(self.shop.price_of(line["product_id"]))
                    for line in order["lines"]},
            paid=order["payment_method"] != "cod" and order["paid"] is not None,
            private=[order["billing"]["email"], order["billing"]["address_1"],
                     order["billing"]["last_name"], order["billing"]["phone"]],
        )

    def offers(self) -> Sequence[Shown]:
        return [
            Shown(f"{one['parent']}/{number}" if one["parent"] else str(number), one["sku"],
                  one["stock_quantity"], Decimal(self.shop.price_of(number)))
            for number, one in self.shop.products.items() if one["type"] != "variable"
        ]

    def shipments(self, ref: str) -> Sequence[str]:
        notes = [one["note"].split(": ")[1].split("\n")[0]
                 for one in self.shop.notes.get(int(ref), ()) if one["customer_note"]]
        return notes + [one["tracking_number"] for one in self.shop.trackings.get(int(ref), ())]

    def status(self, ref: str) -> str:
        return str(self.shop.orders[int(ref)]["status"])

    def next_status(self, ref: str) -> str:
        return "on-hold"

    def subscriptions(self) -> Sequence[str]:
        return [str(hook["delivery_url"]) for hook in self.shop.hooks.values()]

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.hidden[int(ref)] = self.now + timedelta(seconds=seconds)

    def revoke(self) -> None:
        self.shop.is_open = False

    # Doorbells

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        return delivery(as_json(self.wire.order_row(self.shop.orders[int(ref)], 2)),
                        f"{self.rings:032x}", self.secrets["webhook_secret"])

    def ping(self) -> Delivery:
        return Delivery(b"webhook_id=1", {"Content-Type": "application/x-www-form-urlencoded"})

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if not woocommerce_spec.FOLDER.exists():
            raise Absent("the vendor's files are not part of the project")
        return woocommerce_spec.violations(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(document["order"], document.get("refunds", ()))

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now


def delivery(body: bytes, event: str, secret: str, topic: str = "order.updated") -> Delivery:
    """What WooCommerce posts, with the headers it was seen to send."""
    mark = b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return Delivery(body, {
        "Content-Type": "application/json", "X-WC-Webhook-Source": "https://sklep.example/",
        "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Resource": topic.split(".")[0],
        "X-WC-Webhook-Event": topic.split(".")[1], "X-WC-Webhook-Signature": mark,
        "X-WC-Webhook-ID": "1", "X-WC-Webhook-Delivery-ID": event,
    })


class There:
    """A shop and the way to it, every request held against the vendor's own files.

    Where those are not at hand nobody watches; the same things are asked.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.standin = WooCommerce(self.clock)
        self.shop = self.standin.shop
        self.shop.products.clear()
        self.line = Line(self.standin, self.clock, Guard())
        self.line.looks = woocommerce_spec.FOLDER.exists()
        self.settings = dict(self.standin.settings)
        self.secrets = dict(self.standin.secrets)

    @property
    def violations(self) -> list[str]:
        """What the vendor would say to our requests."""
        return [f"{call.request.method} {call.request.url}: {one}" for call in self.line.calls
                for one in call.violations]

    def connector(self, **settings: Any) -> WooCommerceConnector:
        """A connector at work, at the shop's present moment."""
        self.shop.now = self.clock.now
        told = {**self.settings, **settings}
        http = KitHttp(self.line, WooCommerceConnector, told, self.secrets, lambda same: self
                       .connector())
        return WooCommerceConnector(Context(told, self.secrets, http, self.clock.now,
                                            logging.getLogger("woocommerce")))

    def pass_time(self, seconds: float = 0, **span: float) -> None:
        """Time goes on, by a second if not said otherwise."""
        self.clock.forward(seconds or (0 if span else 1), **span)
        self.shop.now = self.clock.now

    def fault(self, number: int, strike: Strike) -> None:
        """Let the so-manieth request from now go wrong."""
        self.line.faults = {number: strike}

    def calls(self, start: str = "") -> list[str]:
        """Requests so far, as ``METHOD path``, that begin like this."""
        made = [f"{call.request.method} {call.request.path.removeprefix('/wp-json/wc/v3')}"
                for call in self.line.calls]
        return [one for one in made if one.startswith(start)]
