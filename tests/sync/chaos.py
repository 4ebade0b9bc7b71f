"""A whole selling day in bad weather: several marketplaces, one shop, faults from one seed.

A ``Day`` is built, stormed through and calmed; ``verdict`` then says what is not as it should be.
Nothing here looks at the engine's own idea of the truth: what must be on sale is reckoned from the
units the test put on the shelf and from the marketplaces' own books.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Connector, Limit
from oms_demo import DemoConnector
from oms_demo.catalog import Stray
from oms_demo.market import bustle
from oms_demo.market.refusal import Refusal
from sqlalchemy import select

from oms_web.adapters.http import AccountHttp
from oms_web.adapters.pace import Pacer
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import OmsError
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order
from oms_web.domain.stock import service as stock
from oms_web.flows import publish_stock, stock_correction
from oms_web.flows.ship import ship_order
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts
from oms_web.sync.registry import Registry
from oms_web.wiring import Oms, wire
from tests import factories as make
from tests.conftest import settings_for
from tests.demo_market import Clock, OpenMarket, open_market

INTERVAL = timedelta(hours=1)
"""The longest of the feeds' intervals: within it orders, sweep, offers and pushes are all due."""
STEPS = 12
"""How often the clock is looked at within one. The real one rings each second."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything: ``rounds`` of a few minutes each, in weather of this ``strength``."""

    channels: int = 2
    skus: int = 30
    rounds: int = 10
    buyers: int = 6
    strength: float = 1.0


@dataclass
class Day:
    """One shop on several marketplaces, from one seed.

    ``shelf`` is what was put there and taken away by hand; ``left`` names the purchases (account,
    number) that were sent.
    """

    oms: Oms
    clock: Clock
    dice: random.Random
    scale: Scale
    markets: list[OpenMarket]
    pacer: Pacer
    shelf: Counter[str] = field(default_factory=Counter)
    variants: dict[str, int] = field(default_factory=dict)
    accounts: dict[int, int] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    left: set[tuple[int, str]] = field(default_factory=set)
    asked: int = 0
    reconnected: int = 0

    # The shop's side

    def work(self) -> None:
        """Whatever is due is done; a person reconnects an account that has lost its access."""
        with self.oms.works.reading(SYSTEM) as work:
            broken = list(work.session.scalars(
                select(ChannelAccount.id).where(ChannelAccount.state == "broken")))
        for account in broken:
            with self.oms.works.writing(SYSTEM) as work:
                accounts.set_state(work, account, "active")
            self.reconnected += 1
        for _ in range(3):
            rings.ring_feeds(self.oms)
            if not drain(self.oms):
                break

    def correct(self) -> None:
        """Somebody finds units, or finds that some are gone."""
        sku = self.dice.choice(sorted(self.variants))
        change = self.dice.choice((-3, -1, 1, 4, 12))
        reason = "found" if change > 0 else "damaged"
        self.asked += 1
        try:
            with self.oms.works.writing(SYSTEM) as work:
                stock_correction.correct(work, self.variants[sku], stock.default_bin(work.session),
                                         change, reason, key=f"chaos-{self.asked}")
        except OmsError:  # more than lies there cannot be taken away
            self.acts["correction refused"] += 1
        else:
            self.shelf[sku] += change
            self.acts["correction"] += 1

    def ship(self) -> None:
        """An order that may leave leaves, if one can be found at once."""
        with self.oms.works.reading(SYSTEM) as work:
            ready = list(work.session.scalars(
                select(Order.id).where(Order.queue == "pick").order_by(Order.id).limit(20)))
        if not ready:
            return
        order_id = self.dice.choice(ready)
        try:
            with self.oms.works.writing(SYSTEM) as work:
                gone = ship_order(work, order_id, carrier="InPost", number=f"PAC{order_id:08d}")
                order = work.session.get_one(Order, order_id)
        except OmsError:  # held, or not all of it is there
            self.acts["shipping refused"] += 1
            return
        if gone:
            self.left.add((order.account_id or 0, order.external_number))
            self.acts["shipped"] += 1

    # The buyers' side

    def shop_around(self, there: OpenMarket) -> None:
        """Buyers buy, think again, pay, move and pay together."""
        for _ in range(self.dice.randint(0, self.scale.buyers)):
            basket = there.market.invent()
            if basket:
                there.market.buy(basket)
                self.acts["order"] += 1
        for act in self.dice.choices(("cancel", "move", "pay", ""), k=2):
            if act:
                self._second_thought(there, act)
        bustle.tick(there.market)

    def _second_thought(self, there: OpenMarket, act: str) -> None:
        with there.market.store.transaction() as db:
            refs = [row["ref"] for row in db.execute(
                "SELECT ref FROM purchase WHERE status IN ('waiting_payment', 'to_send')"
                " ORDER BY seq DESC LIMIT 12")]
        if not refs:
            return
        ref = self.dice.choice(refs)
        with suppress(Refusal):
            if act == "cancel":
                there.market.cancel(ref, "changed my mind")
            elif act == "pay":
                there.market.pay(ref)
            else:
                there.market.somebody_moves(self.dice)
            self.acts[act] += 1

    # The day

    def storm(self) -> None:
        """Everything that can go wrong does, while everybody goes on with his work."""
        for there in self.markets:
            there.market.weather.storm(self.scale.strength)
        for _ in range(self.scale.rounds):
            self.clock.turn(seconds=self.dice.randint(20, 900))
            for there in self.markets:
                self.shop_around(there)
            for _ in range(self.dice.randint(0, 3)):
                self.correct()
            if self.dice.random() < 0.5:
                self.ship()
            self.work()

    def calm(self, intervals: int = 2) -> None:
        """The faults stop, buyers go home; so many sync intervals go by."""
        for there in self.markets:
            there.market.weather.calm()
            self.faults.update(there.market.weather.served)
        for _ in range(intervals * STEPS):
            self.clock.turn(seconds=INTERVAL.total_seconds() / STEPS)
            self.work()

    def close(self) -> None:
        """Let the databases go."""
        for there in self.markets:
            there.market.store.close()
        self.oms.engine.dispose()


