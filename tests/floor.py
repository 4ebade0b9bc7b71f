"""A small warehouse floor for tests: goods on shelves, paid orders, and what must always hold."""

from __future__ import annotations

from collections import Counter
from itertools import count

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.work import Works
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.tally import tallies
from oms_web.domain.shipping.models import Parcel, Shipment, ShipmentLine
from oms_web.domain.stock.models import KEEP_NO_BALANCE, Balance, Location, Move, Reservation
from oms_web.flows.order_in import take_in
from oms_web.flows.pack import opening, scanning
from tests import factories as make

KUBA = Actor("user", "Kuba", None)
EANS = {"KUB": "5901234123457", "PUZ": "5900012003196", "SWI": "5900000000015"}
_keys = count()


def key() -> str:
    """A fresh key of a scan."""
    return f"key-{next(_keys)}"


class Floor:
    """Cups on A-01 and B-01, puzzles on A-02, candles on A-10; a set of two cups and a candle."""

    def __init__(self, works: Works, cups: tuple[int, int] = (5, 5)) -> None:
        self.works = works
        with works.writing(SYSTEM) as work:
            make.company(work)
            self.house = make.warehouse(work, bins=("A-01", "A-02", "A-10", "B-01"))
            self.other = make.warehouse(work, "GDA", rank=1, bins=("G-01",))
            self.account = make.account(work)
            self.bins = dict(work.session.execute(
                select(Location.code, Location.id).where(Location.kind == "bin")
            ).all())
            self.ids = {
                sku: make.variant(work, sku, ean=ean, weight_g=grams)
                for (sku, ean), grams in zip(EANS.items(), (250, 900, 120), strict=True)
            }
            self.ids["SET"] = make.variant(
                work, "SET", ean="5900000000022", parts={self.ids["KUB"]: 2, self.ids["SWI"]: 1})
            for sku, units, place in (
                ("KUB", cups[0], "A-01"), ("KUB", cups[1], "B-01"), ("PUZ", 5, "A-02"),
                ("SWI", 5, "A-10"),
            ):
                if units:
                    make.put(work, self.ids[sku], units, location_id=self.bins[place])

    def order(self, name: str, lines: dict[str, int], **values: object) -> int:
        """A paid order from the channel; its number."""
        with self.works.writing(SYSTEM) as work:
            take_in(work, self.account, [make.order(name, lines, **values)])
            return work.session.scalar(select(func.max(Order.id)))

    def get(self, order_id: int) -> Order:
        """An order as it stands."""
        with self.works.reading(SYSTEM) as work:
            return work.session.get_one(Order, order_id)

    def line(self, order_id: int, position: int = 1) -> OrderLine:
        """A line of an order as it stands."""
        with self.works.reading(SYSTEM) as work:
            return work.session.scalars(select(OrderLine).filter_by(
                order_id=order_id, position=position)).one()

    def shipment(self, shipment_id: int) -> Shipment:
        """A shipment as it stands."""
        with self.works.reading(SYSTEM) as work:
            return work.session.get_one(Shipment, shipment_id)

    def parcels(self, shipment_id: int) -> list[Parcel]:
        """The boxes of a shipment."""
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(
                select(Parcel).filter_by(shipment_id=shipment_id).order_by(Parcel.position)))

    def packed(self, shipment_id: int) -> dict[int, tuple[int, int]]:
        """How far each variant of a shipment is: variant -> (packed, quantity)."""
        with self.works.reading(SYSTEM) as work:
            rows = work.session.execute(
                select(ShipmentLine.variant_id, func.sum(ShipmentLine.packed),
                       func.sum(ShipmentLine.quantity))
                .where(ShipmentLine.shipment_id == shipment_id).group_by(ShipmentLine.variant_id))
            return {variant: (int(a), int(b)) for variant, a, b in rows}

    def stock(self, sku: str, place: str) -> tuple[int, int]:
        """On hand and reserved of a SKU in a bin."""
        with self.works.reading(SYSTEM) as work:
            row = work.session.get(Balance, (self.ids[sku], self.bins[place]))
            return (row.on_hand, row.reserved) if row else (0, 0)

    def open(self, code: object, station: str = "1") -> opening.Opened:
        """Scan something at the idle station."""
        with self.works.writing(KUBA) as work:
            return opening.open_by_code(work, str(code), station, key())

    def scan(self, shipment_id: int, sku: str, **values: object) -> scanning.Heard:
        """Scan a unit at the open parcel, by its EAN."""
        code = EANS.get(sku, sku)
        with self.works.writing(KUBA) as work:
            return scanning.scan(work, shipment_id, code, values.pop("key", None) or key(),
                                 **values)

    def pack(self, order_id: int) -> int:
        """Pack an order to its end; its shipment."""
        opened = self.open(order_id)
        with self.works.reading(SYSTEM) as work:
            lines = work.session.scalars(
                select(ShipmentLine).filter_by(shipment_id=opened.shipment_id)).all()
        names = {id_: sku for sku, id_ in self.ids.items()}
        for line in lines:
            for _ in range(line.quantity - line.packed):
                self.scan(opened.shipment_id, names[line.variant_id])
        return opened.shipment_id


def broken(session: Session) -> list[str]:
    """Every promise of stock and orders that does not hold; empty when all is well."""
    return [*_balances(session), *_lines(session), *_shipments(session), *_queues(session)]


def _queues(session: Session) -> list[str]:
    """The counts beside the queues are those of the orders in them."""
    real = dict(session.execute(select(Order.queue, func.count()).group_by(Order.queue)).all())
    told = {name: n for name, n in tallies(session, "queue").items() if n}
    return [] if real == told else [f"queues hold {real}, the counts say {told}"]


