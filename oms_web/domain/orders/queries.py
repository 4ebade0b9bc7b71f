"""Looking orders up: rows of the list, counts that never count everything, what one card shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from oms_web.core.clock import day_bounds, local_day
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.orders.filters import HOME_COUNTRY, Condition
from oms_web.domain.orders.lineage import Relations, is_first, relations
from oms_web.domain.orders.models import (
    AMONG_TO_SHIP,
    Hold,
    Note,
    Order,
    OrderLine,
    OrderTag,
    Tag,
)
from oms_web.domain.orders.reserving import KIND
from oms_web.domain.orders.walking import within
from oms_web.domain.stock.models import Balance, Location, Reservation, Warehouse

CAP = 1000
VIEW_DEPTH = 50_000


@dataclass(frozen=True, slots=True)
class FirstLine:
    """The line that stands for an order in a list; ``more``: how many positions follow it."""

    title: str
    quantity: int
    more: int
    thumb: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One order in a list."""

    id: int
    phase: str
    queue: str
    strip: str
    status_id: int | None
    account_id: int | None
    source: str
    external_number: str
    placed_at: datetime
    ship_by: datetime | None
    shipped_at: datetime | None
    currency: str
    total: int
    payment_kind: str
    buyer_name: str
    buyer_company: str
    country: str
    carrier: str
    city: str
    first: FirstLine | None = None
    tags: Sequence[str] = field(default_factory=tuple)
    kin: Relations = field(default_factory=Relations)

    @property
    def buyer(self) -> str:
        """Who the goods go to, as people call them."""
        return self.buyer_company or self.buyer_name

    @property
    def foreign(self) -> str:
        """The country, if it is not ours."""
        return "" if self.country == HOME_COUNTRY else self.country

    @property
    def due(self) -> datetime | None:
        """The deadline, while there is something left to do for it."""
        return self.ship_by if self.phase in ("open", "packing", "draft") else None


_PLAIN = (
    Order.id, Order.phase, Order.queue, Order.strip, Order.status_id, Order.account_id,
    Order.source, Order.external_number, Order.placed_at, Order.ship_by, Order.shipped_at,
    Order.currency, Order.total, Order.payment_kind, Order.buyer_name, Order.buyer_company,
    Order.country, Order.carrier,
)


def rows(session: Session, ids: Sequence[int]) -> list[Row]:
    """The rows of these orders, in this order: three statements in all, two more for relations."""
    if not ids:
        return []
    read = session.execute(_with_first_lines().where(Order.id.in_(ids))).all()
    thumbs = catalog.thumbs(session, {one.variant_id for one in read} - {None})
    tags = tag_names(session, ids)
    kin = relations(session, [one.id for one in read if one.together_id or one.purchase_id])
    found = {}
    for one in read:
        first = None if one.title is None else FirstLine(
            one.title, one.quantity, one.more, thumbs.get(one.variant_id))
        found[one.id] = Row(
            *(*one[:len(_PLAIN)], str((one.ship_to or {}).get("city") or ""), first,
              tags.get(one.id, ()), kin.get(one.id, Relations())))
    return [found[id_] for id_ in ids if id_ in found]


def _with_first_lines() -> Select[*tuple[Any, ...]]:
    """Orders with the first of their positions and how many follow it. Both ends of an order's
    positions are one step in the index, however many there are.
    """
    line = aliased(OrderLine)
    first = select(func.min(line.position)).where(line.order_id == Order.id).scalar_subquery()
    last = select(func.max(line.position)).where(line.order_id == Order.id).scalar_subquery()
    return (
        select(*_PLAIN, Order.ship_to, Order.together_id, Order.purchase_id,
               OrderLine.title, OrderLine.quantity, OrderLine.variant_id,
               (last - OrderLine.position).label("more"))
        .select_from(Order)
        .outerjoin(OrderLine, (OrderLine.order_id == Order.id) & (OrderLine.position == first))
    )


