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
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from oms_demo.market import questions
from oms_demo.market.buyers import second
from oms_demo.market.delivery import BY_KEY, tracking
from oms_demo.market.market import Market
from oms_demo.market.orders import SENT, TO_SEND, WAITING
from oms_demo.market.people import person
from oms_demo.market.refusal import Refusal
from oms_demo.market.repeating import Repeating
from oms_demo.market.scenes import SCENES, act_out
from oms_demo.market.store import moment, stamp

RATE = 2.0
"""Orders a minute, unless told otherwise: one every 20 to 40 seconds."""
HISTORY = 40
"""Orders that a new shop has had in the last two days, besides the scenes."""
RATE_MAX = 600.0
PATIENCE, PATIENT_RATE = 150, 15
"""Buyers come no more while this many orders wait to be sent: nobody is there to send them. Who
wants more than fifteen a minute gets as much more patience.
"""
PEAK_MAX_MINUTES = 24 * 60
CATCH_UP = timedelta(seconds=60)
"""How far behind its own plan the marketplace may be and still carry it out to the letter."""
SECOND_THOUGHT = timedelta(minutes=2)
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
        if not 0 <= per_minute <= RATE_MAX:
            raise Refusal("bad_rate", "Between 0 and 600 orders a minute.", 422, field="rate")
        market.store.remember("rate", str(per_minute))
    market.store.remember("auto", "on" if on else "off")
    market.store.remember("next_at", "")


def start_peak(market: Market, factor: float, minutes: float) -> None:
    """So many times more buyers for so long ("Black Friday"); at most 600 orders a minute in all.

    Raises:
        Refusal: not a factor or not a span.
    """
    if not (1 <= factor <= 100 and 0 < minutes <= PEAK_MAX_MINUTES):
        raise Refusal("bad_peak", "1 to 100 times more, for 1 to 1440 minutes.", 422)
    now = market.clock()
    market.store.remember("peak", f"{factor} {stamp(now + timedelta(minutes=minutes))}")
    if auto(market):
        market.store.remember("next_at", stamp(now))


def end_peak(market: Market) -> None:
    """Back to the usual crowd."""
    market.store.remember("peak", "")


def peak(market: Market) -> tuple[float, datetime] | None:
    """How many times more buyers come, and until when; None when it is an ordinary day."""
    kept = market.store.setting("peak", "")
    if not kept:
        return None
    factor, until = kept.split()
    return (float(factor), moment(until)) if moment(until) > market.clock() else None


def rate_now(market: Market, at: datetime) -> float:
    """Orders a minute at a moment, the peak counted."""
    busy = peak(market)
    return min(RATE_MAX, rate(market) * (busy[0] if busy and at < busy[1] else 1))


def patience(market: Market) -> int:
    """How many orders may wait to be sent before buyers stay at home."""
    return int(PATIENCE * max(1.0, rate_now(market, market.clock()) / PATIENT_RATE))


def waiting(market: Market) -> int:
    """How many orders wait to be sent."""
    with market.store.transaction() as db:
        return db.execute("SELECT count(*) FROM purchase WHERE status = ?",
                          (TO_SEND,)).fetchone()[0]


def tick(market: Market) -> None:
    """Do what is due now: payments, second thoughts, deliveries, new orders.

    Each thing happens at the moment it was planned for and in that order, so that a tick that comes
    a little late changes nothing of what the same seed and settings make.
    """
    now = market.clock()
    for at in _arrivals(market, now) if auto(market) else ():
        _carry_out_due(market, at, now)
        with market.store.transaction():  # one visit, written at once
            chosen = market.invent(at) if waiting(market) < patience(market) else None
            if chosen:
                ref = market.buy(chosen, at)
                log.info("order %s placed", ref)
                questions.maybe_ask(market, ref, at)
    _carry_out_due(market, now, now)
    _plan_deliveries(market, now)


