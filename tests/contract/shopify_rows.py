"""How a ``Shop`` looks in the Admin API: orders, returns and variants as GraphQL values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.contract.shopify_shop import CENT, OPEN, Back, Line, Refund, Sale, Shop, Variant, Work

Row = dict[str, Any]
MANUAL = ("Cash on Delivery (COD)", "Bank Deposit")


def stamp(when: datetime | None) -> str | None:
    """A moment as Shopify writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def gid(kind: str, number: int) -> str:
    """A global id."""
    return f"gid://shopify/{kind}/{number}"


def connection(rows: list[Any], first: int, after: str | None = None,
               mark: Callable[[Any], str] = str) -> Row:
    """A page of rows. A cursor is the mark of a row: what sorts behind it comes next."""
    page = rows[:first]
    return {"nodes": page, "pageInfo": {"hasNextPage": len(rows) > first,
                                        "endCursor": mark(page[-1]) if page else None}}


def numbered(rows: list[Any]) -> Callable[..., Row]:
    """A connection whose cursors count."""
    def page(first: int, after: str | None = None, **_: Any) -> Row:
        start = int(after or 0)
        got = rows[start:start + first]
        return {"nodes": got, "pageInfo": {"hasNextPage": len(rows) > start + first,
                                           "endCursor": str(start + len(got)) if got else None}}
    return page


