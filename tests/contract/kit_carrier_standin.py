"""Goniec in memory: parcels, boxes, a courier, and what its API answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, Limit, Package, Response
from oms_connector.testing import Absent, Carried, Clock, Request, StandIn, answer

from tests.contract.kit_carrier import STATES, Goniec

SENDER = Address("Sklep Próbny", "Próba sp. z o.o.", "Magazynowa 1", "00-950", "Warszawa", "", "PL",
                 "600100200", "wysylka@kit.example")
RECEIVER = Address("Zofia Kitowska", "", "Kiciowa 7", "50-066", "Wrocław", "", "PL", "600300400",
                   "zofia@kit.example")
BOXES = [{"id": f"WRO0{number}", "name": f"WRO0{number}", "street": f"Rynek {number}",
          "postcode": f"50-06{number}", "city": "Wrocław"} for number in range(1, 6)]
FIELDS = {"key", "service", "point", "phone", "name", "street", "postcode", "weights", "cod"}
CODES = {state: code for code, state in STATES.items()}


class GoniecStandIn(StandIn):
    """A carrier that confirms at once."""

    connector = Goniec
    ours = "tests.contract.kit_carrier"
    limits = (Limit(per_second=20, burst=40),)
    near = "Wrocław"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.parcels: dict[str, dict[str, Any]] = {}
        self.visits: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, str]]] = {}
        self.key = "goniec-key-12345"

    @property
    def secrets(self):
        return {"token": self.key}

    def exchange(self, request: Request):
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return answer(401, {"error": "key"})
        head, *rest = request.path.strip("/").split("/")
        if request.method == "POST":
            return self._take(head, rest, request.json())
        if head == "labels":
            return self._label(rest[0], request.query["format"])
        if head == "protocol":
            return Response(200, {}, b"%PDF-1.7 " + request.query["parcels"].encode() + b" %%EOF")
        return answer(200, self._told(head, request))

    def _told(self, head: str, request: Request) -> Any:
        query = request.query
        if head == "parcels":
            return {"parcels": [one for one in self.parcels.values() if one["key"] == query["key"]]}
        if head == "scans":
            return {"scans": {number: self.scans[number] for number in query["numbers"].split(",")
                              if number in self.scans}}
        if head == "boxes":
            near = query["near"].casefold()
            return {"boxes": [box for box in BOXES if near in (
                box["city"].casefold(), box["postcode"], box["id"].casefold())
            ][:int(query["limit"])]}
        if head == "rates":
            return {"rates": [{"service": "door", "price": "14.99", "days": 1},
                              {"service": "box", "price": "11.49", "days": 2}]}
        return {"name": "Goniec of the kit"}

    def _take(self, head: str, rest: list[str], said: dict[str, Any]) -> Response:
        if rest:
            self.parcels[rest[0]]["state"] = "cancelled"
            return answer(200, {})
        if head == "visits":
            known = [one for one in self.visits.values() if one["key"] == said["key"]]
            visit = known[0] if known else {"id": f"V{len(self.visits) + 1}"} | said
            self.visits[visit["id"]] = visit
            return answer(200, visit)
        if len(said["phone"]) < 9:
            return answer(422, {"field": "receiver.phone", "why": "no phone"})
        if said["service"] == "box" and said["point"] not in {box["id"] for box in BOXES}:
            return answer(422, {"field": "point", "why": "no such box"})
        number = len(self.parcels) + 1
        numbers = [f"GO{number:08d}{place}" for place in range(len(said["weights"]))]
        parcel = {"id": f"P{number}", "state": "confirmed", "numbers": numbers, "price": "14.99"}
        self.parcels[parcel["id"]] = parcel | said
        for one in numbers:
            self.scans[one] = [{"at": self.now.isoformat(), "code": "MADE"}]
        return answer(200, parcel)

    def _label(self, ref: str, format: str) -> Response:
        if ref not in self.parcels:
            return answer(404, {"error": "parcel"})
        text = ",".join(self.parcels[ref]["numbers"]).encode()
        return Response(200, {}, b"%PDF-1.7\n" + text + b"\n%%EOF\n" if format == "pdf_a6"
                        else b"^XA^FD" + text + b"^FS^XZ\n")

    def violations(self, request: Request, response: Response):
        if request.method == "POST" and request.path == "/parcels":
            return sorted(set(request.json()) ^ FIELDS)
        return []

    # What a carrier has and does

    def booking(self, key, wish="plain"):
        plain = Booking(key, "door", SENDER, RECEIVER, [Package(1250, 300, 200, 100)])
        wished = {
            "plain": plain, "cod": replace(plain, cod=Decimal("199.99")),
            "point": replace(plain, service="box", point="WRO02",
                             packages=[Package(900, size="S")]),
            "several": replace(plain, packages=[Package(1250), Package(730)]),
            "return": None,
        }[wish]
        if wished is None:
            raise Absent("Goniec brings nothing back")
        return wished

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(plain.receiver, phone="1")), "receiver.phone"

    def bookings(self, key):
        return [Carried(one["id"], one["service"], one["weights"],
                        Decimal(one["cod"]) if one["cod"] else None, one["point"], one["postcode"])
                for one in self.parcels.values()
                if one["key"] == key and one["state"] != "cancelled"]

    def travel(self, tracking, state):
        self.scans[tracking].append({"at": self.now.isoformat(), "code": CODES[state]})
        return CODES[state]

    def pickups(self, key):
        return [one["id"] for one in self.visits.values() if one["key"] == key]