def _carry_out_due(market: Market, until: datetime, now: datetime) -> None:
    for order in _due(market, until):
        planned = moment(order["plan_at"]) if order["plan"] else now
        try:
            _carry_out(market, order, planned if now - planned < CATCH_UP else now)
        except Refusal as refusal:  # somebody was quicker: it was sent or cancelled meanwhile
            log.info("order %s: %s", order["ref"], refusal)
            market.plan(order["ref"], None, None)


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
    questions.maybe_ask(market, ref, at)
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
        questions.of_scene(market, int(number), market.buy(basket, at), at)


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
        what, _, other = order["plan"].partition(":")
        if other:
            market.join([order["ref"], other], now)
        else:
            _ACTS[what](market, order["ref"], now)
    else:
        market.cancel(order["ref"], "not paid in time", now)


def _move(market: Market, ref: str, at: datetime) -> None:
    with market.store.transaction() as db:
        order = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
    country = json.loads(order["buyer"])["country"]
    new = person(market.seed, 1_000_000 + order["seq"], country)
    market.move(ref, {"street": new.street, "postcode": new.postcode, "city": new.city}, at)


def _buy_more(market: Market, ref: str, at: datetime) -> None:
    """The buyer of an unpaid order buys once more, and will pay for both in a moment."""
    with market.store.transaction() as db:
        order = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
    told = json.loads(order["delivery"])
    more = second(market.seed, order["seq"], json.loads(order["buyer"]), told["method"],
                  told["pickup_point"], market.shelf())
    if more is None:
        market.plan(ref, "pay", at)
        return
    market.plan(ref, f"join:{market.buy(more, at)}", at + SECOND_THOUGHT)


def _send(market: Market, ref: str, at: datetime) -> None:
    with market.store.transaction() as db:
        order = db.execute("SELECT * FROM purchase WHERE ref = ?", (ref,)).fetchone()
    method = BY_KEY[json.loads(order["delivery"])["method"]]
    rng = random.Random(f"{market.seed}/tracking/{ref}")  # noqa: S311 - a public number
    box = {"carrier": method.carrier, "tracking": tracking(method, rng), "url": ""}
    market.send(ref, "history", [box], at, sent_at=at)


def _deliver(market: Market, ref: str, at: datetime) -> None:
    market.deliver(ref, at)
    questions.maybe_tell(market, ref, at)


_ACTS = {
    "pay": lambda market, ref, at: market.pay(ref, at),
    "cancel": lambda market, ref, at: market.cancel(ref, "bought by mistake", at),
    "move": _move,
    "join": _buy_more,
    "send": _send,
    "deliver": _deliver,
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


def _arrivals(market: Market, now: datetime) -> Iterator[datetime]:
    """Everybody who comes between the last tick and this one, each at a moment of his own."""
    due = market.store.setting("next_at", "")
    at = moment(due) if due else None
    # The first tick after a start only sets the date: a restart is no reason for an order.
    if at is None or at > now + timedelta(hours=1):  # or the clock was put back
        at = _after(market, now)
    else:
        if now - at > CATCH_UP:  # nobody was at home: that is no reason for a flood
            at = now
        while at is not None and at <= now:
            yield at
            at = _after(market, at)
    market.store.remember("next_at", stamp(at) if at else "")


def _after(market: Market, at: datetime) -> datetime | None:
    """When the next buyer comes after one who came at ``at``; None when nobody does."""
    often = rate_now(market, at)
    if not often:
        return None
    with market.store.transaction():
        number = int(market.store.setting("arrivals", "0")) + 1
        market.store.remember("arrivals", str(number))
    rng = random.Random(f"{market.seed}/pause/{number}")  # noqa: S311 - a pause
    return at + timedelta(seconds=60 / often * rng.uniform(2 / 3, 4 / 3))


class Ticker(Repeating):
    """Calls ``tick`` every second until stopped."""

    def __init__(self, market: Market, every: float = 1.0) -> None:
        super().__init__("tick", lambda: tick(market), every)


# how busy each hour of the day (UTC) is
_BUSY = (1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 8, 8, 8, 9, 10, 11, 13, 14, 13, 9, 5, 2)
