""""Wysyłam z Allegro" for the stand-in: commands, shipments, labels, couriers, tracking."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oms_connector import Booking, Package, Response, Travel
from oms_connector.testing import Absent, Request
from oms_connector.testing.facts import Carried, Wish

from tests.contract.inpost_standin import BUYER, SELLER, pdf

PUBLIC = "application/vnd.allegro.public.v1+json"
COURIER, LOCKER = "c3066682-97a3-42fe-9eb5-3beeccab840c", "2488f7b7-5d1c-4d65-b85c-4cbcf253fd93"
CONTRACT = "c9e6f40a-3d25-48fc-838c-055ceb1c5bc0"
SERVICES = [
    {"id": {"deliveryMethodId": COURIER}, "name": "Allegro Kurier DPD", "carrierId": "DPD",
     "owner": "ALLEGRO", "cashOnDelivery": {"limit": 6000, "currency": "PLN"}},
    {"id": {"deliveryMethodId": LOCKER, "credentialsId": CONTRACT}, "owner": "CLIENT",
     "name": "Allegro Paczkomaty InPost", "carrierId": "INPOST"},
]
SCANS: Mapping[Travel, str] = {
    "moving": "IN_TRANSIT", "out": "RELEASED_FOR_DELIVERY", "waiting": "AVAILABLE_FOR_PICKUP",
    "exception": "ISSUE", "delivered": "DELIVERED", "returning": "RETURNED",
}


def tell(status: int, document: Any = None) -> Response:
    """An answer in Allegro's media type."""
    body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
    return Response(status, {"content-type": PUBLIC}, body)


def no(status: int, code: str, path: str = "") -> Response:
    """A refusal."""
    return tell(status, {"errors": [{"code": code, "message": code, "userMessage": code,
                                     "path": path or None, "details": None}]})


