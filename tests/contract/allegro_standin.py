"""Allegro as a stand-in for the conformance kit: the ``Shop`` behind the kit's verbs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid5

from oms_allegro import AllegroConnector, mapping
from oms_allegro.carrier import OURS
from oms_connector import Attached, Booking, Limit, Order, Response, Travel, Unreadable
from oms_connector.testing import Absent, Basket, Clock, Request, Shown, StandIn, Truth
from oms_connector.testing.facts import Carried, Wish

from tests.contract.allegro_sending import Sending
from tests.contract.allegro_shop import Shop
from tests.contract.allegro_talking import Talking
from tests.contract.allegro_wire import CLIENT, SPEC, Wire, challenge_of
from tests.contract.vendor_spec import SHARED, load_spec

LISTS = ("type", "publication.status", "offer.id")
NUMBERS = ("limit", "offset")
DEVICE = "645629715"
KINDS = {"paid": "ONLINE", "cod": "CASH_ON_DELIVERY"}


@dataclass
class KitShop(Shop):
    """A shop whose time is the kit's. ``hidden``: orders that are not shown yet, and until when."""

    hidden: dict[str, tuple[datetime, dict[str, Any], list[dict[str, Any]]]] = field(
        default_factory=dict)

    def pass_time(self, seconds: float) -> None:
        """The kit turns the clock."""

    def hide(self, ref: str, until: datetime) -> None:
        """Take an order and what the journal says of it out of sight."""
        events = self.take_events(ref)
        self.hidden[ref] = (until, self.forms.pop(ref), events)

    def reveal(self) -> None:
        """Show what was hidden long enough: the journal says it now."""
        for ref, (until, form, events) in list(self.hidden.items()):
            if until <= self.now:
                del self.hidden[ref]
                self.forms[ref] = form
                self.say_again(events)

    def take_events(self, ref: str) -> list[dict[str, Any]]:
        """Take what the journal says of an order out of it."""
        gone = [one for one in self.journal if one["order"]["checkoutForm"]["id"] == ref]
        self.journal = [one for one in self.journal if one not in gone]
        return gone

    def say_again(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Write events into the journal at this moment."""
        for event in events:
            self._count += 1
            number = int(self.now.timestamp() * 1_000_000) + self._count
            self.journal.append({**event, "id": str(number)})


class Allegro(StandIn):
    """One seller's account with a few offers."""

    connector = AllegroConnector
    page = 3
    limits = (Limit(per_second=75, burst=4500),)
    precision = timedelta(milliseconds=1)
    carrier = "INPOST"
    unknown = "00000000-0000-4000-8000-00000000dead"
    samples = Path(__file__).with_name("kit_samples_allegro")

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.shop = KitShop(now=clock.now)
        self.wire = Wire(self.shop, {})
        self.sending = Sending(lambda: self.now)
        self.talking = Talking(self.shop, lambda: self.now)
        self._issued = ("first", "refresh-1")
        for number, price in enumerate(("19.99", "4.35", "0.10", "1234.89")):
            self.shop.offer(f"KIT-{number}", price, stock=9)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"environment": "production", "client_id": CLIENT[0],
                "software_statement": "3b8cacc7-eeec-42f9-9f7f-f35090c3d616", "resume": "1",
                "shipping": "1", "messages": "1"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": CLIENT[1], "registration_code": "PXGTQBZXE",
                "access_token": self._issued[0], "refresh_token": self._issued[1]}

    def exchange(self, request: Request) -> Response:
        self._look_at_the_clock()
        if request.headers.get("authorization") == f"Bearer {self.wire.token}" \
                and (sent := self.sending.answer(request) or self.talking.answer(request)):
            return sent
        params: dict[str, Any] = {}
        for name, value in request.pairs:
            if name in LISTS:
                params.setdefault(name, []).append(value)
            else:
                params[name] = int(value) if name in NUMBERS else value
        is_json = "json" in request.headers.get("content-type", "")
        headers = {"Authorization": request.headers.get("authorization", ""),
                   "Accept": request.headers.get("accept", "")}
        got = self.wire.serve(request.method, request.path, params, headers,
                              request.json() if is_json and request.body else None, request.body)
        if request.path == "/auth/oauth/token" and got.status == 200:
            told = json.loads(got.body)
            self._issued = (told["access_token"], told["refresh_token"])
        return got

    # Buyers

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        self._look_at_the_clock()
        chosen = list(self.shop.offers)[:basket.lines]
        for ref in chosen:
            stock = self.shop.offers[ref]["stock"]
            stock["available"] = max(stock["available"], basket.quantity * count + 1)
        wanted = [(ref, basket.quantity) for ref in chosen]
        placed = [self.shop.buy(*wanted) for _ in range(count)]
        if basket.payment != "unpaid":
            for ref in placed:
                self.shop.pay(ref, kind=KINDS[basket.payment])
        return placed

    def pay(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.pay(ref)

    def edit(self, ref: str) -> None:
        self._look_at_the_clock()
        if self.shop.forms[ref]["delivery"] is None:
            self.shop.fill_in(ref)
        self.shop.change_address(ref, f"Kitowa {len(self.shop.journal)}")

    def cancel(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.cancel(ref)

    def ship(self, ref: str) -> None:
        self._look_at_the_clock()
        self.shop.set_status(ref, "SENT")

    def announce_return(self, ref: str) -> str:
        self._look_at_the_clock()
        return self.shop.send_back(ref)

    def close_return(self, return_ref: str) -> None:
        entry = next(one for one in self.shop.returns if one["id"] == return_ref)
        entry["status"] = "FINISHED"

    def add_offers(self, count: int) -> None:
        for _ in range(count):
            self.shop.offer(f"MORE-{len(self.shop.offers)}", stock=2)

    # What is true

    def truth(self, ref: str) -> Truth:
        form = self.shop.forms[ref]
        lines, payment = form["lineItems"], form["payment"] or {}
        address = (form["delivery"] or {}).get("address") or {}
        state = mapping.STATES[form["status"]]
        if state == "ready":
            state = mapping.FULFILMENT[form["fulfillment"]["status"]]
        total = form["summary"]["totalToPay"]
        return Truth(
            state=state, total=Decimal(total["amount"]), currency=total["currency"],
            placed_at=datetime.fromisoformat(lines[0]["boughtAt"]),
            units={line["id"]: line["quantity"] for line in lines},
            prices={line["id"]: Decimal(line["price"]["amount"]) for line in lines},
            paid=payment.get("paidAmount") is not None,
            private=[form["buyer"]["email"], *filter(None, (
                address.get("street"), address.get("lastName"), address.get("phoneNumber")))],
        )

    def offers(self) -> Sequence[Shown]:
        return [
            Shown(ref, one["external"]["id"],
                  one["stock"]["available"] if one["publication"]["status"] == "ACTIVE" else 0,
                  Decimal(one["sellingMode"]["price"]["amount"]))
            for ref, one in self.shop.offers.items()
        ]

    def shipments(self, ref: str) -> Sequence[str]:
        return [one["waybill"] for one in self.shop.parcels.get(ref, [])]

    def status(self, ref: str) -> str:
        return str(self.shop.forms[ref]["fulfillment"]["status"])

    def next_status(self, ref: str) -> str:
        return "PROCESSING"

    def given_back(self, ref: str) -> Sequence[Decimal]:
        return [Decimal(one["totalValue"]["amount"]) for one in self.wire.money.refunds
                if one["order"]["id"] == ref]

    def fee_claims(self, ref: str) -> Sequence[tuple[str, int]]:
        lines = [line["id"] for line in self.shop.forms[ref]["lineItems"]]
        return [(one["lineItem"]["id"], one["quantity"]) for one in self.wire.money.claims
                if one["lineItem"]["id"] in lines and one["status"] != "CANCELLED"]

    def grant_fee(self, ref: str) -> Decimal:
        return self.wire.money.grant(ref)

    def documents(self, ref: str) -> Sequence[bytes]:
        return self.shop.files.get(ref, [])

    # Messages

    def buyer_writes(self, text: str, order: str = "", files: Sequence[Attached] = ()) -> str:
        buyer = self.talking.buyer_of(order) if order else "ktos_obcy"
        return str(self.talking.write(text, buyer, order, files=files)["id"])

    def seller_writes(self, text: str, order: str) -> str:
        return str(self.talking.write(text, self.talking.buyer_of(order), order, True)["id"])

    def said(self, order: str) -> Sequence[str]:
        thread = f"watek-{self.talking.buyer_of(order)}"
        return [one["text"] for one in self.talking.kept
                if one["thread"]["id"] == thread and not one["author"]["isInterlocutor"]]

    def is_unread(self, order: str) -> bool:
        return f"watek-{self.talking.buyer_of(order)}" in self.talking.unread

    # Lapses

    def lose_event(self, ref: str) -> None:
        self.shop.take_events(ref)

    def repeat_events(self) -> None:
        self._look_at_the_clock()
        self.shop.say_again(list(reversed(self.shop.journal)))

    def hide(self, ref: str, seconds: float) -> None:
        self.shop.hide(ref, self.now + timedelta(seconds=seconds))

    def forget_history(self) -> None:
        self._look_at_the_clock()
        oldest = int((self.now - timedelta(days=60)).timestamp() * 1_000_000)
        self.shop.journal = [one for one in self.shop.journal if int(one["id"]) > oldest]

    def finish_pushes(self) -> None:
        self.shop.work()

    # Parcels

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        return self.sending.booking(key, wish)

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        return self.sending.refused_booking(key)

    def bookings(self, key: str) -> Sequence[Carried]:
        return self.sending.bookings(key)

    def finish_bookings(self) -> None:
        self.sending.work()

    def travel(self, tracking: str, state: Travel) -> str:
        return self.sending.travel(tracking, state)

    def pickups(self, key: str) -> Sequence[str]:
        return self.sending.pickups(str(uuid5(OURS, f"pickup:{key}")))

    # Access

    def expire_tokens(self) -> None:
        self.wire.token = "none that was given"

    def revoke(self) -> None:
        self.wire.token = "none that was given"
        self.wire.refresh_tokens.clear()

    def consent(self, url: str) -> str:
        assert "code_challenge=" in url
        # The kit's challenge is that of no verifier.
        self.wire.codes["kod"] = challenge_of("kit-verifier")
        return "kod"

    def agree(self, user_code: str) -> None:
        self.wire.agreed.add(DEVICE)

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        path = SHARED.joinpath(*SPEC)
        if not path.exists():
            raise Absent("the vendor's file is not part of the project")
        if request.path.startswith(("/auth/", "/register")):
            return ()
        params: dict[str, list[str]] = {}
        for name, value in request.pairs:
            params.setdefault(name, []).append(value)
        return load_spec(path).in_request(request.method, request.path, params=params,
                                          headers=request.headers, body=request.body)

    def read_sample(self, document: Any) -> Order | Unreadable:
        return mapping.order(document)

    def _look_at_the_clock(self) -> None:
        self.shop.now = self.now
        self.shop.reveal()
