"""What happens between a shop and us, step by step. The same for every shop.

What a connector does not claim to be able to do is left out and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from oms_connector import CancelsOrders, PullsReturns, PushesPrices

from oms_web.core.money import to_minor
from tests.live.ours import Ours
from tests.live.shop import GOODS, Bought, LiveShop

UNITS = {"LIVE-MUG": 12, "LIVE-BAG": 7}
DEARER = Decimal("10.00")
"""Our prices are higher by this than those the shop starts with."""
NUMBER = "520000016280"


class NotTheirs(Exception):
    """The connector does not claim this; the message says what."""


def expect(found: object, wanted: object, what: str) -> None:
    """See that something is as it should be.

    Raises:
        AssertionError: it is not.
    """
    assert found == wanted, f"{what} is {found!r} and should be {wanted!r}"


class Story:
    """One shop, one installation of ours."""

    def __init__(self, shop: LiveShop, ours: Ours) -> None:
        self.shop, self.ours = shop, ours
        self.kind = ours.connector(shop.name)
        self.first: Bought
        self.second: Bought
        self.third: Bought

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """The steps in their order: what each is about, and the act, which says what it saw."""
        yield "connect", self.connect
        yield "offers and stock", self.goods
        yield "prices", self.prices
        yield "an order comes in", self.order
        yield "its payment is noticed", self.payment
        yield "it leaves, with tracking", self.leaving
        yield "called off there", self.called_off_there
        yield "called off here", self.called_off_here
        yield "a return", self.returning
        yield "nothing is missing", self.nothing_missing

    def connect(self) -> str:
        """The settings that a seller types work, in a process of the connector's own."""
        for sku, units in UNITS.items():
            self.ours.add(sku, units, GOODS[sku] + DEARER)
        name = self.ours.connect(self.shop)
        assert self.ours.children(), "the connector does not run in a process of its own"
        return name

    def goods(self) -> str:
        """The shop's offers are found and linked by SKU; it shows what we have."""
        self.ours.go_on()
        expect(self.ours.linked(), set(UNITS), "the set of linked SKUs")
        for sku, units in UNITS.items():
            expect(self.shop.quantity(sku), units, f"the shop's quantity of {sku}")
        return f"{len(UNITS)} offers linked, {sum(UNITS.values())} units shown"

    def prices(self) -> str:
        """It asks for our prices."""
        if not issubclass(self.kind, PushesPrices):
            raise NotTheirs("it takes no prices")
        for sku, price in GOODS.items():
            expect(self.shop.price(sku), price + DEARER, f"the shop's price of {sku}")
        return f"{GOODS['LIVE-MUG'] + DEARER} PLN"

    def order(self) -> str:
        """Two lines from the shop's own checkout; units are promised, other buyers see fewer."""
        self.first = self.shop.buy(("LIVE-MUG", 2), ("LIVE-BAG", 1))
        self.ours.go_on()
        order = self.ours.order(self.first.ref)
        expect((order.phase, order.payment_state), ("open", "unpaid"), "the order")
        expect(order.total, to_minor(self.first.total, order.currency), "its total")
        expect(order.items_total + order.shipping_total - order.discount_total, order.total,
               "the sum of its parts")
        expect(self.ours.skus(order.id), {"LIVE-MUG": 2, "LIVE-BAG": 1}, "what was ordered")
        self._see("LIVE-MUG", 10)
        self._see("LIVE-BAG", 6)
        return f"no. {order.external_number}, {self.first.total} {order.currency}"

    def payment(self) -> str:
        """Money came later. Whether that is found where no stamp moves, cannot be seen here: all of
        the story lies within the span that a stream reads again.
        """
        self.shop.pay(self.first.ref)
        self.ours.go_on()
        order = self.ours.order(self.first.ref)
        expect((order.payment_state, order.paid_total), ("paid", order.total), "the payment")
        return f"{self.first.total} paid"

    def leaving(self) -> str:
        """The parcel's number is what the buyer sees."""
        self.ours.send(self.ours.order(self.first.ref).id, "InPost", NUMBER)
        self.ours.go_on()
        expect(list(self.shop.tracking(self.first.ref)), [NUMBER], "the tracking in the shop")
        self.ours.go_on()
        expect(self.ours.order(self.first.ref).phase, "shipped", "the phase")
        expect(list(self.shop.tracking(self.first.ref)), [NUMBER], "the tracking, a cycle later")
        self._see("LIVE-MUG", 10)
        return NUMBER

    def called_off_there(self) -> str:
        """Its units are free again on both sides."""
        self.second = self.shop.buy(("LIVE-MUG", 3))
        self.shop.pay(self.second.ref)
        self.ours.go_on()
        self._see("LIVE-MUG", 7)
        self.shop.cancel(self.second.ref)
        self.ours.go_on()
        expect(self.ours.order(self.second.ref).phase, "cancelled", "the phase")
        self._see("LIVE-MUG", 10)
        return "3 units are free again"

    def called_off_here(self) -> str:
        """We cannot deliver, and the shop is told."""
        if not issubclass(self.kind, CancelsOrders):
            raise NotTheirs("it takes no cancellations")
        self.third = self.shop.buy(("LIVE-BAG", 2))
        self.ours.go_on()
        self._see("LIVE-BAG", 4)
        self.ours.cancel(self.ours.order(self.third.ref).id)
        self.ours.go_on()
        expect(self.shop.is_cancelled(self.third.ref), True, "that it is called off in the shop")
        self._see("LIVE-BAG", 6)
        return "2 units are free again"

    def returning(self) -> str:
        """A return of what was sent lies beside its order."""
        if not issubclass(self.kind, PullsReturns):
            raise NotTheirs("it tells of no returns")
        self.shop.announce_return(self.first.ref, "LIVE-MUG", 1)
        self.ours.go_on()
        found = self.ours.returns(self.ours.order(self.first.ref).id)
        expect(len(found), 1, "the number of returns")
        return f"{found[0].state}, {found[0].raw_status}"

    def nothing_missing(self) -> str:
        """Their count is ours, everything told has arrived, and all books agree."""
        self.ours.go_on()
        proof = self.ours.proof()
        assert proof is not None, "nothing was compared"
        expect((proof.theirs, proof.theirs - proof.ours, proof.unread, proof.late),
               (self.ours.count(), 0, 0, 0), "theirs, missing, unread, late")
        expect(self.ours.complaints(), [], "what did not arrive")
        expect(self.ours.books(), [], "what the inspection finds")
        return f"{proof.theirs} of theirs, {proof.ours} of ours, 0 missing"

    def _see(self, sku: str, units: int) -> None:
        expect(self.ours.free(sku), units, f"what is free of {sku} here")
        expect(self.shop.quantity(sku), units, f"what the shop shows of {sku}")
