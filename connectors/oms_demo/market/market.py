"""The marketplace as one object: its memory, its clock, and what may be done there."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market import buyers, offers, orders, parcels
from oms_demo.market.orders import Basket
from oms_demo.market.store import Store

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Market:
    """Every act is a transaction of its own. ``at`` is the moment it happened, now by default."""

    def __init__(self, store: Store, clock: Callable[[], datetime], seed: int) -> None:
        self.store = store
        self.clock = clock
        self.seed = seed

    @contextmanager
    def _act(self, at: datetime | None) -> Iterator[tuple[sqlite3.Connection, datetime]]:
        with self.store.transaction() as db:
            yield db, at or self.clock()

    def open(self) -> None:
        """Lay out the offers of a new marketplace; forget what nobody can ask for any more."""
        with self._act(None) as (db, at):
            # before the orders that a new one has behind it
            offers.stock_up(db, at - timedelta(days=3))
        self.store.forget_old_events(self.clock())

    def set_stock(self, ref: str, quantity: object, *, cause: str = "push", key: str = "") -> str:
        """See ``offers.set_stock``."""
        with self._act(None) as (db, at):
            return offers.set_stock(db, at, ref, quantity, cause=cause, key=key)

    def buy(self, basket: Basket, at: datetime | None = None) -> str:
        """Place an order; its number. See ``orders.place``."""
        with self._act(at) as (db, moment):
            count = db.execute("SELECT count(*) FROM purchase").fetchone()[0]
            rng = random.Random(f"{self.seed}/ref/{count}")  # noqa: S311 - a public number
            ref = f"TG-{''.join(rng.choice(_LETTERS) for _ in range(7))}"
            orders.place(db, moment, ref, basket)
        return ref

    def invent(self, at: datetime | None = None, *, country: str | None = None) -> Basket | None:
        """What the next invented buyer would buy; None when everything is sold out."""
        with self._act(at) as (_, moment):
            number = int(self.store.setting("buyers", "0")) + 1
            self.store.remember("buyers", str(number))
            shelf = self.shelf()
        return buyers.basket(self.seed, number, moment, shelf, country)

    def shelf(self) -> Sequence[buyers.OnSale]:
        """All offers as buyers see them."""
        with self._act(None) as (db, _):
            return [
                buyers.OnSale(row["ref"], row["sku"], row["price"], row["stock"])
                for row in db.execute("SELECT ref, sku, price, stock FROM offer ORDER BY ref")
            ]

    def pay(self, ref: str, at: datetime | None = None) -> None:
        """See ``orders.pay``."""
        with self._act(at) as (db, moment):
            orders.pay(db, moment, ref)

    def cancel(self, ref: str, reason: str = "", at: datetime | None = None,
               expected_revision: int | None = None) -> None:
        """See ``orders.cancel``."""
        with self._act(at) as (db, moment):
            orders.cancel(db, moment, ref, reason, expected_revision)

    def move(self, ref: str, address: Mapping[str, str], at: datetime | None = None) -> None:
        """See ``orders.move``."""
        with self._act(at) as (db, moment):
            orders.move(db, moment, ref, address)

    def send(self, ref: str, key: str, boxes: Sequence[Mapping[str, str]],
             at: datetime | None = None, **more: Any) -> tuple[str, bool]:
        """See ``parcels.send``."""
        with self._act(at) as (db, moment):
            return parcels.send(db, moment, ref, key, boxes, **more)

    def deliver(self, ref: str, at: datetime | None = None) -> None:
        """See ``parcels.deliver``."""
        with self._act(at) as (db, moment):
            parcels.deliver(db, moment, ref)

    def plan(self, ref: str, what: str | None, at: datetime | None) -> None:
        """See ``orders.plan``."""
        with self._act(None) as (db, _):
            orders.plan(db, ref, what, at)
