"""A page of order ids for any filters, in bounded time whatever the number of orders.

Every filter that has an index is first asked for a few ids. If one of them is rare, its orders
are all there is to look at. Otherwise the list walks the index it is sorted by, within the most
selective filter that has its own, and stops when the page is full; one request looks at the orders
of a few windows at most, then says how far it got, and the page goes on from there. So no
combination of filters can make a request slow.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select, true, tuple_
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.core.paging import seal, unseal
from oms_web.domain.orders import phases
from oms_web.domain.orders.filters import OPEN, TO_SHIP, Condition
from oms_web.domain.orders.models import AMONG_OPEN, AMONG_TO_SHIP, Order, OrderKey

SIZE = 50
RARE = 1000
WINDOWS = (500, 1000, 2000)
WIDE_WINDOWS = (500, 4000, 40_000)  # where the index alone answers every filter
FAR_WINDOWS = (50_000, 50_000, 50_000)  # where all of the list is wanted, not a page of it
ENOUGH = 20_000
SORTS = ("ship", "newest", "oldest")

_ROW = (Order.id, Order.phase, Order.ship_by, Order.placed_at)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of ids. ``after``: where the next one starts, None at the end.

    ``total``: how many there are in all, where that is known without counting. ``cut``: the walk
    stopped before the page was full; there may be more behind ``after``.
    """

    ids: list[int]
    after: str | None
    total: int | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the list that one index has in the list's order.

    Attributes:
        names: the attributes of an order row that make its key.
        key: the columns the index has them in.
        base: what makes a row part of the stretch, said in columns of the index.
        index: the index; empty if it is the orders' own numbers.
        link: how the index's table is joined to the orders, if it is another one.
        takes: the phases, and whether a ship-by moment is set (None: either).
        covered: the index holds every plain column that filters ask for.
        same: columns that the index has first and that are alike in all rows of it. PostgreSQL has
            to be told: it does not take "is null" for one value, and would walk another index.
        begin, end: keys it lies between, neither among its own; empty where it is open.
        knows: the conditions that it meets by itself.
    """

    names: tuple[str, ...]
    key: tuple[Any, ...]
    base: tuple[ColumnElement[bool], ...]
    index: str = ""
    descending: bool = True
    link: tuple[ColumnElement[bool], ...] = ()
    takes: tuple[frozenset[str], bool | None] = (frozenset(phases.PHASES), None)
    covered: bool = False
    same: tuple[Any, ...] = ()
    begin: tuple[Any, ...] = ()
    end: tuple[Any, ...] = ()
    knows: frozenset[str] = frozenset()

    def through(self, query: Select[*tuple[Any, ...]], behind: Sequence[Any],
                up_to: Sequence[Any] | None = None
                ) -> Select[*tuple[Any, ...]]:
        """The query along this stretch, from one key (exclusive) up to another (inclusive).

        SQLite is told which index it is; it would rather take one for a filter, and sort.
        """
        hint = f"INDEXED BY {self.index}" if self.index else "NOT INDEXED"
        query = query.where(*self.base).with_hint(Order, hint, "sqlite").order_by(
            *self.same,
            *(column.desc() if self.descending else column.asc() for column in self.key)
        )
        # One bound on each side: of two, SQLite may walk from the far one.
        furthest = min if self.descending else max
        behind = furthest(filter(None, (tuple(behind), self.begin)), default=())
        pair = tuple_(*self.key) if len(self.key) > 1 else self.key[0]
        if behind:
            first = behind if len(self.key) > 1 else behind[0]
            query = query.where(pair < first if self.descending else pair > first)
        if up_to is not None:
            last = tuple(up_to) if len(self.key) > 1 else up_to[0]
            query = query.where(pair >= last if self.descending else pair <= last)
        elif self.end:
            query = query.where(pair > self.end if self.descending else pair < self.end)
        return query

    def has(self, row: Any) -> bool:
        """Whether an order belongs to this stretch."""
        among, due = self.takes
        return row.phase in among and (due is None or due == (row.ship_by is not None))

    def key_of(self, row: Any) -> tuple[Any, ...]:
        """An order's key in this stretch."""
        return tuple(getattr(row, name) for name in self.names)


def within(conditions: Sequence[Condition]) -> frozenset[str]:
    """The phases in which an order can meet all conditions."""
    left = frozenset(phases.PHASES)
    for condition in conditions:
        left &= condition.phases
    return left


def sort_for(conditions: Sequence[Condition], wanted: str = "") -> str:
    """The sort to use: the wanted one where it makes sense, else ship-by for what is open."""
    by_ship = within(conditions) <= OPEN
    if wanted in SORTS and (wanted != "ship" or by_ship):
        return wanted
    return "ship" if by_ship else "newest"


