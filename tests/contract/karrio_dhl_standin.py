"""DHL Parcel DE as a stand-in for what karrio sends: shapes as in karrio's own schemas of DHL's
token, shipping (v2) and tracking (v0) services.

Strict where karrio has been wrong: whose number is billed, a house number in its own field, a label
of a label printer's size. What was not scanned yet has no events.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from oms_connector import Booking, Limit, Package, Response, Travel
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_connector.testing.standin import Absent, Carried, Wish
from oms_karrio import DhlParcelDe

from tests.contract.inpost_standin import BUYER, SELLER, pdf

BILLING = "12345678900101"
HOME = ZoneInfo("Europe/Berlin")
SHOP = replace(SELLER, street="Unter den Linden 12", postcode="10117", city="Berlin", country="DE",
               phone="+49 30 1234567")
GUEST = replace(BUYER, street="Hauptstraße 12a", postcode="10115", city="Berlin", country="DE",
                phone="+49 170 1234567")
NAMES = {"billingNumber", "consignee", "details", "product", "refNo", "services", "shipDate",
         "shipper"}
SCANS: Mapping[Travel, tuple[str, str]] = {
    "accepted": ("SHRCU", "ES"), "moving": ("LDTMV", "AA"), "out": ("SRTED", "PO"),
    "delivered": ("DLVRD", "ZU"),
}


class Dhl(StandIn):
    """One account."""

    connector = DhlParcelDe
    ours = "oms_karrio"
    limits = (Limit(per_second=2, burst=6),)
    unknown = "00999999999999999999"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_open = True
        self.issued = 0
        self.parcels: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[str]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"username": "user-of-the-kit", "client_id": "app-of-the-kit",
                "billing_number": BILLING, "test": False}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"password": "password-of-the-kit", "client_secret": "secret-of-the-kit"}

    def revoke(self) -> None:
        self.is_open = False

    # Answers

    def exchange(self, request: Request) -> Response:
        if not request.url.startswith("https://api-eu.dhl.com/parcel/de/"):
            return answer(404, {"title": "Not found"})
        path = request.path.removeprefix("/parcel/de")
        if path == "/account/auth/ropc/v1/token":
            return self._token(request)
        if path == "/tracking/v0/shipments":
            return self._track(request)
        if request.headers.get("authorization") != f"Bearer access-{self.issued}":
            return answer(401, {"title": "Unauthorized", "status": 401})
        if path == "/shipping/v2/orders" and request.method == "POST":
            return self._order(request)
        if path == "/shipping/v2/orders" and request.method == "DELETE":
            return self._delete(request.query["shipment"])
        return answer(404, {"title": "Not found"})

    def _token(self, request: Request) -> Response:
        form = {name: one for name, [one] in parse_qs(request.body.decode()).items()}
        if not self.is_open or form != {
                "grant_type": "password", "username": "user-of-the-kit",
                "password": "password-of-the-kit", "client_id": "app-of-the-kit",
                "client_secret": "secret-of-the-kit"}:
            return answer(401, {"title": "Unauthorized", "status": 401})
        self.issued += 1
        return answer(200, {"access_token": f"access-{self.issued}", "token_type": "Bearer",
                            "expires_in": 1799})

    def _order(self, request: Request) -> Response:
        [said] = request.json()["shipments"]
        wrong = ""
        if set(said) - NAMES:
            wrong = f"unknown names: {sorted(set(said) - NAMES)}"
        elif request.query.get("printFormat") != "910-300-300" \
                or request.query.get("docFormat") != "PDF":
            wrong = "printFormat"
        elif said["billingNumber"] != BILLING:
            wrong = "billingNumber"
        for who in ("shipper", "consignee"):
            if not re.fullmatch(r"\d+\w?", said[who].get("addressHouse", "")):
                wrong = f"{who}.addressHouse"
            if not re.fullmatch(r"\d{5}", said[who].get("postalCode", "")):
                wrong = f"{who}.postalCode"
        if wrong:
            return answer(400, {
                "status": {"title": "Bad Request", "status": 400, "detail": "see items"},
                "items": [{"validationMessages": [{
                    "property": wrong, "validationState": "Error",
                    "validationMessage": wrong.replace("consignee", "receiver")}]}]})
        number = f"0034{len(self.parcels):016d}"
        self.parcels[number] = {"form": said, "cancelled": False}
        return answer(200, {"status": {"title": "ok", "status": 200}, "items": [{
            "shipmentNo": number, "sstatus": {"title": "ok", "statusCode": 200},
            "label": {"b64": base64.b64encode(pdf(number)).decode(), "fileFormat": "PDF",
                      "printFormat": "910-300-300"}}]})

    def _delete(self, number: str) -> Response:
        one = self.parcels.get(number)
        if one is None or self.scans.get(number):
            return answer(400, {"status": {"title": "Bad Request", "status": 400,
                                           "detail": "cannot be deleted"}})
        if one["cancelled"]:
            return answer(400, {"status": {"title": "Bad Request", "status": "ALREADY.CANCELLED",
                                           "detail": "it was deleted"}})
        one["cancelled"] = True
        return answer(200, {"status": {"title": "OK", "status": 200, "detail": "done"},
                            "items": [{"shipmentNo": number}]})

    def _track(self, request: Request) -> Response:
        basic = base64.b64encode(b"app-of-the-kit:secret-of-the-kit").decode()
        if not self.is_open or request.headers.get("authorization") != f"Basic {basic}":
            return answer(401, {"title": "Unauthorized", "status": 401})
        asked = re.findall(r'piece-code="([^"]*)"', request.query["xml"])[0].split(";")
        known = [number for number in asked if number in self.parcels]
        if not known:
            return self._xml('<data name="piece-shipment-list" code="100" request-id="r" '
                             'error="No data found"/>')
        rows = "".join(
            f'<data name="piece-shipment" error-status="0" piece-code="{one}">'
            f'<data name="piece-event-list">{"".join(self.scans.get(one, ()))}</data></data>'
            if one in known else
            f'<data name="piece-shipment" error-status="100" searched-piece-code="{one}"/>'
            for one in asked)
        return self._xml(f'<data name="piece-shipment-list" code="0" request-id="r">{rows}</data>')

    def _xml(self, body: str) -> Response:
        return Response(200, {"content-type": "application/xml"},
                        f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode())

    # The kit's verbs

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        if wish != "plain":
            raise Absent("one parcel to a door, nothing else")
        return Booking(key, "dhl_parcel_de_paket", SHOP, GUEST, [Package(2500, 305, 200, 100)],
                       "EUR", note="1001")

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return replace(self.booking(key), receiver=replace(GUEST, street="Am Ufer")), \
            "receiver.street"

    def bookings(self, key: str) -> Sequence[Carried]:
        return [Carried(ref, "dhl_parcel_de_paket",
                        [round(one["form"]["details"]["weight"]["value"] * 1000)], None, "",
                        one["form"]["consignee"]["postalCode"])
                for ref, one in self.parcels.items()
                if not one["cancelled"] and one["form"]["refNo"] == key]

    def travel(self, tracking: str, state: Travel) -> str:
        if state not in SCANS:
            raise Absent("no such scan")
        code, standard = SCANS[state]
        at = self.now.astimezone(HOME).strftime("%d.%m.%Y %H:%M")
        self.scans.setdefault(tracking, []).append(
            f'<data name="piece-event" event-timestamp="{at}" ice="{code}" '
            f'event-status={quoteattr("Die Sendung ...")} event-location="Berlin" '
            f'event-country="Deutschland" standard-event-code="{standard}"/>')
        return standard

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        return ["names that DHL does not know"] if b"unknown names" in response.body else []
