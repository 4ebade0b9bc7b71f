"""DPDServices as a stand-in: refusals with status 200, references that are unique, bare postcodes.

Made after public clients that had read the vendor's OpenAPI file: required fields, lengths, codes.
"""

from __future__ import annotations

import base64
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import Booking, Limit, Package, Response
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_connector.testing.facts import Carried, Wish
from oms_connector.testing.standin import Absent
from oms_dpd import DpdConnector
from oms_dpd.following import NAMESPACE, PLACES, ZONE

from tests.contract.inpost_standin import BUYER, SELLER, pdf
from tests.contract.soap_standin import SoapStandIn, fault
from tests.contract.soap_standin import answer as soap_answer

BASIC = "Basic " + b64encode(b"login-of-the-kit:password-of-the-kit").decode()
ROOT = "/public/shipment/v1"
MASTER, PAYER = "431304", 431305
PACKAGE = {"reference", "receiver", "pudoReceiver", "sender", "payerFID", "ref1", "ref2", "ref3",
           "services", "parcels"}
PARTY = {"company": 100, "name": 100, "address": 100, "city": 50, "countryCode": 2,
         "postalCode": 10, "phone": 100, "email": 100}
PARCEL = {"reference", "weight", "sizeX", "sizeY", "sizeZ", "content", "customerData1"}
POINTS = {"PL11033"}
INFO = PLACES["https://dpdservicesdemo.dpd.com.pl"]
# A code for each state; the first is in no table of ours, its words tell.
CODES = {"announced": "030103", "accepted": "040101", "moving": "160101", "out": "170101",
         "waiting": "511201", "delivered": "190101", "exception": "200304",
         "returning": "230403"}
SAID = {"announced": "Zarejestrowano dane przesyłki"}


class InfoServices(SoapStandIn):
    """Where parcels are: another service, at another host, with the login in the document."""

    namespace = NAMESPACE
    action = ""
    schema = {
        "getEventsForWaybillV1": ("waybill", "eventsSelectType ALL|ONLY_LAST",
                                  "language PL|EN", "authDataV1 authDataV1"),
        "authDataV1": ("channel", "login", "password"),
    }