def new_day(url: str, folder: Path, seed: int, scale: Scale,
            connector: type[Connector] = DemoConnector) -> Day:
    """A shop of ``scale`` on the database at ``url``, its goods on sale everywhere, in calm."""
    clock = Clock()
    dice = random.Random(f"chaos/{seed}")
    pacer = Pacer(clock=lambda: clock().timestamp(), sleep=lambda s: clock.turn(seconds=s))
    oms = wire(settings=settings_for(url, folder), clock=clock)
    oms.__dict__["registry"] = Registry({"demo": connector})
    oms.works.ports["children"] = None
    skus = [f"C{number:03d}" for number in range(scale.skus)]
    shelf = Counter({sku: dice.choice((0, 1, 1, 2, 5, 9, 20, 60)) for sku in skus})
    goods = [Stray(sku, f"Towar {sku}", "", "cup", "", "23", Decimal(dice.randint(9, 190)), 0)
             for sku in skus]
    markets = [open_market(folder / f"market{n}", clock, offers=goods, seed=seed * 100 + n)
               for n in range(scale.channels)]
    day = Day(oms, clock, dice, scale, markets, pacer, shelf)
    oms.works.ports["http"] = _street(day)
    with oms.works.writing(SYSTEM) as work:
        make.company(work)
        make.warehouse(work)
        for sku in skus:
            day.variants[sku] = make.variant(work, sku)
            if shelf[sku]:
                make.put(work, day.variants[sku], shelf[sku])
    for number, there in enumerate(markets):
        with oms.works.writing(SYSTEM) as work:
            account = accounts.connect(work, connector, f"Targ {number}",
                                       {"url": _address(number)}, {"token": there.token})
            day.accounts[number] = account.id
    day.work()
    with oms.works.writing(SYSTEM) as work:
        publish_stock.publish(work, list(day.variants.values()))
    day.work()
    return day


def _address(number: int) -> str:
    return f"http://127.0.0.1:{8100 + number}"


def _street(day: Day) -> Callable[..., AccountHttp]:
    """The network: each address leads to its marketplace, and waiting turns the clock."""
    ways = {f"{_address(n)}/api/v1": there.street for n, there in enumerate(day.markets)}

    def make_http(base_url: str, headers: Any, name: str, *, account: Any = 0, client: Any = "",
                  limits: Iterable[Limit] = (), **_: Any) -> AccountHttp:
        return AccountHttp(base_url, headers, loopback=True, name=name, sink=lambda _call: None,
                           transport=ways[base_url],
                           pace=day.pacer.of(account, client, tuple(limits)))

    return make_http
