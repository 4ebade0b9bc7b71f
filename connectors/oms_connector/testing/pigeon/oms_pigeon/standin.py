"""Pigeon in memory: what its API answers, and how its parcels travel."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from decimal import Decimal

from oms_connector import Address, Booking, Package
from oms_connector.testing import Absent, Carried, Clock, Request, StandIn, answer

from oms_pigeon import SCANS, Pigeon

SHOP = Address(name="Jagoda Kitowa", company="Kit", street="Leśna 3", postcode="81-701",
               city="Sopot", country="PL", phone="500600700")
BUYER = Address(name="Olgierd Bukowy", street="Polna 12/4", postcode="00-950", city="Warszawa",
                country="PL", phone="600700800")


class PigeonStandIn(StandIn):
    """As strict as the carrier: what a form lacks is refused, and the same order twice is two."""

    connector = Pigeon

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.parcels: dict[str, dict] = {}
        self.scans: dict[str, list] = {}
        self.key = "pigeon-key-12345"

    @property
    def settings(self):
        return {}

    @property
    def secrets(self):
        return {"token": self.key}

    def exchange(self, request: Request):
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return answer(401, {"error": "key"})
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["account"]:
                return answer(200, {"name": "Pigeon of Kit"})
            case "GET", ["scans"]:
                asked = request.query["numbers"].split(",")
                return answer(200, {"scans": {number: self.scans[number] for number in asked
                                              if number in self.scans}})
            case "GET", ["parcels"]:
                return answer(200, {"parcels": [one for one in self.parcels.values() if
                                                one["reference"] == request.query["reference"]]})
            case "POST", ["parcels"]:
                return self._buy(request.json())
            case method, ["parcels", ref, *rest] if ref in self.parcels:
                return self._of(self.parcels[ref], method, rest)
        return answer(404, {"error": "nothing here"})

    def _buy(self, said):
        if said["service"] != "door" or not 1 <= len(said["grams"]) <= 3:
            return answer(422, {"field": "service", "why": "no such service"})
        for side in ("from", "to"):
            for name, value in said[side].items():
                if not value:
                    whose = said[side]["name"]
                    return answer(422, {"field": f"{side}.{name}", "why": f"{whose}: no {name}"})
        ref = f"P{len(self.parcels) + 1}"
        numbers = [f"{ref}-{place}" for place in range(len(said["grams"]))]
        self.parcels[ref] = said | {"id": ref, "state": "made", "numbers": numbers}
        self.scans |= {number: [] for number in numbers}
        return answer(201, self.parcels[ref])

    def _of(self, parcel, method, rest):
        if method == "GET" and rest == ["label"]:
            pages = "".join(parcel["numbers"]).encode()
            pdf = b64encode(b"%PDF-1.7\n" + pages + b"\n%%EOF\n").decode()
            return answer(200, {"pdf": pdf})
        if method != "DELETE" or rest:
            return answer(404, {"error": "nothing here"})
        if parcel["state"] == "cancelled":
            return answer(410, {"error": "gone"})
        if any(self.scans[number] for number in parcel["numbers"]):
            return answer(409, {"error": "it has left"})
        parcel["state"] = "cancelled"
        return answer(204)

    # What the kit books, and what became of it

    def booking(self, key, wish="plain"):
        plain = Booking(key, "door", SHOP, BUYER, [Package(1250, 300, 200, 100)], note="1001")
        if wish == "cod":
            return replace(plain, cod=Decimal("49.99"))
        if wish == "several":
            return replace(plain, packages=[Package(1250), Package(730)])
        if wish != "plain":
            raise Absent("it goes to doors only, and brings nothing back")
        return plain

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(BUYER, phone="")), "receiver.phone"

    def bookings(self, key):
        return [Carried(one["id"], one["service"], one["grams"],
                        None if one["cod"] is None else Decimal(one["cod"]),
                        postcode=one["to"]["zip"])
                for one in self.parcels.values()
                if one["reference"] == key and one["state"] != "cancelled"]

    def travel(self, tracking, state):
        code = next((code for code, means in SCANS.items() if means == state), None)
        if code is None:
            raise Absent("it has no such scan")
        self.scans[tracking].append({"at": self.now.isoformat(), "code": code, "words": ""})
        return code
