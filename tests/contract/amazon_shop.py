"""An Amazon in process: what buyers, the seller and Amazon itself do, without HTTP.

Its state is kept as the Selling Partner API shows it; ``amazon_wire`` answers requests from it. As
with the real one, what is sent is taken in first and worked on later, a search sees changes two
minutes late, orders that are not confirmed have neither price nor address, and the tax of a Polish
order is within its prices though it is listed beside them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PL, DE, SE = "A1C3SOZRARQ6R3", "A1PA6795UKMFR9", "A2NODRKZP88ZB9"
CURRENCIES = {PL: "PLN", DE: "EUR", SE: "SEK"}
SELLER = "A2TESTSELLER01"
RETURN_COLUMNS = (
    "Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID",
    "Merchant RMA ID", "Label type", "Label cost", "Currency code", "Return carrier",
    "Tracking ID", "Label to be paid by", "A-to-Z Claim", "Is prime", "ASIN", "Merchant SKU",
    "Item Name", "Return quantity", "Return Reason", "In policy", "Return type", "Resolution",
    "Invoice number", "Return delivery date", "Order Amount", "Order quantity", "Refunded Amount",
)
ADDRESS = {
    "name": "Ewa Wzorcowa", "addressLine1": "Lipowa 7", "addressLine2": "m. 3", "city": "Kraków",
    "stateOrRegion": "małopolskie", "postalCode": "30-001", "countryCode": "PL",
    "phone": "+48500600700", "addressType": "RESIDENTIAL",
}


def stamp(when: datetime) -> str:
    """A moment as Amazon writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def money(amount: Decimal | str, currency: str = "PLN") -> dict[str, str]:
    """An amount as Amazon writes it."""
    return {"amount": f"{Decimal(amount):.2f}", "currencyCode": currency}


@dataclass
class Listing:
    """An offer in one marketplace. ``lead``: the seller's handling time, which a patch may lose."""

    sku: str
    asin: str
    created: datetime
    price: Decimal
    currency: str
    quantity: int
    lead: int | None = None
    is_fba: bool = False
    issues: list[dict[str, Any]] = field(default_factory=list)
    type: str = "KITCHEN"


@dataclass
class Feed:
    """A feed that was taken in."""

    id: str
    kind: str
    marketplace: str
    document: str
    options: dict[str, str]
    created: datetime
    status: str = "IN_QUEUE"
    report: dict[str, Any] | None = None


