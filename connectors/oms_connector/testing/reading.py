"""Reading as the engine reads: page by page, the cursor through JSON, the newest version kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import methodcaller
from typing import Any

from oms_connector import (
    AcknowledgesOrders,
    FetchesOrders,
    ListsOffers,
    Order,
    OrderRef,
    Page,
    PullsMessages,
    PullsOrders,
    PullsReturns,
    SweepsOrders,
    Unreadable,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Truth
from oms_connector.testing.verdict import Broken, must

MOST_PAGES = 200
CURSOR_BYTES = 4096

Cursor = Mapping[str, Any] | None
Step = Callable[[Any, Cursor, int], Page[Any]]


@dataclass(slots=True)
class Read:
    """A stream as far as it was read. ``cursors[n]`` continues after ``pages[n]``."""

    pages: list[list[Any]] = field(default_factory=list)
    cursors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def items(self) -> list[Any]:
        """Everything, in order."""
        return [item for page in self.pages for item in page]

    @property
    def refs(self) -> set[str]:
        """The ids that came."""
        return {ref_of(item) for item in self.items}


def ref_of(item: Any) -> str:
    """The channel's id of an order, a return or an offer."""
    return str(getattr(item, "external_id", "") or getattr(item, "offer_ref", ""))


def pulling(connector: PullsOrders, cursor: Cursor, limit: int) -> Page[Any]:
    """The next page of the stream of orders."""
    return connector.pull_orders(cursor, limit)


def returning(connector: PullsReturns, cursor: Cursor, limit: int) -> Page[Any]:
    """The next page of the stream of returns."""
    return connector.pull_returns(cursor, limit)


def hearing(connector: PullsMessages, cursor: Cursor, limit: int) -> Page[Any]:
    """The next page of what buyers and the seller wrote."""
    return connector.pull_messages(cursor, limit)


def offering(connector: ListsOffers, cursor: Cursor, limit: int) -> Page[Any]:
    """The next page of the list of offers."""
    return connector.list_offers(cursor, limit)


def sweeping(since: datetime, until: datetime) -> Step:
    """The next page of the orders changed in a span."""

    def step(connector: SweepsOrders, cursor: Cursor, limit: int) -> Page[Any]:
        return connector.sweep_orders(since, until, cursor, limit)

    return step


def page(bench: Bench, step: Step, cursor: Cursor, limit: int | None = None) -> Page[Any]:
    """One page, its orders complete, its cursor as it comes back from the database.

    Raises:
        Broken: the cursor is no JSON, or larger than 4 kB.
    """
    most = bench.kind_of_connector.manifest.capabilities.page_max
    size = min(bench.standin.page if limit is None else limit, most)
    got = bench.call(lambda connector: step(connector, cursor, size))
    try:
        written = json.dumps(dict(got.cursor))
    except (TypeError, ValueError) as error:
        raise Broken(f"the cursor is no JSON: {got.cursor!r}") from error
    must(len(written.encode()) < CURSOR_BYTES, "the cursor is larger than 4 kB")
    must(len(got.items) <= most, f"a page of {len(got.items)} items, where page_max is {most}")
    return Page(complete(bench, got.items), json.loads(written), got.more)


def complete(bench: Bench, items: Sequence[Any]) -> list[Any]:
    """The items of a page, with orders in the place of mere references."""
    refs = [item.external_id for item in items if isinstance(item, OrderRef)]
    if not refs:
        return list(items)
    must(bench.can(FetchesOrders), "the connector names orders that it cannot fetch")
    found = dict(zip(refs, fetch(bench, refs), strict=True))
    return [(found[item.external_id] or Unreadable(item.external_id, "", "not shown"))
            if isinstance(item, OrderRef) else item for item in items]


def fetch(bench: Bench, refs: Sequence[str]) -> Sequence[Any]:
    """Orders by id; one answer for each.

    Raises:
        Broken: more or fewer answers than references.
    """
    found = bench.call(lambda connector: connector.fetch_orders(list(refs)))
    must(len(found) == len(refs), f"{len(found)} answers for {len(refs)} references")
    return found


def read(bench: Bench, step: Step = pulling, cursor: Cursor = None, limit: int | None = None
         ) -> Read:
    """A stream from a cursor to its end.

    Raises:
        Broken: it does not end.
    """
    done = Read()
    while True:
        got = page(bench, step, cursor, limit)
        must(not got.more or got.cursor != cursor,
             f"there is more, but the cursor stands still at {cursor}")
        cursor = got.cursor
        done.pages.append(list(got.items))
        done.cursors.append(dict(got.cursor))
        if bench.can(AcknowledgesOrders) and step is pulling:
            refs = [ref_of(item) for item in got.items]
            bench.call(methodcaller("acknowledge", refs))
        if not got.more:
            return done
        must(len(done.pages) < MOST_PAGES, f"the stream goes on after {MOST_PAGES} pages")


class Shelf:
    """Orders as the app keeps them: each once, an older revision never over a newer one."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.orders: dict[str, Any] = {}
        self.take(items)

    def take(self, items: Iterable[Any]) -> Shelf:
        """Store what a page brought; this shelf."""
        for item in items:
            known = self.orders.get(ref_of(item))
            is_older = isinstance(item, Order) and isinstance(known, Order) \
                and item.revision and item.revision < known.revision
            if not is_older:
                self.orders[ref_of(item)] = item
        return self

    def order(self, ref: str) -> Order:
        """A stored order.

        Raises:
            Broken: it is missing, or was not understood.
        """
        found = self.orders.get(ref)
        if isinstance(found, Unreadable):
            raise Broken(f"order {ref} was not understood: {found.reason}")
        if not isinstance(found, Order):
            raise Broken(f"order {ref} is missing")
        return found

    def expect(self, refs: Iterable[str]) -> None:
        """See that all of these are here.

        Raises:
            Broken: some are missing.
        """
        missing = [ref for ref in refs if ref not in self.orders]
        must(not missing, f"{len(missing)} orders are lost: {', '.join(missing[:5])}")


def units(order: Order) -> dict[str, int]:
    """Line reference -> units still wanted, of lines that want any."""
    left = {line.line_ref: line.quantity - line.cancelled for line in order.lines}
    return {ref: count for ref, count in left.items() if count}


def differs(order: Order, truth: Truth) -> str:
    """How an order differs from what it is at the channel; empty if it does not."""
    if order.state != truth.state:
        return f"its state is {order.state!r} and should be {truth.state!r}"
    paid = order.paid if order.paid is not None else bool(order.payments)
    if truth.paid is not None and paid != truth.paid:
        return f"it is {'paid' if paid else 'unpaid'} here and {'' if truth.paid else 'not '}there"
    wanted = {ref: count for ref, count in truth.units.items() if count}
    if order.state != "cancelled" and units(order) != wanted:
        return f"it wants {units(order)} and should want {wanted}"
    return ""
