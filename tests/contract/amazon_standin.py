"""Amazon as a stand-in for the conformance kit: the ``Shop`` behind the kit's verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_amazon import AmazonConnector, mapping
from oms_connector import Limit, Order, Response, Unreadable
from oms_connector.testing import Absent, Basket, Clock, Request, Shown, StandIn, Truth

from tests.contract import amazon_spec
from tests.contract.amazon_shop import DE, SELLER, Shop
from tests.contract.amazon_wire import CLIENT, GRANT, Wire


class Amazon(StandIn):
    """One seller's account with a few offers."""

    connector = AmazonConnector
    page = 3
    # As the vendor's models say it, operation by operation.
    limits = (
        Limit(0.0056, 20, "search"), Limit(0.5, 30, "order"), Limit(2, 10, "confirm"),
        Limit(5, 5, "listings"), Limit(5, 10, "item"), Limit(5, 5, "patch"),
        Limit(0.5, 15, "document"), Limit(0.0083, 15, "feed"), Limit(2, 15, "feed-state"),
        Limit(0.0222, 10, "feed-result"), Limit(0.0167, 15, "report"),
        Limit(0.0222, 10, "reports"), Limit(0.0167, 15, "report-result"),
        Limit(0.016, 15, "seller"),
    )
    carrier = "DPD"
    unknown = "405-9999999-9999999"
    samples = Path(__file__).with_name("kit_samples_amazon")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = Shop(now=clock.now)
        self.wire = Wire(self.shop)
        for number, price in enumerate(("19.99", "4.35", "0.10", "1234.89")):
            self.shop.listing(f"KIT {number}/x", price, stock=9)
        self.shop.listing("KIT 0/x", "5.49", stock=9, place=DE)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"marketplaces": "PL, DE", "seller_id": SELLER, "client_id": CLIENT[0],
                "environment": "production"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": CLIENT[1], "refresh_token": GRANT,
                "access_token": self.wire.token}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        return self.wire.serve(request)

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        wanted = [(f"KIT {number}/x", basket.quantity) for number in range(basket.lines)]
        method = "CashOnDelivery" if basket.payment == "cod" else "Standard"
        placed = [self.shop.order(*wanted, is_paid=False) for _ in range(count)]
        if basket.payment != "unpaid":
            for ref in placed:
                self.shop.pay(ref, method)
        return placed

    def pay(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.pay(ref)

    def edit(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.count += 1
        self.shop.edit(ref, f"Kitowa {self.shop.count}")

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.cancel(ref)

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.ship(ref)

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        return self.shop.send_back(ref)

    def close_return(self, return_ref: str) -> None:
        rma = return_ref.partition("/")[2]
        row = next(one for one in self.shop.returns if one["Amazon RMA ID"] == rma)
        row |= {"Return request status": "Completed", "Refunded Amount": "19.99"}

    def add_offers(self, count: int) -> None:
        for _ in range(count):
            self.shop.listing(f"MORE-{len(self.shop.listings)}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        self._look_at_the_clock()
        self.shop.work("POST_ORDER_ACKNOWLEDGEMENT_DATA")
        order = self.shop.orders[ref]
        state = mapping.STATES[order["fulfillment"]["fulfillmentStatus"]]
        total = order.get("proceeds", {}).get("grandTotal", {"amount": "0", "currencyCode": "PLN"})
        address = order.get("recipient", {}).get("deliveryAddress", {})
        method = str(order.get("payment", {}).get("paymentExecutions"))
        return Truth(
            state=state, total=Decimal(total["amount"]), currency=total["currencyCode"],
            placed_at=datetime.fromisoformat(order["createdTime"]),
            units={entry["orderItemId"]: entry["quantityOrdered"] for entry in order["orderItems"]},
            prices={entry["orderItemId"]: Decimal(entry["product"]["price"]["unitPrice"]["amount"])
                    for entry in order["orderItems"] if "price" in entry["product"]},
            paid=None if state == "cancelled" else state != "unpaid" and "Cash" not in method,
            private=[*filter(None, (order.get("buyer", {}).get("buyerEmail"), address.get("name"),
                                    address.get("phone"), address.get("addressLine1")))],
        )

    def offers(self) -> Sequence[Shown]:
        return [Shown(f"{place}/{sku}", sku, one.quantity, one.price, one.currency)
                for (place, sku), one in self.shop.listings.items()]

    def shipments(self, ref: str) -> Sequence[str]:
        return [one["trackingNumber"] for one in self.shop.orders[ref].get("packages", ())]

    def documents(self, ref: str) -> Sequence[bytes]:
        self.shop.work("UPLOAD_VAT_INVOICE")
        return list(self.shop.papers.get(ref, {}).values())

    # Lapses

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.hidden[ref] = self.now + timedelta(seconds=seconds)

    def forget_history(self) -> None:
        self._look_at_the_clock()
        oldest = self.now - timedelta(days=730)
        self.shop.orders = {
            ref: order for ref, order in self.shop.orders.items()
            if datetime.fromisoformat(order["lastUpdatedTime"]) >= oldest}

    def finish_pushes(self) -> None:
        self.shop.work()

    # Access

    def expire_tokens(self) -> None:
        self.wire.until = self.now

    def revoke(self) -> None:
        self.wire.is_revoked = True

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if not amazon_spec.is_here():
            raise Absent("the vendor's files are not part of the project")
        if request.url.startswith("https://channel.example"):
            return ()
        return amazon_spec.in_request(request)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(document)

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now