class Rows:
    """The rows of one shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def bag(self, order: Sale, amount: Decimal) -> Row:
        """An amount in the shop's and in the buyer's currency."""
        own = amount / order.rate
        return {"shopMoney": {"amount": _amount(own), "currencyCode": "PLN"},
                "presentmentMoney": {"amount": _amount(amount), "currencyCode": order.currency}}

    def order(self, order: Sale) -> Row:
        """An order."""
        shop = self.shop
        bag = lambda amount: self.bag(order, amount)  # noqa: E731
        lines = [self.line(order, one) for one in order.lines]
        return {
            "__typename": "Order", "id": gid("Order", order.id), "legacyResourceId": str(order.id),
            "name": f"#{order.id}", "createdAt": stamp(order.created),
            "updatedAt": stamp(order.updated), "cancelledAt": stamp(order.cancelled),
            "test": order.test, "presentmentCurrencyCode": order.currency,
            "taxesIncluded": order.included, "displayFinancialStatus": shop.financial(order),
            "displayFulfillmentStatus": shop.sending(order), "returnStatus": shop.returning(order),
            "email": order.email, "phone": order.phone, "note": order.note, "tags": order.tags,
            "discountCodes": order.codes, "paymentGatewayNames": [order.gateway],
            "customAttributes": order.attributes,
            "localizedFields": numbered(order.localized),
            "metafields": numbered(order.metafields),
            "totalPriceSet": bag(shop.total(order)),
            "currentTotalPriceSet": bag(shop.total(order, current=True)),
            "currentTotalDutiesSet": None, "currentTotalAdditionalFeesSet": None,
            "shippingAddress": order.address, "billingAddress": order.billing,
            "shippingLines": numbered([{
                "title": order.carrier, "code": order.code,
                "discountedPriceSet": bag(order.shipping), "taxLines": []}]),
            "lineItems": numbered(lines),
            "transactions": lambda first: [{
                "id": gid("OrderTransaction", one.id), "kind": one.kind, "status": one.status,
                "createdAt": stamp(one.at), "processedAt": stamp(one.at),
                "formattedGateway": one.gateway, "amountSet": bag(one.amount),
                "gateway": one.gateway, "manualPaymentGateway": one.gateway in MANUAL,
                "parentTransaction": {"id": gid("OrderTransaction", one.parent)}
                if one.parent else None,
            } for one in order.money][:first],
            "fulfillments": lambda first: [self.parcel(one) for one in order.parcels][:first],
            "fulfillmentOrders": numbered([self.work(one) for one in order.works]),
            "refunds": lambda first: [self.refund(order, one) for one in order.refunds][:first],
            "returns": numbered([self.back(order, one) for one in order.returns]),
        }

    def line(self, order: Sale, line: Line) -> Row:
        """A line item."""
        tax = [] if line.rate is None else [{
            "ratePercentage": float(line.rate), "priceSet": self.bag(order, self.shop.tax(
                order, line))}]
        variant = self.shop.variants.get(line.variant or 0)
        return {
            "id": gid("LineItem", line.id), "name": line.name, "sku": line.sku,
            "quantity": line.quantity, "currentQuantity": line.quantity - line.removed,
            "unfulfilledQuantity": self.shop.unsent(order, line.id),
            "variant": {"legacyResourceId": str(variant.id), "barcode": variant.barcode}
            if variant else None,
            "originalUnitPriceSet": self.bag(order, line.price),
            "discountAllocations": [{"allocatedAmountSet": self.bag(order, line.off)}]
            if line.off else [],
            "taxLines": lambda first: tax[:first],
        }

    def parcel(self, parcel: Any) -> Row:
        """A fulfilment."""
        return {
            "id": gid("Fulfillment", parcel.id), "status": parcel.status,
            "displayStatus": parcel.display, "createdAt": stamp(parcel.created),
            "trackingInfo": lambda first: parcel.tracking[:first],
            "fulfillmentLineItems": numbered([
                {"quantity": count, "lineItem": {"id": gid("LineItem", line)}}
                for line, count in parcel.units.items()]),
        }

    def work(self, work: Work) -> Row:
        """A fulfilment order."""
        actions = {"OPEN": ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MOVE"],
                   "IN_PROGRESS": ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD",
                                   "MARK_AS_OPEN"],
                   "ON_HOLD": ["RELEASE_HOLD"], "SCHEDULED": ["MARK_AS_OPEN"]}
        return {
            "id": gid("FulfillmentOrder", work.id), "status": work.status,
            "fulfillBy": stamp(work.fulfil_by),
            "supportedActions": [{"action": one} for one in actions.get(work.status, [])],
            "assignedLocation": {"location": {
                "id": gid("Location", work.location), "legacyResourceId": str(work.location),
                "isFulfillmentService": work.is_service}},
            "lineItems": numbered([
                {"id": gid("FulfillmentOrderLineItem", work.items[line]),
                 "remainingQuantity": left, "lineItem": {"id": gid("LineItem", line)}}
                for line, left in work.left.items()]),
        }

    def refund(self, order: Sale, refund: Refund) -> Row:
        """A refund."""
        rows = []
        for line, count, kind in refund.lines:
            rows.append({"quantity": count, "restockType": kind,
                         "lineItem": self.line(order, order.line(line))})
        return {
            "id": gid("Refund", refund.id), "createdAt": stamp(refund.at), "note": refund.note,
            "return": {"id": gid("Return", refund.back)} if refund.back else None,
            "totalRefundedSet": self.bag(order, refund.amount),
            "refundLineItems": numbered(rows),
            "refundShippingLines": numbered([{
                "subtotalAmountSet": self.bag(order, refund.shipping),
                "taxAmountSet": self.bag(order, Decimal(0))}] if refund.shipping else []),
            "transactions": numbered([
                {"id": gid("OrderTransaction", one), "kind": "REFUND", "status": "SUCCESS"}
                for one in refund.money]),
        }

    def back(self, order: Sale, back: Back) -> Row:
        """A return."""
        return {
            "id": gid("Return", back.id), "name": back.name, "status": back.status,
            "createdAt": stamp(back.at),
            "returnLineItems": numbered([{
                "__typename": "ReturnLineItem", "quantity": count,
                "processedQuantity": count * back.processed, "returnReasonNote": "Za małe",
                "customerNote": None,
                "fulfillmentLineItem": {"lineItem": self.line(order, order.line(line))}}
                for line, count in back.units.items()]),
            "refunds": numbered([self.refund(order, one) for one in order.refunds
                                 if one.back == back.id]),
        }

    def variant(self, variant: Variant) -> Row:
        """A variant."""
        def level(**asked: Any) -> Row | None:
            place = int(str(asked["locationId"]).rpartition("/")[2])
            if place not in variant.levels:
                return None
            return {"id": f"gid://shopify/InventoryLevel/{variant.id}?inventory_item_id="
                          f"{variant.item}",
                    "quantities": lambda names: [
                        {"name": one, "quantity": variant.levels[place]} for one in names]}

        named = variant.title != "Default Title"
        return {
            "__typename": "ProductVariant", "id": gid("ProductVariant", variant.id),
            "legacyResourceId": str(variant.id), "title": variant.title, "sku": variant.sku,
            "displayName": f"{variant.name} - {variant.title}", "barcode": variant.barcode,
            "price": _amount(variant.price),
            "product": {"id": gid("Product", variant.product), "title": variant.name,
                        "status": variant.status, "onlineStoreUrl":
                        f"https://sklep.example/products/{variant.product}" if named else None},
            "inventoryItem": {"id": gid("InventoryItem", variant.item),
                              "tracked": variant.tracked, "inventoryLevel": level},
        }


def as_payload(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a webhook with these fields says."""
    return {"id": int(row["legacyResourceId"]), "admin_graphql_api_id": row["id"]}


def is_open(work: Work) -> bool:
    """Whether a fulfilment order has something left."""
    return work.status in OPEN and any(work.left.values())


def _amount(amount: Decimal) -> str:
    """Amounts are cut to what they need: 12.3, 49.9, 10.0."""
    text = f"{amount.quantize(CENT, 'ROUND_HALF_UP'):f}"
    return text[:-1] if text.endswith("0") else text
