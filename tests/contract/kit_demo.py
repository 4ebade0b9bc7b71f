"""Targowisko as a stand-in: the marketplace that comes with the demo, behind the kit's verbs."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
from oms_connector import Attached, Limit, Order, Response, Unreadable
from oms_connector.testing import Basket, Clock, Delivery, Request, Shown, StandIn, Truth
from oms_demo import DemoConnector, mapping
from oms_demo.catalog import Stray
from oms_demo.market import orders, refunds, rings
from oms_demo.market.limits import Pace
from oms_demo.market.orders import Basket as MarketBasket
from oms_demo.market.people import person
from oms_demo.market.store import moment, stamp

from tests.contract.kit_demo_spec import violations
from tests.demo_market import URL, open_market

SECRET = "kit-webhook-secret"
MEMORY = Path("/dev/shm")
PLENTY = 1_000_000
STATES = {"waiting_payment": "unpaid", "to_send": "ready", "sent": "shipped",
          "delivered": "delivered", "cancelled": "cancelled"}
PAYMENTS = {"paid": "online", "unpaid": "unpaid", "cod": "cod"}
GOODS = tuple(
    Stray(f"KIT-{number}", "Kubek", f"200000000{number:04d}", "mug", "green", "23",
          Decimal(price), 9)
    for number, price in enumerate(("0.07", "19.99", "4.35", "0.10", "1234.89"))
)


class MarketClock:
    """The stand-in's clock as the marketplace asks for it."""

    def __init__(self, standin: StandIn) -> None:
        self._standin = standin

    def __call__(self) -> datetime:
        return self._standin.now

    def turn(self, **span: float) -> None:
        """Let time pass."""
        self._standin.clock.now += timedelta(**span)