def tag_names(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    """The tags of orders by name."""
    found: dict[int, list[str]] = defaultdict(list)
    for order_id, name in session.execute(
        select(OrderTag.order_id, Tag.name).join(Tag, Tag.id == OrderTag.tag_id)
        .where(OrderTag.order_id.in_(ids)).order_by(Tag.name)
    ):
        found[order_id].append(name)
    return found


def capped(session: Session, wheres: Sequence[ColumnElement[bool]], cap: int = CAP) -> int:
    """How many orders meet conditions, counted no further than ``cap`` + 1."""
    some = select(Order.id).where(*wheres).limit(cap + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def newer(session: Session, conditions: Sequence[Condition], since: int) -> int:
    """How many orders that meet the conditions came after the order ``since``."""
    wheres = [condition.where for condition in conditions]
    among = Order.phase.in_(sorted(within(conditions)))
    return capped(session, [Order.id > since, among, *wheres], 99)


def last_number(session: Session) -> int:
    """The highest order number there is."""
    return session.scalar(select(func.max(Order.id))) or 0


def view_counts(session: Session, now: datetime) -> dict[str, int]:
    """Orders to ship in each ready-made view, in one walk through the desk's index."""
    today_ends = day_bounds(local_day(now))[1]
    desk = (
        select(Order.ship_by, Order.payment_state, Order.country, Order.strip)
        .where(literal_column(AMONG_TO_SHIP)).order_by(Order.ship_by).limit(VIEW_DEPTH).subquery()
    )
    tests = {
        "today": desk.c.ship_by < today_ends,
        "cod": desk.c.payment_state == "cod",
        "abroad": and_(desk.c.country != HOME_COUNTRY, desk.c.country != ""),
        "issues": func.substr(desk.c.strip, 5, 1) == "!",
    }
    row = session.execute(select(*(
        func.coalesce(func.sum(case((test, 1), else_=0)), 0) for test in tests.values()
    ))).one()
    return dict(zip(tests, map(int, row), strict=True))


def distinct(session: Session, column: Any, limit: int = 60) -> list[str]:
    """The values of an indexed column, each found by one step in its index, not by a scan."""
    step = select(func.min(column).label("value")).cte("step", recursive=True)
    following = select(func.min(column)).where(column > step.c.value).scalar_subquery()
    step = step.union_all(select(following).where(step.c.value.is_not(None)))
    return [value for value in session.scalars(select(step.c.value).limit(limit + 1))
            if value is not None][:limit]


# One order's card ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Units of a line promised from a bin."""

    warehouse: str
    bin: str
    quantity: int
    warehouse_id: int
    variant_id: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Free units of a variant in a warehouse."""

    warehouse: str
    free: int
    warehouse_id: int


def open_holds(session: Session, order_id: int) -> list[Hold]:
    """What keeps an order from being packed, the oldest first."""
    return list(session.scalars(
        select(Hold).where(Hold.order_id == order_id, Hold.released_at.is_(None)).order_by(Hold.id)
    ))


def notes(session: Session, order_id: int) -> list[Note]:
    """What was written on an order, the newest first."""
    return list(session.scalars(
        select(Note).where(Note.order_id == order_id).order_by(Note.id.desc()).limit(50)
    ))


def tags_of(session: Session, order_id: int) -> list[Tag]:
    """The tags of an order."""
    return list(session.scalars(
        select(Tag).join(OrderTag, OrderTag.tag_id == Tag.id)
        .where(OrderTag.order_id == order_id).order_by(Tag.name)
    ))


def places(session: Session, line_ids: Collection[int]) -> dict[int, list[Place]]:
    """Where the units of lines are promised; parts of a bundle count as units of their own."""
    found: dict[int, list[Place]] = defaultdict(list)
    for row in session.execute(
        select(Reservation.demand_id, Warehouse.name, Location.code, Reservation.quantity,
               Warehouse.id, Reservation.variant_id)
        .join(Location, Location.id == Reservation.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Reservation.demand_kind == KIND, Reservation.demand_id.in_(line_ids))
        .order_by(Warehouse.rank, Location.path_order, Location.id)
    ):
        found[row.demand_id].append(Place(*row[1:]))
    return found


def free_by_warehouse(session: Session, variant_ids: Collection[int]) -> dict[int, list[Elsewhere]]:
    """Free sellable units of variants in each warehouse that has some."""
    found: dict[int, list[Elsewhere]] = defaultdict(list)
    if not variant_ids:
        return found
    free = func.sum(Balance.on_hand - Balance.reserved)
    for variant, name, units, house in session.execute(
        select(Balance.variant_id, Warehouse.name, free, Warehouse.id)
        .join(Location, Location.id == Balance.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Balance.variant_id.in_(sorted(variant_ids)), Location.sellable, Location.active,
               Warehouse.active)
        .group_by(Balance.variant_id, Warehouse.id, Warehouse.name, Warehouse.rank)
        .having(free > 0).order_by(Warehouse.rank)
    ):
        found[variant].append(Elsewhere(name, int(units), house))
    return found


def nth_of_buyer(session: Session, order: Order, cap: int = 99) -> int:
    """Which order of the same buyer this is (1 is the first), counted no further than ``cap``; the
    parts of one count once.
    """
    if not order.buyer_key:
        return 1
    before = select(Order.id).where(
        Order.buyer_key == order.buyer_key, Order.id < (order.purchase_id or order.id),
        is_first(Order)
    ).limit(cap).subquery()
    return 1 + (session.scalar(select(func.count()).select_from(before)) or 0)
