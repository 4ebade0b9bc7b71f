"""Life on the marketplace: what happens there without anybody pressing a button.

``tick`` does whatever is due and may be called as often as one likes; ``write_history`` gives a
new shop the two days before its first one; ``Ticker`` calls ``tick`` from a thread.
"""

from __future__ import annotations

import heapq
import json
import logging
import random
import sqlite3
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from oms_demo.market.delivery import BY_KEY, tracking
from oms_demo.market.market import Market
from oms_demo.market.orders import SENT, TO_SEND, WAITING
from oms_demo.market.people import person
from oms_demo.market.refusal import Refusal
from oms_demo.market.scenes import SCENES, act_out
from oms_demo.market.store import moment, stamp

RATE = 2.0
"""Orders a minute, unless told otherwise: one every 20 to 40 seconds."""
HISTORY = 40
"""Orders that a new shop has had in the last two days, besides the scenes."""
PATIENCE = 150
"""Buyers come no more while this many orders wait to be sent: nobody is there to send them."""
UNPAID_KEPT = timedelta(hours=72)

log = logging.getLogger(__name__)


def auto(market: Market) -> bool:
    """Whether buyers come by themselves."""
    return market.store.setting("auto", "off") == "on"


def rate(market: Market) -> float:
    """How many orders a minute they place."""
    return float(market.store.setting("rate", str(RATE)))


def switch(market: Market, on: bool, per_minute: float | None = None) -> None:
    """Let buyers come, or not, and how often.

    Raises:
        Refusal: not a rate one can keep up with.
    """
    if per_minute is not None:
        if not 0.1 <= per_minute <= 600:
            raise Refusal("bad_rate", "Between 0.1 and 600 orders a minute.", 422, field="rate")
        market.store.remember("rate", str(per_minute))
    market.store.remember("auto", "on" if on else "off")
    market.store.remember("next_at", "")


def waiting(market: Market) -> int:
    """How many orders wait to be sent."""
    with market.store.transaction() as db:
        return db.execute("SELECT count(*) FROM purchase WHERE status = ?",
                          (TO_SEND,)).fetchone()[0]


def tick(market: Market) -> None:
    """Do what is due now: payments, second thoughts, deliveries, at most one new order."""
    now = market.clock()
    for order in _due(market, now):
        try:
            _carry_out(market, order, now)
        except Refusal as refusal:  # somebody was quicker: it was sent or cancelled meanwhile
            log.info("order %s: %s", order["ref"], refusal)
            market.plan(order["ref"], None, None)
    _plan_deliveries(market, now)
    if auto(market):
        _new_order(market, now)


def write_history(market: Market, count: int = HISTORY) -> None:
    """Orders of the last two days, some of them sent and delivered, in the order it happened.

    ``count`` orders of chance, and among them the scenes that everybody should see.
    """
    now = market.clock()
    rng = random.Random(f"{market.seed}/history")  # noqa: S311 - invented data, no secrets
    hours = [*range(48)]
    # most people buy in the evening, hardly anybody at night
    weights = [_BUSY[(now - timedelta(hours=hour)).hour] for hour in hours]
    ages = sorted((rng.choices(hours, weights)[0] + rng.random() for _ in range(count)),
                  reverse=True)
    agenda: list[tuple[datetime, int, str, str]] = [
        (now - timedelta(hours=age, minutes=3), number, "buy", "")
        for number, age in enumerate(ages)
    ] + [
        (now - timedelta(hours=scene.hours_ago), count + number, "scene", str(number))
        for number, scene in enumerate(SCENES)
    ]
    heapq.heapify(agenda)
    with market.store.transaction():
        while agenda:
            at, number, what, ref = heapq.heappop(agenda)
            if what == "buy":
                for due, act, order in _fate(market, rng, at, now):
                    heapq.heappush(agenda, (due, number, act, order))
            else:
                _ACTS[what](market, ref, at)


def _fate(market: Market, rng: random.Random, at: datetime, now: datetime
          ) -> Sequence[tuple[datetime, str, str]]:
    """Place an order in the past and say what became of it before ``now``."""
    chosen = market.invent(at)
    if chosen is None:
        return []
    ref = market.buy(chosen, at)
    market.plan(ref, None, None)
    paid = at + timedelta(minutes=rng.uniform(4, 90))
    sent = at + timedelta(hours=rng.uniform(3, 20))
    delivered = sent + timedelta(hours=rng.uniform(14, 26))
    chance = rng.random()
    acts: list[tuple[datetime, str, str]] = []
    if chosen.payment == "unpaid":
        acts = [(paid, "pay", ref)] if chance < 0.6 else []
    elif chance < 0.04:
        acts = [(at + timedelta(hours=rng.uniform(0.2, 2)), "cancel", ref)]
    elif chance < 0.65 and now - at > timedelta(hours=9):
        acts = [(sent, "send", ref), (delivered, "deliver", ref)]
    return [act for act in acts if act[0] < now]


