"""Checks 1-7 and 38-39: everything comes, whatever happens while it is read."""

from __future__ import annotations

from itertools import combinations

from oms_connector import (
    AcknowledgesOrders,
    FetchesOrders,
    Order,
    PullsOrders,
    PullsReturns,
    SweepsOrders,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Basket
from oms_connector.testing.promise import keeps
from oms_connector.testing.reading import (
    Cursor,
    Shelf,
    complete,
    fetch,
    page,
    pulling,
    read,
    ref_of,
    returning,
    sweeping,
)
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import must


class Pulling:
    """The stream of orders, read to its end in every way the engine may read it."""

    @keeps(1, "every order comes, at 0, 1, page_max, page_max + 1 and three pages", "bronze")
    def test_01_all_pages(self, bench: Bench) -> None:
        """An order more or less at the edge of a page is where readers stop too early."""
        bench.needs(PullsOrders)
        most = bench.kind_of_connector.manifest.capabilities.page_max
        for count in (0, 1, most, most + 1, 2 * most + 1):
            this = bench.again()
            refs = this.place_apart(count)
            done = read(this, limit=most)
            Shelf(done.items).expect(refs)
            must(done.refs == set(refs), f"orders that nobody placed: {done.refs - set(refs)}")
            read(this, cursor=done.cursors[-1], limit=most)

    @keeps(2, "after a crash at any page nothing is missing", "bronze")
    def test_02_crash_and_resume(self, bench: Bench) -> None:
        """The cursor that was stored with a page is all that is left of a run."""
        bench.needs(PullsOrders)
        size = bench.standin.page
        for crash in range(4):
            this = bench.again()
            refs = this.place_apart(3 * size + 1)
            cursor: Cursor = None
            shelf = Shelf()
            for _ in range(crash):  # these were stored; the acknowledgement of the last was not
                got = page(this, pulling, cursor)
                shelf.take(got.items)
                cursor = got.cursor
            page(this, pulling, cursor)  # this one was read, and the process died
            shelf.take(read(this, cursor=cursor).items).expect(refs)

    @keeps(3, "equal stamps across the edge of a page lose nothing", "bronze")
    def test_03_equal_stamps(self, bench: Bench) -> None:
        """Many orders may have the very same stamp."""
        bench.needs(PullsOrders)
        first = bench.place_apart(1)
        many = list(bench.standin.place(Basket(), 2 * bench.standin.page + 1))
        began = bench.clock.now
        bench.settle()
        last = bench.place_apart(1)
        Shelf(read(bench).items).expect(first + many + last)
        if bench.can(SweepsOrders):
            swept = read(bench, sweeping(began, began))
            Shelf(swept.items).expect(many)

    @keeps(4, "orders that change while pages are read are neither lost nor old", "silver")
    def test_04_changes_between_pages(self, bench: Bench) -> None:
        """A change moves an order in the list, and others move up behind it."""
        bench.needs(PullsOrders)
        refs = bench.place_apart(3 * bench.standin.page)
        early = page(bench, pulling, None)
        shelf = Shelf(early.items)
        changed = [ref_of(early.items[0]), next(ref for ref in reversed(refs)
                                                if ref not in shelf.orders)]
        for ref in changed:
            bench.clock.forward(1)
            bench.standin.cancel(ref)
        fresh = bench.place_apart(1)
        shelf.take(read(bench, cursor=early.cursor).items).expect(refs + fresh)
        for ref in changed:
            must(shelf.order(ref).state == "cancelled", f"order {ref} changed, and it was not seen")

    @keeps(5, "the newest version of an order wins, in whatever order versions come", "silver")
    def test_05_versions_in_any_order(self, bench: Bench) -> None:
        """Revisions sort as text: a tenth comes after a ninth."""
        bench.needs(PullsOrders)
        [ref] = bench.place_apart(1)
        versions, cursor = [], None
        for number in range(12):
            if number:
                bench.standin.edit(ref)
                bench.clock.forward(1)
                bench.settle()
            done = read(bench, cursor=cursor)
            cursor = done.cursors[-1]
            versions.append(Shelf(done.items).order(ref))
        for older, newer in combinations(versions, 2):
            must(Shelf([newer, older]).order(ref) == newer, "an older version of an order wins "
                 f"over a newer one: revision {older.revision!r} over {newer.revision!r}")
        try:
            bench.standin.repeat_events()
        except Absent:
            return
        bench.settle()
        shelf = Shelf(versions).take(read(bench, cursor=cursor).items)
        shelf.take(read(bench).items)
        must(shelf.order(ref) == versions[-1], "old events brought an old order back")

    @keeps(6, "what the journal lost is found by the sweep", "silver")
    def test_06_sweep(self, bench: Bench) -> None:
        """Both ends of the span belong to it."""
        bench.needs(PullsOrders)
        since = bench.clock.now
        refs = bench.place_apart(2 * bench.standin.page)
        until = bench.clock.now
        try:
            bench.standin.lose_event(refs[1])
        except Absent:
            bench.needs(SweepsOrders)
        must(bench.can(SweepsOrders), "its feed loses events, and the connector cannot sweep")
        Shelf(read(bench, sweeping(since, until)).items).expect(refs)
        later = read(bench, sweeping(until, until))
        must(not later.refs & set(refs[:-1]), "the sweep brings what changed outside its span")

    @keeps(7, "the same page read again says the same", "bronze")
    def test_07_replay(self, bench: Bench) -> None:
        """At least once: a page may come again an hour later and must change nothing."""
        bench.needs(PullsOrders)
        bench.place_apart(2 * bench.standin.page + 1)
        done = read(bench)
        known = {ref_of(item): item for item in done.items}
        bench.clock.forward(hours=1)
        for cursor in (None, *done.cursors):
            for item in read(bench, cursor=cursor).items:
                must(item == known[ref_of(item)],
                     f"order {ref_of(item)} did not change, and comes in another shape")
        if not bench.can(AcknowledgesOrders):
            Shelf(read(bench).items).expect(known)

    @keeps(38, "orders by id: one answer for each, in order, none for what is unknown", "bronze")
    def test_38_fetch(self, bench: Bench) -> None:
        """The engine puts answers beside references by their place."""
        bench.needs(FetchesOrders)
        refs = bench.place_apart(3)
        asked = [refs[2], bench.standin.unknown, refs[0], refs[1]]
        found = fetch(bench, asked)
        must(found[1] is None, f"an unknown order is {found[1]!r}, not None")
        came = [ref_of(item) for item in found if item is not None]
        must(came == [refs[2], refs[0], refs[1]], f"asked for {asked}, got {came}")
        must(not fetch(bench, []), "something comes when nothing is asked for")

    @keeps(39, "every return comes, with what becomes of it", "silver")
    def test_39_returns(self, bench: Bench) -> None:
        """Returns have a stream of their own."""
        bench.needs(PullsReturns)
        orders = bench.place_apart(bench.standin.page + 1)
        returns = {}
        for ref in orders:
            bench.standin.ship(ref)
            returns[bench.standin.announce_return(ref)] = ref
            bench.clock.forward(1)
        bench.settle()
        done = read(bench, returning)
        must(done.refs == set(returns), f"returns {sorted(returns)} came as {sorted(done.refs)}")
        for item in done.items:
            must(item.order_ref == returns[item.external_id], "a return names another order")
            must(item.lines and all(line.quantity > 0 for line in item.lines),
                 "a return without units")
        chosen = next(iter(returns))
        bench.standin.close_return(chosen)
        bench.settle()
        later = {ref_of(item): item
                 for item in read(bench, returning, done.cursors[-1]).items}
        must(chosen in later, "a return was settled, and it was not seen")
        must(later[chosen].state == "closed", f"a settled return is {later[chosen].state!r}")


def current(bench: Bench, ref: str) -> Order:
    """An order as the connector shows it now."""
    if bench.can(FetchesOrders):
        return Shelf(complete(bench, fetch(bench, [ref]))).order(ref)
    bench.needs(PullsOrders)
    return Shelf(read(bench).items).order(ref)
