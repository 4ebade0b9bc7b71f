"""A Shopify shop in process: what buyers and sellers do there, without HTTP.

It behaves as Shopify's documentation and schema say, its traps included: the stamp of the last
change has whole seconds, what is bought is taken from stock at once, a refund before sending takes
units out while one after sending leaves the parcels as they were, cancelling is done by a job a
moment later, orders older than sixty days are hidden, and search is behind what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CENT = Decimal("0.01")
MAIN = 71
ALL_SCOPES = (
    "write_orders", "write_products", "write_inventory", "read_locations", "read_returns",
    "write_merchant_managed_fulfillment_orders",
)
EWA = {
    "firstName": "Ewa", "lastName": "Wzorcowa", "company": None, "address1": "Lipowa 7",
    "address2": "m. 3", "zip": "30-001", "city": "Kraków", "provinceCode": None,
    "countryCodeV2": "PL", "phone": "+48500600700",
}
OPEN = ("OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED")


@dataclass
class Variant:
    """A variant with what lies at each location."""

    id: int
    item: int
    product: int
    title: str
    name: str
    sku: str
    price: Decimal
    levels: dict[int, int]
    tracked: bool = True
    status: str = "ACTIVE"
    barcode: str | None = None


@dataclass
class Line:
    """A position. ``removed``: units that do not count any more, for whatever reason."""

    id: int
    variant: int | None
    name: str
    sku: str | None
    price: Decimal
    quantity: int
    off: Decimal = Decimal(0)
    rate: int | None = 23
    removed: int = 0


@dataclass
class Work:
    """A fulfilment order: what is left to be sent from a location."""

    id: int
    location: int
    left: dict[int, int]
    status: str = "OPEN"
    items: dict[int, int] = field(default_factory=dict)
    fulfil_by: datetime | None = None
    is_service: bool = False


@dataclass
class Parcel:
    """A fulfilment."""

    id: int
    created: datetime
    units: dict[int, int]
    tracking: list[dict[str, Any]]
    status: str = "SUCCESS"
    display: str = "FULFILLED"


@dataclass
class Money:
    """A transaction."""

    id: int
    kind: str
    amount: Decimal
    at: datetime
    gateway: str
    status: str = "SUCCESS"
    parent: int | None = None


@dataclass
class Refund:
    """Money given back, and units with it. ``lines``: line, units, kind of restocking."""

    id: int
    at: datetime
    lines: list[tuple[int, int, str]]
    amount: Decimal
    money: list[int]
    back: int | None = None
    shipping: Decimal = Decimal(0)
    note: str | None = None


@dataclass
class Back:
    """A return. ``units``: line -> units."""

    id: int
    name: str
    at: datetime
    units: dict[int, int]
    status: str = "REQUESTED"
    processed: int = 0


@dataclass
class Sale:
    """An order. All amounts are the buyer's; ``rate``: how many of them the shop's unit is."""

    id: int
    created: datetime
    updated: datetime
    lines: list[Line]
    gateway: str
    shipping: Decimal
    works: list[Work]
    carrier: str = "Kurier DPD"
    code: str = "dpd"
    currency: str = "PLN"
    rate: Decimal = Decimal(1)
    included: bool = True
    cancelled: datetime | None = None
    authorized: bool = False
    test: bool = False
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)
    localized: list[dict[str, str]] = field(default_factory=list)
    metafields: list[dict[str, str]] = field(default_factory=list)
    email: str | None = "ewa@example.com"
    phone: str | None = None
    address: dict[str, Any] | None = field(default_factory=lambda: dict(EWA))
    billing: dict[str, Any] | None = field(default_factory=lambda: dict(EWA))
    money: list[Money] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    returns: list[Back] = field(default_factory=list)

    def line(self, number: int) -> Line:
        """A line by its number."""
        return next(one for one in self.lines if one.id == number)


@dataclass
class Shop:
    """One shop. ``now`` is turned by hand."""

    now: datetime = MONDAY
    orders: dict[int, Sale] = field(default_factory=dict)
    variants: dict[int, Variant] = field(default_factory=dict)
    locations: dict[int, str] = field(default_factory=lambda: {MAIN: "Magazyn"})
    hooks: dict[int, dict[str, Any]] = field(default_factory=dict)
    hidden: dict[int, datetime] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=lambda: list(ALL_SCOPES))
    jobs: list[Callable[[], None]] = field(default_factory=list)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    # Switches
    is_open: bool = True
    is_installed: bool = True
    is_ours: bool = True
    shows_buyers: bool = True
    terse: bool = False
    immutable: set[int] = field(default_factory=set)
    dearest: float = 1000.0
    _count: int = 5000

    # Goods

    def variant(self, sku: str, price: str = "49.90", stock: int | None = 5, product: int = 0,
                **more: Any) -> int:
        """A variant; its number. Without stock the shop does not count it."""
        number = self.next()
        title = more.pop("title", "Default Title")
        self.variants[number] = Variant(
            number, self.next(), product or self.next(), title, f"Product {sku}", sku,
            Decimal(price), {MAIN: stock or 0}, tracked=stock is not None, **more)
        return number

    # Buyers

    def buy(self, *wanted: tuple[int, int], gateway: str = "PayU", shipping: str = "12.30",
            off: str = "0", **more: Any) -> int:
        """An order that is placed now and not paid."""
        number = self.next()
        rate = more.get("rate", Decimal(1))
        lines = []
        for variant, count in wanted:
            kind = self.variants[variant]
            lines.append(Line(self.next(), variant, kind.name, kind.sku,
                              (kind.price * rate).quantize(CENT), count))
            kind.levels[MAIN] = kind.levels.get(MAIN, 0) - count
        if lines:
            lines[0].off = Decimal(off)
        work = Work(self.next(), MAIN, {one.id: one.quantity for one in lines})
        work.items = {one.id: self.next() for one in lines}
        self.orders[number] = Sale(number, self.second(), self.second(), lines, gateway,
                                   Decimal(shipping), [work], **more)
        return number

    def sell(self, *wanted: tuple[int, int], **more: Any) -> int:
        """Bought and paid in one go."""
        number = self.buy(*wanted, **more)
        self.pay(number)
        return number

    def pay(self, number: int, amount: Decimal | None = None) -> None:
        """The payment arrives."""
        order = self.orders[number]
        self._transact(order, "SALE", self.total(order) if amount is None else amount)
        self.touch(number)

    def authorize(self, number: int) -> None:
        """The payment is reserved only."""
        order = self.orders[number]
        order.authorized = True
        self._transact(order, "AUTHORIZATION", self.total(order))
        self.touch(number)

    # The seller, in the panel or through the API

    def touch(self, number: int) -> None:
        """The order was changed."""
        self.orders[number].updated = self.second()

    def fulfil(self, number: int, units: Mapping[int, int] | None = None, tracking: Any = (),
               location: int | None = None) -> int:
        """Send units (all that are left, if not said) from their fulfilment orders."""
        order = self.orders[number]
        sent: dict[int, int] = {}
        for work in order.works:
            if work.status not in OPEN or (location and work.location != location):
                continue
            for line, left in work.left.items():
                count = left if units is None else min(left, units.get(line, 0) - sent.get(line, 0))
                if count > 0:
                    work.left[line] -= count
                    sent[line] = sent.get(line, 0) + count
            if not any(work.left.values()):
                work.status = "CLOSED"
        parcel = Parcel(self.next(), self.second(), sent, list(tracking))
        order.parcels.append(parcel)
        self.touch(number)
        return parcel.id

    def cancel(self, number: int, *, restock: bool = True, refund: bool = True) -> None:
        """Call the whole order off."""
        order = self.orders[number]
        for line in order.lines:
            self._remove(order, line.id, line.quantity - line.removed, restock)
        for work in order.works:
            if work.status in OPEN:
                work.status = "CANCELLED"
        order.cancelled = self.second()
        if refund and self.paid(order):
            self._transact(order, "REFUND", self.paid(order))
        self.touch(number)

    def refund(self, number: int, units: Mapping[int, int] | None = None,
               amount: Decimal | str | None = None, restock: str = "CANCEL",
               back: int | None = None, parent: int | None = None, **more: Any) -> int:
        """Give back units and their money, or an amount alone. Units not sent are taken out."""
        order = self.orders[number]
        units = dict(units or {})
        worth = sum((self.worth(order, line, count) for line, count in units.items()), Decimal(0))
        given = worth if amount is None else Decimal(amount)
        money = [self._transact(order, "REFUND", given, parent)] if given else []
        made = Refund(self.next(), self.second(),
                      [(line, count, restock) for line, count in units.items()], given, money, back,
                      **more)
        order.refunds.append(made)
        for line, count in units.items():
            if back is None:
                self._remove(order, line, count, restock == "CANCEL")
        self.touch(number)
        return made.id

    def request_return(self, number: int, units: Mapping[int, int] | None = None) -> int:
        """The buyer says that goods come back, and the seller agrees: units do not count then."""
        order = self.orders[number]
        units = dict(units or {order.lines[0].id: 1})
        made = Back(self.next(), f"#{order.id}-R{len(order.returns) + 1}", self.second(), units,
                    "OPEN")
        order.returns.append(made)
        for line, count in units.items():
            order.line(line).removed += count
        self.touch(number)
        return made.id

    def close_return(self, back: int) -> None:
        """Everything came and the money is given back."""
        order, made = self.return_of(back)
        worth = sum((self.worth(order, line, count) for line, count in made.units.items()),
                    Decimal(0))
        self.refund(order.id, made.units, worth, "RETURN", back)
        made.status, made.processed = "CLOSED", 1
        self.touch(order.id)

    def return_of(self, back: int) -> tuple[Sale, Back]:
        """A return with its order."""
        return next((order, one) for order in self.orders.values() for one in order.returns
                    if one.id == back)

    # What is true

    def gross(self, order: Sale, line: Line) -> Decimal:
        """What the buyer owes for all units of a line."""
        net = line.price * line.quantity - line.off
        return net if order.included else net + self.tax(order, line)

    def tax(self, order: Sale, line: Line) -> Decimal:
        """The tax of a line, within its price or on top of it."""
        net, rate = line.price * line.quantity - line.off, Decimal(line.rate or 0)
        return (net * rate / ((100 + rate) if order.included else 100)).quantize(
            CENT, "ROUND_HALF_UP")

    def worth(self, order: Sale, line: int, count: int) -> Decimal:
        """What so many units of a line are worth."""
        entry = order.line(line)
        return (self.gross(order, entry) * count / entry.quantity).quantize(CENT, "ROUND_HALF_UP")

    def total(self, order: Sale, *, current: bool = False) -> Decimal:
        """What the buyer owes for the whole order, or for what counts of it now."""
        if not current:
            return sum((self.gross(order, one) for one in order.lines), order.shipping)
        goods = sum((self.worth(order, one.id, one.quantity - one.removed) for one in order.lines),
                    Decimal(0))
        if order.cancelled:
            return Decimal(0)
        return goods + order.shipping - sum((one.shipping for one in order.refunds), Decimal(0))

    def paid(self, order: Sale) -> Decimal:
        """What came, less what was given back."""
        return sum((one.amount * {"SALE": 1, "CAPTURE": 1, "REFUND": -1}.get(one.kind, 0)
                    for one in order.money), Decimal(0))

    def financial(self, order: Sale) -> str:
        """Its word for how far it is paid."""
        came = sum((one.amount for one in order.money if one.kind in ("SALE", "CAPTURE")),
                   Decimal(0))
        given = came - self.paid(order)
        if came == 0 and self.total(order) > 0:
            if order.authorized:
                return "VOIDED" if order.cancelled else "AUTHORIZED"
            return "VOIDED" if order.cancelled else "PENDING"
        if given:
            return "REFUNDED" if given >= came else "PARTIALLY_REFUNDED"
        return "PARTIALLY_PAID" if came < self.total(order, current=True) else "PAID"

    def sending(self, order: Sale) -> str:
        """Its word for how far it is sent."""
        live = [one for one in order.works if one.status in OPEN and any(one.left.values())]
        sent = any(one.units for one in order.parcels if one.status == "SUCCESS")
        if not live:
            return "FULFILLED" if sent else "UNFULFILLED"
        for status in ("ON_HOLD", "SCHEDULED"):
            if all(one.status == status for one in live):
                return status
        if sent:
            return "PARTIALLY_FULFILLED"
        return "IN_PROGRESS" if all(one.status == "IN_PROGRESS" for one in live) else "UNFULFILLED"

    def returning(self, order: Sale) -> str:
        """Its word for what comes back."""
        statuses = {one.status for one in order.returns}
        if "REQUESTED" in statuses:
            return "RETURN_REQUESTED"
        if "OPEN" in statuses:
            return "IN_PROGRESS"
        return "RETURNED" if "CLOSED" in statuses else "NO_RETURN"

    def unsent(self, order: Sale, line: int) -> int:
        """Units of a line that are still to be sent."""
        return sum(one.left.get(line, 0) for one in order.works if one.status in OPEN)

    def is_shown(self, order: Sale) -> bool:
        """Whether an app may see an order of that age."""
        return "read_all_orders" in self.scopes or \
            order.created >= self.now - timedelta(days=60)

    def work_off(self) -> None:
        """Jobs get done."""
        while self.jobs:
            self.jobs.pop(0)()

    def second(self) -> datetime:
        """This moment, as Shopify keeps it."""
        return self.now.replace(microsecond=0)

    def next(self) -> int:
        """A number that nothing has."""
        self._count += 1
        return self._count

    def _transact(self, order: Sale, kind: str, amount: Decimal, parent: int | None = None) -> int:
        made = Money(self.next(), kind, amount, self.second(), order.gateway, parent=parent)
        order.money.append(made)
        return made.id

    def _remove(self, order: Sale, line: int, count: int, restock: bool) -> None:
        """Units do not count any more; those not sent are not sent, and may go back into stock."""
        entry, left = order.line(line), count
        entry.removed += count
        for work in order.works:
            if work.status in OPEN:
                taken = min(left, work.left.get(line, 0))
                work.left[line] = work.left.get(line, 0) - taken
                left -= taken
                if not any(work.left.values()):
                    work.status = "CLOSED"
        if restock and entry.variant in self.variants:
            self.variants[entry.variant].levels[MAIN] += count


def numbers(parcels: Sequence[Parcel]) -> list[str]:
    """Tracking numbers of parcels, repeated ones too."""
    return [info["number"] for one in parcels if one.status == "SUCCESS" for info in one.tracking]