@dataclass
class Sending:
    """The shipments of one account. ``agreed``: whether it agreed to them."""

    now: Callable[[], datetime]
    agreed: bool = True
    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)
    commands: dict[str, dict[str, Any]] = field(default_factory=dict)
    scans: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def answer(self, request: Request) -> Response | None:
        """What Allegro answers; None where it is about something else."""
        for pattern, verb, handle in (
            (r"/shipment-management/delivery-services", "GET", self._services),
            (r"/shipment-management/shipments/(\S{36})", "GET", self._show),
            (r"/shipment-management/(shipments/create|shipments/cancel|pickups/create)-commands",
             "POST", self._command),
            (r"/shipment-management/(shipments/create|shipments/cancel|pickups/create)-commands"
             r"/(\S{36})", "GET", self._told),
            (r"/shipment-management/(label|protocol)", "POST", self._file),
            (r"/shipment-management/pickup-proposals", "POST", self._proposals),
            (r"/order/carriers/(\w+)/tracking", "GET", self._tracking),
        ):
            found = re.fullmatch(pattern, request.path)
            if found and verb == request.method:
                if not self.agreed and "carriers" not in request.path:
                    return tell(403, {"error": "access_denied", "error_description": "scope"})
                return handle(request, *found.groups())
        return None

    def _services(self, request: Request) -> Response:
        return tell(200, {"services": SERVICES})

    def _command(self, request: Request, kind: str) -> Response:
        form = request.json()
        uuid, wanted = form["commandId"], form["input"]
        if uuid in self.commands:
            return no(409, "COMMAND_EXISTS", "commandId")
        if kind == "shipments/create" and not wanted["receiver"].get("point") \
                and wanted["deliveryMethodId"] == LOCKER:
            return no(400, "VALIDATION_ERROR", "input.receiver.point")
        self.commands[uuid] = {"kind": kind, "input": wanted, "status": "IN_PROGRESS"}
        if kind != "shipments/create":
            self._work(uuid)
        return tell(200, form)

    def _told(self, request: Request, kind: str, uuid: str) -> Response:
        one = self.commands.get(uuid)
        if one is None or one["kind"] != kind:
            return tell(404)
        return tell(200, {"commandId": uuid, **{name: told for name, told in one.items()
                                                if name not in ("kind", "input")}})

    def work(self) -> None:
        """Do what was commanded."""
        for uuid in self.commands:
            self._work(uuid)

    def _work(self, uuid: str) -> None:
        one = self.commands[uuid]
        if one["status"] != "IN_PROGRESS":
            return
        one["status"] = "SUCCESS"
        wanted = one["input"]
        if one["kind"] == "shipments/create" and wanted["receiver"]["city"] == "Nigdzie":
            one |= {"status": "ERROR", "errors": [{"code": "NO", "userMessage": "Nie wozimy tam."}]}
        elif one["kind"] == "shipments/create":
            one["shipmentId"] = self._make(wanted)
        elif one["kind"] == "shipments/cancel":
            self.shipments[wanted["shipmentId"]]["canceledDate"] = self.now().isoformat()
        else:
            one["pickupId"] = uuid[::-1]

    def _make(self, wanted: Mapping[str, Any]) -> str:
        number = len(self.shipments)
        ref = f"ba88f0fb-acf3-438a-877e-{number:012d}"
        self.shipments[ref] = {
            **wanted, "id": ref, "canceledDate": None, "carrier": "DPD",
            "packages": [{**box, "waybill": f"AL{number:06d}{place}"}
                         for place, box in enumerate(wanted["packages"])]}
        return ref

    def _show(self, request: Request, ref: str) -> Response:
        return tell(200, self.shipments[ref]) if ref in self.shipments else no(404, "NOT_FOUND")

    def _file(self, request: Request, kind: str) -> Response:
        refs = request.json()["shipmentIds"]
        if any(ref not in self.shipments for ref in refs):
            return no(404, "NOT_FOUND")
        numbers = [box["waybill"] for ref in refs for box in self.shipments[ref]["packages"]]
        return Response(200, {"content-type": "application/octet-stream"}, pdf(kind, *numbers))

    def _proposals(self, request: Request) -> Response:
        form = request.json()
        days = [datetime.fromisoformat(form["readyDate"]) + timedelta(days=more)
                for more in (1, 0)]
        items = [{"id": f"{day:%Y%m%d}1000", "name": f"{day:%Y-%m-%d} 10:00-13:00"} for day in days]
        return tell(200, [{"address": form["address"], "proposals": [
            {"shipmentId": ref, "proposalItems": items, "pickupTimes": []}
            for ref in form["shipmentIds"]]}])

    def _tracking(self, request: Request, carrier: str) -> Response:
        numbers = [told for name, told in request.pairs if name == "waybill"]
        if not 0 < len(numbers) <= 20:
            return no(400, "VALIDATION_ERROR", "waybill")
        ours = {box["waybill"] for one in self.shipments.values() for box in one["packages"]}
        rows: list[dict[str, Any]] = []
        for number in numbers:
            row: dict[str, Any] = {"waybill": number}
            if carrier == "DPD" and number in ours:
                pending = {"occurredAt": "2026-11-01T08:00:00.000Z", "code": "PENDING"}
                row["trackingDetails"] = {
                    "createdAt": pending["occurredAt"], "updatedAt": pending["occurredAt"],
                    "statuses": [*self.scans.get(number, []), pending]}
            rows.append(row)
        return tell(200, {"carrierId": carrier, "waybills": rows})

    # The kit's verbs

    def booking(self, key: str, wish: Wish) -> Booking:
        """A booking that Allegro takes."""
        box = Package(2500, 305, 200, 100)
        if wish == "point":
            return Booking(key, f"{LOCKER}:{CONTRACT}:point", SELLER, BUYER, [box], point="KRA010")
        if wish == "return":
            raise Absent("returns are Allegro's own")
        return Booking(key, f"{COURIER}::", SELLER, BUYER,
                       [box, Package(1200, 400, 300, 200)] if wish == "several" else [box],
                       cod=Decimal("123.45") if wish == "cod" else None)

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        """One without a phone."""
        return replace(self.booking(key, "plain"), receiver=replace(BUYER, phone="")), \
            "receiver.phone"

    def bookings(self, key: str) -> Sequence[Carried]:
        """What lies under a key: it is the reference number where there is no note."""
        waiting = [("", one["input"]) for one in self.commands.values()
                   if one["kind"] == "shipments/create" and one["status"] == "IN_PROGRESS"]
        made = [(ref, one) for ref, one in self.shipments.items() if not one["canceledDate"]]
        return [self._carried(ref, form) for ref, form in waiting + made
                if form["referenceNumber"] == key]

    def _carried(self, ref: str, form: Mapping[str, Any]) -> Carried:
        cod = form.get("cashOnDelivery")
        to_point = "point" if form["deliveryMethodId"] == LOCKER else ""
        return Carried(
            ref, f"{form['deliveryMethodId']}:{form.get('credentialsId', '')}:{to_point}",
            [int(Decimal(str(box["weight"]["value"])) * 1000) for box in form["packages"]],
            Decimal(cod["amount"]) if cod else None, form["receiver"].get("point", ""),
            form["receiver"]["postalCode"])

    def travel(self, number: str, state: Travel) -> str:
        """A scan."""
        if state not in SCANS:
            raise Absent("Allegro has no such status")
        at = self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.scans.setdefault(number, []).insert(0, {"occurredAt": at, "code": SCANS[state]})
        return SCANS[state]

    def pickups(self, uuid: str) -> Sequence[str]:
        """Visits that were ordered by a command."""
        return [one["pickupId"] for ref, one in self.commands.items()
                if ref == uuid and one.get("pickupId")]
