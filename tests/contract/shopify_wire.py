"""Shopify's Admin API on top of a ``Shop``: its token address and its one GraphQL address.

It counts points as Shopify does, answers nearly everything with 200, and takes idempotency keys:
the same key with the same words gives the first answer again and does nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from oms_connector import Response
from oms_connector.testing import Request, answer

from tests.contract import shopify_graph
from tests.contract.shopify_rows import Rows, connection, gid, stamp
from tests.contract.shopify_shop import OPEN, Sale, Shop

CLIENT = ("5f1e8c0a7b3d4e2f9a6c1b0d8e7f2a3c", "shpss_0123456789abcdef0123456789abcdef")
OLD_TOKEN = "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"
GRAPHQL = "/admin/api/2026-10/graphql.json"
PAGE = b"<!doctype html><html><body>Ten sklep nie istnieje</body></html>"
BUCKET, RESTORED = 2000.0, 100.0
DAY = 86399


class No(Exception):
    """An error beside the data."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


class Wire:
    """Answers requests from a shop. ``tokens``: those that work."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.rows = Rows(shop)
        self.issued = 1
        self.tokens = {"shpat_1000000000000001", OLD_TOKEN}
        self.points, self.counted = BUCKET, shop.now
        self.restored = RESTORED

    def answer(self, request: Request) -> Response:
        """One request."""
        self.shop.work_off()
        if not re.fullmatch(r"https://[a-z0-9-]+\.myshopify\.com/.*", request.url):
            return Response(404, {"content-type": "text/html"}, PAGE)
        if request.path == "/admin/oauth/access_token":
            return self._token(request)
        if request.path != GRAPHQL:
            return answer(404, {"errors": "Not Found"})
        if not self.shop.is_open or \
                request.headers.get("x-shopify-access-token") not in self.tokens:
            return answer(401, {"errors": "[API] Invalid API key or access token (unrecognized "
                                          "login or wrong password)"})
        return self._graphql(request.json())

    def _token(self, request: Request) -> Response:
        told = {name: one[0] for name, one in parse_qs(request.body.decode()).items()}
        if (told.get("client_id"), told.get("client_secret")) != CLIENT:
            return answer(400, {"error": "application_cannot_be_found"})
        if not self.shop.is_ours:
            return answer(400, {"error": "shop_not_permitted", "error_description":
                                "Client credentials cannot be performed on this shop."})
        if not self.shop.is_installed or not self.shop.is_open:
            return answer(400, {"error": "app_not_installed"})
        self.issued += 1
        token = f"shpat_{1000000000000000 + self.issued}"
        self.tokens.add(token)
        return answer(200, {"access_token": token, "scope": ",".join(self.shop.scopes),
                            "expires_in": DAY})

    def _graphql(self, body: Any) -> Response:
        text, variables = body["query"], body.get("variables") or {}
        asked = shopify_graph.cost(text, variables)
        if asked > self.shop.dearest:
            return answer(200, {"errors": [{
                "message": f"Query cost is {asked:.0f}, which exceeds the single query max cost "
                           f"limit ({self.shop.dearest:.0f}).",
                "extensions": {"code": "MAX_COST_EXCEEDED", "cost": asked, "maxCost": 1000}}]})
        self._refill()
        if asked > self.points:
            return answer(200, self.throttled(asked))
        try:
            data = shopify_graph.execute(text, variables, self._roots())
        except No as no:
            return answer(200, {"errors": [{"message": no.message, "extensions":
                                            {"code": no.code}}], **self._cost(asked)})
        used = shopify_graph.used(text, variables, data)
        self.points -= used
        return answer(200, {"data": data, **self._cost(asked, used)})

    def throttled(self, asked: float = 100.0) -> dict[str, Any]:
        """What is said to who asks too fast."""
        return {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                **self._cost(asked)}

    def _cost(self, asked: float, used: float | None = None) -> dict[str, Any]:
        return {"extensions": {"cost": {
            "requestedQueryCost": round(asked), "actualQueryCost":
            None if used is None else round(used), "throttleStatus": {
                "maximumAvailable": BUCKET, "currentlyAvailable": int(self.points),
                "restoreRate": self.restored}}}}

    def _refill(self) -> None:
        passed = max(0.0, (self.shop.now - self.counted).total_seconds())
        self.points = min(BUCKET, self.points + passed * self.restored)
        self.counted = self.shop.now

    def _roots(self) -> Mapping[str, Callable[..., Any]]:
        return {name.removeprefix("do_"): getattr(self, name) for name in dir(self)
                if name.startswith("do_")}

    # Queries

    def do_shop(self) -> Any:
        return {"name": "Sklep Ewy", "currencyCode": "PLN", "ianaTimezone": "Europe/Warsaw"}

    def do_currentAppInstallation(self) -> Any:
        return {"accessScopes": [{"handle": one} for one in self.shop.scopes]}

    def do_locations(self, first: int) -> Any:
        return connection([{"legacyResourceId": str(number), "name": name,
                            "fulfillsOnlineOrders": True}
                           for number, name in self.shop.locations.items()], first)

    def do_orders(self, first: int, after: str | None = None, query: str | None = None,
                  sortKey: str = "PROCESSED_AT", reverse: bool = False) -> Any:
        assert sortKey == "UPDATED_AT"
        if not self.shop.shows_buyers:
            raise No("ACCESS_DENIED", "This app is not approved to use the email field. See "
                     "https://partners.shopify.com for more details.")
        found = sorted((one for one in self.shop.orders.values() if self.shop.is_shown(one)
                        and self.shop.hidden.get(one.id, self.shop.now) <= self.shop.now
                        and self._fits(one, query or "")), key=_place, reverse=reverse)
        if after is not None:
            place = tuple(json.loads(after)) if after.startswith("[") else None
            if place is None:
                raise No("BAD_REQUEST", "Invalid cursor for current pagination sort.")
            found = [one for one in found if _place(one) > place]
        made = connection(found, first, mark=lambda one: json.dumps(_place(one)))
        return {**made, "nodes": [self.rows.order(one) for one in made["nodes"]]}

    def do_order(self, id: str) -> Any:
        found = self._order(id)
        return self.rows.order(found) if found else None

    def do_nodes(self, ids: Sequence[str]) -> Any:
        assert len(ids) <= 250
        return [self._node(one) for one in ids]

    def do_productVariants(self, first: int, sortKey: str, after: str | None = None,
                           query: str | None = None) -> Any:
        beyond = int((query or "id:>0").removeprefix("id:>"))
        found = [one for number, one in sorted(self.shop.variants.items())
                 if number > max(beyond, int(after or 0))]
        made = connection(found, first, mark=lambda one: str(one.id))
        return {**made, "nodes": [self.rows.variant(one) for one in made["nodes"]]}

    def do_webhookSubscriptions(self, first: int, uri: str, after: str | None = None) -> Any:
        return connection([{"id": gid("WebhookSubscription", number), **hook}
                           for number, hook in self.shop.hooks.items() if hook["uri"] == uri],
                          first)

    # Changes

    def do_inventorySetQuantities(self, input: Mapping[str, Any], idempotent: str = "") -> Any:
        def act() -> Any:
            errors = [error for place, row in enumerate(input["quantities"])
                      for error in self._quantity_errors(place, row)]
            errors = errors[:1] if self.shop.terse else errors
            if not errors:
                for row in input["quantities"]:
                    variant = self._variant_of(row["inventoryItemId"])
                    assert variant is not None
                    variant.levels[_tail(row["locationId"])] = row["quantity"]
            group = None if errors else {"id": gid("InventoryAdjustmentGroup", self.shop.next())}
            return {"inventoryAdjustmentGroup": group, "userErrors": errors}

        return self._once(idempotent, input, act, "inventoryAdjustmentGroup")

    def do_inventoryActivate(self, inventoryItemId: str, locationId: str, available: int,
                             idempotent: str = "") -> Any:
        def act() -> Any:
            variant = self._variant_of(inventoryItemId)
            assert variant is not None
            variant.levels[_tail(locationId)] = available
            return {"inventoryLevel": {"id": "gid://shopify/InventoryLevel/1"}, "userErrors": []}

        return self._once(idempotent, [inventoryItemId, locationId, available], act,
                          "inventoryLevel")

    def do_inventoryItemUpdate(self, id: str, input: Mapping[str, Any]) -> Any:
        variant = self._variant_of(id)
        assert variant is not None
        variant.tracked = input["tracked"]
        return {"inventoryItem": {"id": id, "tracked": True}, "userErrors": []}

    def do_productVariantsBulkUpdate(self, productId: str, variants: Sequence[Any],
                                     allowPartialUpdates: bool = False) -> Any:
        errors, done = [], []
        for place, row in enumerate(variants):
            variant = self.shop.variants.get(_tail(row["id"]))
            if variant is None or gid("Product", variant.product) != productId:
                errors.append({"code": "PRODUCT_VARIANT_DOES_NOT_EXIST", "field":
                               ["variants", str(place), "id"], "message": "Nie ma wariantu."})
            elif variant.id in self.shop.immutable:
                errors.append({"code": "INVALID_INPUT", "field": ["variants", str(place), "price"],
                               "message": "Tej ceny nie można zmienić."})
            else:
                done.append((variant, Decimal(row["price"])))
        if errors and not allowPartialUpdates:
            done = []
        for variant, price in done:
            variant.price = price
        return {"productVariants": [self.rows.variant(variant) for variant, _ in done],
                "userErrors": errors}

    def do_fulfillmentCreate(self, fulfillment: Mapping[str, Any]) -> Any:
        told = fulfillment.get("trackingInfo") or {}
        units: dict[int, int] = {}
        order, locations = None, set()
        for row in fulfillment["lineItemsByFulfillmentOrder"]:
            order, work = self._work(row["fulfillmentOrderId"])
            locations.add(work.location)
            if work.status not in ("OPEN", "IN_PROGRESS"):
                return _refusal("fulfillment", f"Fulfillment order {work.id} has an unfulfillable "
                                               f"status= {work.status.lower()}.")
            for one in row["fulfillmentOrderLineItems"]:
                line = next(line for line, item in work.items.items() if item == _tail(one["id"]))
                if one["quantity"] > work.left[line]:
                    return _refusal("fulfillment", "Invalid fulfillment order line item quantity "
                                                   "requested.")
                units[line] = units.get(line, 0) + one["quantity"]
        if len(locations) != 1:
            return _refusal("fulfillment", "All fulfillment orders must be at one location.")
        assert order is not None
        made = self.shop.fulfil(order.id, units, _tracking(told), locations.pop())
        return {"fulfillment": {"id": gid("Fulfillment", made), "status": "SUCCESS"},
                "userErrors": []}

    def do_fulfillmentTrackingInfoUpdate(self, fulfillmentId: str, trackingInfoInput: Any,
                                         notifyCustomer: bool) -> Any:
        for order in self.shop.orders.values():
            for parcel in order.parcels:
                if parcel.id == _tail(fulfillmentId):
                    parcel.tracking = _tracking(trackingInfoInput)
                    self.shop.touch(order.id)
        return {"fulfillment": {"id": fulfillmentId}, "userErrors": []}

    def do_fulfillmentOrderReportProgress(self, id: str) -> Any:
        return self._become(id, "IN_PROGRESS", ("OPEN", "IN_PROGRESS"))

    def do_fulfillmentOrderHold(self, id: str, fulfillmentHold: Any) -> Any:
        return self._become(id, "ON_HOLD", ("OPEN", "IN_PROGRESS"))

    def do_fulfillmentOrderReleaseHold(self, id: str) -> Any:
        return self._become(id, "OPEN", ("ON_HOLD",))

    def do_fulfillmentOrderOpen(self, id: str) -> Any:
        return self._become(id, "OPEN", ("SCHEDULED", "IN_PROGRESS"))

    def do_orderCancel(self, orderId: str, restock: bool, **asked: Any) -> Any:
        order = self._order(orderId)
        refund = (asked.get("refundMethod") or {}).get("originalPaymentMethodsRefund", False)
        if order is None or order.cancelled:
            return {"job": None, "orderCancelUserErrors": [{
                "code": "INVALID", "field": ["orderId"], "message": "Cannot cancel order"}]}
        number = order.id
        self.shop.jobs.append(lambda: None if self.shop.orders[number].cancelled
                              else self.shop.cancel(number, restock=restock, refund=refund))
        return {"job": {"id": gid("Job", self.shop.next()), "done": False},
                "orderCancelUserErrors": []}

    def do_refundCreate(self, input: Mapping[str, Any], idempotent: str = "") -> Any:
        def act() -> Any:
            order = self._order(input["orderId"])
            assert order is not None
            if input["transactions"]:
                return self._give_back(order, input)
            units = {_tail(row["lineItemId"]): row["quantity"] for row in input["refundLineItems"]}
            for line, count in units.items():
                if count > order.line(line).quantity - order.line(line).removed:
                    return {"refund": None, "userErrors": [{
                        "field": ["refundLineItems"], "message": "Refund quantity too high"}]}
            kind = input["refundLineItems"][0]["restockType"]
            made = self.shop.refund(order.id, units, "0", kind, note=input.get("note"))
            return {"refund": {"id": gid("Refund", made)}, "userErrors": []}

        return self._once(idempotent, input, act, "refund")

    def _give_back(self, order: Sale, input: Mapping[str, Any]) -> Any:
        """Money back by the transaction it came by."""
        [told] = input["transactions"]
        amount = Decimal(told["amount"])
        parent = next((one for one in order.money if one.id == _tail(told["parentId"])
                       and one.kind in ("SALE", "CAPTURE")), None)
        assert told["kind"] == "REFUND"
        assert told["orderId"] == input["orderId"]
        if parent is None or parent.gateway != told["gateway"]:
            return _refusal("refund", "Transactions parent is invalid")
        gone = sum((one.amount for one in order.money if one.parent == parent.id), Decimal(0))
        if amount > parent.amount - gone:
            return _refusal("refund", "Refund amount exceeds the refundable amount")
        shipping = Decimal((input.get("shipping") or {}).get("amount", 0))
        if shipping > order.shipping - sum((one.shipping for one in order.refunds), Decimal(0)):
            return _refusal("refund", "Shipping refund exceeds what was paid")
        units = {_tail(row["lineItemId"]): row["quantity"] for row in input["refundLineItems"]}
        if any(row["restockType"] != "NO_RESTOCK" for row in input["refundLineItems"]) or any(
                count > order.line(line).quantity - order.line(line).removed
                for line, count in units.items()):
            return _refusal("refund", "Refund quantity too high")
        made = self.shop.refund(order.id, units, amount, "NO_RESTOCK", note=input.get("note"),
                                shipping=shipping, parent=parent.id)
        found = next(one for one in order.refunds if one.id == made)
        return {"refund": self.rows.refund(order, found), "userErrors": []}

    def do_webhookSubscriptionCreate(self, topic: str, webhookSubscription: Any) -> Any:
        hook = {"topic": topic, "uri": webhookSubscription["uri"]}
        if hook in self.shop.hooks.values():
            return {"webhookSubscription": None, "userErrors": [{
                "field": ["webhookSubscription", "callbackUrl"],
                "message": "Address for this topic has already been taken"}]}
        number = self.shop.next()
        self.shop.hooks[number] = hook
        return {"webhookSubscription": {"id": gid("WebhookSubscription", number)},
                "userErrors": []}

    def do_webhookSubscriptionDelete(self, id: str) -> Any:
        if self.shop.hooks.pop(_tail(id), None) is None:
            return {"deletedWebhookSubscriptionId": None, "userErrors": [{
                "field": ["id"], "message": "Webhook subscription does not exist"}]}
        return {"deletedWebhookSubscriptionId": id, "userErrors": []}

    # Within

    def _order(self, number: str) -> Sale | None:
        found = self.shop.orders.get(_tail(number))
        return found if found and self.shop.is_shown(found) else None

    def _node(self, number: str) -> Any:
        if "/Order/" in number:
            return self.do_order(number)
        variant = self.shop.variants.get(_tail(number))
        return self.rows.variant(variant) if variant else None

    def _variant_of(self, item: str) -> Any:
        return next((one for one in self.shop.variants.values() if one.item == _tail(item)), None)

    def _work(self, number: str) -> Any:
        return next((order, work) for order in self.shop.orders.values() for work in order.works
                    if work.id == _tail(number))

    def _become(self, number: str, status: str, before: Sequence[str]) -> Any:
        order, work = self._work(number)
        if work.status not in before:
            return _refusal("fulfillmentOrder", f"Fulfillment order is {work.status.lower()}.")
        work.status = status
        self.shop.touch(order.id)
        return {"fulfillmentOrder": {"id": number, "status": status}, "userErrors": []}

    def _quantity_errors(self, place: int, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        def error(code: str, name: str) -> list[dict[str, Any]]:
            return [{"code": code, "message": f"{code.lower()} w pozycji {place}",
                     "field": ["input", "quantities", str(place), name]}]

        variant = self._variant_of(row["inventoryItemId"])
        if variant is None:
            return error("INVALID_INVENTORY_ITEM", "inventoryItemId")
        if variant.id in self.shop.immutable:
            return error("NON_MUTABLE_INVENTORY_ITEM", "inventoryItemId")
        if _tail(row["locationId"]) not in variant.levels:
            return error("INVALID_LOCATION", "locationId")
        if row["quantity"] < 0:
            return error("INVALID_QUANTITY_NEGATIVE", "quantity")
        wanted = row["changeFromQuantity"]
        if wanted is not None and wanted != variant.levels[_tail(row["locationId"])]:
            return error("CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity")
        return []

    def _once(self, key: str, told: Any, act: Callable[[], Any], made: str) -> Any:
        """Do it, or say again what was said under the same key."""
        if not key:
            raise No("BAD_REQUEST", "The @idempotent directive is required for this mutation.")
        words = json.dumps(told, sort_keys=True, default=str)
        if key in self.shop.keys:
            before, payload = self.shop.keys[key]
            if before != words:
                return {made: None, "userErrors": [{
                    "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "field": None, "message":
                    "The same idempotency key cannot be used with different parameters."}]}
            if payload["userErrors"]:
                return {made: None, "userErrors": [{
                    "code": "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "field": None, "message":
                    "A previous request with this idempotency key failed."}]}
            return payload
        payload = act()
        self.shop.keys[key] = (words, payload)
        return payload

    def _fits(self, order: Sale, query: str) -> bool:
        """Whether an order is found. A filter that nobody here knows fails: Shopify ignores it."""
        rest = query
        for sign, written in re.findall(r"updated_at:(>=|<=)'([^']+)'", query):
            when, at = datetime.fromisoformat(written), order.updated
            if (sign == ">=" and at < when) or (sign == "<=" and at > when):
                return False
        rest = re.sub(r"updated_at:(>=|<=)'[^']+'", "", rest)
        words = dict.fromkeys(re.findall(r"(return_status|financial_status):(\w+)", rest))
        left = re.sub(r"(return_status|financial_status):\w+|\bAND\b|\bOR\b|[() ]", "", rest)
        assert not left, f"a filter that nobody knows: {left}"
        own = {("return_status", self.shop.returning(order).lower()),
               ("financial_status", self.shop.financial(order).lower())}
        return not words or bool(own & set(words))


def _place(order: Sale) -> tuple[str, int]:
    return (str(stamp(order.updated)), order.id)


def _tail(number: str) -> int:
    found = re.search(r"/(\d+)(\?.*)?$", number)
    return int(found[1]) if found else -1


def _tracking(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    urls = told.get("urls") or []
    return [{"number": number, "company": told.get("company"),
             "url": urls[place] if place < len(urls) else None}
            for place, number in enumerate(told.get("numbers") or ())]


def _refusal(made: str, message: str) -> dict[str, Any]:
    return {made: None, "userErrors": [{"field": [made], "message": message}]}


__all__ = ["CLIENT", "GRAPHQL", "OLD_TOKEN", "OPEN", "Wire"]