def stretches(session: Session, conditions: Sequence[Condition], sort: str) -> list[Stretch]:
    """The parts of the list, one after the other."""
    among = within(conditions)
    if sort == "ship":
        return _by_ship(among, next((c for c in conditions if c.name == "ship"), None))
    descending = sort == "newest"
    sought = next((c for c in conditions if c.name == "q"), None)
    if sought is not None and sought.word:
        # The sum keeps planners from looking the orders up by number first.
        link = (Order.id == OrderKey.order_id + 0,)
        return [Stretch(("id",), (OrderKey.order_id,), (OrderKey.key == sought.word,), "",
                        descending, link, knows=frozenset({"q"}))]
    if sought is not None:
        return [Stretch(("id",), (Order.id,), (), "", descending)]
    base, index, led = _lead(session, conditions, among <= OPEN)
    since = _before(next((c.since for c in conditions if c.name == "from"), None))
    until = _before(next((c.until for c in conditions if c.name == "to"), None))
    return [Stretch(("placed_at", "id"), (Order.placed_at, Order.id), tuple(base), index,
                    descending, covered=index == "ix_sales_order_open",
                    begin=until if descending else since, end=since if descending else until,
                    knows=frozenset({"from", "to", *led}))]


def _lead(session: Session, conditions: Sequence[Condition], is_open: bool
          ) -> tuple[list[ColumnElement[bool]], str, set[str]]:
    """What the list is walked within, by the order of placing, the index that has it so, and the
    filter that is met with it.
    """
    leader = _leader(session, conditions)
    if leader:
        return [leader.where], leader.index, {leader.name}
    if is_open:
        return [literal_column(AMONG_OPEN)], "ix_sales_order_open", set()
    return [], "ix_sales_order_placed", set()


def _leader(session: Session, conditions: Sequence[Condition]) -> Condition | None:
    """The most selective filter that has an index in the order of placing."""
    can = [(one, one.ids) for one in conditions if one.index and one.ids is not None]
    if len(can) < 2:
        return can[0][0] if can else None
    return min(can, key=lambda one: session.scalar(
        select(func.count()).select_from(one[1].limit(ENOUGH).subquery())) or 0)[0]


def _before(moment: datetime | None) -> tuple[datetime, int] | tuple[()]:
    """A key before all orders of a moment: no order has the number 0."""
    return (moment, 0) if moment else ()


def _by_ship(among: frozenset[str], ship: Condition | None) -> list[Stretch]:
    """What must leave first comes first; then drafts and what is on its way, the newest first."""
    to_ship: ColumnElement[bool] = literal_column(AMONG_TO_SHIP)
    index = "ix_sales_order_to_ship"
    between = ship is not None and bool(ship.since or ship.until)
    wheres = () if ship is None or between else (ship.where,)
    parts = [
        Stretch(("ship_by", "id"), (Order.ship_by, Order.id),
                (to_ship, Order.ship_by.is_not(None), *wheres), index, False,
                takes=(TO_SHIP, True), covered=True,
                begin=_before(ship.since if ship else None),
                end=_before(ship.until if ship else None),
                knows=frozenset({"ship"})),
    ] if among & TO_SHIP else []
    if parts and not between:
        parts.append(Stretch(
            ("id",), (Order.id,), (to_ship, Order.ship_by.is_(None), *wheres), index, False,
            takes=(TO_SHIP, False), covered=True, same=(Order.ship_by,),
            knows=frozenset({"ship"})))
    if among - TO_SHIP:
        rest = Order.phase.in_(sorted(among - TO_SHIP))
        parts.append(Stretch(
            ("placed_at", "id"), (Order.placed_at, Order.id), (literal_column(AMONG_OPEN), rest),
            "ix_sales_order_open", takes=(among - TO_SHIP, None), covered=True))
    return parts


def find(
    session: Session, conditions: Sequence[Condition], sort: str, after: str | None = None,
    size: int = SIZE, windows: Sequence[int] = (),
) -> Found:
    """A page of order ids. ``windows``: how far to look instead of as far as a page should.

    Raises:
        Invalid: ``after`` is not a place in this list.
    """
    if not within(conditions):
        return Found([], None, 0)
    parts = stretches(session, conditions, sort)
    rare = _rare_ids(session, conditions)
    if rare is not None:
        return _among_rare(session, conditions, parts, rare, after, size)
    return _walk(session, conditions, parts, after, size, windows)


def every(session: Session, conditions: Sequence[Condition], sort: str, most: int
          ) -> tuple[list[int], bool]:
    """The order ids of a whole list, in its order, at most ``most``; whether there are more."""
    ids: list[int] = []
    after = None
    while len(ids) <= most:
        found = find(session, conditions, sort, after, most + 1 - len(ids), FAR_WINDOWS)
        ids += found.ids
        after = found.after
        if after is None:
            break
    return ids[:most], len(ids) > most


def _rare_ids(session: Session, conditions: Sequence[Condition]) -> set[int] | None:
    """The orders of the rare conditions; None if none is rare."""
    left: set[int] | None = None
    for condition in conditions:
        if condition.ids is None:
            continue
        ids = session.scalars(condition.ids.limit(RARE + 1)).all()
        if len(ids) <= RARE:
            left = set(ids) if left is None else left & set(ids)
            if len(left) < SIZE:
                break
    return left


