"""ShipX as a stand-in: one organisation, its shipments, lockers and couriers.

Made after the documentation: a shipment is bought by itself, a while after it was created; what
is confirmed cannot be called off; shipments are searched by ``external_customer_id`` and not by
``reference``; an address in a dispatch order makes a new point each time. See inpost_form.py for
what the form takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, Limit, Package, Response, Travel
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_connector.testing.facts import Carried, Wish
from oms_connector.testing.standin import Absent
from oms_inpost import InpostConnector

from tests.contract.inpost_form import wrong

TOKEN = "shipx-token-of-the-kit"
ORGANIZATION = "4711"
ROOT = f"/v1/organizations/{ORGANIZATION}"
PUBLIC = re.compile(r"/v1/(tracking/.+|statuses)")
SERVICES = ["inpost_locker_standard", "inpost_courier_standard", "inpost_courier_c2c"]
SEARCHED = {"id", "external_customer_id", "tracking_number", "status", "page", "per_page"}
SELLER = Address(name="Jan Sprzedawca", company="Sklep testowy", street="Składowa 7",
                 postcode="31-001", city="Kraków", country="PL", phone="+48 500 100 200",
                 email="sklep@example.com")
BUYER = Address(name="Anna Nowak-Testowa", street="Jana Pawła II 15 m. 7", postcode="00-828",
                city="Warszawa", country="PL", phone="600 700 800", email="anna@example.com")
SCANS: Mapping[Travel, str] = {
    "accepted": "collected_from_sender", "moving": "adopted_at_sorting_center",
    "out": "out_for_delivery", "waiting": "ready_to_pickup", "delivered": "delivered",
    "exception": "undelivered_wrong_address", "returning": "returned_to_sender",
}


def pdf(*lines: str) -> bytes:
    """Something that begins and ends like a PDF and says who it is for."""
    said = " ".join(lines).encode()
    return b"%PDF-1.4\n% " + said + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def locker(name: str, city: str, code: str, **more: Any) -> dict[str, Any]:
    """A point as ``GET /v1/points`` tells it."""
    return {
        "name": name, "type": ["parcel_locker"], "status": "Operating",
        "location": {"longitude": 19.92, "latitude": 50.03}, "location_description": "Przy sklepie",
        "opening_hours": "24/7", "address": {"line1": "Malborska 130", "line2": f"{code} {city}"},
        "address_details": {"city": city, "province": "małopolskie", "post_code": code,
                            "street": "Malborska", "building_number": "130", "flat_number": None},
        "functions": ["parcel", "parcel_collect", "parcel_send"], "payment_available": True,
    } | more


class ShipX(StandIn):
    """The organisation 4711. ``funds``: whether it can pay."""

    connector = InpostConnector
    limits = (Limit(per_second=5, burst=20),)
    near = "Kraków"
    takes_back = False

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.funds = True
        self.worked_until: datetime | None = None
        self.is_open = True
        self.searches = True
        self.shipments_by_id: dict[str, dict[str, Any]] = {}
        self.dispatch_orders: dict[str, dict[str, Any]] = {}
        self.dispatch_points: list[dict[str, Any]] = []
        self.events: dict[str, list[tuple[datetime, str, str]]] = {}
        self.lockers = {one["name"]: one for one in (
            locker("KRA010", "Kraków", "30-624"),
            locker("KRA012", "Kraków", "30-625", payment_available=False),
            locker("KRA013M", "Kraków", "30-627"),
            locker("POP-WAW364", "Warszawa", "00-001", type=["pop"]),
            locker("KRA099", "Kraków", "30-626", status="Disabled"),
        )}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://sandbox-api-shipx-pl.easypack24.net",
                "organization": ORGANIZATION, "sending": "dispatch_order", "dropoff": ""}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"token": TOKEN}

    def revoke(self) -> None:
        self.is_open = False

    def exchange(self, request: Request) -> Response:
        method, path = request.method, request.path
        is_signed = request.headers.get("authorization") == f"Bearer {TOKEN}" and self.is_open
        is_public = PUBLIC.fullmatch(path) and "authorization" not in request.headers
        if not is_signed and not is_public:
            return error(401, "unauthorized")
        for pattern, verb, handle in (
            (ROOT, "GET", self._organization),
            (rf"{ROOT}/shipments", "POST", self._create),
            (rf"{ROOT}/shipments", "GET", self._search),
            (r"/v1/shipments/(\w+)", "GET", self._show),
            (r"/v1/shipments/(\w+)", "DELETE", self._cancel),
            (r"/v1/shipments/(\w+)/label", "GET", self._label),
            (r"/v1/tracking/(\w+)", "GET", self._track),
            (r"/v1/points", "GET", self._points),
            (rf"{ROOT}/dispatch_points", "GET", self._dispatch_points),
            (rf"{ROOT}/dispatch_orders", "GET", self._dispatch_orders),
            (rf"{ROOT}/dispatch_orders", "POST", self._dispatch),
            (rf"{ROOT}/dispatch_orders/printouts", "GET", self._printout),
        ):
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return handle(request, *found.groups())
        is_foreign = path.startswith("/v1/organizations/") and not path.startswith(ROOT)
        return error(403, "access_forbidden") if is_foreign else error(404, "resource_not_found")

    def _organization(self, request: Request) -> Response:
        return answer(200, {"id": int(ORGANIZATION), "name": "Sklep testowy", "services": SERVICES,
                            "carriers": ["inpost_locker", "inpost_courier"]})

    def _create(self, request: Request) -> Response:
        form = request.json()
        if details := wrong(form, self.lockers):
            return answer(400, {"status": 400, "error": "validation_failed",
                                "message": f"wrong: {form}", "details": details})
        ref = str(49_000 + len(self.shipments_by_id))
        self.shipments_by_id[ref] = {"form": form, "at": self.now, "status": None,
                                     "number": f"6026774{int(ref) * 100:017d}"}
        return answer(201, self._row(ref))

    def _status(self, one: Mapping[str, Any]) -> str:
        if one["status"]:
            return str(one["status"])
        if self.worked_until is None or one["at"] > self.worked_until:
            return "created"
        return "confirmed" if self.funds else "offer_selected"

    def _row(self, ref: str) -> dict[str, Any]:
        one, form = self.shipments_by_id[ref], self.shipments_by_id[ref]["form"]
        status = self._status(one)
        is_bought = status not in ("created", "offer_selected", "canceled")
        parcels = [{**parcel, "tracking_number": self._number(one, place) if is_bought else None}
                   for place, parcel in enumerate(form["parcels"])]
        failed = status == "offer_selected" and not self.funds
        return {
            "href": f"/v1/shipments/{ref}", "id": int(ref), "status": status,
            "tracking_number": one["number"] if is_bought else None,
            "parcels": list(reversed(parcels)),  # no order is promised
            "external_customer_id": form.get("external_customer_id"),
            "reference": form.get("reference"), "service": form["service"],
            "custom_attributes": form["custom_attributes"], "cod": form.get("cod"),
            "insurance": form.get("insurance"), "offers": [], "selected_offer": {"rate": None},
            "transactions": [{"id": 1, "status": "failure", "offer_id": 7,
                              "details": {"error": "debt_collection"}}] if failed else [],
        }

    @staticmethod
    def _number(one: Mapping[str, Any], place: int) -> str:
        return str(int(one["number"]) + place)

    def _search(self, request: Request) -> Response:
        if set(request.query) - SEARCHED:
            return error(400, "invalid_parameter")
        key = request.query.get("external_customer_id")
        rows = [self._row(ref) for ref in self.shipments_by_id]
        if key is not None and self.searches:
            rows = [row for row in rows if row["external_customer_id"] == key]
        return answer(200, {"count": len(rows), "page": 1, "per_page": 30, "items": rows[::-1]})

    def _show(self, request: Request, ref: str) -> Response:
        return answer(200, self._row(ref)) if ref in self.shipments_by_id else \
            error(404, "resource_not_found")

    def _cancel(self, request: Request, ref: str) -> Response:
        if ref not in self.shipments_by_id:
            return error(404, "resource_not_found")
        if self._status(self.shipments_by_id[ref]) not in ("created", "offer_selected"):
            return error(400, "invalid_action")
        self.shipments_by_id[ref]["status"] = "canceled"
        return answer(204)

    def _label(self, request: Request, ref: str) -> Response:
        if ref not in self.shipments_by_id:
            return error(404, "resource_not_found")
        row = self._row(ref)
        kind, size = request.query.get("format", "Pdf"), request.query.get("type", "normal")
        if row["tracking_number"] is None:
            return error(400, "invalid_action")
        if kind.lower() not in ("pdf", "zpl", "epl") or size not in ("normal", "A6"):
            return error(400, "invalid_parameter")
        zpl = b"".join(b"^XA^FD" + parcel["tracking_number"].encode() + b"^FS^XZ\n"
                       for parcel in row["parcels"])
        return Response(200, {"content-type": "application/octet-stream"},
                        pdf(ref, str(row["tracking_number"])) if kind.lower() == "pdf" else zpl)

    def scan(self, number: str, status: str, agency: str = "") -> None:
        """The parcel gets a new status, now."""
        self.events.setdefault(number, []).insert(0, (self.now, status, agency))

    def _track(self, request: Request, number: str) -> Response:
        known = {self._number(one, place): one for one in self.shipments_by_id.values()
                 for place in range(len(one["form"]["parcels"]))}
        one = known.get(number)
        if one is None or self._status(one) != "confirmed":
            return error(404, "resource_not_found")
        history = [*self.events.get(number, ()), (one["at"], "confirmed", "")]
        return answer(200, {
            "tracking_number": number, "type": one["form"]["service"],
            "service": one["form"]["service"], "status": history[0][1], "expected_flow": [],
            "tracking_details": [
                {"status": status, "origin_status": None, "agency": agency or None,
                 "datetime": at.isoformat(timespec="milliseconds")}
                for at, status, agency in history],
        })

    def _points(self, request: Request) -> Response:
        query = request.query
        if not query.get("per_page", "25").isdecimal():
            return error(400, "invalid_parameter")
        rows = [one for one in self.lockers.values()
                if query.get("name", one["name"]) == one["name"]
                and query.get("city", one["address_details"]["city"])
                == one["address_details"]["city"]]
        return answer(200, {"count": len(rows), "page": 1, "total_pages": 1, "items": rows})

    def _dispatch_points(self, request: Request) -> Response:
        return answer(200, {"count": len(self.dispatch_points), "items": self.dispatch_points})

    def _dispatch_orders(self, request: Request) -> Response:
        wanted = request.query.get("shipment_id")
        rows = [one for one in self.dispatch_orders.values()
                if wanted is None or wanted in {str(two["id"]) for two in one["shipments"]}]
        return answer(200, {"count": len(rows), "items": rows})

    def _dispatch(self, request: Request) -> Response:
        form = request.json()
        refs = [str(ref) for ref in form.get("shipments", ())]
        taken = {str(two["id"]) for one in self.dispatch_orders.values()
                 for two in one["shipments"]}
        if not refs or any(ref not in self.shipments_by_id or ref in taken
                           or self._status(self.shipments_by_id[ref]) != "confirmed"
                           for ref in refs):
            return answer(400, {"status": 400, "error": "validation_failed", "message": "",
                                "details": {"shipments": ["invalid"]}})
        if "dispatch_point_id" not in form:
            address = form.get("address") or {}
            if not all(address.get(name) for name in ("street", "building_number", "post_code")):
                return answer(400, {"status": 400, "error": "validation_failed", "message": "",
                                    "details": {"address": ["required"]}})
            self.dispatch_points.append({"id": 70 + len(self.dispatch_points), "address": address,
                                         "name": form.get("name")})
        ref = str(900 + len(self.dispatch_orders))
        self.dispatch_orders[ref] = {
            "id": int(ref), "status": "new", "shipments": [{"id": int(one)} for one in refs],
            "comments": [{"id": 1, "comment": form.get("comment")}],
            "office_hours": form.get("office_hours")}
        return answer(201, self.dispatch_orders[ref])

    def _printout(self, request: Request) -> Response:
        refs = [text for name, text in request.pairs if name == "shipment_ids[]"]
        if not refs or any(ref not in self.shipments_by_id for ref in refs):
            return error(400, "invalid_parameter")
        return Response(200, {"content-type": "application/pdf"}, pdf(*refs))

    # The kit's verbs

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        box = Package(2500, 300, 200, 100)
        if wish == "point":
            return Booking(key, "inpost_locker_standard", SELLER, BUYER,
                           [Package(900, size="small")], point="KRA010", note="1001")
        if wish == "return":
            return Booking(key, "inpost_courier_standard", BUYER, SELLER, [box], is_return=True)
        return Booking(key, "inpost_courier_standard", SELLER, BUYER,
                       [box, Package(1200, 400, 300, 200)] if wish == "several" else [box],
                       cod=Decimal("123.45") if wish == "cod" else None, note="7")

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return replace(self.booking(key), receiver=replace(BUYER, phone="")), "receiver.phone"

    def bookings(self, key: str) -> Sequence[Carried]:
        return [self._carried(ref, one["form"]) for ref, one in self.shipments_by_id.items()
                if one["form"].get("external_customer_id") == key
                and self._status(one) != "canceled"]

    def _carried(self, ref: str, form: Mapping[str, Any]) -> Carried:
        weights = [int(Decimal(parcel["weight"]["amount"]) * 1000)
                   for parcel in form["parcels"] if "weight" in parcel]
        cod, address = form.get("cod"), form["receiver"].get("address", {})
        return Carried(ref, form["service"], weights, Decimal(str(cod["amount"])) if cod else None,
                       form["custom_attributes"].get("target_point", ""),
                       address.get("post_code", BUYER.postcode))

    def finish_bookings(self) -> None:
        self.worked_until = self.now

    def travel(self, tracking: str, state: Travel) -> str:
        if state not in SCANS:
            raise Absent("no such scan")
        self.scan(tracking, SCANS[state], "WAW1")
        return SCANS[state]

    def pickups(self, key: str) -> Sequence[str]:
        return [ref for ref, one in self.dispatch_orders.items()
                if key in str(one["comments"][0]["comment"])]

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        wrong_ones = []
        if request.body and request.headers.get("content-type") != "application/json":
            wrong_ones.append("a body that is no JSON")
        if response.status == 400 and b"unknown_attribute" in response.body:
            wrong_ones.append("an attribute that the form does not have")
        return wrong_ones


def error(status: int, key: str) -> Response:
    """A refusal of ShipX."""
    return answer(status, {"status": status, "error": key, "message": key, "details": None})
