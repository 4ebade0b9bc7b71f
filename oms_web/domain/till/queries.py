"""What the till's screens show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders import discounts
from oms_web.domain.orders.discounts import Discount, Priced
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.stock import overview
from oms_web.domain.stock.models import Warehouse
from oms_web.domain.stock.overview import StockRow
from oms_web.domain.till import basket as baskets
from oms_web.domain.till.basket import Bill, Item
from oms_web.domain.till.models import Basket, Sale, Shift, Till

PAGE = 50
TILES = 12
LOOKED_BACK = 300
"""Sales of a till among which its usual products are found."""


@dataclass(frozen=True, slots=True)
class TillRow:
    """A till, what it sells from, and its open shift."""

    id: int
    name: str
    warehouse_id: int
    warehouse: str
    shift_id: int | None
    opened_by: str | None
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a basket on screen. ``short``: units of it that are not free here."""

    item: Item
    sku: StockRow
    priced: Priced | None

    @property
    def short(self) -> int:
        """Units that are in the basket and not free in the till's warehouse."""
        return max(0, self.item.quantity - max(self.sku.free, 0))


@dataclass(frozen=True, slots=True)
class Filled:
    """A basket with everything its screen shows."""

    id: int
    name: str
    closed_at: datetime | None
    lines: Sequence[Line]
    bill: Bill
    discount: Discount | None

    @property
    def units(self) -> int:
        """Units in it."""
        return sum(line.item.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A basket that waits, as a chip: its name, how much is in it and what it comes to."""

    id: int
    name: str
    units: int
    total: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift in a list; ``difference`` is counted less expected, None while it is open."""

    id: int
    till: str
    currency: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str | None
    expected: int | None
    counted: int | None
    note: str
    change_money: int

    @property
    def difference(self) -> int | None:
        """What is too much (above nought) or missing in the drawer."""
        if self.counted is None or self.expected is None:
            return None
        return self.counted - self.expected


def tills(session: Session) -> list[TillRow]:
    """The tills in use, by name."""
    rows = session.execute(
        select(Till.id, Till.name, Till.warehouse_id, Warehouse.name, Shift.id, Shift.opened_by,
               Shift.opened_at)
        .join(Warehouse, Warehouse.id == Till.warehouse_id)
        .outerjoin(Shift, (Shift.till_id == Till.id) & Shift.closed_at.is_(None))
        .where(Till.archived_at.is_(None)).order_by(Till.name)
    )
    return [TillRow(*row) for row in rows]


def filled(session: Session, basket: Basket, warehouse_id: int, currency: str) -> Filled:
    """A basket with its goods, what is free of them in the till's warehouse, and its sums."""
    items = baskets.restore(basket.lines)
    discount = discounts.restore(basket.discount)
    bill = baskets.bill(items, discount, currency)
    goods = {row.id: row for row in stock_rows(
        session, [item.variant_id for item in items], warehouse_id)}
    lines = [Line(item, goods[item.variant_id], priced)
             for item, priced in zip(items, bill.lines, strict=True)]
    return Filled(basket.id, basket.name, basket.closed_at, lines, bill, discount)


def stock_rows(session: Session, variant_ids: Sequence[int], warehouse_id: int) -> list[StockRow]:
    """SKUs with their names and numbers in one warehouse."""
    if not variant_ids:
        return []
    rows = [StockRow(*row) for row in session.execute(
        select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.is_bundle,
               Variant.minimum).where(Variant.id.in_(variant_ids)))]
    return overview.filled(session, rows, warehouse_id)


def waiting(session: Session, till_id: int, currency: str, besides: int | None = None
            ) -> list[Waiting]:
    """The baskets of a till that are not sold, the oldest first."""
    rows = session.scalars(
        select(Basket).where(Basket.till_id == till_id, Basket.closed_at.is_(None))
        .order_by(Basket.id))
    found = []
    for row in rows:
        items = baskets.restore(row.lines)
        if row.id == besides or not items:
            continue
        bill = baskets.bill(items, discounts.restore(row.discount), currency)
        found.append(Waiting(row.id, row.name, sum(item.quantity for item in items), bill.total,
                             row.created_at))
    return found


def empty_basket(session: Session, till_id: int) -> int | None:
    """A basket of the till that nothing is in yet."""
    rows = session.execute(
        select(Basket.id, Basket.lines).where(Basket.till_id == till_id,
                                              Basket.closed_at.is_(None)).order_by(Basket.id))
    return next((id_ for id_, lines in rows if not lines), None)


def usual(session: Session, till_id: int, warehouse_id: int) -> list[tuple[StockRow, Any]]:
    """What a till sold most of lately, to be tapped: (SKU, its price); else what is in stock."""
    recent = select(Sale.order_id).where(Sale.till_id == till_id).order_by(
        Sale.id.desc()).limit(LOOKED_BACK)
    ids = list(session.scalars(
        select(Variant.id).join(OrderLine, OrderLine.variant_id == Variant.id)
        .where(OrderLine.order_id.in_(recent), Variant.archived_at.is_(None))
        .group_by(Variant.id)
        .order_by(func.sum(OrderLine.quantity).desc(), Variant.id).limit(TILES)))
    if len(ids) < TILES:
        ids += session.scalars(
            select(Variant.id).where(Variant.archived_at.is_(None), Variant.price.is_not(None),
                                     Variant.id.not_in(ids))
            .order_by(Variant.title, Variant.id).limit(TILES - len(ids)))
    prices = dict(session.execute(
        select(Variant.id, Variant.price).where(Variant.id.in_(ids))).all())
    rows = {row.id: row for row in stock_rows(session, ids, warehouse_id)}
    return [(rows[id_], prices[id_]) for id_ in ids]


def get_sale(session: Session, sale_id: int) -> Sale:
    """A sale.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Sale, sale_id)
    if found is None:
        raise NotFound("There is no such sale.")
    return found


def sale_of(session: Session, basket_id: int) -> Sale | None:
    """The sale a basket became."""
    return session.scalar(select(Sale).where(Sale.basket_id == basket_id))


def sales(session: Session, shift_id: int, after: str | None = None) -> Page[Sale]:
    """The sales of a shift, the newest first."""
    query = select(Sale).where(Sale.shift_id == shift_id).order_by(Sale.id.desc()).limit(PAGE + 1)
    if after:
        query = query.where(Sale.id < paging.unseal_as(after, int)[0])
    rows = list(session.scalars(query))
    more = paging.seal(rows[PAGE - 1].id) if len(rows) > PAGE else None
    return Page(rows[:PAGE], more)


_SHIFT = (Shift.id, Till.name, Shift.currency, Shift.opened_at, Shift.opened_by, Shift.closed_at,
          Shift.closed_by, Shift.expected, Shift.counted, Shift.note, Shift.change_money)


def shifts(session: Session, after: str | None = None) -> Page[ShiftRow]:
    """The shifts of all tills, the newest first."""
    query = select(*_SHIFT).join(Till, Till.id == Shift.till_id).order_by(
        Shift.id.desc()).limit(PAGE + 1)
    if after:
        query = query.where(Shift.id < paging.unseal_as(after, int)[0])
    rows = [ShiftRow(*row) for row in session.execute(query)]
    return Page(rows[:PAGE], paging.seal(rows[PAGE - 1].id) if len(rows) > PAGE else None)


def get_shift(session: Session, shift_id: int) -> ShiftRow:
    """A shift.

    Raises:
        NotFound: there is none.
    """
    found = session.execute(
        select(*_SHIFT).join(Till, Till.id == Shift.till_id).where(Shift.id == shift_id)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such shift.")
    return ShiftRow(*found)