def _balances(session: Session) -> list[str]:
    on_hand: Counter[tuple[int, int]] = Counter()
    for variant, source, target, units in session.execute(
        select(Move.variant_id, Move.from_id, Move.to_id, Move.quantity)
    ):
        on_hand[variant, source] -= units
        on_hand[variant, target] += units
    reserved: Counter[tuple[int, int]] = Counter()
    for variant, place, units in session.execute(
        select(Reservation.variant_id, Reservation.location_id, Reservation.quantity)
    ):
        reserved[variant, place] += units
    wrong = []
    rows = {(b.variant_id, b.location_id): b for b in session.scalars(select(Balance))}
    for place in {*rows, *on_hand, *reserved}:
        if place[1] in KEEP_NO_BALANCE:
            continue
        row = rows.get(place)
        seen = (row.on_hand, row.reserved) if row else (0, 0)
        if seen != (on_hand[place], reserved[place]):
            wrong.append(f"balance {place}: {seen}, ledger {on_hand[place]}, "
                         f"reservations {reserved[place]}")
    return wrong


def _lines(session: Session) -> list[str]:
    promised: Counter[tuple[int, int]] = Counter()
    for demand, variant, units in session.execute(
        select(Reservation.demand_id, Reservation.variant_id, Reservation.quantity)
        .where(Reservation.demand_kind == KIND)
    ):
        promised[demand, variant] += units
    made_of: dict[int, dict[int, int]] = {}
    for part in session.scalars(select(OrderLinePart)):
        made_of.setdefault(part.line_id, {})[part.variant_id] = part.quantity
    wrong = []
    due: Counter[tuple[int, int]] = Counter()
    for line in session.scalars(select(OrderLine)):
        if line.shipped + line.cancelled + line.reserved > line.quantity:
            wrong.append(f"line {line.id}: more than ordered")
        for variant, per_unit in made_of.get(line.id, {line.variant_id: 1}).items():
            if promised.pop((line.id, variant), 0) != line.reserved * per_unit:
                wrong.append(f"line {line.id}: {line.reserved} reserved, promises differ")
            due[line.order_id, variant] += line.shipped * per_unit
    wrong += [f"promise without a line: {name}" for name in promised]
    sold = _sold(session)
    wrong += [f"shipped {name}: lines say {due[name]}, ledger {sold[name]}"
              for name in {*due, *sold} if due[name] != sold[name]]
    wrong += [
        f"order {order_id} is closed and still has {held} reserved"
        for order_id, held in session.execute(
            select(Order.id, func.sum(OrderLine.reserved))
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(Order.phase.in_(("cancelled", "shipped", "done"))).group_by(Order.id)
        ) if held
    ]
    wrong += [
        f"order {order_id} has left and is still {phase}"
        for order_id, phase, wanted, shipped in session.execute(
            select(Order.id, Order.phase, func.sum(OrderLine.quantity - OrderLine.cancelled),
                   func.sum(OrderLine.shipped))
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(Order.phase.in_(("open", "packing"))).group_by(Order.id, Order.phase)
        ) if wanted == shipped
    ]
    idle = select(Order.id).where(Order.phase == "packing", ~exists(
        select(Shipment.id).join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
        .where(OrderLine.order_id == Order.id, Shipment.state.in_(("packing", "packed")))))
    return wrong + [f"order {id_} is being packed by nobody" for id_ in session.scalars(idle)]


def _sold(session: Session) -> Counter[tuple[int, int]]:
    """Units that went to buyers and did not come back: (order, variant) -> units."""
    sold: Counter[tuple[int, int]] = Counter()
    for order_id, variant, source, units in session.execute(
        select(Move.order_id, Move.variant_id, Move.from_id, Move.quantity)
        .where(Move.cause.startswith("shipment:") | Move.cause.startswith("recall:"))
    ):
        sold[order_id, variant] += -units if source in KEEP_NO_BALANCE else units
    return sold


def _shipments(session: Session) -> list[str]:
    """What left was complete, and is what the lines say has left."""
    wrong = []
    left: Counter[tuple[int, int]] = Counter()
    for state, order_id, variant, packed, quantity in session.execute(
        select(Shipment.state, OrderLine.order_id, ShipmentLine.variant_id, ShipmentLine.packed,
               ShipmentLine.quantity).join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
    ):
        if state in ("packed", "shipped", "delivered", "undelivered") and packed != quantity:
            wrong.append(f"order {order_id}: a {state} parcel holds {packed} of {quantity}")
        if state in ("shipped", "delivered", "undelivered"):
            left[order_id, variant] += quantity
    wrong += [
        f"line {line_id}: parcels hold {units} of the {ordered} of {variant} it asked for"
        for line_id, variant, ordered, units in session.execute(
            select(ShipmentLine.line_id, ShipmentLine.variant_id,
                   OrderLine.quantity * func.coalesce(OrderLinePart.quantity, 1),
                   func.sum(ShipmentLine.quantity))
            .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
            .join(OrderLine, OrderLine.id == ShipmentLine.line_id)
            .outerjoin(OrderLinePart, (OrderLinePart.line_id == OrderLine.id)
                       & (OrderLinePart.variant_id == ShipmentLine.variant_id))
            .where(Shipment.state != "cancelled")
            .group_by(ShipmentLine.line_id, ShipmentLine.variant_id, OrderLine.quantity,
                      OrderLinePart.quantity)
        ) if units > ordered
    ]
    sold = _sold(session)
    wrong += [f"order {name[0]}: parcels carried {left[name]} of {name[1]}, ledger {sold[name]}"
              for name in {*left, *sold} if left[name] != sold[name]]
    return wrong
