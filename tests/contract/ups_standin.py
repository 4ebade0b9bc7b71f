"""UPS as a stand-in: names and lengths as in the vendor's OpenAPI files.

A label is found again by its number, and by a reference of the shipper's; where there is none the
answer is a refusal like any other. What was not scanned yet has only its manifest.
"""

from __future__ import annotations

import base64
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import Booking, Limit, Package, Response, Travel
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_connector.testing.facts import Carried, Wish
from oms_connector.testing.standin import Absent
from oms_ups import UpsConnector

from tests.contract.inpost_standin import BUYER, SELLER, pdf

ACCOUNT = "A1B2C3"
BASIC = "Basic " + b64encode(b"app-of-the-kit:secret-of-the-kit").decode()
SHIP = {"Description", "Shipper", "ShipTo", "ShipFrom", "PaymentInformation", "Service",
        "ReferenceNumber", "Package", "ReturnService", "ShipmentServiceOptions"}
SHIP_PARTY = {"Name", "AttentionName", "Phone", "EMailAddress", "Address", "ShipperNumber"}
RATE = {"Shipper", "ShipTo", "ShipFrom", "PaymentDetails", "Package", "ShipmentRatingOptions",
        "ShipmentServiceOptions"}
RATE_PARTY = {"Name", "AttentionName", "ShipperNumber", "Address"}
ADDRESS = {"AddressLine", "City", "PostalCode", "CountryCode"}
SCANS: Mapping[Travel, tuple[str, str]] = {
    "accepted": ("P", "PU"), "moving": ("I", "DP"), "out": ("I", "OT"), "delivered": ("D", "FS"),
    "exception": ("X", "A6"), "returning": ("RS", "RS"),
}


def refuse(code: str, message: str, status: int = 400) -> Response:
    """A refusal."""
    return answer(status, {"response": {"errors": [{"code": code, "message": message}]}})


