"""The Selling Partner API, Login with Amazon and the file store on top of a ``Shop``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from oms_connector import Response
from oms_connector.testing import Request, answer

from tests.contract.amazon_shop import (
    DE,
    PL,
    RETURN_COLUMNS,
    SE,
    SELLER,
    Feed,
    Listing,
    Shop,
    stamp,
)

CLIENT = ("amzn1.application-oa2-client.0123456789", "amzn1.oa2-cs.v1.a-secret-of-ours")
GRANT = "Atzr|a-refresh-token-of-ours"
STORE = "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com"
CARRIERS = ("DPD", "DHL", "GLS", "UPS", "Other")
MOST_FOUND = 1000
HOUR = timedelta(hours=1)


def refused(status: int, code: str, message: str, details: str = "") -> Response:
    """A refusal in Amazon's form."""
    return answer(status, {"errors": [{"code": code, "message": message, "details": details}]})


@dataclass
class Wire:
    """The way to a shop. ``token`` is the access token that is good until ``until``."""

    shop: Shop
    token: str = "Atza|first"
    until: datetime | None = None
    given: int = 1
    is_revoked: bool = False
    tokens: dict[str, list[str]] = field(default_factory=dict)
    rate: str = ""
    most_found: int = MOST_FOUND
    after_page: Callable[[], None] | None = None

    def serve(self, request: Request) -> Response:
        """What Amazon answers."""
        host = urlsplit(request.url).netloc
        if host == "api.amazon.com":
            return self._login(request)
        if host.endswith(".amazonaws.com"):
            return self._store(request)
        if request.headers.get("x-amz-access-token") != self.token or self.is_revoked:
            return refused(403, "Unauthorized", "Access to requested resource is denied.")
        if self.until and self.until <= self.shop.now:
            return refused(403, "Unauthorized", "Access to requested resource is denied.",
                           "The access token you provided has expired.")
        steps = [unquote(step) for step in request.path.strip("/").split("/")]
        part = {"orders": self._orders, "listings": self._listings, "feeds": self._feeds,
                "reports": self._reports, "sellers": self._sellers}[steps[0]]
        found = part(request, steps[2:])
        more = {"x-amzn-RateLimit-Limit": self.rate} if self.rate else {}
        return Response(found.status, {**found.headers, **more}, found.body)

    # Access

    def _login(self, request: Request) -> Response:
        form = {name: one[0] for name, one in parse_qs(request.body.decode()).items()}
        if (form["client_id"], form["client_secret"]) != CLIENT:
            return answer(401, {"error": "invalid_client",
                                "error_description": "Client authentication failed"})
        if form["refresh_token"] != GRANT or self.is_revoked:
            return answer(400, {"error": "invalid_grant",
                                "error_description": "The request has an invalid grant parameter"})
        self.given += 1
        self.token, self.until = f"Atza|token-{self.given}", self.shop.now + HOUR
        return answer(200, {"access_token": self.token, "refresh_token": GRANT,
                            "token_type": "bearer", "expires_in": 3600})

    def _sellers(self, request: Request, steps: list[str]) -> Response:
        return answer(200, {"payload": [{
            "marketplace": {"id": place, "name": name, "countryCode": code,
                            "defaultCurrencyCode": "PLN", "defaultLanguageCode": "pl_PL",
                            "domainName": f"www.amazon.{code.lower()}"},
            "participation": {"isParticipating": place != SE, "hasSuspendedListings": False},
            "storeName": "Kubki i spółka",
        } for place, name, code in ((PL, "Amazon.pl", "PL"), (DE, "Amazon.de", "DE"),
                                    (SE, "Amazon.se", "SE"))]})

    # Orders

    def _orders(self, request: Request, steps: list[str]) -> Response:
        if steps[-1] == "shipmentConfirmation":
            return self._confirm(steps[1], request.json())
        wanted = set(request.query.get("includedData", "").split(","))
        if len(steps) > 1:
            order = self._visible(steps[1])
            return answer(200, {"order": _shown(order, wanted)}) if order else \
                refused(404, "NotFound", "The order was not found.")
        return self._search(request, wanted)

    def _search(self, request: Request, wanted: set[str]) -> Response:
        query, shop = request.query, self.shop
        newest = shop.now - timedelta(minutes=2)
        until = query.get("lastUpdatedBefore") or stamp(newest)
        if ("lastUpdatedAfter" in query) == ("createdAfter" in query) or \
                datetime.fromisoformat(until) > newest:
            return refused(400, "InvalidInput", "The dates are invalid.")
        token = query.get("paginationToken")
        places = query["marketplaceIds"].split(",")
        if token and token not in self.tokens:
            return refused(400, "InvalidInput", "The pagination token is invalid or expired.")
        refs = self.tokens[token] if token else sorted(
            (ref for ref, order in shop.orders.items()
             if query["lastUpdatedAfter"] <= order["lastUpdatedTime"] <= until
             and order["salesChannel"].get("marketplaceId") in places and self._visible(ref)),
            key=lambda ref: (shop.orders[ref]["lastUpdatedTime"], ref))
        size = int(query["maxResultsPerPage"])
        page, rest = refs[:size], refs[size:]
        found: dict[str, Any] = {
            "orders": [_shown(shop.orders[ref], wanted) for ref in page],
            "lastUpdatedBefore": until,
        }
        if rest:
            following = sha256("/".join([query["lastUpdatedAfter"], *rest]).encode()).hexdigest()
            self.tokens[following] = rest
            found["pagination"] = {"nextToken": following}
        if self.after_page:
            self.after_page()
        return answer(200, found)

    def _visible(self, ref: str) -> dict[str, Any] | None:
        if self.shop.hidden.get(ref, self.shop.now) > self.shop.now:
            return None
        return self.shop.orders.get(ref)

    def _confirm(self, ref: str, body: Any) -> Response:
        order, package = self.shop.orders.get(ref), body["packageDetail"]
        if order is None:
            return refused(404, "NotFound", "The order was not found.")
        number = package["packageReferenceId"]
        if not (isinstance(number, str) and number.isdigit() and int(number) > 0):
            return refused(400, "InvalidInput", "PackageReferenceId must be positive and numeric.")
        if package["carrierCode"] not in CARRIERS or (
                package["carrierCode"] == "Other" and not package.get("carrierName")):
            return refused(400, "InvalidInput", "The carrier is invalid.")
        if datetime.fromisoformat(package["shipDate"]) > self.shop.now + timedelta(minutes=1):
            return refused(400, "InvalidInput", "The ship date is in the future.")
        known = [one["packageReferenceId"] for one in order.get("packages", ())]
        left = {entry["orderItemId"]: entry["fulfillment"]["quantityUnfulfilled"]
                for entry in order["orderItems"]}
        if number not in known and any(one["quantity"] > left.get(one["orderItemId"], 0)
                                       for one in package["orderItems"]):
            return refused(400, "InvalidInput", "The quantity is more than what is left.")
        self.shop.confirm(ref, package)
        return Response(204, {}, b"")

    # Offers

    def _listings(self, request: Request, steps: list[str]) -> Response:
        place, sku = request.query["marketplaceIds"], steps[2] if len(steps) > 2 else None
        if steps[1] != SELLER:
            return refused(403, "Unauthorized", "Access to requested resource is denied.")
        if sku is None:
            return self._search_listings(request, place)
        listing = self.shop.listings.get((place, sku))
        if request.method == "PATCH":
            if listing is None:
                return refused(400, "InvalidInput", f"SKU {sku} was not found.")
            body = request.json()
            wrong = [patch for patch in body["patches"]
                     if patch["path"].count("/") != 2 or body["productType"] != listing.type]
            if wrong:
                return answer(200, {"sku": sku, "status": "INVALID", "submissionId": "s1",
                                    "issues": [{"code": "4000001", "severity": "ERROR",
                                                "message": "The provided value is invalid.",
                                                "attributeNames": ["productType"],
                                                "categories": ["INVALID_ATTRIBUTE"]}]})
            self.shop.patch(place, sku, body)
            return answer(200, {"sku": sku, "status": "ACCEPTED", "submissionId": "s1",
                                "issues": []})
        if listing is None:
            return refused(404, "NotFound", f"SKU {sku} was not found.")
        return answer(200, self._item(place, listing, request.query["includedData"].split(",")))

    def _search_listings(self, request: Request, place: str) -> Response:
        query = request.query
        rows = [one for (where, _), one in self.shop.listings.items() if where == place]
        if "identifiers" in query:
            wanted = query["identifiers"].split(",")
            rows = [one for one in rows if one.sku in wanted]
        rows = [one for one in rows if stamp(one.created) >= query.get("createdAfter", "")]
        if query.get("sortBy") == "createdDate":
            rows.sort(key=lambda one: (one.created, one.sku))
        total, start, size = len(rows), int(query.get("pageToken", 0)), int(query["pageSize"])
        if size > 20:
            return refused(400, "InvalidInput", "The page size is too large.")
        rows = rows[:self.most_found]
        page = rows[start:start + size]
        found: dict[str, Any] = {
            "numberOfResults": total,
            "items": [self._item(place, one, query["includedData"].split(",")) for one in page],
        }
        if start + size < len(rows):
            found["pagination"] = {"nextToken": str(start + size)}
        return answer(200, found)

    def _item(self, place: str, one: Listing, wanted: list[str]) -> dict[str, Any]:
        channel = {"fulfillmentChannelCode": "AMAZON_EU"} if one.is_fba else \
            {"fulfillmentChannelCode": "DEFAULT", "quantity": one.quantity}
        parts = {
            "summaries": [{
                "marketplaceId": place, "asin": one.asin, "productType": one.type,
                "status": ["DISCOVERABLE", *(["BUYABLE"] if one.quantity else [])],
                "itemName": f"Item {one.sku}", "createdDate": stamp(one.created),
                "lastUpdatedDate": stamp(one.created)}],
            "offers": [{"marketplaceId": place, "offerType": kind, "price": {
                "amount": f"{one.price - less:.2f}", "currencyCode": one.currency}}
                for kind, less in (("B2B", 1), ("B2C", 0))],
            "fulfillmentAvailability": [channel],
            "attributes": {"externally_assigned_product_identifier": [
                {"type": "ean", "value": "5901234123457", "marketplace_id": place}]},
            "issues": list(one.issues),
        }
        return {"sku": one.sku} | {name: parts[name] for name in wanted}

    # Documents

    def _feeds(self, request: Request, steps: list[str]) -> Response:
        shop = self.shop
        if steps == ["documents"]:
            return answer(201, self._new_document())
        if steps[0] == "documents":
            return answer(200, {"feedDocumentId": steps[1], "url": f"{STORE}/{steps[1]}",
                                "compressionAlgorithm": "GZIP"})
        if request.method == "POST":
            body = request.json()
            ref = f"5{len(shop.feeds):08d}"
            shop.feeds[ref] = Feed(ref, body["feedType"], body["marketplaceIds"][0],
                                   body["inputFeedDocumentId"], body.get("feedOptions", {}),
                                   shop.now)
            return answer(202, {"feedId": ref})
        feed = shop.feeds.get(steps[1])
        if feed is None:
            return refused(404, "NotFound", "The feed was not found.")
        found = {"feedId": feed.id, "feedType": feed.kind, "createdTime": stamp(feed.created),
                 "processingStatus": feed.status}
        if feed.report is not None:
            name = f"result-{feed.id}"
            shop.documents[name] = gzip.compress(json.dumps(feed.report).encode())
            found["resultFeedDocumentId"] = name
        return answer(200, found)

    def _new_document(self) -> dict[str, str]:
        name = f"amzn1.tortuga.4.eu.{len(self.shop.documents):06d}"
        self.shop.documents[name] = None
        return {"feedDocumentId": name, "url": f"{STORE}/{name}?X-Amz-Signature=abc"}

    def _store(self, request: Request) -> Response:
        """The file store: the signature is in the address, and an access token would spoil it."""
        name = request.path.strip("/")
        if "x-amz-access-token" in request.headers or name not in self.shop.documents:
            return Response(403, {"content-type": "application/xml"}, b"<Error/>")
        if request.method == "PUT":
            self.shop.documents[name] = request.body
            return Response(200, {}, b"")
        return Response(200, {}, self.shop.documents[name] or b"")

    def _reports(self, request: Request, steps: list[str]) -> Response:
        shop = self.shop
        if request.method == "POST":
            body = request.json()
            ref = f"9{len(shop.reports):08d}"
            shop.reports.append({
                "reportId": ref, "reportType": body["reportType"],
                "marketplaceIds": body["marketplaceIds"], "createdTime": stamp(shop.now),
                "dataStartTime": body["dataStartTime"].replace("Z", "+00:00"),
                "processingStatus": "IN_QUEUE", "at": shop.now})
            return answer(202, {"reportId": ref})
        if steps[0] == "documents":
            return answer(200, {"reportDocumentId": steps[1], "url": f"{STORE}/{steps[1]}",
                                "compressionAlgorithm": "GZIP"})
        for report in shop.reports:
            if report["processingStatus"] == "IN_QUEUE" and \
                    shop.now >= report["at"] + timedelta(seconds=shop.report_takes):
                self._make(report)
        query = request.query
        return answer(200, {"reports": [
            {name: one for name, one in report.items() if name != "at"}
            for report in shop.reports
            if report["reportType"] in query["reportTypes"]
            and query["marketplaceIds"] in report["marketplaceIds"]
            and report["createdTime"] >= query["createdSince"]][-int(query["pageSize"]):]})

    def _make(self, report: dict[str, Any]) -> None:
        rows = [row for row in self.shop.returns
                if row["day"] >= report["dataStartTime"][:10]
                and row["marketplace"] in report["marketplaceIds"]]
        report["processingStatus"] = "DONE" if rows else "CANCELLED"
        if rows:
            lines = ["\t".join(RETURN_COLUMNS),
                     *("\t".join(row[name] for name in RETURN_COLUMNS) for row in rows)]
            report["reportDocumentId"] = f"returns-{report['reportId']}"
            self.shop.documents[report["reportDocumentId"]] = gzip.compress(
                "\n".join(lines).encode("cp1252", "replace"))


PARTS = {"BUYER": "buyer", "RECIPIENT": "recipient", "PROCEEDS": "proceeds", "TAX": "tax",
         "PAYMENT": "payment", "FULFILLMENT": "fulfillment", "PACKAGES": "packages"}
LINE_PARTS = {"PROCEEDS": "proceeds", "CANCELLATION": "cancellation",
              "FULFILLMENT": "fulfillment", "TAX": "tax"}


def _shown(order: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """An order with the parts that were asked for."""
    hidden = {name for data, name in PARTS.items() if data not in wanted}
    line_hidden = {name for data, name in LINE_PARTS.items() if data not in wanted}
    found = {name: one for name, one in order.items() if name not in hidden}
    found["orderItems"] = [{name: one for name, one in entry.items() if name not in line_hidden}
                           for entry in order["orderItems"]]
    return json.loads(json.dumps(found))