class Dpd(StandIn):
    """One contract."""

    connector = DpdConnector
    limits = (Limit(per_second=3, burst=10),)
    unknown = "0000009999999Q"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_open = True
        self.packages: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, Any]]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://dpdservicesdemo.dpd.com.pl", "master": MASTER,
                "payer": str(PAYER), "follows": True}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"login": "login-of-the-kit", "password": "password-of-the-kit"}

    def revoke(self) -> None:
        self.is_open = False

    def exchange(self, request: Request) -> Response:
        if request.url.startswith(INFO):
            return self._told(request)
        if request.headers.get("authorization") != BASIC or not self.is_open:
            return answer(401, {"status": "MISSING_PERMISSION"})
        if request.headers.get("x-dpd-fid") != MASTER:
            return answer(200, {"status": "DISALLOWED_FID", "traceId": "t"})
        if (request.method, request.path) == ("POST", f"{ROOT}/generatePackagesNumbers"):
            return self._make(request.json())
        if (request.method, request.path) == ("POST", f"{ROOT}/generateSpedLabels"):
            return self._label(request.json())
        return answer(404, {"errors": [{"code": "NOT_FOUND"}]})

    def _make(self, form: Mapping[str, Any]) -> Response:
        [package] = form["packages"]
        if form["generationPolicy"] not in ("STOP_ON_FIRST_ERROR", "IGNORE_ERRORS",
                                            "ALL_OR_NOTHING"):
            return self._bad("generationPolicy")
        unknown = [*(set(package) - PACKAGE), *(set(package["parcels"][0]) - PARCEL)]
        for who in ("sender", "receiver"):
            unknown += set(package.get(who, {})) - set(PARTY)
        if unknown:
            return self._bad(unknown[0])
        if package["payerFID"] != PAYER:
            return answer(200, {"status": "DISALLOWED_FID", "traceId": "t"})
        if package["reference"] in self.packages:
            return answer(200, {"status": "DUPLICATED_PACKAGE_REFERENCE", "packages": []})
        if code := self._wrong(package):
            return answer(200, {"status": "NOT_PROCESSED", "packages": [{
                "status": "INCORRECT_DATA", "parcels": [], "validationInfo": [
                    {"errorCode": code, "info": f"wrong: {package.get('receiver')}"}]}]})
        number = f"000000{len(self.packages):07d}Q"
        self.packages[package["reference"]] = {"form": package, "number": number}
        return answer(200, {"status": "OK", "sessionId": 77, "traceId": "t", "packages": [{
            "status": "OK", "reference": package["reference"], "parcels": [{
                "status": "OK", "waybill": number,
                "reference": package["parcels"][0]["reference"]}]}]})

    def _wrong(self, package: Mapping[str, Any]) -> str:
        for who in ("sender", "receiver"):
            party = package.get(who)
            if party is None:
                continue
            if not re.fullmatch(r"\d{5}", party.get("postalCode", "")) \
                    or party["postalCode"] == "00000":
                return f"INCORRECT_{who.upper()}_POSTAL_CODE"
            if not party.get("address") or not party.get("city"):
                return f"INCORRECT_{who.upper()}_ADDRESS"
            if any(len(party.get(name, "")) > most for name, most in PARTY.items()):
                return f"INCORRECT_{who.upper()}_NAME"
        codes = {one["code"]: one for one in package.get("services", ())}
        if ("DPD_PICKUP" in codes) != ("pudoReceiver" in package) or (
                "pudoReceiver" in package and package["pudoReceiver"]["pudoId"] not in POINTS):
            return "INCORRECT_PUDO_ID"
        if not 0 < package["parcels"][0]["weight"] <= 31.5:
            return "INCORRECT_WEIGHT"
        for code in ("COD", "DECLARED_VALUE"):
            told = {one["code"]: one["value"] for one in codes.get(code, {}).get("attributes", ())}
            if code in codes and not (re.fullmatch(r"\d+\.\d\d", told.get("AMOUNT", ""))
                                      and told.get("CURRENCY") in ("PLN", "EUR", "RON", "CZK")):
                return f"{code}_INCORRECT_AMOUNT"
        return ""

    def _bad(self, field: str) -> Response:
        return answer(400, {"errors": [{"code": "VALIDATION", "subCode": "UNKNOWN_FIELD",
                                        "field": field, "userMessage": field}]})

    def _label(self, form: Mapping[str, Any]) -> Response:
        session = form["labelSearchParams"]["session"]
        [package] = session["packages"]
        [parcel] = package["parcels"]
        if session["type"] != "DOMESTIC" or form["format"] != "LBL_PRINTER" \
                or form["outputType"] != "BIC3":
            return self._bad("format")
        one = next((found for ref, found in self.packages.items()
                    if found["number"] == parcel.get("waybill")
                    or (ref == package.get("reference") and parcel.get("reference")
                        == found["form"]["parcels"][0]["reference"])), None)
        if one is None:
            return answer(200, {"status": "NOT_FOUND", "traceId": "t"})
        number = one["number"]
        content = {"PDF": pdf(number), "ZPL": b"^XA^FD" + number.encode() + b"^FS^XZ\n"}
        return answer(200, {
            "status": "OK", "traceId": "t", "documentId": "d",
            "documentData": base64.b64encode(content[form["outputDocFormat"]]).decode(),
            "session": {"sessionId": 77, "packages": [{"parcels": [{"waybill": number}]}]}})

    # The kit's verbs

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        box = Package(2500, 305, 200, 100)
        if wish == "several":
            raise Absent("one parcel at a time")
        if wish == "point":
            return Booking(key, "pickup", SELLER, BUYER, [box], point="PL11033")
        if wish == "return":
            return Booking(key, "courier", BUYER, SELLER, [box], is_return=True)
        return Booking(key, "courier", SELLER, BUYER, [box], note="1001",
                       cod=Decimal("123.45") if wish == "cod" else None)

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return replace(self.booking(key), receiver=replace(BUYER, postcode="")), "receiver.postcode"

    def bookings(self, key: str) -> Sequence[Carried]:
        return [self._carried(one) for ref, one in self.packages.items() if ref == key]

    def _carried(self, one: Mapping[str, Any]) -> Carried:
        form = one["form"]
        to_point = "pudoReceiver" in form
        codes = {service["code"]: service for service in form.get("services", ())}
        cod = codes["COD"]["attributes"][0]["value"] if "COD" in codes else None
        code = BUYER.postcode if to_point else form["receiver"]["postalCode"]
        return Carried(one["number"], "pickup" if to_point else "courier",
                       [int(Decimal(str(box["weight"])) * 1000) for box in form["parcels"]],
                       Decimal(cod) if cod else None,
                       form["pudoReceiver"]["pudoId"] if to_point else "",
                       code if "-" in code else f"{code[:2]}-{code[2:]}")

    def _told(self, request: Request) -> Response:
        service = InfoServices(self.clock)
        asked = service.opened(request)[1]
        if not re.fullmatch(r"\d{13}[A-Z]", asked.text("waybill")):
            return fault("Server", "Invalid waybill format")
        if wrong := service.violations(request, Response(200, {}, b"")):
            return fault("Client", "; ".join(wrong))
        login = asked.child("authDataV1")
        if not self.is_open or "authorization" in request.headers or (
                login.text("login"), login.text("password")) != (
                self.secrets["login"], self.secrets["password"]):
            return fault("Server", "Access denied to secured webserwis method")
        return soap_answer(NAMESPACE, "getEventsForWaybillV1", {"return": {
            "confirmId": "0", "eventsList": self.scans.get(asked.text("waybill"), [])}})

    def travel(self, tracking: str, state: Any) -> str:
        local = self.now.astimezone(ZONE)
        self.scans.setdefault(tracking, []).insert(0, {  # the newest first
            "businessCode": CODES[state], "country": "PL", "depot": "1322",
            "depotName": "Katowice", "description": SAID.get(state, "zdarzenie"),
            "eventTime": f"{local:%Y-%m-%dT%H:%M:%S}", "waybill": tracking})
        return CODES[state]

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if request.url.startswith(INFO):
            return InfoServices(self.clock).violations(request, response)
        return [response.body.decode()] if b"UNKNOWN_FIELD" in response.body else []
