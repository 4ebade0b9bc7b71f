"""An Allegro in process: what buyers, the seller and Allegro itself do, without HTTP.

Its state is kept as the REST API shows it. ``allegro_wire`` answers requests from it. What is wrong
with the real one can be switched on: events that are lost, repeated or out of order, commands that
fail for one offer, forms that disappear when purchases are paid together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SPACE = UUID("00000000-0000-4000-8000-000000000001")
PUBLIC = "application/vnd.allegro.public.v1+json"
CARRIERS = (("INPOST", "InPost"), ("DPD", "DPD"), ("ORLEN", "ORLEN Paczka"), ("ALLEGRO", "Allegro"),
            ("POCZTA_POLSKA", "Poczta Polska"), ("OTHER", None))


def stamp(when: datetime) -> str:
    """A moment as Allegro writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def money(amount: Decimal | str, currency: str = "PLN") -> dict[str, str]:
    """A price as Allegro writes it."""
    return {"amount": f"{Decimal(amount):.2f}", "currency": currency}


@dataclass
class Command:
    """A command that was taken in; ``work`` does it."""

    kind: str
    refs: list[str]
    body: dict[str, Any]
    done_at: str | None = None
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Shop:
    """One seller's account. ``now`` is turned by hand."""

    now: datetime = MONDAY
    login: str = "sklep_testowy"
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    parcels: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    invoices: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    returns: list[dict[str, Any]] = field(default_factory=list)
    # Switches
    loses: set[str] = field(default_factory=set)
    repeats: bool = False
    shuffles: bool = False
    broken_offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    scanning: bool = False
    taken_numbers: set[str] = field(default_factory=set)
    marks_sent: bool = False
    keeps_merged: bool = False
    _count: int = 0

    # Offers

    def offer(self, sku: str, price: str = "49.90", stock: int = 5, **more: Any) -> str:
        """List an offer; its number."""
        ref = str(7_000_000_001 + len(self.offers))
        self.offers[ref] = {
            "id": ref, "name": f"Offer {sku}", "category": {"id": "257933"},
            "sellingMode": {"format": "BUY_NOW", "price": money(price)},
            "stock": {"available": stock, "sold": 0},
            "publication": {"status": "ACTIVE", "marketplaces": {
                "base": {"id": "allegro-pl"}, "additional": []}},
            "external": {"id": sku}, "isFulfillment": False, **more,
        }
        return ref

    def end(self, ref: str, by: str = "USER") -> None:
        """An offer ends."""
        self.offers[ref]["publication"] |= {"status": "ENDED", "endedBy": by}

    # Buyers

    def buy(self, *wanted: tuple[str, int], seconds: float = 1) -> str:
        """A purchase: offers and units, taken from stock at once; the id of its checkout form."""
        self.pass_time(seconds)
        lines = [self._line(ref, count) for ref, count in wanted]
        for ref, count in wanted:
            stock = self.offers[ref]["stock"]
            stock["available"] = max(0, stock["available"] - count)
            if not stock["available"]:
                self.end(ref, "EMPTY_STOCK")
        return self._open(lines, "BOUGHT")

    def fill_in(self, form_id: str, method: str = "Allegro Paczkomaty InPost",
                point: str | None = "KRA01A", cost: str = "10.99", **more: Any) -> str:
        """The buyer chooses delivery; data may still change."""
        form = self.forms[form_id]
        form["delivery"] = {
            "address": {
                "firstName": "Ewa", "lastName": "Wzorcowa", "street": "Lipowa 7",
                "city": "Kraków", "zipCode": "30-001", "countryCode": "PL", "companyName": None,
                "phoneNumber": "+48500600700", "modifiedAt": None,
            },
            "method": {"id": str(uuid5(SPACE, method)), "name": method},
            "pickupPoint": {"id": point, "name": f"Paczkomat {point}"} if point else None,
            "cost": money(cost), "smart": False, "cancellation": None,
            "time": {"dispatch": {"from": stamp(self.now),
                                  "to": stamp(self.now + timedelta(days=1))}},
            "calculatedNumberOfPackages": 1,
        }
        form |= more
        form["status"] = "FILLED_IN"
        self._sum_up(form)
        return self._changed(form_id, "FILLED_IN")

    def pay(self, form_id: str, kind: str = "ONLINE", **more: Any) -> str:
        """The buyer pays, or chooses to pay on delivery: the form is final."""
        form = self.forms[form_id]
        if form["delivery"] is None:
            self.fill_in(form_id, **more)
        total = form["summary"]["totalToPay"]
        form["payment"] = {
            "id": self._uuid(), "type": kind, "features": [], "reconciliation": None,
            "provider": None if kind == "CASH_ON_DELIVERY" else "PAYU",
            "finishedAt": stamp(self.now),
            "paidAmount": None if kind == "CASH_ON_DELIVERY" else dict(total),
        }
        form["status"] = "READY_FOR_PROCESSING"
        return self._changed(form_id, "READY_FOR_PROCESSING")

    def sell(self, *wanted: tuple[str, int], **more: Any) -> str:
        """Bought and paid in one go."""
        return self.pay(self.buy(*wanted), **more)

    def merge(self, *form_ids: str) -> str:
        """Purchases are paid together: a new form takes over their lines, the others are gone."""
        lines = [line for ref in form_ids for line in self.forms[ref]["lineItems"]]
        for ref in form_ids:
            if not self.keeps_merged:
                del self.forms[ref]
        self.pass_time(60)
        return self._open(lines, "FILLED_IN")

    def cancel(self, form_id: str, event: str = "BUYER_CANCELLED") -> str:
        """The buyer, or Allegro itself, cancels."""
        self.forms[form_id]["status"] = "CANCELLED"
        return self._changed(form_id, event)

    def change_address(self, form_id: str, street: str) -> str:
        """The buyer has the parcel sent elsewhere."""
        self.forms[form_id]["delivery"]["address"]["street"] = street
        return self._changed(form_id, "BUYER_MODIFIED")

    def send_back(self, form_id: str, count: int = 1, status: str = "CREATED") -> str:
        """A buyer announces a return of an order's first line."""
        self.pass_time(1)
        line = self.forms[form_id]["lineItems"][0]
        entry = {
            "id": self._uuid(), "createdAt": stamp(self.now), "orderId": form_id,
            "referenceNumber": f"{len(self.returns) + 1}/Z26", "isFulfillment": False,
            "buyer": {"email": "ewa@example.com", "login": "ewa_kupuje"},
            "items": [{"offerId": line["offer"]["id"], "quantity": count,
                       "name": line["offer"]["name"], "price": line["price"],
                       "reason": {"type": "DONT_LIKE_IT", "userComment": "za duże"}}],
            "refund": {"bankAccount": {"owner": "Ewa Wzorcowa", "iban": "PL00"}},
            "parcels": [], "rejection": None, "marketplaceId": "allegro-pl", "status": status,
        }
        self.returns.append(entry)
        return str(entry["id"])

    # The seller, in Allegro's own panel or through the API

    def set_status(self, form_id: str, status: str) -> None:
        """The seller's status. It changes ``revision``, but not ``updatedAt``."""
        form = self.forms[form_id]
        form["fulfillment"]["status"] = status
        form["revision"] = self._hash()
        self._tell(form, "FULFILLMENT_STATUS_CHANGED")

    def add_parcel(self, form_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """A tracking number; with the seller's setting for it, the order counts as sent."""
        form = self.forms[form_id]
        wanted = [line["id"] for line in body.get("lineItems") or form["lineItems"]]
        entry = {
            "id": f"{body['carrierId']}:{body['waybill']}", "waybill": body["waybill"],
            "carrierId": body["carrierId"], "carrierName": body.get("carrierName"),
            "lineItems": [{"id": ref} for ref in wanted], "createdAt": stamp(self.now),
        }
        self.parcels.setdefault(form_id, []).append(entry)
        if self.marks_sent:
            self.set_status(form_id, "SENT")
        return entry

    # Allegro

    def work(self) -> None:
        """Do the commands that wait."""
        for command in self.commands.values():
            if command.done_at is None:
                for ref in command.refs:
                    command.tasks[ref] = self._do(command, ref)
                command.done_at = stamp(self.now)

    def pass_time(self, seconds: float) -> None:
        """Time goes on."""
        self.now += timedelta(seconds=seconds)

    def events(self, since: str, types: list[str], limit: int) -> list[dict[str, Any]]:
        """The journal after an event, as far back as it goes, with the faults that are on."""
        oldest = int((self.now - timedelta(days=60)).timestamp() * 1_000_000)
        found = [
            event for event in self.journal
            if int(event["id"]) > max(int(since or 0), oldest)
            and (not types or event["type"] in types)
        ][:limit]
        if self.shuffles and found:
            found = [*reversed(found[:-1]), found[-1]]
        return [*found, *found[-1:]] if self.repeats and len(found) < limit else found

    def _do(self, command: Command, ref: str) -> dict[str, Any]:
        offer = self.offers.get(ref)
        task: dict[str, Any] = {"offer": {"id": ref}, "message": "", "errors": [],
                                "field": command.kind, "status": "SUCCESS"}
        error = self.broken_offers.get(ref)
        if offer is None:
            error = {"code": "OFFER_NOT_FOUND", "message": "The offer does not exist.",
                     "userMessage": "The offer does not exist.", "path": "offer.id"}
        elif command.kind == "publication" and offer["publication"]["status"] == "ENDED":
            error = {"code": "OFFER_ENDED", "message": "The offer has ended.", "path": None}
        if error or offer is None:
            return task | {"status": "FAIL", "message": "failed", "errors": [error]}
        if command.kind == "quantity":
            offer["stock"]["available"] = command.body["modification"]["value"]
        elif command.kind == "price":
            offer["sellingMode"]["price"] = command.body["modification"]["price"]
        else:
            self.end(ref)
        return task

    def _line(self, ref: str, count: int) -> dict[str, Any]:
        offer = self.offers[ref]
        price = offer["sellingMode"]["price"]
        return {
            "id": self._uuid(), "quantity": count, "originalPrice": dict(price),
            "price": dict(price), "reconciliation": None, "selectedAdditionalServices": [],
            "vouchers": [], "tax": {"rate": "23.00", "subject": "GOODS", "exemption": None},
            "boughtAt": stamp(self.now), "discounts": [], "deposit": None,
            "offer": {"id": ref, "name": offer["name"], "external": dict(offer["external"]),
                      "productSet": None},
        }

    def _open(self, lines: list[dict[str, Any]], status: str) -> str:
        form_id = self._uuid()
        form = self.forms[form_id] = {
            "id": form_id, "messageToSeller": None, "status": status, "payment": None,
            "buyer": {
                "id": "44300110", "email": "abc123+44@allegromail.pl", "login": "ewa_kupuje",
                "firstName": "Ewa", "lastName": "Wzorcowa", "companyName": None, "guest": False,
                "personalIdentity": None, "phoneNumber": "+48500600700",
                "preferences": {"language": "pl-PL"}, "address": None,
            },
            "fulfillment": {"status": "NEW", "shipmentSummary": {"lineItemsSent": "NONE"},
                            "provider": {"id": "SELLER"}},
            "delivery": None, "lineItems": lines, "surcharges": [], "discounts": [], "note": None,
            "invoice": {"required": False, "address": None, "dueDate": None, "features": None},
            "marketplace": {"id": "allegro-pl"}, "summary": {}, "updatedAt": stamp(self.now),
            "revision": self._hash(),
        }
        self._sum_up(form)
        self._tell(form, status)
        return form_id

    def _sum_up(self, form: dict[str, Any]) -> None:
        total = sum((Decimal(line["price"]["amount"]) * line["quantity"]
                     for line in form["lineItems"]), Decimal(0))
        total += sum((Decimal(one["price"]["amount"]) * one["quantity"]
                      for line in form["lineItems"]
                      for one in line["selectedAdditionalServices"]), Decimal(0))
        if form["delivery"]:
            total += Decimal(form["delivery"]["cost"]["amount"])
        form["summary"] = {"totalToPay": money(total)}

    def _changed(self, form_id: str, event: str) -> str:
        """A change by the buyer: it moves ``updatedAt``."""
        self.pass_time(1)
        form = self.forms[form_id]
        form["updatedAt"], form["revision"] = stamp(self.now), self._hash()
        self._tell(form, event)
        return form_id

    def _tell(self, form: dict[str, Any], kind: str) -> None:
        self._count += 1
        event = {
            "id": str(int(self.now.timestamp() * 1_000_000) + self._count),
            "type": kind, "occurredAt": stamp(self.now),
            "order": {
                "seller": {"id": "99887766"}, "marketplace": form["marketplace"],
                "buyer": {name: form["buyer"][name] for name in
                          ("id", "email", "login", "guest", "preferences")},
                "lineItems": [{name: line[name] for name in
                               ("id", "offer", "quantity", "originalPrice", "price", "boughtAt")}
                              for line in form["lineItems"]],
                "checkoutForm": {"id": form["id"], "revision": form["revision"]},
            },
        }
        if kind not in self.loses:
            self.journal.append(event)

    def _uuid(self) -> str:
        self._count += 1
        return str(uuid5(SPACE, str(self._count)))

    def _hash(self) -> str:
        """Something that sorts by chance, as a hash does."""
        return self._uuid()[:8]
