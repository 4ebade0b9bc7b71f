"""The marketplace as one object: its memory, its clock, and what may be done there."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from oms_demo import catalog
from oms_demo.market import buyers, offers, orders, papers, parcels, refunds, returns, talks
from oms_demo.market.orders import TO_SEND, WAITING, Basket
from oms_demo.market.people import person
from oms_demo.market.store import Store
from oms_demo.market.weather import Weather

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Market:
    """Every act is a transaction of its own. ``at`` is the moment it happened, now by default.

    ``clock`` is what the marketplace believes the time to be: its weather may be wrong about it.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], seed: int,
                 weather: Weather | None = None) -> None:
        self.store = store
        self.seed = seed
        self.weather = weather or Weather(store, clock, seed)
        self.clock = self.weather.clock

    @contextmanager
    def _act(self, at: datetime | None) -> Iterator[tuple[sqlite3.Connection, datetime]]:
        with self.store.transaction() as db:
            yield db, at or self.clock()

    def open(self, range_: Sequence[catalog.Stray] | None = None) -> None:
        """Lay out the offers of a new marketplace; forget what nobody can ask for any more."""
        with self._act(None) as (db, at):
            # before the orders that a new one has behind it
            offers.stock_up(db, at - timedelta(days=3), range_)
        self.store.forget_old_events(self.clock())

    def set_stock(self, ref: str, quantity: object, *, cause: str = "push", key: str = "") -> str:
        """See ``offers.set_stock``."""
        with self._act(None) as (db, at):
            return offers.set_stock(db, at, ref, quantity, cause=cause, key=key)

    def set_price(self, ref: str, amount: object, currency: object) -> str:
        """See ``offers.set_price``."""
        with self._act(None) as (db, at):
            return offers.set_price(db, at, ref, amount, currency)

    def buy(self, basket: Basket, at: datetime | None = None) -> str:
        """Place an order; its number. See ``orders.place``."""
        with self._act(at) as (db, moment):
            ref = self._number(db)
            orders.place(db, moment, ref, basket)
        return ref

    def join(self, refs: Sequence[str], at: datetime | None = None) -> str:
        """Unpaid orders are paid together; the number of what they became. See ``orders.join``."""
        with self._act(at) as (db, moment):
            new = self._number(db)
            orders.join(db, moment, refs, new)
        return new

    def _number(self, db: sqlite3.Connection) -> str:
        count = db.execute("SELECT count(*) FROM purchase").fetchone()[0]
        rng = random.Random(f"{self.seed}/ref/{count}")  # noqa: S311 - a public number
        return f"TG-{''.join(rng.choice(_LETTERS) for _ in range(7))}"

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

    def cancel_units(self, ref: str, units: Mapping[str, int], reason: str,
                     expected_revision: int | None = None) -> None:
        """See ``orders.cancel_units``."""
        with self._act(None) as (db, moment):
            orders.cancel_units(db, moment, ref, units, reason, expected_revision)

    def set_stage(self, ref: str, stage: object, expected_revision: int | None = None) -> None:
        """See ``orders.set_stage``."""
        with self._act(None) as (db, moment):
            orders.set_stage(db, moment, ref, stage, expected_revision)

    def keep_paper(self, ref: str, key: str, number: str, issued_at: datetime, pdf: bytes
                   ) -> tuple[str, bool]:
        """See ``papers.keep``."""
        with self._act(None) as (db, _):
            return papers.keep(db, ref, key, number, issued_at, pdf)

    def announce_return(self, order: str, units: Mapping[str, int], reason: str,
                        at: datetime | None = None) -> str:
        """See ``returns.announce``."""
        with self._act(at) as (db, moment):
            return returns.announce(db, moment, order, units, reason)

    def move_return(self, ref: str, status: str, at: datetime | None = None) -> None:
        """See ``returns.move_on``."""
        with self._act(at) as (db, moment):
            returns.move_on(db, moment, ref, status)

    def give_back(self, order: str, key: str, amount: int, said: Mapping[str, Any]
                  ) -> tuple[dict[str, Any], bool]:
        """See ``refunds.give_back``."""
        with self._act(None) as (db, moment):
            return refunds.give_back(db, moment, order, key, amount, said)

    def claim_fee(self, order: str, key: str, line: str, units: int
                  ) -> tuple[dict[str, Any], bool]:
        """See ``refunds.claim``."""
        with self._act(None) as (db, moment):
            return refunds.claim(db, moment, order, key, line, units)

    def withdraw_claim(self, ref: str) -> None:
        """See ``refunds.withdraw``."""
        with self._act(None) as (db, moment):
            refunds.withdraw(db, moment, ref)

    def buyer_writes(self, text: str, order: str = "", offer: str = "", *, author: str = "",
                     files: Sequence[Mapping[str, str]] = (), at: datetime | None = None) -> int:
        """See ``talks.write``: a buyer writes about an order, or asks about an offer."""
        with self._act(at) as (db, moment):
            return talks.write(db, moment, text, order=order, offer=offer, author=author,
                               files=files)

    def answer(self, text: str, *, order: str = "", thread: str = "", key: str = "",
               at: datetime | None = None) -> tuple[int, bool]:
        """See ``talks.answer``: the seller writes."""
        with self._act(at) as (db, moment):
            return talks.answer(db, moment, text, order=order, thread=thread, key=key)

    def somebody_moves(self, dice: random.Random) -> bool:
        """One of the buyers who wait changes the address; False when nobody waits."""
        with self._act(None) as (db, moment):
            refs = [row["ref"] for row in db.execute(
                "SELECT ref FROM purchase WHERE status IN (?,?) ORDER BY seq DESC LIMIT 50",
                (WAITING, TO_SEND))]
            if not refs:
                return False
            new = person(self.seed, 2_000_000 + dice.randrange(1_000_000), "PL")
            orders.move(db, moment, dice.choice(refs),
                        {"street": new.street, "postcode": new.postcode, "city": new.city})
            return True

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
