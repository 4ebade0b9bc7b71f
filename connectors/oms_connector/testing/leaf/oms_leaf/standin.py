"""Leaf in memory: what its API answers, and what its buyers do."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector.testing import Basket, Clock, Request, Shown, StandIn, Truth, answer

from oms_leaf import STATES, Leaf


class LeafStandIn(StandIn):
    """Three goods, and a list of orders that counts its changes."""

    connector = Leaf

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.orders: dict[str, dict[str, Any]] = {}
        self.changes = 0
        self.goods: dict[str, list[Any]] = {
            "oak": ["19.99", 5], "ash": ["0.07", 5], "elm": ["4.35", 5]}
        self.key = "leaf-key-12345"

    @property
    def secrets(self):
        return {"token": self.key}

    def exchange(self, request: Request):
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return answer(401, {"error": "key"})
        if request.path == "/account":
            return answer(200, {"name": "Leaf of the forest"})
        if request.path == "/orders":
            last, limit = int(request.query["after"]), int(request.query["limit"])
            rows = sorted((one for one in self.orders.values() if one["change"] > last),
                          key=lambda one: one["change"])
            return answer(200, {"orders": rows[:limit], "more": len(rows) > limit,
                                "last": rows[:limit][-1]["change"] if rows else last})
        if request.method == "PUT":
            return answer(200, {"stock": {sku: self._set(sku, count) for sku, count
                                          in request.json()["stock"].items()}})
        after, limit = request.query["after"], int(request.query["limit"])
        rows = [{"sku": sku, "name": sku, "price": price, "stock": count}
                for sku, (price, count) in sorted(self.goods.items()) if sku > after]
        return answer(200, {"goods": rows[:limit], "more": len(rows) > limit})

    def _set(self, sku, count):
        if sku not in self.goods or not isinstance(count, int):
            return "no such goods, or no quantity"
        self.goods[sku][1] = count
        return "ok"

    def _changed(self, ref, **values):
        self.changes += 1
        order = self.orders[ref]
        order |= values | {"rev": order["rev"] + 1, "change": self.changes}

    # What buyers and the seller do

    def place(self, basket: Basket, count: int = 1):
        refs = []
        for _ in range(count):
            ref = f"L{len(self.orders) + 1}"
            lines = [{"id": str(number), "sku": sku, "name": sku, "price": price,
                      "count": basket.quantity} for number, (sku, (price, _)) in
                     enumerate(list(self.goods.items())[:basket.lines])]
            total = sum(Decimal(line["price"]) * line["count"] for line in lines)
            self.orders[ref] = {
                "id": ref, "rev": 0, "placed": self.now.isoformat(), "currency": "PLN",
                "status": "unpaid" if basket.payment == "unpaid" else "new", "lines": lines,
                "total": str(total), "name": "Jagoda Kitowa", "city": "Sopot"}
            self._changed(ref)
            refs.append(ref)
        return refs

    def pay(self, ref):
        self._changed(ref, status="new")

    def edit(self, ref):
        self._changed(ref, city=self.orders[ref]["city"] + "!")

    def cancel(self, ref):
        self._changed(ref, status="cancelled")

    def ship(self, ref):
        self._changed(ref, status="sent")

    def add_offers(self, count):
        self.goods |= {f"tree-{len(self.goods) + n:03d}": ["1.00", 1] for n in range(count)}

    # What is true

    def truth(self, ref):
        order = self.orders[ref]
        return Truth(
            state=STATES[order["status"]], total=Decimal(order["total"]), currency="PLN",
            placed_at=datetime.fromisoformat(order["placed"]), paid=order["status"] != "unpaid",
            units={line["id"]: line["count"] for line in order["lines"]},
            private=["Jagoda Kitowa"])

    def offers(self):
        return [Shown(sku, sku, count, Decimal(price))
                for sku, (price, count) in self.goods.items()]
