"""Kram itself: the verbs of a stand-in over a little memory. Its API is in ``kit_shop_api.py``."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence, Set
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Attached, Limit, Order, Response, Unreadable
from oms_connector.testing import (
    Absent,
    Basket,
    Clock,
    Delivery,
    InBooks,
    Request,
    Shown,
    StandIn,
    Truth,
    answer,
)

from tests.contract import kit_shop_mapping as mapping
from tests.contract.kit_shop import KEPT, KitShop
from tests.contract.kit_shop_api import Api
from tests.contract.kit_shop_spec import violations

PRICES = ("0.07", "19.99", "4.35", "1234567.89", "0.10")
BUYER = {"name": "Zofia Kitowska", "email": "zofia@kit.example", "street": "Kiciowa 7",
         "postcode": "50-066", "city": "Wrocław"}
STATES = {"waiting": "unpaid", "new": "ready", "packing": "ready", "sent": "shipped",
          "cancelled": "cancelled"}


class KramStandIn(StandIn):
    """A shop with five offers and nobody in it."""

    connector = KitShop
    page = 3
    limits = (Limit(per_second=50, burst=100),)
    refuses_stale = True
    signs_moment = True
    signatures = ("x-kram-signature",)
    samples = Path(__file__).with_name("kit_samples")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.orders: dict[str, dict[str, Any]] = {}
        self.hidden: dict[str, Any] = {}
        self.journal: list[dict[str, Any]] = []
        self.events = self.forgotten = 0
        self.returns: dict[str, dict[str, Any]] = {}
        self.goods = {f"7{number:03d}": {"sku": f"SKU-{number}", "price": price, "count": 10}
                      for number, price in enumerate(PRICES)}
        self.unread: set[str] = set()
        self.rings = 0
        self.api = Api(self)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://kram.example", "client": "kit"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": "kit-client-secret", "webhook_secret": "kit-webhook-secret",
                **self.api.door.issued}

    def exchange(self, request: Request) -> Response:
        return self.api.answer(request)

    def stamp(self) -> str:
        """Now, to the second, as it stands in documents."""
        return self.now.replace(microsecond=0).isoformat()

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        return [self._place(basket) for _ in range(count)]

    def _place(self, basket: Basket) -> str:
        ref = f"K{len(self.orders) + 1:05d}"
        lines = [{"id": str(number), "offer": offer, "sku": goods["sku"], "name": "Kubek",
                  "count": basket.quantity, "off": 0, "price": goods["price"], "vat": "23"}
                 for number, (offer, goods)
                 in enumerate(list(self.goods.items())[:basket.lines], 1)]
        total = sum((Decimal(line["price"]) * line["count"] for line in lines), Decimal("9.99"))
        self.orders[ref] = {
            "id": ref, "rev": 0, "status": "waiting" if basket.payment == "unpaid" else "new",
            "placed": self.stamp(), "changed": "", "currency": "PLN", "sum": f"{total:.2f}",
            "shipping": "9.99", "lines": lines, "paid": basket.payment == "paid",
            "cod": basket.payment == "cod", "payments": [], "buyer": dict(BUYER), "note": "",
            "parcels": [], "documents": [],
        }
        if basket.payment == "paid":
            self._money(ref)
        self.unread.add(ref)
        self.changed(ref, "placed")
        return ref

    def _money(self, ref: str) -> None:
        order = self.orders[ref]
        order["paid"] = True
        order["payments"] = [{"id": f"P-{ref}", "amount": order["sum"], "at": self.stamp()}]

    def changed(self, ref: str, kind: str) -> None:
        """An order is another revision now, and the journal says so."""
        order = self.orders[ref]
        order["rev"] += 1
        order["changed"] = self.stamp()
        self.events += 1
        self.journal.append({"id": self.events, "type": kind, "order": ref, "at": self.stamp(),
                             "moment": self.now})

    def pay(self, ref: str) -> None:
        self._money(ref)  # the shop's stamp of the last change does not move, and no event is made

    def edit(self, ref: str) -> None:
        self.orders[ref]["note"] += "!"
        self.changed(ref, "edited")

    def cancel(self, ref: str) -> None:
        self.orders[ref]["status"] = "cancelled"
        for line in self.orders[ref]["lines"]:
            line["off"] = line["count"]
        self.changed(ref, "cancelled")

    def ship(self, ref: str) -> None:
        self.orders[ref]["status"] = "sent"
        self.changed(ref, "sent")

    def announce_return(self, ref: str) -> str:
        found = f"R{len(self.returns) + 1:04d}"
        line = self.orders[ref]["lines"][0]
        self.returns[found] = {"id": found, "order": ref, "at": self.stamp(), "state": "announced",
                               "lines": [{"id": line["id"], "name": line["name"], "count": 1}],
                               "seq": 0}
        self._moved(found)
        return found

    def close_return(self, return_ref: str) -> None:
        self.returns[return_ref]["state"] = "settled"
        self._moved(return_ref)

    def _moved(self, return_ref: str) -> None:
        self.returns[return_ref]["seq"] = 1 + max(one["seq"] for one in self.returns.values())

    def add_offers(self, count: int) -> None:
        for _ in range(count):
            number = len(self.goods)
            self.goods[f"7{number:03d}"] = {"sku": f"SKU-{number}", "price": "5.00", "count": 2}

    # What is true

    def truth(self, ref: str) -> Truth:
        order = self.orders[ref]
        state = STATES[order["status"]]
        return Truth(
            state="ready" if state == "unpaid" and order["paid"] else state,
            total=Decimal(order["sum"]), currency="PLN",
            placed_at=mapping._moment(order["placed"]), paid=order["paid"],
            units={line["id"]: line["count"] - line["off"] for line in order["lines"]},
            prices={line["id"]: Decimal(line["price"]) for line in order["lines"]},
            private=[BUYER["name"], BUYER["email"], BUYER["street"]],
        )

    def offers(self) -> Sequence[Shown]:
        return [Shown(ref, one["sku"], one["count"], Decimal(one["price"]))
                for ref, one in self.goods.items()]

    def shipments(self, ref: str) -> Sequence[str]:
        return [parcel["number"] for parcel in self.orders[ref]["parcels"]]

    def status(self, ref: str) -> str:
        return str(self.orders[ref]["status"])

    def next_status(self, ref: str) -> str:
        return "packing"

    def documents(self, ref: str) -> Sequence[bytes]:
        return [one["body"] for one in self.orders[ref]["documents"]]

    def inbox(self) -> Set[str]:
        return self.unread

    def subscriptions(self) -> Sequence[str]:
        return [hook["url"] for hook in self.api.hooks.values()]

    def texts(self, to: str) -> Sequence[str]:
        return [one["text"] for one in self.api.texts.values() if one["to"] == to]

    def arrive(self, ref: str) -> None:
        self.api.texts[ref]["state"] = "delivered"

    def fail(self, ref: str) -> None:
        self.api.texts[ref]["state"] = "undelivered"

    def payments(self, key: str) -> Sequence[Decimal]:
        return self.api.paying.amounts(key)

    def buyer_pays(self, ref: str) -> None:
        self.api.paying.kept[ref]["state"] = "paid"

    def entries(self, number: str) -> Sequence[InBooks]:
        return self.api.books.entries(number)

    def given_back(self, ref: str) -> Sequence[Decimal]:
        return self.api.paying.refunds(ref)

    def refuse_refunds(self) -> None:
        self.api.paying.is_able = False

    def fee_claims(self, ref: str) -> Sequence[tuple[str, int]]:
        return [(one["line"], one["count"]) for one in self.api.paying.claims.get(ref, [])
                if one["state"] != "withdrawn"]

    def grant_fee(self, ref: str) -> Decimal:
        one = self.api.paying.claim_of(ref)
        one["state"] = "granted"
        return Decimal(one["amount"]) / 100

    def buyer_writes(self, text: str, order: str = "", files: Sequence[Attached] = ()) -> str:
        return str(self.api.talking.add(text, order, False, files=files)["id"])

    def seller_writes(self, text: str, order: str) -> str:
        return str(self.api.talking.add(text, order, True)["id"])

    def said(self, order: str) -> Sequence[str]:
        return [one["text"] for one in self.api.talking.kept
                if one["ours"] and one["order"] == order]

    def is_unread(self, order: str) -> bool:
        return order in self.api.talking.unread

    # Lapses

    def lose_event(self, ref: str) -> None:
        self.journal = [event for event in self.journal if event["order"] != ref]

    def repeat_events(self) -> None:
        for event in reversed(self.journal.copy()):
            self.events += 1
            self.journal.append({**event, "id": self.events, "moment": self.now,
                                 "at": self.stamp()})

    def hide(self, ref: str, seconds: float) -> None:
        self.hidden[ref] = self.now + timedelta(seconds=seconds)

    def is_shown(self, ref: str) -> bool:
        """Whether the shop shows an order by now."""
        return ref not in self.hidden or self.hidden[ref] <= self.now

    def forget_history(self) -> None:
        oldest = self.now - timedelta(days=KEPT)
        gone = [event["id"] for event in self.journal if event["moment"] < oldest]
        self.forgotten = max([self.forgotten, *gone])
        self.journal = [event for event in self.journal if event["moment"] >= oldest]

    def finish_pushes(self) -> None:
        self.api.work()

    # Access

    def expire_tokens(self) -> None:
        self.api.door.end()

    def revoke(self) -> None:
        self.api.door.close()

    def consent(self, url: str) -> str:
        return self.api.door.code()

    def agree(self, user_code: str) -> None:
        self.api.door.agreed.add(user_code)

    def slow_down(self) -> Response:
        return answer(200, {"error": {"code": "slow_down", "message": "calmly", "wait": 12}})

    # Doorbells

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        return self._signed({"type": "order", "order": ref, "event": f"E{self.rings}"})

    def ping(self) -> Delivery:
        return self._signed({"type": "ping", "order": "", "event": "E0"})

    def _signed(self, said: Mapping[str, str]) -> Delivery:
        body, stamp = json.dumps(said).encode(), str(int(self.now.timestamp()))
        secret = self.secrets["webhook_secret"].encode()
        mark = hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return Delivery(body, {"Content-Type": "application/json; charset=utf-8",
                               "X-Kram-Time": stamp, "X-Kram-Signature": mark})

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return violations(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(document)

    def refund(self, ref: str) -> None:
        raise Absent("Kram gives money back with the return only")
