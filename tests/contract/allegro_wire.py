"""Allegro's REST API on top of a ``Shop``, and the engine's client in front of it.

``Wire`` is what a connector gets as its ``http``: it signs, meets faults and raises what the real
client raises. No socket is opened.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from oms_allegro import AllegroConnector
from oms_connector import AccessRefused, ChannelDown, Context, OutcomeUnknown, RateLimited, Response

from tests.contract.allegro_answers import answer, refused
from tests.contract.allegro_money import Money
from tests.contract.allegro_shop import CARRIERS, PUBLIC, Command, Shop, stamp
from tests.contract.vendor_spec import SHARED, Witness, load_spec

BETA = "application/vnd.allegro.beta.v1+json"
SPEC = ("specs", "allegro", "allegro-openapi-full.yaml.gz")
CLIENT = ("0c11e27", "s3cret")
KINDS = {"offer-quantity-change-commands": "quantity", "offer-price-change-commands": "price",
         "offer-publication-commands": "publication"}


@dataclass
class Fault:
    """What goes wrong with requests whose ``METHOD path`` begins like this, so many times.

    ``status``: an answer instead of the real one; 0 loses it, below that nothing is sent.
    ``after``: the act is done first.
    """

    start: str
    status: int
    after: bool = False
    times: int = 1
    body: bytes = b""


@dataclass
class Wire:
    """The way to a shop. ``secrets`` are the account's; ``token`` is the one that Allegro takes."""

    shop: Shop
    secrets: dict[str, str]
    token: str = "first"
    refresh_tokens: set[str] = field(default_factory=lambda: {"refresh-1"})
    used_refresh_tokens: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    money: Money = field(init=False)
    after_page: Callable[[], None] | None = None
    log: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    paced: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.money = Money(self.shop)

    def signs(self) -> Mapping[str, str]:
        """The headers of a signed request."""
        return AllegroConnector.auth_headers(self.secrets)

    def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None,
        json: Any = None, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        bucket: str = "", cost: float = 1, safe: bool | None = None, signed: bool = True,
    ) -> Response:
        """As ``oms_connector.Http`` says."""
        sent = {**(self.signs() if signed else {}), **(headers or {})}
        self.log.append((method, path, dict(params or {})))
        self.paced.append((bucket, cost))
        answer = self._meet(method, path, lambda: self.serve(method, path, params or {}, sent,
                                                              json, body))
        if answer.status == 401:
            raise AccessRefused("the channel does not accept the key or token")
        if answer.status == 429:
            raise RateLimited("the channel asks to slow down", 60.0)
        return answer

    def pause(self, seconds: float, bucket: str = "") -> None:
        """Nothing to wait for."""

    def calls(self, start: str) -> int:
        """How many requests began like this."""
        return sum(f"{method} {path}".startswith(start) for method, path, _ in self.log)

    def _meet(self, method: str, path: str, act: Callable[[], Response]) -> Response:
        for fault in self.faults:
            if fault.times and f"{method} {path}".startswith(fault.start):
                fault.times -= 1
                if fault.after:
                    act()
                if fault.status == 0:
                    raise OutcomeUnknown("sent, but no answer")
                if fault.status < 0:
                    raise ChannelDown("not reachable")
                return Response(fault.status, {"content-type": "application/json"}, fault.body)
        return act()

    def serve(
        self, method: str, path: str, params: Mapping[str, Any], headers: Mapping[str, str],
        document: Any, body: bytes | None,
    ) -> Response:
        """What Allegro answers."""
        parts = urlsplit(path)
        if parts.path.startswith("/auth/"):
            return self._login(parts.path, headers, body or b"")
        if parts.path == "/register":
            return self._register(document)
        if headers.get("Authorization") != f"Bearer {self.token}":
            return answer(401, {"error": "unauthorized", "error_description": "expired"})
        wants = BETA if parts.path.startswith("/order/customer-returns") else PUBLIC
        if headers.get("Accept") != wants:
            return refused(406, "NotAcceptableException", "Not acceptable")
        steps = parts.path.strip("/").split("/")
        if steps[0] == "payments" or steps[:2] == ["order", "refund-claims"]:
            return self.money.serve(method, steps, params, document)
        if steps[0] == "order":
            return self._orders(method, steps[1:], params, document, body)
        if steps[0] == "sale":
            return self._sale(method, steps[1:], params, document)
        return answer(200, {"id": "99887766", "login": self.shop.login})

    # Access

    def _login(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        client = b64encode(":".join(CLIENT).encode()).decode()
        if headers.get("Authorization") != f"Basic {client}":
            return answer(401, {"error": "invalid_client", "error_description": "Bad client"})
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if path.endswith("/device"):
            return answer(200, {
                "user_code": "cbt3zdu4g", "device_code": "645629715", "expires_in": "3600",
                "interval": "5", "verification_uri": "https://allegro.pl/skojarz-aplikacje",
                "verification_uri_complete": "https://allegro.pl/skojarz-aplikacje?code=cbt3zdu4g",
            })
        return self._grant(form)

    def _grant(self, form: Mapping[str, str]) -> Response:
        kind = form["grant_type"]
        if kind == "refresh_token":
            token = form["refresh_token"]
            if token not in self.refresh_tokens or token in self.used_refresh_tokens:
                return answer(400, {"error": "invalid_grant",
                                    "error_description": "Invalid refresh token"})
            self.used_refresh_tokens.add(token)
        elif kind == "authorization_code":
            if self.codes.pop(form["code"], None) != challenge_of(form["code_verifier"]):
                return answer(400, {"error": "invalid_grant",
                                    "error_description": "Invalid authorization code."})
        elif form["device_code"] in self.denied:
            return answer(400, {"error": "access_denied"})
        elif form["device_code"] not in self.agreed:
            return answer(400, {"error": "authorization_pending"})
        fresh = f"refresh-{len(self.refresh_tokens) + 1}"
        self.refresh_tokens.add(fresh)
        self.token = f"token-{len(self.refresh_tokens)}"
        return answer(200, {"access_token": self.token, "refresh_token": fresh,
                            "token_type": "bearer", "expires_in": 43199,
                            "scope": "allegro:api:orders:read allegro:api:orders:write"})

    def _register(self, document: Any) -> Response:
        if document["code"] != "PXGTQBZXE":
            return refused(403, "AccessDenied", "Niepoprawny kod dostępu.")
        if document["client_name"] in self.names:
            return refused(422, "NameTaken", "Nazwa aplikacji jest już wykorzystywana.",
                           "client_name")
        self.names.add(document["client_name"])
        return answer(201, {"client_id": CLIENT[0], "client_secret": CLIENT[1],
                            "client_name": document["client_name"]})

    # Orders

    def _orders(self, method: str, steps: list[str], params: Mapping[str, Any], document: Any,
                body: bytes | None) -> Response:
        if steps[0] == "event-stats":
            last = self.shop.journal[-1] if self.shop.journal else None
            return answer(200, {"latestEvent": last and {
                "id": last["id"], "occurredAt": last["occurredAt"]}})
        if steps[0] == "events":
            return answer(200, {"events": self.shop.events(
                params.get("from", ""), params.get("type", []), int(params["limit"]))})
        if steps[0] == "carriers":
            return answer(200, {"carriers": [
                {"id": ref} | ({"name": name} if name else {}) for ref, name in CARRIERS]})
        if steps[0] == "customer-returns":
            return self._returns(params)
        if len(steps) == 1:
            return self._list(params)
        form = self.shop.forms.get(steps[1])
        if form is None:
            return refused(404, "CheckoutFormNotFoundException",
                           f"checkout form of id {steps[1]} not found")
        if len(steps) == 2:
            return answer(200, form)
        part = {"shipments": self._shipments, "fulfillment": self._fulfillment,
                "invoices": self._invoices}[steps[2]]
        return part(method, steps, params, document, body)

    def _list(self, params: Mapping[str, Any]) -> Response:
        since, until = params["updatedAt.gte"], params.get("updatedAt.lte", "9")
        found = sorted(
            (form for form in self.shop.forms.values() if since <= form["updatedAt"] <= until),
            key=lambda form: (form["updatedAt"], form["id"]),
        )
        page = json.loads(json.dumps(found[params["offset"]:params["offset"] + params["limit"]]))
        if self.after_page:
            self.after_page()
        return answer(200, {"checkoutForms": page, "count": len(page), "totalCount": len(found)})

    def _shipments(self, method: str, steps: list[str], params: Mapping[str, Any], document: Any,
                   body: bytes | None) -> Response:
        form_id = steps[1]
        if method == "GET":
            return answer(200, {"shipments": self.shop.parcels.get(form_id, [])})
        if document["waybill"] in self.shop.taken_numbers:
            return refused(409, "WaybillUsageExceeded", "Waybill used in too many orders")
        if document["carrierId"] not in dict(CARRIERS):
            return refused(400, "UnknownCarrier", "Unknown carrier", "carrierId")
        known = [line["id"] for line in self.shop.forms[form_id]["lineItems"]]
        if any(line["id"] not in known for line in document.get("lineItems", ())):
            return refused(422, "UnknownLine", "Line item is not of this order", "lineItems")
        return answer(201, self.shop.add_parcel(form_id, document))

    def _fulfillment(self, method: str, steps: list[str], params: Mapping[str, Any],
                     document: Any, body: bytes | None) -> Response:
        form = self.shop.forms[steps[1]]
        if params.get("checkoutForm.revision", form["revision"]) != form["revision"]:
            return refused(409, "RevisionConflict", "Provided revision is outdated")
        if document["status"] == "RETURNED":
            return refused(422, "InvalidStatus", "This status cannot be set", "status")
        self.shop.set_status(steps[1], document["status"])
        return Response(204, {}, b"")

    def _invoices(self, method: str, steps: list[str], params: Mapping[str, Any], document: Any,
                  body: bytes | None) -> Response:
        known = self.shop.invoices.setdefault(steps[1], [])
        if method == "GET":
            if not known:
                return refused(404, "ORDER-NOT-FOUND", "Order not found")
            return answer(200, {"invoices": known, "hasExternalInvoices": False})
        if method == "POST":
            if self.shop.scanning:
                return refused(422, "ERROR", "Security scan for SELLER invoice is in progress")
            ref = f"inv-{len(known) + 1}"
            known.append({"id": ref, "invoiceNumber": document["invoiceNumber"],
                          "createdAt": stamp(self.shop.now),
                          "file": {"name": document["file"]["name"]}})
            return answer(201, {"id": ref})
        entry = next(one for one in known if one["id"] == steps[3])
        if "uploadedAt" in entry["file"]:
            return refused(409, "FILE-EXISTS", "Invoice already has a file")
        entry["file"]["uploadedAt"] = stamp(self.shop.now)
        self.shop.files.setdefault(steps[1], []).append(body or b"")
        return Response(200, {}, b"")

    def _returns(self, params: Mapping[str, Any]) -> Response:
        """Newest first, as far as anybody can tell; nothing about the order is promised."""
        found = sorted(self.shop.returns, key=lambda one: one["createdAt"], reverse=True)
        since, until = params["createdAt.gte"], params["createdAt.lte"]
        found = [one for one in found if since <= one["createdAt"] <= until]
        start = int(params.get("offset", 0))
        page = found[start:start + int(params["limit"])]
        return answer(200, {"count": len(found), "customerReturns": page}, BETA)

    # Offers

    def _sale(self, method: str, steps: list[str], params: Mapping[str, Any],
              document: Any) -> Response:
        if steps[0] == "offers":
            return self._offers(params)
        if steps[0] == "delivery-methods":
            return answer(200, {"deliveryMethods": [
                {"id": "2488f7b7", "name": "Allegro Paczkomaty InPost"}]})
        if steps[0] == "product-offers":
            return self._offer(method, steps[1], document)
        kind, name = KINDS[steps[0]], steps[1]
        if method == "PUT":
            return self._take_in(kind, name, document)
        command = self.shop.commands.get(name)
        if command is None:
            return refused(404, "NotFound", "Command not found")
        if steps[2:] == ["tasks"]:
            return answer(200, {"tasks": list(command.tasks.values())})
        return answer(200, {"id": name, "completedAt": command.done_at, "taskCount": {
            "total": len(command.tasks), "success": len(command.tasks), "failed": 0}})

    def _take_in(self, kind: str, name: str, document: Any) -> Response:
        if name in self.shop.commands:
            return refused(409, "DuplicateCommand", "Command id was already used")
        if kind == "quantity" and document["modification"]["value"] <= 0:
            return refused(422, "INCORRECT_QUANTITY_VALUE", "Incorrect value of quantity",
                           "modification.value")
        refs = [one["id"] for part in document["offerCriteria"] for one in part["offers"]]
        self.shop.commands[name] = Command(kind, refs, document)
        return answer(201, {"id": name, "taskCount": {"total": 0, "success": 0, "failed": 0}})

    def _offers(self, params: Mapping[str, Any]) -> Response:
        found = [
            offer for offer in reversed(self.shop.offers.values())
            if offer["publication"]["status"] in params["publication.status"]
            and offer["id"] in params.get("offer.id", [offer["id"]])
        ]
        start = int(params.get("offset", 0))
        page = [
            {**offer, "publication": {name: told for name, told in offer["publication"].items()
                                      if name != "endedBy"}}
            for offer in found[start:start + int(params["limit"])]
        ]
        return answer(200, {"offers": page, "count": len(page), "totalCount": len(found)})

    def _offer(self, method: str, ref: str, document: Any) -> Response:
        offer = self.shop.offers.get(ref)
        if offer is None:
            return refused(404, "NotFound", "The offer does not exist")
        if method == "PATCH":
            if ref in self.shop.broken_offers:
                return refused(422, "VALIDATION_ERROR", "A parameter is missing", "parameters")
            offer["stock"]["available"] = document["stock"]["available"]
            offer["publication"] |= {"status": document["publication"]["status"], "endedBy": None}
        return answer(200, {"id": ref, "name": offer["name"], "stock": offer["stock"],
                            "publication": offer["publication"]})


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def connector_to(
    http: Any, shop: Shop, secrets: Mapping[str, str], **settings: Any
) -> AllegroConnector:
    """A connector at work."""
    return AllegroConnector(Context(
        settings={"environment": "production", "client_id": CLIENT[0], **settings},
        secrets=secrets, http=http, now=shop.now, log=logging.getLogger("allegro"),
    ))


@dataclass
class There:
    """A shop, the way to it, and the vendor's file as a witness of everything that is asked.

    Where the vendor's file is not at hand nobody watches; the same things are asked.
    """

    shop: Shop = field(default_factory=Shop)
    secrets: dict[str, str] = field(default_factory=lambda: {
        "client_secret": CLIENT[1], "access_token": "first", "refresh_token": "refresh-1"})

    def __post_init__(self) -> None:
        self.wire = Wire(self.shop, self.secrets)
        path = SHARED.joinpath(*SPEC)
        self.http: Any = Witness(
            self.wire, load_spec(path), self.wire.signs, _is_login,
            # An empty list has a count of zero all the same.
            excuses=("count 0 is less than the minimum of 1",),
        ) if path.exists() else self.wire

    @property
    def violations(self) -> list[str]:
        """What the vendor would say to our requests, and to the stand-in's answers."""
        return list(getattr(self.http, "violations", ()))

    def connector(self, **settings: Any) -> AllegroConnector:
        """A connector at work, at the shop's present moment."""
        return connector_to(self.http, self.shop, self.secrets, **settings)

    def fault(self, start: str, status: int, **more: Any) -> None:
        """Let the next request that begins like this go wrong."""
        self.wire.faults.append(Fault(start, status, **more))


def _is_login(path: str) -> bool:
    """Tokens and registration are described in a guide, not in the file."""
    return urlsplit(path).path.startswith(("/auth/", "/register"))
