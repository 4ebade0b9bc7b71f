"""A Vendure shop in process: what buyers and sellers do there, without GraphQL.

It behaves as 3.7.3 on SQLite was seen to behave, its traps included: an order's ``updatedAt`` has
whole seconds, moves in the cart and when units are called off, and at nothing else; parcels leave
without the order's state when the money is not taken yet; an order whose remaining units are called
off stays "PartiallyShipped"; units that were sent can be called off like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
EWA = {"fullName": "Ewa Wzorcowa", "company": None, "streetLine1": "Lipowa 7",
       "streetLine2": "m. 3", "city": "Kraków", "province": None, "postalCode": "30-001",
       "countryCode": "PL", "phoneNumber": "+48500600700"}
NOBODY = dict.fromkeys(EWA)
BUYER = {"id": "11", "emailAddress": "ewa@example.com", "firstName": "Ewa",
         "lastName": "Wzorcowa", "phoneNumber": "+48500600700"}
OUT = ("Shipped", "PartiallyShipped", "Delivered", "PartiallyDelivered")
PROCESS: Mapping[str, Sequence[str]] = {
    "Created": ("AddingItems", "Draft"), "Draft": ("Cancelled", "ArrangingPayment"),
    "AddingItems": ("ArrangingPayment", "Cancelled"),
    "ArrangingPayment": ("PaymentAuthorized", "PaymentSettled", "AddingItems", "Cancelled"),
    "PaymentAuthorized": ("PaymentSettled", "Cancelled", "Modifying", "ArrangingAdditionalPayment"),
    "PaymentSettled": (*OUT, "Cancelled", "Modifying", "ArrangingAdditionalPayment", "ReadyToPick"),
    "ReadyToPick": (*OUT, "Cancelled"),  # one that the shop's developer added
    "PartiallyShipped": ("Shipped", "PartiallyDelivered", "Cancelled", "Modifying"),
    "Shipped": ("PartiallyDelivered", "Delivered", "Cancelled", "Modifying"),
    "PartiallyDelivered": ("Delivered", "Cancelled", "Modifying"), "Delivered": ("Cancelled",),
    "Modifying": ("PaymentAuthorized", "PaymentSettled", "PartiallyShipped", "Shipped",
                  "PartiallyDelivered", "ArrangingAdditionalPayment"),
    "ArrangingAdditionalPayment": ("PaymentAuthorized", "PaymentSettled", "Cancelled"),
    "Cancelled": (),
}
PARCELS = {"Pending": ("Shipped", "Delivered", "Cancelled"), "Shipped": ("Delivered", "Cancelled"),
           "Delivered": ("Cancelled",), "Cancelled": ()}


class No(Exception):
    """A refusal by an ``ErrorResult``: its type, code and words."""

    def __init__(self, kind: str, code: str, message: str, **more: Any) -> None:
        super().__init__(code)
        self.result = {"__typename": kind, "errorCode": code, "message": message, **more}


@dataclass
class Shop:
    """One shop. ``now`` is turned by hand. Amounts are in its smallest units."""

    now: datetime = MONDAY
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=lambda: {"1": "Default Stock Location"})
    levels: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    hidden: dict[str, datetime] = field(default_factory=dict)
    process: dict[str, Sequence[str]] = field(default_factory=lambda: dict(PROCESS))
    code: str = "__default_channel__"
    gross: bool = True
    currencies: Sequence[str] = ("PLN", "EUR")
    rate: int = 23
    precision: int = 2
    tracks: bool = True
    threshold: int = 0
    broken: set[str] = field(default_factory=set)
    """Orders and variants at which the shop fails, and with them any list they are in."""
    _count: int = 0

    # Goods

    def variant(self, sku: str, price: int = 4990, stock: int = 5, **more: Any) -> str:
        """A variant, by its price with tax; its id."""
        number = self.number()
        self.variants[number] = {
            "id": number, "sku": sku, "name": f"Variant {sku}", "enabled": True,
            "product": {"enabled": True}, "prices": {"PLN": price if self.gross else
                                                     round(price * 100 / (100 + self.rate))},
            "trackInventory": "TRUE", "outOfStockThreshold": 0,
            "useGlobalOutOfStockThreshold": True, **more,
        }
        for place in self.places:
            self.levels[number, place] = [stock, 0]
            stock = 0
        return number

    def price_of(self, variant: str) -> int:
        """What buyers pay."""
        price = self.variants[variant]["prices"]["PLN"]
        return price if self.gross else int(price * (100 + self.rate) / 100 + 0.5)

    def saleable(self, variant: str) -> int:
        """What buyers can still buy."""
        one = self.variants[variant]
        flag = one["trackInventory"]
        if flag == "FALSE" or (flag == "INHERIT" and not self.tracks):
            return 10 ** 9
        held = sum(on_hand - allocated for (number, _), (on_hand, allocated)
                   in self.levels.items() if number == variant)
        threshold = self.threshold if one["useGlobalOutOfStockThreshold"] else \
            one["outOfStockThreshold"]
        return max(0, held - threshold)

    # Buyers

    def buy(self, *wanted: tuple[str, int], method: str = "payu", takes: bool = True,
            shipping: int = 1599, off: int = 0, **more: Any) -> str:
        """An order that is placed now; its id.

        Args:
            takes: whether the money is taken at once, and not only authorised.
            off: percent that a promotion takes off the goods.
        """
        number, now = self.number(), self.now
        self.orders[number] = {
            "id": number, "code": f"VEN{int(number):07}", "type": "Regular",
            "state": "ArrangingPayment", "orderPlacedAt": None, "updatedAt": now,
            "currencyCode": "PLN", "couponCodes": [], "customer": dict(BUYER),
            "shippingAddress": dict(EWA), "billingAddress": dict(NOBODY),
            "lines": [self._line(variant, count, off) for variant, count in wanted],
            "surcharges": [], "shippingLines": [{
                "priceWithTax": shipping, "discounted": shipping,
                "shippingMethod": {"code": "kurier", "name": "Kurier DPD"}}],
            "payments": [], "fulfillments": [], "history": [], **more,
        }
        order = self.orders[number]
        if takes is not None:
            order["payments"].append({
                "id": self.number(), "method": method, "amount": self.total_of(number),
                "state": "Settled" if takes else "Authorized", "createdAt": now, "updatedAt": now,
                "refunds": []})
            self._move(order, "PaymentSettled" if takes else "PaymentAuthorized")
        order["orderPlacedAt"] = now
        for line in order["lines"]:
            line["orderPlacedQuantity"] = line["quantity"]
            self._level(line["variant"])[1] += line["quantity"]
        return number

    def cart(self, *wanted: tuple[str, int]) -> str:
        """An order that nobody has placed yet."""
        number = self.buy(*wanted)
        self.orders[number] |= {"state": "AddingItems", "orderPlacedAt": None, "payments": []}
        for variant, count in wanted:
            self._level(variant)[1] -= count
        return number

    # The seller, in the dashboard or through the API

    def settle(self, number: str) -> None:
        """The money is taken."""
        order = self.orders[number]
        for payment in order["payments"]:
            if payment["state"] == "Authorized":
                payment |= {"state": "Settled", "updatedAt": self.now}
        self._note(order, "ORDER_PAYMENT_TRANSITION", {"from": "Authorized", "to": "Settled"})
        self._move(order, "PaymentSettled")

    def transition(self, number: str, state: str) -> dict[str, Any]:
        """Another state, if there is a way to it."""
        order = self.orders[number]
        was, allowed = order["state"], state in self.process[order["state"]]
        if state == "Cancelled":
            allowed = allowed and not any(line["quantity"] for line in order["lines"])
        if state in OUT:
            allowed = allowed and any(self.sent(number).values())
        if not allowed:
            said = f'Cannot transition Order from "{was}" to "{state}"'
            raise No("OrderStateTransitionError", "ORDER_STATE_TRANSITION_ERROR", said,
                     transitionError=said, fromState=was, toState=state)
        self._move(order, state)
        return order

    def fulfil(self, wanted: Mapping[str, int], method: str, tracking: str,
               handler: str = "manual-fulfillment") -> dict[str, Any]:
        """A parcel that waits to be sent."""
        if not sum(wanted.values()):
            raise No("EmptyOrderLineSelectionError", "EMPTY_ORDER_LINE_SELECTION_ERROR",
                     "At least one OrderLine must be specified")
        order = next(one for one in self.orders.values()
                     if any(line["id"] in wanted for line in one["lines"]))
        if handler != "manual-fulfillment":
            raise No("InvalidFulfillmentHandlerError", "INVALID_FULFILLMENT_HANDLER_ERROR",
                     "errorResult.INVALID_FULFILLMENT_HANDLER_ERROR")
        taken = self._in_parcels(order, "Pending", "Shipped", "Delivered")
        lines = {line["id"]: line for line in order["lines"]}
        if any(taken.get(one, 0) + count > lines[one]["quantity"]
               for one, count in wanted.items()):
            raise No("ItemsAlreadyFulfilledError", "ITEMS_ALREADY_FULFILLED_ERROR",
                     "One or more OrderItems are already part of a Fulfillment")
        for one, count in wanted.items():
            level = self._level(lines[one]["variant"])
            if level[0] < count:
                raise No("InsufficientStockOnHandError", "INSUFFICIENT_STOCK_ON_HAND_ERROR",
                         "errorResult.INSUFFICIENT_STOCK_ON_HAND_ERROR", stockOnHand=level[0],
                         productVariantId=lines[one]["variant"], productVariantName="?")
            level[0], level[1] = level[0] - count, level[1] - count
        parcel = {"id": self.number(), "state": "Pending", "method": method,
                  "trackingCode": tracking, "updatedAt": self.now,
                  "lines": [{"orderLineId": one, "quantity": count}
                            for one, count in wanted.items()]}
        order["fulfillments"].append(parcel)
        self._note(order, "ORDER_FULFILLMENT", {"fulfillmentId": int(parcel["id"])})
        return parcel

    def move_parcel(self, parcel: str, state: str) -> dict[str, Any]:
        """Send it; the order follows if its state allows that."""
        order, one = next((order, one) for order in self.orders.values()
                          for one in order["fulfillments"] if one["id"] == parcel)
        was = one["state"]
        if state not in PARCELS[was]:
            said = f'Cannot transition Fulfillment from "{was}" to "{state}"'
            raise No("FulfillmentStateTransitionError", "FULFILLMENT_STATE_TRANSITION_ERROR",
                     "errorResult.FULFILLMENT_STATE_TRANSITION_ERROR", transitionError=said,
                     fromState=was, toState=state)
        one |= {"state": state, "updatedAt": self.now}
        self._note(order, "ORDER_FULFILLMENT_TRANSITION",
                   {"fulfillmentId": int(parcel), "from": was, "to": state})
        sent = self._in_parcels(order, "Shipped", "Delivered")
        whole = all(sent.get(line["id"], 0) >= line["quantity"] for line in order["lines"])
        after = state if whole else f"Partially{state}"
        if state != "Cancelled" and after in self.process[order["state"]]:
            self._move(order, after)
        return one

    def send(self, number: str, tracking: str = "T1") -> dict[str, Any]:
        """Everything that is left leaves in one parcel."""
        taken = self._in_parcels(self.orders[number], "Pending", "Shipped", "Delivered")
        wanted = {line["id"]: line["quantity"] - taken.get(line["id"], 0)
                  for line in self.orders[number]["lines"]}
        parcel = self.fulfil({one: count for one, count in wanted.items() if count}, "InPost",
                             tracking)
        return self.move_parcel(parcel["id"], "Shipped")

    def cancel(self, number: str, wanted: Mapping[str, int] | None = None, *,
               shipping: bool = False, reason: str = "") -> dict[str, Any]:
        """Call units off, all where none are said. Whoever has the goods does not matter."""
        order = self.orders[number]
        if wanted is None:
            wanted = {line["id"]: line["quantity"] for line in order["lines"]}
        if not sum(wanted.values()):
            raise No("EmptyOrderLineSelectionError", "EMPTY_ORDER_LINE_SELECTION_ERROR",
                     "At least one OrderLine must be specified")
        sent = self._in_parcels(order, "Pending", "Shipped", "Delivered")
        lines = {line["id"]: line for line in order["lines"]}
        if any(count > lines[one]["quantity"] for one, count in wanted.items()):
            raise No("QuantityTooGreatError", "QUANTITY_TOO_GREAT_ERROR", "too many")
        for one, count in wanted.items():
            line, level = lines[one], self._level(lines[one]["variant"])
            waiting = min(count, max(0, line["quantity"] - sent.get(one, 0)))
            level[0], level[1] = level[0] + count - waiting, level[1] - waiting
            line |= {"quantity": line["quantity"] - count, "updatedAt": self.now}
        if shipping:
            order["shippingLines"][0]["discounted"] = 0
        self._note(order, "ORDER_CANCELLATION", {
            "lines": [{"orderLineId": int(one), "quantity": count}
                      for one, count in wanted.items()],
            "reason": reason, "shippingCancelled": shipping})
        order["updatedAt"] = self.now
        if not any(line["quantity"] for line in order["lines"]):
            self._move(order, "Cancelled")
        return order

    def modify(self, number: str, *, street: str = "", quantity: int | None = None,
               surcharge: int = 0) -> None:
        """Change an address, the first line, or add a fee; the order's stamp stands still."""
        order = self.orders[number]
        was = order["state"]
        self._move(order, "Modifying")
        if street:
            order["shippingAddress"]["streetLine1"] = street
        if quantity is not None:
            order["lines"][0]["quantity"] = quantity
        if surcharge:
            order["surcharges"].append({"description": "Pakowanie", "priceWithTax": surcharge})
        self._note(order, "ORDER_MODIFIED", {"modificationId": 1})
        self._move(order, was)

    def refund(self, number: str, amount: int, state: str = "Settled") -> None:
        """Give money back."""
        order = self.orders[number]
        order["payments"][0]["refunds"].append({
            "id": self.number(), "total": amount, "state": state, "updatedAt": self.now})
        self._note(order, "ORDER_REFUND_TRANSITION", {"to": state})

    # What is true

    def total_of(self, number: str) -> int:
        """What the buyer owes now."""
        order = self.orders[number]
        return sum(self.line_price(line) for line in order["lines"]) + self.shipping_of(order) + \
            sum(one["priceWithTax"] for one in order["surcharges"])

    def shipping_of(self, order: Mapping[str, Any]) -> int:
        """What the delivery costs now."""
        return sum(one["discounted"] for one in order["shippingLines"])

    def line_price(self, line: Mapping[str, Any]) -> int:
        """A line after promotions, as Vendure spreads them."""
        return int(line["price"] * line["quantity"] * (100 - line["off"]) / 100 + 0.5)

    def sent(self, number: str) -> dict[str, int]:
        """Line -> units that have left."""
        return self._in_parcels(self.orders[number], "Shipped", "Delivered")

    def is_shown(self, number: str) -> bool:
        """Whether the database shows an order by now."""
        return self.hidden.get(number, self.now) <= self.now

    def number(self) -> str:
        """An id that was never used."""
        self._count += 1
        return str(self._count)

    def _in_parcels(self, order: Mapping[str, Any], *states: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for parcel in order["fulfillments"]:
            if parcel["state"] in states:
                for one in parcel["lines"]:
                    found[one["orderLineId"]] = found.get(one["orderLineId"], 0) + one["quantity"]
        return found

    def _line(self, variant: str, count: int, off: int) -> dict[str, Any]:
        return {"id": self.number(), "variant": variant, "quantity": count,
                "orderPlacedQuantity": 0, "price": self.price_of(variant), "off": off,
                "updatedAt": self.now, "taxRate": self.rate,
                "taxLines": [{"description": f"VAT {self.rate} Europe"}]}

    def _level(self, variant: str) -> list[int]:
        return self.levels[variant, next(iter(self.places))]

    def _move(self, order: dict[str, Any], state: str) -> None:
        self._note(order, "ORDER_STATE_TRANSITION", {"from": order["state"], "to": state})
        order["state"] = state

    def _note(self, order: dict[str, Any], kind: str, data: Mapping[str, Any]) -> None:
        order["history"].append({"id": self.number(), "type": kind, "createdAt": self.now,
                                 "data": data})
