"""Kram's HTTP API, version 1: routes over the stand-in's memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from oms_connector import Response
from oms_connector.testing import Request, answer

from tests.contract.kit_shop_books import BookDesk
from tests.contract.kit_shop_paying import PayingDesk
from tests.contract.kit_shop_talking import TalkingDesk

if TYPE_CHECKING:
    from tests.contract.kit_shop_standin import KramStandIn

HOUR = timedelta(hours=1)
BATCH = 20
WORDS = {"statuses": {"new": "Nowe", "packing": "Pakowane", "sent": "Wysłane"},
         "carriers": {"other": "Inny", "inpost": "InPost"}}


class Door:
    """Tokens: an access token for an hour, a refresh token for one use."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._count = 0
        self.codes: set[str] = set()
        self.agreed: set[str] = set()
        self.is_closed = False
        self.issued: dict[str, str] = {}
        self.issue()

    def issue(self) -> dict[str, str]:
        """New tokens; the old ones are void."""
        self._count += 1
        self.issued = {"access_token": f"kit-access-token-{self._count}",
                       "refresh_token": f"kit-refresh-token-{self._count}",
                       "expires_at": (self._now() + 1000 * HOUR).isoformat()}
        self._lives = True
        return self.issued

    def end(self) -> None:
        """The access token is not accepted any more."""
        self._lives = False

    def close(self) -> None:
        """Nothing is accepted any more."""
        self._lives, self.is_closed = False, True

    def code(self) -> str:
        """A code for somebody who said yes."""
        self.codes.add("kit-code")
        return "kit-code"

    def lets_in(self, request: Request) -> bool:
        """Whether a request carries the token that lives."""
        given = request.headers.get("authorization", "")
        return self._lives and given == f"Bearer {self.issued['access_token']}"

    def grant(self, said: Any) -> Response:
        """Tokens, for whoever has the right to them."""
        kind = said["grant"]
        if kind == "device" and "WXYZ" not in self.agreed:
            return no(400, "not_yet", "nobody has agreed yet")
        good = (kind == "device"
                or (kind == "code" and said["code"] in self.codes)
                or (kind == "refresh" and said["refresh_token"] == self.issued["refresh_token"]))
        if self.is_closed or not good:
            return no(400, "invalid_grant", "this is not accepted")
        new = self.issue()
        return answer(200, {"access": new["access_token"], "refresh": new["refresh_token"],
                            "until": new["expires_at"]})


def no(status: int, code: str, message: str, **more: Any) -> Response:
    """A refusal."""
    return answer(status, {"error": {"code": code, "message": message} | more})


