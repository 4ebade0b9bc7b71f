"""A walk through a whole shop at random: everything anybody can do, in any order, from a seed.

The same seed walks the same way, so a failure is a seed and a step. Refusals are part of the walk;
what must never happen is a fault, or books that do not agree afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from oms_connector import Order as SdkOrder
from oms_connector import Payment
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.catalog.models import Variant
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.orders.cancelling import cancel_order, cancel_units
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import get_order, lock_order, refile
from oms_web.domain.orders.tally import fold_tallies
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import (
    SUPPLIER,
    Balance,
    Location,
    StockDocument,
    StockDocumentLine,
)
from oms_web.flows import (
    backorder,
    pick,
    publish_stock,
    reservation_expiry,
    ship,
    stock_correction,
    stock_transfer,
    stocktake,
)
from oms_web.flows.pack import opening, scanning
from oms_web.inspection import Finding, ledgers
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.sync.channel import Clock

SKUS = ("CUP", "LID", "MUG", "SET")
# The checks that a step can break; the others read files or seals and would only cost time.
WATCHED = ("I1", "I2", "I4", "I5", "I9", "I11", "I14", "counts")

Act = Callable[[Work], object]


class Walk:
    """One walk on one database. ``step`` does one act and returns what is wrong afterwards."""

    def __init__(self, works: Works, seed: int) -> None:
        self.works = works
        self.chance = random.Random(seed)
        self.clock = Clock(make.NOON)
        works.clock = self.clock
        self.told: dict[str, SdkOrder] = {}
        self.keys = iter(range(10**9))
        self.last = ""
        with works.writing(SYSTEM) as work:
            make.company(work)
            self.houses = [
                make.warehouse(work, "LDZ", 0, ("A-01", "A-02")).id,
                make.warehouse(work, "GDY", 1, ("G-01",)).id,
            ]
            self.ids = {sku: make.variant(work, sku, ean=f"20000000000{n}")
                        for n, sku in enumerate(SKUS[:3])}
            self.ids["SET"] = make.variant(
                work, "SET", parts={self.ids["CUP"]: 2, self.ids["LID"]: 1})
            self.account = make.account(work, settings={"history_moves_stock": True})
        self.acts: list[tuple[int, Act]] = [
            (14, self.new_order), (8, self.told_again), (14, self.newer_version),
            (8, self.receive), (4, self.correct), (6, self.cancel_some), (2, self.cancel_all),
            (6, self.ship_whole), (6, self.open_parcel), (14, self.scan_unit),
            (4, self.undo_scan), (6, self.leave), (4, self.recall), (4, self.arrive),
            (4, self.walk_shelves), (6, self.take_from_shelf), (3, self.find_shelf_short),
            (3, self.transfer), (3, self.receive_transfer), (3, self.count_shelf),
            (3, self.fill), (2, self.publish), (3, self.let_time_pass), (2, self.goods_back),
            (1, self.fold),
        ]

    def step(self) -> list[Finding]:
        """Do one act at random; the findings of the books afterwards."""
        act = self.chance.choices(
            [act for _, act in self.acts], [weight for weight, _ in self.acts]
        )[0]
        self.last = act.__name__
        try:
            with self.works.writing(SYSTEM) as work:
                act(work)
        except OmsError:
            pass
        with self.works.reading(SYSTEM) as work:
            return ledgers.check(work.session, only=WATCHED) + misfiled(work)

    # What the channel does ----------------------------------------------------------------

    def new_order(self, work: Work) -> None:
        name = f"A{next(self.keys)}"
        skus = self.chance.sample(SKUS, self.chance.randint(1, 3))
        order = make.order(
            name, {sku: self.chance.randint(1, 4) for sku in skus}, revision="000001",
            state=self.chance.choice(("ready", "ready", "ready", "unpaid", "shipped")),
            placed_at=self.clock.now,
        )
        stored = store_page(work, self.account, [order])
        if stored.added:
            self.told[name] = order

    def told_again(self, work: Work) -> None:
        if self.told:
            again = store_page(work, self.account, [self.chance.choice(list(self.told.values()))])
            assert (again.added, again.same, again.quarantined) == (0, 1, 0), "told again"

    def newer_version(self, work: Work) -> None:
        if not self.told:
            return
        name = self.chance.choice(list(self.told))
        order = self.told[name]
        kind = self.chance.randint(0, 5)
        if kind == 0:
            newer = replace(order, state="ready", payments=(
                Payment("P1", Decimal(sum(li.quantity for li in order.lines) * 10), make.NOON),))
        elif kind == 1:
            newer = replace(order, state=self.chance.choice(("cancelled", "shipped", "delivered")))
        elif kind == 2:
            line = self.chance.randrange(len(order.lines))
            newer = replace(order, lines=tuple(
                replace(li, quantity=self.chance.randint(1, 5)) if n == line else li
                for n, li in enumerate(order.lines)))
        elif kind == 3:
            newer = replace(order, lines=order.lines[:1])
        elif kind == 4:
            newer = replace(order, ship_to=replace(
                order.ship_to, city=self.chance.choice(("Radom", "Kraków", ""))))
        else:
            extra = make.order("x", {self.chance.choice(SKUS): 1}).lines[0]
            newer = replace(order, lines=(*order.lines, replace(
                extra, line_ref=f"L{next(self.keys)}")))
        newer = replace(newer, revision=str(int(order.revision) + 1).zfill(6))
        stored = store_page(work, self.account, [newer])
        assert (stored.added, stored.quarantined) == (0, 0), f"not taken: {kind}"
        self.told[name] = newer

    def goods_back(self, work: Work) -> None:
        kind = self.chance.choice(("return", "write_off"))
        store_page(work, self.account, [make.order(
            f"R{next(self.keys)}", {self.chance.choice(SKUS): 1}, kind=kind,
            returns_ref=self.chance.choice([*self.told, ""]))])

    # What the warehouse does --------------------------------------------------------------

    def _sku(self) -> int:
        return self.ids[self.chance.choice(SKUS[:3])]

    def _bin(self, work: Work) -> int:
        return self.chance.choice(work.session.scalars(
            select(Location.id).where(Location.kind == "bin").order_by(Location.id)).all())

    def receive(self, work: Work) -> None:
        stock.move_units(work, [stock.MoveWanted(
            self._sku(), SUPPLIER, self._bin(work), self.chance.randint(1, 9),
            f"walk:{next(self.keys)}", "receipt")])

    def correct(self, work: Work) -> None:
        reason, change = self.chance.choice((("found", 1), ("damaged", -1), ("lost", -2)))
        stock_correction.correct(work, self._sku(), self._bin(work), change, reason,
                                 key=str(next(self.keys)))

    def transfer(self, work: Work) -> None:
        document = stock_transfer.start(work, *self.houses)
        stock_transfer.add(work, document, self._sku(), self.chance.randint(1, 3))
        stock_transfer.send(work, document)

    def receive_transfer(self, work: Work) -> None:
        sent = work.session.scalars(select(StockDocument.id).where(
            StockDocument.kind == "transfer", StockDocument.state == "sent")).all()
        if sent:
            document = self.chance.choice(sent)
            lines = work.session.execute(
                select(StockDocumentLine.id, StockDocumentLine.quantity)
                .where(StockDocumentLine.document_id == document)).all()
            stock_transfer.receive(work, document, dict(lines))

    def count_shelf(self, work: Work) -> None:
        house = self.chance.choice(self.houses)
        place = work.session.scalars(select(Location.id).where(
            Location.warehouse_id == house).order_by(Location.id)).first()
        document = stocktake.start(work, house)
        there = work.session.scalar(select(Balance.on_hand).where(
            Balance.location_id == place, Balance.variant_id == self.ids["CUP"])) or 0
        stocktake.count(work, document, place, self.ids["CUP"],
                        max(0, there + self.chance.randint(-2, 1)), afresh=True)
        stocktake.post(work, document)

    def fill(self, work: Work) -> None:
        backorder.fill(work, list(self.ids.values()))

    def publish(self, work: Work) -> None:
        publish_stock.publish(work, list(self.ids.values()))

    # What the desk does -------------------------------------------------------------------

    def _order(self, work: Work, *queues: str) -> int | None:
        query = select(Order.id).order_by(Order.id)
        if queues:
            query = query.where(Order.queue.in_(queues))
        ids = work.session.scalars(query).all()
        return self.chance.choice(ids) if ids else None

    def cancel_some(self, work: Work) -> None:
        order_id = self._order(work)
        if order_id is None:
            return
        order = lock_order(work.session, order_id)
        lines = work.session.scalars(select(OrderLine.id).where(
            OrderLine.order_id == order_id).order_by(OrderLine.id)).all()
        if not lines:  # joined to the order it was split off
            return
        cancel_units(work, order, {self.chance.choice(lines): self.chance.randint(1, 3)},
                     by="seller")

    def cancel_all(self, work: Work) -> None:
        order_id = self._order(work)
        if order_id is not None:
            cancel_order(work, get_order(work.session, order_id), by="seller")

    def let_time_pass(self, work: Work) -> None:
        self.clock.forward(hours=self.chance.choice((1, 30, 80)))
        work.now = self.clock.now
        reservation_expiry.expire(work)

    def fold(self, work: Work) -> None:
        fold_tallies(work)

    # What the floor does ------------------------------------------------------------------

    def walk_shelves(self, work: Work) -> None:
        ids = [i for i in (self._order(work, "pick") for _ in range(3)) if i is not None]
        if ids:
            pick.start(work, self.chance.choice(self.houses), ids)

    def _task(self, work: Work) -> tuple[int, int] | None:
        rows = work.session.execute(
            select(PickTask.pick_list_id, PickTask.id)
            .join(PickList, PickList.id == PickTask.pick_list_id)
            .where(PickList.state == "open").order_by(PickTask.id)).all()
        return tuple(self.chance.choice(rows)) if rows else None

    def take_from_shelf(self, work: Work) -> None:
        found = self._task(work)
        if found:
            pick.take(work, found[0], [found[1]])

    def find_shelf_short(self, work: Work) -> None:
        found = self._task(work)
        if found:
            pick.report_short(work, found[0], [found[1]], 1,
                              self.chance.choice(("elsewhere", "correct", "later")))

    def open_parcel(self, work: Work) -> None:
        order_id = self._order(work, "pick", "pack")
        if order_id is not None:
            opening.open_order(work, order_id, "1")

    def _shipment(self, work: Work, *states: str) -> int | None:
        ids = work.session.scalars(
            select(Shipment.id).where(Shipment.state.in_(states)).order_by(Shipment.id)).all()
        return self.chance.choice(ids) if ids else None

    def scan_unit(self, work: Work) -> None:
        shipment = self._shipment(work, "packing")
        if shipment is not None:
            sku = self.chance.choice(SKUS[:3])
            for _ in range(self.chance.randint(1, 6)):
                scanning.scan(work, shipment, sku, f"k{next(self.keys)}")

    def undo_scan(self, work: Work) -> None:
        shipment = self._shipment(work, "packing")
        if shipment is not None:
            opening.put_aside(work, shipment)

    def ship_whole(self, work: Work) -> None:
        order_id = self._order(work, "pick", "pack", "courier")
        if order_id is not None:
            ship.ship_order(work, order_id)

    def leave(self, work: Work) -> None:
        shipment = self._shipment(work, "packed")
        if shipment is not None:
            ship.leave(work, shipment)

    def recall(self, work: Work) -> None:
        shipment = self._shipment(work, "shipped")
        if shipment is not None:
            ship.recall(work, shipment)

    def arrive(self, work: Work) -> None:
        shipment = self._shipment(work, "shipped")
        if shipment is not None:
            self.chance.choice((ship.arrived, lambda w, s: ship.came_to_nothing(w, s, "away")))(
                work, shipment)


def misfiled(work: Work) -> list[Finding]:
    """Orders whose queue or strip is not what their facts say."""
    before = {order.id: (order.queue, order.strip) for order in work.session.scalars(select(Order))}
    refile(work, list(before))
    work.session.expire_all()
    after = {order.id: (order.queue, order.strip) for order in work.session.scalars(select(Order))}
    return [
        Finding("filing", f"order {order_id}: {before[order_id]}, its facts say {stands}")
        for order_id, stands in after.items() if stands != before[order_id]
    ]


def census(works: Works) -> dict[str, int]:
    """How many orders stand in each queue, and how much stock there is."""
    with works.reading(SYSTEM) as work:
        found = dict(work.session.execute(
            select(Order.queue, func.count()).group_by(Order.queue)).all())
        found["units"] = work.session.scalar(select(func.sum(Balance.on_hand))) or 0
        found["variants"] = work.session.scalar(select(func.count()).select_from(Variant))
        return found


