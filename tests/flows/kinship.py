"""A walk in which orders are split, joined, sent together and taken apart all the time.

What must hold is looked at from outside: sums before and after, and rules written here a second
time, not asked of the code that keeps them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal

from oms_connector import Return, ReturnLine
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.fulfilment.models import PickTask
from oms_web.domain.orders.models import (
    ChannelOrder,
    Hold,
    Order,
    OrderLine,
    OrderLink,
    OrderSplit,
)
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.stock.models import Reservation
from oms_web.flows import (
    order_cancel,
    order_edit,
    order_hold,
    order_pay,
    order_split,
    order_together,
    return_told,
    ship,
)
from oms_web.inspection import Finding, ledgers
from oms_web.sync import push_shipment
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.flows.walker import SKUS, WATCHED, Walk, misfiled

KUBA = Actor("user", "Kuba", None)
KIN = ("split_some", "split_way", "join_back", "send_together", "take_out")
STREETS = ("Prosta 1", "Prosta 1", "Krzywa 2")


class Kinship(Walk):
    """A walk of few buyers who buy on two channels."""

    def __init__(self, works: Works, seed: int, often: Collection[str] = ()) -> None:
        """``often`` names acts that come more often than others."""
        super().__init__(works, seed)
        with works.writing(SYSTEM) as work:
            self.accounts = [self.account, make.account(work, "Sklep")]
            for sku in SKUS[:3]:
                for house in self.houses:
                    make.put(work, self.ids[sku], 8, house)
        self.account_of: dict[str, int] = {}
        for _ in range(5):
            with works.writing(SYSTEM) as work:
                self.new_order(work)
        self.acts = [
            (14, self.new_order), (10, self.newer_version), (8, self.receive), (3, self.correct),
            (5, self.cancel_some), (3, self.cancel_part), (5, self.ship_whole),
            (8, self.open_parcel), (14, self.scan_unit), (4, self.undo_scan), (6, self.leave),
            (4, self.recall), (3, self.arrive), (4, self.walk_shelves), (8, self.take_from_shelf),
            (3, self.fill), (2, self.let_time_pass), (4, self.pay), (4, self.hold),
            (4, self.release), (3, self.move_house), (2, self.send_back),
            (22, self.split_some), (12, self.split_way), (12, self.join_back),
            (9, self.send_together), (8, self.take_out),
        ]
        self.acts = [(weight + 40 * (act.__name__ in often), act) for weight, act in self.acts]

    def step(self) -> list[Finding]:
        """One act; what is wrong afterwards, also between its before and its after."""
        act = self.chance.choices([act for _, act in self.acts],
                                  [weight for weight, _ in self.acts])[0]
        self.last = act.__name__
        with self.works.writing(KUBA) as work:
            before = sums(work) if self.last in KIN else None
            try:
                with work.session.begin_nested():
                    act(work)
            except OmsError:
                work.session.expire_all()
            work.session.flush()
            work.session.expire_all()
            after = sums(work) if before is not None else None
        with self.works.reading(SYSTEM) as work:
            found = [*ledgers.check(work.session, only=WATCHED), *misfiled(work), *kin(work)]
        if before != after:
            found.append(Finding("kin", f"{self.last} changed sums: {_differ(before, after)}"))
        return found

    # What buyers and channels do ------------------------------------------------------------

    def new_order(self, work: Work) -> None:
        name = f"A{next(self.keys)}"
        skus = self.chance.sample(SKUS, self.chance.randint(1, 3))
        order = make.order(
            name, {sku: self.chance.randint(1, 4) for sku in skus}, revision="000001",
            state=self.chance.choice(("ready", "ready", "ready", "unpaid")),
            placed_at=self.clock.now,
            shipping=Decimal(self.chance.choice(("0", "9.99"))),
            discount=Decimal(self.chance.choice(("0", "0.05", "4.44"))),
            ship_to=replace(make.WARSAW, street=self.chance.choice(STREETS)))
        order = replace(order, lines=tuple(
            replace(line, unit_price=Decimal(self.chance.choice(("10.00", "3.335"))))
            for line in order.lines))
        account = self.chance.randrange(2)
        if store_page(work, self.accounts[account], [order]).added:
            self.told[name] = order
            self.account_of[name] = account

    def newer_version(self, work: Work) -> None:
        if self.told:
            every, name = self.told, self.chance.choice(list(self.told))
            self.account, self.told = self.accounts[self.account_of[name]], {name: every[name]}
            try:
                super().newer_version(work)
            finally:
                self.told = every | self.told

    def send_back(self, work: Work) -> None:
        if not self.told:
            return
        name = self.chance.choice(list(self.told))
        account = self.accounts[self.account_of[name]]
        return_told.take(work, account, Return(
            external_id=f"R{next(self.keys)}", order_ref=name, created_at=self.clock.now,
            currency="PLN", state="announced",
            lines=(ReturnLine(line_ref="1", quantity=1, title="x", sku="x"),)))

    # What the desk does ---------------------------------------------------------------------

    def cancel_part(self, work: Work) -> None:
        order_id = self._order(work, "pick", "pack", "short", "unpaid", "held", "verify")
        if order_id is not None:
            order_cancel.cancel(work, order_id)

    def pay(self, work: Work) -> None:
        order_id = self._order(work, "unpaid")
        if order_id is not None:
            order_pay.record(work, order_id, self.chance.choice((100, 2000, 9000)), "cash",
                             work.now, f"walk:{next(self.keys)}")

    def hold(self, work: Work) -> None:
        order_id = self._order(work, "pick", "pack", "short")
        if order_id is not None:
            order_hold.hold(work, order_id, "wait")

    def release(self, work: Work) -> None:
        order_id = self._order(work, "held")
        if order_id is not None:
            order_hold.release(work, order_id)

    def move_house(self, work: Work) -> None:
        order_id = self._order(work, "pick", "short", "unpaid")
        if order_id is not None:
            order_edit.change_address(work, order_id, {
                "name": "Anna Testowa", "street": self.chance.choice(STREETS),
                "postcode": "00-001", "city": "Warszawa", "country": "PL"})

    def split_some(self, work: Work) -> None:
        order_id = self._order(work, "pick", "short", "unpaid", "held", "verify")
        if order_id is None:
            return
        lines = work.session.scalars(select(OrderLine).where(
            OrderLine.order_id == order_id).order_by(OrderLine.id)).all()
        left = {line.id: line.quantity - line.cancelled - line.shipped for line in lines}
        order_split.split(work, order_id, {
            line_id: self.chance.randint(0, min(units, 2)) for line_id, units in left.items()})

    def split_way(self, work: Work) -> None:
        order_id = self._order(work, "pick", "short", "unpaid")
        if order_id is not None:
            what = self.chance.choice(("rest", *map(str, self.houses)))
            order_split.split_as(work, order_id, what)

    def join_back(self, work: Work) -> None:
        parts = work.session.scalars(select(OrderSplit.order_id).where(
            OrderSplit.joined_at.is_(None)).order_by(OrderSplit.order_id)).all()
        if parts:
            order_split.join(work, self.chance.choice(parts))

    def send_together(self, work: Work) -> None:
        order_id = self._order(work, "pick", "short", "unpaid", "held")
        if order_id is None:
            return
        way = self.chance.random()
        order = work.session.get_one(Order, order_id)
        could = [one.id for one in order_together.candidates(work.session, order)]
        if way < 0.1:
            order_together.join_buyers(work, order_id)
        elif way < 0.8 and could:
            order_together.join(work, [order_id, self.chance.choice(could)])
        else:
            other = self._order(work, "pick", "short", "unpaid")
            order_together.join(work, [order_id, other or 0])

    def take_out(self, work: Work) -> None:
        mine = work.session.scalars(select(Order.id).where(
            Order.together_id.is_not(None)).order_by(Order.id)).all()
        if mine:
            order_together.leave(work, [self.chance.choice(mine)])

    def ship_whole(self, work: Work) -> None:
        order_id = self._order(work, "pick", "pack", "courier", "short")
        if order_id is not None:
            ship.ship_order(work, order_id, partly=self.chance.random() < 0.5)


# What must hold --------------------------------------------------------------------------------


def sums(work: Work) -> Counter[tuple[object, ...]]:
    """Everything that splitting and sending together must not change."""
    found: Counter[tuple[object, ...]] = Counter()
    session = work.session
    for line in session.scalars(select(OrderLine)):
        for what in ("quantity", "cancelled", "shipped", "reserved"):
            found["line", line.channel_order_id, line.line_ref, what] += getattr(line, what)
    for held in session.scalars(select(Reservation)):
        found["promised", held.variant_id, held.location_id] += held.quantity
    for order in session.scalars(select(Order)):
        found["owed", order.account_id] += order.total
        found["delivery and discount", order.account_id] += (
            order.shipping_total - order.discount_total + order.items_total)
        found["paid", order.account_id] += order.paid_total
    return found


def _differ(before: Counter | None, after: Counter | None) -> dict[object, object]:
    before, after = before or Counter(), after or Counter()
    return {name: (before[name], after[name]) for name in {*before, *after}
            if before[name] != after[name]}


def kin(work: Work) -> list[Finding]:
    """What is wrong with orders that belong together."""
    session = work.session
    orders = {order.id: order for order in session.scalars(select(Order))}
    lines = session.scalars(select(OrderLine)).all()
    return [Finding("kin", text) for text in (
        *_unlinked(work, lines), *_purchases(orders), *_joined(work, orders, lines),
        *_boxes(work, orders, lines), *_errands(work, lines), *_parcels(work, orders, lines),
        *_unfinished(orders, lines))]


def _unlinked(work: Work, lines: list[OrderLine]) -> Iterator[str]:
    links = {(link.order_id, link.channel_order_id)
             for link in work.session.scalars(select(OrderLink))}
    for line in lines:
        if (line.order_id, line.channel_order_id) not in links:
            yield f"order {line.order_id} has a line of a channel order it does not stand for"


def _purchases(orders: dict[int, Order]) -> Iterator[str]:
    families: dict[int, list[Order]] = defaultdict(list)
    for order in orders.values():
        if order.purchase_id is not None:
            families[order.purchase_id].append(order)
    for root, mine in families.items():
        going = [one for one in mine if one.phase != "cancelled"] or mine
        owed, paid = sum(one.total for one in going), sum(one.paid_total for one in mine)
        enough = paid >= owed
        for one in mine:
            if (one.payment_state in ("paid", "over")) != enough:
                yield f"purchase {root} is paid {paid} of {owed}, order {one.id} says " \
                      f"{one.payment_state}"
        if len(mine) < 2:
            yield f"purchase {root} has one order only"


def _joined(work: Work, orders: dict[int, Order], lines: list[OrderLine]) -> Iterator[str]:
    for split in work.session.scalars(select(OrderSplit)):
        part = orders[split.order_id]
        if split.joined_at is None:
            if part.purchase_id is None or part.purchase_id != orders[split.from_id].purchase_id:
                yield f"order {part.id} lost its purchase"
            continue
        if part.phase != "cancelled" or part.total or part.purchase_id is not None \
                or any(line.order_id == part.id for line in lines):
            yield f"order {part.id} was joined and is not empty"


def _boxes(work: Work, orders: dict[int, Order], lines: list[OrderLine]) -> Iterator[str]:
    held = set(work.session.scalars(select(Hold.order_id).where(Hold.released_at.is_(None))))
    lacking = {line.order_id for line in lines
               if line.quantity - line.cancelled - line.shipped - line.reserved}
    boxes: dict[int, list[Order]] = defaultdict(list)
    for order in orders.values():
        if order.together_id is not None and order.phase in ("open", "packing"):
            boxes[order.together_id].append(order)
    for box, mine in boxes.items():
        if len({(one.ship_to["street"], one.ship_to["city"], one.pickup_point, one.currency)
                for one in mine if one.phase == "open"}) > 1:
            yield f"parcel {box} goes to two addresses"
        waits = [one.id for one in mine if one.id in held or one.id in lacking
                 or one.payment_state in ("unpaid", "part")]
        goes = [one.id for one in mine if one.queue in ("pick", "pack", "courier")]
        if waits and goes:
            yield f"parcel {box}: {goes} can go, {waits} cannot"


def _parcels(work: Work, orders: dict[int, Order], lines: list[OrderLine]) -> Iterator[str]:
    session = work.session
    by_id = {line.id: line for line in lines}
    inside: dict[int, list[ShipmentLine]] = defaultdict(list)
    for row in session.scalars(select(ShipmentLine)):
        inside[row.shipment_id].append(row)
    left: Counter[int] = Counter()
    for shipment in session.scalars(select(Shipment)):
        mine = {by_id[row.line_id].order_id for row in inside[shipment.id]}
        going = {orders[one].together_id or -one for one in mine
                 if orders[one].phase in ("open", "packing")}
        if shipment.state in ("packing", "packed") and len(going) > 1:
            yield f"shipment {shipment.id} holds goods of orders that travel apart: {mine}"
        if shipment.state in ("shipped", "delivered", "undelivered"):
            for row in inside[shipment.id]:
                left[row.line_id] += row.quantity
            yield from _told(work, shipment, [(by_id[row.line_id], row)
                                              for row in inside[shipment.id]])
    for line_id, units in left.items():
        if not by_id[line_id].shipped:
            yield f"line {line_id}: {units} units are in parcels that left, the line says none"


def _errands(work: Work, lines: list[OrderLine]) -> Iterator[str]:
    owner = {line.id: line.order_id for line in lines}
    for task in work.session.scalars(select(PickTask)):
        if owner.get(task.line_id) != task.order_id:
            yield f"order {task.order_id} is walked for, its line {task.line_id} went elsewhere"


def _unfinished(orders: dict[int, Order], lines: list[OrderLine]) -> Iterator[str]:
    for order in orders.values():
        own = [line for line in lines if line.order_id == order.id]
        if order.phase in ("open", "packing") and own and all(
                line.shipped == line.quantity - line.cancelled for line in own):
            yield f"order {order.id} has left and is {order.phase}"


def _told(
    work: Work, shipment: Shipment, inside: list[tuple[OrderLine, ShipmentLine]]
) -> Iterator[str]:
    """Each channel order hears of its lines, of plain ones how many units; no other hears."""
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    sets = set()
    for line, row in inside:
        name = work.session.get_one(ChannelOrder, line.channel_order_id).external_id
        wanted[name][line.line_ref] += row.quantity
        if row.variant_id != line.variant_id:
            sets.add((name, line.line_ref))
    told = {message.external_id: message.lines
            for telling in push_shipment._tellings(work, shipment.id)
            for message in telling.messages}
    for name in {*told, *wanted}:
        for ref in {*told.get(name, ()), *wanted.get(name, ())}:
            if ref not in told.get(name, {}) or ((name, ref) not in sets and (
                    told[name][ref] != wanted[name][ref])):
                yield f"shipment {shipment.id}: {name} hears {told.get(name)}, in it is " \
                      f"{wanted[name]}"