class Api:
    """Routes. Each gets the request and what its path names."""

    def __init__(self, shop: KramStandIn) -> None:
        self.shop = shop
        self.door = Door(lambda: shop.now)
        self.hooks: dict[str, dict[str, str]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.keys: set[str] = set()
        self.texts: dict[str, dict[str, str]] = {}
        self.books = BookDesk()
        self.paying = PayingDesk(shop.orders)
        self.talking = TalkingDesk(lambda: shop.now)
        self._routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "me", lambda _: answer(200, {"shop": "Kram"})),
            ("GET", "journal", self.journal), ("GET", "orders", self.orders),
            ("POST", "orders/read", self.read), ("GET", "returns", self.returns),
            ("GET", "offers", self.offers), ("POST", "endings", self.endings),
            ("POST", "quantities", self.quantities), ("GET", "tasks/([^/]+)", self.task),
            ("PUT", "prices", self.prices), ("POST", "orders/([^/]+)/parcels", self.parcels),
            ("PUT", "orders/([^/]+)/status", self.status),
            ("POST", "orders/([^/]+)/cancel", self.cancel),
            ("POST", "orders/([^/]+)/documents", self.documents),
            ("GET", "words/([^/]+)", self.words), ("PUT", "hooks", self.hook),
            ("DELETE", "hooks/([^/]+)", self.unhook),
            ("POST", "sms", self.sms), ("GET", "sms", self.reports),
            ("GET", "messages", self.talking.show), ("POST", "messages", self.talking.take),
            ("PUT", "threads/([^/]+)", self.talking.read),
            ("POST", "payments", self.paying.open),
            ("GET", "payments/([^/]+)", self.paying.tell),
            ("POST", "payments/([^/]+)/refunds", self.paying.give_back),
            ("POST", "books", self.books.enter), ("GET", "books", self.books.find),
            ("PUT", "books/([^/]+)/paid", self.books.pay),
            ("GET", "payments/([^/]+)/refunds", self.paying.of_payment),
            ("GET", "orders/([^/]+)/refunds", self.paying.of_order),
            ("POST", "orders/([^/]+)/refunds", self.paying.give_order_back),
            ("POST", "orders/([^/]+)/claims", self.paying.claim),
            ("GET", "orders/([^/]+)/claims", self.paying.claims_of),
            ("DELETE", "claims/([^/]+)", self.paying.unclaim),
            ("POST", "token", lambda request: self.door.grant(request.json())),
            ("POST", "device", self.device), ("POST", "register", self.register),
        ]

    def answer(self, request: Request) -> Response:
        """The answer of the route that fits."""
        path = request.path.removeprefix("/api/")
        if path not in ("token", "device", "register") and not self.door.lets_in(request):
            return no(401, "bad_token", "the token is not accepted")
        for method, pattern, route in self._routes:
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return route(request, *map(unquote, found.groups()))
        return no(404, "not_found", "there is nothing here")

    # Reading

    def journal(self, request: Request) -> Response:
        after, limit = int(request.query["after"]), int(request.query["limit"])
        events = [event for event in self.shop.journal if self.shop.is_shown(event["order"])]
        if 0 < after < self.shop.forgotten:
            return no(410, "gone", "the journal does not go back that far")
        found = [event for event in events if event["id"] > after]
        rows = [{k: v for k, v in event.items() if k != "moment"} for event in found[:limit]]
        return answer(200, {"events": rows, "more": len(found) > limit,
                            "time": self.shop.now.isoformat()})

    def orders(self, request: Request) -> Response:
        query = request.query
        shown = [order for ref, order in self.shop.orders.items() if self.shop.is_shown(ref)]
        if "ids" in query:
            wanted = query["ids"].split(",")
            return answer(200, {"orders": [outside(o) for o in shown if o["id"] in wanted]})
        since, until = query["since"][:19], query["until"][:19]
        rows = sorted((order for order in shown if since <= order["changed"][:19] <= until),
                      key=lambda order: (order["changed"], order["id"]))
        after, limit = query.get("after", ""), int(query["limit"])
        rest = [row for row in rows if f"{row['changed']} {row['id']}" > after]
        last = rest[limit - 1] if len(rest) > limit else None
        return answer(200, {"orders": [outside(order) for order in rest[:limit]],
                            "next": f"{last['changed']} {last['id']}" if last else None})

    def returns(self, request: Request) -> Response:
        after, limit = int(request.query["after"]), int(request.query["limit"])
        rows = sorted((one for one in self.shop.returns.values() if one["seq"] > after),
                      key=lambda one: one["seq"])
        return answer(200, {"returns": rows[:limit], "more": len(rows) > limit,
                            "last": rows[:limit][-1]["seq"] if rows else after})

    def offers(self, request: Request) -> Response:
        after, limit = request.query["after"], int(request.query["limit"])
        rows = [{"id": ref, "sku": one["sku"], "name": "Kubek", "price": one["price"],
                 "count": one["count"]} for ref, one in self.shop.goods.items() if ref > after]
        more = len(rows) > limit
        return answer(200, {"offers": rows[:limit],
                            "next": rows[limit - 1]["id"] if more else None})

    def words(self, request: Request, kind: str) -> Response:
        return answer(200, {"words": [{"id": ref, "name": name}
                                      for ref, name in WORDS.get(kind, {}).items()]})

    # Writing

    def read(self, request: Request) -> Response:
        self.shop.unread -= set(request.json()["orders"])
        return answer(200, {"read": True})

    def endings(self, request: Request) -> Response:
        rows = request.json()["offers"]
        if len(rows) > BATCH:
            return no(422, "too_many", "too many offers")
        return answer(200, {"results": [self._set(row, 0) for row in rows]})

    def quantities(self, request: Request) -> Response:
        said = request.json()
        quantity = said["quantity"]
        if len(said["offers"]) > BATCH:
            return no(422, "too_many", "too many offers")
        if not isinstance(quantity, int) or quantity < 1:
            return no(422, "bad_quantity", "a quantity is a whole number above zero")
        task = f"T{len(self.tasks) + 1}"
        self.tasks[task] = {"state": "working", "said": said, "results": []}
        return answer(202, {"task": task})

    def work(self) -> None:
        """Work off what was taken in."""
        for task in self.tasks.values():
            if task["state"] == "working":
                said, task["state"] = task["said"], "done"
                task["results"] = [self._set(row, said["quantity"]) for row in said["offers"]]

    def task(self, request: Request, ref: str) -> Response:
        task = self.tasks.get(ref)
        if task is None:
            return no(404, "unknown", "there is no such task")
        return answer(200, {"state": task["state"], "results": task["results"]})

    def _set(self, row: Any, quantity: int) -> dict[str, str]:
        goods = self.shop.goods.get(row["offer"])
        if goods is None:
            return {"offer": row["offer"], "outcome": "refused", "code": "unknown_offer",
                    "message": "there is no such offer"}
        if row["key"] in self.keys or goods["count"] == quantity:
            outcome = "unchanged"
        else:
            goods["count"], outcome = quantity, "set"
        self.keys.add(row["key"])
        return {"offer": row["offer"], "outcome": outcome}

    def prices(self, request: Request) -> Response:
        results = []
        for row in request.json()["items"]:
            goods = self.shop.goods.get(row["offer"])
            if goods is None:
                results.append({"offer": row["offer"], "outcome": "refused",
                                "code": "unknown_offer", "message": "there is no such offer"})
                continue
            goods["price"] = row["price"]
            results.append({"offer": row["offer"], "outcome": "set"})
        return answer(200, {"results": results})

    def parcels(self, request: Request, ref: str) -> Response:
        order, said = self.shop.orders.get(ref), request.json()
        if order is None:
            return no(404, "unknown_order", "there is no such order")
        for number, parcel in enumerate(order["parcels"], 1):
            if parcel["number"] == said["number"] or parcel["key"] == said["key"]:
                known = "key" if parcel["key"] == said["key"] else "number"
                return answer(200, {"id": f"{ref}-{number}", "known_by": known})
        order["parcels"].append({"number": said["number"], "key": said["key"]})
        order["status"] = "sent" if said["last"] else order["status"]
        self.shop.changed(ref, "sent")
        return answer(201, {"id": f"{ref}-{len(order['parcels'])}"})

    def status(self, request: Request, ref: str) -> Response:
        order, said = self.shop.orders[ref], request.json()
        if order["rev"] != said["rev"]:
            return no(409, "changed", "it was changed meanwhile", rev=order["rev"])
        order["status"] = said["status"]
        self.shop.changed(ref, "moved")
        return answer(200, {"rev": order["rev"]})

    def cancel(self, request: Request, ref: str) -> Response:
        order, wanted = self.shop.orders[ref], request.json()["lines"]
        for line in order["lines"]:
            line["off"] = wanted.get(line["id"], line["off"]) if wanted else line["count"]
        if all(line["off"] == line["count"] for line in order["lines"]):
            order["status"] = "cancelled"
        self.shop.changed(ref, "cancelled")
        return answer(200, {"rev": order["rev"]})

    def documents(self, request: Request, ref: str) -> Response:
        kept, key = self.shop.orders[ref]["documents"], request.headers["idempotency-key"]
        known = [number for number, one in enumerate(kept) if one["key"] == key]
        if not known:
            kept.append({"key": key, "body": request.body})
        return answer(201, {"id": f"D-{ref}-{known[0] if known else len(kept) - 1}"})

    def sms(self, request: Request) -> Response:
        said = request.json()
        if len(said["to"]) < 8:
            return no(422, "bad_number", "this is no number", field="to")
        for ref, one in self.texts.items():
            if one["key"] == said["key"]:
                return answer(200, {"id": ref})
        ref = f"S{len(self.texts) + 1}"
        self.texts[ref] = {**said, "id": ref, "state": "sent"}
        return answer(201, {"id": ref})

    def reports(self, request: Request) -> Response:
        wanted = request.query["ids"].split(",")
        return answer(200, {"sms": [{"id": ref, "state": one["state"]}
                                    for ref, one in self.texts.items() if ref in wanted]})

    def hook(self, request: Request) -> Response:
        said = request.json()
        for ref, hook in self.hooks.items():
            if (hook["url"], hook["topic"]) == (said["url"], said["topic"]):
                return answer(200, {"id": ref})
        ref = f"H{len(self.hooks) + 1}"
        self.hooks[ref] = said
        return answer(201, {"id": ref})

    def unhook(self, request: Request, ref: str) -> Response:
        if self.hooks.pop(ref, None) is None:
            return no(404, "unknown", "there is no such subscription")
        return answer(200, {"ended": ref})

    def device(self, request: Request) -> Response:
        return answer(200, {"user_code": "WXYZ", "url": "https://kram.example/device",
                            "device_code": "kit-device", "every": 5,
                            "until": (self.shop.now + HOUR).isoformat()})

    def register(self, request: Request) -> Response:
        return answer(201, {"client": "kit", "client_secret": "kit-client-secret"})


def outside(order: dict[str, Any]) -> dict[str, Any]:
    """An order as the API shows it."""
    return {name: value for name, value in order.items() if name not in ("parcels", "documents")}
