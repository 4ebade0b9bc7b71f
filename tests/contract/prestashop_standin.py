"""PrestaShop as a stand-in for the conformance kit, and as a place for tests of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Context, Limit, Order, Response, Unreadable
from oms_connector.testing import Basket, Clock, Request, Shown, StandIn, Truth
from oms_connector.testing.guard import Guard
from oms_connector.testing.network import KitHttp, Line, Strike
from oms_prestashop import PrestaShopConnector, mapping, states
from oms_prestashop.clock import Clock as ShopClock
from oms_prestashop.shop import Shop as About

from tests.contract import prestashop_spec
from tests.contract.prestashop_shop import CANCELLED, CONFIGURATION, REFUNDED, SHIPPED, Shop
from tests.contract.prestashop_wire import KEY, Wire

TRUE_STATES = {2: "ready", 3: "ready", SHIPPED: "shipped", CANCELLED: "cancelled", 13: "ready",
               REFUNDED: "cancelled", 10: "unpaid", 14: "unpaid"}


class PrestaShop(StandIn):
    """One shop with a few products, and one in three sizes."""

    connector = PrestaShopConnector
    page = 3
    limits = (Limit(per_second=2, burst=20),)
    # Of an hour that the shop's clock shows twice, no stamp says which it was.
    precision = timedelta(hours=1)
    carrier = "InPost"
    samples = Path(__file__).with_name("kit_samples_prestashop")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = Shop(now=clock.now)
        self.wire = Wire(self.shop)
        for number, price in enumerate(("19.99", "4.35", "0.10", "1234.89")):
            self.shop.product(f"KIT-{number}", price, stock=9)
        self.shop.combinations("Koszulka", "KIT-S", "KIT-M", "KIT-L")

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://sklep.example"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"key": KEY}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        return self.wire.answer(request)

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        chosen = [row["id"] for row in self.shop.rows("products")
                  if not row["associations"]][:basket.lines]
        for number in chosen:
            row = self.shop.stock_of(number)
            row["quantity"] = max(row["quantity"], basket.quantity * count + 1)
        method = "cod" if basket.payment == "cod" else "p24"
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
        home = self.shop.row("addresses",
                             self.shop.row("orders", int(ref))["id_address_delivery"])
        self.shop.move(int(ref), address1=home["address1"] + " A")

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.set_state(int(ref), CANCELLED)

    def refund(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.slip(int(ref), {row["id"]: row["product_quantity"]
                                  for row in self.shop.details_of(int(ref))}, "12.30")

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.set_state(int(ref), SHIPPED)

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        return str(self.shop.slip(int(ref), {self.shop.details_of(int(ref))[0]["id"]: 1}))

    def close_return(self, return_ref: str) -> None:
        """A credit slip is settled when it is made."""

    def add_offers(self, count: int) -> None:
        for _ in range(count):
            self.shop.product(f"MORE-{len(self.shop.rows('products'))}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        number = int(ref)
        order, details = self.shop.row("orders", number), self.shop.details_of(number)
        home = self.shop.row("addresses", order["id_address_delivery"])
        state = TRUE_STATES[order["current_state"]]
        gone: dict[int, int] = {}
        if SHIPPED not in self.shop.history_of(number):
            for slip in self.shop.rows("order_slip", id_order=number):
                for row in slip["associations"]["order_slip_details"]:
                    gone[row["id_order_detail"]] = row["product_quantity"]
        return Truth(
            state=state, total=Decimal(order["total_paid_tax_incl"]).quantize(Decimal("0.01")),
            currency="PLN", placed_at=self._moment(order["date_add"]),
            units={str(row["id"]): row["product_quantity"] - gone.get(row["id"], 0)
                   for row in details},
            prices={str(row["id"]): self.shop.seen(row["product_id"],
                                                   row["product_attribute_id"])
                    for row in details},
            paid=order["module"] != "ps_cashondelivery" and Decimal(order["total_paid_real"]) > 0,
            private=["ewa@example.com", home["address1"], home["lastname"], home["phone"]],
        )

    def offers(self) -> Sequence[Shown]:
        found = []
        for row in self.shop.rows("stock_availables"):
            product, part = row["id_product"], row["id_product_attribute"]
            if part or not self.shop.row("products", product)["associations"]:
                goods = self.shop.row("combinations", part) if part else \
                    self.shop.row("products", product)
                found.append(Shown(f"{product}/{part}" if part else str(product),
                                   goods["reference"], row["quantity"],
                                   self.shop.seen(product, part)))
        return found

    def shipments(self, ref: str) -> Sequence[str]:
        return self.shop.trackings_of(int(ref))

    def status(self, ref: str) -> str:
        return str(self.shop.row("orders", int(ref))["current_state"])

    def next_status(self, ref: str) -> str:
        return "3"

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.now = self.now
        self.shop.hide(int(ref), seconds)

    def revoke(self) -> None:
        self.shop.is_open = False

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return prestashop_spec.violations(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return read(document)

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now

    def _moment(self, written: str) -> datetime:
        return datetime.fromisoformat(written).replace(tzinfo=self.shop.zone).astimezone(UTC)


def read(document: Mapping[str, Any], **settings: str) -> Order | Unreadable:
    """An order of its papers, in a shop of which ``known`` says what is not as everywhere."""
    shop, known = Shop(), document.get("known", {})
    about = About({**CONFIGURATION, **known.get("settings", {})},
                  ShopClock(known.get("zone", "Europe/Warsaw")))
    rows = [*shop.rows("order_states"), *known.get("states", ())]
    names = {name: {str(row["id"]): row for row in (*shop.rows(name), *known.get(name, ()))}
             for name in ("countries", "currencies", "carriers", "taxes")}
    return mapping.order(
        mapping.Papers(**{name: one for name, one in document.items() if name != "known"}),
        mapping.Known(about, states.states(rows, states.own(settings), about),
                      regions={}, **names))


class There:
    """A shop and the way to it, every request held against what PrestaShop says it takes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.standin = PrestaShop(self.clock)
        self.shop = self.standin.shop
        for name in ("products", "combinations", "stock_availables", "product_option_values"):
            self.shop.tables[name] = {}
        self.line = Line(self.standin, self.clock, Guard())
        self.line.looks = True
        self.settings = dict(self.standin.settings)
        self.secrets = dict(self.standin.secrets)

    @property
    def violations(self) -> list[str]:
        """What the vendor would say to our requests."""
        return [f"{call.request.method} {call.request.url}: {one}" for call in self.line.calls
                for one in call.violations]

    def connector(self, **settings: Any) -> PrestaShopConnector:
        """A connector at work, at the shop's present moment."""
        self.shop.now = self.clock.now
        told = {**self.settings, **settings}
        http = KitHttp(self.line, PrestaShopConnector, told, self.secrets,
                       lambda same: self.connector())
        return PrestaShopConnector(Context(told, self.secrets, http, self.clock.now,
                                           logging.getLogger("prestashop")))

    def pass_time(self, seconds: float = 0, **span: float) -> None:
        """Time goes on, by a second if not said otherwise."""
        self.clock.forward(seconds or (0 if span else 1), **span)
        self.shop.now = self.clock.now

    def fault(self, number: int, strike: Strike) -> None:
        """Let the so-manieth request from now go wrong."""
        self.line.faults = {number: strike}

    def calls(self, start: str = "") -> list[str]:
        """Requests so far, as ``METHOD resource``, that begin like this."""
        made = [f"{call.request.method} {call.request.path.removeprefix('/api/')}"
                for call in self.line.calls]
        return [one for one in made if one.startswith(start)]