class Targowisko(StandIn):
    """The marketplace in a folder of its own, with its own limits and five offers."""

    connector = DemoConnector
    page = 3
    limits = (Limit(per_second=20, burst=120),)
    refuses_stale = True
    signs_moment = True
    signatures = (rings.SIGNATURE.lower(),)
    our_address = "http://127.0.0.1:8000/hooks/"
    unknown = "7499999999"
    carrier = "inpost"
    samples = Path(__file__).with_name("kit_samples_demo")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        # The marketplace writes every act to the disk; where there is a disk in memory, use that.
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self._open = open_market(Path(self._folder.name), MarketClock(self),  # type: ignore[arg-type]
                                 pace=Pace(), offers=GOODS)
        self.market = self._open.market
        self._way = httpx2.WSGITransport(app=self._open.app)
        self._numbers = itertools.count(1)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": URL}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"token": self._open.token, "webhook_secret": SECRET}

    def exchange(self, request: Request) -> Response:
        sent = httpx2.Request(request.method, request.url, headers=dict(request.headers),
                              content=request.body)
        got = self._way.handle_request(sent)
        return Response(got.status_code, dict(got.headers), got.read())

    def close(self) -> None:
        self.market.store.close()
        self._folder.cleanup()

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self.market.store.transaction() as db:
            return db.execute(query, values).fetchall()

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        chosen = self._rows("SELECT ref, stock FROM offer ORDER BY ref LIMIT ?", basket.lines)
        for offer in chosen:
            if offer["stock"] < basket.quantity * count:
                self.market.set_stock(offer["ref"], PLENTY, cause="office")
        wanted = MarketBasket(
            lines=[(offer["ref"], basket.quantity) for offer in chosen],
            buyer=person(1, 7, "PL").as_dict(), payment=PAYMENTS[basket.payment],
            delivery="dpd-cod" if basket.payment == "cod" else "courier", payment_method="BLIK",
        )
        with self.market.store.transaction():
            return [self.market.buy(wanted) for _ in range(count)]

    def pay(self, ref: str) -> None:
        self.market.pay(ref)

    def edit(self, ref: str) -> None:
        self.market.move(ref, {"street": f"Kitowa {next(self._numbers)}"})

    def cancel(self, ref: str) -> None:
        self.market.cancel(ref, "changed my mind")

    def ship(self, ref: str) -> None:
        self.market.send(ref, f"office:{ref}", [])

    def announce_return(self, ref: str) -> str:
        return self.market.announce_return(ref, {"1": 1}, "damaged")

    def close_return(self, return_ref: str) -> None:
        for status in ("on_the_way", "arrived", "refunded"):
            self.market.move_return(return_ref, status)

    def add_offers(self, count: int) -> None:
        with self.market.store.transaction() as db:
            [model] = db.execute("SELECT * FROM offer ORDER BY ref LIMIT 1").fetchall()
            for _ in range(count):
                number = next(self._numbers)
                row = dict(model) | {"ref": f"74{number:08d}", "sku": f"MORE-{number}", "stock": 2}
                names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
                db.execute(f"INSERT INTO offer ({names}) VALUES ({marks})", row)

    # What is true

    def truth(self, ref: str) -> Truth:
        [row] = self._rows("SELECT * FROM purchase WHERE ref = ?", ref)
        lines = self._rows("SELECT * FROM purchase_line WHERE purchase_seq = ?", row["seq"])
        gone = dict(self._rows("SELECT no, quantity FROM line_cancelled WHERE purchase_seq = ?",
                               row["seq"]))
        buyer = json.loads(row["buyer"])
        return Truth(
            state=STATES[row["status"]], total=_money(row["total"]), currency=row["currency"],
            placed_at=moment(row["placed_at"]), paid=row["paid_at"] is not None,
            units={str(line["no"]): line["quantity"] - gone.get(line["no"], 0) for line in lines},
            prices={str(line["no"]): _money(line["unit_price"]) for line in lines},
            private=[buyer[name] for name in ("name", "email", "phone", "street")],
        )

    def offers(self) -> Sequence[Shown]:
        return [Shown(row["ref"], row["sku"], row["stock"], _money(row["price"]))
                for row in self._rows("SELECT * FROM offer ORDER BY ref")]

    def shipments(self, ref: str) -> Sequence[str]:
        rows = self._rows("SELECT parcels FROM shipment JOIN purchase ON seq = purchase_seq"
                          " WHERE purchase.ref = ?", ref)
        return [parcel["tracking"] for row in rows for parcel in json.loads(row["parcels"])]

    def status(self, ref: str) -> str:
        [row] = self._rows("SELECT seq FROM purchase WHERE ref = ?", ref)
        with self.market.store.transaction() as db:
            return orders.stage_of(db, row["seq"])

    def next_status(self, ref: str) -> str:
        return "preparing"

    def documents(self, ref: str) -> Sequence[bytes]:
        return [row["pdf"] for row in self._rows(
            "SELECT pdf FROM document JOIN purchase ON seq = purchase_seq"
            " WHERE purchase.ref = ? ORDER BY document.ref", ref)]

    def given_back(self, ref: str) -> Sequence[Decimal]:
        return [_money(row["amount"]) for row in self._rows(
            "SELECT amount FROM refund JOIN purchase ON seq = purchase_seq"
            " WHERE purchase.ref = ? ORDER BY refund.rowid", ref)]

    def fee_claims(self, ref: str) -> Sequence[tuple[str, int]]:
        return [(str(row["no"]), row["quantity"]) for row in self._rows(
            "SELECT no, quantity FROM fee_claim JOIN purchase ON seq = purchase_seq"
            " WHERE purchase.ref = ? AND withdrawn_at IS NULL ORDER BY fee_claim.rowid", ref)]

    def grant_fee(self, ref: str) -> Decimal:
        self.clock.forward(refunds.DECIDED_AFTER.total_seconds())
        [row] = self._rows("SELECT amount FROM fee_claim WHERE ref = ?", ref)
        return _money(row["amount"])

    def subscriptions(self) -> Sequence[str]:
        return [row["url"] for row in self._rows("SELECT url FROM subscription")]

    # Messages

    def buyer_writes(self, text: str, order: str = "", files: Sequence[Attached] = ()) -> str:
        return str(self.market.buyer_writes(
            text, order, author="zosia", files=[{"name": one.name, "url": one.url}
                                                for one in files]))

    def seller_writes(self, text: str, order: str) -> str:
        return str(self.market.answer(text, order=order)[0])

    def said(self, order: str) -> Sequence[str]:
        return [row["text"] for row in self._rows(
            "SELECT text FROM talk WHERE purchase_ref = ? AND by_seller ORDER BY id", order)]

    def is_unread(self, order: str) -> bool:
        return bool(self._rows("SELECT thread FROM talk_unread WHERE thread = ?", f"W-{order}"))

    # Lapses

    def lose_event(self, ref: str) -> None:
        self._rows("DELETE FROM event WHERE purchase_seq ="
                   " (SELECT seq FROM purchase WHERE ref = ?)", ref)

    def repeat_events(self) -> None:
        self._rows("INSERT INTO event (at, type, purchase_seq, revision)"
                   " SELECT at, type, purchase_seq, revision FROM event ORDER BY id DESC")

    def forget_history(self) -> None:
        self.market.store.forget_old_events(self.now)

    def revoke(self) -> None:
        self._open.app.config["SELLER_TOKEN"] = "targ_another_token"

    # Doorbells

    def ring(self, ref: str) -> Delivery:
        event = f"order-{next(self._numbers)}"
        return self._rung({"event": event, "kind": "order", "ref": ref, "at": stamp(self.now)})

    def ping(self) -> Delivery:
        return self._rung({"event": "ping", "kind": "ping"})

    def _rung(self, said: Mapping[str, str]) -> Delivery:
        post = rings.Post(URL, SECRET, said["event"], json.dumps(said).encode())
        return Delivery(post.body, rings.headers(post, self.now))

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return violations(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(document)


def _money(minor: int) -> Decimal:
    return Decimal(minor) / 100