def _play(market: Market, number: str, at: datetime) -> None:
    """Place the order of a scene."""
    shelf = {offer.sku: offer for offer in market.shelf()}
    basket = act_out(SCENES[int(number)], market.seed, shelf)
    if basket.lines:
        market.buy(basket, at)


def _due(market: Market, now: datetime) -> Sequence[sqlite3.Row]:
    with market.store.transaction() as db:
        return db.execute(
            "SELECT * FROM purchase WHERE plan_at <= :now"
            " UNION ALL SELECT * FROM purchase WHERE status = :waiting AND placed_at < :old"
            " ORDER BY plan_at",
            {"now": stamp(now), "waiting": WAITING, "old": stamp(now - UNPAID_KEPT)},
        ).fetchall()


def _carry_out(market: Market, order: sqlite3.Row, now: datetime) -> None:
    if order["plan"]:
        _ACTS[order["plan"]](market, order["ref"], now)
    else:
        market.cancel(order["ref"], "not paid in time", now)


def _move(market: Market, ref: str, at: datetime) -> None:
    with market.store.transaction() as db:
        order = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
    country = json.loads(order["buyer"])["country"]
    new = person(market.seed, 1_000_000 + order["seq"], country)
    market.move(ref, {"street": new.street, "postcode": new.postcode, "city": new.city}, at)


def _send(market: Market, ref: str, at: datetime) -> None:
    with market.store.transaction() as db:
        order = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
    method = BY_KEY[json.loads(order["delivery"])["method"]]
    rng = random.Random(f"{market.seed}/tracking/{ref}")  # noqa: S311 - a public number
    box = {"carrier": method.carrier, "tracking": tracking(method, rng), "url": ""}
    market.send(ref, "history", [box], at, sent_at=at)


_ACTS = {
    "pay": lambda market, ref, at: market.pay(ref, at),
    "cancel": lambda market, ref, at: market.cancel(ref, "bought by mistake", at),
    "move": _move,
    "send": _send,
    "deliver": lambda market, ref, at: market.deliver(ref, at),
    "scene": _play,
}


def _plan_deliveries(market: Market, now: datetime) -> None:
    """Parcels arrive 8 to 20 minutes after they left: a demonstration cannot wait for days."""
    with market.store.transaction() as db:
        rows = db.execute("SELECT ref, sent_at FROM purchase WHERE status = ? AND plan IS NULL",
                          (SENT,)).fetchall()
        for row in rows:
            rng = random.Random(f"{market.seed}/arrival/{row['ref']}")  # noqa: S311
            left = max(moment(row["sent_at"]), now - timedelta(minutes=1))
            market.plan(row["ref"], "deliver", left + timedelta(minutes=rng.uniform(8, 20)))


def _new_order(market: Market, now: datetime) -> None:
    due = market.store.setting("next_at", "")
    if due and moment(due) > now:
        return
    rng = random.Random(f"{market.seed}/pause/{stamp(now)}")  # noqa: S311 - a pause
    pause = timedelta(seconds=60 / rate(market) * rng.uniform(2 / 3, 4 / 3))
    market.store.remember("next_at", stamp(now + pause))
    # The first tick after a start only sets the date: a restart is no reason for an order.
    if due and waiting(market) < PATIENCE:
        chosen = market.invent(now)
        if chosen:
            log.info("order %s placed", market.buy(chosen, now))


class Ticker(threading.Thread):
    """Calls ``tick`` every second until stopped. A failed tick is logged, the next one tried."""

    def __init__(self, market: Market, every: float = 1.0) -> None:
        super().__init__(name="bustle", daemon=True)
        self._market = market
        self._every = every
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Tick until ``stop``."""
        while not self._stop_asked.wait(self._every):
            try:
                tick(self._market)
            except Exception:
                log.exception("a tick failed")

    def stop(self) -> None:
        """End after the present tick."""
        self._stop_asked.set()
        self.join(timeout=5)


# how busy each hour of the day (UTC) is
_BUSY = (1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 8, 8, 8, 9, 10, 11, 13, 14, 13, 9, 5, 2)
