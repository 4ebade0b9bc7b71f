"""FedEx as a stand-in for what karrio sends: names and shapes as in karrio's own schemas of FedEx's
REST APIs (token, ship, rate, track).

It is strict where karrio has been wrong: a street whose number moved, pounds, dollars, an image for
a label are refused, and so is every name that FedEx does not have there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

from oms_connector import Booking, Limit, Package, Response, Travel
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_connector.testing.standin import Absent, Carried, Wish
from oms_karrio import FedEx

from tests.contract.inpost_standin import BUYER, SELLER, pdf

ACCOUNT = "123456789"
SHIPMENT = {
    "blockInsightVisibility", "labelSpecification", "packagingType", "pickupType",
    "preferredCurrency", "rateRequestType", "recipients", "requestedPackageLineItems",
    "serviceType", "shipDatestamp", "shipper", "shippingChargesPayment",
    "shippingDocumentSpecification", "totalDeclaredValue", "totalPackageCount", "totalWeight",
}
BOX = {"customerReferences", "declaredValue", "dimensions", "groupPackageCount", "itemDescription",
       "packageSpecialServices", "subPackagingType", "weight"}
PARTY = {"address", "contact"}
SCANS: Mapping[Travel, str] = {
    "accepted": "PU", "moving": "DP", "out": "OD", "waiting": "HL", "delivered": "DL",
    "exception": "SE", "returning": "RS",
}


def refuse(status: int, code: str, message: str) -> Response:
    """A refusal."""
    return answer(status, {"transactionId": "t", "errors": [{"code": code, "message": message}]})


class Fedex(StandIn):
    """One account. ``labels``: what it sends as a label instead of a PDF."""

    connector = FedEx
    ours = "oms_karrio"
    limits = (Limit(per_second=2, burst=6),)
    unknown = "799999999999"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_open = True
        self.issued = 0
        self.labels: bytes | None = None
        self.parcels: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, Any]]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"api_key": "key-of-the-kit", "account_number": ACCOUNT, "test": True}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"secret_key": "secret-of-the-kit"}

    def revoke(self) -> None:
        self.is_open = False

    # Answers

    def exchange(self, request: Request) -> Response:
        if not request.url.startswith("https://apis-sandbox.fedex.com/"):
            return refuse(404, "NOT.FOUND.ERROR", "no such host")
        if request.path == "/oauth/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer access-{self.issued}":
            return refuse(401, "NOT.AUTHORIZED.ERROR", "Access token expired.")
        for path, verb, handle in (
            ("/ship/v1/shipments", "POST", self._ship),
            ("/ship/v1/shipments/cancel", "PUT", self._cancel),
            ("/rate/v1/rates/quotes", "POST", self._rate),
            ("/track/v1/trackingnumbers", "POST", self._track),
        ):
            if (path, verb) == (request.path, request.method):
                return handle(request.json())
        return refuse(404, "NOT.FOUND.ERROR", "no such resource")

    def _token(self, request: Request) -> Response:
        form = {name: one for name, [one] in parse_qs(request.body.decode()).items()}
        if not self.is_open or form != {
                "grant_type": "client_credentials", "client_id": "key-of-the-kit",
                "client_secret": "secret-of-the-kit"}:
            return refuse(401, "NOT.AUTHORIZED.ERROR", "Client credentials are not valid")
        self.issued += 1
        return answer(200, {"access_token": f"access-{self.issued}", "token_type": "bearer",
                            "expires_in": 3599, "scope": "CXS"})

    def _ship(self, form: Mapping[str, Any]) -> Response:
        asked = form["requestedShipment"]
        [box] = asked["requestedPackageLineItems"]
        names = sorted((set(asked) - SHIPMENT) | (set(box) - BOX))
        if names:
            return refuse(400, "INVALID.INPUT.EXCEPTION", f"unknown names {names}")
        if form["accountNumber"]["value"] != ACCOUNT:
            return refuse(400, "SHIPPER.ACCOUNTNUMBER.INVALID", "Shipper account is invalid")
        [receiver] = asked["recipients"]
        for who, party in (("SHIPPER", asked["shipper"]), ("RECIPIENT", receiver)):
            digits = re.sub(r"\D", "", party["contact"].get("phoneNumber", ""))
            if not 6 <= len(digits) <= 15 or not digits.strip("0"):
                return refuse(400, f"{who}.PHONENUMBER.INVALID", f"{who} phone number {digits}")
            if any(len(line) > 35 for line in party["address"]["streetLines"]):
                return refuse(400, f"{who}.STREETLINE.TOOLONG", f"{who} street line is too long")
        if box["weight"]["units"] != "KG" or box["dimensions"]["units"] != "CM":
            return refuse(400, "PACKAGE.WEIGHT.INVALID", "package weight")
        if asked["labelSpecification"]["imageType"] != "PDF":
            return refuse(400, "LABEL.IMAGETYPE.INVALID", "label")
        if asked["preferredCurrency"] != "PLN":
            return refuse(400, "CURRENCY.INVALID", "currency")
        number = f"79{len(self.parcels):010d}"
        self.parcels[number] = {"form": asked, "cancelled": False}
        self.scans[number] = [self._scan("OC")]
        content = base64.b64encode(self.labels or pdf(number)).decode()
        return answer(200, {"transactionId": "t", "output": {"transactionShipments": [{
            "masterTrackingNumber": number, "serviceType": asked["serviceType"],
            "shipDatestamp": asked["shipDatestamp"],
            "pieceResponses": [{
                "masterTrackingNumber": number, "trackingNumber": number,
                "trackingIdType": "FEDEX", "serviceCategory": "EXPRESS",
                "packageDocuments": [{"contentType": "LABEL", "docType": "PDF",
                                      "copiesToPrint": 1, "encodedLabel": content}]}],
            "completedShipmentDetail": {"carrierCode": "FDXE"}}]}})

    def _cancel(self, form: Mapping[str, Any]) -> Response:
        one = self.parcels.get(form["trackingNumber"])
        if one is None or form["accountNumber"]["value"] != ACCOUNT \
                or form["deletionControl"] != "DELETE_ALL_PACKAGES":
            return refuse(400, "TRACKINGNUMBER.NOTFOUND", "Tracking number was not found")
        if one["cancelled"]:
            return refuse(400, "SHIPMENT.ALREADY.CANCELLED", "Shipment is cancelled already")
        if len(self.scans[form["trackingNumber"]]) > 1:
            return refuse(400, "SHIPMENT.CANNOT.CANCEL", "Shipment was picked up")
        one["cancelled"] = True
        return answer(200, {"transactionId": "t", "output": {
            "cancelledShipment": True, "cancelledHistory": True, "successMessage": "Success"}})

    def _rate(self, form: Mapping[str, Any]) -> Response:
        asked = form["requestedShipment"]
        [box] = asked["requestedPackageLineItems"]
        if box["weight"]["units"] != "KG" or asked["preferredCurrency"] != "PLN":
            return refuse(400, "PACKAGE.WEIGHT.INVALID", "package weight")
        return answer(200, {"transactionId": "t", "output": {"rateReplyDetails": [{
            "serviceType": service, "serviceName": service.title(),
            "operationalDetail": {"transitTime": "TWO_DAYS"},
            "ratedShipmentDetails": [{
                "rateType": "ACCOUNT", "currency": "PLN", "totalBaseCharge": 40.0,
                "totalDiscounts": 0.0, "totalNetCharge": price,
                "shipmentRateDetail": {"currency": "PLN", "rateZone": "A", "surCharges": [
                    {"type": "FUEL", "description": "Fuel Surcharge", "amount": 7.03}],
                    "taxes": [{"type": "VAT", "amount": 11.5}]}}]}
            for service, price in (("FEDEX_REGIONAL_ECONOMY", 61.5),
                                   ("FEDEX_INTERNATIONAL_PRIORITY", 161.5),
                                   ("INTERNATIONAL_FIRST", 500.0))]}})

    def _track(self, form: Mapping[str, Any]) -> Response:
        return answer(200, {"transactionId": "t", "output": {"completeTrackResults": [
            {"trackingNumber": number, "trackResults": [self._result(number)]}
            for one in form["trackingInfo"]
            for number in [one["trackingNumberInfo"]["trackingNumber"]]]}})

    def _result(self, number: str) -> Mapping[str, Any]:
        info = {"trackingNumberInfo": {"trackingNumber": number}}
        if number not in self.parcels:
            return info | {"error": {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND",
                                     "message": "Tracking number cannot be found."}}
        latest = self.scans[number][0]
        return info | {"latestStatusDetail": {"code": latest["eventType"]},
                       "scanEvents": self.scans[number]}

    def _scan(self, code: str) -> dict[str, Any]:
        # FedEx tells the clock of the place, with its offset.
        at = self.now.astimezone(timezone(timedelta(hours=1)))
        return {"date": at.isoformat(timespec="seconds"), "eventType": code,
                "eventDescription": f"scan {code}",
                "scanLocation": {"city": "WARSZAWA", "countryCode": "PL"}}

    # The kit's verbs

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        if wish != "plain":
            raise Absent("one parcel to a door, nothing else")
        return Booking(key, "fedex_regional_economy", SELLER, BUYER,
                       [Package(2500, 305, 200, 100)], note="1001")

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return replace(self.booking(key), receiver=replace(BUYER, phone="")), "receiver.phone"

    def bookings(self, key: str) -> Sequence[Carried]:
        return [self._carried(ref, one["form"]) for ref, one in self.parcels.items()
                if not one["cancelled"] and _key(one["form"]) == key]

    def _carried(self, ref: str, form: Mapping[str, Any]) -> Carried:
        [box] = form["requestedPackageLineItems"]
        [receiver] = form["recipients"]
        return Carried(ref, form["serviceType"].casefold(),
                       [round(box["weight"]["value"] * 1000)], None, "",
                       receiver["address"]["postalCode"])

    def travel(self, tracking: str, state: Travel) -> str:
        if state not in SCANS:
            raise Absent("no such scan")
        self.scans[tracking].insert(0, self._scan(SCANS[state]))
        return SCANS[state]

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return ["names that FedEx does not know"] if b"unknown names" in response.body else []


def _key(form: Mapping[str, Any]) -> str:
    [box] = form["requestedPackageLineItems"]
    return next(one["value"] for one in box["customerReferences"])