@dataclass
class Shop:
    """One seller's account. ``now`` is turned by hand."""

    now: datetime = MONDAY
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: dict[str, datetime] = field(default_factory=dict)
    listings: dict[tuple[str, str], Listing] = field(default_factory=dict)
    patches: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    feeds: dict[str, Feed] = field(default_factory=dict)
    documents: dict[str, bytes | None] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    returns: list[dict[str, str]] = field(default_factory=list)
    papers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    # Switches
    refuses: dict[str, str] = field(default_factory=dict)
    """SKU -> why Amazon, having taken a change in, does not make it."""
    breaks_feeds: bool = False
    report_takes: float = 20
    count: int = 0

    # Offers

    def listing(self, sku: str, price: str = "49.90", stock: int = 5, place: str = PL,
                **more: Any) -> str:
        """List an offer; its reference."""
        self.count += 1
        self.listings[place, sku] = Listing(
            sku, f"B0{self.count:08d}", more.pop("created", self.now - timedelta(days=30)),
            Decimal(price), CURRENCIES[place], stock, **more)
        return f"{place}/{sku}"

    def patch(self, place: str, sku: str, body: dict[str, Any]) -> None:
        """Take a change in; ``work`` makes it."""
        self.patches.append((place, sku, body))

    # Buyers

    def order(self, *wanted: tuple[str, int], place: str = PL, is_paid: bool = True,
              **more: Any) -> str:
        """A purchase of SKUs; while it is not confirmed, without price and address."""
        self.count += 1
        ref = f"405-{self.count:07d}-{self.count * 37 % 10_000_000:07d}"
        self.orders[ref] = {
            "orderId": ref, "createdTime": stamp(self.now), "lastUpdatedTime": stamp(self.now),
            "programs": [],
            "salesChannel": {"channelName": "AMAZON", "marketplaceId": place,
                             "marketplaceName": "Amazon.pl"},
            "fulfillment": {
                "fulfillmentStatus": "PENDING", "fulfilledBy": "MERCHANT",
                "fulfillmentServiceLevel": "STANDARD",
                "shipByWindow": {"earliestDateTime": stamp(self.now),
                                 "latestDateTime": stamp(self.now + timedelta(days=2))},
            },
            "orderItems": [self._line(place, sku, count, at) for at, (sku, count)
                           in enumerate(wanted, start=1)],
        }
        if is_paid:
            self.pay(ref, **more)
        return ref

    def pay(self, ref: str, method: str = "Standard", shipping: str = "9.99") -> None:
        """Amazon confirms the order: what it costs and where it goes is known now."""
        order = self.orders[ref]
        order["fulfillment"]["fulfillmentStatus"] = "UNSHIPPED"
        order["buyer"] = {"buyerName": "Ewa Wzorcowa",
                          "buyerEmail": "x1y2z3@marketplace.amazon.pl"}
        order["recipient"] = {"deliveryAddress": dict(ADDRESS)}
        total = Decimal(0)
        for at, entry in enumerate(order["orderItems"]):
            total += self._price(order, entry, Decimal(shipping) if at == 0 else Decimal(0))
        currency = CURRENCIES[order["salesChannel"]["marketplaceId"]]
        order["proceeds"] = {"grandTotal": money(total, currency)}
        order["payment"] = {"paymentExecutions": [
            {"paymentMethod": method, "paymentAmount": money(total, currency)}]}
        self.touch(ref)

    def edit(self, ref: str, street: str) -> None:
        """The buyer has it sent elsewhere."""
        self.orders[ref].setdefault("recipient", {"deliveryAddress": dict(ADDRESS)})[
            "deliveryAddress"]["addressLine1"] = street
        self.touch(ref)

    def cancel(self, ref: str, by: str = "BUYER") -> None:
        """A whole order that has not left is called off."""
        order = self.orders[ref]
        if order["fulfillment"]["fulfillmentStatus"] in ("SHIPPED", "CANCELLED"):
            return
        order["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
        for entry in order["orderItems"]:
            entry["cancellation"] = {"cancellationExecution": {
                "cancelledBy": by, "cancelReason": "NO_INVENTORY"}}
            entry["fulfillment"]["quantityUnfulfilled"] = 0
        self.touch(ref)

    def confirm(self, ref: str, package: dict[str, Any]) -> None:
        """The seller says what left: the same number again is the same parcel."""
        order = self.orders[ref]
        known = order.setdefault("packages", [])
        known[:] = [one for one in known
                    if one["packageReferenceId"] != package["packageReferenceId"]]
        known.append({
            "packageReferenceId": package["packageReferenceId"],
            "createdTime": stamp(self.now), "packageStatus": {"status": "SHIPPED"},
            "carrier": package.get("carrierName") or package["carrierCode"],
            "shipTime": package["shipDate"], "trackingNumber": package["trackingNumber"],
            "packageItems": [{"orderItemId": one["orderItemId"], "quantity": one["quantity"]}
                             for one in package["orderItems"]],
        })
        gone: dict[str, int] = {}
        for one in (item for parcel in known for item in parcel["packageItems"]):
            gone[one["orderItemId"]] = gone.get(one["orderItemId"], 0) + one["quantity"]
        for entry in order["orderItems"]:
            count = gone.get(entry["orderItemId"], 0)
            entry["fulfillment"] = {"quantityFulfilled": count,
                                    "quantityUnfulfilled": entry["quantityOrdered"] - count}
        left = sum(entry["fulfillment"]["quantityUnfulfilled"] for entry in order["orderItems"])
        order["fulfillment"]["fulfillmentStatus"] = "PARTIALLY_SHIPPED" if left else "SHIPPED"
        self.touch(ref)

    def ship(self, ref: str) -> None:
        """The seller says in Seller Central that all of it left."""
        self.confirm(ref, {
            "packageReferenceId": "1", "carrierCode": "DPD", "shipDate": stamp(self.now),
            "trackingNumber": f"PANEL{self.count}", "orderItems": [
                {"orderItemId": entry["orderItemId"], "quantity": entry["quantityOrdered"]}
                for entry in self.orders[ref]["orderItems"]]})

    def send_back(self, ref: str, status: str = "Approved", **more: str) -> str:
        """The buyer wants to send the first line back; what the return is known by."""
        self.count += 1
        order = self.orders[ref]
        entry = order["orderItems"][0]
        row = dict.fromkeys(RETURN_COLUMNS, "") | {
            "Order ID": ref, "Return request date": self.now.strftime("%d-%b-%Y"),
            "Return request status": status, "Amazon RMA ID": f"D{self.count}RRMA",
            "Currency code": "PLN", "Return carrier": "DPD", "Tracking ID": f"RET{self.count}",
            "ASIN": entry["product"]["asin"], "Merchant SKU": entry["product"]["sellerSku"],
            "Item Name": entry["product"]["title"], "Return quantity": "1",
            "Return Reason": "AMZ-PG-BAD-DESC", "marketplace": order["salesChannel"]
            ["marketplaceId"], "day": self.now.date().isoformat(),
        } | {name.replace("_", " "): text for name, text in more.items()}
        self.returns.append(row)
        return f"{ref}/{row['Amazon RMA ID']}"

    def touch(self, ref: str) -> None:
        """Something of an order changed."""
        self.orders[ref]["lastUpdatedTime"] = stamp(self.now)

    # Amazon

    def work(self, *kinds: str) -> None:
        """Do what was taken in: everything, or feeds of some kinds only."""
        if not kinds:
            for place, sku, body in self.patches:
                self._change(place, sku, body)
            self.patches.clear()
        for feed in self.feeds.values():
            if feed.status == "IN_QUEUE" and (not kinds or feed.kind in kinds):
                self._work_off(feed)

    def _work_off(self, feed: Feed) -> None:
        body = self.documents.get(feed.document)
        if body is None or self.breaks_feeds:
            feed.status = "FATAL"
            return
        feed.status = "DONE"
        if feed.kind == "JSON_LISTINGS_FEED":
            feed.report = self._listings_feed(feed, body)
        elif feed.kind == "UPLOAD_VAT_INVOICE":
            kept = self.papers.setdefault(feed.options["metadata:orderid"], {})
            kept.setdefault(feed.options["metadata:invoicenumber"], body)
        else:
            for said in ElementTree.fromstring(body).iter("OrderAcknowledgement"):
                if said.findtext("StatusCode") == "Failure":
                    self.cancel(said.findtext("AmazonOrderID") or "", "MERCHANT")

    def _listings_feed(self, feed: Feed, body: bytes) -> dict[str, Any]:
        document = json.loads(body)
        issues, items = [], []
        for message in document["messages"]:
            sku = message["sku"]
            why = self.refuses.get(sku) or (
                None if (feed.marketplace, sku) in self.listings else "The SKU is not known.")
            if why:
                issues.append({"messageId": message["messageId"], "sku": sku, "code": "90220",
                               "severity": "ERROR", "message": why,
                               "attributeName": message["patches"][0]["path"].split("/")[-1]})
                continue
            self._change(feed.marketplace, sku, message)
            items.append({"sku": sku, "fulfillmentAvailability": [{
                "fulfillmentChannelCode": "DEFAULT",
                "quantity": self.listings[feed.marketplace, sku].quantity}]})
        report = {"header": document["header"] | {"feedId": feed.id}, "issues": issues,
                  "summary": {"errors": len(issues), "warnings": 0,
                              "messagesProcessed": len(document["messages"]),
                              "messagesAccepted": len(items), "messagesInvalid": len(issues)}}
        return report | ({"items": items} if "report" in document["header"] else {})

    def _change(self, place: str, sku: str, body: dict[str, Any]) -> None:
        listing = self.listings[place, sku]
        for patch in body["patches"]:
            name = patch["path"].removeprefix("/attributes/")
            if sku in self.refuses:
                listing.issues = [{"code": "8541", "message": self.refuses[sku],
                                   "severity": "ERROR", "attributeNames": [name],
                                   "categories": ["INVALID_ATTRIBUTE"]}]
                continue
            for one in patch["value"]:
                if name == "fulfillment_availability":
                    listing.quantity, listing.is_fba = one["quantity"], False
                    if patch["op"] == "replace":
                        listing.lead = one.get("lead_time_to_ship_max_days")
                else:
                    price = one["our_price"][0]["schedule"][0]["value_with_tax"]
                    listing.price = Decimal(str(price))

    def _line(self, place: str, sku: str, count: int, at: int) -> dict[str, Any]:
        listing = self.listings[place, sku]
        return {
            "orderItemId": f"{self.count:08d}{at:06d}", "quantityOrdered": count,
            "product": {"asin": listing.asin, "title": f"Item {sku}", "sellerSku": sku,
                        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"}},
            "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": count},
        }

    def _price(self, order: dict[str, Any], entry: dict[str, Any], shipping: Decimal) -> Decimal:
        place, sku = order["salesChannel"]["marketplaceId"], entry["product"]["sellerSku"]
        listing = self.listings[place, sku]
        goods = listing.price * entry["quantityOrdered"]
        entry["product"]["price"] = {"unitPrice": money(listing.price, listing.currency)}
        parts = [("ITEM", goods), ("SHIPPING", shipping)]
        tax = [(name, (part * 23 / 123).quantize(Decimal("0.01"))) for name, part in parts]
        entry["proceeds"] = {
            "proceedsTotal": money(goods + shipping, listing.currency),
            "breakdowns": [
                *({"type": name, "subtotal": money(part, listing.currency)}
                  for name, part in parts),
                {"type": "TAX", "subtotal": money(sum(part for _, part in tax), listing.currency),
                 "detailedBreakdowns": [
                     {"subtype": name, "value": money(part, listing.currency)}
                     for name, part in tax]},
            ],
        }
        return goods + shipping