def _wheres(conditions: Sequence[Condition], known: Collection[str] = (),
            among: frozenset[str] = frozenset(phases.PHASES)) -> list[ColumnElement[bool]]:
    """What is demanded of orders of the phases ``among`` that meet the ``known`` conditions."""
    wheres = [condition.where for condition in conditions
              if condition.name not in known and condition.where is not true()]
    met = within([condition for condition in conditions if condition.name in known])
    if not among & met <= within(conditions):
        wheres.insert(0, Order.phase.in_(sorted(within(conditions))))
    return wheres


def _among_rare(
    session: Session, conditions: Sequence[Condition], parts: Sequence[Stretch], ids: set[int],
    after: str | None, size: int,
) -> Found:
    """Few enough to sort here, into the same order as the stretches give."""
    rows = session.execute(
        select(*_ROW).with_hint(Order, "NOT INDEXED", "sqlite")
        .where(Order.id.in_(sorted(ids)), *_wheres(conditions))
    ).all() if ids else []
    start = _start(parts, after)
    left = _behind(parts, rows, start)
    page = left[:size]
    more = len(left) > size
    return Found([row.id for row in page], seal_place(parts, page[-1]) if more else None,
                 None if start else len(rows))


def _place(parts: Sequence[Stretch], row: Any) -> tuple[int, tuple[Any, ...]]:
    """Which stretch an order is in, and its key there."""
    number = next(n for n, part in enumerate(parts) if part.has(row))
    return number, parts[number].key_of(row)


def _behind(parts: Sequence[Stretch], rows: Sequence[Any],
            start: tuple[int, list[Any]] | None) -> list[Any]:
    """These orders in the order of the stretches, those behind a place."""
    number, key = start or (0, [])
    behind: list[Any] = []
    for part in parts[number:]:
        mine = [row for row in rows if part.has(row)] if len(parts) > 1 else list(rows)
        mine.sort(key=attrgetter(*part.names), reverse=part.descending)
        if key and part.descending:
            mine = [row for row in mine if part.key_of(row) < tuple(key)]
        elif key:
            mine = [row for row in mine if part.key_of(row) > tuple(key)]
        behind += mine
        key = []
    return behind


def seal_place(parts: Sequence[Stretch], row: Any) -> str:
    """The token of an order's place in the list."""
    number, key = _place(parts, row)
    return seal(number, *key)


def _start(parts: Sequence[Stretch], after: str | None) -> tuple[int, list[Any]] | None:
    """The place a token means: the stretch and the key in it (empty: its beginning)."""
    if not after:
        return None
    for width in (3, 2, 1):
        try:
            number, *key = unseal(after, width)
        except Invalid:
            continue
        if type(number) is int and 0 <= number < len(parts) and (
            not key or _kinds(key) == tuple(_KINDS[name] for name in parts[number].names)
        ):
            return number, key
    raise Invalid("This page link is broken.", "after")


_KINDS = {"id": int, "ship_by": datetime, "placed_at": datetime}


def _kinds(key: Sequence[Any]) -> tuple[type, ...]:
    """The types in a key; a moment without a time zone is none of ours."""
    return tuple(
        type(value) if getattr(value, "tzinfo", True) else type(None) for value in key
    )


def _walk(
    session: Session, conditions: Sequence[Condition], parts: Sequence[Stretch],
    after: str | None, size: int, windows: Sequence[int],
) -> Found:
    number, key = _start(parts, after) or (0, [])
    wide = all(part.covered for part in parts) and not any(c.probes for c in conditions)
    rows: list[Any] = []
    for window in windows or (WIDE_WINDOWS if wide else WINDOWS):
        part = parts[number]
        wheres = _wheres(conditions, part.knows, part.takes[0])
        if "q" in part.knows:
            wheres += [c.rest for c in conditions if c.rest is not None]
        # Where nothing is filtered out, the page's own limit is all the bound there need be.
        end = _end_of(session, part, key, window) if wheres else None
        query = part.through(select(*_ROW).where(*part.link, *wheres), key, end)
        rows += session.execute(query.limit(size + 1 - len(rows))).all()
        if len(rows) > size:
            return Found([row.id for row in rows[:size]], seal_place(parts, rows[size - 1]))
        key = end or []
        if end is None:
            number += 1
            if number == len(parts):
                return Found([row.id for row in rows], None, None if after else len(rows))
    return Found([row.id for row in rows], seal(number, *key), None, True)


def _end_of(session: Session, part: Stretch, key: Sequence[Any], window: int) -> list[Any] | None:
    """The key of the last row of a window; None if the stretch ends within it."""
    query = part.through(select(*part.key), key).offset(window - 1).limit(1)
    row = session.execute(query).one_or_none()
    return list(row) if row is not None else None
