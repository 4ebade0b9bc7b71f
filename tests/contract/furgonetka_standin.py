"""Furgonetka as a stand-in: packages are made for nothing and ordered for money, by commands.

Made after public clients: versioned media types, sign-in by password with a limit of sessions,
commands under the caller's UUID (``commandExists``, ``commandNotExists``), labels as they were
ordered, 204 while there is none.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from oms_connector import Booking, Limit, Package, Response, Travel
from oms_connector.testing import Clock, Request, StandIn, answer
from oms_connector.testing.facts import Carried, Wish
from oms_connector.testing.standin import Absent
from oms_furgonetka import FurgonetkaConnector
from oms_furgonetka.calls import command_id

from tests.contract.inpost_standin import BUYER, SELLER, pdf

MEDIA = "application/vnd.furgonetka.v1+json"
BASIC = "Basic " + b64encode(b"app-of-the-kit:secret-of-the-kit").decode()
SERVICES = [{"id": 11597695, "service": "dpd", "name": "DPD", "owner": "furgonetka"},
            {"id": 11597700, "service": "inpost", "name": "InPost Paczkomaty", "owner": "client"},
            {"service": "dhl", "name": "without a number"}]
FORM = {"type", "service_id", "user_reference_number", "pickup", "sender", "receiver", "parcels",
        "additional_services"}
PARTY = {"name", "company", "street", "postcode", "city", "country_code", "email", "phone", "point"}
SCANS: Mapping[Travel, str] = {
    "accepted": "collected", "moving": "transit", "out": "delivery", "waiting": "notice",
    "exception": "delivery-problem", "delivered": "delivered", "returning": "returned",
}
MOST_SESSIONS = 20


class Broker(StandIn):
    """One user with money."""

    connector = FurgonetkaConnector
    limits = (Limit(per_second=3, burst=10),)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.money = True
        self.is_open = True
        self.issued = 0
        self.sessions = 1
        self.packages: dict[str, dict[str, Any]] = {}
        self.commands: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, Any]]] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://api.sandbox.furgonetka.pl", "client_id": "app-of-the-kit",
                "username": "sklep@example.com", "iban": "PL61 1090 1014 0000 0712 1981 2874",
                "holder": "Sklep testowy"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": "secret-of-the-kit", "password": "password-of-the-kit",
                "access_token": f"access-{self.issued}", "refresh_token": f"refresh-{self.issued}"}

    def expire_tokens(self) -> None:
        self.issued += 1

    def revoke(self) -> None:
        self.is_open = False

    # Answers

    def exchange(self, request: Request) -> Response:
        if request.path == "/oauth/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer access-{self.issued}" \
                or not self.is_open:
            return answer(401, {"error": "invalid_token"})
        is_label = request.path.endswith("/label")
        if not is_label and request.headers.get("accept") != MEDIA:
            return answer(406, {"errors": [{"code": "notAcceptable"}]})
        if request.body and request.headers.get("content-type") != MEDIA:
            return answer(415, {"errors": [{"code": "unsupportedMediaType"}]})
        for pattern, verb, handle in (
            (r"/account/services", "GET", self._services),
            (r"/packages", "POST", self._make),
            (r"/packages", "GET", self._list),
            (r"/packages/calculate-price", "POST", self._price),
            (r"/packages/(\w+)", "GET", self._show),
            (r"/packages/(\w+)/label", "GET", self._label),
            (r"/packages/(\w+)/tracking", "GET", self._tracking),
            (r"/(order-commands|cancel-command|pickup-commands)/([\w-]{36})", "PUT", self._put),
            (r"/(order-commands|cancel-command|pickup-commands)/([\w-]{36})", "GET", self._get),
        ):
            found = re.fullmatch(pattern, request.path)
            if found and verb == request.method:
                return handle(request, *found.groups())
        return answer(404, {"errors": [{"code": "notFound"}]})

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode()))
        if request.headers.get("authorization") != BASIC:
            return answer(401, {"error": "invalid_client"})
        if form.get("grant_type") == "refresh_token":
            if not self.is_open or form.get("refresh_token") not in (
                    f"refresh-{self.issued}", f"refresh-{self.issued - 1}"):
                return answer(400, {"error": "invalid_grant"})
        elif not self.is_open or (form.get("username"), form.get("password"), form.get("scope")) \
                != ("sklep@example.com", "password-of-the-kit", "api"):
            return answer(400, {"error": "invalid_grant"})
        else:
            self.sessions += 1
        self.issued += 1
        return answer(200, {"access_token": f"access-{self.issued}", "token_type": "Bearer",
                            "refresh_token": f"refresh-{self.issued}", "expires_in": 2592000})

    def _services(self, request: Request) -> Response:
        return answer(200, {"services": SERVICES})

    def _make(self, request: Request) -> Response:
        form = request.json()
        if errors := self._wrong(form):
            return answer(400, {"errors": [
                {"path": path, "code": code, "message": f"{form['receiver']}"}
                for path, code in errors]})
        ref = str(20_126_000 + len(self.packages))
        self.packages[ref] = {"form": form, "state": "waiting", "numbers": []}
        return answer(200, self._row(ref))

    def _wrong(self, form: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        found = [(f"/{name}", "unknownField") for name in set(form) - FORM]
        service = next((one for one in SERVICES if one.get("id") == form.get("service_id")), None)
        if service is None:
            found.append(("/service_id", "invalidService"))
        if len(form.get("user_reference_number", "")) > 25:
            found.append(("/user_reference_number", "tooLong"))
        for who in ("pickup", "receiver"):
            party = form.get(who) or {}
            found += [(f"/{who}/{name}", "unknownField") for name in set(party) - PARTY]
            found += [(f"/{who}/{name}", "required") for name in
                      ("name", "street", "postcode", "city", "email", "phone")
                      if not party.get(name)]
        point = form["receiver"].get("point")
        if service and service["service"] == "inpost" and point != "KRA010":
            found.append(("/receiver/point", "invalidPoint"))
        for place, box in enumerate(form.get("parcels") or [{}]):
            found += [(f"/parcels/{place}/{name}", "invalid") for name in
                      ("width", "depth", "height", "weight") if not box.get(name, 0) > 0]
            if len(box.get("description", "")) > 20:
                found.append((f"/parcels/{place}/description", "tooLong"))
        cod = form.get("additional_services", {}).get("cod")
        if cod and not (re.fullmatch(r"\d{26}", cod.get("iban", "")) and cod.get("name")):
            found.append(("/additional_services/cod/iban", "invalidIban"))
        return found

    def _row(self, ref: str) -> dict[str, Any]:
        one = self.packages[ref]
        numbers = one["numbers"] or [None] * len(one["form"]["parcels"])
        return {"package_id": int(ref), "state": one["state"], "service": "dpd",
                "user_reference_number": one["form"]["user_reference_number"],
                "pricing": {"price_gross": 19.31, "price_net": 15.7, "tax": 23},
                "parcels": [{**box, "package_no": number, "state": one["state"]}
                            for box, number in zip(one["form"]["parcels"], numbers, strict=True)]}

    def _list(self, request: Request) -> Response:
        query = request.query.get("query", "")
        return answer(200, {"packages": [
            row for row in map(self._row, self.packages)
            if query in (row["user_reference_number"], *(
                box["package_no"] for box in row["parcels"]))]})

    def _price(self, request: Request) -> Response:
        asked = request.json()
        if "service_id" in asked["package"] or not asked["services"].get("service_id"):
            return answer(400, {"errors": [{"path": "/services", "code": "invalid"}]})
        return answer(200, {"services_prices": [
            {"service_id": ref, "service": "dpd", "available": ref == 11597695,
             "pricing": {"price_net": 15.7, "price_gross": 19.31} if ref == 11597695 else None}
            for ref in asked["services"]["service_id"]]})

    def _show(self, request: Request, ref: str) -> Response:
        return answer(200, self._row(ref)) if ref in self.packages else \
            answer(404, {"errors": [{"code": "packageNotFound"}]})

    def _label(self, request: Request, ref: str) -> Response:
        if ref not in self.packages:
            return answer(404, {"errors": [{"code": "packageNotFound"}]})
        one = self.packages[ref]
        if not one["numbers"]:
            return answer(204)
        return Response(200, {"content-type": "application/pdf"}, pdf(ref, *one["numbers"]))

    def _tracking(self, request: Request, ref: str) -> Response:
        if ref not in self.packages:
            return answer(404, {"errors": [{"code": "packageNotFound"}]})
        return answer(200, {"tracking": list(reversed(self.scans.get(ref, [])))})

    def _put(self, request: Request, kind: str, uuid: str) -> Response:
        if uuid in self.commands:
            return answer(400, {"errors": [{"path": "/uuid", "code": "commandExists"}]})
        form = request.json()
        refs = [str(one["id"]) for one in form["packages"]]
        if not refs or any(ref not in self.packages for ref in refs):
            return answer(400, {"errors": [{"path": "/packages", "code": "packageNotFound"}]})
        self.commands[uuid] = {"kind": kind, "refs": refs, "status": "queueing", "errors": [],
                               "form": form, "done": []}
        if kind != "order-commands":
            self._work(uuid)
        return answer(200, {"uuid": uuid})

    def _get(self, request: Request, kind: str, uuid: str) -> Response:
        told = self.commands.get(uuid)
        if told is None or told["kind"] != kind:
            return answer(400, {"errors": [{"path": "/uuid", "code": "commandNotExists"}]})
        return answer(200, {"uuid": uuid, "status": told["status"], "errors": told["errors"],
                            "successfully_ordered_packages": [int(ref) for ref in told["done"]]})

    def _work(self, uuid: str) -> None:
        command = self.commands[uuid]
        if command["status"] != "queueing":
            return
        for ref in command["refs"]:
            one = self.packages[ref]
            if command["kind"] == "order-commands" and not self.money:
                command["errors"].append({"path": f"/packages/{ref}", "code": "insufficientFunds"})
            elif command["kind"] == "order-commands":
                one["state"] = "ordered"
                one["numbers"] = [f"00{ref}{place:02d}T" for place in
                                  range(len(one["form"]["parcels"]))]
                self._scan(ref, "ordered")
                command["done"].append(ref)
            elif command["kind"] == "cancel-command" and one["state"] not in ("ordered", "waiting"):
                command["errors"].append({"path": f"/packages/{ref}", "code": "inTransit"})
            elif command["kind"] == "cancel-command":
                one["state"] = "canceled"
        command["status"] = "error" if command["errors"] else "successful"

    def _scan(self, ref: str, state: str) -> None:
        self.packages[ref]["state"] = state
        local = self.now + timedelta(hours=1)  # Warsaw's clock in winter, written without a zone
        self.scans.setdefault(ref, []).append(
            {"state": state, "status": f"po polsku {state}",
             "datetime": f"{local:%Y-%m-%d %H:%M:%S}"})

    # The kit's verbs

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        box = Package(2500, 305, 200, 100)
        if wish == "point":
            return Booking(key, "inpost:11597700", SELLER, BUYER, [box], point="KRA010")
        if wish == "return":
            return Booking(key, "dpd:11597695", BUYER, SELLER, [box], is_return=True)
        return Booking(key, "dpd:11597695", SELLER, BUYER,
                       [box, Package(1200, 400, 300, 200)] if wish == "several" else [box],
                       cod=Decimal("123.45") if wish == "cod" else None, note="1001")

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return replace(self.booking(key), receiver=replace(BUYER, phone="")), "receiver.phone"

    def bookings(self, key: str) -> Sequence[Carried]:
        return [self._carried(ref, one["form"]) for ref, one in self.packages.items()
                if one["form"]["user_reference_number"] == key
                and one["state"] not in ("waiting", "canceled")] + [
            self._carried(ref, self.packages[ref]["form"]) for one in self.commands.values()
            if one["kind"] == "order-commands" and one["status"] == "queueing"
            for ref in one["refs"] if self.packages[ref]["form"]["user_reference_number"] == key]

    def _carried(self, ref: str, form: Mapping[str, Any]) -> Carried:
        cod = form["additional_services"].get("cod")
        carrier = {11597695: "dpd", 11597700: "inpost"}[form["service_id"]]
        return Carried(ref, f"{carrier}:{form['service_id']}",
                       [int(Decimal(str(box["weight"])) * 1000) for box in form["parcels"]],
                       Decimal(str(cod["amount"])) if cod else None,
                       form["receiver"].get("point", ""), form["receiver"]["postcode"])

    def finish_bookings(self) -> None:
        for uuid in self.commands:
            self._work(uuid)

    def travel(self, tracking: str, state: Travel) -> str:
        if state not in SCANS:
            raise Absent("no such scan")
        ref = next(ref for ref, one in self.packages.items() if tracking in one["numbers"])
        self._scan(ref, SCANS[state])
        return SCANS[state]

    def pickups(self, key: str) -> Sequence[str]:
        wanted = command_id("pickup-commands", key)
        return [uuid for uuid, one in self.commands.items()
                if uuid == wanted and one["status"] == "successful"]

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if b"unknownField" in response.body:
            return [json.dumps(json.loads(response.body))]
        return []