class Ups(StandIn):
    """One account. ``forgets``: labels are no longer found by a reference."""

    connector = UpsConnector
    limits = (Limit(per_second=3, burst=10),)
    unknown = "1Z00000000000000XX"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_open = True
        self.forgets = False
        self.issued = 0
        self.shipments_by_number: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, Any]]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://wwwcie.ups.com", "client_id": "app-of-the-kit",
                "account": ACCOUNT}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": "secret-of-the-kit", "access_token": f"access-{self.issued}"}

    def expire_tokens(self) -> None:
        self.issued += 1

    def revoke(self) -> None:
        self.is_open = False

    # Answers

    def exchange(self, request: Request) -> Response:
        if request.path == "/security/v1/oauth/token":
            return self._token(request)
        if not self.is_open or request.headers.get("authorization") != \
                f"Bearer access-{self.issued}":
            return refuse("250002", "Invalid Authentication Information.", 401)
        for pattern, verb, handle in (
            (r"/api/shipments/v2409/ship", "POST", self._ship),
            (r"/api/shipments/v2409/void/cancel/(\w+)", "DELETE", self._void),
            (r"/api/labels/v1/recovery", "POST", self._recover),
            (r"/api/rating/v2409/Shop", "POST", self._rate),
            (r"/api/track/v1/details/(\w+)", "GET", self._track),
        ):
            found = re.fullmatch(pattern, request.path)
            if found and verb == request.method:
                return handle(request, *found.groups())
        return refuse("10404", "Not found", 404)

    def _token(self, request: Request) -> Response:
        if not self.is_open or request.headers.get("authorization") != BASIC \
                or request.body != b"grant_type=client_credentials":
            return answer(401, {"response": {"errors": [{"code": "10401", "message": "no"}]}})
        self.issued += 1
        return answer(200, {"token_type": "Bearer", "access_token": f"access-{self.issued}",
                            "expires_in": "14399", "status": "approved"})

    def _ship(self, request: Request) -> Response:
        form = request.json()["ShipmentRequest"]["Shipment"]
        if wrong := unknown_names(form, SHIP, SHIP_PARTY):
            return refuse("9999", f"unknown names: {wrong}")
        for who, said in (("Shipper", "Shipper"), ("ShipTo", "Ship To")):
            party = form[who]
            if not re.fullmatch(r"\d{6,15}", party["Phone"]["Number"]):
                return refuse("120213", f"Missing or invalid {said} phone number {party}")
            lines = party["Address"]["AddressLine"]
            if not 0 < len(lines) <= 3 or any(not 0 < len(line) <= 35 for line in lines):
                return refuse("120202", f"Missing or invalid {said} address line")
            if not re.fullmatch(r"\w{3,9}", party["Address"]["PostalCode"]):
                return refuse("120207", f"Missing or invalid {said} postal code")
        if form["Shipper"]["ShipperNumber"] != ACCOUNT:
            return refuse("120100", "Missing or invalid shipper number")
        if form["Service"]["Code"] not in {"11", "07", "65", "54", "74"}:
            return refuse("111210", "The requested service is unavailable")
        number = f"1Z{ACCOUNT}68{len(self.shipments_by_number):08d}"
        self.shipments_by_number[number] = {"form": form, "voided": False}
        charge = {"CurrencyCode": "PLN", "MonetaryValue": "31.50"}
        return answer(200, {"ShipmentResponse": {
            "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
            "ShipmentResults": {
                "ShipmentCharges": {"TotalCharges": charge},
                "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "2.5"},
                "ShipmentIdentificationNumber": number,
                "PackageResults": [{"TrackingNumber": number}]}}})

    def _void(self, request: Request, number: str) -> Response:
        one = self.shipments_by_number.get(number)
        if one is None:
            return refuse("190102", "No shipment found within the allowed void period")
        if one["voided"]:
            return refuse("190117", "The shipment has already been voided")
        if any(scan["status"]["type"] != "M" for scan in self.scans.get(number, ())):
            return refuse("190101", "Time for voiding has expired")
        one["voided"] = True
        return answer(200, {"VoidShipmentResponse": {"SummaryResult": {
            "Status": {"Code": "1", "Description": "Voided"}}}})

    def _recover(self, request: Request) -> Response:
        form = request.json()["LabelRecoveryRequest"]
        number = form.get("TrackingNumber")
        if number is None:
            wanted = form["ReferenceValues"]
            if wanted["ShipperNumber"] != ACCOUNT or len(ACCOUNT) != 6:
                return refuse("300080", "Invalid shipper number")
            number = next((ref for ref, one in self.shipments_by_number.items()
                           if not self.forgets and wanted["ReferenceNumber"] in
                           one["form"]["ReferenceNumber"]), "")
        one = self.shipments_by_number.get(number)
        if one is None or one["voided"]:
            return refuse("300021", "No label was found")
        kind = form["LabelSpecification"]["LabelImageFormat"]["Code"]
        content = {"PDF": pdf(number), "ZPL": b"^XA^FD" + number.encode() + b"^FS^XZ\n"}[kind]
        return answer(200, {"LabelRecoveryResponse": {
            "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
            "ShipmentIdentificationNumber": number,
            "LabelResults": {"TrackingNumber": number, "LabelImage": {
                "LabelImageFormat": {"Code": kind},
                "GraphicImage": base64.b64encode(content).decode()}}}})

    def _rate(self, request: Request) -> Response:
        asked = request.json()["RateRequest"]
        form = asked["Shipment"]
        if "RequestOption" not in asked["Request"] or unknown_names(form, RATE, RATE_PARTY):
            return refuse("9999", "unknown names")
        return answer(200, {"RateResponse": {"RatedShipment": [
            {"Service": {"Code": code}, "TotalCharges": {
                "CurrencyCode": "PLN", "MonetaryValue": price}}
            for code, price in (("11", "31.50"), ("65", "80.00"), ("96", "900.00"))]}})

    def _track(self, request: Request, number: str) -> Response:
        if not (request.headers.get("transid") and request.headers.get("transactionsrc")):
            return refuse("TV0001", "transId and transactionSrc are required")
        if number not in self.shipments_by_number:
            return refuse("TW0001", "Tracking Information Not Found", 404)
        return answer(200, {"trackResponse": {"shipment": [{
            "inquiryNumber": number, "package": [{
                "trackingNumber": number, "activity": [
                    *self.scans.get(number, ()), self._activity("M", "MP")]}]}]}})

    def _activity(self, kind: str, code: str, at: Any = None) -> dict[str, Any]:
        at = at or self.now.replace(hour=0, minute=0, second=1)
        return {"location": {"address": {"city": "Warszawa", "countryCode": "PL"}},
                "status": {"type": kind, "code": code, "description": f"po polsku {kind}"},
                "date": f"{at:%Y%m%d}", "time": f"{at:%H%M%S}",
                "gmtDate": f"{at:%Y%m%d}", "gmtTime": f"{at:%H:%M:%S}", "gmtOffset": "+01:00"}

    # The kit's verbs

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        box = Package(2500, 305, 200, 100)
        if wish in ("point", "several"):
            raise Absent("one parcel to a door")
        if wish == "return":
            return Booking(key, "11", BUYER, SELLER, [box], is_return=True)
        return Booking(key, "11", SELLER, BUYER, [box], note="1001",
                       cod=Decimal("123.45") if wish == "cod" else None)

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return replace(self.booking(key), receiver=replace(BUYER, phone="")), "receiver.phone"

    def bookings(self, key: str) -> Sequence[Carried]:
        return [self._carried(ref, one["form"]) for ref, one in self.shipments_by_number.items()
                if not one["voided"] and {"Value": key} in one["form"]["ReferenceNumber"]]

    def _carried(self, ref: str, form: Mapping[str, Any]) -> Carried:
        cod = form.get("ShipmentServiceOptions", {}).get("COD")
        code = form["ShipTo"]["Address"]["PostalCode"]
        return Carried(ref, form["Service"]["Code"],
                       [int(Decimal(box["PackageWeight"]["Weight"]) * 1000)
                        for box in form["Package"]],
                       Decimal(cod["CODAmount"]["MonetaryValue"]) if cod else None, "",
                       f"{code[:2]}-{code[2:]}")

    def travel(self, tracking: str, state: Travel) -> str:
        if state not in SCANS:
            raise Absent("no such scan")
        self.scans.setdefault(tracking, []).insert(0, self._activity(*SCANS[state], self.now))
        return " ".join(SCANS[state])

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return ["names that UPS does not know"] if b'"9999"' in response.body else []


def unknown_names(form: Mapping[str, Any], known: set[str], party: set[str]) -> Sequence[str]:
    """Names in a shipment that the vendor's file does not have there."""
    found = sorted(set(form) - known)
    for who in ("Shipper", "ShipTo", "ShipFrom"):
        allowed = party - ({"EMailAddress"} if who == "ShipFrom" else set())
        found += sorted(set(form[who]) - allowed)
        found += sorted(set(form[who]["Address"]) - ADDRESS)
    return found
