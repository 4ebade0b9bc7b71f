"""Gołąb as a stand-in: the carrier that comes with the demo, behind the kit's verbs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import Address, Booking, Package
from oms_connector.testing import Carried
from oms_demo import GolabConnector
from oms_demo.courier import STATES
from oms_demo.market import courier

from tests.contract.kit_demo import Targowisko

SENDER = Address("Leśna Sowa", "Leśna Sowa sp. z o.o.", "ul. Świerkowa 12", "90-001", "Łódź", "",
                 "PL", "422000100", "biuro@lesnasowa.example")
RECEIVER = Address("Zofia Kitowska", "", "Kiciowa 7", "50-066", "Wrocław", "", "PL", "600300400",
                   "zofia@kit.example")
CODES = {state: code for code, state in STATES.items()}


class Golab(Targowisko):
    """The carrier beside the marketplace."""

    connector = GolabConnector
    samples = None
    near = "Łódź"

    def booking(self, key, wish="plain"):
        plain = Booking(key, "kurier", SENDER, RECEIVER, [Package(1250, 300, 200, 100)])
        return {
            "plain": plain,
            "cod": replace(plain, cod=Decimal("199.99")),
            "point": replace(plain, service="automat", point="LDZ02G",
                             packages=[Package(900, size="A")]),
            "several": replace(plain, packages=[Package(1250), Package(730)]),
            "return": replace(plain, sender=RECEIVER, receiver=SENDER, is_return=True),
        }[wish]

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(plain.receiver, phone="12")), "receiver.phone"

    def bookings(self, key):
        with self.market.store.transaction() as db:
            rows = courier.by_key(db, key)
        return [Carried(one["id"], one["service"], [box["weight_g"] for box in one["packages"]],
                        Decimal(one["cod"]) if one["cod"] else None, one["point"],
                        one["receiver"]["postcode"])
                for one in rows if one["state"] != "cancelled"]

    def travel(self, tracking, state):
        with self.market.store.transaction() as db:
            courier.scan(db, self.now, tracking, CODES[state])
        return CODES[state]

    def pickups(self, key):
        with self.market.store.transaction() as db:
            return courier.visits(db, key)

    def violations(self, request, response):
        return super(Targowisko, self).violations(request, response)
